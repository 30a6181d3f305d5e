"""Cases of the `images` area: what transformers, diffusers and Pillow make of pictures.

    images.py OUT_DIR
    node dist/testing/goldens/main.js OUT_DIR --area images

A call of a case has the settings of its processor (`config`), its arguments and outputs. Pictures are tensors of bytes: `[height, width]` is grey, `[height, width, 3]` is RGB
and `[height, width, 4]` has opacity. Numbers of a batch are `[batch, channel, height, width]`.
"""

import argparse
import json
import pathlib

import numpy
import torch
from PIL import Image
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


def main(out_dir):
    cases = [clip_image_processor()]
    entries = [case.write(out_dir) for case in cases]
    (out_dir / "index.json").write_text(json.dumps({"seed": 0, "cases": entries, "skipped": []}, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out_dir", type=pathlib.Path)
    main(parser.parse_args().out_dir)
