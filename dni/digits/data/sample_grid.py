"""The grids of sample digits in four domains, and the held-out digits that accuracies are measured on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from dni.caches import SingleFlightCache
from dni.digits.data.digit_sources import DigitSource, Photographs
from dni.digits.data.domains import Digits, build_mnist_m, cut_patches, invert, put_over
from dni.errors import DniError
from dni.pictures.picture import to_pil

__all__ = ["DOMAINS", "OwnPicture", "SampleGrids"]

DOMAINS = ("mnist", "mnist_m", "inverted", "yours")
NUM_CLASSES = 10
# Of each class, on the grids and on the map.
GRID_EACH = 4
MAP_EACH = 15
MAX_HELD_OUT = 1000
SEED = 0
# A larger picture is reduced first, or a patch of it would be one smooth colour; BSDS500's have 481.
LONGEST_SIDE = 640
PATCH_BYTES = 64_000_000


@dataclass(frozen=True)
class OwnPicture:
    """The picture behind the digits of the domain "yours"; two are equal if token and strength are.

    Attributes:
        rgb: uint8 (3, H, W), of any size.
        token: What the picture is known by.
        strength: How far it is faded in, 0 to 1.

    Raises:
        DniError: Another shape or dtype, or a strength outside 0 to 1.
    """

    rgb: Tensor = field(compare=False, repr=False)
    token: str
    strength: float = 1.0

    def __post_init__(self) -> None:
        if self.rgb.dtype != torch.uint8 or self.rgb.ndim != 3 or self.rgb.shape[0] != 3:
            raise DniError(
                f"Expected a picture of uint8 (3, H, W), but got {self.rgb.dtype} {tuple(self.rgb.shape)}."
            )
        if not 0 <= self.strength <= 1:
            raise DniError(f"Expected a strength from 0 to 1, but got {self.strength}.")

    @property
    def key(self) -> tuple[str, float]:
        """What results are known by: without the picture, which they would keep alive."""
        return self.token, self.strength


class Split(NamedTuple):
    """Digits of which none is in two parts; those of grid and map sorted by class."""

    grid: Digits
    map: Digits
    held_out: Digits


class SampleGrids:
    """The same digits in every domain.

    Args:
        handwriting: Grey digits.
        photographs: Behind the digits of MNIST-M.

    Attributes:
        split: The grey digits.
        grid: uint8 (3, 40, 3, 28, 28), in the domains that are not the person's own.
        map: uint8 (2, 150, 3, 28, 28), in MNIST and MNIST-M.
        held_out: uint8 (3, N, 3, 28, 28), of at most 1000 digits.

    Raises:
        DniError: Too few digits.
    """

    def __init__(self, digit_source: DigitSource, photographs: Photographs) -> None:
        self.split = split(digit_source.digits)
        self.grid, self.map, self.held_out = (in_domains(part.images, photographs) for part in self.split)
        self.map = self.map[:2]
        self._patches = SingleFlightCache(PATCH_BYTES)

    def own_grid(self, own: OwnPicture) -> Tensor:
        """The grid's digits over the person's own picture: uint8 (1, 40, 3, 28, 28)."""
        images = self.split.grid.images
        return put_over(images, self.patches(own)[: len(images)], strength=own.strength)[None]

    def own_held_out(self, own: OwnPicture, count: int | None = None) -> Tensor:
        """All or the first ``count`` of the held-out digits over it: uint8 (1, N, 3, 28, 28)."""
        images = self.split.held_out.images[:count]
        patches = self.patches(own)[len(self.split.grid) :][: len(images)]
        return put_over(images, patches, strength=own.strength)[None]

    def patches(self, own: OwnPicture) -> Tensor:
        """Patches of the picture for the digits of the grid, then for the held-out ones."""
        count = len(self.split.grid) + len(self.split.held_out)
        return self._patches.recall(own.token, lambda: cut_patches(reduced(own.rgb), count, seed=SEED))

    def forget(self, matches: Callable[[str], bool]) -> None:
        """Free the patches of the pictures whose token matches."""
        self._patches.drop(matches)


def split(digits: Digits) -> Split:
    """Choose the digits at random, from a fixed seed."""
    order = torch.randperm(len(digits), generator=torch.Generator().manual_seed(SEED))
    groups = [order[digits.labels[order] == label] for label in range(NUM_CLASSES)]
    if min(len(group) for group in groups) <= GRID_EACH + MAP_EACH:
        raise DniError(
            f"Expected more than {GRID_EACH + MAP_EACH} digits of every class, but got "
            f"{[len(group) for group in groups]}. Give more handwriting."
        )
    grid = torch.cat([group[:GRID_EACH] for group in groups])
    chart = torch.cat([group[GRID_EACH:][:MAP_EACH] for group in groups])
    free = torch.ones(len(digits), dtype=torch.bool)
    free[torch.cat((grid, chart))] = False
    held_out = order[free[order]][:MAX_HELD_OUT]
    return Split(digits.subset(grid), digits.subset(chart), digits.subset(held_out))


def in_domains(images: Tensor, photographs: Photographs) -> Tensor:
    """Grey digits (N, 3, 28, 28) in MNIST, MNIST-M and inverted MNIST: uint8 (3, N, 3, 28, 28)."""
    return torch.stack((images, build_mnist_m(images, photographs.pixels, seed=SEED), invert(images)))


def reduced(rgb: Tensor) -> Image.Image:
    picture = to_pil(rgb)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return picture
