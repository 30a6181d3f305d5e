"""Trains a small LoRA for the emoji model: night, which draws everything in moonlight.

    python models/emoji/train_lora.py OUT.safetensors [--steps 200] [--seed 0]

The pictures are those that the model itself draws of its names, in the colours of the night. Needs torch, diffusers and transformers; takes some minutes on one core.
"""

import argparse
import json
import random
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F
from transformers import CLIPTextModel, CLIPTokenizer

MODEL = Path(__file__).parent
RANK, ALPHA = 2, 2
# How white and black look at night, as red, green and blue from -1 to 1; what lies between is mixed from both.
WHITE, BLACK = (-0.55, -0.45, 0.05), (-1.0, -1.0, -0.85)
LAYERS = ("to_q", "to_k", "to_v", "to_out.0", "conv1", "conv2", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2")


class LoraLayer(nn.Module):
    """A layer with two small matrices beside it."""

    def __init__(self, base):
        super().__init__()
        self.base = base
        if isinstance(base, nn.Conv2d):
            self.down = nn.Conv2d(base.in_channels, RANK, base.kernel_size, base.stride, base.padding, bias=False)
            self.up = nn.Conv2d(RANK, base.out_channels, 1, bias=False)
        else:
            self.down = nn.Linear(base.in_features, RANK, bias=False)
            self.up = nn.Linear(RANK, base.out_features, bias=False)
        nn.init.normal_(self.down.weight, std=1 / RANK)
        nn.init.zeros_(self.up.weight)

    def forward(self, x):
        return self.base(x) + self.up(self.down(x)) * (ALPHA / RANK)


def add_lora(unet):
    """Puts layers of a LoRA into a UNet, and returns them by name."""
    layers = {}
    for name, module in list(unet.named_modules()):
        if isinstance(module, (nn.Linear, nn.Conv2d)) and name.endswith(LAYERS):
            parent, _, child = name.rpartition(".")
            layers[name] = LoraLayer(module)
            setattr(unet.get_submodule(parent), child, layers[name])
    return layers


def at_night(pictures):
    """The colours of the night: grey tones between black and white, with some of their own colour left."""
    grey = pictures.mean(1, keepdim=True)
    brightness = (0.7 * grey + 0.3 * pictures + 1) / 2
    white, black = (torch.tensor(colour).view(1, 3, 1, 1) for colour in (WHITE, BLACK))
    return black + (white - black) * brightness


@torch.no_grad()
def draw(unet, scheduler, embeds, nothing, steps=10, guidance=4.0):
    """Latents of the prompts."""
    latents = torch.randn(len(embeds), 4, 16, 16)
    scheduler.set_timesteps(steps)
    for t in scheduler.timesteps:
        both = unet(torch.cat([latents, latents]), t, torch.cat([nothing.expand_as(embeds), embeds])).sample
        without, with_prompt = both.chunk(2)
        latents = scheduler.step(without + guidance * (with_prompt - without), t, latents).prev_sample
    return latents


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--pictures", type=int, default=48)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    random.seed(arguments.seed)
    torch.set_num_threads(1)

    tokenizer = CLIPTokenizer.from_pretrained(MODEL / "tokenizer")
    text_encoder = CLIPTextModel.from_pretrained(MODEL / "text_encoder", torch_dtype=torch.float32)
    unet = UNet2DConditionModel.from_pretrained(MODEL / "unet", torch_dtype=torch.float32).requires_grad_(False)
    vae = AutoencoderKL.from_pretrained(MODEL / "vae", torch_dtype=torch.float32)
    scheduler = DDIMScheduler.from_pretrained(MODEL / "scheduler")

    @torch.no_grad()
    def encode(texts):
        tokens = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt")
        return text_encoder(tokens.input_ids)[0]

    names = json.loads((MODEL / "tokenizer" / "vocabulary.json").read_text())["names"]
    prompts = random.sample(names, arguments.pictures)
    embeds, nothing = encode(prompts), encode([""])
    with torch.no_grad():
        drawn = torch.cat([draw(unet, scheduler, part, nothing) for part in embeds.split(16)])
        pictures = torch.cat([vae.decode(part / vae.config.scaling_factor).sample for part in drawn.split(16)]).clamp(-1, 1)
        night = torch.cat([vae.encode(at_night(part)).latent_dist.mode() for part in pictures.split(16)])
        night = night * vae.config.scaling_factor
    print("pictures drawn", flush=True)

    layers = add_lora(unet)
    parameters = [parameter for layer in layers.values() for parameter in (layer.down.weight, layer.up.weight)]
    optimizer = torch.optim.AdamW(parameters, lr=2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=arguments.steps)
    for step in range(arguments.steps):
        chosen = torch.randint(len(night), (arguments.batch,))
        noise = torch.randn(arguments.batch, 4, 16, 16)
        timesteps = torch.randint(scheduler.config.num_train_timesteps, (arguments.batch,))
        # Some without a prompt, for the guidance compares with that.
        text = torch.where(torch.rand(arguments.batch, 1, 1) < 0.15, nothing, embeds[chosen])
        predicted = unet(scheduler.add_noise(night[chosen], noise, timesteps), timesteps, text).sample
        loss = F.mse_loss(predicted, noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 25 == 0 or step == arguments.steps - 1:
            print(step, round(loss.item(), 4), flush=True)
            save(layers, arguments.out)


def save(layers, out):
    """Writes the LoRA with the names of diffusers."""
    tensors = {}
    for name, layer in layers.items():
        tensors[f"unet.{name}.lora_A.weight"] = layer.down.weight.detach().half().contiguous()
        tensors[f"unet.{name}.lora_B.weight"] = layer.up.weight.detach().half().contiguous()
    adapter = {"unet.r": RANK, "unet.lora_alpha": ALPHA, "unet.target_modules": sorted(LAYERS)}
    save_file(tensors, out, metadata={"format": "pt", "lora_adapter_metadata": json.dumps(adapter)})


if __name__ == "__main__":
    main()
