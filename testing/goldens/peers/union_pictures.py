"""Union ControlNets with several pictures that change a picture, made with diffusers: `case-union-pictures.json` of the checkpoint for adapters of Stable Diffusion XL.

    union_pictures.py __tests__/goldens/pipelines/stable_diffusion_xl_adapters
"""

import argparse
import json
import pathlib
import warnings

import diffusers
import numpy
import torch
import transformers
from diffusers import ControlNetUnionModel
from PIL import Image
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
diffusers.utils.logging.set_verbosity_error()
torch.set_num_threads(1)

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
SCHEDULER = {"class": "DDIMScheduler", "config": {**BETAS, "clip_sample": False, "set_alpha_to_one": False}}
HEIGHT, WIDTH = 48, 32
ARGUMENTS = {
    "prompt": "a red apple",
    "guidance_scale": 4.0,
    "num_inference_steps": 3,
    "strength": 0.7,
    "control_mode": [1, 3],
    "controlnet_conditioning_scale": [0.8, 0.5],
}
# name → (suffix of the pipeline's class, pictures, further arguments)
RUNS = {
    "union_img2img_two_modes": ("Img2Img", ["image"], {}),
    "union_inpaint_two_modes": ("Inpaint", ["image", "mask_image"], {"height": HEIGHT, "width": WIDTH}),
}


def main(folder: pathlib.Path) -> None:
    random = numpy.random.default_rng(5)
    pixels = {name: random.integers(0, 255, (HEIGHT, WIDTH, 3), dtype=numpy.uint8) for name in ("image", "control_a", "control_b")}
    mask = numpy.zeros((HEIGHT, WIDTH), dtype=numpy.uint8)
    mask[16:40, 8:24] = 255
    pixels["mask_image"] = mask
    tensors = {name: torch.from_numpy(value) for name, value in pixels.items()}
    pictures = {name: Image.fromarray(value) for name, value in pixels.items()}
    runs = []
    for seed, (name, (suffix, given, further)) in enumerate(RUNS.items(), 31):
        kind = getattr(diffusers, f"StableDiffusionXLControlNetUnion{suffix}Pipeline")
        scheduler = getattr(diffusers, SCHEDULER["class"]).from_config(SCHEDULER["config"])
        controlnet = ControlNetUnionModel.from_pretrained(folder / "controlnet_union")
        pipe = kind.from_pretrained(folder, controlnet=controlnet, scheduler=scheduler)
        pipe.set_progress_bar_config(disable=True)
        arguments = {**ARGUMENTS, **further}
        drawn = pipe(
            **arguments,
            **{key: pictures[key] for key in given},
            control_image=[pictures["control_a"], pictures["control_b"]],
            generator=torch.Generator().manual_seed(seed),
            output_type="latent",
        ).images
        tensors[f"{name}.latents"] = drawn.contiguous()
        recorded = {key: {"tensor": key} for key in given}
        runs.append(
            {
                "name": name,
                "kind": "img2img" if suffix == "Img2Img" else "inpaint",
                "pipeline_class": kind.__name__,
                "scheduler": SCHEDULER,
                "generator_seed": seed,
                "setup": [],
                "components": {},
                "arguments": {**arguments, **recorded, "control_image": [{"tensor": "control_a"}, {"tensor": "control_b"}]},
                "output_type": "latent",
                "tensors": {"latents": {"tensor": f"{name}.latents"}},
            }
        )
    case = {
        "area": "pipelines",
        "name": "stable_diffusion_xl_adapters",
        "description": "Union ControlNets with two pictures, for image to image and inpainting",
        "tolerance": {"latents": {"atol": 1e-3, "rtol": 1e-3}},
        "tensors": {key: {"shape": list(value.shape)} for key, value in tensors.items()},
        "pipeline_class": "StableDiffusionXLPipeline",
        "runs": runs,
        "made_with": {"torch": torch.__version__, "diffusers": diffusers.__version__, "transformers": transformers.__version__},
        "io": "io-union-pictures.safetensors",
    }
    save_file(tensors, folder / case["io"])
    (folder / "case-union-pictures.json").write_text(json.dumps(case, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    with torch.no_grad():
        main(parser.parse_args().folder)
