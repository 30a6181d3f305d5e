"""Ids and masks of tokenizers with settings, made with transformers: what `__tests__/goldens/tokenizer-settings` holds.

    tokenizer_settings.py __tests__/goldens/tokenizer/small_bpe __tests__/goldens/tokenizer-settings/cases.json

Each case is the small vocabulary with other files beside it. A case records the rows of the prompts as they are, and padded and truncated to twelve tokens.
A case that transformers refuses records its error.
"""

import argparse
import json
import pathlib
import shutil
import tempfile

import transformers
from transformers import CLIPTokenizer, PreTrainedTokenizerFast

transformers.logging.set_verbosity_error()

LENGTH = 12
VOCABULARY = 814
START, END = 812, 813
PROMPTS = [
    "",
    "of mars <toy>, <Toy>s and <TOY>",
    "a<toy>b _<toy>_ 1<toy> <toy>́ (<toy>) ß<toy>",
    "of  \t<toy>\n  mars",
    "<toy><toy> <toy-car> <toy>-car",
    "cat toy CAT  TOY cat\ntoy",
    "!mars! of!!",
    "<|startoftext|> of <|endoftext|> mars <|ENDOFTEXT|>",
    "a photograph of an astronaut riding a horse on mars, high resolution, <toy> of <toy>",
    "Ångström <toy>́ H̱ ΣΑΣ <ΣΑΣ> <σασ>",
]


def token(content: str, **flags) -> dict:
    plain = {"lstrip": False, "normalized": True, "rstrip": False, "single_word": False, "special": False}
    return {"content": content, **plain, **flags}


def listed(*tokens: dict, first: int = VOCABULARY, **settings) -> dict:
    """A tokenizer_config.json that lists the added tokens, with their settings."""
    roles = {str(START): token("<|startoftext|>", special=True), str(END): token("<|endoftext|>", special=True)}
    numbered = {str(first + i): entry for i, entry in enumerate(tokens)}
    return {"tokenizer_config.json": {"added_tokens_decoder": {**roles, **numbered}, **settings}}


def config(**settings) -> dict:
    return {"tokenizer_config.json": settings}


def token_map(**settings) -> dict:
    return {"special_tokens_map.json": settings}


FLAGS = [
    {name: True for i, name in enumerate(("single_word", "lstrip", "rstrip", "special")) if bits >> i & 1}
    | {"normalized": normalized}
    for bits in range(16)
    for normalized in (False, True)
]

# name → files beside vocab.json and merges.txt; "tokenizer.json" holds what differs from the vocabulary's own
CASES = {
    "plain": {},
    **{
        "flags " + (" ".join(name for name, value in flags.items() if value) or "none"): listed(token("<toy>", **flags))
        for flags in FLAGS
    },
    "two tokens, one the beginning of the other": listed(token("<toy>", single_word=True), token("<toy>-car", lstrip=True)),
    "token of two words": listed(token("cat toy")),
    "token of two words, verbatim": listed(token("cat toy", normalized=False, lstrip=True, rstrip=True)),
    "token of upper case": listed(token("<Toy>"), token("<TOY>", normalized=False)),
    "token with a sigma": listed(token("<ΣΑΣ>")),
    "token that is a word": listed(token("mars"), token("of", single_word=True)),
    "token of the vocabulary": listed(token("!", normalized=False), first=0, pad_token="!"),
    "ids that do not follow the vocabulary": listed(token("<other>"), token("<toy>"), first=5000),
    "one token twice": {
        "tokenizer_config.json": {
            "added_tokens_decoder": {"900": token("<toy>", single_word=True), "901": token("<toy>", lstrip=True)}
        }
    },
    "roles that are normalized": {
        "tokenizer_config.json": {
            "added_tokens_decoder": {
                str(START): token("<|startoftext|>", special=True, normalized=False),
                str(END): token("<|endoftext|>", special=True, normalized=True),
            }
        }
    },
    "no flags": {"tokenizer_config.json": {"added_tokens_decoder": {"814": {"content": "<toy>"}}}},
    "no flags but special": {"tokenizer_config.json": {"added_tokens_decoder": {"814": {"content": "<toy>", "special": True}}}},
    "padding left": config(padding_side="left"),
    "truncation left": config(truncation_side="left"),
    "both left": listed(token("<toy>"), padding_side="left", truncation_side="left"),
    "padding in the middle": config(padding_side="middle"),
    "truncation in the middle": config(truncation_side="middle"),
    "lower case false": config(do_lower_case=False),
    "prefix space": config(add_prefix_space=True),
    "no start and no end": config(add_bos_token=False, add_eos_token=False),
    "clean up": config(clean_up_tokenization_spaces=True),
    "errors": config(errors="strict"),
    "length 9": config(model_max_length=9),
    "older length 9": config(max_len=9),
    "both lengths": config(max_len=9, model_max_length=10),
    "filler of its own": config(pad_token="[PAD]"),
    "filler with flags": config(pad_token={"__type": "AddedToken", **token("<toy>", single_word=True)}),
    "no filler": config(pad_token=None),
    "no start token": config(bos_token=None),
    "no unknown token": config(unk_token=None),
    "start token is a word": config(bos_token="!"),
    "end token is a word": config(eos_token="!"),
    "unknown token is a word": config(unk_token="!"),
    "split special tokens": config(split_special_tokens=True),
    "split special tokens, one is not": listed(token("<toy>"), split_special_tokens=True),
    "additional special tokens": config(additional_special_tokens=["<toy>", "cat toy"]),
    "extra special tokens": config(extra_special_tokens=["<toy>"]),
    "extra before additional": config(extra_special_tokens=["<toy>"], additional_special_tokens=["cat toy"]),
    "named special tokens": config(extra_special_tokens={"toy_token": "<toy>"}),
    "token by its own key": config(image_token="<toy>", mask_token="cat toy", sep_token="[SEP]", cls_token="[CLS]"),
    "map": token_map(pad_token="!", bos_token=token("<|startoftext|>"), eos_token=token("<|endoftext|>", single_word=True)),
    "map with additional tokens": token_map(additional_special_tokens=["<toy>"]),
    "map with a key of its own": token_map(image_token="<toy>"),
    "map over config": {**config(pad_token="<|endoftext|>", padding_side="left"), **token_map(pad_token="!", padding_side="right")},
    "map beside listed tokens": {**listed(token("<toy>"), pad_token="<|endoftext|>"), **token_map(pad_token="!")},
    "map and config with additional tokens": {
        **config(additional_special_tokens=["<toy>"]),
        **token_map(additional_special_tokens=["cat toy"]),
    },
    "map adds to extra tokens": {**config(extra_special_tokens=["<toy>"]), **token_map(extra_special_tokens=["cat toy", "<toy>"])},
    "added tokens alone": {"added_tokens.json": {"<toy>": 814, "cat toy": 815}},
    "added tokens, one with a role": {"added_tokens.json": {"<toy>": 814, "<|endoftext|>": END}, **config(pad_token="<toy>")},
    "added tokens in another order": {"added_tokens.json": {"cat toy": 900, "<toy>": 850}},
    "added tokens beside listed ones": {"added_tokens.json": {"cat toy": 815}, **listed(token("<toy>"))},
    "tokenizer.json": {"tokenizer.json": {}},
    "tokenizer.json with tokens": {"tokenizer.json": {"added_tokens": [{"id": 814, **token("<toy>", single_word=True)}]}},
    "tokenizer.json with tokens out of order": {
        "tokenizer.json": {"added_tokens": [{"id": 815, **token("<toy>", lstrip=True)}, {"id": 814, **token("cat toy")}]}
    },
    "tokenizer.json and added tokens": {
        "tokenizer.json": {"added_tokens": [{"id": 814, **token("<toy>", single_word=True)}]},
        "added_tokens.json": {"<toy>": 814, "cat toy": 815},
    },
    "tokenizer.json beside listed tokens": {
        "tokenizer.json": {"added_tokens": [{"id": 814, **token("<toy>", single_word=True)}]},
        **listed(token("cat toy")),
    },
    "tokenizer.json that pads left": {
        "tokenizer.json": {
            "padding": {"strategy": {"Fixed": 9}, "direction": "Left", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "!"},
            "truncation": {"direction": "Left", "max_length": 9, "strategy": "LongestFirst", "stride": 0},
        }
    },
    "tokenizer.json that pads left, config right": {
        "tokenizer.json": {
            "padding": {"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "!"},
            "truncation": {"direction": "Left", "max_length": 9, "strategy": "LongestFirst", "stride": 0},
        },
        **config(padding_side="right", truncation_side="right"),
    },
    "tokenizer.json with other steps": {"tokenizer.json": {"normalizer": None, "post_processor": None}},
}

# The generic class does what tokenizer.json says.
GENERIC_CASES = {
    "generic": {"tokenizer.json": {}, **config(pad_token="<|endoftext|>")},
    "generic, both left": {"tokenizer.json": {}, **config(pad_token="!", padding_side="left", truncation_side="left")},
    "generic with listed tokens": {"tokenizer.json": {}, **listed(token("<toy>", single_word=True), pad_token="!")},
    "generic with tokens": {
        "tokenizer.json": {"added_tokens": [
            {"id": START, **token("<|startoftext|>", special=True)},
            {"id": END, **token("<|endoftext|>", special=True)},
            {"id": 814, **token("<toy>", single_word=True)},
        ]},
        **config(pad_token="<|endoftext|>", image_token="cat toy"),
    },
}


def rows_of(tokenizer) -> list:
    rows = []
    for prompt in PROMPTS:
        padded = tokenizer(prompt, padding="max_length", max_length=LENGTH, truncation=True)
        row = {"ids": tokenizer(prompt)["input_ids"], "padded": padded["input_ids"], "mask": padded["attention_mask"]}
        rows.append(row)
    return rows


def run(source: pathlib.Path, cls: type, files: dict) -> dict:
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for name in ("vocab.json", "merges.txt"):
            shutil.copy(source / name, folder / name)
        for name, content in files.items():
            if name == "tokenizer.json":
                content = {**json.loads((source / name).read_text()), **content}
            (folder / name).write_text(json.dumps(content))
        try:
            tokenizer = cls.from_pretrained(folder)
            rows = rows_of(tokenizer)
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"[:120]}
        length = tokenizer.model_max_length
        added = {content: i for content, i in tokenizer.added_tokens_encoder.items()}
        return {"model_max_length": length if length < 1e9 else None, "added": added, "rows": rows}


def main(source: pathlib.Path, out: pathlib.Path) -> None:
    cases = []
    for cls, named in ((CLIPTokenizer, CASES), (PreTrainedTokenizerFast, GENERIC_CASES)):
        class_name = "CLIPTokenizer" if cls is CLIPTokenizer else "PreTrainedTokenizerFast"
        for name, files in named.items():
            cases.append({"name": name, "class": class_name, "files": files, **run(source, cls, files)})
    out.parent.mkdir(parents=True, exist_ok=True)
    head = json.dumps({"transformers": transformers.__version__, "length": LENGTH, "prompts": PROMPTS}, ensure_ascii=False)
    lines = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
    out.write_text(head[:-1] + ', "cases": [\n' + lines + "\n]}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=pathlib.Path, help="the folder of the small vocabulary")
    parser.add_argument("out", type=pathlib.Path, help="the file that is written")
    arguments = parser.parse_args()
    main(arguments.source, arguments.out)
