"""What the three trainings share: the model, the noise, and a loop that goes on where it was stopped."""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from pictures import MODEL

torch.set_num_threads(1)


def arguments(description, steps):
    """Returns the options of a training."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--font", type=Path, required=True, help="NotoColorEmoji.ttf, with bitmaps (CBDT)")
    parser.add_argument("--out", type=Path, required=True, help="folder for what is learnt")
    parser.add_argument("--state", type=Path, required=True, help="folder for prepared pictures and the state to go on from")
    parser.add_argument("--steps", type=int, default=steps, help=f"steps of training (default: {steps})")
    options = parser.parse_args()
    options.state.mkdir(parents=True, exist_ok=True)
    options.out.mkdir(parents=True, exist_ok=True)
    return options


class Model:
    """The emoji model with frozen weights."""

    def __init__(self):
        self.tokenizer = CLIPTokenizer.from_pretrained(MODEL / "tokenizer")
        self.text_encoder = CLIPTextModel.from_pretrained(MODEL / "text_encoder", dtype=torch.float32).requires_grad_(False)
        self.unet = UNet2DConditionModel.from_pretrained(MODEL / "unet", torch_dtype=torch.float32).requires_grad_(False)
        self.scheduler = DDPMScheduler.from_pretrained(MODEL / "scheduler")

    def token_ids(self, prompts):
        length = self.tokenizer.model_max_length
        return self.tokenizer(prompts, padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids

    def embed(self, prompts):
        """Returns the embeddings of prompts: [prompts, tokens, width]."""
        return self.text_encoder(self.token_ids(prompts))[0]

    def noisy(self, latents):
        """Returns latents with noise, the noise, and the steps that the noise is of."""
        noise = torch.randn_like(latents)
        timesteps = torch.randint(0, self.scheduler.config.num_train_timesteps, (len(latents),))
        return self.scheduler.add_noise(latents, noise, timesteps), noise, timesteps


@torch.no_grad()
def encode(pictures):
    """Returns the latents of RGB pictures: [pictures, 4, 16, 16]."""
    vae = AutoencoderKL.from_pretrained(MODEL / "vae", torch_dtype=torch.float32)
    pixels = torch.from_numpy(np.stack([np.asarray(picture) for picture in pictures])).permute(0, 3, 1, 2)
    return torch.cat([vae.encode(part / 127.5 - 1).latent_dist.mode() for part in pixels.float().split(16)])


def prepared(file, make):
    """Returns what a file holds; makes it first, if it is missing."""
    if not file.exists():
        torch.save(make(), file)
    return torch.load(file)


def train(parameters, loss, options, rate, save):
    """Makes the loss of `loss()` small. Saves its state every 50 steps, and goes on from there."""
    parameters = list(parameters)
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0)

    def factor(step):  # a short warm-up, then down to zero along a cosine
        return min(1, (step + 1) / 30) * 0.5 * (1 + np.cos(np.pi * min(1, step / options.steps)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    state, first = options.state / "training.pt", 0
    if state.exists():
        saved = torch.load(state)
        for parameter, value in zip(parameters, saved["parameters"], strict=True):
            parameter.data.copy_(value)
        optimizer.load_state_dict(saved["optimizer"])
        schedule.load_state_dict(saved["schedule"])
        first = saved["step"]
    torch.manual_seed(first)
    began, mean = time.time(), None
    for step in range(first, options.steps):
        value = loss()
        value.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        mean = value.item() if mean is None else 0.98 * mean + 0.02 * value.item()
        if (step + 1) % 50 == 0 or step + 1 == options.steps:
            torch.save(
                {
                    "step": step + 1,
                    "parameters": [parameter.data for parameter in parameters],
                    "optimizer": optimizer.state_dict(),
                    "schedule": schedule.state_dict(),
                },
                state.with_suffix(".part"),
            )
            state.with_suffix(".part").rename(state)
            save()
            print(f"{step + 1}: loss {mean:.4f}, {(time.time() - began) / (step + 1 - first):.2f} s for a step", flush=True)
