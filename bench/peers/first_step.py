"""What a script pays until its first UNet step is done: start, imports, loading in float32, one step with guidance. Prints one line of JSON."""

import argparse
import json
import time

from own_process import memory, seconds_since_start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="the model's root folder")
    parser.add_argument("--size", type=int, default=512, help="pixels")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()

    start = time.perf_counter()
    import torch
    from diffusers import UNet2DConditionModel

    torch.set_num_threads(arguments.threads)
    imported = time.perf_counter()
    unet = UNet2DConditionModel.from_pretrained(arguments.folder, subfolder="unet", dtype=torch.float32)
    loaded = time.perf_counter()
    side = arguments.size // 8
    with torch.inference_mode():
        unet(torch.randn(2, unet.config.in_channels, side, side), 500, torch.randn(2, 77, unet.config.cross_attention_dim))
    done = time.perf_counter()
    print(
        json.dumps(
            {
                "seconds": seconds_since_start(),
                "importSeconds": imported - start,
                "loadSeconds": loaded - imported,
                "stepSeconds": done - loaded,
                "peakRss": memory()["peak"],
            }
        )
    )


main()
