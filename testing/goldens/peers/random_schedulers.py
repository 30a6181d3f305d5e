"""Random cases of the `schedulers` area, made with diffusers: other configs, lengths and sizes than the recorded goldens have.

    random_schedulers.py OUT_DIR --seed 1 --count 12 --classes DDIM,EulerDiscrete
    node dist/testing/goldens/main.js OUT_DIR --area schedulers

A case is as the goldens' README says: a denoising loop around a stand-in for the network, then adding noise and velocities at three timesteps. What
the reference refuses is left out, as is what gives numbers that are not finite and what is so ill-conditioned that rounding decides the result: each
is counted, by its reason. The same seed and class give the same cases, whatever the other classes are.

Not drawn, because the format cannot hold it: learned variances (another number of channels), `tau_func` and `solver_p` (objects), `scale_factors`
(samples that grow), the custom ramp of EDM's sigmas.

The file is long because it lists what may be drawn for each of diffusers' schedulers.
"""

import collections
import contextlib
import json
import math
import pathlib
import random
import sys
import typing
import warnings

import diffusers
import torch
from random_cases import write_cases
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
diffusers.utils.logging.set_verbosity_error()

Settings = dict[str, typing.Any]
# The alternatives for one or several options that belong together; `{}` leaves them at their defaults.
Choice = list[Settings | typing.Callable[[random.Random], Settings]]


def each(name: str, *values: typing.Any) -> Choice:
    return [{name: value} for value in values]


def rarely(*alternatives: Settings | typing.Callable[[random.Random], Settings], default: int = 4) -> Choice:
    return [{}] * (default * len(alternatives)) + list(alternatives)


def trained_betas(rng: random.Random) -> Settings:
    betas = sorted(round(rng.uniform(0.001, 0.03), 5) for _ in range(rng.randint(20, 60)))
    return {"trained_betas": betas, "num_train_timesteps": len(betas)}


def trained_sigmas(rng: random.Random) -> Settings:
    """IPNDM takes its noise levels under the name of betas: one for each step, and a last 0."""
    return {"trained_betas": sorted((round(rng.uniform(0.01, 1), 4) for _ in range(12)), reverse=True) + [0.0]}


def shift(rng: random.Random) -> Settings:
    return {"shift": round(rng.uniform(0.5, 6), 2)}


def flow(rng: random.Random) -> Settings:
    return {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "flow_shift": round(rng.uniform(0.5, 6), 2)}


def dynamic_flow(rng: random.Random) -> Settings:
    return {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "use_dynamic_shifting": True}


def without_third_order(algorithm: str) -> typing.Callable[[random.Random], Settings]:
    return lambda rng: {"algorithm_type": algorithm, "solver_order": rng.randint(1, 2)}


TRAINING = rarely(*each("num_train_timesteps", 60, 250, 500, 1500), trained_betas, default=3)
BETA_ENDS = [each("beta_start", 0.0001, 0.00085, 0.0015), each("beta_end", 0.012, 0.0155, 0.02)]
SCHEDULES = ("linear", "scaled_linear", "squaredcos_cap_v2")
BETAS = [TRAINING, *BETA_ENDS, each("beta_schedule", *SCHEDULES)]
SPACING = [each("timestep_spacing", "linspace", "leading", "trailing"), each("steps_offset", 0, 0, 1, 2)]
PREDICTION = each("prediction_type", "epsilon", "v_prediction", "sample")
KARRAS, EXPONENTIAL, BETA = ({f"use_{name}_sigmas": True} for name in ("karras", "exponential", "beta"))
SIGMAS = [{}, {}, KARRAS, EXPONENTIAL, BETA]
ZERO_SNR = rarely({"rescale_betas_zero_snr": True})
CLIP = [
    {"clip_sample": False},
    {},
    {"clip_sample": True, "clip_sample_range": 2.5},
    {"clip_sample": False, "thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 1.5},
]
THRESHOLD = rarely({"thresholding": True, "sample_max_value": 2.0}, {"thresholding": True, "dynamic_thresholding_ratio": 0.9})
ALPHA = rarely(*each("set_alpha_to_one", True, False), default=1)
FINAL_LOWER = [{}, {}, {"lower_order_final": False}]
FINAL_SIGMA = each("final_sigmas_type", "zero", "zero", "sigma_min")
CLIPPED_LAMBDA = rarely({"lambda_min_clipped": -5.1}, {"lambda_min_clipped": -3.0})
TIME_SHIFT = each("time_shift_type", "exponential", "linear")
SOLVER_ORDER = each("solver_order", 1, 2, 3)
MIDPOINT_OR_HEUN = each("solver_type", "midpoint", "heun")
DPM = [*BETAS, CLIPPED_LAMBDA, SOLVER_ORDER, MIDPOINT_OR_HEUN, FINAL_LOWER, THRESHOLD, PREDICTION]

DPM_ALGORITHMS = [
    *each("algorithm_type", "dpmsolver++", "dpmsolver++", "sde-dpmsolver++", "dpmsolver"),
    # The reference knows no third order of it, and fails where it gets to one.
    without_third_order("sde-dpmsolver"),
]
CONSISTENCY = [*BETAS, CLIP, ALPHA, PREDICTION, ZERO_SNR, rarely({"original_inference_steps": 40}), rarely({"timestep_scaling": 4.0})]
EDM = [
    rarely({"sigma_min": 0.01, "sigma_max": 40.0}),
    rarely({"sigma_data": 1.0}),
    each("sigma_schedule", "karras", "exponential"),
    each("prediction_type", "epsilon", "v_prediction"),
    rarely({"rho": 5.0}),
    FINAL_SIGMA,
]
FLOW = [
    rarely({"num_train_timesteps": 500}),
    [{}, shift, {"use_dynamic_shifting": True, "time_shift_type": "linear"}, {"use_dynamic_shifting": True}],
    rarely({"invert_sigmas": True}),
    rarely({"shift_terminal": 0.1}, {"shift_terminal": 0.02}),
    SIGMAS,
]
CHURN = rarely(
    {"s_churn": 2.0},
    {"s_churn": 8.0, "s_noise": 1.01},
    {"s_churn": 5.0, "s_tmin": 0.3, "s_tmax": 0.8},
    {"s_churn": 5.0, "s_tmin": 0.1, "s_tmax": 9.0, "s_noise": 1.003},
    default=1,
)


class SchedulerClass(typing.NamedTuple):
    config: list[Choice]
    # Arguments of every step.
    step: list[Choice] = []
    # What set_timesteps takes in place of a number of steps.
    custom: tuple[str, ...] = ()
    begins: bool = True


CLASSES = {
    "DDIM": SchedulerClass(
        [*BETAS, *SPACING, CLIP, ALPHA, PREDICTION, ZERO_SNR],
        [each("eta", 0.0, 0.0, 0.3, 1.0), rarely({"use_clipped_model_output": True}, default=3)],
    ),
    "DDIMInverse": SchedulerClass([*BETAS, *SPACING, CLIP[:3], ALPHA, PREDICTION, ZERO_SNR], begins=False),
    "DDPM": SchedulerClass(
        [
            TRAINING,
            *BETA_ENDS,
            each("beta_schedule", *SCHEDULES, "sigmoid", "laplace"),
            *SPACING,
            CLIP,
            PREDICTION,
            ZERO_SNR,
            each("variance_type", "fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log"),
        ],
        custom=("whole_timesteps",),
    ),
    "PNDM": SchedulerClass(
        [*BETAS, *SPACING, ALPHA, each("prediction_type", "epsilon", "v_prediction"), each("skip_prk_steps", True, True, False)],
    ),
    "IPNDM": SchedulerClass([rarely({"num_train_timesteps": 500}, trained_sigmas, default=1)]),
    "LMSDiscrete": SchedulerClass([*BETAS, *SPACING, PREDICTION, SIGMAS], [rarely(*each("order", 1, 2, 3), default=1)]),
    "EulerDiscrete": SchedulerClass(
        [
            *BETAS,
            *SPACING,
            PREDICTION,
            [*SIGMAS, {**KARRAS, "sigma_min": 0.05, "sigma_max": 12.0}, {**EXPONENTIAL, "sigma_min": 0.1}, {"interpolation_type": "log_linear"}],
            rarely({"timestep_type": "continuous"}),
            FINAL_SIGMA,
            ZERO_SNR,
        ],
        [CHURN],
        ("timesteps", "sigmas_to_zero"),
    ),
    "EulerAncestralDiscrete": SchedulerClass([*BETAS, *SPACING, PREDICTION, ZERO_SNR]),
    "HeunDiscrete": SchedulerClass(
        [
            TRAINING,
            *BETA_ENDS,
            each("beta_schedule", *SCHEDULES, "exp"),
            *SPACING,
            PREDICTION,
            SIGMAS,
            rarely({"clip_sample": True}, {"clip_sample": True, "clip_sample_range": 2.0}),
        ],
        custom=("whole_timesteps",),
    ),
    "KDPM2Discrete": SchedulerClass([*BETAS, *SPACING, PREDICTION, SIGMAS]),
    "KDPM2AncestralDiscrete": SchedulerClass([*BETAS, *SPACING, PREDICTION, SIGMAS]),
    "DPMSolverMultistep": SchedulerClass(
        [
            *DPM,
            *SPACING,
            DPM_ALGORITHMS,
            rarely({"euler_at_final": True}),
            FINAL_SIGMA,
            [*SIGMAS, {"use_lu_lambdas": True}, flow, dynamic_flow],
            ZERO_SNR,
        ],
        custom=("whole_timesteps",),
    ),
    "DPMSolverSinglestep": SchedulerClass(
        [*DPM, DPM_ALGORITHMS[:4], FINAL_SIGMA, [*SIGMAS, flow, dynamic_flow]], custom=("whole_timesteps",)
    ),
    "DPMSolverMultistepInverse": SchedulerClass(
        # Towards the noise, the stochastic algorithms take the root of a negative variance.
        [*DPM, *SPACING, each("algorithm_type", "dpmsolver++", "dpmsolver"), rarely({"euler_at_final": True}), [*SIGMAS, flow]],
        begins=False,
    ),
    "DPMSolverSDE": SchedulerClass(
        [*BETAS, *SPACING, PREDICTION[:2], SIGMAS, each("noise_sampler_seed", 0, 7, 123456)],
        [rarely({"s_noise": 1.01})],
    ),
    "DEISMultistep": SchedulerClass([*BETAS, *SPACING, SOLVER_ORDER, THRESHOLD, PREDICTION, FINAL_LOWER, [*SIGMAS, flow, dynamic_flow]]),
    "UniPCMultistep": SchedulerClass(
        [
            *BETAS,
            *SPACING,
            SOLVER_ORDER,
            THRESHOLD,
            PREDICTION,
            each("predict_x0", True, True, False),
            each("solver_type", "bh1", "bh2"),
            FINAL_LOWER,
            rarely({"disable_corrector": [0]}, {"disable_corrector": [0, 1, 4]}),
            FINAL_SIGMA,
            ZERO_SNR,
            [
                *SIGMAS,
                {**KARRAS, "sigma_min": 0.05, "sigma_max": 12.0},
                flow,
                lambda rng: {**flow(rng), "shift_terminal": 0.1},
                lambda rng: {**flow(rng), **KARRAS},
                lambda rng: {**dynamic_flow(rng), **rng.choice(TIME_SHIFT)},
            ],
        ],
        custom=("sigmas_above_zero",),
    ),
    "SASolver": SchedulerClass(
        [
            *BETAS,
            *SPACING,
            each("predictor_order", 1, 2, 3),
            each("corrector_order", 1, 2, 3),
            PREDICTION,
            THRESHOLD,
            each("algorithm_type", "data_prediction", "data_prediction", "noise_prediction"),
            FINAL_LOWER,
            CLIPPED_LAMBDA,
            [*SIGMAS, flow],
        ]
    ),
    "LCM": SchedulerClass(CONSISTENCY, custom=("whole_timesteps",)),
    "TCD": SchedulerClass(CONSISTENCY, [rarely(*each("eta", 0.0, 0.6, 1.0), default=1)], custom=("whole_timesteps",)),
    "SCM": SchedulerClass([rarely({"sigma_data": 1.0})]),
    "EDMEuler": SchedulerClass(EDM, [CHURN]),
    "EDMDPMSolverMultistep": SchedulerClass(
        [
            *EDM,
            SOLVER_ORDER,
            THRESHOLD,
            [{"algorithm_type": "dpmsolver++"}, without_third_order("sde-dpmsolver++")],
            MIDPOINT_OR_HEUN,
            FINAL_LOWER,
            rarely({"euler_at_final": True}),
        ]
    ),
    "FlowMatchEulerDiscrete": SchedulerClass([*FLOW, rarely({"stochastic_sampling": True})], custom=("timesteps", "sigmas_above_zero")),
    "FlowMatchHeunDiscrete": SchedulerClass([rarely({"num_train_timesteps": 500}), [{}, shift]], [CHURN]),
    "FlowMatchLCM": SchedulerClass(FLOW, custom=("timesteps", "sigmas_above_zero")),
}


def draw(rng: random.Random, choices: list[Choice]) -> Settings:
    """One alternative of each choice; later ones win."""
    settings: Settings = {}
    for choice in choices:
        alternative = rng.choice(choice)
        settings |= alternative(rng) if callable(alternative) else alternative
    return settings


def draw_set_timesteps(rng: random.Random, name: str, arguments: Settings) -> Settings:
    train_timesteps = arguments.get("num_train_timesteps", 1000)
    if name == "SCM":
        return draw_set_trigflow(rng)
    settings: Settings = {"mu": round(rng.uniform(0.3, 1.5), 3)} if "use_dynamic_shifting" in arguments else {}
    custom = rng.choice([None] * 3 + list(CLASSES[name].custom))
    if custom is not None:
        is_flow = name.startswith("FlowMatch") or "use_flow_sigmas" in arguments
        return settings | draw_schedule(rng, custom, train_timesteps, is_flow)
    if name in ("LCM", "TCD"):
        settings |= rng.choice([{}, {}, {"strength": 0.5}, {"strength": 0.8}, {"original_inference_steps": 30}])
    longest = min(train_timesteps, 12 if name in ("LCM", "TCD", "FlowMatchLCM") else 60)
    return settings | {"num_inference_steps": rng.choice([1, 2, 3, rng.randint(4, 20), rng.randint(1, longest)])}


def draw_schedule(rng: random.Random, kind: str, train_timesteps: int, is_flow: bool) -> Settings:
    count = rng.randint(2, 15)
    if kind == "whole_timesteps":
        return {"timesteps": sorted(rng.sample(range(train_timesteps), count), reverse=True)}
    if kind == "timesteps":
        return {"timesteps": sorted({round(rng.uniform(1, train_timesteps - 1), 2) for _ in range(count)}, reverse=True)}
    sigmas = sorted({round(rng.uniform(0.02, 1) if is_flow else math.exp(rng.uniform(-3, 2.6)), 4) for _ in range(count)}, reverse=True)
    return {"sigmas": sigmas + [0.0] * (kind == "sigmas_to_zero")}


def draw_set_trigflow(rng: random.Random) -> Settings:
    """SCM's own arguments; null takes a default away."""
    steps = rng.randint(1, 12)
    falling = sorted((round(rng.uniform(0.05, 1.5), 3) for _ in range(steps)), reverse=True)
    return rng.choice(
        [
            {"num_inference_steps": 2},
            {"num_inference_steps": 2, "intermediate_timesteps": 1.1, "max_timesteps": 1.5},
            {"num_inference_steps": steps, "intermediate_timesteps": None},
            {"num_inference_steps": steps, "intermediate_timesteps": None, "max_timesteps": 1.5},
            {"num_inference_steps": steps, "intermediate_timesteps": None, "max_timesteps": None, "timesteps": [*falling, 0.0]},
        ]
    )


@contextlib.contextmanager
def rounded_roots() -> typing.Iterator[None]:
    """Here PyTorch's square roots of float32 are right to the last bit. Built for AVX-512 it misses that in a fifth of all numbers."""
    power, root = torch.Tensor.__pow__, torch.Tensor.sqrt

    def rounded(values: torch.Tensor) -> torch.Tensor:
        return root(values.double()).to(values.dtype)

    torch.Tensor.__pow__ = lambda values, exponent: rounded(values) if isinstance(exponent, float) and exponent == 0.5 else power(values, exponent)
    torch.Tensor.sqrt = rounded
    try:
        yield
    finally:
        torch.Tensor.__pow__, torch.Tensor.sqrt = power, root


class Skip(Exception):
    """The reference gives nothing that can be compared."""


class Loop(typing.NamedTuple):
    tensors: dict[str, list[torch.Tensor]]
    noise_at_step: list[int]


def run_loop(scheduler: typing.Any, case: Settings, sample: torch.Tensor, jitter: float = 0.0) -> Loop:
    """The denoising loop. `jitter` disturbs what each step is given: how much of that arrives in its results tells how well-conditioned the loop is."""
    generator = torch.Generator().manual_seed(case["noise_generator_seed"])
    jitter_generator = torch.Generator().manual_seed(1)
    tensors: dict[str, list[torch.Tensor]] = collections.defaultdict(list)
    noise_at_step: list[int] = []
    at = 0

    def draw_noise(shape: tuple[int, ...], **_: typing.Any) -> torch.Tensor:
        noise_at_step.append(at)
        tensors["noises"].append(torch.randn(tuple(shape), generator=generator))
        return tensors["noises"][-1]

    module = sys.modules[type(scheduler).__module__]
    if hasattr(module, "randn_tensor"):
        module.randn_tensor = draw_noise
    begin = case["begin_index"] * scheduler.order
    timesteps = scheduler.timesteps[begin:]
    if begin > 0 and hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(begin)
    for at, t in enumerate(timesteps[:-1] if isinstance(scheduler, diffusers.SCMScheduler) else timesteps):
        scaled = scheduler.scale_model_input(sample, t) if hasattr(scheduler, "scale_model_input") else sample
        output = 0.3 * scaled + 0.1 * math.sin(t.item() / 100)
        if jitter:
            output, sample = (given * (1 + jitter * torch.randn(given.shape, generator=jitter_generator)) for given in (output, sample))
        result = scheduler.step(output, t, sample, **case["step_arguments"])
        sample = result.prev_sample
        clean = getattr(result, "pred_original_sample", getattr(result, "denoised", None))
        tensors["scaled_inputs"].append(scaled)
        tensors["model_outputs"].append(output)
        tensors["prev_samples"].append(sample)
        if clean is not None:
            tensors["pred_original_samples"].append(clean)
    return Loop(tensors, noise_at_step)


def is_scaled(tensors: dict[str, list[torch.Tensor]], initial: torch.Tensor) -> bool:
    samples = [initial, *tensors["prev_samples"]]
    return any(not torch.equal(scaled, sample) for scaled, sample in zip(tensors["scaled_inputs"], samples))


def largest_of(tensors: typing.Iterable[torch.Tensor]) -> float:
    return max(tensor.abs().max().item() for tensor in tensors)


def add_noising(scheduler: typing.Any, case: Settings, tensors: dict[str, torch.Tensor]) -> None:
    """Noise added to clean samples, and their velocities, at the first, the middle and the last timestep."""
    count = case["num_timesteps"]
    case["add_noise_at"] = sorted({0, count // 2, count - 1})
    method = next((name for name in ("add_noise", "scale_noise") if hasattr(scheduler, name)), None)
    if method is None:
        return
    case["noising_method"] = method
    original, noise = (torch.randn(case["sample_shape"]) for _ in range(2))
    tensors |= {"noising_original": original, "noising_noise": noise}
    stacks: dict[str, list[torch.Tensor]] = collections.defaultdict(list)
    for index in case["add_noise_at"]:
        t = scheduler.timesteps[index : index + 1]
        stacks["noised"].append(scheduler.add_noise(original, noise, t) if method == "add_noise" else scheduler.scale_noise(original, t, noise))
        if hasattr(scheduler, "get_velocity"):
            stacks["velocity"].append(scheduler.get_velocity(original, noise, t))
    tensors |= {name: torch.stack(values) for name, values in stacks.items()}


def make_case(rng: random.Random, name: str) -> tuple[Settings, dict[str, torch.Tensor], typing.Any]:
    """A case, its tensors and its scheduler. Raises what the reference raises, and Skip."""
    kind = getattr(diffusers, f"{name}Scheduler")
    arguments = draw(rng, CLASSES[name].config)
    set_timesteps = draw_set_timesteps(rng, name, arguments)
    shape = [rng.choice([1, 1, 2, 3]), rng.choice([1, 3, 4]), rng.randint(3, 9), rng.randint(3, 9)]
    torch.manual_seed(rng.randrange(2**31))

    def start() -> typing.Any:
        scheduler = kind(**arguments)
        scheduler.set_timesteps(**set_timesteps)
        return scheduler

    scheduler = start()
    count = len(scheduler.timesteps) - (name == "SCM")
    begins = CLASSES[name].begins and count > scheduler.order and rng.random() < 0.25 and arguments.get("skip_prk_steps", True)
    case: Settings = {
        "scheduler_class": kind.__name__,
        "arguments": arguments,
        "set_timesteps": set_timesteps,
        "step_arguments": draw(rng, CLASSES[name].step),
        "begin_index": rng.randrange(1, math.ceil(count / scheduler.order)) if begins else 0,
        "noise_generator_seed": rng.randrange(100000),
        "sample_shape": shape,
        "init_noise_sigma": float(getattr(scheduler, "init_noise_sigma", 1.0)),
        "order": scheduler.order,
        "num_timesteps": len(scheduler.timesteps),
    }
    tensors = {"initial_sample": torch.randn(shape) * case["init_noise_sigma"], "timesteps": scheduler.timesteps.clone()}
    if hasattr(scheduler, "sigmas"):
        tensors["sigmas"] = scheduler.sigmas.clone()
    loop, case["noise_at_step"] = run_loop(scheduler, case, tensors["initial_sample"])
    case["scale_model_input_changes_the_sample"] = is_scaled(loop, tensors["initial_sample"])
    if not case["scale_model_input_changes_the_sample"]:
        del loop["scaled_inputs"]
    if scheduler.timesteps[0] in scheduler.timesteps[1:]:
        raise Skip("a schedule that comes back to its first timestep: the reference begins there")
    if name not in ("EDMEuler", "EDMDPMSolverMultistep", "EulerDiscrete") and scheduler.timesteps.min() < 0:
        raise Skip("an additional timestep before the first of the training, by a slip of rounding")
    if any(not value.isfinite().all() for values in [*loop.values(), [*tensors.values()]] for value in values):
        raise Skip("numbers that are not finite")
    case["largest_value"] = largest_of(loop["prev_samples"])
    case["tolerance"] = {"atol": 1e-5 * max(1.0, case["largest_value"]), "rtol": 1e-4}
    with rounded_roots():
        scheduler = start()
        disturbed, _ = run_loop(scheduler, case, tensors["initial_sample"], jitter=2**-23)
    if not torch.allclose(tensors["timesteps"].double(), scheduler.timesteps.double(), rtol=1e-4, atol=1e-5):
        raise Skip("timesteps that hang on the last bit of a square root")
    if "sigmas" in tensors and not torch.allclose(tensors["sigmas"], scheduler.sigmas, rtol=3e-6, atol=3e-7):
        raise Skip("sigmas that hang on the last bit of a square root")
    if any(largest_of([a - b]) > case["tolerance"]["atol"] / 4 for key in loop for a, b in zip(loop[key], disturbed[key])):
        raise Skip("an ill-conditioned loop: rounding decides")
    tensors |= {key: torch.stack(values) for key, values in loop.items()}
    add_noising(start(), case, tensors)
    return case, tensors, scheduler


def write_case(folder: pathlib.Path, case: Settings, tensors: dict[str, torch.Tensor], scheduler: typing.Any) -> Settings:
    """Writes a case; returns its entry in the index."""
    folder.mkdir(parents=True)
    options = {key: case[key] for key in ("set_timesteps", "step_arguments", "begin_index") if case[key]}
    description = f"{case['scheduler_class']} {json.dumps(case['arguments'])}, options {json.dumps(options)}"
    head = {"area": "schedulers", "name": folder.name, "description": description[:500]}
    infos = {key: {"shape": list(value.shape), "dtype": str(value.dtype).removeprefix("torch.")} for key, value in tensors.items()}
    (folder / "case.json").write_text(json.dumps(head | {"tensors": infos} | case, indent=1))
    save_file({key: value.contiguous().clone() for key, value in tensors.items()}, folder / "io.safetensors")
    scheduler.save_pretrained(folder)
    return head | {"path": f"schedulers/{folder.name}"}


if __name__ == "__main__":
    write_cases("scheduler", "Scheduler", CLASSES, __doc__, make_case, write_case)
