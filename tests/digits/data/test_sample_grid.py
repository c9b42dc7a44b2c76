"""Which digits are shown, and in which domains."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cases import case

from dni.digits.data import sample_grid as grids
from dni.digits.data.digit_sources import DigitSource, Photographs
from dni.digits.data.domains import Digits
from dni.digits.data.sample_grid import OwnPicture, SampleGrids, split
from dni.errors import DniError

GREY = np.full((28, 28, 3), 100, dtype=np.uint8)


def numbered(count: int = 300) -> Digits:
    """Digits whose first two pixels tell their number."""
    images = torch.zeros(count, 3, 28, 28, dtype=torch.uint8)
    images[:, :, 0, 0], images[:, :, 0, 1] = (
        part[:, None] for part in (torch.arange(count) // 256, torch.arange(count) % 256)
    )
    return Digits(images, torch.arange(count) % 10)


def numbers(digits: Digits) -> list[int]:
    return (digits.images[:, 0, 0, 0].int() * 256 + digits.images[:, 0, 0, 1].int()).tolist()


def make_grids(digits: Digits | None = None) -> SampleGrids:
    digit_source = DigitSource(digits or numbered(), "numbers", is_mnist=False)
    return SampleGrids(digit_source, Photographs((GREY,), "grey"))


def picture(value: int, strength: float = 1.0, token: str = "") -> OwnPicture:
    return OwnPicture(torch.full((3, 40, 50), value, dtype=torch.uint8), token or f"{value}", strength)


def test_no_digit_is_in_two_parts_and_labels_stay_with_their_digits() -> None:
    parts = split(numbered())
    everything = [number for part in parts for number in numbers(part)]
    assert [len(part) for part in parts] == [40, 150, 110]
    assert sorted(everything) == list(range(300))
    for part in parts:
        assert part.labels.tolist() == [number % 10 for number in numbers(part)]


def test_wall_and_map_have_all_classes_alike() -> None:
    parts = split(numbered())
    assert parts.grid.labels.tolist() == [label for label in range(10) for _ in range(4)]
    assert parts.map.labels.bincount().tolist() == [15] * 10


def test_the_choice_is_always_the_same() -> None:
    assert [numbers(part) for part in split(numbered())] == [numbers(part) for part in split(numbered())]


def test_at_most_so_many_are_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grids, "MAX_HELD_OUT", 7)
    assert len(split(numbered()).held_out) == 7


def test_too_few_digits() -> None:
    with pytest.raises(DniError, match=r"Expected more than 19 digits of every class, but got \[19, 19"):
        split(numbered(190))


def test_the_same_digits_in_every_domain() -> None:
    made = make_grids()
    grey, coloured, inverted = made.grid
    assert torch.equal(grey, made.split.grid.images)
    assert torch.equal(coloured.int(), (100 - grey.int()).abs())
    assert torch.equal(inverted, 255 - grey)
    assert torch.equal(made.map[0], made.split.map.images)
    assert made.held_out.shape == (3, 110, 3, 28, 28)


def test_own_picture_faded_in() -> None:
    made = make_grids()
    grey = made.split.grid.images
    assert torch.equal(made.own_grid(picture(255, 0.0))[0], grey)
    assert torch.equal(made.own_grid(picture(255))[0], 255 - grey)
    assert torch.equal(made.own_grid(picture(200, 0.5))[0].int(), (100 - grey.int()).abs())
    assert torch.equal(made.own_held_out(picture(255), 5)[0], 255 - made.split.held_out.images[:5])


def test_digits_keep_their_patches_while_the_picture_fades_in() -> None:
    noise = torch.randint(256, (3, 60, 60), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    made = make_grids()
    full, half = (made.own_held_out(OwnPicture(noise, "noise", s))[0, :, 0, 5, 5] for s in (1.0, 0.5))
    assert torch.equal(half, (full.float() / 2).round().to(torch.uint8))


def test_a_large_picture_is_reduced_and_a_tiny_one_enlarged() -> None:
    made = make_grids()
    stripes = torch.zeros(3, 28, 6400, dtype=torch.uint8)
    stripes[:, :, 1::2] = 255
    patches = made.patches(OwnPicture(stripes, "stripes"))
    assert patches.shape == (150, 3, 28, 28)
    assert made.patches(picture(7)).unique().tolist() == [7]
    assert made.patches(OwnPicture(torch.full((3, 1, 1), 9, dtype=torch.uint8), "dot")).unique().tolist() == [
        9
    ]
    assert abs(float(patches.float().mean()) - 127.5) < 5
    assert float(patches.float().std()) < 40


def test_own_pictures_are_known_by_token_and_strength() -> None:
    assert picture(1, 0.5, "a") == picture(2, 0.5, "a")
    assert len({picture(1, 0.5, "a"), picture(1, 0.4, "a"), picture(1, 0.5, "b")}) == 3


def test_own_pictures_that_cannot_be() -> None:
    for rgb, strength, text in [
        (torch.zeros(3, 4, 4), 1.0, r"uint8 \(3, H, W\), but got torch.float32 \(3, 4, 4\)"),
        (torch.zeros(1, 4, 4, dtype=torch.uint8), 1.0, r"but got torch.uint8 \(1, 4, 4\)"),
        (torch.zeros(3, 4, 4, dtype=torch.uint8), 1.01, "Expected a strength from 0 to 1, but got 1.01"),
        (torch.zeros(3, 4, 4, dtype=torch.uint8), float("nan"), "but got nan"),
    ]:
        with case(rgb, strength), pytest.raises(DniError, match=text):
            OwnPicture(rgb, "token", strength)
