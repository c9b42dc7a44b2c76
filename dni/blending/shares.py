"""Shares: how much of every end goes into a blend, for the whole network and per group of layers.

Shares are numbers, one an end, that sum to 1. Task arithmetic (Ilharco et al., "Editing models with task
arithmetic", ICLR 2023, https://arxiv.org/abs/2212.04089) is the same thing said in another way.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from dni.blending.errors import BlendError
from dni.blending.methods.merge_method import MergeMethod
from dni.errors import listed, shown

__all__ = [
    "MAX_ENDS",
    "MAX_GROUPS",
    "BlendError",
    "Mix",
    "MixLike",
    "as_mix",
    "check_shares",
    "shares_of",
    "task_shares",
]

SUM_TOLERANCE = 1e-6
# More than any network has, or anybody blends; more is a mistake, or meant to cost time.
MAX_GROUPS = 256
MAX_ENDS = 256
MAX_GROUP_NAME = 200
MOST_SHOWN = 16


@dataclass(frozen=True)
class Mix:
    """A point on the mixing desk; hashable, and valid for as long as it exists.

    Attributes:
        shares: One number an end, for all layers that no group names.
        groups: Pairs of a group of :func:`dni.blending.layer_groups.layer_groups` and that group's own
            shares.
        extrapolate: Whether shares outside [0, 1] are meant.
        repair: Whether the blend's activations are repaired (:mod:`dni.blending.repair`).
        method: The merge method; None is the straight line.

    Raises:
        BlendError: See :func:`check_shares`; a group is named twice, or by more than 200 characters; there
            are more than 256; or the method is not for so many ends.

    Example:
        >>> Mix.of_alpha(0.25)
        Mix(shares=(0.75, 0.25), groups=(), extrapolate=False, repair=False, method=None)
        >>> Mix.of((1, 0), groups={"last": (0, 1)}).shares_in("last")
        (0.0, 1.0)
    """

    shares: tuple[float, ...]
    groups: tuple[tuple[str, tuple[float, ...]], ...] = ()
    extrapolate: bool = False
    repair: bool = False
    method: MergeMethod | None = None
    _by_group: dict[str, tuple[float, ...]] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        check_group_names([name for name, _ in self.groups])
        for group, shares in (("", self.shares), *self.groups):
            check_shares(shares, num_ends=len(self.shares), extrapolate=self.extrapolate, group=group)
        if self.method is not None:
            self.method.check_ends(len(self.shares))
        object.__setattr__(self, "_by_group", dict(self.groups))  # the dataclass is frozen

    @classmethod
    def of(
        cls,
        shares: Iterable[float],
        *,
        groups: Mapping[str, Iterable[float]] | None = None,
        extrapolate: bool = False,
        repair: bool = False,
        method: MergeMethod | None = None,
    ) -> Mix:
        """A mix of any numbers; the order in which groups are named does not matter."""
        own = {name: floats(group_shares) for name, group_shares in (groups or {}).items()}
        return cls(floats(shares), tuple(sorted(own.items())), extrapolate, repair, method)

    @classmethod
    def of_alpha(cls, alpha: float, *, extrapolate: bool = False) -> Mix:
        """Two ends; ``alpha`` is the share of the second, B."""
        return cls.of(shares_of(alpha), extrapolate=extrapolate)

    @property
    def num_ends(self) -> int:
        return len(self.shares)

    @property
    def alpha(self) -> float | None:
        """The share of the second of two ends; None where one number does not say it all."""
        return self.shares[1] if len(self.shares) == 2 and not self.groups else None

    @property
    def is_end(self) -> bool:
        """Whether it is one of the ends, unchanged."""
        used = [share for share in self.shares if share != 0]
        if self.method and not self.method.keeps_every_end and self.shares[0] != 1:
            return False
        return used == [1] and all(shares == self.shares for _, shares in self.groups)

    @property
    def extrapolates(self) -> bool:
        """Whether any share is outside [0, 1]."""
        every = (self.shares, *(shares for _, shares in self.groups))
        return not all(0 <= share <= 1 for shares in every for share in shares)

    def shares_in(self, group: str) -> tuple[float, ...]:
        """The shares that hold in this group of layers."""
        return self._by_group.get(group, self.shares)


MixLike: TypeAlias = Mix | Iterable[float]


def as_mix(given: MixLike, *, num_ends: int, extrapolate: bool = False) -> Mix:
    """A mix of this number of ends, from a mix or from plain shares.

    Args:
        given: The mix, or one share an end.
        num_ends: How many ends there are.
        extrapolate: Allow plain shares outside [0, 1]; a mix knows by itself.

    Raises:
        BlendError: See :func:`check_shares`.
    """
    if isinstance(given, Mix):
        check_count(given.shares, num_ends)
        return given
    checked = check_shares(given, num_ends=num_ends, extrapolate=extrapolate)
    return Mix(checked, extrapolate=extrapolate)


def shares_of(alpha: float) -> tuple[float, float]:
    """The shares of two ends: ``alpha`` is the share of the second end, B."""
    return (1.0 - alpha, alpha)


def task_shares(scales: Sequence[float]) -> tuple[float, ...]:
    """Task arithmetic as shares: ``ancestor + sum_i scales_i * (end_i - ancestor)``.

    Ilharco et al., ICLR 2023, https://arxiv.org/abs/2212.04089.

    Args:
        scales: How much of each end's difference from the ancestor to add; any finite number.

    Returns:
        The shares of (ancestor, *ends): ``(1 - sum(scales), *scales)``. They may leave [0, 1]:
        blend them with ``extrapolate``.

    Raises:
        BlendError: A scale is not finite.
    """
    numbers = floats(scales)
    if not all(math.isfinite(number) for number in numbers):
        raise BlendError(f"Expected finite scales, but got {show(numbers)}. Give numbers like 0.5 or -1.")
    return (1.0 - math.fsum(numbers), *numbers)


def check_shares(
    shares: Iterable[float], *, num_ends: int, extrapolate: bool = False, group: str = ""
) -> tuple[float, ...]:
    """The shares as floats, or an error.

    Args:
        shares: One number an end.
        num_ends: How many ends there are.
        extrapolate: Allow shares outside [0, 1].
        group: The group of layers to name in errors, if the shares are only for one.

    Raises:
        BlendError: Not one finite share per end, a sum other than 1 (by more than 1e-6), or a share
            outside [0, 1] without ``extrapolate``.
    """
    checked = floats(shares)
    where = f" of the layers {shown(group)}" if group else ""
    check_count(checked, num_ends, where)
    if not all(math.isfinite(share) for share in checked):
        raise BlendError(f"Expected finite shares{where}, but got {show(checked)}. Give numbers from 0 to 1.")
    if abs(math.fsum(checked) - 1) > SUM_TOLERANCE:
        raise BlendError(
            f"Expected shares{where} that sum to 1, but {show(checked)} sum to {math.fsum(checked):.6g}. "
            "Divide each by the sum."
        )
    if not extrapolate and not all(0 <= share <= 1 for share in checked):
        raise BlendError(
            f"Expected shares{where} between 0 and 1, but got {show(checked)}. "
            "Stay between the ends, or ask for extrapolation."
        )
    return checked


def check_group_names(names: Sequence[str]) -> None:
    if len(names) > MAX_GROUPS:
        raise BlendError(f"Expected at most {MAX_GROUPS} groups of layers, but got {len(names)}. Drop some.")
    wrong = [name for name in names if not isinstance(name, str) or len(name) > MAX_GROUP_NAME]
    if wrong:
        raise BlendError(
            f"Expected names of groups of at most {MAX_GROUP_NAME} characters, but got {shown(wrong[0])}. "
            "Use those that the network's groups have."
        )
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise BlendError(f"Expected every group of layers once, but got {listed(twice)} again. Drop one.")


def check_count(shares: Sequence[float], num_ends: int, where: str = "") -> None:
    if num_ends > MAX_ENDS:
        raise BlendError(f"Expected at most {MAX_ENDS} ends, but got {num_ends}. Blend fewer.")
    if len(shares) != num_ends:
        raise BlendError(f"Expected one share{where} for each of the {num_ends} ends, but got {len(shares)}.")


def floats(numbers: Iterable[float]) -> tuple[float, ...]:
    return tuple(map(as_float, numbers))


def as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number beyond any float
        return math.copysign(math.inf, number)


def show(shares: Sequence[float]) -> str:
    rest = f", and {len(shares) - MOST_SHOWN} more" if len(shares) > MOST_SHOWN else ""
    return "(" + ", ".join(f"{share:.6g}" for share in shares[:MOST_SHOWN]) + rest + ")"
