"""Rectangles of a picture: what they hold, where they lie, and what is said of those outside."""

from __future__ import annotations

import pytest
import torch
from cases import case
from hypothesis import given, settings
from hypothesis import strategies as st

from dni.errors import DniError
from dni.pictures.rectangle import Rectangle

STARTS, SIDES = st.integers(0, 30), st.integers(1, 30)
RECTANGLES = st.builds(Rectangle, STARTS, STARTS, SIDES, SIDES)


@given(RECTANGLES)
@settings(max_examples=50)
def test_it_cuts_its_own_pixels(rectangle: Rectangle) -> None:
    rows, columns = torch.arange(60)[:, None], torch.arange(70)[None, :]
    pixels = torch.stack((rows + 0 * columns, columns + 0 * rows))
    cut = rectangle.cut(pixels)
    assert cut.shape == (2, rectangle.height, rectangle.width)
    assert cut[0].numel() == rectangle.area
    assert cut[:, 0, 0].tolist() == [rectangle.top, rectangle.left]
    assert cut[:, -1, -1].tolist() == [rectangle.bottom - 1, rectangle.right - 1]
    cut[:] = -1
    assert int((pixels[0] == -1).sum()) == rectangle.area, "it is a view"


@given(RECTANGLES, RECTANGLES)
@settings(max_examples=50)
def test_around_two_is_the_smallest_that_holds_both(one: Rectangle, other: Rectangle) -> None:
    both = one.around(other)
    assert both == other.around(one)
    assert both.around(one) == both.around(other) == both
    assert both.left in (one.left, other.left)
    assert both.bottom in (one.bottom, other.bottom)
    for each in (one, other):
        assert each.relative_to(both).is_inside(both.width, both.height)


@given(RECTANGLES, st.integers(1, 4))
@settings(max_examples=50)
def test_scaling_and_reducing(rectangle: Rectangle, factor: int) -> None:
    scaled = rectangle.scaled(factor)
    assert (scaled.right, scaled.bottom) == (rectangle.right * factor, rectangle.bottom * factor)
    assert scaled.reduced(factor) == rectangle
    assert Rectangle(3, 5, 9, 7).reduced(2) == Rectangle(1, 2, 4, 3)


def test_the_same_part_of_a_window_has_the_same_pixels() -> None:
    pixels = torch.arange(3 * 20 * 30).reshape(3, 20, 30)
    window, part = Rectangle(4, 3, 20, 15), Rectangle(6, 7, 5, 4)
    assert torch.equal(part.relative_to(window).cut(window.cut(pixels)), part.cut(pixels))


OUTSIDE = [
    (-1, 0, 5, 5),
    (0, -1, 5, 5),
    (0, 0, 41, 5),
    (38, 0, 3, 5),
    (20, 29, 5, 2),
    (3, 3, 0, 5),
    (3, 3, 5, -1),
]


def test_outside_or_empty_is_refused() -> None:
    for values in OUTSIDE:
        with case(values):

            class OwnError(DniError):
                pass

            left, top, width, height = values
            rectangle = Rectangle(*values)
            assert rectangle.values == values
            assert not rectangle.is_inside(40, 30)
            found = rf"{width}x{height} at \({left}, {top}\)"
            text = (
                rf"Expected a crop inside the 40x30 picture, but got {found}\. Move it or make it smaller\."
            )
            with pytest.raises(OwnError, match=text):
                rectangle.check_inside(40, 30, name="crop", error_type=OwnError)
            with pytest.raises(DniError, match="Expected a rectangle inside the 40x30 picture, but got"):
                rectangle.cut(torch.zeros(3, 30, 40))


def test_the_whole_is_inside() -> None:
    whole = Rectangle.whole(40, 30)
    whole.check_inside(40, 30)
    assert whole.values == (0, 0, 40, 30)
    assert Rectangle(39, 29, 1, 1).is_inside(40, 30)
