"""Whole runs of the emoji model under schedulers and guiders, made with diffusers: what `__tests__/goldens/emoji-runs` holds.

    emoji_runs.py models/emoji __tests__/goldens/emoji-runs

A loop of its own does what StableDiffusionPipeline does, with a guider in the place of its guidance. The prompt is encoded, noise is drawn from the seed, and each
step draws its own from the same generator; the latents in the end are recorded. Smoothed energy guidance is left out, as the reference never blurs.
"""

import argparse
import json
import pathlib
import warnings

import diffusers
import torch
from diffusers import StableDiffusionPipeline, guiders
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
diffusers.utils.logging.set_verbosity_error()

MIDDLE = {"indices": [0], "fqn": "mid_block.attentions.0.transformer_blocks"}
KARRAS = {"use_karras_sigmas": True}
SCHEDULERS = {
    "ddpm": ("DDPMScheduler", {}),
    "plms": ("PNDMScheduler", {"skip_prk_steps": True}),
    "prk": ("PNDMScheduler", {"skip_prk_steps": False}),
    "euler_a": ("EulerAncestralDiscreteScheduler", {}),
    "heun_karras": ("HeunDiscreteScheduler", KARRAS),
    "dpm2": ("KDPM2DiscreteScheduler", {}),
    "dpm2_a": ("KDPM2AncestralDiscreteScheduler", {}),
    "lms": ("LMSDiscreteScheduler", {}),
    "dpmpp_2s": ("DPMSolverSinglestepScheduler", {}),
    "dpmpp_2m_sde_karras": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++", **KARRAS}),
    "deis": ("DEISMultistepScheduler", {}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "sa_solver": ("SASolverScheduler", {}),
}
GUIDERS = {
    "apg": ("AdaptiveProjectedGuidance", {"adaptive_projected_guidance_momentum": -0.5, "eta": 0.0}),
    "apg_mix": ("AdaptiveProjectedMixGuidance", {"guidance_scale": 4.0}),
    "rescaled": ("ClassifierFreeGuidance", {"guidance_rescale": 0.7}),
    "window": ("ClassifierFreeGuidance", {"start": 0.2, "stop": 0.7}),
    "pag": (
        "PerturbedAttentionGuidance",
        {"perturbed_guidance_config": MIDDLE, "perturbed_guidance_start": 0.0, "perturbed_guidance_stop": 1.0},
    ),
    "slg": ("SkipLayerGuidance", {"skip_layer_config": MIDDLE, "skip_layer_guidance_stop": 0.8}),
    "auto": ("AutoGuidance", {"auto_guidance_config": MIDDLE}),
    "tcfg": ("TangentialClassifierFreeGuidance", {}),
}
STEPS = 8


@torch.no_grad()
def draw(pipe: StableDiffusionPipeline, prompt: str, seed: int, scheduler, guider) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    prompt_embeds, negative_embeds = pipe.encode_prompt(prompt, "cpu", 1, True)
    scheduler.set_timesteps(STEPS)
    size = pipe.unet.config.sample_size
    latents = torch.randn(1, 4, size, size, generator=generator) * scheduler.init_noise_sigma
    draws = "generator" in scheduler.step.__code__.co_varnames
    for i, t in enumerate(scheduler.timesteps):
        guider.set_state(step=i, num_inference_steps=len(scheduler.timesteps), timestep=t)
        sample = scheduler.scale_model_input(latents, t)
        batches = guider.prepare_inputs({"encoder_hidden_states": (prompt_embeds, negative_embeds)})
        for batch in batches:
            guider.prepare_models(pipe.unet)
            batch.noise_pred = pipe.unet(sample, t, encoder_hidden_states=batch.encoder_hidden_states).sample
            guider.cleanup_models(pipe.unet)
        options = {"generator": generator} if draws else {}
        latents = scheduler.step(guider(batches)[0], t, latents, **options).prev_sample
    return latents


def main(model: pathlib.Path, out_dir: pathlib.Path) -> None:
    pipe = StableDiffusionPipeline.from_pretrained(model, safety_checker=None, torch_dtype=torch.float32)
    own = pipe.scheduler.config
    runs, tensors = [], {}

    def record(name: str, scheduler: tuple, guider: tuple) -> None:
        (scheduler_class, settings), (guider_class, guidance) = scheduler, guider
        seed = 100 + len(runs)
        made = getattr(diffusers, scheduler_class).from_config(own, **settings)
        tensors[name] = draw(pipe, "pizza", seed, made, getattr(guiders, guider_class)(**guidance)).contiguous()
        runs.append(
            {
                "name": name,
                "prompt": "pizza",
                "seed": seed,
                "num_inference_steps": STEPS,
                "scheduler": {"class": scheduler_class, "config": settings},
                "guider": {"class": guider_class, "config": guidance},
            }
        )

    for name, scheduler in SCHEDULERS.items():
        record(name, scheduler, ("ClassifierFreeGuidance", {"guidance_scale": 4.0}))
    for name, guider in GUIDERS.items():
        record(f"euler_{name}", ("EulerDiscreteScheduler", {}), guider)
    out_dir.mkdir(parents=True, exist_ok=True)
    save_file(tensors, out_dir / "latents.safetensors")
    (out_dir / "runs.json").write_text(json.dumps(runs, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("out_dir", type=pathlib.Path)
    arguments = parser.parse_args()
    main(arguments.model, arguments.out_dir)
