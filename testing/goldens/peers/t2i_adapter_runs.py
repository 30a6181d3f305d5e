"""Runs of pipelines with a T2I-Adapter, made with diffusers: what `__tests__/goldens/t2i-adapter-runs` holds.

    t2i_adapter_runs.py __tests__/goldens/pipelines __tests__/goldens/t2i-adapter-runs

The checkpoints are the tiny ones for adapters. The T2I-Adapters have random weights and are written beside the latents at the end of each run.
"""

import argparse
import json
import pathlib
import warnings

import diffusers
import numpy
import torch
from diffusers import StableDiffusionAdapterPipeline, StableDiffusionXLAdapterPipeline, T2IAdapter
from PIL import Image
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
diffusers.utils.logging.set_verbosity_error()
torch.set_num_threads(1)
torch.set_grad_enabled(False)

RUNS = [
    {
        "name": "sd_full",
        "checkpoint": "stable_diffusion_adapters",
        "adapter": {"channels": [8, 16, 16, 16], "num_res_blocks": 1, "adapter_type": "full_adapter"},
        "scale": 0.8,
    },
    {
        "name": "sd_light_two_pictures",
        "checkpoint": "stable_diffusion_adapters",
        "adapter": {"channels": [8, 16, 16], "num_res_blocks": 1, "adapter_type": "light_adapter"},
        "scale": 1.0,
        "images": 2,
    },
    {
        "name": "sd_grey",
        "checkpoint": "stable_diffusion_adapters",
        "adapter": {"in_channels": 1, "channels": [8, 16, 16], "num_res_blocks": 1, "adapter_type": "light_adapter"},
        "scale": 1.0,
    },
    {
        "name": "xl_full",
        "checkpoint": "stable_diffusion_xl_adapters",
        "adapter": {"num_res_blocks": 1, "adapter_type": "full_adapter_xl"},
        "scale": 1.0,
    },
]
STEPS = 3


def main(checkpoints: pathlib.Path, out_dir: pathlib.Path) -> None:
    tensors, runs = {}, []
    picture = numpy.random.default_rng(3).integers(0, 255, (32, 32, 3), dtype=numpy.uint8)
    tensors["picture"] = torch.from_numpy(picture).float()
    for seed, run in enumerate(RUNS, 11):
        torch.manual_seed(seed)
        is_xl = "xl" in run["checkpoint"]
        pipeline_class = StableDiffusionXLAdapterPipeline if is_xl else StableDiffusionAdapterPipeline
        unet = diffusers.UNet2DConditionModel.from_pretrained(checkpoints / run["checkpoint"] / "unet")
        vae = diffusers.AutoencoderKL.from_pretrained(checkpoints / run["checkpoint"] / "vae")
        factor = 2 ** (len(vae.config.block_out_channels) - 1)
        levels = list(unet.config.block_out_channels)
        config = {"channels": levels + [levels[-1]], "downscale_factor": factor * (2 if is_xl else 1), **run["adapter"]}
        adapter = T2IAdapter(**config).eval()
        for parameter in adapter.parameters():
            parameter.normal_(std=0.3)
        adapter.save_pretrained(out_dir / run["name"])
        pipe = pipeline_class.from_pretrained(checkpoints / run["checkpoint"], adapter=adapter, **({} if is_xl else {"safety_checker": None}))
        arguments = {"prompt": "a red apple", "num_inference_steps": STEPS, "guidance_scale": 4.0, "height": 32, "width": 32}
        latents = pipe(
            image=Image.fromarray(picture).convert("L" if adapter.config.in_channels == 1 else "RGB"),
            adapter_conditioning_scale=run["scale"],
            num_images_per_prompt=run.get("images", 1),
            generator=torch.Generator().manual_seed(seed),
            output_type="latent",
            **arguments,
        ).images
        tensors[run["name"]] = latents.contiguous()
        runs.append({**run, "seed": seed, "arguments": arguments})
    save_file(tensors, out_dir / "io.safetensors")
    (out_dir / "runs.json").write_text(json.dumps(runs, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoints", type=pathlib.Path)
    parser.add_argument("out_dir", type=pathlib.Path)
    arguments = parser.parse_args()
    main(arguments.checkpoints, arguments.out_dir)
