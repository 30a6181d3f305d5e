"""Inpainting by a base model and a refiner, made with diffusers: `case-inpaint-handover.json` of the checkpoint for adapters of Stable Diffusion XL.

    inpaint_handover.py __tests__/goldens/pipelines/stable_diffusion_xl_adapters

Both are StableDiffusionXLInpaintPipeline: the base model stops at `denoising_end`, and the refiner goes on with its latents and the same mask.
"""

import argparse
import json
import pathlib
import warnings

import diffusers
import numpy
import torch
import transformers
from diffusers import StableDiffusionXLInpaintPipeline, UNet2DConditionModel
from PIL import Image
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
diffusers.utils.logging.set_verbosity_error()
torch.set_num_threads(1)

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
EULER = {"class": "EulerDiscreteScheduler", "config": {**BETAS, "timestep_spacing": "leading"}}
DDIM = {"class": "DDIMScheduler", "config": {**BETAS, "clip_sample": False, "set_alpha_to_one": False}}
SIZE = 64
# name → (scheduler, share of the denoising, arguments of both, arguments of the base model)
PAIRS = {
    "euler": (EULER, 0.6, {"prompt": "a red apple", "guidance_scale": 5.0, "num_inference_steps": 5}, {"strength": 0.9}),
    "ddim_two_pictures": (
        DDIM,
        0.5,
        {"prompt": "a red apple", "guidance_scale": 4.0, "num_inference_steps": 4, "num_images_per_prompt": 2},
        {"strength": 1.0},
    ),
}


def pipelines(folder: pathlib.Path, scheduler: dict) -> tuple[StableDiffusionXLInpaintPipeline, StableDiffusionXLInpaintPipeline]:
    made = getattr(diffusers, scheduler["class"]).from_config(scheduler["config"])
    base = StableDiffusionXLInpaintPipeline.from_pretrained(folder, scheduler=made)
    unet = UNet2DConditionModel.from_pretrained(folder / "unet_refiner")
    nothing = {"text_encoder": None, "tokenizer": None}
    refiner = StableDiffusionXLInpaintPipeline.from_pretrained(
        folder, **nothing, scheduler=made, unet=unet, requires_aesthetics_score=True, force_zeros_for_empty_prompt=False
    )
    for pipe in (base, refiner):
        pipe.set_progress_bar_config(disable=True)
    return base, refiner


def run(pipe, name: str, arguments: dict, seed: int, output_type: str, tensors: dict) -> torch.Tensor:
    """Draws, and keeps the latents after each step and the result."""

    def keep(pipe, i, t, values):
        tensors[f"{name}.latents_after.{i}"] = values["latents"].clone()
        return {}

    images = pipe(
        **arguments,
        generator=torch.Generator().manual_seed(seed),
        output_type=output_type,
        callback_on_step_end=keep,
        callback_on_step_end_tensor_inputs=["latents"],
    ).images
    drawn = torch.as_tensor(images).contiguous()
    # Bytes are enough to compare pictures.
    kept = drawn if output_type == "latent" else (drawn * 255).round().to(torch.uint8)
    tensors[f"{name}.{'latents' if output_type == 'latent' else 'image'}"] = kept
    return drawn


def record(name: str, kind: str, scheduler: dict, seed: int, arguments: dict, output_type: str, tensors: dict) -> dict:
    own = [key for key in tensors if key.startswith(f"{name}.")]
    return {
        "name": name,
        "kind": kind,
        "pipeline_class": "StableDiffusionXLInpaintPipeline",
        "scheduler": scheduler,
        "generator_seed": seed,
        "setup": [],
        "components": {},
        "arguments": arguments,
        "output_type": output_type,
        "tensors": {key[len(name) + 1 :]: {"tensor": key} for key in own},
    }


def main(folder: pathlib.Path) -> None:
    random = numpy.random.default_rng(7)
    picture = random.integers(0, 255, (SIZE, SIZE, 3), dtype=numpy.uint8)
    mask = numpy.zeros((SIZE, SIZE), dtype=numpy.uint8)
    mask[16:56, 24:48] = 255
    tensors = {"picture": torch.from_numpy(picture), "mask": torch.from_numpy(mask)}
    pictures = {"image": Image.fromarray(picture), "mask_image": Image.fromarray(mask)}
    recorded = {"image": {"tensor": "picture"}, "mask_image": {"tensor": "mask"}}
    runs = []
    for seed, (pair, (scheduler, share, both, of_base)) in enumerate(PAIRS.items(), 71):
        base, refiner = pipelines(folder, scheduler)
        size = {"height": SIZE, "width": SIZE}
        to, rest = {**both, **size, **of_base, "denoising_end": share}, {**both, "denoising_start": share}
        name = f"inpaint_to_handover_{pair}"
        latents = run(base, name, {**to, **pictures}, seed, "latent", tensors)
        runs.append(record(name, "inpaint", scheduler, seed, {**to, **recorded}, "latent", tensors))
        refined = f"refiner_inpaint_from_handover_{pair}"
        given = {"image": latents, "mask_image": pictures["mask_image"]}
        # The reference takes the size of its model otherwise; that of the latents must fit.
        run(refiner, refined, {**rest, **size, **given}, seed + 100, "np", tensors)
        from_base = {**recorded, "image": {"tensor": f"{name}.latents"}}
        runs.append(record(refined, "refiner_inpaint", scheduler, seed + 100, {**rest, **from_base}, "np", tensors))
    versions = {"torch": torch.__version__, "diffusers": diffusers.__version__, "transformers": transformers.__version__}
    case = {
        "area": "pipelines",
        "name": "stable_diffusion_xl_adapters",
        "description": "Inpainting with a hand-over from the base model to the refiner",
        "tolerance": {"latents": {"atol": 1e-3, "rtol": 1e-3}, "image": {"atol": 1, "unit": "grey levels of 255"}},
        "tensors": {key: {"shape": list(value.shape)} for key, value in tensors.items()},
        "pipeline_class": "StableDiffusionXLPipeline",
        "default_components": {"refiner": {"unet": "unet_refiner", "text_encoder": None, "tokenizer": None}},
        "runs": runs,
        "made_with": versions,
        "io": "io-inpaint-handover.safetensors",
    }
    save_file(tensors, folder / case["io"])
    (folder / "case-inpaint-handover.json").write_text(json.dumps(case, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    main(parser.parse_args().folder)
