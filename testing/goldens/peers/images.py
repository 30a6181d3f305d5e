"""Cases of the `images` area: what transformers, diffusers and Pillow make of pictures.

    images.py OUT_DIR
    node dist/testing/goldens/main.js OUT_DIR --area images

A call of a case has the settings of its processor (`config`), its arguments and outputs. Pictures are tensors of bytes: `[height, width]` is grey, `[height, width, 3]` is RGB
and `[height, width, 4]` has opacity. Numbers of a batch are `[batch, channel, height, width]`.
"""

import argparse
import json
import pathlib
import struct
import zlib

import numpy
import torch
from diffusers.image_processor import VaeImageProcessor
from diffusers.utils import load_image
from PIL import Image, ImageCms
from safetensors.torch import save_file
from transformers import CLIPImageProcessor

generator = numpy.random.default_rng(0)


def picture(width, height, mode="RGB", smooth=True):
    """Waves with noise, so that filters show."""
    channels = {"L": 1, "RGB": 3, "RGBA": 4}[mode]
    y, x, c = numpy.mgrid[0:height, 0:width, 0:channels]
    waves = 127 + 90 * numpy.sin(x / (3 + c) + c) * numpy.cos(y / (5 - c))
    noise = generator.integers(-37, 38, waves.shape)
    pixels = numpy.clip(waves + noise, 0, 255).astype("uint8")
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


class Case:
    """The calls and the tensors of a case."""

    def __init__(self, name, description, tolerance):
        self.name, self.description, self.tolerance = name, description, tolerance
        self.calls, self.tensors = [], {}

    def add(self, name, call, arguments, outputs, config=None, **others):
        def stored(part, value):
            if isinstance(value, (list, tuple)) and value and isinstance(value[0], (Image.Image, torch.Tensor)):
                return [stored(f"{part}.{i}", item) for i, item in enumerate(value)]
            if isinstance(value, Image.Image):
                value = torch.from_numpy(numpy.array(value))
            if isinstance(value, numpy.ndarray):
                value = torch.from_numpy(value)
            if not isinstance(value, torch.Tensor):
                return value
            self.tensors[f"{name}.{part}"] = value.contiguous()
            return {"tensor": f"{name}.{part}"}

        entry = {"name": name, "call": call, "config": config or {}, **others}
        entry["arguments"] = {key: stored(f"in.{key}", value) for key, value in arguments.items()}
        entry["outputs"] = {key: stored(f"out.{key}", value) for key, value in outputs.items()}
        self.calls.append(entry)

    def write(self, out_dir):
        folder = out_dir / "images" / self.name
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.tensors, folder / "io.safetensors")
        case = {
            "area": "images",
            "name": self.name,
            "description": self.description,
            "tolerance": self.tolerance,
            "tensors": {key: {"shape": list(t.shape), "dtype": str(t.dtype)[6:]} for key, t in self.tensors.items()},
            "calls": self.calls,
        }
        (folder / "case.json").write_text(json.dumps(case, indent=1))
        return {key: case[key] for key in ("area", "name", "description")} | {"path": f"images/{self.name}"}


def clip_image_processor():
    case = Case("clip_image_processor", "CLIPImageProcessor of transformers", {"atol": 1e-6, "rtol": 1e-6})
    small = {"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}}
    variants = {
        "wide": ([picture(45, 31)], small),
        "high": ([picture(23, 57)], small),
        "enlarged": ([picture(9, 7)], small),
        "batch": ([picture(40, 20), picture(20, 40)], small),
        "grey": ([picture(30, 20, "L")], small),
        "transparent": ([picture(30, 20, "RGBA")], small),
        "odd_crop": ([picture(30, 41)], small | {"crop_size": {"height": 13, "width": 11}}),
        "padded": ([picture(30, 21)], small | {"size": {"shortest_edge": 12}, "crop_size": {"height": 17, "width": 15}}),
        "padded_one_side": ([picture(31, 12)], {"do_resize": False, "crop_size": {"height": 17, "width": 15}}),
        "both_sides": ([picture(30, 21)], {"size": {"height": 14, "width": 18}, "do_center_crop": False}),
        "bilinear": ([picture(30, 21)], small | {"resample": 2}),
        "lanczos": ([picture(30, 21)], small | {"resample": 1}),
        "not_scaled": ([picture(30, 21)], small | {"do_rescale": False}),
        "not_normalised": ([picture(30, 21)], small | {"do_normalize": False}),
        "other_numbers": (
            [picture(30, 21)],
            small | {"rescale_factor": 0.01, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4]},
        ),
        "old_config": ([picture(30, 21)], {"size": 16, "crop_size": 16, "feature_extractor_type": "CLIPFeatureExtractor"}),
    }
    for name, (images, config) in variants.items():
        values = CLIPImageProcessor(**config)(images, return_tensors="pt").pixel_values.float()
        case.add(name, "clip_preprocess", {"images": images}, {"pixel_values": values}, config)
    return case


def vae_image_processor():
    case = Case("vae_image_processor", "preprocess of diffusers' VaeImageProcessor", {"atol": 1e-6, "rtol": 1e-6})
    sizes = {"wide": picture(45, 31), "high": picture(23, 57), "square": picture(33, 33), "small": picture(9, 11)}
    variants = {f"{name}_default": ([image], {}, {}) for name, image in sizes.items()}
    for mode in ("fill", "crop"):
        for name, image in sizes.items():
            variants[f"{name}_{mode}"] = ([image], {}, {"height": 24, "width": 40, "resize_mode": mode})
    variants |= {
        "high_fill_high": ([picture(31, 20)], {}, {"height": 40, "width": 16, "resize_mode": "fill"}),
        "high_crop_high": ([picture(31, 20)], {}, {"height": 40, "width": 16, "resize_mode": "crop"}),
        "odd_fill": ([picture(30, 20)], {"vae_scale_factor": 1}, {"height": 27, "width": 17, "resize_mode": "fill"}),
        "odd_crop": ([picture(30, 20)], {"vae_scale_factor": 1}, {"height": 27, "width": 17, "resize_mode": "crop"}),
        "transparent": ([picture(30, 20, "RGBA")], {}, {"height": 16, "width": 24}),
        "transparent_rgb": ([picture(30, 20, "RGBA")], {"do_convert_rgb": True}, {"height": 16, "width": 24}),
        "transparent_fill": ([picture(30, 20, "RGBA")], {}, {"height": 32, "width": 16, "resize_mode": "fill"}),
        "grey": ([picture(30, 20, "L")], {}, {}),
        "grey_rgb": ([picture(30, 20, "L")], {"do_convert_rgb": True}, {}),
        "grey_crop": ([picture(30, 20, "L")], {}, {"height": 16, "width": 16, "resize_mode": "crop"}),
        "mask": ([picture(30, 20)], {"do_normalize": False, "do_binarize": True, "do_convert_grayscale": True}, {}),
        "grey_mask": ([picture(30, 20)], {"do_normalize": False, "do_convert_grayscale": True}, {}),
        "normalised_mask": ([picture(30, 20, "L")], {"do_binarize": True}, {}),
        "not_resized": ([picture(13, 11)], {"do_resize": False}, {}),
        "batch": ([picture(30, 20), picture(17, 41)], {}, {}),
        "cropped": ([picture(30, 20), picture(30, 20)], {}, {"crops_coords": (3, 2, 23, 19), "height": 16, "width": 16}),
        "cropped_outside": ([picture(30, 20)], {}, {"crops_coords": (-4, 5, 20, 30), "height": 16, "width": 16}),
        "cropped_fill": ([picture(30, 20)], {}, {"crops_coords": (3, 2, 23, 19), "height": 16, "width": 24, "resize_mode": "fill"}),
        "nearest": ([picture(30, 20)], {"resample": "nearest"}, {"height": 40, "width": 16}),
        "bilinear": ([picture(30, 20)], {"resample": "bilinear"}, {"height": 40, "width": 16}),
        "bicubic": ([picture(30, 20)], {"resample": "bicubic"}, {"height": 40, "width": 16}),
        "tensor": (torch.rand(2, 3, 21, 34), {}, {"height": 16, "width": 40}),
        "tensors": ([torch.rand(3, 21, 34), torch.rand(3, 21, 34)], {}, {}),
        "batches": ([torch.rand(1, 3, 21, 34), torch.rand(2, 3, 21, 34)], {"do_normalize": False}, {}),
        "normalised_tensor": (torch.rand(1, 3, 16, 16) * 2 - 1, {}, {}),
        "latents": (torch.randn(1, 4, 5, 6), {}, {}),
        "mask_tensor": (torch.rand(1, 1, 20, 20), {"do_normalize": False, "do_binarize": True, "do_convert_grayscale": True}, {}),
        "mask_tensors": (torch.rand(2, 20, 20), {"do_normalize": False, "do_convert_grayscale": True}, {}),
        "tensor_not_resized": (torch.rand(1, 3, 13, 11), {"do_resize": False}, {}),
    }
    for name, (images, config, arguments) in variants.items():
        values = VaeImageProcessor(**config).preprocess(images, **arguments)
        case.add(name, "preprocess", {"image": images, **arguments}, {"values": values.float()}, config)
    images = torch.randn(3, 3, 8, 9)
    flags = [True, False, True]
    for name, do_denormalize in {"postprocess": None, "postprocess_some": flags}.items():
        found = VaeImageProcessor().postprocess(images, output_type="pil", do_denormalize=do_denormalize)
        given = {"images": images if do_denormalize is None else images.abs().clamp(0, 1), "do_denormalize": do_denormalize}
        if do_denormalize is not None:
            found = VaeImageProcessor().postprocess(given["images"], output_type="pil", do_denormalize=do_denormalize)
        case.add(name, "postprocess", given, {"images": found})
    return case


def mask_of(width, height, box, soft=False):
    pixels = numpy.zeros((height, width), "uint8")
    left, top, right, bottom = box
    pixels[top:bottom, left:right] = generator.integers(1, 256, (bottom - top, right - left)) if soft else 255
    return Image.fromarray(pixels)


def inpainting():
    case = Case("inpainting", "Crop regions, blurs and overlays of diffusers' VaeImageProcessor", {"atol": 0, "rtol": 0})
    processor = VaeImageProcessor()
    for i in range(24):
        width, height = (int(n) for n in generator.integers(12, 60, 2))
        left, top = int(generator.integers(0, width - 4)), int(generator.integers(0, height - 4))
        right, bottom = int(generator.integers(left + 1, width + 1)), int(generator.integers(top + 1, height + 1))
        mask = mask_of(width, height, (left, top, right, bottom), soft=i % 2 == 1)
        size = {"width": int(generator.integers(1, 9)) * 8, "height": int(generator.integers(1, 9)) * 8}
        pad = [0, 3, 17, 64][i % 4]
        region = processor.get_crop_region(mask, **size, pad=pad)
        case.add(f"region_{i}", "get_crop_region", {"mask_image": mask, **size, "pad": pad}, {"region": list(region)})
    for i, (width, height, mode, factor) in enumerate(
        [(20, 14, "L", 4), (31, 9, "RGB", 1), (5, 40, "L", 7), (24, 24, "RGBA", 2), (18, 18, "L", 33), (16, 12, "RGB", 0.4), (3, 1, "L", 4)]
    ):
        image = picture(width, height, mode)
        blurred = processor.blur(image, blur_factor=factor)
        case.add(f"blur_{i}", "blur", {"image": image, "blur_factor": factor}, {"image": blurred})
    for i, (mode, new_mode, region, soft) in enumerate(
        [
            ("RGB", "RGB", None, False),
            ("RGB", "RGB", None, True),
            ("RGBA", "RGB", None, True),
            ("RGB", "RGBA", None, True),
            ("L", "L", None, True),
            ("RGB", "RGB", (4, 3, 24, 17), True),
            ("RGB", "RGB", (0, 0, 30, 22), False),
            ("RGBA", "RGB", (10, 2, 21, 19), True),
        ]
    ):
        mask = mask_of(30, 22, (8, 5, 19, 15), soft)
        init, new = picture(30, 22, mode), picture(16, 24, new_mode) if region else picture(30, 22, new_mode)
        found = processor.apply_overlay(mask, init, new, region)
        given = {"mask": mask, "init_image": init, "image": new, "crop_coords": list(region) if region else None}
        case.add(f"overlay_{i}", "apply_overlay", given, {"image": found})
    return case


def png16(path, pixels):
    """A PNG file of 16 bits, which Pillow writes for grey alone."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


def load_images(out_dir):
    case = Case("load_image", "load_image of diffusers, of files of many kinds", {"atol": 0, "rtol": 0})
    folder = out_dir / "images" / case.name
    folder.mkdir(parents=True, exist_ok=True)
    # Not among them: grey of 16 bits, of which Pillow makes all levels above 255 white, and GIF with transparency, whose transparent pixels are black here.
    size = (13, 9)
    waves = [picture(*size, mode) for mode in ("L", "RGB", "RGBA")]
    grey, colour, transparent = waves
    wide = lambda channels: generator.integers(0, 65536, (size[1], size[0], channels) if channels > 1 else (size[1], size[0]))
    files = {
        "grey.png": lambda path: grey.save(path),
        "colour.png": lambda path: colour.save(path),
        "transparent.png": lambda path: transparent.save(path),
        "grey_transparent.png": lambda path: transparent.convert("LA").save(path),
        "palette.png": lambda path: colour.quantize(16).save(path),
        "palette_transparent.png": lambda path: colour.quantize(16).save(path, transparency=3),
        "one_bit.png": lambda path: grey.convert("1").save(path),
        "grey_transparent_16.png": lambda path: png16(path, wide(2)),
        "colour_16.png": lambda path: png16(path, wide(3)),
        "transparent_16.png": lambda path: png16(path, wide(4)),
        "colour.jpg": lambda path: colour.save(path, quality=90),
        "grey.jpg": lambda path: grey.save(path, quality=90),
        "cmyk.jpg": lambda path: colour.convert("CMYK").save(path, quality=90),
        "profile.png": lambda path: colour.save(path, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
        "lossless.webp": lambda path: transparent.save(path, lossless=True, exact=True),
        "colour.webp": lambda path: colour.save(path, quality=80),
        "palette.gif": lambda path: colour.quantize(16).save(path),
        "colour.tiff": lambda path: colour.save(path, compression="tiff_deflate"),
        "cmyk.tiff": lambda path: colour.convert("CMYK").save(path),
    }
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        files[f"turned_{orientation}.jpg"] = lambda path, exif=exif: colour.save(path, quality=90, exif=exif)
    exif = Image.Exif()
    exif[0x0112] = 6
    files["turned.png"] = lambda path: colour.save(path, exif=exif)
    files["turned.webp"] = lambda path: colour.save(path, lossless=True, exif=exif)
    files["turned.tiff"] = lambda path: colour.save(path, exif=exif)
    for name, save in files.items():
        save(folder / name)
        case.add(name, "load_image", {"file": name}, {"image": load_image(str(folder / name))})
    return case


def main(out_dir):
    torch.manual_seed(0)
    cases = [clip_image_processor(), vae_image_processor(), inpainting(), load_images(out_dir)]
    entries = [case.write(out_dir) for case in cases]
    (out_dir / "index.json").write_text(json.dumps({"seed": 0, "cases": entries, "skipped": []}, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out_dir", type=pathlib.Path)
    main(parser.parse_args().out_dir)
