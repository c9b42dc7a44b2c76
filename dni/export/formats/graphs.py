"""Networks as other programs run them: any size of picture in, the padding that they need inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from dni.checkpoints.image_network import ImageNetwork

__all__ = ["FixedGraph", "LiveGraph"]


class FixedGraph(nn.Module):
    """One network; ``image`` is float32 (B, C, H, W) in [0, 1], and so is the output, scaled and unclipped.

    Args:
        network: It is used as it is, and converted to ``dtype``.
        dtype: What the network computes in.
    """

    def __init__(self, network: ImageNetwork, dtype: torch.dtype) -> None:
        super().__init__()
        self.module = network.module.to(dtype)
        self.multiple, self.scale, self.dtype = network.multiple_of, network.scale, dtype

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        output = self.run(pad(image, self.multiple).to(self.dtype)).float()
        return cut(output, height * self.scale, width * self.scale) if self.multiple > 1 else output

    def run(self, image: Tensor) -> Tensor:
        output: Tensor = self.module(image)
        return output


class LiveGraph(FixedGraph):
    """All ends of a blend, and the blend: the second input says how much of each.

    It is ``alpha``, a number, for two ends, and ``shares``, one an end, for more. Blended in float32, so
    that alpha 0 and 1 are the ends bit for bit. Tensors that all ends have alike are there once.

    Args:
        network: The first end's.
        states: One state dict an end, with the network's own names.
        dtype: What the ends are kept and the network computes in.
    """

    def __init__(
        self, network: ImageNetwork, states: Sequence[Mapping[str, Tensor]], dtype: torch.dtype
    ) -> None:
        super().__init__(network, dtype)
        self.num_ends = len(states)
        names = {id(tensor): name for name, tensor in self.module.state_dict(keep_vars=True).items()}
        inside = [*self.module.named_parameters(), *self.module.named_buffers()]
        self.blended = [
            (inner, names[id(tensor)])
            for inner, tensor in inside
            if id(tensor) in names
            and tensor.is_floating_point()
            and any(
                not torch.equal(states[0][names[id(tensor)]], state[names[id(tensor)]]) for state in states
            )
        ]
        self.ends = nn.ModuleList(
            nn.ParameterList(
                nn.Parameter(state[name].to(dtype), requires_grad=False) for _, name in self.blended
            )
            for state in states
        )

    def forward(self, image: Tensor, mix: Tensor) -> Tensor:  # type: ignore[override]
        shares = (1 - mix, mix) if self.num_ends == 2 else tuple(mix.unbind())
        self.shares = shares
        return super().forward(image)

    def run(self, image: Tensor) -> Tensor:
        state = {}
        for (inner, _), *tensors in zip(self.blended, *self.ends, strict=True):
            parts = [share * tensor.float() for share, tensor in zip(self.shares, tensors, strict=True)]
            state[inner] = torch.stack(parts).sum(0) if len(parts) > 2 else parts[0] + parts[1]
        cast = {name: tensor.to(self.dtype) for name, tensor in state.items()}
        output: Tensor = torch.func.functional_call(self.module, cast, (image,))
        return output


def pad(image: Tensor, multiple: int) -> Tensor:
    """Mirror the right and lower edge up to a multiple, as :func:`dni.rendering.forward.inputs.pad` does."""
    if multiple == 1:
        return image
    height, width = image.shape[-2:]
    return functional.pad(image, (0, -width % multiple, 0, -height % multiple), mode="reflect")


def cut(output: Tensor, height: int, width: int) -> Tensor:
    return output[..., :height, :width]
