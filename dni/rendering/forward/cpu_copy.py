"""Copies of a network and its tensors on the CPU, in float32."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

__all__ = ["copy_to_cpu", "on_cpu"]


def copy_to_cpu(module: nn.Module) -> nn.Module:
    """The module in float32 on the CPU, without a copy on its own device in between."""
    copies: dict[int, object] = {id(buffer): on_cpu(buffer) for buffer in module.buffers()}
    for parameter in module.parameters():
        copies[id(parameter)] = nn.Parameter(on_cpu(parameter.detach()), requires_grad=False)
    return copy.deepcopy(module, copies)


def on_cpu(tensor: Tensor) -> Tensor:
    """A copy on the CPU, in float32 where it has floating point."""
    dtype = torch.float32 if tensor.is_floating_point() else tensor.dtype
    return tensor.to("cpu", dtype, copy=True)
