"""The receptive field of a network and the memory that a window takes, both measured on the network.

Bounds from the layers alone are far off: the 36 pixels that the bundled pair's convolutions read together are
mostly read faintly, and nobody sees what the outer two thirds say.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

__all__ = ["bytes_while", "cut_depth", "is_convolutional", "reach"]

# A quarter of an 8-bit level, so that the borders of two tiles together stay below one.
FAINT = 0.25
# Other pictures and blends than those measured reach a pixel or two further.
SAFETY = 3
LEAST_DEPTH = 4
PROBE_MARGIN = 16
# Octaves of the probe: the sizes of its grains in pixels. Natural pictures have equal contrast in each.
GRAINS = (1, 2, 4, 8, 16, 32)
# Enough for about a third of the probe to be full black or white.
CONTRAST = 1.5

POINTWISE = (
    nn.Identity, nn.Dropout, nn.PixelShuffle, nn.Upsample, nn.UpsamplingNearest2d, nn.UpsamplingBilinear2d,
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Mish, nn.Sigmoid, nn.Tanh,
    nn.Hardtanh, nn.Hardswish, nn.BatchNorm2d,
)  # fmt: skip


def reach(module: nn.Module) -> int:
    """How far, in input pixels, a convolutional network can see: the sum over its convolutions.

    An upper bound, since parallel branches and convolutions after upsampling count in full. For a network
    that works on blocks of pixels it counts blocks.
    """
    total = 0
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            total += max(
                (size - 1) // 2 * dilation
                for size, dilation in zip(layer.kernel_size, layer.dilation, strict=True)
            )
    return total


def is_convolutional(module: nn.Module) -> bool:
    """Whether all layers are known to be convolutions without stride, or to work on each pixel alone.

    Anything else (attention, pooling, normalisation over the picture) may see the whole picture, or see it
    in blocks.
    """
    layers = [layer for layer in module.modules() if next(layer.children(), None) is None]
    return all(
        layer.stride == (1, 1) if isinstance(layer, nn.Conv2d) else isinstance(layer, POINTWISE)
        for layer in layers
    )


@torch.inference_mode()
def cut_depth(run: Callable[[Tensor], Tensor], *, bound: int) -> int:
    """How far from a cut border the picture still differs from the uncut one's.

    Args:
        run: The network: uint8 (3, h, w) to float32 (C, scale * h, scale * w), in 8-bit levels.
        bound: The most that can come out; the probe is as large as that needs.

    Returns:
        Input pixels, from 4 to ``bound``: beyond them no level of the probe differs by a quarter, and there
        are 3 more for other pictures. The same at every call, for the same network and machine.
    """
    side = 2 * bound + 8
    whole = probe(side + 2 * PROBE_MARGIN)
    middle = whole[:, PROBE_MARGIN:-PROBE_MARGIN, PROBE_MARGIN:-PROBE_MARGIN]
    cut = run(middle)
    scale = cut.shape[-1] // side
    margin = scale * PROBE_MARGIN
    differences = (run(whole)[:, margin:-margin, margin:-margin] - cut).abs_().amax(dim=0)
    worst = functional.max_pool2d(differences[None, None], scale)[0, 0]  # (side, side), input pixels
    along = torch.arange(side)
    to_border = torch.minimum(along, side - 1 - along)
    seen = torch.minimum(to_border[:, None], to_border)[worst.cpu() >= FAINT]
    depth = int(seen.max()) + 1 + SAFETY if seen.numel() else LEAST_DEPTH
    return min(bound, max(LEAST_DEPTH, depth))


def probe(side: int) -> Tensor:
    """A picture with the statistics of a natural one and more contrast: uint8 (3, side, side)."""
    generator = torch.Generator().manual_seed(0)
    total = torch.zeros(1, 3, side, side)
    for grain in GRAINS:
        count = -(-side // grain)
        noise = torch.rand(1, 3, count, count, generator=generator) - 0.5
        total += functional.interpolate(noise, scale_factor=grain, mode="bicubic")[..., :side, :side]
    return total[0].mul_(CONTRAST).add_(0.5).clamp_(0, 1).mul_(255).round_().to(torch.uint8)


def bytes_while(run: Callable[[], object]) -> int:
    """The most bytes that tensors made inside ``run`` take up at one time, views counted once."""
    ledger = Ledger()
    with ledger:
        run()
    return ledger.peak


class Ledger(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch has no types there
    """Counts the memory of the tensors that operations make, until they are freed."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = self.now = 0
        self._held: set[int] = set()

    def __torch_dispatch__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> object:
        known = {one.untyped_storage()._cdata for one in tensors((args, kwargs))}
        result = func(*args, **(kwargs or {}))
        for one in tensors(result):
            storage = one.untyped_storage()
            if storage._cdata not in known | self._held:
                self._held.add(storage._cdata)
                self.now += storage.nbytes()
                weakref.finalize(storage, self._free, storage._cdata, storage.nbytes())
        self.peak = max(self.peak, self.now)
        return result

    def _free(self, storage: int, nbytes: int) -> None:
        self._held.discard(storage)
        self.now -= nbytes


def tensors(values: object) -> list[Tensor]:
    return [one for one in tree_leaves(values) if isinstance(one, Tensor)]
