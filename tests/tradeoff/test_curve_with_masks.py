"""Curves with the desk's layers and its mask, against pictures put together by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from cases import case
from mask_renders import CPU, make_picture, make_renderer

from dni.blending.layer_groups import layer_groups
from dni.blending.shares import Mix
from dni.checkpoints.networks import load_ends
from dni.errors import DniError
from dni.masks.files import encode_mask
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.rendering.renderer import Renderer
from dni.tradeoff.curve import Curve, measure_curve
from dni.tradeoff.part import choose_part
from dni.tradeoff.quality import against_reference, without_reference
from dni.tradeoff.question import TradeoffRequest
from dni.ui.mixing.scene import with_layers

SCALE = 4
RGB = make_picture(24, 32)
HARD = torch.zeros(96, 128, dtype=torch.uint8)
HARD[:, 72:] = 255  # at the pixels of the output, so that none is between


@pytest.fixture(scope="module")
def renderer(tiny_ends: list[Path]) -> Renderer:
    return make_renderer(tiny_ends)


def uniform(value: int) -> str:
    return encode_mask(torch.full((6, 8), value, dtype=torch.uint8))


def measure(renderer: Renderer, rgb: torch.Tensor = RGB, **question: Any) -> Curve:
    picture = Picture(rgb=rgb, opacity=None, name="photo")
    return measure_curve(picture, renderer, TradeoffRequest(**{"num_points": 3, **question}))


def measures(curve: Curve) -> list[dict[str, float]]:
    return [point.measures for point in curve.points]


def batch(rgb: torch.Tensor) -> torch.Tensor:
    return rgb[None].float() / 255


KINDS = [
    ("proxy", RGB, {}),
    ("reduced", make_picture(70, 83), {"reduce_first": True}),
    ("reference", RGB, {"reference": make_picture(96, 128, seed=1)}),
]


# The mask


def test_a_mask_all_over_changes_nothing(renderer: Renderer) -> None:
    for kind, rgb, question in KINDS:
        with case(kind, rgb, question):
            plain, painted = (measure(renderer, rgb, **question, mask=mask) for mask in (None, uniform(255)))
            assert (plain.kind, plain.crop) == (kind, painted.crop)
            assert measures(painted) == measures(plain)
            assert measures(plain)[0] != measures(plain)[2]
            assert painted.title == f"{plain.title} With your mask: outside it nothing changes."


def test_where_nothing_is_painted_the_first_end_stays(renderer: Renderer) -> None:
    for kind, rgb, question in KINDS:
        with case(kind, rgb, question):
            plain, painted = (measure(renderer, rgb, **question, mask=mask) for mask in (None, uniform(0)))
            assert measures(painted) == [measures(plain)[0]] * 3
            assert painted.title.endswith(
                "With your mask, but nothing is painted in the part that was measured."
            )


def test_the_masked_picture_is_measured_as_a_whole(renderer: Renderer) -> None:
    for outside, alpha in [(None, 0.0), (Mix.of_alpha(0.3), 0.3)]:
        with case(outside, alpha):
            reference = make_picture(96, 128, seed=2)
            curve = measure(renderer, reference=reference, mask=encode_mask(HARD), outside=outside)
            beside = renderer.render(RGB, Mix.of_alpha(alpha))
            for point in curve.points:
                shown = torch.where(HARD > 0, renderer.render(RGB, point.mix), beside)
                expected = against_reference(batch(shown), batch(reference), border=SCALE, extractor=None)
                assert point.measures == pytest.approx(expected, rel=2e-3)
            assert [point.alpha for point in curve.points] == [0, 0.5, 1]


def test_a_soft_mask_gives_what_its_share_of_alpha_gives(renderer: Renderer) -> None:
    """A mask of one value v is the blend at alpha times v / 255."""
    curve = measure(renderer, mask=uniform(102))
    first = batch(renderer.render(RGB, (1, 0)))
    for point in curve.points:
        blend = batch(renderer.render(RGB, Mix.of_alpha(0.4 * point.position)))
        expected = without_reference(blend, first=first, given=batch(RGB))
        assert point.measures == pytest.approx(expected, rel=1e-3)


# Layers


def test_a_group_without_a_share_stays_the_first_ends(renderer: Renderer, tiny_ends: list[Path]) -> None:
    network, (first, last) = load_ends(tiny_ends)
    kept = set(layer_groups(first)["last"])
    curve = measure(renderer, stop=with_layers(Mix.of_alpha(1), {"last": 0.0}))
    outputs = []
    for point in curve.points:
        blended = {
            name: first[name] if name in kept else torch.lerp(first[name], last[name], point.position)
            for name in first
        }
        by_hand = Renderer(network, [blended, blended], device=CPU, precision="float32")
        outputs.append(batch(by_hand.render(RGB, (1, 0))))
        expected = without_reference(outputs[-1], first=outputs[0], given=batch(RGB))
        assert point.measures == pytest.approx(expected, rel=1e-3)
    assert curve.points[2].measures["change"] > 1
    assert measures(curve)[2] != pytest.approx(measures(measure(renderer))[2], rel=0.01)
    assert curve.title.endswith("With your layers: some have shares of their own.")


def test_each_group_gets_its_part_of_alpha_as_on_the_slider(renderer: Renderer) -> None:
    layers = {"first": 0.25, "last": 0.6}
    curve = measure(renderer, stop=with_layers(Mix.of_alpha(1), layers), num_points=5)
    for point in curve.points[1:]:
        slider = with_layers(Mix.of_alpha(point.position), layers)
        for group in ("first", "last", "trunk 1"):
            assert point.mix.shares_in(group) == pytest.approx(slider.shares_in(group))
    values = curve.to_dict()["points"]
    assert [value["alpha"] for value in values] == [0, 0.25, 0.5, 0.75, 1]


def test_layers_and_mask_together(renderer: Renderer) -> None:
    stop = with_layers(Mix.of_alpha(1), {"last": 0.0})
    layered = measure(renderer, stop=stop)
    both = measure(renderer, stop=stop, mask=uniform(255))
    assert measures(both) == measures(layered)
    assert "With your layers" in both.title
    assert both.title.endswith("With your mask: outside it nothing changes.")


# Which part


def corner(left: int, top: int, width: int = 6, height: int = 6) -> torch.Tensor:
    """A mask of the size of a 40x60 picture."""
    mask = torch.zeros(40, 60, dtype=torch.uint8)
    mask[top : top + height, left : left + width] = 255
    return mask


def test_of_a_large_picture_that_part_is_measured_where_most_is_painted() -> None:
    for mask, expected in [
        (None, (18, 12)),
        (torch.full((3, 3), 255, dtype=torch.uint8), (18, 12)),
        (torch.zeros(3, 3, dtype=torch.uint8), (18, 12)),
        (corner(0, 0), (0, 0)),
        (corner(54, 34), (36, 24)),
        (corner(20, 3), (18, 3)),
        (corner(42, 20), (24, 12)),
    ]:
        with case(mask):
            part = choose_part((40, 60), None, unit=1, max_pixels=24 * 16, mask=mask)
            assert part == Rectangle(*expected, 24, 16)


def test_paint_outside_of_the_asked_part_does_not_count() -> None:
    asked = Rectangle(30, 10, 30, 30).scaled(4)
    part = choose_part((40, 60), asked, unit=4, max_pixels=20 * 20, mask=corner(0, 0))
    assert part == Rectangle(35, 15, 20, 20)


def test_the_middle_of_nothing_painted_is_said_to_be_so(renderer: Renderer) -> None:
    mask = encode_mask(corner(0, 0))
    rgb = make_picture(40, 60)
    painted = measure(renderer, rgb, mask=mask, max_pixels=24 * 16)
    assert painted.crop == Rectangle(0, 0, 24, 16)
    assert painted.title.endswith("outside it nothing changes.")
    missed = measure(renderer, rgb, mask=mask, crop=Rectangle(30, 10, 24, 16))
    assert "nothing is painted in the part" in missed.title
    assert missed.points[2].measures["change"] == 0


# Errors


def test_what_cannot_be_measured(renderer: Renderer) -> None:
    for question, text in [
        ({"levels": 3}, "a mask for its levels"),
        ({"outside": Mix.of_alpha(0)}, "Expected a mask for the mix outside of it, but got none"),
        ({"mask": uniform(9), "outside": Mix.of((1, 0, 0))}, "Expected a brush of 3 ends"),
        ({"mask": "no mask"}, "Expected a mask as a grey PNG"),
        ({"stop": Mix.of((0, 1), groups={"middle": (1, 0)})}, "groups of layers that this network has"),
    ]:
        with case(question), pytest.raises(DniError, match=text):
            measure(renderer, **question)
