"""Ladders: pairs for a strength, whose best alpha follows from how strong that is in a picture."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["LADDER_MEASURES", "Ladder", "LadderMeasure"]

LadderMeasure = Literal["noise", "jpeg"]
LADDER_MEASURES: tuple[LadderMeasure, ...] = get_args(LadderMeasure)


@dataclass(frozen=True)
class Ladder:
    """Where the slider belongs for a picture.

    Attributes:
        measure: "noise", the standard deviation in 8-bit levels, or "jpeg", the quality from 1 to 100.
        rungs: Strengths in rising order, each with the alpha that was the best for it.
    """

    measure: LadderMeasure
    rungs: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        strengths = [strength for strength, _ in self.rungs]
        if self.measure not in LADDER_MEASURES or len(strengths) < 2 or sorted(set(strengths)) != strengths:
            raise ValueError(
                f"Expected a measure among {', '.join(LADDER_MEASURES)} and two rungs or more of rising "
                f"strength, but got {self.measure!r} with the strengths {strengths}."
            )
        if not all(0 <= alpha <= 1 for _, alpha in self.rungs):
            raise ValueError("Expected alphas from 0 to 1 on the rungs of a ladder.")

    def alpha_at(self, strength: float) -> float:
        """The alpha for a strength: linear between the rungs, and that of the nearest one beyond them."""
        strengths = [known for known, _ in self.rungs]
        index = bisect_left(strengths, strength)
        if index == 0:
            return self.rungs[0][1]
        if index == len(strengths):
            return self.rungs[-1][1]
        (low, first), (high, second) = self.rungs[index - 1], self.rungs[index]
        return first + (second - first) * (strength - low) / (high - low)
