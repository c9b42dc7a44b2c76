"""What linear classifiers on few labels make of a drawn digit: on raw pixels, and on sparse codes over
dictionaries between a random one (alpha 0) and one learned from letters (alpha 1)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from dni.errors import DniError, shown
from dni.transfer.files import Shapes, read_weights
from dni.transfer.sparse_coding import (
    ATOM_SIDE,
    NUM_ATOMS,
    POOLED,
    SIDE,
    blend_dictionaries,
    patches_of,
    pool,
    reconstruct,
    sparse_code,
)

__all__ = [
    "ALPHAS",
    "LABELS",
    "SOURCES",
    "SPARSITY",
    "Reading",
    "SelfTaught",
    "probe_name",
    "read_self_taught",
]

VIEW = "unlabelled"
ALPHAS = tuple(step / 10 for step in range(11))
# Labelled digits of each class that the classifiers learned from.
LABELS = (1, 3, 10, 30)
SOURCES = ("mnist", "usps")
SPARSITY = 0.1
RAW = "raw"


def probe_name(source: str, count: int, alpha: float | None) -> str:
    """The name of a classifier's tensors, without "/weight" or "/bias"; alpha is None for raw pixels."""
    return f"{source}/{count}/{RAW if alpha is None else f'{alpha:.1f}'}"


@dataclass(frozen=True)
class Reading:
    """A drawn digit, as all classifiers of a source see it.

    Attributes:
        raw: float32 (L, 10), scores on pixels, a row for each of :data:`LABELS`; about 1 for the class.
        scores: float32 (A, L, 10), scores on codes at each of :data:`ALPHAS`.
        usage: float32 (A, 64), how much of each atom the digit needs, 0 to 1.
        pictures: float32 (A, 28, 28), the digit again, from its code.
        active: float32 (A,), how many atoms a patch with ink needs, on average.
    """

    raw: Tensor
    scores: Tensor
    usage: Tensor
    pictures: Tensor
    active: Tensor


class SelfTaught:
    """Safe to share between threads.

    Args:
        dictionaries: float (K, 49) of ``random`` and ``letters``.
        probes: See :func:`probe_name`.
    """

    def __init__(self, dictionaries: Mapping[str, Tensor], probes: Mapping[str, Tensor]) -> None:
        self.atoms = torch.stack(
            [blend_dictionaries(dictionaries["random"], dictionaries["letters"], alpha) for alpha in ALPHAS]
        )  # (A, K, 49)
        self._probes = probes

    def read(self, ink: Tensor, source: str) -> Reading:
        """What the classifiers of a source make of ink, float32 (28, 28) in [0, 1].

        Raises:
            DniError: An unknown source, or another shape.
        """
        if source not in SOURCES:
            raise DniError(f"Expected the digits as one of {', '.join(SOURCES)}, but got {shown(source)}.")
        if tuple(ink.shape) != (SIDE, SIDE):
            raise DniError(f"Expected ink of {SIDE}x{SIDE} pixels, but got {tuple(ink.shape)}.")
        patches = patches_of(ink[None])
        codes = [sparse_code(patches, atoms, SPARSITY) for atoms in self.atoms]  # (1, 121, K) each
        scores = [self._scores(source, alpha, pool(code)) for alpha, code in zip(ALPHAS, codes, strict=True)]
        usage = torch.cat([code.abs().sum(dim=1) for code in codes])
        inked = (patches[0].norm(dim=1) > 0).sum().clamp_min(1)
        return Reading(
            raw=self._scores(source, None, ink.reshape(1, -1)),
            scores=torch.stack(scores),
            usage=usage / usage.amax(dim=1, keepdim=True).clamp_min(1e-6),
            pictures=torch.cat(
                [reconstruct(ink[None], code, atoms) for code, atoms in zip(codes, self.atoms, strict=True)]
            ),
            active=torch.stack([(code != 0).sum() / inked for code in codes]),
        )

    def _scores(self, source: str, alpha: float | None, features: Tensor) -> Tensor:
        """(L, 10), a row for each number of labels."""
        names = [probe_name(source, count, alpha) for count in LABELS]
        rows = [features @ self._probes[f"{name}/weight"] + self._probes[f"{name}/bias"] for name in names]
        return torch.cat(rows)


def read_self_taught() -> SelfTaught:
    """The dictionaries and classifiers that ship.

    Raises:
        DniError: A file is missing or holds something else.
    """
    atoms = dict.fromkeys(("random", "letters"), (NUM_ATOMS, ATOM_SIDE**2))
    return SelfTaught(
        read_weights(VIEW, "dictionaries", atoms), read_weights(VIEW, "probes", shapes_of_probes())
    )


def shapes_of_probes() -> Shapes:
    shapes: dict[str, tuple[int, ...]] = {}
    for source, count, alpha in itertools.product(SOURCES, LABELS, (None, *ALPHAS)):
        name = probe_name(source, count, alpha)
        features = SIDE**2 if alpha is None else 2 * NUM_ATOMS * POOLED**2
        shapes |= {f"{name}/weight": (features, 10), f"{name}/bias": (10,)}
    return shapes
