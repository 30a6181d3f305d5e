"""Runs diffusers' models on request: one line of JSON on stdin asks, one on stdout answers, so that a benchmark can alternate its runs with these."""

import argparse
import ctypes
import gc
import json
import os
import sys
import time
from collections.abc import Callable

# Only answers go to stdout: what libraries print there lands on stderr.
answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

import torch  # noqa: E402
from diffusers import AutoencoderKL, UNet2DConditionModel  # noqa: E402
from own_process import memory  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from transformers import CLIPTextModel  # noqa: E402

Tensors = dict[str, torch.Tensor]

CLASSES = {"unet": UNet2DConditionModel, "vae": AutoencoderKL, "text_encoder": CLIPTextModel}
models: dict[str, torch.nn.Module] = {}
dtypes: dict[str, torch.dtype] = {}


def timed(action: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    result = action()
    return (time.perf_counter() - start) * 1000, result


def random_inputs(component: str, size: int, seed: int) -> Tensors:
    """Inputs for an image of size pixels: a UNet's for one step with guidance, so a batch of two."""
    config = models[component].config
    generator = torch.Generator().manual_seed(seed)

    def randn(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    if component == "vae":
        return {"latents": randn(1, config.latent_channels, size // 8, size // 8)}
    if component == "text_encoder":
        ids = torch.randint(0, config.bos_token_id, (2, config.max_position_embeddings), generator=generator)
        ids[:, 0], ids[:, -1] = config.bos_token_id, config.eos_token_id
        return {"input_ids": ids}
    inputs = {
        "sample": randn(2, config.in_channels, size // 8, size // 8),
        "timestep": torch.tensor(500),
        "encoder_hidden_states": randn(2, 77, config.cross_attention_dim),
    }
    if config.addition_embed_type == "text_time":
        width = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
        inputs["text_embeds"] = randn(2, width)
        inputs["time_ids"] = torch.tensor([[size, size, 0, 0, size, size]] * 2, dtype=torch.float32)
    return inputs


def forward(component: str, inputs: Tensors) -> torch.Tensor:
    """The noise prediction, the decoded image (of latents already divided by the scaling factor) or the last hidden state."""
    model = models[component]
    if component == "vae":
        return model.decode(inputs["latents"], return_dict=False)[0]
    if component == "text_encoder":
        return model(inputs["input_ids"].long()).last_hidden_state
    dtype = dtypes[component]
    inputs = {name: value.to(dtype) if value.is_floating_point() else value for name, value in inputs.items()}
    added = {name: inputs[name] for name in ("text_embeds", "time_ids") if name in inputs}
    return model(
        inputs["sample"],
        inputs["timestep"],
        encoder_hidden_states=inputs["encoder_hidden_states"],
        added_cond_kwargs=added or None,
        return_dict=False,
    )[0]


def load(component: str, folder: str, engine: str = "float32", size: int = 512) -> dict:
    """Loads a model for an engine: float32, bfloat16, compiled (bfloat16 by torch.compile) or openvino (bfloat16)."""
    dtype = torch.bfloat16 if engine in ("bfloat16", "compiled") else torch.float32
    ms, model = timed(lambda: CLASSES[component].from_pretrained(folder, subfolder=component, dtype=dtype).eval())
    models[component] = model
    if engine == "compiled":
        models[component] = torch.compile(model)
    elif engine == "openvino":
        from openvino_unet import OpenVinoUNet

        models[component] = OpenVinoUNet(model, random_inputs(component, size, seed=0), torch.get_num_threads())
    dtypes[component] = dtype
    return {"ms": ms}


def run(component: str, size: int = 512, seed: int = 0) -> dict:
    inputs = random_inputs(component, size, seed)
    ms, output = timed(lambda: forward(component, inputs))
    return {"ms": ms, "checksum": output.double().sum().item()}


def output(component: str, inputs: str, out: str, size: int | None = None) -> dict:
    """Runs on the file's inputs and writes the result as the tensor "output"."""
    ms, result = timed(lambda: forward(component, load_file(inputs)))
    save_file({"output": result.contiguous()}, out)
    return {"ms": ms, "shape": list(result.shape)}


def unload(component: str) -> dict:
    del models[component]
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # glibc keeps freed memory of smaller tensors otherwise
    return {}


ACTIONS = {"load": load, "run": run, "output": output, "unload": unload, "memory": memory}


def answer(line: str) -> dict | None:
    """The answer to one request; nothing to a farewell."""
    try:
        request = json.loads(line)
        action = request.pop("do")
        return None if action == "exit" else ACTIONS[action](**request)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    torch.set_num_threads(parser.parse_args().threads)
    with torch.inference_mode():
        for line in sys.stdin:
            result = answer(line)
            answers.write(json.dumps(result or {}) + "\n")
            if result is None:
                break


main()
