"""Letters as points, for any blend of two ends: the neighbours of a drawn letter, and a map of the gallery.

The gallery holds letters of alphabets that no network has seen. The map's axes are two principal components,
fitted once to both ends together, so that points move with alpha and axes do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from dni.blending.blend import Blend
from dni.caches import SingleFlightCache
from dni.errors import DniError, shown
from dni.transfer.files import read_weights, shapes_of
from models.letters import LetterNetwork

__all__ = [
    "ALPHAS",
    "MAX_NEIGHBOURS",
    "STARTS",
    "Drawn",
    "Gallery",
    "LetterMap",
    "Start",
    "read_gallery",
    "read_letter_map",
]

VIEW = "letters"
Start = Literal["untrained", "classifier"]
STARTS: tuple[Start, ...] = get_args(Start)
TRAINED = "triplet"
ALPHAS = tuple(step / 10 for step in range(11))
MAX_NEIGHBOURS = 8
RESULT_BYTES = 16_000_000


@dataclass(frozen=True)
class Gallery:
    """Letters of alphabets that no network has seen.

    Attributes:
        images: uint8 (C, N, 28, 28), letters in rows, N drawings of each.
        samples: uint8 (C, 28, 28), one more drawing of each, to ask about.
        alphabets: Of each letter.
    """

    images: Tensor
    samples: Tensor
    alphabets: tuple[str, ...]

    @property
    def drawings(self) -> Tensor:
        """All drawings but the samples, letter by letter: uint8 (C * N, 28, 28)."""
        return self.images.flatten(0, 1)


@dataclass(frozen=True)
class Drawn:
    """A drawn letter at every alpha.

    Attributes:
        neighbours: int64 (A, 8), numbers of drawings in the gallery, letter by letter; nearest first.
        distances: float32 (A, 8), 0 to 2.
        position: float32 (A, 2), on the map.
    """

    neighbours: Tensor
    distances: Tensor
    position: Tensor


class LetterMap:
    """Safe to share between threads.

    Args:
        networks: State dicts of ``untrained``, ``classifier`` and ``triplet``.
        gallery: See there.
    """

    def __init__(self, networks: Mapping[str, Mapping[str, Tensor]], gallery: Gallery) -> None:
        self.gallery = gallery
        self._blends = {
            start: Blend(live_network(), [networks[start], networks[TRAINED]]) for start in STARTS
        }
        self._results = SingleFlightCache(RESULT_BYTES)

    def points(self, start: Start, alpha: float, images: Tensor) -> Tensor:
        """uint8 letters (B, 28, 28) to points of length 1, float32 (B, 64), by the blend at ``alpha``.

        Raises:
            DniError: An unknown start, alpha out of [0, 1], or another shape.
        """
        if start not in self._blends:
            raise DniError(f"Expected the start as one of {', '.join(STARTS)}, but got {shown(start)}.")
        if images.dtype != torch.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28):
            raise DniError(
                f"Expected letters of uint8 (B, 28, 28), but got {images.dtype} {tuple(images.shape)}."
            )
        with self._blends[start].at_alpha(alpha) as network, torch.no_grad():
            points: Tensor = network(images[:, None].float() / 255)
        return points

    def positions(self, start: Start, alphas: tuple[float, ...] = ALPHAS) -> Tensor:
        """The gallery on the map at every alpha: float32 (A, C * N, 2), in [-1, 1]."""
        return torch.stack(
            [self._placed(start, alpha, self._gallery_points(start, alpha)) for alpha in alphas]
        )

    def draw(self, start: Start, image: Tensor, alphas: tuple[float, ...] = ALPHAS) -> Drawn:
        """Where a drawn letter, uint8 (28, 28), is, and what is nearest to it."""
        found = [self._nearest(start, alpha, image) for alpha in alphas]
        neighbours, distances, position = (torch.stack(part) for part in zip(*found, strict=True))
        return Drawn(neighbours, distances, position)

    def _nearest(self, start: Start, alpha: float, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        point = self.points(start, alpha, image[None])
        distances = torch.cdist(point, self._gallery_points(start, alpha))[0]
        nearest = distances.topk(MAX_NEIGHBOURS, largest=False)
        return nearest.indices, nearest.values, self._placed(start, alpha, point)[0]

    def _gallery_points(self, start: Start, alpha: float) -> Tensor:
        key = ("points", start, alpha)
        return self._results.recall(key, lambda: self.points(start, alpha, self.gallery.drawings))

    def _placed(self, start: Start, alpha: float, points: Tensor) -> Tensor:
        axes: Tensor = self._results.recall(("axes", start), lambda: self._fit(start))
        return (self._centred(start, alpha, points) @ axes).clamp(-1, 1)

    def _centred(self, start: Start, alpha: float, points: Tensor) -> Tensor:
        """Points with the gallery's mean at this alpha at zero and its spread at 1.

        Otherwise the untrained network's map would be one dot.
        """
        gallery = self._gallery_points(start, alpha)
        mean = gallery.mean(dim=0)
        spread: Tensor = (gallery - mean).norm(dim=1).mean()
        return (points - mean) / spread.clamp_min(1e-6)

    def _fit(self, start: Start) -> Tensor:
        """Two components (64, 2) of both ends' points together, scaled so that all of them are in [-1, 1]."""
        ends = torch.cat(
            [self._centred(start, alpha, self._gallery_points(start, alpha)) for alpha in (0.0, 1.0)]
        )
        axes: Tensor = torch.linalg.svd(ends, full_matrices=False).Vh[:2].T
        return axes / (ends @ axes).abs().max().clamp_min(1e-6)


def live_network() -> LetterNetwork:
    return LetterNetwork().to(memory_format=torch.channels_last).eval().requires_grad_(False)


def read_gallery() -> Gallery:
    """The letters that ship.

    Raises:
        DniError: The file is missing or holds something else.
    """
    tensors = read_weights(VIEW, "gallery")
    try:
        images, names = tensors["images"], bytes(tensors["alphabets"].tolist()).decode("utf-8").split("\n")
    except (KeyError, TypeError, ValueError) as error:
        raise DniError(
            f"Expected a gallery of letters with their alphabets, but got others ({error})."
        ) from error
    if images.ndim != 4 or images.shape[1] < 2 or images.shape[2:] != (28, 28) or len(images) != len(names):
        raise DniError(
            f"Expected a gallery of letters in rows, but got {tuple(images.shape)} and {len(names)} names."
        )
    return Gallery(images[:, 1:].contiguous(), images[:, 0].contiguous(), tuple(names))


def read_letter_map() -> LetterMap:
    """The networks and letters that ship.

    Raises:
        DniError: A file is missing or holds something else.
    """
    shapes = shapes_of(LetterNetwork())
    return LetterMap({name: read_weights(VIEW, name, shapes) for name in (*STARTS, TRAINED)}, read_gallery())
