"""The arithmetic of the mixing desk's controls, in a browser, against closed formulas."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from dni.blending.mix_paths import along, over_pad
from dni.blending.shares import Mix, task_shares
from dni.ui.mixing.scene import with_layers

STATIC = Path(__file__).parents[2] / "dni/ui/static"
SPACES = {2: "new LineSpace()", 3: "new TriangleSpace()", 4: "new SquareSpace()"}


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def run(page: Page, expression: str, given: Any = None) -> Any:
    """The value of an expression beside the desk's scripts."""
    scripts = "\n".join(
        (STATIC / f"desk-{name}.js").read_text() for name in ("space", "mix", "layers", "paint")
    )
    return page.evaluate(f"(given) => {{ {scripts}; return {expression}; }}", given)


def mixes(num_ends: int, count: int) -> list[list[float]]:
    """Random shares that a pad of this many ends can show."""
    generator = np.random.default_rng(num_ends)
    if num_ends == 4:
        across, down = generator.random((2, count))
        return np.stack(
            [(1 - across) * (1 - down), across * (1 - down), (1 - across) * down, across * down], axis=1
        ).tolist()
    return generator.dirichlet(np.ones(num_ends), count).tolist()


@pytest.mark.parametrize(("num_ends", "rows"), [(2, None), (3, over_pad(3, 5)), (4, over_pad(4, 5))])
def test_nodes_are_those_of_the_library(page: Page, num_ends: int, rows: Any) -> None:
    rows = rows or (along(Mix.of_alpha(0), Mix.of_alpha(1), 11),)
    expected = sorted(tuple(round(share, 9) for share in mix.shares) for row in rows for mix in row)
    nodes = run(page, f"{SPACES[num_ends]}.nodes")
    assert sorted(tuple(round(share, 9) for share in node) for node in nodes) == expected


@pytest.mark.parametrize("num_ends", [2, 3, 4])
def test_surrounding_nodes_give_the_mix_back(page: Page, num_ends: int) -> None:
    asked = mixes(num_ends, 100) + run(page, f"{SPACES[num_ends]}.nodes")
    found = run(page, f"given.map((shares) => {SPACES[num_ends]}.around(shares))", asked)
    for shares, around in zip(asked, found, strict=True):
        weights = np.array([weight for _, weight in around])
        assert weights.min() >= 0
        assert weights.sum() == pytest.approx(1)
        mean = sum(weight * np.array(node) for node, weight in around)
        np.testing.assert_allclose(mean, shares, atol=1e-6)


@pytest.mark.parametrize("num_ends", [3, 4])
def test_a_point_on_the_pad_and_its_shares_are_inverse(page: Page, num_ends: int) -> None:
    asked = mixes(num_ends, 50)
    space = SPACES[num_ends]
    found = run(
        page, f"given.map((shares) => {{ const s = {space}; return s.shares(s.at(shares)); }})", asked
    )
    np.testing.assert_allclose(found, asked, atol=1e-9)


@pytest.mark.parametrize("num_ends", [3, 4])
def test_points_outside_the_pad_are_drawn_to_its_edge(page: Page, num_ends: int) -> None:
    points = [{"x": x, "y": y} for x in (-0.5, 0.2, 1.7) for y in (-0.3, 0.4, 1.2)]
    for shares in run(page, f"given.map((point) => {SPACES[num_ends]}.shares(point))", points):
        Mix.of(shares)  # finite, from 0 to 1, with the sum 1


def test_one_slider_leaves_the_others_in_proportion(page: Page) -> None:
    shares = [0.1, 0.2, 0.3, 0.4]
    moved = run(page, "withShare(given, 3, 0.7)", shares)
    np.testing.assert_allclose(moved, [0.05, 0.1, 0.15, 0.7])
    alone = run(page, "withShare([0, 0, 1], 2, 0.4)")
    np.testing.assert_allclose(alone, [0.3, 0.3, 0.4])


@pytest.mark.parametrize("num_ends", [2, 3, 4, 7])
def test_rounded_shares_sum_to_one_and_stay_between_the_ends(page: Page, num_ends: int) -> None:
    asked = [[0.0, *shares] for shares in np.random.default_rng(0).dirichlet(np.ones(num_ends), 200).tolist()]
    for shares, given in zip(run(page, "given.map(rounded)", asked), asked, strict=True):
        assert Mix.of(shares).shares == tuple(round(share, 4) for share in shares)
        np.testing.assert_allclose(shares, given, atol=5e-4)


@pytest.mark.parametrize("num_ends", [2, 3, 4, 7])
def test_the_numbers_shown_sum_to_100(page: Page, num_ends: int) -> None:
    asked = mixes(num_ends, 200)
    asked += [[1.3, -0.3, *[0.0] * (num_ends - 2)], [0.0] * (num_ends - 1) + [1.0]]
    for shares, texts in zip(asked, run(page, "given.map(percents)", asked), strict=True):
        numbers = [int(text.removesuffix(" %")) for text in texts]
        assert sum(numbers) == 100
        assert numbers == pytest.approx([100 * share for share in shares], abs=1)


def test_task_arithmetic_is_that_of_the_library(page: Page) -> None:
    scales = [0.5, 0.75, -0.25]
    np.testing.assert_allclose(run(page, "taskShares(given)", scales), task_shares(scales))


@pytest.mark.parametrize(
    ("ends", "options", "kind"),
    [
        (2, {}, "line"),
        (2, {"beyond": True}, "line"),
        (3, {}, "triangle"),
        (3, {"beyond": True}, "bank"),
        (4, {}, "square"),
        (4, {"tasks": True}, "bank"),
        (5, {}, "bank"),
    ],
)
def test_each_number_of_ends_has_its_control(page: Page, ends: int, options: Any, kind: str) -> None:
    assert run(page, "spaceFor(...given).kind", [ends, options]) == kind


def test_layers_are_those_of_the_library(page: Page) -> None:
    shares, layers = [0.2, 0.5, 0.3], {"first": 0.0, "trunk 1": 0.35}
    script = "LayerCurve.prototype.groups.call({ own: given[1] }, given[0])"
    assert run(page, script, [shares, layers]) == {
        name: list(own) for name, own in with_layers(Mix.of(shares), layers).groups
    }


def test_painted_preview_mixes_the_two_nearest_frames(page: Page) -> None:
    # Frames of one pixel whose levels are a quadratic in alpha; the mask makes alpha 0.8 * 0.6 = 0.48.
    values = [round(200 * (index / 10) ** 2) for index in range(11)]
    script = """(() => {
        const preview = new PaintedPreview();
        preview.result = new ImageData(1, 1);
        const frames = given.map((value) => new Uint8ClampedArray([value, value, value, 255]));
        const everything = { left: 0, top: 0, width: 1, height: 1 };
        preview.mix(everything, frames, [153, 153, 153, 255], 0.8 * LINE_STEPS / 255);
        return [...preview.result.data];
    })()"""
    expected = round(values[4] + 0.8 * (values[5] - values[4]))
    assert run(page, script, values) == [expected, expected, expected, 255]
