"""Trains a textual inversion: the word `<silver>`, a colour that the emoji model has no name for."""

import random

import torch
from PIL import ImageOps
from safetensors.torch import save_file

from pictures import centred, load_emoji, shuffled, silver, vocabulary
from training import Model, arguments, encode, prepared, train

WORD, VECTORS, BATCH = "<silver>", 2, 8
#: The text that the vectors begin with: one token for each.
BEGINNING = "white blue"


def make_latents(font):
    [colours] = vocabulary()["modifiers"]
    names = set(colours["names"])
    emoji = [(name, centred(picture)) for name, picture in load_emoji(font) if name in names]
    both = [(name, each) for name, picture in emoji for each in (picture, ImageOps.mirror(picture))]
    return {"names": [name for name, _ in both], "latents": encode([silver(picture) for _, picture in both])}


options = arguments(__doc__, steps=600)
model = Model()
data = prepared(options.state / "pictures.pt", lambda: make_latents(options.font))
order = shuffled(len(data["names"]), seed=1)

tokens = [WORD, *(f"{WORD}_{i}" for i in range(1, VECTORS))]
table = model.text_encoder.get_input_embeddings()
words = model.tokenizer(BEGINNING, add_special_tokens=False).input_ids[:VECTORS]
vectors = torch.nn.Parameter(table.weight[words].clone())
known = len(table.weight)
model.tokenizer.add_tokens(tokens)


class Table(torch.nn.Module):
    """The embeddings of the tokens: the model's, which stay as they are, and the new ones."""

    def forward(self, ids):
        return torch.nn.functional.embedding(ids, torch.cat([table.weight, vectors]))


model.text_encoder.set_input_embeddings(Table())


def loss():
    chosen = [next(order) for _ in range(BATCH)]
    prompts = [f"{' '.join(tokens)} {data['names'][i]}" for i in chosen]
    latents, noise, timesteps = model.noisy(data["latents"][torch.tensor(chosen)])
    return torch.nn.functional.mse_loss(model.unet(latents, timesteps, model.embed(prompts)).sample, noise)


def save():
    save_file({WORD: vectors.detach().half()}, options.out / "silver-embedding.safetensors", {"format": "pt"})


train([vectors], loss, options, rate=5e-3, save=save)
