"""Small seeded networks of every architecture: the two ends of a blend, as state dicts that spandrel loads.

The weights are random and *excited*: what constructors leave at zero or nearly so (last layers, scales of
residual branches) gets values too, so that a difference of two renders is larger than in trained networks.
"""

from __future__ import annotations

import hashlib
import re
from importlib import import_module
from typing import Any

import spandrel
import torch
from torch import Tensor, nn

from benchmarks.architecture_rows import Row

__all__ = ["make_ends", "make_state"]

# The ends differ by this share of each parameter's spread.
APART = 0.05
PROBE_SIDE = 64
# The spread of the output's values that is aimed at, around the middle grey.
CONTRAST = 0.2


def make_ends(row: Row) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Two related networks: state dicts in float32, under the names that the architecture's files have.

    The second end has seen more batches than the first where the network counts them. The same at every call.
    """
    first = make_state(row)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(row) + 1)
        second = {name: moved(name, tensor) for name, tensor in first.items()}
    return first, second


def make_state(row: Row) -> dict[str, Tensor]:
    """One network, its output around the middle grey where its last layer allows that."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed_of(row))
        module = constructor(row)(**row.options).eval()
        excite(module)
        state = copied(module.state_dict())
        if row.variant == "unshuffle" and row.architecture == "SwinIR":
            state = {
                re.sub(r"^conv_first\.", "conv_first.1.", name): tensor for name, tensor in state.items()
            }
        if row.heavy:
            return state
        descriptor = spandrel.ModelLoader().load_from_state_dict(dict(state)).eval()
        set_contrast(descriptor, state)
    return state


def constructor(row: Row) -> type[nn.Module]:
    found: type[nn.Module] = getattr(
        import_module(f"spandrel.architectures.{row.architecture}"), row.constructor
    )
    return found


def seed_of(row: Row) -> int:
    return int.from_bytes(hashlib.sha256(row.name.encode()).digest()[:4], "little")


def copied(state: dict[str, Any]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in state.items() if isinstance(tensor, Tensor)}


def excite(module: nn.Module) -> None:
    """Give values to parameters that are all (nearly) alike, and statistics to batch norms."""
    for parameter in module.parameters():
        if parameter.numel() > 1 and parameter.std() < 1e-3:
            spread = 0.1 if parameter.mean().abs() > 0.5 else 0.3 / max(1, parameter[0].numel()) ** 0.5
            parameter.add_(spread * torch.randn_like(parameter))
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d) and layer.running_mean is not None:
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)  # type: ignore[union-attr]  # there are both or neither
            layer.num_batches_tracked.fill_(1000)  # type: ignore[union-attr]


def moved(name: str, tensor: Tensor) -> Tensor:
    """A tensor of the second end: parameters and statistics 5 % apart, everything else equal."""
    if name.endswith("num_batches_tracked"):
        return tensor + 500
    if not tensor.is_floating_point() or tensor.numel() < 2 or is_derived(name):
        return tensor.clone()
    return tensor + APART * tensor.std() * torch.randn_like(tensor)


def is_derived(name: str) -> bool:
    """Whether the tensor follows from the architecture alone, and training does not change it."""
    return any(
        word in name for word in ("attn_mask", "relative_", "init_pos", "_mean.", "rpe_biases", "Meta")
    )


def last_layer(descriptor: Any) -> tuple[str, Tensor]:
    """The name of the weight that runs last, of a convolution or linear layer, and the layer's input."""
    ran: list[tuple[str, Tensor]] = []
    layers = {
        name: layer
        for name, layer in descriptor.model.named_modules()
        if isinstance(layer, (nn.Conv2d, nn.Linear))
    }
    hooks = [
        layer.register_forward_hook(
            lambda _, inputs, __, name=name: ran.append((f"{name}.weight", inputs[0]))
        )
        for name, layer in layers.items()
    ]
    raw_output(descriptor)
    for hook in hooks:
        hook.remove()
    return ran[-1]


def raw_output(descriptor: Any) -> Tensor:
    """What the network says of a fixed picture, not clipped."""
    size = descriptor.size_requirements
    side = max(PROBE_SIDE, size.minimum, size.multiple_of)
    picture = torch.rand(1, descriptor.input_channels, side, side, generator=torch.Generator().manual_seed(0))
    output: Tensor = descriptor._call_fn(descriptor.model, picture)
    return output


def set_contrast(descriptor: Any, state: dict[str, Tensor]) -> None:
    """Change the last layer until the output has about the wanted spread around the middle grey."""
    last, inputs = last_layer(descriptor)
    if last not in state:
        return
    weight, bias = state[last], state.get(last.removesuffix("weight") + "bias")
    for _ in range(2):
        gain = float(CONTRAST / raw_output(descriptor).std().clamp(min=1e-6))
        weight.mul_(min(100.0, max(0.01, gain)))
        descriptor.model.get_parameter(last).copy_(weight)
    missing = 0.5 - raw_output(descriptor).mean()
    if bias is not None:
        bias.add_(missing)
    elif weight.ndim == 4 and weight.shape[1] == inputs.shape[1]:
        means = inputs.mean(dim=(0, 2, 3))
        weight[:, :, weight.shape[2] // 2, weight.shape[3] // 2] += missing * means / means.square().sum()
