"""What aligning did, and whether it is kept: by the midpoints before and after it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from dni.compatibility.correlation import mean_correlation
from dni.compatibility.explanation import ALIKE_FROM, unrelated_share
from dni.compatibility.midpoint import QUALITIES, Midpoint
from dni.compatibility.verdict import Verdict

__all__ = ["Aligned", "Alignment", "gains", "is_worth_aligning", "settle"]

# Of what is kept of the ends' additions, and of PSNR in dB: less is no improvement that anybody sees.
MORE_KEPT = 0.02
MORE_PSNR = 0.1
# PSNR between pictures that are the same but for rounding.
EQUAL_PSNR = 70.0


@dataclass(frozen=True)
class Aligned:
    """What was reordered in one network.

    Attributes:
        moved: Channels that are not where they were.
        channels: Channels that could move.
        groups: Groups of channels that move among themselves.
        covered: The share of all parameters that these groups reach.
    """

    moved: int
    channels: int
    groups: int
    covered: float

    @property
    def words(self) -> str:
        """A sentence for people."""
        reach = "" if self.covered >= 0.995 else f", which reach {100 * self.covered:.0f} % of its parameters"
        return (
            f"{self.moved:,} of {self.channels:,} hidden channels were moved, in {self.groups} groups{reach}."
        )


@dataclass(frozen=True)
class Alignment:
    """One step of aligning, with the verdicts on the networks before and after it.

    Attributes:
        aligned: What was moved, by the number of the network, counted from 0; the others are as they were.
        before, after: The verdicts.
    """

    aligned: Mapping[int, Aligned]
    before: Verdict
    after: Verdict

    @property
    def is_better(self) -> bool:
        """Whether to keep it: half-way to the first each is better, and the worst midpoint is no worse."""
        ranks = [QUALITIES.index(verdict.verdict) for verdict in (self.before, self.after)]
        gained = all(gains(self.before, self.after, number) for number in self.aligned)
        return bool(self.aligned) and gained and ranks[1] <= ranks[0]


def settle(
    write: Callable[[Collection[int]], Mapping[int, Aligned]],
    judge: Callable[[Collection[int]], Verdict],
    before: Verdict,
    *,
    keep_any: bool = False,
) -> Alignment:
    """Align, judge, and again without the networks that are no better for it, until none or all are.

    Args:
        write: Is given the numbers of the networks that stay as they are, writes the others, and says what it
            moved; nothing of those that are in their best order.
        judge: The verdict with the networks of these numbers as they were written last, and all others as
            they are.
        before: That on all of them as they are.
        keep_any: Be content with what came first.
    """
    held = {0}
    while True:
        aligned = write(held)
        if not aligned:
            return Alignment({}, before, before)
        after = judge(aligned)
        worse = {number for number in aligned if not gains(before, after, number)}
        if keep_any or len(worse) in (0, len(aligned)):
            return Alignment(aligned, before, after)
        held |= worse


def is_worth_aligning(verdict: Verdict) -> bool:
    """Whether to offer it: the networks fit, do not blend well, and their filters are not all alike."""
    layers = verdict.evidence.correlations
    if verdict.verdict == "blends well" or not layers:
        return False
    others = range(len(verdict.evidence.networks) - 1)
    return any(
        mean_correlation(layers, other) < ALIKE_FROM or unrelated_share(layers, other) > 0 for other in others
    )


def gains(before: Verdict, after: Verdict, number: int = 1) -> bool:
    """Whether half-way from the first network to this one is better after than before."""
    old, new = (with_first(verdict, number) for verdict in (before, after))
    ranks = [QUALITIES.index(test.quality) for test in (old, new)]
    if ranks[0] != ranks[1]:
        return ranks[1] < ranks[0]
    gained = kept_of(new) - kept_of(old)
    if abs(gained) > MORE_KEPT:
        return gained > 0
    return psnr_of(new) - psnr_of(old) > MORE_PSNR


def with_first(verdict: Verdict, number: int) -> Midpoint:
    return next(test for test in verdict.evidence.midpoints if test.ends == (0, number))


def kept_of(test: Midpoint) -> float:
    return 1.0 if test.kept is None else test.kept


def psnr_of(test: Midpoint) -> float:
    value = test.psnr_to_pixel_blend
    return EQUAL_PSNR if value is None else min(value, EQUAL_PSNR)
