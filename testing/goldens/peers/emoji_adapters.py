"""Runs of the emoji model with its LoRA, its ControlNet and its textual inversion, made with diffusers: what `__tests__/goldens/emoji-adapters` holds.

    emoji_adapters.py models/emoji __tests__/goldens/emoji-adapters

Records the latents in the end, and the picture with an outline that the ControlNet follows. Needs the package `peft`.
"""

import argparse
import json
import pathlib
import warnings

import diffusers
import torch
from diffusers import ControlNetModel, StableDiffusionControlNetPipeline, StableDiffusionPipeline
from PIL import Image, ImageDraw
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
diffusers.utils.logging.set_verbosity_error()

SETTINGS = {"num_inference_steps": 4, "guidance_scale": 4.0}


def outline() -> Image.Image:
    picture = Image.new("RGB", (64, 64))
    ImageDraw.Draw(picture).ellipse((14, 8, 44, 56), outline="white")
    return picture


def load(model: pathlib.Path) -> StableDiffusionPipeline:
    pipe = StableDiffusionPipeline.from_pretrained(model, safety_checker=None, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@torch.no_grad()
def main(model: pathlib.Path, out_dir: pathlib.Path) -> None:
    adapters = model / "adapters"
    runs, tensors = [], {}

    def record(name: str, pipe, prompt: str, adapter: dict, **inputs) -> None:
        seed = 200 + len(runs)
        generator = torch.Generator().manual_seed(seed)
        tensors[name] = pipe(prompt, generator=generator, output_type="latent", **SETTINGS, **inputs).images.contiguous()
        runs.append({"name": name, "prompt": prompt, "seed": seed, **SETTINGS, "adapter": adapter})

    pipe = load(model)
    pipe.load_textual_inversion(adapters, weight_name="silver-embedding.safetensors")
    record("textual_inversion", pipe, "<silver> car", {"textual_inversion": "<silver>"})

    net = ControlNetModel.from_pretrained(adapters / "outline-controlnet", torch_dtype=torch.float32)
    pipe = StableDiffusionControlNetPipeline(**load(model).components, controlnet=net, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    for scale in (1.0, 0.6):
        inputs = {"image": outline(), "controlnet_conditioning_scale": scale}
        record(f"controlnet_{scale}", pipe, "pizza", {"controlnet": scale}, **inputs)

    pipe = load(model)
    pipe.load_lora_weights(adapters, weight_name="delft-lora.safetensors", adapter_name="delft")
    for weight in (1.0, 0.5):
        pipe.set_adapters("delft", weight)
        record(f"lora_{weight}", pipe, "rocket", {"lora": weight})

    out_dir.mkdir(parents=True, exist_ok=True)
    outline().save(out_dir / "outline.png")
    save_file(tensors, out_dir / "latents.safetensors")
    (out_dir / "runs.json").write_text(json.dumps(runs, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("out_dir", type=pathlib.Path)
    arguments = parser.parse_args()
    main(arguments.model, arguments.out_dir)
