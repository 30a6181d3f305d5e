"""What the makers of random cases share: the command line, and going on until there are enough cases of each class."""

import argparse
import collections
import json
import pathlib
import random
import typing

import diffusers
import torch


def write_cases(
    kind: typing.Literal["guider", "scheduler"],
    suffix: str,
    classes: typing.Iterable[str],
    description: str,
    make_case: typing.Callable[[random.Random, str], tuple],
    write_case: typing.Callable[..., dict],
) -> None:
    """Writes cases of each class, and an index of them, into the area of the kind.

    `make_case` draws a case of a class; what it raises is counted as a case that was skipped. `write_case` is given a folder and what was made, and
    returns the case's entry in the index. `suffix` is what names of classes end in, and are called without.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path, help="folder to write; it must be empty or new")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=12, help="cases of each class")
    parser.add_argument("--classes", default=",".join(classes), help=f"names without {suffix}, joined by commas")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    entries: list[dict] = []
    skipped: list[dict] = []
    for name in arguments.classes.split(","):
        rng = random.Random(f"{arguments.seed} {name}")
        reasons: collections.Counter[str] = collections.Counter()
        made = 0
        while made < arguments.count and reasons.total() < 20 * arguments.count:
            try:
                case = make_case(rng, name)
            except Exception as error:  # Whatever the reference stumbles over.
                reasons[f"{type(error).__name__}: {str(error).strip()[:100]}"] += 1
                continue
            made += 1
            entries.append(write_case(arguments.out / f"{kind}s" / f"{name.lower()}_{made:03}", *case))
        skipped += [{f"{kind}_class": f"{name}{suffix}", "reason": reason, "count": count} for reason, count in reasons.items()]
        print(f"{name}: {made} cases, {reasons.total()} skipped", *(f"\n    {n} x {reason}" for reason, n in reasons.most_common()), sep="")
    index = {"seed": arguments.seed, "made_with": {"torch": torch.__version__, "diffusers": diffusers.__version__}}
    (arguments.out / "index.json").write_text(json.dumps(index | {"cases": entries, "skipped": skipped}, indent=1))
