"""Which channels of which tensors move together: a disjoint-set forest of channels.

A tensor's axis has a label for each of its positions. Operations unite labels: what is added
channel by channel, or multiplied with an input channel of a filter, can only move together. A set that
an operation of unknown effect reads is fixed: it stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Axes", "ChannelSets", "Labels"]

Labels = NDArray[np.int64]
# Of a tensor: labels of each axis, or None where positions have no labels, as rows and columns of a picture.
Axes = tuple[Labels | None, ...]


class ChannelSets:
    """Disjoint sets of channels, some of which are fixed."""

    def __init__(self) -> None:
        self._parent: list[int] = []
        self._fixed: list[bool] = []

    def new(self, count: int, *, fixed: bool = False) -> Labels:
        """Labels for an axis of channels that nothing has united yet."""
        start = len(self._parent)
        self._parent += range(start, start + count)
        self._fixed += [fixed] * count
        return np.arange(start, start + count)

    def find(self, label: int) -> int:
        """The label that stands for the set."""
        while self._parent[label] != label:
            self._parent[label] = self._parent[self._parent[label]]
            label = self._parent[label]
        return label

    def roots(self, labels: Labels) -> list[int]:
        """The label that stands for the set of each."""
        return [self.find(label) for label in labels.tolist()]

    def is_fixed(self, label: int) -> bool:
        """Whether the set stays where it is."""
        return self._fixed[self.find(label)]

    def unite(self, ours: Labels, theirs: Labels) -> None:
        """Let the channels move together, position by position."""
        for one, other in zip(ours.tolist(), theirs.tolist(), strict=True):
            first, second = self.find(one), self.find(other)
            if first != second:
                self._parent[second] = first
                self._fixed[first] |= self._fixed[second]

    def unite_axes(self, axes: Sequence[Labels | None]) -> Labels | None:
        """What combines axes position by position: united, and fixed if one of them has no labels."""
        known = [labels for labels in axes if labels is not None]
        for labels in known[1:]:
            self.unite(known[0], labels)
        if len(known) < len(axes):
            self.fix(known)
        return known[0] if known else None

    def fix(self, axes: Iterable[Labels | None]) -> None:
        """Let the channels stay where they are."""
        for labels in axes:
            for label in () if labels is None else labels.tolist():
                self._fixed[self.find(label)] = True
