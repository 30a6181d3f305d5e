"""Trains a LoRA that makes the emoji model draw in blue and white, as on tiles of Delft."""

import torch
from diffusers import StableDiffusionPipeline
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict

from pictures import delft, centred, load_emoji, shuffled
from training import Model, arguments, encode, prepared, train

RANK, BATCH = 8, 4
#: Layers with a LoRA: all of attention, and the convolutions, which alone work on the finest latents.
LAYERS = ["to_q", "to_k", "to_v", "to_out.0", "conv1", "conv2"]


def make_latents(font):
    emoji = [(name, centred(picture)) for name, picture in load_emoji(font)]
    return {"names": [name for name, _ in emoji], "latents": encode([delft(picture) for _, picture in emoji])}


options = arguments(__doc__, steps=400)
model = Model()
data = prepared(options.state / "pictures.pt", lambda: make_latents(options.font))
with torch.no_grad():
    embeddings = torch.cat([model.embed(part) for part in [data["names"], [""]]])
order = shuffled(len(data["names"]), seed=1)

model.unet.add_adapter(LoraConfig(r=RANK, lora_alpha=RANK, init_lora_weights="gaussian", target_modules=LAYERS))


def loss():
    chosen = torch.tensor([next(order) for _ in range(BATCH)])
    latents, noise, timesteps = model.noisy(data["latents"][chosen])
    # Some pictures without a word: guidance compares with the picture of no words, which must be in this style too.
    words = torch.where(torch.rand(BATCH) < 0.15, len(embeddings) - 1, chosen)
    return torch.nn.functional.mse_loss(model.unet(latents, timesteps, embeddings[words]).sample, noise)


def save():
    # In PEFT's names throughout: convert_state_dict_to_diffusers() renames attention alone, and a file with both kinds of names loses one of them.
    layers = {key: value.half() for key, value in get_peft_model_state_dict(model.unet).items()}
    StableDiffusionPipeline.save_lora_weights(options.out, layers, weight_name="delft-lora.safetensors")


train((parameter for parameter in model.unet.parameters() if parameter.requires_grad), loss, options, rate=1e-3, save=save)
