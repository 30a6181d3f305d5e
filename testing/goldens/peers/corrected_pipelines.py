"""Runs of checkpoints that StableDiffusionPipeline corrects, made with diffusers: what `__tests__/goldens/corrected-pipelines` holds.

    corrected_pipelines.py __tests__/goldens/pipelines/stable_diffusion __tests__/goldens/corrected-pipelines

Each case is the tiny checkpoint with some changes: keys of JSON files that are set or removed, and tensors that are set or appended to. The latents at the end of
a run are recorded, and the settings that the pipeline has corrected.
"""

import argparse
import json
import pathlib
import shutil
import tempfile
import warnings

import diffusers
import torch
from diffusers import LatentConsistencyModelPipeline, StableDiffusionPipeline
from safetensors.torch import load_file, save_file

warnings.filterwarnings("ignore")
diffusers.utils.logging.set_verbosity_error()

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000}
PROMPT = "a photograph of an astronaut"
EMBEDDING = "embeddings.token_embedding.weight"
EMBEDDING_FILE = "text_encoder/model.safetensors"
UNET_FILE = "unet/diffusion_pytorch_model.safetensors"
VOCABULARY = 814


def token(content: str, special: bool) -> dict:
    flags = {"lstrip": False, "normalized": not special, "rstrip": False, "single_word": False}
    return {"content": content, **flags, "special": special}


def scheduler(name: str, **settings) -> dict:
    """Replaces the scheduler by one of another class and config."""
    config = {"_class_name": name, "_diffusers_version": "0.2.2", **BETAS, **settings}
    return {
        "scheduler/scheduler_config.json": {"replace": config},
        "model_index.json": {"set": {"scheduler": ["diffusers", name]}},
    }


def run(**arguments) -> dict:
    return {"prompt": PROMPT, "num_inference_steps": 3, "guidance_scale": 4.0, **arguments}


ROLES = [(812, token("<|startoftext|>", True)), (813, token("<|endoftext|>", True))]
CONCEPT = ROLES + [(VOCABULARY + i, token("<toy>" + (f"_{i}" if i else ""), False)) for i in range(3)]
CONCEPT_FILES = {
    "text_encoder/config.json": {"set": {"vocab_size": VOCABULARY + 3}},
    "tokenizer/tokenizer.json": {"set": {"added_tokens": [{"id": i, **t} for i, t in CONCEPT]}},
    "tokenizer/tokenizer_config.json": {"set": {"added_tokens_decoder": {str(i): t for i, t in CONCEPT}}},
}
CONCEPT_TENSORS = {EMBEDDING_FILE: {EMBEDDING: {"append": "weights.concept"}}}
LCM_FILES = {
    "unet/config.json": {"set": {"time_cond_proj_dim": 16}},
    **scheduler("LCMScheduler", original_inference_steps=50, clip_sample=False, steps_offset=1),
}
LCM_TENSORS = {UNET_FILE: {"time_embedding.cond_proj.weight": {"set": "weights.cond_proj"}}}
EULER = scheduler("EulerDiscreteScheduler", timestep_spacing="trailing", steps_offset=1)

LCM_PIPELINE = {"model_index.json": {"set": {"_class_name": "LatentConsistencyModelPipeline", "scheduler": ["diffusers", "LCMScheduler"]}}}

# name → (files, tensors, arguments of the run)
CASES = {
    "guidance_0": (EULER, {}, run(guidance_scale=0.0)),
    "guidance_half": (EULER, {}, run(guidance_scale=0.5, negative_prompt="horse")),
    "guidance_1_rescaled": (EULER, {}, run(guidance_scale=1.0, guidance_rescale=0.7)),
    "guidance_0_batch": ({}, {}, run(guidance_scale=0.0, prompt=[PROMPT, "mars"], num_images_per_prompt=2)),
    "lcm": (LCM_FILES, LCM_TENSORS, run(guidance_scale=8.0)),
    "lcm_batch": (LCM_FILES, LCM_TENSORS, run(guidance_scale=1.5, prompt=[PROMPT, "mars"], negative_prompt=["a", "b"])),
    "lcm_default_scale": (LCM_FILES, LCM_TENSORS, {"prompt": PROMPT, "num_inference_steps": 2}),
    "ddim_of_2022": (scheduler("DDIMScheduler", set_alpha_to_one=False), {}, run()),
    "ddim_that_clips": (scheduler("DDIMScheduler", clip_sample=True, steps_offset=1), {}, run()),
    "pndm_of_2022": (scheduler("PNDMScheduler", skip_prk_steps=True), {}, run()),
    "ddpm_of_2022": (scheduler("DDPMScheduler"), {}, run()),
    "dpm_leading": (scheduler("DPMSolverMultistepScheduler", timestep_spacing="leading"), {}, run()),
    "euler_leading": (scheduler("EulerDiscreteScheduler", timestep_spacing="leading"), {}, run()),
    "heun_that_clips": (scheduler("HeunDiscreteScheduler", clip_sample=True, timestep_spacing="leading"), {}, run()),
    "unet_of_0_6": (
        {"unet/config.json": {"set": {"_diffusers_version": "0.6.0", "sample_size": 32}}},
        {},
        run(num_inference_steps=1, guidance_scale=1.0),
    ),
    "concept": (CONCEPT_FILES, CONCEPT_TENSORS, run(prompt="a <toy> on mars")),
    "concept_in_lists": (
        CONCEPT_FILES,
        CONCEPT_TENSORS,
        run(prompt=["a <toy>, high resolution", "mars"], negative_prompt=["horse", "riding <toy>"]),
    ),
    "attention_mask": ({"text_encoder/config.json": {"set": {"use_attention_mask": True}}}, {}, run()),
    "negative_and_mask": (
        {"text_encoder/config.json": {"set": {"use_attention_mask": True}}},
        {},
        run(negative_prompt="horse"),
    ),
    # Of LatentConsistencyModelPipeline, which has other defaults and leaves the scheduler as it is.
    "lcm_pipeline": ({**LCM_FILES, **LCM_PIPELINE}, LCM_TENSORS, {"prompt": PROMPT}),
    "lcm_pipeline_that_clips": (
        {
            **LCM_FILES,
            **scheduler("LCMScheduler", original_inference_steps=50, clip_sample=True, steps_offset=0),
            **LCM_PIPELINE,
        },
        LCM_TENSORS,
        {"prompt": [PROMPT, "mars"], "num_inference_steps": 3, "original_inference_steps": 20, "guidance_scale": 3.0},
    ),
}


def change(folder: pathlib.Path, files: dict, tensors: dict, stored: dict) -> None:
    for name, edit in files.items():
        path = folder / name
        content = {**json.loads(path.read_text()), **edit.get("set", {})}
        path.write_text(json.dumps(edit.get("replace", content)))
    for name, edits in tensors.items():
        weights = load_file(folder / name)
        for key, edit in edits.items():
            added = stored[edit.get("set") or edit.get("append")]
            weights[key] = added if "set" in edit else torch.cat([weights[key], added])
        save_file(weights, folder / name, {"format": "pt"})


def main(model: pathlib.Path, out_dir: pathlib.Path) -> None:
    generator = torch.Generator().manual_seed(13)
    cond_proj = torch.randn(8, 16, generator=generator)
    concept = load_file(model / EMBEDDING_FILE)[EMBEDDING][[100, 300, 700]].contiguous()
    stored = {"weights.cond_proj": cond_proj, "weights.concept": concept}
    results, cases = {}, []
    for seed, (name, (files, tensors, arguments)) in enumerate(CASES.items()):
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(temporary) / "model"
            shutil.copytree(model, folder)
            change(folder, files, tensors, stored)
            pipeline = LatentConsistencyModelPipeline if name.startswith("lcm_pipeline") else StableDiffusionPipeline
            pipe = pipeline.from_pretrained(folder, safety_checker=None)
        pipe.set_progress_bar_config(disable=True)
        drawn = pipe(**{"output_type": "latent", **arguments}, generator=torch.Generator().manual_seed(seed)).images
        results[name] = torch.as_tensor(drawn).contiguous()
        steps_offset, clip_sample = (pipe.scheduler.config.get(key) for key in ("steps_offset", "clip_sample"))
        settings = {"steps_offset": steps_offset, "clip_sample": clip_sample, "sample_size": pipe.unet.config.sample_size}
        case = {"name": name, "seed": seed, "arguments": arguments, "files": files, "tensors": tensors}
        cases.append({**case, "settings": settings})
    out_dir.mkdir(parents=True, exist_ok=True)
    save_file({**stored, **results}, out_dir / "results.safetensors")
    (out_dir / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("out_dir", type=pathlib.Path)
    arguments = parser.parse_args()
    main(arguments.model, arguments.out_dir)
