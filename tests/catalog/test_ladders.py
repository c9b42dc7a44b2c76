"""Where the slider of a ladder belongs."""

from __future__ import annotations

import pytest

from dni.catalog.catalog_file import load_catalog
from dni.catalog.ladders import Ladder
from dni.examples import EXAMPLE_FOLDER, EXAMPLES
from dni.pictures.read import open_picture
from dni.ui.effects.strength import estimate_for

LADDER = Ladder("noise", ((15, 0.0), (25, 0.4), (50, 1.0)))


@pytest.mark.parametrize(
    ("strength", "alpha"), [(0, 0), (15, 0), (20, 0.2), (25, 0.4), (37.5, 0.7), (50, 1), (90, 1)]
)
def test_alpha_between_and_beyond_the_rungs(strength: float, alpha: float) -> None:
    assert LADDER.alpha_at(strength) == pytest.approx(alpha)


@pytest.mark.parametrize(
    ("measure", "rungs", "message"),
    [
        ("blur", ((1, 0), (2, 1)), "a measure among noise, jpeg"),
        ("noise", ((1, 0),), "two rungs or more"),
        ("noise", ((2, 0), (1, 1)), "rising strength"),
        ("noise", ((1, 0), (1, 1)), "rising strength"),
        ("noise", ((1, 0), (2, 1.5)), "alphas from 0 to 1"),
    ],
)
def test_no_ladder(measure: str, rungs: tuple[tuple[float, float], ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Ladder(measure, rungs)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pair_id", "example", "alpha", "text"),
    [
        ("denoise", "grain-15", 0.0, "noise of about 16 of 255"),
        ("denoise", "grain-25", 0.4, "noise of about 25 of 255"),
        ("denoise", "grain-50", 1.0, "noise of about 45 of 255"),
        ("jpeg-repair", "blocks-20", 0.4, "JPEG of quality 20"),
        ("jpeg-repair", "blocks-10", 0.9, "JPEG of quality 10"),
    ],
)
def test_the_bundled_ladders_start_near_the_best(pair_id: str, example: str, alpha: float, text: str) -> None:
    picture = open_picture(EXAMPLE_FOLDER / EXAMPLES[example][0])
    estimate = estimate_for(load_catalog()[pair_id], picture)
    assert estimate is not None
    assert estimate.alpha == pytest.approx(alpha, abs=0.12)
    assert text in estimate.text


def test_what_tells_nothing_moves_nothing() -> None:
    png = open_picture(EXAMPLE_FOLDER / "cat.png")
    assert estimate_for(load_catalog()["jpeg-repair"], png) is None
    assert estimate_for(load_catalog()["look-pencil"], png) is None
