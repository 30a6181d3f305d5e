"""Writes a diffusers model folder with random weights and a published architecture, for measuring where only the shapes matter."""

import argparse
import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, EulerDiscreteScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

SD15_UNET = dict(
    sample_size=64,
    block_out_channels=(320, 640, 1280, 1280),
    down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
    layers_per_block=2,
    attention_head_dim=8,
    cross_attention_dim=768,
)
SDXL_UNET = dict(
    sample_size=128,
    block_out_channels=(320, 640, 1280),
    down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    layers_per_block=2,
    attention_head_dim=(5, 10, 20),
    transformer_layers_per_block=(1, 2, 10),
    cross_attention_dim=2048,
    use_linear_projection=True,
    addition_embed_type="text_time",
    addition_time_embed_dim=256,
    projection_class_embeddings_input_dim=2816,
)
SD15_VAE = dict(
    sample_size=512,
    block_out_channels=(128, 256, 512, 512),
    down_block_types=("DownEncoderBlock2D",) * 4,
    up_block_types=("UpDecoderBlock2D",) * 4,
    layers_per_block=2,
    latent_channels=4,
    norm_num_groups=32,
    scaling_factor=0.18215,
)
SD15_TEXT = dict(
    vocab_size=49408,
    max_position_embeddings=77,
    hidden_size=768,
    intermediate_size=3072,
    projection_dim=768,
    num_hidden_layers=12,
    num_attention_heads=12,
    hidden_act="quick_gelu",
    bos_token_id=49406,
    eos_token_id=49407,
)
SCHEDULER = dict(
    beta_start=0.00085,
    beta_end=0.012,
    beta_schedule="scaled_linear",
    clip_sample=False,
    set_alpha_to_one=False,
    steps_offset=1,
)

SDXL_VAE = SD15_VAE | dict(sample_size=1024, scaling_factor=0.13025, force_upcast=True)
SDXL_TEXT_2 = SD15_TEXT | dict(
    hidden_size=1280,
    intermediate_size=5120,
    projection_dim=1280,
    num_hidden_layers=32,
    num_attention_heads=20,
    hidden_act="gelu",
)
SDXL_SCHEDULER = dict(
    beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", timestep_spacing="leading", steps_offset=1
)

TINY_UNET = SD15_UNET | dict(sample_size=8, block_out_channels=(32, 64, 64, 64), layers_per_block=1, cross_attention_dim=32)
TINY_VAE = SD15_VAE | dict(sample_size=64, block_out_channels=(32, 32, 64, 64), layers_per_block=1)
TINY_TEXT = SD15_TEXT | dict(
    hidden_size=32, intermediate_size=128, projection_dim=32, num_hidden_layers=2, num_attention_heads=4
)

TINY_XL_TEXT_2 = TINY_TEXT | dict(projection_dim=16)
TINY_XL_UNET = SDXL_UNET | dict(
    sample_size=8,
    block_out_channels=(32, 64, 64),
    layers_per_block=1,
    attention_head_dim=(2, 4, 4),
    transformer_layers_per_block=(1, 1, 2),
    cross_attention_dim=64,
    addition_time_embed_dim=8,
    projection_class_embeddings_input_dim=64,
)

MODEL_INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "feature_extractor": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}

XL_MODEL_INDEX = {
    "_class_name": "StableDiffusionXLPipeline",
    "_diffusers_version": "0.42.1",
    "feature_extractor": [None, None],
    "force_zeros_for_empty_prompt": True,
    "image_encoder": [None, None],
    "scheduler": ["diffusers", "EulerDiscreteScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "tokenizer_2": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def byte_symbols() -> list[str]:
    """The character that stands for each byte in CLIP's vocabulary, printable bytes first."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = 256 - len(printable)
    return [chr(byte) for byte in printable] + [chr(256 + i) for i in range(others)]


def write_tokenizer(out: Path) -> None:
    """A vocabulary of CLIP's size, format and special tokens. Its merges are pairs of symbols in order: only their number matters."""
    symbols = byte_symbols()
    ends = [symbol + "</w>" for symbol in symbols]
    count = SD15_TEXT["vocab_size"] - len(symbols) - len(ends) - 2
    merges = [(a, b) for a in symbols for b in ends + symbols][:count]
    tokens = [*symbols, *ends, *(a + b for a, b in merges), "<|startoftext|>", "<|endoftext|>"]
    special = {"bos_token": tokens[-2], "eos_token": tokens[-1], "unk_token": tokens[-1], "pad_token": tokens[-1]}
    config = special | {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "do_lower_case": True}
    out.mkdir(parents=True, exist_ok=True)
    (out / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}), "utf-8")
    (out / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges), "utf-8")
    (out / "special_tokens_map.json").write_text(json.dumps(special) + "\n")
    (out / "tokenizer_config.json").write_text(json.dumps(config) + "\n")


def write_pipeline(out: Path, unet: dict, vae: dict, text: dict) -> None:
    write_tokenizer(out / "tokenizer")
    UNet2DConditionModel(**unet).save_pretrained(out / "unet", max_shard_size="100GB")
    AutoencoderKL(**vae).save_pretrained(out / "vae", max_shard_size="100GB")
    CLIPTextModel(CLIPTextConfig(**text)).save_pretrained(out / "text_encoder", max_shard_size="100GB")
    DDIMScheduler(**SCHEDULER).save_pretrained(out / "scheduler")
    (out / "model_index.json").write_text(json.dumps(MODEL_INDEX, indent=2) + "\n")


def write_xl_pipeline(out: Path, unet: dict, vae: dict, text: dict, text_2: dict) -> None:
    """Model by model, each of which is freed before the next one is made."""
    write_tokenizer(out / "tokenizer")
    write_tokenizer(out / "tokenizer_2")
    UNet2DConditionModel(**unet).save_pretrained(out / "unet", max_shard_size="10GB")
    AutoencoderKL(**vae).save_pretrained(out / "vae")
    CLIPTextModel(CLIPTextConfig(**text)).save_pretrained(out / "text_encoder")
    CLIPTextModelWithProjection(CLIPTextConfig(**text_2)).save_pretrained(out / "text_encoder_2")
    EulerDiscreteScheduler(**SDXL_SCHEDULER).save_pretrained(out / "scheduler")
    (out / "model_index.json").write_text(json.dumps(XL_MODEL_INDEX, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", choices=["sd15", "sdxl", "sdxl-unet", "tiny", "tiny-xl"], default="sd15")
    parser.add_argument("--dtype", choices=["float16", "float32"], default="float16")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    torch.manual_seed(arguments.seed)
    torch.set_default_dtype(getattr(torch, arguments.dtype))  # so that no float32 copy is ever made
    if arguments.size == "sdxl-unet":
        UNet2DConditionModel(**SDXL_UNET).save_pretrained(arguments.out / "unet", max_shard_size="2GB")
    elif arguments.size == "sdxl":
        write_xl_pipeline(arguments.out, SDXL_UNET, SDXL_VAE, SD15_TEXT, SDXL_TEXT_2)
    elif arguments.size == "tiny-xl":
        write_xl_pipeline(arguments.out, TINY_XL_UNET, TINY_VAE, TINY_TEXT, TINY_XL_TEXT_2)
    elif arguments.size == "sd15":
        write_pipeline(arguments.out, SD15_UNET, SD15_VAE, SD15_TEXT)
    else:
        write_pipeline(arguments.out, TINY_UNET, TINY_VAE, TINY_TEXT)


main()
