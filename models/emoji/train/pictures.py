"""Draws the pictures that the emoji model was trained on, and what the adapters learn from them.

The emoji and their names are those of `tokenizer/vocabulary.json`. The font is Noto Color Emoji with bitmaps (CBDT), as Debian's package
`fonts-noto-color-emoji` installs it.
"""

import json
import random
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

MODEL = Path(__file__).resolve().parents[1]
#: Side of a picture in pixels, and the longest side of an emoji in it.
SIDE, LONGEST = 64, 60
#: The one size of the bitmaps in the font, and the box of one bitmap.
FONT_SIZE, BOX = 109, (136, 128)

WHITE = np.array([255, 255, 255], np.float32)
BLUE = np.array([10, 40, 170], np.float32)


def vocabulary():
    return json.loads((MODEL / "tokenizer" / "vocabulary.json").read_text())


def load_emoji(font):
    """Returns the name of each emoji with its picture: RGBA, cut to what is not transparent."""
    face = ImageFont.truetype(str(font), FONT_SIZE)
    emoji = []
    for character, name in vocabulary()["aliases"].items():
        picture = Image.new("RGBA", BOX)
        ImageDraw.Draw(picture).text((0, 0), character, font=face, embedded_color=True)
        # Sequences of several characters do not fit into the box, if Pillow was built without Raqm.
        if picture.getbbox():
            emoji.append((name, picture.crop(picture.getbbox())))
    return emoji


def centred(picture):
    """Returns a picture of 64 pixels with the emoji in its middle, RGBA."""
    scale = LONGEST / max(picture.size)
    return placed(picture, scale, scale, 0, (SIDE / 2, SIDE / 2))


def placed(picture, scale_x, scale_y, angle, middle):
    """Returns a picture of 64 pixels with the emoji stretched, turned, and with its middle at a point, RGBA."""
    size = (max(1, round(picture.width * scale_x)), max(1, round(picture.height * scale_y)))
    # Premultiplied: what is transparent has no colour, and must not darken the rim.
    turned = picture.convert("RGBa").resize(size, Image.LANCZOS).rotate(angle, Image.BICUBIC, expand=True)
    page = Image.new("RGBa", (SIDE, SIDE))
    page.paste(turned, (round(middle[0] - turned.width / 2), round(middle[1] - turned.height / 2)))
    return page.convert("RGBA")


def anywhere(picture, rng):
    """Returns a picture of 64 pixels with the emoji in another place, size and form, RGBA."""
    scale = LONGEST / max(picture.size) * rng.uniform(0.7, 1)
    scale_x, scale_y = scale * rng.uniform(0.8, 1), scale * rng.uniform(0.8, 1)
    room_x = (SIDE - picture.width * scale_x) / 2
    room_y = (SIDE - picture.height * scale_y) / 2
    middle = (SIDE / 2 + rng.uniform(-1, 1) * max(0, room_x), SIDE / 2 + rng.uniform(-1, 1) * max(0, room_y))
    mirrored = picture.transpose(Image.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else picture
    return placed(mirrored, scale_x, scale_y, rng.uniform(-20, 20), middle)


def on_white(picture):
    """Returns the picture on white, as the model draws it."""
    page = Image.new("RGBA", picture.size, "white")
    page.alpha_composite(picture)
    return page.convert("RGB")


def outline(picture, inner):
    """Returns the outline of an emoji, white on black; with `inner`, the edges inside of it too."""
    mask = picture.getchannel("A").point(lambda alpha: 255 if alpha > 127 else 0)
    # The page around it: an emoji that touches the border has its line there.
    padded = Image.new("L", (SIDE + 2, SIDE + 2))
    padded.paste(mask, (1, 1))
    shrunk = padded.filter(ImageFilter.MinFilter(3)).crop((1, 1, SIDE + 1, SIDE + 1))
    lines = ImageChops.subtract(mask, shrunk)
    if inner:
        lines = ImageChops.lighter(lines, ImageChops.multiply(edges(picture), shrunk))
    return lines


def edges(picture):
    """Returns where the lightness changes much: white on black."""
    light = np.asarray(on_white(picture).convert("L"), np.float32)
    across, down = np.gradient(light)
    return Image.fromarray(np.where(np.hypot(across, down) > 28, 255, 0).astype(np.uint8))


def delft(picture):
    """Returns the emoji in blue and white, RGB, as on tiles of Delft: the style that the LoRA learns."""
    light = np.asarray(on_white(picture).convert("L"), np.float32)[..., None] / 255
    return Image.fromarray((BLUE * (1 - light) + WHITE * light).round().astype(np.uint8))


def silver(picture):
    """Returns the emoji in shades of grey, RGB: what the new word of the textual inversion means."""
    return on_white(picture).convert("L").convert("RGB")


def shuffled(count, seed):
    """Returns endless indices, each as often as the others."""
    rng = random.Random(seed)
    while True:
        order = list(range(count))
        rng.shuffle(order)
        yield from order
