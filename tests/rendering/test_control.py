"""RenderControl: what a render reports to it, and how it stops one."""

from __future__ import annotations

import threading

import pytest

from dni.rendering.control import Cancelled, RenderControl


def test_by_default_nothing_is_told_and_nothing_stops() -> None:
    control = RenderControl()
    control.report(1, 2)
    control.notify("smaller tiles")
    control.raise_if_cancelled()
    with control.slot():
        pass


def test_reports_and_notices_reach_the_caller() -> None:
    seen: list[object] = []
    control = RenderControl(progress=lambda *counts: seen.append(counts), notice=seen.append)
    control.report(0, 2)
    control.notify("smaller tiles")
    assert seen == [(0, 2), "smaller tiles"]


def test_it_raises_only_once_cancelled() -> None:
    cancelled = threading.Event()
    control = RenderControl(cancelled=cancelled)
    control.raise_if_cancelled()
    cancelled.set()
    with pytest.raises(Cancelled):
        control.raise_if_cancelled()


def test_a_render_within_a_render_shares_all_but_the_progress() -> None:
    seen: list[object] = []
    control = RenderControl(
        progress=lambda *_: pytest.fail("told"), cancelled=threading.Event(), notice=seen.append
    )
    inner = control.without_progress()
    inner.report(1, 1)
    inner.notify("smaller tiles")
    assert seen == ["smaller tiles"]
    assert (inner.cancelled, inner.slot) == (control.cancelled, control.slot)


def test_parts_count_alike_and_run_from_0_to_all() -> None:
    seen: list[float] = []
    control = RenderControl(progress=lambda done, total: seen.append(done / total))
    for index, steps in enumerate((1, 4, 2)):
        part = control.for_part(index, 3)
        for done in range(steps + 1):
            part.report(done, steps)
    assert seen == sorted(seen)
    assert (seen[0], seen[1], seen[6], seen[-1]) == (0, 1 / 3, 2 / 3, 1)
    assert RenderControl().for_part(1, 3) == RenderControl()
