"""The mixing desk's measurements count right and run through in small; times decide nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from cases import case

from benchmarks.desk import COLUMNS, hand_row, item_row
from benchmarks.desk_hands import Shown
from benchmarks.desk_items import ONE_SLIDER, Item, all_items, computed, share_near, soft_disc
from benchmarks.ladders import LADDERS, ladder_service
from dni.benchmarking import alternate
from dni.blending.interpolate import interpolate, shares_of
from dni.checkpoints.files import read_states
from dni.masks.plan import Canvas, plan_masked


def test_ladders_are_blends_at_equal_distances(tiny_catalogue: None, tmp_path: Path) -> None:
    service = ladder_service("tiny", tmp_path)
    assert list(service.catalog) == ["tiny", *LADDERS.values()]
    ends = read_states(service.paths("tiny"))
    for count, name in LADDERS.items():
        rungs = read_states(service.paths(name))
        assert len(rungs) == count
        for step, rung in enumerate(rungs):
            torch.testing.assert_close(rung, interpolate(ends, shares_of(step / (count - 1))))


def test_the_disc_reaches_a_quarter_and_falls_off_evenly() -> None:
    disc = soft_disc()
    assert float((disc > 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert int(disc[60, 62]) == 255
    ring = disc[60, 62:].float()
    falling = ring[(ring > 0) & (ring < 255)]
    steps = falling[:-1] - falling[1:]
    assert float(steps.min()) == pytest.approx(float(steps.max()), abs=1.01)


def test_what_is_near_paint_is_counted_across_and_down() -> None:
    painted = torch.zeros(20, 30, dtype=torch.bool)
    painted[10, 15] = painted[0, 0] = True
    assert share_near(painted, 0) == pytest.approx(2 / 600)
    assert share_near(painted, 3) == pytest.approx((7 * 7 + 4 * 4) / 600)


def test_computed_pixels_are_those_of_the_windows() -> None:
    canvas = Canvas(96, 64, 4, 5)
    everywhere, left = torch.full((64, 96), 9, dtype=torch.uint8), torch.zeros(64, 96, dtype=torch.uint8)
    left[:, :32] = 255
    assert computed(plan_masked(everywhere, canvas), canvas, multiple=1) == 1
    # The mask is soft for a pixel at its edge, which lies in both halves' cells.
    both = computed(plan_masked(left, canvas), canvas, multiple=1)
    assert both == pytest.approx((64 + 5 + 96) / 96)


@pytest.mark.slow
def test_every_item_runs_and_is_compared_with_one_slider(tiny_catalogue: None, tmp_path: Path) -> None:
    service = ladder_service("tiny", tmp_path)
    items = all_items(service, "tiny", 2)
    times = alternate({item.name: item.job for item in items}, rounds=2, device=service.device)
    rows = [item_row(item, times) for item in items]
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert [row[0] for row in rows] == list(dict.fromkeys(row[0] for row in rows))
    assert rows[0][0] == ONE_SLIDER
    assert rows[0][3] == "1.00"
    for item, row in zip(items, rows, strict=True):
        assert (row[5] == "") is (item.most is None)


def test_an_item_is_held_to_what_the_issue_asks() -> None:
    for slower, reached in [(2, "yes"), (3, "no")]:
        with case(slower, reached):
            item = Item("painted", print, "how", most=1.25, asked="a bound", work=0.5, parts=2)
            times = {ONE_SLIDER: [10.0, 10.0, 20.0], "painted": [10.0 * slower, 10.0 * slower, 20.0 * slower]}
            row = item_row(item, times)
            assert row[3:6] == [f"{slower / 2:.2f}", "a bound", reached]
            assert row[6] == f"how; a pass takes {slower:.2f} of one slider"


def test_a_hand_is_held_to_the_median_and_twice_as_much_at_worst() -> None:
    for times, reached in [([10.0] * 9 + [40.0], "no"), ([10.0] * 9 + [18.0], "yes"), ([21.0] * 10, "no")]:
        with case(times, reached):
            assert hand_row("slider", times, [5.0, 5.0], 10)[4:6] == ["10 ms, p95 20 ms", reached]


def test_what_was_seen_once_is_no_measurement() -> None:
    row = hand_row("slider", [5.0], [5.0, 5.0], 10)
    assert len(row) == len(COLUMNS)
    assert row[1:] == ["", "", "", "", "", "browser, seen less than twice"]


def test_moves_count_where_they_belong() -> None:
    shown = Shown()
    shown.add({"first": 9.0, "exact": 200.0, "waited": False}, there=True)
    shown.add({"first": 70.0, "exact": 70.0, "waited": True}, there=True)
    shown.add({"first": 80.0, "exact": 80.0, "waited": True}, there=False)
    shown.add({"first": 8.0, "exact": 190.0, "waited": False}, there=False)
    assert shown == Shown(preview=[9.0], exact=[200.0], missing=[80.0])
