"""Writes what diffusers makes of a few small blocks for the Mellon editor: __tests__/src/mellon/recorded.json.

    python testing/goldens/peers/mellon_nodes.py
"""

import json
from pathlib import Path

from diffusers import ModularPipelineBlocks, SequentialPipelineBlocks
from diffusers.modular_pipelines.mellon_node_utils import MellonParam, MellonPipelineConfig
from diffusers.modular_pipelines.modular_pipeline_utils import ComponentSpec, InputParam, OutputParam


class Block(ModularPipelineBlocks):
    takes, gives, needs, family = (), (), (), None

    @property
    def model_name(self):
        return self.family

    @property
    def inputs(self):
        return list(self.takes)

    @property
    def intermediate_outputs(self):
        return list(self.gives)

    @property
    def expected_components(self):
        return [ComponentSpec(name) for name in self.needs]


def kind(name, mellon=None, **options):
    return InputParam(name, metadata={"mellon": mellon} if mellon else None, **options)


class MyUpscaleBlock(Block):
    takes = (
        kind("prompt", "textbox", required=True, default=None),
        kind("negative_prompt", "textbox", default="blur"),
        kind("image", "image", required=True),
        kind("mode", "dropdown", default="fast"),
        kind("empty_mode", "dropdown"),
        kind("scale", "slider", default=1.5),
        kind("tile_count", "slider", default=4),
        kind("zero", "number", default=0),
        kind("overlap", "number", default=0.25),
        kind("generator", "seed", default=7),
        kind("keep_color", "checkbox", default=True),
        kind("plain", "checkbox"),
        kind("upscaler", "model"),
        kind("video", "video"),
        kind("mask_blur"),
        kind("ready", MellonParam(name="ready", label="Ready *", type="float", display="slider", default=0.5, min=0.0, max=1.0), required=True),
        InputParam(kwargs_type="denoiser_input_fields"),
    )
    gives = (
        OutputParam("image", metadata={"mellon": "image"}),
        OutputParam("clip", metadata={"mellon": "video"}),
        OutputParam("caption", metadata={"mellon": "text"}),
        OutputParam("net", metadata={"mellon": "model"}),
        OutputParam("latents"),
    )
    needs = ("vae", "text_encoder_2")


def params(*names):
    return tuple(InputParam(name) for name in names)


class TextEncoder(Block):
    family = "my-family"
    takes, needs = params("prompt", "other"), ("text_encoder",)
    gives = (OutputParam("prompt_embeds"),)


class VaeEncoder(Block):
    takes, needs = params("image"), ("vae",)
    gives = (OutputParam("image_latents"),)


class Denoise(Block):
    takes = params("width", "height", "generator", "num_inference_steps", "strength", "image_latents", "layers")
    gives, needs = (OutputParam("latents"),), ("unet", "scheduler", "guider")


class Decode(Block):
    takes, gives, needs = params("latents"), (OutputParam("images"),), ("vae",)


whole = SequentialPipelineBlocks.from_blocks_dict(
    {"text_encoder": TextEncoder, "vae_encoder": VaeEncoder, "denoise": Denoise, "decode": Decode}
)
part = SequentialPipelineBlocks.from_blocks_dict({"text_encoder": TextEncoder, "denoise": VaeEncoder})
recorded = {
    "custom": MellonPipelineConfig.from_custom_block(MyUpscaleBlock()).to_dict(),
    "custom_types": MellonPipelineConfig.from_custom_block(
        MyUpscaleBlock(), "My node", {"scale": "number", "mask_blur": "slider"}, {"latents": "image"}
    ).to_dict(),
    "blocks": MellonPipelineConfig.from_blocks(whole).to_dict(),
    "blocks_named": MellonPipelineConfig.from_blocks(
        part, label="Mine", default_repo="me/mine", default_dtype="float16"
    ).to_dict(),
}
out = Path(__file__).parents[3] / "__tests__" / "src" / "mellon" / "recorded.json"
out.write_text(json.dumps(recorded, indent=2) + "\n")
