"""Copies some runs of a recorded pipeline into a smaller case beside the checkpoint that is there already.

    python testing/goldens/slim_runs.py RECORDED_CASE CASE NAME RUN...

writes CASE/case-NAME.json and CASE/io-NAME.safetensors with the last latents, the timesteps and the pictures of the runs (of the first, the latents of each step),
and copies the LoRA files that they load. A test reads it as the case "CASE/NAME".
"""

import json
import shutil
import sys
from pathlib import Path

from safetensors.torch import load_file, save_file


def slim(run, keeps_steps):
    """Keeps those tensors of a run that its result is compared with."""
    steps = sorted((name for name in run["tensors"] if name.startswith("latents_after.")), key=lambda name: int(name.split(".")[1]))
    kept = {name: tensor for name, tensor in run["tensors"].items() if name == "timesteps" or name.split(".")[0] == "image"}
    if keeps_steps:
        kept.update({name: run["tensors"][name] for name in steps})
    else:
        kept["latents"] = run["tensors"][steps[-1]]
    return {**run, "tensors": kept}


def used_tensors(value):
    """Names of all tensors that a description refers to."""
    if isinstance(value, list):
        return {name for item in value for name in used_tensors(item)}
    if not isinstance(value, dict):
        return set()
    if isinstance(value.get("tensor"), str):
        return {value["tensor"]}
    return {name for item in value.values() for name in used_tensors(item)}


def main(source, target, name, *names):
    source, target = Path(source), Path(target)
    case = json.loads((source / "case.json").read_text())
    runs = {run["name"]: run for run in case["runs"]}
    kept = [slim(runs[run], index == 0) for index, run in enumerate(names)]
    tensors = load_file(source / "io.safetensors")
    used = sorted(used_tensors(kept))
    file = f"io-{name}.safetensors"
    slimmed = {key: value for key, value in case.items() if key not in ("modular", "default_components")}
    slimmed.update(runs=kept, io=file, tensors={key: case["tensors"][key] for key in used})
    (target / f"case-{name}.json").write_text(json.dumps(slimmed, indent=1) + "\n")
    save_file({key: tensors[key] for key in used}, target / file)
    for step in [step for run in kept for step in run.get("setup", []) if "file" in step]:
        (target / step["file"]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / step["file"], target / step["file"])


main(*sys.argv[1:])
