"""What the studio refuses, and that it stays usable."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from conftest import make_pair

from dni.catalog import CatalogError
from dni.images import Picture
from dni.mix import BlendError, Mix
from dni.serving.regions import MAX_REGION_PIXELS
from dni.serving.studio import Region, Studio, StudioError

WHOLE = Region(0, 0, 40, 30)
at = Mix.of_alpha


def make_picture(width: int = 40, height: int = 30) -> Picture:
    rgb = torch.arange(3 * height * width).remainder(251).to(torch.uint8).view(3, height, width)
    return Picture(rgb=rgb, opacity=None, name="photo.png")


@pytest.mark.parametrize(
    "region",
    [Region(-1, 0, 5, 5), Region(0, 0, 41, 5), Region(20, 29, 5, 2), Region(3, 3, 0, 5), Region(3, 3, 5, -1)],
)
def test_a_region_outside_the_picture_is_refused(studio: Studio, region: Region) -> None:
    token = studio.hold(make_picture(), owner="ann")
    text = rf"the 40x30 picture, but got {region.width}x{region.height} at \({region.left}, {region.top}\)"
    for ask in (
        lambda: studio.frame(token, "tiny", region, at(0.5)),
        lambda: studio.before(token, "tiny", region),
    ):
        with pytest.raises(StudioError, match=text):
            ask()


def test_too_large_a_region_is_refused(studio: Studio) -> None:
    token = studio.hold(make_picture(513, 512), owner="ann")
    assert MAX_REGION_PIXELS == 512 * 512
    with pytest.raises(
        StudioError, match="at most 262144 pixels inside the 513x512 picture, but got 513x512"
    ):
        studio.frame(token, "tiny", Region(0, 0, 513, 512), at(0.5))
    assert studio.before(token, "tiny", Region(1, 0, 512, 512))


@pytest.mark.parametrize(
    ("mix", "text"),
    [
        (Mix((0.2, 0.3, 0.5)), "one share for each of the 2 ends, but got 3"),
        (Mix.of((1, 0), groups={"roof": (0, 1)}), "roof"),
    ],
)
def test_a_mix_that_does_not_fit_is_refused_and_not_remembered(studio: Studio, mix: Mix, text: str) -> None:
    token = studio.hold(make_picture(), owner="ann")
    for _ in range(2):
        with pytest.raises(BlendError, match=text):
            studio.frame(token, "tiny", WHOLE, mix)
    assert studio.frame(token, "tiny", WHOLE, at(0.5)).jpeg


def test_what_is_not_held_is_named(studio: Studio) -> None:
    token = studio.hold(make_picture(), owner="ann")
    for ask in (
        lambda: studio.picture("ann.guess"),
        lambda: studio.overview(""),
        lambda: studio.frame(token + "x", "tiny", WHOLE, at(0.5)),
        lambda: studio.before(token[:-1], "tiny", WHOLE),
    ):
        with pytest.raises(StudioError, match=r"no longer held here\. Choose it again, or upload it again"):
            ask()
    for ask in (
        lambda: studio.pair("big"),
        lambda: studio.frame(token, "big", WHOLE, at(0.5)),
        lambda: studio.live_pixels("big"),
        lambda: studio.export_network("big", at(0.5), Path("a.safetensors")),
    ):
        with pytest.raises(StudioError, match="one of the pairs reversed, tiny, but got 'big'"):
            ask()


def test_a_pair_whose_file_is_missing_does_no_harm(
    studio: Studio, tiny_ends: list[Path], tmp_path: Path
) -> None:
    studio.catalog["broken"] = make_pair("broken", [tiny_ends[0], tmp_path / "gone.safetensors"])
    token = studio.hold(make_picture(), owner="ann")
    for _ in range(2):
        with pytest.raises(
            CatalogError, match=r"'gone' of broken at .*gone\.safetensors, but it is not there"
        ):
            studio.frame(token, "broken", WHOLE, at(0.5))
        assert studio.frame(token, "tiny", WHOLE, at(0.5)).jpeg
    shutil.copy(tiny_ends[1], tmp_path / "gone.safetensors")
    assert (
        studio.frame(token, "broken", WHOLE, at(0.5)).jpeg == studio.frame(token, "tiny", WHOLE, at(0.5)).jpeg
    )
