"""A case of the `models` area: a small UNet with parts of its transformer blocks skipped, perturbed or blurred, made with diffusers.

    hooked_unet.py OUT_DIR
    node dist/testing/goldens/main.js OUT_DIR --area models

A call of the case has `hooks`: a list of `layer_skip` or `smoothed_energy` with the reference's settings for it. The blur of smoothed energy guidance is
applied by hand: in the reference its finite and its infinite form are the wrong way round, so each is asked for by the other's name.
"""

import argparse
import json
import pathlib

import torch
from diffusers import UNet2DConditionModel
from diffusers.hooks import HookRegistry, LayerSkipConfig
from diffusers.hooks.layer_skip import _apply_layer_skip_hook
from diffusers.hooks.smoothed_energy_guidance_utils import SmoothedEnergyGuidanceHook
from safetensors.torch import save_file

MIDDLE = "mid_block.attentions.0.transformer_blocks"
DOWN = "down_blocks.0.attentions.0.transformer_blocks"
INFINITE = 9999.0

CALLS = {
    "plain": [],
    "block": [{"layer_skip": {"indices": [0], "fqn": MIDDLE}}],
    "attention": [{"layer_skip": {"indices": [1], "fqn": MIDDLE, "skip_ff": False}}],
    "feed_forward": [{"layer_skip": {"indices": [0, 1], "fqn": DOWN, "skip_attention": False}}],
    "scores": [
        {
            "layer_skip": {
                "indices": [0, 1],
                "fqn": DOWN,
                "skip_attention": False,
                "skip_attention_scores": True,
                "skip_ff": False,
            }
        }
    ],
    "two_stacks": [{"layer_skip": {"indices": [0], "fqn": MIDDLE}}, {"layer_skip": {"indices": [1], "fqn": DOWN}}],
    "blur": [{"smoothed_energy": {"indices": [0], "fqn": DOWN, "blur_sigma": 1.2}}],
    "wide_blur": [{"smoothed_energy": {"indices": [1], "fqn": DOWN, "blur_sigma": 50.0}}],
    "mean": [{"smoothed_energy": {"indices": [0, 1], "fqn": DOWN, "blur_sigma": 99999.0}}],
}


def blur(unet: torch.nn.Module, indices: list[int], fqn: str, blur_sigma: float, name: str) -> None:
    hook_class_threshold = -1.0 if blur_sigma <= INFINITE else float("inf")
    for index in indices:
        projection = unet.get_submodule(f"{fqn}.{index}.attn1.to_q")
        hook = SmoothedEnergyGuidanceHook(blur_sigma, hook_class_threshold)
        HookRegistry.check_if_exists_or_initialize(projection).register_hook(hook, name)


def call(unet: torch.nn.Module, hooks: list[dict], inputs: dict) -> torch.Tensor:
    for i, hook in enumerate(hooks):
        if "layer_skip" in hook:
            _apply_layer_skip_hook(unet, LayerSkipConfig(**hook["layer_skip"]), name=f"hook_{i}")
        else:
            blur(unet, name=f"hook_{i}", **hook["smoothed_energy"])
    with torch.no_grad():
        output = unet(**inputs).sample.clone()
    for i in range(len(hooks)):
        HookRegistry.check_if_exists_or_initialize(unet).remove_hook(f"hook_{i}", recurse=True)
    return output


def main(out_dir: pathlib.Path) -> None:
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        block_out_channels=(8, 16),
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        transformer_layers_per_block=2,
        layers_per_block=1,
        attention_head_dim=2,
        cross_attention_dim=12,
        norm_num_groups=4,
    ).eval()
    for parameter in unet.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    # The tokens of 8 × 6 places are no square: the last ones are not blurred.
    tensors = {"sample": torch.randn(2, 4, 8, 6), "encoder_hidden_states": torch.randn(2, 5, 12)}
    inputs = {**tensors, "timestep": 321}
    outputs = {name: call(unet, hooks, inputs) for name, hooks in CALLS.items()}
    for name, output in outputs.items():
        assert name == "plain" or not torch.allclose(output, outputs["plain"], atol=1e-3), name

    folder = out_dir / "models" / "unet_hooks"
    folder.mkdir(parents=True, exist_ok=True)
    unet.save_pretrained(folder)
    stored = {f"in.{name}": tensor for name, tensor in tensors.items()}
    stored |= {f"{name}.out": output for name, output in outputs.items()}
    save_file({name: tensor.contiguous() for name, tensor in stored.items()}, folder / "io.safetensors")
    case = {
        "area": "models",
        "name": "unet_hooks",
        "description": "UNet2DConditionModel with parts of its transformer blocks skipped, perturbed or blurred",
        "tolerance": {"atol": 0.0002, "rtol": 0.0002},
        "tensors": {name: {"shape": list(tensor.shape), "dtype": "float32"} for name, tensor in stored.items()},
        "model_class": "UNet2DConditionModel",
        "calls": [
            {
                "name": name,
                "call": "forward",
                "arguments": {**{key: {"tensor": f"in.{key}"} for key in tensors}, "timestep": 321},
                "hooks": hooks,
                "outputs": {"sample": {"tensor": f"{name}.out"}},
            }
            for name, hooks in CALLS.items()
        ],
    }
    (folder / "case.json").write_text(json.dumps(case, indent=1))
    summary = {key: case[key] for key in ("area", "name", "description")} | {"path": "models/unet_hooks"}
    (out_dir / "index.json").write_text(json.dumps({"seed": 0, "cases": [summary], "skipped": []}, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out_dir", type=pathlib.Path)
    main(parser.parse_args().out_dir)
