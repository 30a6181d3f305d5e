"""Embeddings of prompts with weights, and of prompts of any length: what `__tests__/goldens/weighted-prompts` holds.

    weighted_prompts.py __tests__/goldens/pipelines __tests__/goldens/weighted-prompts

The tokenizers and text encoders are those of transformers. Everything between the text and the encoder is done here, by the rules that AUTOMATIC1111's web UI
states, and by no code of it or of ours: a parser that reads brackets one in the other, and a writer of chunks that looks for the place of a cut from the end.
"""

import argparse
import json
import pathlib
import re
import warnings

import diffusers
import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
diffusers.utils.logging.set_verbosity_error()
torch.set_num_threads(1)
torch.set_grad_enabled(False)

BREAK = object()
NUMBER_AND_END = re.compile(r":\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*\)")


def parse(text: str) -> list:
    """Reads a prompt as a list of (text, weight) and BREAK."""
    place = 0

    def level(closing: str) -> tuple[list, float]:
        """Reads up to the bracket that closes this level, and returns its content and its factor."""
        nonlocal place
        content: list = []
        while place < len(text):
            sign = text[place]
            number = NUMBER_AND_END.match(text, place) if closing == ")" else None
            if sign == "\\":
                if text[place + 1 : place + 2] and text[place + 1] in "()[]\\":
                    content.append((text[place + 1], 1.0))
                    place += 1
                place += 1
            elif number:
                place = number.end()
                return content, float(number[1])
            elif sign == closing:
                place += 1
                return content, 1.1 if sign == ")" else 1 / 1.1
            elif sign in "([":
                place += 1
                inner, factor = level(")" if sign == "(" else "]")
                content += [item if item is BREAK else (item[0], item[1] * factor) for item in inner]
            elif re.match(r"(?<!\w)BREAK(?!\w)", text[place:]) and not re.search(r"\w$", text[:place]):
                content.append(BREAK)
                place += len("BREAK")
            else:
                content.append((sign, 1.0))
                place += 1
        return content, {")": 1.1, "]": 1 / 1.1, "": 1.0}[closing]

    runs: list = []
    for item in level("")[0]:
        if item is BREAK:
            if runs and runs[-1] is not BREAK:
                runs[-1] = (runs[-1][0].rstrip(), runs[-1][1])
            runs.append(BREAK)
        elif runs and runs[-1] is not BREAK and runs[-1][1] == item[1]:
            runs[-1] = (runs[-1][0] + item[0], item[1])
        else:
            runs.append(item)
    return runs


def chunks_of(prompt: str, tokenizer) -> list[tuple[list[int], list[float]]]:
    """Cuts a prompt into chunks of 75 tokens with their weights."""
    size = tokenizer.model_max_length - 2
    comma = tokenizer(",", add_special_tokens=False).input_ids[0]
    added = tokenizer.get_added_vocab()
    done: list = []
    # Groups of tokens that stay together, each with its weight.
    groups: list = []

    def flush(count: int) -> None:
        nonlocal groups
        kept, groups = groups[:count], groups[count:]
        done.append(([i for ids, _ in kept for i in ids], [w for ids, w in kept for _ in ids]))

    for item in parse(prompt):
        if item is BREAK:
            flush(len(groups))
            continue
        text, weight = item
        for name in sorted(added, key=len, reverse=True):
            if f"{name}_1" in added:
                count = next(n for n in range(1, 1000) if f"{name}_{n}" not in added)
                text = text.replace(name, " ".join([name] + [f"{name}_{n}" for n in range(1, count)]))
        ids = tokenizer(text, add_special_tokens=False).input_ids
        names = tokenizer.convert_ids_to_tokens(ids)
        while ids:
            length = 1
            while names[0] in added and names[length : length + 1] == [f"{names[0]}_{length}"]:
                length += 1
            filled = sum(len(group) for group, _ in groups)
            if filled == size and ids[0] != comma:
                # How many tokens follow the last comma that does not begin the chunk of its own accord.
                after = 0
                for group, _ in reversed(groups):
                    if group == [comma]:
                        break
                    after += len(group)
                if after < 20 and any(group == [comma] for group, _ in groups):
                    flush(next(i for i in reversed(range(len(groups))) if groups[i][0] == [comma]) + 1)
                    filled = sum(len(group) for group, _ in groups)
            if filled + length > size:
                flush(len(groups))
            groups.append((ids[:length], weight))
            ids, names = ids[length:], names[length:]
    if groups or not done:
        flush(len(groups))
    return done


def rows_of(prompt: str, tokenizer, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and weights of a prompt, a row for each of so many chunks."""
    chunks = chunks_of(prompt, tokenizer)
    chunks += [([], [])] * (count - len(chunks))
    ids, weights = [], []
    for tokens, factors in chunks:
        fill = tokenizer.model_max_length - 2 - len(tokens)
        ids.append([tokenizer.bos_token_id, *tokens, tokenizer.eos_token_id, *[tokenizer.pad_token_id] * fill])
        weights.append([1.0, *factors, 1.0, *[1.0] * fill])
    return torch.tensor(ids), torch.tensor(weights)


def weigh(states: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighs the tokens of each chunk, and restores the mean of the chunk. Returns the chunks of one prompt, one behind the other."""
    parts = []
    for state, weight in zip(states, weights):
        product = state * weight[:, None]
        parts.append(product * (state.mean() / product.mean()))
    return torch.cat(parts)


def encode(pipe: StableDiffusionPipeline, prompts: list[str], count: int, clip_skip: int | None) -> torch.Tensor:
    results = []
    for prompt in prompts:
        ids, weights = rows_of(prompt, pipe.tokenizer, count)
        output = pipe.text_encoder(ids, output_hidden_states=True)
        states = output.last_hidden_state
        if clip_skip is not None:
            norm = getattr(pipe.text_encoder, "text_model", pipe.text_encoder).final_layer_norm
            states = norm(output.hidden_states[-(clip_skip + 1)])
        results.append(weigh(states, weights))
    return torch.stack(results)


def encode_xl(pipe: StableDiffusionXLPipeline, texts: tuple[str, str], count: int, clip_skip: int) -> tuple:
    parts = []
    for text, tokenizer, encoder in zip(texts, (pipe.tokenizer, pipe.tokenizer_2), (pipe.text_encoder, pipe.text_encoder_2)):
        ids, weights = rows_of(text, tokenizer, count)
        output = encoder(ids, output_hidden_states=True)
        parts.append(weigh(output.hidden_states[-(clip_skip + 2)], weights))
        pooled = output[0][:1]
    return torch.cat(parts, -1)[None], pooled


LONG = "a red apple on a table, " * 9 + "green house and a very long road to the far away mountains, blue (sky:1.4) with [clouds]"
CASES = [
    {"prompt": "a (red:1.3) apple, [green] ((house)), (blue: 0.5 ) sky (dark"},
    {"prompt": r"a \(red\) \[x\] \\ (apple\) :) and a: b, (cat:-0.5) (((big:1.2)) dog] ) \q"},
    {"prompt": "red apple BREAK (green house BREAK in the garden:1.2) BREAK"},
    {"prompt": LONG, "negative_prompt": "(bad:1.5)"},
    {"prompt": "one, " + "apple house " * 18, "negative_prompt": "blurry, bad and (ugly:1.1) " * 12},
    {"prompt": ["red apple", LONG], "negative_prompt": "bad, [ugly]", "clip_skip": 1},
    {"prompt": "red apple " * 12 + "a a (<style>:1.3) end", "negative_prompt": "<toy> (<style>)", "inversions": ["style", "toy"]},
]
CASES_XL = [
    {"prompt": "a (red:1.3) apple, [green] ((house))", "negative_prompt": "(bad:1.5) picture"},
    {"prompt": "red apple", "prompt_2": LONG, "negative_prompt": "", "negative_prompt_2": "red BREAK (green:0.7)", "clip_skip": 1},
]


def main(checkpoints: pathlib.Path, out_dir: pathlib.Path) -> None:
    tensors, records = {}, []
    for i, case in enumerate(CASES):
        folder = checkpoints / "stable_diffusion_adapters"
        pipe = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
        for name in case.get("inversions", []):
            pipe.load_textual_inversion(folder / "textual_inversion" / f"{name}.safetensors")
        prompts = [case["prompt"]] if isinstance(case["prompt"], str) else case["prompt"]
        negative = [case.get("negative_prompt", "")]
        count = max(len(chunks_of(text, pipe.tokenizer)) for text in prompts + negative)
        tensors[f"{i}.prompt_embeds"] = encode(pipe, prompts, count, case.get("clip_skip"))
        tensors[f"{i}.negative_prompt_embeds"] = encode(pipe, negative, count, None)
        records.append({"model": "stable_diffusion_adapters", "chunks": count, **case})
    pipe = StableDiffusionXLPipeline.from_pretrained(checkpoints / "stable_diffusion_xl_adapters")
    for i, case in enumerate(CASES_XL, len(CASES)):
        texts = (case["prompt"], case.get("prompt_2", case["prompt"]))
        negative = (case["negative_prompt"], case.get("negative_prompt_2", case["negative_prompt"]))
        tokenizers = (pipe.tokenizer, pipe.tokenizer_2)
        count = max(len(chunks_of(text, tokenizer)) for pair in (texts, negative) for text, tokenizer in zip(pair, tokenizers))
        for name, pair, clip_skip in (("", texts, case.get("clip_skip", 0)), ("negative_", negative, 0)):
            embeds, pooled = encode_xl(pipe, pair, count, clip_skip)
            tensors[f"{i}.{name}prompt_embeds"] = embeds
            tensors[f"{i}.{name}pooled_prompt_embeds"] = pooled
        records.append({"model": "stable_diffusion_xl_adapters", "chunks": count, **case})
    out_dir.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, out_dir / "embeds.safetensors")
    content = {"tolerance": {"atol": 2e-4, "rtol": 2e-4}, "cases": records}
    (out_dir / "cases.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoints", type=pathlib.Path)
    parser.add_argument("out_dir", type=pathlib.Path)
    arguments = parser.parse_args()
    main(arguments.checkpoints, arguments.out_dir)
