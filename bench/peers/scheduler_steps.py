"""Times steps of diffusers' schedulers on request: the counterpart of scheduler-steps-server.ts, in the same words."""

import inspect
import json
import sys
import time

import diffusers
import torch

diffusers.utils.logging.set_verbosity_error()


def run(scheduler: str, settings: dict, steps: int, rounds: int, shape: list[int]) -> dict:
    """The microseconds of a step, each round's mean over a whole run with the same output of the network and the same fresh noise."""
    kind = getattr(diffusers, scheduler)
    known = inspect.signature(kind.__init__).parameters
    stepper = kind(**{key: value for key, value in settings.items() if key in known})
    noise, output = torch.randn(shape), torch.randn(shape)
    sys.modules[kind.__module__].randn_tensor = lambda *_, **__: noise
    times = []
    for _ in range(rounds):
        stepper.set_timesteps(steps)
        sample = noise * stepper.init_noise_sigma if hasattr(stepper, "init_noise_sigma") else noise
        timesteps = stepper.timesteps[:-1] if scheduler == "SCMScheduler" else stepper.timesteps
        start = time.perf_counter()
        for t in timesteps:
            if hasattr(stepper, "scale_model_input"):
                stepper.scale_model_input(sample, t)
            sample = stepper.step(output, t, sample, return_dict=False)[0]
        times.append((time.perf_counter() - start) * 1e6 / len(timesteps))
    return {"microseconds": times}


def draw(rounds: int, shape: list[int]) -> dict:
    """The microseconds of drawing noise."""
    generator = torch.Generator().manual_seed(0)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        torch.randn(shape, generator=generator)
        times.append((time.perf_counter() - start) * 1e6)
    return {"microseconds": times}


def main() -> None:
    torch.set_num_threads(int(sys.argv[1]))
    torch.set_grad_enabled(False)
    for line in sys.stdin:
        request = json.loads(line)
        action = request.pop("do")
        if action == "exit":
            break
        try:
            answer = {"run": run, "draw": draw}[action](**request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
