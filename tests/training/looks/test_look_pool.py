"""Photographs in one tensor: crops that are really theirs, targets that stay aligned, names held back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from dni.errors import DniError
from dni.training.looks.photograph_pool import PhotographPool, read_photographs

CPU = torch.device("cpu")


def numbered(height: int, width: int, number: int) -> Tensor:
    """A photograph whose pixels say where they are: row, column, number."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack((rows, columns, torch.full_like(rows, number)), dim=2).to(torch.uint8)


def draw(
    pool: PhotographPool, count: int, *, seed: int = 0, target: str | None = None
) -> tuple[Tensor, Tensor]:
    return pool.sample(count, 16, torch.Generator().manual_seed(seed), target=target)


def test_crops_are_windows_of_one_photograph_in_all_orientations() -> None:
    pool = PhotographPool([numbered(20, 40, 1), numbered(64, 16, 2)], device=CPU)
    crops = (draw(pool, 200)[0] * 255).round().long()
    assert set(crops[:, 2].flatten().tolist()) == {1, 2}
    steps = set()
    for crop in crops:
        assert len(crop[2].unique()) == 1
        rows, columns = crop[0], crop[1]
        steps.add((int(rows[1, 0] - rows[0, 0]), int(columns[1, 0] - columns[0, 0]),
                   int(rows[0, 1] - rows[0, 0]), int(columns[0, 1] - columns[0, 0])))  # fmt: skip
        assert rows.max() - rows.min() == columns.max() - columns.min() == 15
    assert len(steps) == 8
    # Every place is reached, borders included.
    assert crops[crops[:, 2, 0, 0] == 1][:, 1].unique().tolist() == list(range(40))


def test_photographs_are_drawn_by_area_and_small_ones_never() -> None:
    pool = PhotographPool([numbered(32, 32, 1), numbered(32, 96, 2), numbered(8, 99, 3)], device=CPU)
    numbers = (draw(pool, 2000)[0][:, 2, 0, 0] * 255).round()
    assert (numbers == 2).float().mean() == pytest.approx(0.75, abs=0.05)
    assert not (numbers == 3).any()
    with pytest.raises(DniError, match="at least 200 pixels a side, but got none"):
        pool.sample(1, 200, torch.Generator())


def test_targets_stay_beside_their_photographs() -> None:
    pool = PhotographPool([numbered(20, 40, 1), numbered(64, 16, 2)], device=CPU)
    pool.add_target("negative", lambda image: 1 - image)
    photographs, targets = draw(pool, 20, target="negative")
    torch.testing.assert_close(targets, 1 - photographs)
    assert photographs.is_contiguous(memory_format=torch.channels_last)


def test_the_seed_decides() -> None:
    pool = PhotographPool([numbered(90, 90, 1)], device=CPU)
    assert torch.equal(draw(pool, 4)[0], draw(pool, 4)[0])
    assert not torch.equal(draw(pool, 4)[0], draw(pool, 4, seed=1)[0])


def test_files_are_read_in_order_and_held_back_ones_left_out(tmp_path: Path) -> None:
    for number, name in enumerate(("b.png", "a.webp", "c.png")):
        pixels = np.full((4, 5, 3), number, np.uint8)
        Image.fromarray(pixels).save(tmp_path / name, lossless=True)
    read = read_photographs([tmp_path], held_back=["photos/b.jpg"])
    assert [int(photograph[0, 0, 0]) for photograph in read] == [1, 2]
    assert read[0].shape == (4, 5, 3)
    with pytest.raises(DniError, match="Expected photographs"):
        read_photographs([tmp_path / "none"])
