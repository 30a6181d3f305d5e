"""A case of the `models` area: a small random safety checker of Stable Diffusion, made with diffusers.

    safety_checker.py OUT_DIR
    node dist/testing/goldens/main.js OUT_DIR --area models

The thresholds are set by the pictures: one picture is above the threshold of a concept, one is above it only because a special concept lowers the thresholds,
one is above it by less than the scores are rounded to, and one is far from all concepts.
"""

import argparse
import json
import pathlib

import numpy
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker, cosine_distance
from safetensors.torch import save_file
from transformers import CLIPConfig

VISION = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 24,
    "patch_size": 8,
}


def scores(checker, clip_input):
    """The rounded scores, as `forward` computes them and does not return them."""
    with torch.no_grad():
        embeds = checker.visual_projection(checker.vision_model(clip_input)[1])
        special = cosine_distance(embeds, checker.special_care_embeds).float().numpy()
        concepts = cosine_distance(embeds, checker.concept_embeds).float().numpy()
    results = {"special": [], "concepts": []}
    for i in range(len(clip_input)):
        adjustment = 0.0
        rows = {"special": [], "concepts": []}
        for c, cosine in enumerate(special[i]):
            rows["special"].append(round(cosine - checker.special_care_embeds_weights[c].item() + adjustment, 3))
            if rows["special"][-1] > 0:
                adjustment = 0.01
        for c, cosine in enumerate(concepts[i]):
            rows["concepts"].append(round(cosine - checker.concept_embeds_weights[c].item() + adjustment, 3))
        for key, row in rows.items():
            results[key].append(row)
    return {key: torch.tensor(numpy.array(rows), dtype=torch.float32) for key, rows in results.items()}, special, concepts


def set_thresholds(checker, special, concepts):
    """Picture 0 has a concept, 1 a special concept and with it another concept, 2 one by too little, 3 none."""
    special_weights = torch.tensor(special.max(axis=0)) + 0.05
    concept_weights = torch.tensor(concepts.max(axis=0)) + 0.05

    def closest(cosines, picture, taken):
        others = numpy.delete(cosines, picture, axis=0).max(axis=0)
        lead = cosines[picture] - others
        lead[list(taken)] = -9
        found = int(lead.argmax())
        assert lead[found] > 0.03, lead
        return found

    first = closest(concepts, 0, ())
    lowered = closest(concepts, 1, (first,))
    barely = closest(concepts, 2, (first, lowered))
    concept_weights[first] = float(concepts[0, first]) - 0.02
    concept_weights[lowered] = float(concepts[1, lowered]) + 0.005
    concept_weights[barely] = float(concepts[2, barely]) - 0.0004
    care = closest(special, 1, ())
    special_weights = torch.tensor(special.max(axis=0)) + 0.05
    special_weights[care] = float(special[1, care]) - 0.015
    checker.special_care_embeds_weights.data = special_weights
    checker.concept_embeds_weights.data = concept_weights


def main(out_dir: pathlib.Path) -> None:
    torch.manual_seed(3)
    config = CLIPConfig(projection_dim=12, vision_config=VISION)
    checker = StableDiffusionSafetyChecker(config).eval()
    with torch.no_grad():
        for name, parameter in checker.named_parameters():
            if "norm" in name and name.endswith("weight"):
                parameter.copy_(1 + 0.1 * torch.randn(parameter.shape))
            else:
                parameter.copy_(0.4 * torch.randn(parameter.shape))
    clip_input = torch.randn(4, 3, 24, 24)
    _, special, concepts = scores(checker, clip_input)
    set_thresholds(checker, special, concepts)
    found, _, _ = scores(checker, clip_input)
    images = torch.rand(4, 3, 5, 6)
    checked, flags = checker(clip_input, images.clone())
    assert flags == [True, True, False, False], flags
    tensors = {
        "in.clip_input": clip_input,
        "in.images": images,
        "out.special_scores": found["special"],
        "out.concept_scores": found["concepts"],
        "out.has_nsfw_concepts": torch.tensor(flags),
        "out.images": checked,
    }

    folder = out_dir / "models" / "safety_checker"
    folder.mkdir(parents=True, exist_ok=True)
    checker.save_pretrained(folder)
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / "io.safetensors")
    named = lambda prefix: {key.split(".")[1]: {"tensor": key} for key in tensors if key.startswith(prefix)}
    case = {
        "area": "models",
        "name": "safety_checker",
        "description": "StableDiffusionSafetyChecker; two of four pictures are flagged",
        "model_class": "StableDiffusionSafetyChecker",
        # Scores are rounded to three decimals, so the last one may differ by one.
        "tolerance": {"atol": 1.1e-3, "rtol": 0},
        "tensors": {key: {"shape": list(value.shape), "dtype": str(value.dtype)[6:]} for key, value in tensors.items()},
        "calls": [{"name": "check", "call": "forward", "arguments": named("in."), "outputs": named("out.")}],
    }
    (folder / "case.json").write_text(json.dumps(case, indent=1))
    entry = {key: case[key] for key in ("area", "name", "description")} | {"path": "models/safety_checker"}
    (out_dir / "index.json").write_text(json.dumps({"cases": [entry]}, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out_dir", type=pathlib.Path)
    main(parser.parse_args().out_dir)
