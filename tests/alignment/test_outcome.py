"""Which networks are kept aligned, by the midpoints with the first one."""

from __future__ import annotations

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

from dni.alignment.outcome import Aligned, settle

MOVED = Aligned(3, 8, 1, 1.0)


def verdict(kept: dict[tuple[int, ...], float]) -> Any:
    """A verdict on midpoints that keep so much."""

    def quality(share: float) -> str:
        return "blends well" if share > 0.75 else "blends with loss" if share > 0.3 else "does not blend"

    tests = [
        SimpleNamespace(ends=ends, kept=share, quality=quality(share), psnr_to_pixel_blend=30.0)
        for ends, share in sorted(kept.items(), key=lambda each: each[1])
    ]
    return SimpleNamespace(verdict=tests[0].quality, evidence=SimpleNamespace(midpoints=tests))


def outcome(gains: dict[int, float], *, between: float = 0.5) -> tuple[Any, list[set[int]]]:
    """Align networks 1 and 2: how much more each keeps half-way to the first, and of each other."""
    held_each: list[set[int]] = []

    def judged(written: Collection[int]) -> Any:
        own = {(0, number): 0.5 + gains[number] * (number in written) for number in gains}
        return verdict({**own, (1, 2): between if len(written) == 2 else 0.5})

    def write(held: Collection[int]) -> dict[int, Aligned]:
        held_each.append(set(held))
        return {number: MOVED for number in gains if number not in held}

    return settle(write, judged, judged([])), held_each


def test_a_network_that_is_no_better_stays_as_it_is_and_the_others_are_aligned_without_it() -> None:
    found, held = outcome({1: 0.4, 2: -0.1})
    assert (list(found.aligned), found.is_better) == ([1], True)
    assert held == [{0}, {0, 2}]


def test_all_or_none_need_no_second_try() -> None:
    found, held = outcome({1: 0.4, 2: 0.1})
    assert (list(found.aligned), found.is_better, held) == ([1, 2], True, [{0}])
    found, held = outcome({1: -0.2, 2: 0.0})
    assert (found.is_better, held) == (False, [{0}])


def test_nothing_is_kept_where_two_others_break() -> None:
    assert outcome({1: 0.4, 2: 0.4}, between=0.5)[0].is_better
    assert not outcome({1: 0.4, 2: 0.4}, between=0.1)[0].is_better
