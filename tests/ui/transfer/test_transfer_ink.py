"""Pictures that programs send, normalised as the page's drawing pad does it."""

from __future__ import annotations

import pytest
import torch
from javascript import evaluate

from dni.errors import DniError
from dni.pictures.picture import Picture
from dni.ui.transfer import ink as ink_module
from dni.ui.transfer.ink import normalized_ink, reduced, uploaded_ink

PAD_SIDE = 280
# Rectangles of ink: left, top, width, height and level.
PICTURES = [
    [(200, 10, 20, 200, 255)],
    [(5, 250, 240, 24, 255), (17, 100, 9, 160, 200)],
    [(10, 10, 12, 80, 255), (10, 78, 61, 12, 130)],
    [(139, 3, 2, 2, 255)],
    [(0, 0, 200, 8, 255), (0, 0, 100, 200, 77)],
    [(93, 51, 73, 171, 3), (100, 60, 13, 131, 255)],
]
SCRIPT = """given.map((rectangles) => {
  const values = new Float32Array(PAD_SIDE ** 2);
  for (const [left, top, width, height, level] of rectangles) {
    for (let y = top; y < top + height; y++) {
      values.fill(level / 255, y * PAD_SIDE + left, y * PAD_SIDE + left + width);
    }
  }
  return [...normalizeInk(values)];
})"""


def drawn(rectangles: list[tuple[int, int, int, int, int]]) -> torch.Tensor:
    """uint8 (3, 280, 280)."""
    picture = torch.zeros(PAD_SIDE, PAD_SIDE, dtype=torch.uint8)
    for left, top, width, height, level in rectangles:
        picture[top : top + height, left : left + width] = level
    return picture.expand(3, -1, -1)


def levels(rgb: torch.Tensor) -> torch.Tensor:
    ink = normalized_ink(rgb)
    assert ink is not None
    return (ink * 255).round().to(torch.int64)


def test_ink_is_that_of_the_pad() -> None:
    pad = evaluate(["adaptation/drawing/ink.js"], SCRIPT, PICTURES)
    for rectangles, expected in zip(PICTURES, pad, strict=True):
        found = levels(drawn(rectangles)).flatten()
        # In the browser amounts have single precision, which may round the other way.
        assert (found - torch.tensor(expected)).abs().max() <= 1


def test_dark_ink_on_light_paper_is_the_same_ink() -> None:
    for rectangles in PICTURES:
        assert torch.equal(levels(drawn(rectangles)), levels(255 - drawn(rectangles)))


@pytest.mark.parametrize("level", [0, 100, 255])
def test_a_picture_without_ink_is_refused(level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Picture(torch.full((3, 40, 30), level, dtype=torch.uint8), None, "picture.png")
    monkeypatch.setattr(ink_module, "open_upload", lambda _: picture)
    with pytest.raises(DniError, match=r"Expected a picture of a letter, .*, but it has one brightness"):
        uploaded_ink("picture.png", "letter")


def test_a_large_picture_is_read_like_its_reduced_one() -> None:
    """It is reduced before anything takes many bytes for a pixel."""
    small = torch.zeros(3, 900, 700, dtype=torch.uint8)
    small[:, 200:700, 100:600] = 255
    small[:, 300:600, 200:600] = 0
    large = small.repeat_interleave(5, dim=1).repeat_interleave(5, dim=2)
    assert max(reduced(large).shape[1:]) == 1024
    found, expected = normalized_ink(reduced(large)), normalized_ink(reduced(small))
    assert found is not None
    assert expected is not None
    # Soft edges may move it by a pixel.
    overlaps = [(found.roll(by, dims=0) * expected).sum() / expected.square().sum() for by in (-1, 0, 1)]
    assert max(overlaps) == pytest.approx(1, abs=0.05)
    assert reduced(torch.zeros(3, 1, 40_000, dtype=torch.uint8)).shape == (3, 1, 1024)
