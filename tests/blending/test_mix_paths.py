"""Mixes along a line and over a pad, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from cases import case

from dni.blending.mix_paths import along, between, first_end, over_pad, positions
from dni.blending.shares import Mix
from dni.errors import DniError


def test_the_first_end_alone() -> None:
    assert first_end(2) == Mix.of_alpha(0)
    assert first_end(4).shares == (1, 0, 0, 0)


def test_along_two_mixes() -> None:
    mixes = along(Mix.of_alpha(0.2), Mix.of_alpha(1), 5)
    assert [mix.alpha for mix in mixes] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    assert (mixes[0], mixes[-1]) == (Mix.of_alpha(0.2), Mix.of_alpha(1))
    assert positions(21)[5] == 0.25


def test_between_mixes_with_groups() -> None:
    """A group that only one side names has the general shares of the other side there."""
    start = Mix.of((1, 0), groups={"last": (0.5, 0.5)})
    stop = Mix.of((0, 1), groups={"first": (1, 0)})
    middle = between(start, stop, 0.5)
    assert middle == Mix.of((0.5, 0.5), groups={"last": (0.25, 0.75), "first": (1, 0)})
    assert (between(start, stop, 0), between(start, stop, 1)) == (start, stop)


def test_between_mixes_keeps_extrapolation() -> None:
    far = Mix.of((-0.5, 1.5), extrapolate=True)
    assert between(Mix.of_alpha(0), far, 0.5) == Mix.of((0.25, 0.75), extrapolate=True)


def test_the_square_of_four_ends() -> None:
    for side in [2, 3, 6]:
        with case(side):
            rows = over_pad(4, side)
            assert [len(row) for row in rows] == [side] * side
            corners = [rows[0][0], rows[0][-1], rows[-1][0], rows[-1][-1]]
            assert [mix.shares for mix in corners] == [tuple(row) for row in np.eye(4)]
            shares = np.array([[mix.shares for mix in row] for row in rows])
            assert np.allclose(shares.sum(axis=-1), 1)
            assert np.allclose(shares[:, :, [1, 3]].sum(axis=-1), np.linspace(0, 1, side)[None])
            assert np.allclose(shares[:, :, [2, 3]].sum(axis=-1), np.linspace(0, 1, side)[:, None])


def test_the_triangle_of_three_ends() -> None:
    for side in [2, 3, 6]:
        with case(side):
            rows = over_pad(3, side)
            assert [len(row) for row in rows] == list(range(1, side + 1))
            corners = [rows[0][0], rows[-1][0], rows[-1][-1]]
            assert [mix.shares for mix in corners] == [tuple(row) for row in np.eye(3)]
            every = [mix.shares for row in rows for mix in row]
            assert len(set(every)) == side * (side + 1) // 2
            for number, row in enumerate(rows):
                assert [mix.shares[0] for mix in row] == pytest.approx([1 - number / (side - 1)] * len(row))


REFUSED = [
    (lambda: positions(1), "Expected at least 2 steps, but got 1"),
    (lambda: over_pad(5, 3), "Expected 3 or 4 ends for a grid, but got 5"),
    (lambda: over_pad(3, 1), "Expected at least 2 steps"),
    (lambda: between(Mix.of_alpha(0), Mix.of_alpha(1), 1.1), "from 0 to 1, but got 1.1"),
    (lambda: between(Mix.of_alpha(0), Mix.of((1, 0, 0)), 0.5), "one has 2 and the other 3"),
]


def test_mixes_that_are_not_there() -> None:
    for call, text in REFUSED:
        with case(text), pytest.raises(DniError, match=text):
            call()
