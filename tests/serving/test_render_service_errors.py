"""What the service refuses, and that it stays usable."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from pair_files import make_pair

from dni.blending.shares import BlendError, Mix
from dni.catalog.pairs import CatalogError
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.serving.regions import MAX_REGION_PIXELS
from dni.serving.render_service import RenderService, RenderServiceError
from dni.serving.sessions import Session

WHOLE = Rectangle(0, 0, 40, 30)
at = Mix.of_alpha


def make_picture(width: int = 40, height: int = 30) -> Picture:
    rgb = torch.arange(3 * height * width).remainder(251).to(torch.uint8).view(3, height, width)
    return Picture(rgb=rgb, opacity=None, name="photo.png")


@pytest.mark.parametrize(
    "region",
    [
        Rectangle(-1, 0, 5, 5),
        Rectangle(0, 0, 41, 5),
        Rectangle(20, 29, 5, 2),
        Rectangle(3, 3, 0, 5),
        Rectangle(3, 3, 5, -1),
    ],
)
def test_a_region_outside_the_picture_is_refused(
    service: RenderService, region: Rectangle, ann: Session
) -> None:
    token = service.hold(make_picture(), session=ann, tab="effects")
    text = rf"the 40x30 picture, but got {region.width}x{region.height} at \({region.left}, {region.top}\)"
    for ask in (
        lambda: service.frame(token, "tiny", region, at(0.5), session=ann),
        lambda: service.before(token, "tiny", region, session=ann),
    ):
        with pytest.raises(RenderServiceError, match=text):
            ask()


def test_too_large_a_region_is_refused(service: RenderService, ann: Session) -> None:
    token = service.hold(make_picture(513, 768), session=ann, tab="effects")
    assert MAX_REGION_PIXELS == 512 * 768
    with pytest.raises(
        RenderServiceError, match="at most 393216 pixels inside the 513x768 picture, but got 513x768"
    ):
        service.frame(token, "tiny", Rectangle(0, 0, 513, 768), at(0.5), session=ann)
    assert service.before(token, "tiny", Rectangle(1, 0, 512, 768), session=ann)


@pytest.mark.parametrize(
    ("mix", "text"),
    [
        (Mix((0.2, 0.3, 0.5)), "one share for each of the 2 ends, but got 3"),
        (Mix.of((1, 0), groups={"roof": (0, 1)}), "roof"),
    ],
)
def test_a_mix_that_does_not_fit_is_refused_and_not_remembered(
    service: RenderService,
    mix: Mix,
    text: str,
    ann: Session,
) -> None:
    token = service.hold(make_picture(), session=ann, tab="effects")
    for _ in range(2):
        with pytest.raises(BlendError, match=text):
            service.frame(token, "tiny", WHOLE, mix, session=ann)
    assert service.frame(token, "tiny", WHOLE, at(0.5), session=ann).jpeg


def test_what_is_not_held_is_named(service: RenderService, ann: Session) -> None:
    token = service.hold(make_picture(), session=ann, tab="effects")
    for ask in (
        lambda: service.picture("guess", ann),
        lambda: service.overview("", session=ann),
        lambda: service.frame(token + "x", "tiny", WHOLE, at(0.5), session=ann),
        lambda: service.before(token[:-1], "tiny", WHOLE, session=ann),
    ):
        with pytest.raises(
            RenderServiceError, match=r"no longer held here\. Choose it again, or upload it again"
        ):
            ask()
    for ask in (
        lambda: service.pair("big"),
        lambda: service.frame(token, "big", WHOLE, at(0.5), session=ann),
        lambda: service.live_pixels("big", session=ann),
        lambda: service.export_network("big", at(0.5), Path("a.safetensors"), session=ann),
    ):
        with pytest.raises(RenderServiceError, match="one of the pairs reversed, tiny, but got 'big'"):
            ask()


def test_a_pair_whose_file_is_missing_does_no_harm(
    service: RenderService,
    tiny_ends: list[Path],
    tmp_path: Path,
    ann: Session,
) -> None:
    service.catalog["broken"] = make_pair("broken", [tiny_ends[0], tmp_path / "gone.safetensors"])
    token = service.hold(make_picture(), session=ann, tab="effects")
    for _ in range(2):
        with pytest.raises(
            CatalogError, match=r"'gone' of broken at .*gone\.safetensors, but it is not there"
        ):
            service.frame(token, "broken", WHOLE, at(0.5), session=ann)
        assert service.frame(token, "tiny", WHOLE, at(0.5), session=ann).jpeg
    shutil.copy(tiny_ends[1], tmp_path / "gone.safetensors")
    assert (
        service.frame(token, "broken", WHOLE, at(0.5), session=ann).jpeg
        == service.frame(token, "tiny", WHOLE, at(0.5), session=ann).jpeg
    )
