"""The same functions with fewer operations.

At 0.87 M parameters a training step is mostly Python and dispatch overhead, so fewer calls mean a faster step.
"""

from collections.abc import Callable

import torch
from peft.tuners.lora import Linear


def fuse_activations(model: torch.nn.Module) -> None:
    """Replace transformers' tanh GELU, six operations in Python, with torch's single operation."""
    for module in model.modules():
        if hasattr(module, "act"):
            module.act = torch.nn.GELU(approximate="tanh")


def _merged(layer: Linear) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return a forward function that multiplies once by the merged weight instead of adding two products."""
    weight, bias = layer.base_layer.weight, layer.base_layer.bias
    (name,) = layer.active_adapters
    # Shapes: weight (in, out), down (r, in), up (out, r). So down.T @ up.T is (in, out), like the weight.
    down, up, scale = layer.lora_A[name].weight, layer.lora_B[name].weight, layer.scaling[name]

    def forward(inputs: torch.Tensor) -> torch.Tensor:
        merged = torch.addmm(weight, down.t(), up.t(), alpha=scale)
        # (batch, length, in) is flattened to (batch * length, in), because addmm takes matrices only.
        rows = torch.addmm(bias, inputs.reshape(-1, inputs.shape[-1]), merged)
        return rows.view(*inputs.shape[:-1], -1)

    return forward


def fuse_adapters(model: torch.nn.Module) -> None:
    """Make each adapted layer merge its weights in every forward pass, which is cheap at this size."""
    for module in model.modules():
        if isinstance(module, Linear):
            module.forward = _merged(module)
