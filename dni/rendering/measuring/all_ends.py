"""Measurements of a blend: at every end and in the middle of them, the worst of which holds for every mix."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from dni.blending.blend import Blend
from dni.checkpoints.image_network import ImageNetwork
from dni.rendering.measuring.receptive_field import cut_depth
from dni.rendering.measuring.surroundings import Surroundings, grids, measure_surroundings

__all__ = ["depth_at_all_ends", "surroundings_at_all_ends"]

Levels = Callable[[nn.Module, Tensor], Tensor]
"""Runs a network on uint8 (3, h, w): float32 (C, scale * h, scale * w), in 8-bit levels."""


def depth_at_all_ends(blend: Blend, levels: Levels, *, bound: int) -> int:
    """How far a cut border is seen in a blend of convolutions; see :func:`cut_depth`."""
    deepest = 0
    for shares in middle_and_ends(blend.num_ends):
        with blend.at(shares) as module:
            deepest = max(deepest, cut_depth(partial(levels, module), bound=bound))
    return deepest


def surroundings_at_all_ends(
    blend: Blend, levels: Levels, network: ImageNetwork, *, side: int
) -> Surroundings:
    """What parts of a picture need in a blend of networks with other layers than convolutions.

    Args:
        blend: The ends.
        levels: Runs one.
        network: What is known of them.
        side: Of a picture that is large enough to tell strides.
    """
    found: Surroundings | None = None
    for shares in middle_and_ends(blend.num_ends):
        with blend.at(shares) as module:
            run = partial(levels, module)
            if found is None:
                picture = torch.zeros(3, side, side, dtype=torch.uint8)
                tried = grids(module, partial(run, picture), side=side, multiple=network.multiple_of)
            here = measure_surroundings(
                run, tried, multiple=network.multiple_of, minimum=network.minimum_size
            )
        found = here.around(found) if found else here
        tried = (found.grid,)
    assert found is not None, "a blend has ends"
    return found


def middle_and_ends(count: int) -> list[list[float]]:
    """Shares: all alike, then each end alone."""
    return [[1 / count] * count, *torch.eye(count).tolist()]
