"""Networks as other programs run them: any size of picture in, the padding that they need inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

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
        self.scale, self.dtype = network.scale, dtype
        self.multiple, self.minimum, self.square = network.multiple_of, network.minimum_size, network.square

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        output = self.run(self.pad(image).to(self.dtype)).float()
        return cut(output, height * self.scale, width * self.scale) if self.pads else output

    @property
    def pads(self) -> bool:
        """Whether there are pictures that the network does not take as they are."""
        return self.multiple > 1 or self.minimum > 1 or self.square

    def pad(self, image: Tensor) -> Tensor:
        """Extend to the right and below, as :func:`dni.rendering.forward.inputs.pad` does."""
        if not self.pads:
            return image
        height, width = (self.padded(side) for side in image.shape[-2:])
        if self.square:
            height = width = torch.sym_max(height, width)
        return extend(extend(image, height, dimension=2), width, dimension=3)

    def padded(self, side: int) -> int | torch.SymInt:
        """Rounded up with positive numbers only, since ONNX divides towards zero."""
        least = torch.sym_max(side, self.minimum)
        return (least + self.multiple - 1) // self.multiple * self.multiple

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


def extend(image: Tensor, length: int | torch.SymInt, *, dimension: int) -> Tensor:
    """Mirror at the edge, and where the picture is too small for that repeat its last pixels.

    By indices: a graph for pictures of any size cannot choose between two kinds of padding.
    """
    last = image.shape[dimension] - 1
    indices = last - (torch.arange(length, device=image.device) - last).abs()
    return image.index_select(dimension, indices.clamp_min(0))


def cut(output: Tensor, height: int, width: int) -> Tensor:
    return output[..., :height, :width]
