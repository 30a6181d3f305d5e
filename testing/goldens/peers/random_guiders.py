"""Random cases of the `guiders` area, made with diffusers: other settings, windows, steps and sizes than the recorded goldens have.

    random_guiders.py OUT_DIR --seed 1 --count 12 --classes ClassifierFree,LTX2
    node dist/testing/goldens/main.js OUT_DIR --area guiders

A case is as the goldens' README says: for each step the predictions that were asked for and what was made of them, on one guider that goes through the
steps. What the reference refuses or fails at is left out, as is what is so ill-conditioned that rounding decides the result: each is counted, by its
reason. The same seed and class give the same cases, whatever the other classes are.

FrequencyDecoupledGuidance needs kornia. The reference leaves the padding of its pyramid on the prediction; here it is cut off, since a prediction that
is larger than the sample is of no use.
"""

import dataclasses
import json
import pathlib
import random
import typing
import unittest.mock
import warnings

import diffusers
import torch
from diffusers import guiders
from random_cases import write_cases
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
diffusers.utils.logging.set_verbosity_error()

Settings = dict[str, typing.Any]
# By step, then by name.
Predictions = dict[int, dict[str, torch.Tensor]]
Draw = typing.Callable[[random.Random], Settings]

TOLERANCE = {"atol": 5e-5, "rtol": 1e-4}
CONDITIONS = tuple(torch.tensor(float(condition)) for condition in range(4))


class Skip(Exception):
    """A case that says nothing about the code under test."""


def scale(rng: random.Random) -> float:
    """A scale; at times one that changes nothing."""
    return rng.choice([0.0, 1.0]) if rng.random() < 0.1 else round(rng.uniform(0.2, 12), 2)


def share(rng: random.Random) -> float:
    """A number from 0 to 1; at times one of the two."""
    return rng.choice([0.0, 1.0, round(rng.random(), 2)])


def window(rng: random.Random) -> Settings:
    start = rng.choice([0.0, 0.0, round(rng.uniform(0, 0.5), 2)])
    return {"start": start, "stop": rng.choice([1.0, 1.0, round(rng.uniform(start, 1), 2)])}


def shared(rng: random.Random) -> Settings:
    """The settings of most guiders."""
    rescale = rng.choice([0.0, 0.0, round(rng.random(), 2)])
    return {"guidance_scale": scale(rng), "guidance_rescale": rescale, "enabled": rng.random() > 0.05} | window(rng)


def two_conditions(rng: random.Random) -> Settings:
    return shared(rng) | {"use_original_formulation": rng.random() < 0.4}


def zero_star(rng: random.Random) -> Settings:
    return two_conditions(rng) | {"zero_init_steps": rng.choice([0, 1, 1, 2])}


def projected(rng: random.Random) -> Settings:
    """What both kinds of adaptive projected guidance have; lengths are cut in some cases and not in others."""
    return two_conditions(rng) | {
        "adaptive_projected_guidance_momentum": rng.choice([None, round(rng.uniform(-0.9, 0.9), 2)]),
        "adaptive_projected_guidance_rescale": rng.choice([0.0, 15.0, round(rng.uniform(0.5, 5), 2)]),
        "eta": share(rng),
    }


def apg(rng: random.Random) -> Settings:
    return projected(rng) | {"adaptive_projected_guidance_norm_dim": rng.choice([None, None, -1, 1, 2, [-1, -2], [1, 2], [1], [0, -1]])}


def mix(rng: random.Random) -> Settings:
    return projected(rng) | {
        "adaptive_projected_guidance_scale": scale(rng),
        "adaptive_projected_guidance_start_step": rng.randrange(-1, 5),
    }


def magnitude(rng: random.Random) -> Settings:
    return two_conditions(rng) | {"alpha": round(rng.uniform(0, 10), 2)}


def frequency(rng: random.Random) -> Settings:
    """Settings for each level. A level that takes no part makes the reference fail, so most have windows and scales that let them."""
    levels = rng.randint(1, 4)

    def per_level(draw: typing.Callable[[], float]) -> float | list[float]:
        return draw() if rng.random() < 0.5 else [draw() for _ in range(levels)]

    return {
        "guidance_scales": [scale(rng) if rng.random() < 0.2 else round(rng.uniform(1.5, 10), 2) for _ in range(levels)],
        "guidance_rescale": per_level(lambda: share(rng)),
        "parallel_weights": rng.choice([None, per_level(lambda: round(rng.uniform(0, 1.5), 2))]),
        "guidance_rescale_space": rng.choice(["data", "freq"]),
        "use_original_formulation": rng.random() < 0.4,
        "upcast_to_double": rng.random() < 0.8,
        "start": rng.choice([0.0, 0.0, [0.0] * levels, per_level(lambda: round(rng.uniform(0, 0.4), 2))]),
        "stop": rng.choice([1.0, 1.0, [1.0] * levels]),
    }


def ltx2(rng: random.Random) -> Settings:
    return shared(rng) | {"stg_scale": rng.choice([0.0, round(rng.uniform(0, 3), 2)]), "modality_scale": scale(rng)}


@dataclasses.dataclass
class Guider:
    """How cases of a class are drawn."""

    draw: Draw
    ranks: list[int] = dataclasses.field(default_factory=lambda: [4, 4, 4, 3, 2])


# By name without Guidance.
CLASSES = {
    "ClassifierFree": Guider(two_conditions),
    "ClassifierFreeZeroStar": Guider(zero_star),
    "AdaptiveProjected": Guider(apg),
    "AdaptiveProjectedMix": Guider(mix),
    "MagnitudeAware": Guider(magnitude, ranks=[2, 3]),  # Its norm fails over the three axes of images.
    "TangentialClassifierFree": Guider(two_conditions),
    "FrequencyDecoupled": Guider(frequency, ranks=[4]),
    "LTX2": Guider(ltx2),
}


def draw_shape(rng: random.Random, rank: int) -> list[int]:
    """`[batch, channels, height, width]`, `[batch, tokens, channels]` or `[batch, values]`, odd sizes among them."""
    batch = rng.choice([1, 2, 2, 3])
    if rank == 4:
        sides = [rng.choice([8, 16, rng.randint(5, 24)]) for _ in range(2)]
        return [batch, rng.choice([1, 3, 4]), *sides]
    return [batch, *(rng.randint(3, 24) for _ in range(rank - 1))]


def draw_steps(rng: random.Random) -> tuple[int, list[int]]:
    """The number of steps, and those that are taken: all, or some of them."""
    count = rng.randint(2, 9)
    steps = [step for step in range(count) if rng.random() < 0.85]
    return count, steps or [0]


def draw_predictions(rng: random.Random, shape: list[int]) -> dict[str, torch.Tensor]:
    """Predictions that resemble each other more or less, of differing size."""
    size, likeness = rng.choice([0.1, 1, 1, 3]), rng.choice([0.0, 0.5, 0.9, 0.99])
    common = torch.randn(shape)

    def one() -> torch.Tensor:
        return size * (likeness * common + (1 - likeness) * torch.randn(shape))

    names = ("pred_cond", "pred_uncond", "pred_cond_stg", "pred_cond_modality")
    return {name: one() for name in names}


def run(guider: guiders.BaseGuidance, count: int, predictions: Predictions) -> list[Settings]:
    """Goes through the steps."""
    steps: list[Settings] = []
    for step, named in predictions.items():
        guider.set_state(step=step, num_inference_steps=count, timestep=torch.tensor(0))
        batches = guider.prepare_inputs({"condition": CONDITIONS})
        asked = [getattr(batch, guider._identifier_key) for batch in batches]
        for batch, name in zip(batches, asked):
            batch.noise_pred = named[name]
        pred = guider(batches)[0]
        steps.append(
            {
                "step": step,
                "num_conditions": guider.num_conditions,
                "predictions": asked,
                "input_slots": [int(batch.condition) for batch in batches],
                "output": pred[tuple(slice(side) for side in named["pred_cond"].shape)],
            }
        )
    return steps


def changed(predictions: Predictions, change: typing.Callable[[torch.Tensor], torch.Tensor]) -> Predictions:
    return {step: {name: change(value) for name, value in named.items()} for step, named in predictions.items()}


def run_in_float64(guider: guiders.BaseGuidance, count: int, predictions: Predictions) -> list[Settings]:
    """The same without rounding, also where the reference goes back to float32."""
    with unittest.mock.patch.object(torch.Tensor, "float", torch.Tensor.double):
        return run(guider, count, changed(predictions, torch.Tensor.double))


def check_conditioning(steps: list[Settings], others: list[Settings]) -> None:
    """That the others, run otherwise, are close enough to tell a slip from rounding. TangentialClassifierFree often is not."""
    for step, other in zip(steps, others):
        a, b = step["output"], other["output"]
        if (a - b).abs().nan_to_num().gt(TOLERANCE["atol"] / 2 + TOLERANCE["rtol"] / 2 * a.abs()).any():
            raise Skip("ill-conditioned: rounding decides")


def make_case(rng: random.Random, name: str) -> tuple[Settings, dict[str, torch.Tensor]]:
    """A case and its tensors. Raises what the reference raises, and Skip."""
    kind = getattr(guiders, f"{name}Guidance")
    arguments = CLASSES[name].draw(rng)
    shape = draw_shape(rng, rng.choice(CLASSES[name].ranks))
    count, indices = draw_steps(rng)
    torch.manual_seed(rng.randrange(2**31))
    predictions = {step: draw_predictions(rng, shape) for step in indices}
    steps = run(kind(**arguments), count, predictions)
    disturbed = changed(predictions, lambda value: value * (1 + 2**-23 * torch.randn(value.shape)))
    check_conditioning(steps, run(kind(**arguments), count, disturbed))
    check_conditioning(steps, run_in_float64(kind(**arguments), count, predictions))
    tensors: dict[str, torch.Tensor] = {}
    for step in steps:
        prefix = f"step{step['step']}"
        tensors |= {f"{prefix}.{asked}": predictions[step["step"]][asked] for asked in step["predictions"]}
        tensors[f"{prefix}.pred"] = step["output"]
        step["output"] = {"tensor": f"{prefix}.pred"}
    case = {"guider_class": kind.__name__, "arguments": arguments, "num_inference_steps": count, "steps": steps}
    return case, tensors


def write_case(folder: pathlib.Path, case: Settings, tensors: dict[str, torch.Tensor]) -> Settings:
    """Writes a case; returns its entry in the index."""
    folder.mkdir(parents=True)
    description = f"{case['guider_class']} {json.dumps(case['arguments'])}"
    head = {"area": "guiders", "name": folder.name, "description": description[:500]}
    infos = {key: {"shape": list(value.shape), "dtype": "float32"} for key, value in tensors.items()}
    body = head | {"tolerance": TOLERANCE, "tensors": infos} | case
    (folder / "case.json").write_text(json.dumps(body, indent=1))
    save_file({key: value.float().contiguous().clone() for key, value in tensors.items()}, folder / "io.safetensors")
    return head | {"path": f"guiders/{folder.name}"}


if __name__ == "__main__":
    write_cases("guider", "Guidance", CLASSES, __doc__, make_case, write_case)
