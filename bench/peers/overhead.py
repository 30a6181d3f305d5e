"""What diffusers' modular pipelines cost for each block: the counterpart of overhead.ts. Prints one line of JSON, in microseconds."""

import json
import logging
import statistics
import sys
import time

logging.disable(logging.CRITICAL)

from diffusers.modular_pipelines import (  # noqa: E402
    InputParam,
    LoopSequentialPipelineBlocks,
    ModularPipelineBlocks,
    OutputParam,
    SequentialPipelineBlocks,
)
from diffusers.modular_pipelines.modular_pipeline import PipelineState  # noqa: E402


class Parameters:
    description = "Adds one to x."

    @property
    def inputs(self):
        return [InputParam("x", required=True)]

    @property
    def intermediate_outputs(self):
        return [OutputParam("x")]


class Add(Parameters, ModularPipelineBlocks):
    def __call__(self, components, state):
        block_state = self.get_block_state(state)
        block_state.x += 1
        self.set_block_state(state, block_state)
        return components, state


class AddInLoop(Parameters, ModularPipelineBlocks):
    def __call__(self, components, block_state, i):
        block_state.x += 1
        return components, block_state


class Repeat(LoopSequentialPipelineBlocks):
    description = "Iterates num_steps times."
    block_classes = []
    block_names = []

    @property
    def loop_inputs(self):
        return [InputParam("num_steps", required=True)]

    def __call__(self, components, state):
        block_state = self.get_block_state(state)
        for i in range(block_state.num_steps):
            components, block_state = self.loop_step(components, block_state, i=i)
        self.set_block_state(state, block_state)
        return components, state


def measure(rounds, units, action):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1e6 / units)
    return statistics.median(times)


def main():
    leaves, loop_blocks, steps, rounds = (int(argument) for argument in sys.argv[1:5])
    sequence = SequentialPipelineBlocks.from_blocks_dict({f"block{i}": Add() for i in range(leaves)})
    loop = Repeat.from_blocks_dict({f"block{i}": AddInLoop() for i in range(loop_blocks)})

    def run(blocks, **values):
        state = PipelineState()
        for name, value in values.items():
            state.set(name, value)
        blocks(None, state)

    print(
        json.dumps(
            {
                "leaf": measure(rounds, leaves, lambda: run(sequence, x=0)),
                "loop": measure(rounds, loop_blocks * steps, lambda: run(loop, x=0, num_steps=steps)),
            }
        )
    )


main()
