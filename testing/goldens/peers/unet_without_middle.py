"""A case of the `models` area: a small UNet without a block in the middle, with FreeU, a ControlNet's maps and a T2I-Adapter's, made with diffusers.

    unet_without_middle.py OUT_DIR
    node dist/testing/goldens/main.js OUT_DIR --area models

Such a UNet hands the last map of its way down to its way up. FreeU changes a map in place, and with it both of its uses.
"""

import argparse
import json
import pathlib

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file

FREEU = {"s1": 0.6, "s2": 0.4, "b1": 1.3, "b2": 1.4}
CHANNELS = (4, 8)
# name → whether FreeU is on, and which maps are given
CALLS = {"plain": (False, []), "freeu": (True, []), "freeu_controlnet": (True, ["controlnet"]), "adapter": (False, ["adapter"])}


def maps_of(kind: str, sample: torch.Tensor) -> dict[str, list[torch.Tensor]]:
    batch, _, height, width = sample.shape
    small = (batch, CHANNELS[1], height // 2, width // 2)
    if kind == "adapter":
        # The last one belongs to the middle, which is missing.
        shapes = [(batch, CHANNELS[0], height // 2, width // 2), small, small]
        return {"down_intrablock_additional_residuals": [torch.randn(shape) for shape in shapes]}
    large = (batch, CHANNELS[0], height, width)
    down = [large, large, (batch, CHANNELS[0], height // 2, width // 2), small]
    return {"down_block_additional_residuals": [torch.randn(shape) for shape in down], "mid_block_additional_residual": torch.randn(small)}


def main(out_dir: pathlib.Path) -> None:
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        block_out_channels=CHANNELS,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        mid_block_type=None,
        up_block_types=("UpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        cross_attention_dim=4,
        norm_num_groups=2,
    ).eval()
    for parameter in unet.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    tensors = {"in.sample": torch.randn(2, 4, 8, 6), "in.encoder_hidden_states": torch.randn(2, 3, 4)}
    calls = []
    for name, (is_on, kinds) in CALLS.items():
        if is_on:
            unet.enable_freeu(**FREEU)
        else:
            unet.disable_freeu()
        maps = {key: value for kind in kinds for key, value in maps_of(kind, tensors["in.sample"]).items()}
        recorded = {"sample": {"tensor": "in.sample"}, "encoder_hidden_states": {"tensor": "in.encoder_hidden_states"}}
        for key, value in maps.items():
            named = {f"{key}.{i}": map for i, map in enumerate(value)} if isinstance(value, list) else {key: value}
            for part, map in named.items():
                tensors[f"{name}.{part}"] = map.clone()
                recorded[part] = {"tensor": f"{name}.{part}"}
        with torch.no_grad():
            output = unet(tensors["in.sample"], 321, tensors["in.encoder_hidden_states"], **maps).sample
        tensors[f"{name}.out"] = output.clone()
        freeu = {"freeu": FREEU} if is_on else {}
        calls.append(
            {
                "name": name,
                "call": "forward",
                "arguments": {**recorded, "timestep": 321, **freeu},
                "outputs": {"sample": {"tensor": f"{name}.out"}},
            }
        )
    folder = out_dir / "models" / "unet_without_middle"
    folder.mkdir(parents=True, exist_ok=True)
    unet.save_pretrained(folder)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "io.safetensors")
    case = {
        "area": "models",
        "name": "unet_without_middle",
        "description": "UNet2DConditionModel without a block in the middle, with FreeU, a ControlNet's maps and a T2I-Adapter's",
        "tolerance": {"atol": 0.0002, "rtol": 0.0002},
        "tensors": {name: {"shape": list(tensor.shape), "dtype": "float32"} for name, tensor in tensors.items()},
        "model_class": "UNet2DConditionModel",
        "calls": calls,
    }
    (folder / "case.json").write_text(json.dumps(case, indent=1))
    summary = {key: case[key] for key in ("area", "name", "description")} | {"path": "models/unet_without_middle"}
    (out_dir / "index.json").write_text(json.dumps({"seed": 0, "cases": [summary], "skipped": []}, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out_dir", type=pathlib.Path)
    main(parser.parse_args().out_dir)
