"""Suggests an alpha from a measured curve, with the reason in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dni.blending.shares import Mix
from dni.tradeoff.curve import Curve, Point
from dni.tradeoff.quality import MEASURES

__all__ = ["Suggestion", "suggest"]

# How far below its chord a curve must dip, with both axes from 0 to 1, for its knee to mean anything.
MIN_DIP = 0.1
# How far both measures may be apart, from 0 to 1, where a point is called half way.
MOST_UNEVEN = 0.4
PROXY_NOTE = " There was no reference, so more texture is taken as better, which may be wrong."


@dataclass(frozen=True)
class Suggestion:
    """Where to start.

    Attributes:
        position: From 0 (the curve's first mix) to 1 (its last); with two ends, from A to B, this is alpha.
        mix: The mix there.
        reason: Why, in one or two sentences with numbers.
    """

    position: float
    mix: Mix
    reason: str


def suggest(curve: Curve) -> Suggestion:
    """The knee of the curve: the measured point farthest below the chord between its two best ends.

    Points that another one beats in both measures do not count. Both axes run from 0 (the best of the points
    left) to 1 (the worst of them), so the knee is where the sum is smallest.
    """
    distortion, perception = spread(curve, curve.distortion), spread(curve, curve.perception)
    if not any(distortion) and not any(perception):
        return build(curve, len(curve.points) // 2, flat_reason(curve))
    left = undominated(distortion, perception)
    if len({(distortion[index], perception[index]) for index in left}) == 1:
        middle = left[len(left) // 2]
        return build(curve, middle, best_reason(curve, middle))
    first, second = (
        to_unit([distortion[index] for index in left]),
        to_unit([perception[index] for index in left]),
    )
    dip = [1 - (a + b) for a, b in zip(first, second, strict=True)]
    deepest = max(range(len(left)), key=dip.__getitem__)
    if dip[deepest] < MIN_DIP:
        middle = min(range(len(left)), key=lambda index: abs(first[index] - second[index]))
        if abs(first[middle] - second[middle]) > MOST_UNEVEN:
            is_faithful = first[middle] < second[middle]
            return build(curve, left[middle], uneven_reason(curve, is_faithful=is_faithful))
        return build(curve, left[middle], even_reason(curve))
    gains = (1 - second[deepest], first[deepest])
    return build(curve, left[deepest], knee_reason(curve, curve.points[left[deepest]], gains))


def build(curve: Curve, index: int, reason: str) -> Suggestion:
    point = curve.points[index]
    return Suggestion(point.position, point.mix, reason + (PROXY_NOTE if curve.kind == "proxy" else ""))


def spread(curve: Curve, name: str) -> list[float]:
    """How much worse each point is than the best; all 0 where nobody could see the difference."""
    badness = [MEASURES[name].badness(point.measures[name]) for point in curve.points]
    best = min(badness)
    visible = max(badness) - best >= MEASURES[name].visible
    return [value - best if visible else 0.0 for value in badness]


def undominated(first: Sequence[float], second: Sequence[float]) -> list[int]:
    """The points that no other beats in one measure and equals or beats in the other (Pareto)."""
    points = list(zip(first, second, strict=True))

    def beats(other: tuple[float, float], point: tuple[float, float]) -> bool:
        return other != point and other[0] <= point[0] and other[1] <= point[1]

    return [index for index, point in enumerate(points) if not any(beats(other, point) for other in points)]


def to_unit(values: Sequence[float]) -> list[float]:
    lowest, highest = min(values), max(values)
    return [(value - lowest) / (highest - lowest) for value in values]


def flat_reason(curve: Curve) -> str:
    changes = " and ".join(
        f"{MEASURES[name].name} by {extent(curve, name)}" for name in (curve.distortion, curve.perception)
    )
    return f"There is no trade-off to see here: all the way, {changes} is all that changes. Take the middle."


def best_reason(curve: Curve, index: int) -> str:
    both = " and ".join(
        f"{MEASURES[name].name}: {shown(curve.points[index].measures[name], name)}"
        for name in (curve.distortion, curve.perception)
    )
    return f"No other point measured is better in either ({both})."


def even_reason(curve: Curve) -> str:
    won, lost = MEASURES[curve.perception].name, MEASURES[curve.distortion].name
    return f"The curve has no knee to stop at. Here {won} and {lost} are both about half way."


def uneven_reason(curve: Curve, *, is_faithful: bool) -> str:
    names = [MEASURES[name].name for name in (curve.distortion, curve.perception)]
    won, lost = names if is_faithful else names[::-1]
    return (
        "The curve has no knee to stop at, and none of the points measured is half way: this one has most of "
        f"what there is to win in {won}, and others in {lost}. Choose by eye."
    )


def knee_reason(curve: Curve, point: Point, gains: tuple[float, float]) -> str:
    won, lost = (f"{100 * gain:.0f} %" for gain in gains)
    distortion, perception = curve.distortion, curve.perception
    return (
        f"The knee of the curve: it has {won} of what there is to win in {MEASURES[perception].name} "
        f"(here {shown(point.measures[perception], perception)}) for {lost} of what there is to lose in "
        f"{MEASURES[distortion].name} (here {shown(point.measures[distortion], distortion)})."
    )


def extent(curve: Curve, name: str) -> str:
    values = [point.measures[name] for point in curve.points]
    return shown(max(values) - min(values), name)


def shown(value: float, name: str) -> str:
    return f"{value:.3g} {MEASURES[name].unit}".rstrip()
