"""A UNet of diffusers as OpenVINO computes it, in bfloat16 where the processor has it."""

import openvino
import torch


class OpenVinoUNet:
    """Is called as the UNet is, for inputs of the shapes that it was made with."""

    def __init__(self, model: torch.nn.Module, inputs: dict[str, torch.Tensor], threads: int) -> None:
        self.config = model.config

        class Call(torch.nn.Module):
            def forward(self, sample, timestep, encoder_hidden_states):
                return model(sample, timestep, encoder_hidden_states=encoder_hidden_states, return_dict=False)[0]

        example = (inputs["sample"], inputs["timestep"], inputs["encoder_hidden_states"])
        converted = openvino.convert_model(Call(), example_input=example, input=[tuple(value.shape) for value in example])
        settings = {"INFERENCE_PRECISION_HINT": "bf16", "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
        self.compiled = openvino.Core().compile_model(converted, "CPU", settings)

    def __call__(self, sample, timestep, encoder_hidden_states, **_) -> tuple[torch.Tensor]:
        result = self.compiled([sample.numpy(), timestep.numpy(), encoder_hidden_states.numpy()])[0]
        return (torch.from_numpy(result),)
