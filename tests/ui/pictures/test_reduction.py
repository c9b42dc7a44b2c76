"""Pictures that are larger than they need to be are offered in a smaller size."""

from __future__ import annotations

import re

import pytest
import torch

from dni.catalog.ladders import Ladder
from dni.catalog.pairs import End, Pair, Source
from dni.errors import DniError
from dni.pictures.picture import Picture
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session
from dni.ui.effects.viewer import make_scene
from dni.ui.pictures.reduction import reduce_scene_picture, reduction_of
from dni.ui.protocol.frames import ViewerScene

ENDS = (End("a", Source(url="x")), End("b", Source(url="y")))
PAIR = Pair(id="p", title="P", ends=ENDS)


def picture_of(width: int, height: int) -> Picture:
    return Picture(torch.zeros(1, dtype=torch.uint8).expand(3, height, width), None, "holiday.jpg")


def scene_of(service: RenderService, session: Session, token: str, full: str = "") -> ViewerScene:
    return make_scene(
        service,
        session,
        token=token,
        pair_id="tiny",
        alpha=0.5,
        live_pixels=1000,
        prepares=False,
        full=full,
    )


@pytest.mark.parametrize(
    ("size", "scale", "factor", "words"),
    [
        ((4000, 3000), 4, 4, "16,000 x 12,000 pixels, .* becomes 4,000 x 3,000"),
        ((4000, 3000), 1, 6, "thin on 4,000 x 3,000. Reduced to 1/6 first, 667 x 500"),
        ((2000, 1500), 4, 2, "a half first, it becomes 4,000 x 3,000"),
    ],
)
def test_a_large_picture_is_offered_smaller_with_what_it_means(
    size: tuple[int, int], scale: int, factor: int, words: str
) -> None:
    offer = reduction_of(picture_of(*size), PAIR, scale, full=None)
    assert offer is not None
    assert offer.factor == factor
    assert re.search(words, offer.text), offer.text


def test_nothing_is_offered_where_it_would_not_help() -> None:
    assert reduction_of(picture_of(1600, 1200), PAIR, 4, full=None) is None
    ladder = Pair(id="p", title="P", ends=ENDS, ladder=Ladder("noise", ((15, 0.0), (50, 1.0))))
    assert reduction_of(picture_of(4000, 3000), ladder, 1, full=None) is None


def test_a_picture_is_reduced_and_the_full_one_comes_back(service: RenderService, ann: Session) -> None:
    rgb = torch.arange(256, dtype=torch.uint8).expand(3, 64, 256).contiguous()
    opacity = torch.full((1, 64, 256), 128, dtype=torch.uint8)
    token = service.hold(Picture(rgb, opacity, "ramp.png"), session=ann, tab="effects")

    smaller = reduce_scene_picture(service, scene_of(service, ann, token), 4, session=ann, tab="effects")
    picture, shown = service.picture(smaller.token, ann), scene_of(service, ann, smaller.token, smaller.full)
    assert (picture.width, picture.height, picture.name) == (64, 16, "ramp reduced to a quarter.png")
    assert picture.opacity is not None
    assert (picture.opacity == 128).all()
    expected = rgb.reshape(3, 16, 4, 64, 4).float().mean(dim=(2, 4))
    assert (picture.rgb.float() - expected).abs()[:, :, 2:-2].max() <= 1.5
    assert shown.reduction is not None
    assert (shown.reduction.factor, shown.reduction.text) == (1, "Reduced to a quarter: 64 x 16 pixels.")
    back = reduce_scene_picture(service, shown, 1, session=ann, tab="effects")
    assert (back.token, back.full) == (token, "")


@pytest.mark.parametrize("factor", [0, 17, 2.5, True, None, "2"])
def test_a_factor_that_is_none_is_refused(service: RenderService, ann: Session, factor: object) -> None:
    token = service.hold(picture_of(8, 8), session=ann, tab="effects")
    scene = scene_of(service, ann, token)
    with pytest.raises(DniError, match="reduce by 1 to 16, but got"):
        reduce_scene_picture(service, scene, factor, session=ann, tab="effects")
