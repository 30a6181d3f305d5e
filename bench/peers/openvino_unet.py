"""A UNet of diffusers as OpenVINO computes it, in bfloat16 where the processor has it."""

import openvino
import torch


class NoisePrediction(torch.nn.Module):
    """The UNet as a function of tensors alone."""

    def __init__(self, unet: torch.nn.Module) -> None:
        super().__init__()
        self.unet = unet.requires_grad_(False)

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor, encoder_hidden_states: torch.Tensor) -> torch.Tensor:
        return self.unet(sample, timestep, encoder_hidden_states=encoder_hidden_states, return_dict=False)[0]


class OpenVinoUNet:
    """Is called as the UNet is, for inputs of the shapes that it was made with."""

    def __init__(self, unet: torch.nn.Module, inputs: dict[str, torch.Tensor], threads: int) -> None:
        self.config = unet.config
        example = (inputs["sample"], inputs["timestep"], inputs["encoder_hidden_states"])
        shapes = [tuple(value.shape) for value in example]
        converted = openvino.convert_model(NoisePrediction(unet), example_input=example, input=shapes)
        settings = {"INFERENCE_PRECISION_HINT": "bf16", "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
        self.compiled = openvino.Core().compile_model(converted, "CPU", settings)

    def __call__(self, sample, timestep, encoder_hidden_states, **_) -> tuple[torch.Tensor]:
        result = self.compiled([sample.numpy(), timestep.numpy(), encoder_hidden_states.numpy()])[0]
        return (torch.from_numpy(result),)
