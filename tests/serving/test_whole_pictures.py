"""Work on whole pictures waits for its turn, is done once, and gives what Pillow gives."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import Tensor

from dni.masks.automatic import luminance_mask
from dni.pictures import strips
from dni.pictures.picture import Picture, to_pil, to_tensor
from dni.pictures.resize import reduce_bicubic
from dni.pictures.strips import over_checkerboard, over_level, thumbnail_over_checkerboard
from dni.serving.render_service import RenderService
from dni.serving.scheduling.scheduler import Priority
from dni.serving.sessions import Session

SIZES = [(1, 1), (30, 40), (700, 90), (91, 333), (900, 4), (3, 801), (257, 512)]


def noise(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))


@pytest.fixture(autouse=True)
def thin_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "STRIP_PIXELS", 2000)


@pytest.mark.parametrize("is_opaque", [True, False])
@pytest.mark.parametrize("size", SIZES)
def test_by_channels_and_strips_it_is_the_same(size: tuple[int, int], is_opaque: bool) -> None:
    rgb, opacity = noise(3, *size), None if is_opaque else noise(1, *size)
    share = 1.0 if opacity is None else opacity.float() / 255
    flat = (rgb * share + 128 * (1 - share)).round().to(torch.uint8)
    assert torch.equal(over_level(rgb, opacity, 128), flat)
    small = to_pil(rgb, opacity if opacity is None else torch.full_like(opacity, 255))
    small.thumbnail((100, 100))
    if is_opaque:
        assert torch.equal(thumbnail_over_checkerboard(rgb, None, side=100), to_tensor(small))
    assert torch.equal(luminance_mask(rgb), to_tensor(to_pil(rgb).convert("L"))[0])


def test_a_checkerboard_shows_through_and_its_parts_fit_together() -> None:
    rgb, clear = noise(3, 40, 50), torch.zeros(1, 40, 50, dtype=torch.uint8)
    whole = over_checkerboard(rgb, clear)
    assert (whole[:, :8, :8] == 204).all()
    assert (whole[:, :8, 8:16] == 153).all()
    assert (whole[:, 8:16, :8] == 153).all()
    assert torch.equal(
        over_checkerboard(rgb[:, 13:, 21:], clear[:, 13:, 21:], left=21, top=13), whole[:, 13:, 21:]
    )
    assert torch.equal(over_checkerboard(rgb, torch.full_like(clear, 255)), rgb)
    assert torch.equal(thumbnail_over_checkerboard(rgb, clear, side=100), whole)


def test_reduced_by_channels_it_is_the_same() -> None:
    rgb = noise(3, 96, 120)
    assert torch.equal(reduce_bicubic(rgb, 4), to_tensor(to_pil(rgb).resize((30, 24), 3)))


def test_overviews_wait_for_each_other_and_not_for_frames(service: RenderService, ann: Session) -> None:
    token = service.hold(Picture(noise(3, 60, 80), None, "a.png"), session=ann, tab="effects")
    made: list[str] = []
    alone = threading.Lock()

    def make(picture: Picture) -> bytes:
        assert alone.acquire(blocking=False), "two whole pictures at once"
        made.append(picture.name)
        alone.release()
        return b"jpeg"

    with service.scheduler.slot("somebody", Priority.LIVE), ThreadPoolExecutor(3) as pool:
        waiting = [
            pool.submit(service.whole_pictures.get, token, "overview", make, session=ann) for _ in range(3)
        ]
        assert [each.result(30) for each in waiting] == [b"jpeg"] * 3
    assert made == ["a.png"], "the second and third were remembered"
    service.hold(Picture(noise(3, 60, 80), None, "b.png"), session=ann, tab="effects")
    assert len(service.whole_pictures) == 0
