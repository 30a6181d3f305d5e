"""The ordinary diffusers script: a prompt becomes a PNG. Prints one line of JSON."""

import argparse
import json

import diffusers
import torch
from diffusers import DiffusionPipeline
from own_process import memory, seconds_since_start

SCHEDULERS = {"ddim": "DDIMScheduler", "euler": "EulerDiscreteScheduler", "dpmpp_2m": "DPMSolverMultistepScheduler"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("prompt")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--guidance", type=float, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, help="pixels; the model's own by default")
    parser.add_argument("--scheduler", choices=["own", *SCHEDULERS], default="own")
    parser.add_argument("--out", default="out.png")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    pipe = DiffusionPipeline.from_pretrained(arguments.model, dtype=torch.float32)
    if arguments.scheduler != "own":
        pipe.scheduler = getattr(diffusers, SCHEDULERS[arguments.scheduler]).from_config(pipe.scheduler.config)
    image = pipe(
        arguments.prompt,
        num_inference_steps=arguments.steps,
        guidance_scale=arguments.guidance,
        height=arguments.size,
        width=arguments.size,
        generator=torch.Generator("cpu").manual_seed(arguments.seed),
    ).images[0]
    image.save(arguments.out)
    print(json.dumps({"seconds": seconds_since_start(), "peakRss": memory()["peak"], "out": arguments.out}))


main()
