"""Trains a ControlNet that makes the emoji model draw along an outline, white on black."""

import random

import numpy as np
import torch
from diffusers import ControlNetModel

from pictures import anywhere, centred, load_emoji, on_white, outline, shuffled
from training import Model, arguments, encode, prepared, train

#: Forms of each emoji, and pictures in a step.
FORMS, BATCH = 6, 8


def make_pictures(font):
    rng = random.Random(0)
    emoji = load_emoji(font)
    placed = [(name, centred(picture) if form == 0 else anywhere(picture, rng)) for form in range(FORMS) for name, picture in emoji]
    lines = [np.asarray(outline(picture, inner=rng.random() < 0.4)) for _, picture in placed]
    return {
        "names": [name for name, _ in placed],
        "latents": encode([on_white(picture) for _, picture in placed]),
        "outlines": torch.from_numpy(np.stack(lines)),
    }


def small_controlnet(unet):
    """Returns a ControlNet with the convolutions of the UNet's encoder, and without its attention, which holds half of the weights."""
    config = unet.config
    net = ControlNetModel(
        in_channels=config.in_channels,
        down_block_types=["DownBlock2D"] * len(config.block_out_channels),
        mid_block_type="UNetMidBlock2D",
        block_out_channels=config.block_out_channels,
        layers_per_block=config.layers_per_block,
        norm_num_groups=config.norm_num_groups,
        attention_head_dim=config.attention_head_dim,
        cross_attention_dim=config.cross_attention_dim,
        flip_sin_to_cos=config.flip_sin_to_cos,
        freq_shift=config.freq_shift,
        # Two halvings: from 64 pixels to latents of 16.
        conditioning_embedding_out_channels=(16, 32, 64),
    )
    own = net.state_dict()
    shared = {key: value for key, value in unet.state_dict().items() if key in own and own[key].shape == value.shape}
    net.load_state_dict(shared, strict=False)
    return net


options = arguments(__doc__, steps=3000)
model = Model()
data = prepared(options.state / "pictures.pt", lambda: make_pictures(options.font))
with torch.no_grad():
    embeddings = torch.cat([model.embed(part) for part in [data["names"], [""]]])
order = shuffled(len(data["names"]), seed=1)
torch.manual_seed(0)
net = small_controlnet(model.unet)


def loss():
    chosen = torch.tensor([next(order) for _ in range(BATCH)])
    latents, noise, timesteps = model.noisy(data["latents"][chosen])
    words = embeddings[torch.where(torch.rand(BATCH) < 0.15, len(embeddings) - 1, chosen)]
    lines = (data["outlines"][chosen] / 255)[:, None].expand(-1, 3, -1, -1)
    down, mid = net(latents, timesteps, words, controlnet_cond=lines, return_dict=False)
    predicted = model.unet(latents, timesteps, words, down_block_additional_residuals=down, mid_block_additional_residual=mid).sample
    return torch.nn.functional.mse_loss(predicted, noise)


def save():
    state = {key: value.half() for key, value in net.state_dict().items()}
    half = ControlNetModel.from_config(net.config).half()
    half.load_state_dict(state)
    # In files of less than 2 MB, which suits a repository.
    half.save_pretrained(options.out / "outline-controlnet", max_shard_size="1900KB")


train(net.parameters(), loss, options, rate=5e-4, save=save)
