"""Orders to pixels: layers, crops and paint, each against a plainer way to the same pixels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import case
from safetensors.torch import load_file
from torch import Tensor, nn

from dni.blending.interpolate import interpolate
from dni.blending.layer_groups import layer_groups
from dni.blending.shares import Mix
from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.networks import load_ends
from dni.masks.files import decode_mask, encode_mask
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.pictures.resize import resize_bicubic
from dni.recipes.render_request import RenderRequest, RenderRequestError
from dni.rendering.control import RenderControl
from dni.rendering.masked import render_masked
from dni.rendering.renderer import Renderer
from dni.rendering.requests import render_request
from models import RRDBNet

CPU = torch.device("cpu")
MASK = encode_mask(torch.tensor([[0, 0, 30, 80], [0, 255, 255, 120], [0, 255, 255, 200]], dtype=torch.uint8))
PAINTED = RenderRequest(
    mix=Mix.of((0.7, 0.3), groups={"first": (0, 1), "last": (0.5, 0.5)}),
    brush=Mix.of((0.1, 0.9), groups={"trunk 1": (1, 0)}),
    mask=MASK,
    levels=2,
)
CROPS = [Rectangle(0, 0, 90, 70), Rectangle(0, 0, 1, 1), Rectangle(60, 50, 30, 20), Rectangle(7, 3, 61, 40)]


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def make_picture(height: int = 70, width: int = 90) -> Picture:
    return Picture(rgb=noise(3, height, width), opacity=noise(1, height, width, seed=1), name="photo.png")


@pytest.fixture(scope="module")
def renderer(tiny_ends: list[Path]) -> Renderer:
    network, states = load_ends(tiny_ends)
    return Renderer(network, states, device=CPU, precision="float32")


def developed(
    picture: Picture, renderer: Renderer, wanted: RenderRequest, control: RenderControl | None = None
) -> tuple[Tensor, Tensor]:
    rgb, opacity = render_request(picture, renderer, wanted, control=control)
    assert opacity is not None
    assert opacity.shape == (1, *rgb.shape[1:])
    return rgb, opacity


def cut(whole: Tensor, crop: Rectangle, scale: int = 4) -> Tensor:
    rows, columns = slice(scale * crop.top, scale * crop.bottom), slice(scale * crop.left, scale * crop.right)
    return whole[:, rows, columns]


def difference(one: Tensor, other: Tensor) -> int:
    assert one.shape == other.shape
    return int((one.int() - other.int()).abs().max())


def test_groups_are_those_of_the_blend(renderer: Renderer, tiny_ends: list[Path]) -> None:
    mix = Mix.of((0.5, 0.5), groups={"first": (1, 0), "last": (0.2, 0.8)})
    picture = make_picture()
    rendered, _ = developed(picture, renderer, RenderRequest(mix=mix))
    network, states = RRDBNet(num_filters=8, num_blocks=1).eval(), [load_file(path) for path in tiny_ends]
    expected = interpolate(states, (0.5, 0.5))
    for group, shares in mix.groups:
        for name in layer_groups(network.state_dict())[group]:
            expected[name] = interpolate(states, shares)[name]
    network.load_state_dict(expected)
    with torch.no_grad():
        output = network(picture.rgb[None].float() / 255)[0].clamp(0, 1).mul(255).round()
    assert difference(rendered, output) <= 1
    assert difference(rendered, renderer.render(picture.rgb, (0.5, 0.5))) > 5


def test_a_picture_without_opacity_has_none(renderer: Renderer) -> None:
    picture = replace(make_picture(20, 20), opacity=None)
    assert render_request(picture, renderer, RenderRequest(mix=Mix.of_alpha(0.4)))[1] is None


def test_a_crop_is_that_part_of_the_whole(renderer: Renderer) -> None:
    for tile, crop in product([None, 16], CROPS):
        with case(tile, crop):
            picture, wanted = make_picture(), RenderRequest(mix=Mix.of_alpha(0.4), crop=crop, tile=tile)
            rgb, opacity = developed(picture, renderer, wanted)
            assert picture.opacity is not None
            assert difference(rgb, cut(renderer.render(picture.rgb, wanted.mix), crop)) <= 1
            assert torch.equal(opacity, cut(resize_bicubic(picture.opacity, 4), crop))


def test_a_painted_crop_is_that_part_of_the_whole(renderer: Renderer) -> None:
    for crop in CROPS:
        with case(crop):
            picture = make_picture()
            rgb, opacity = developed(picture, renderer, replace(PAINTED, crop=crop))
            whole, whole_opacity = developed(picture, renderer, PAINTED)
            assert difference(rgb, cut(whole, crop)) <= 1
            assert torch.equal(opacity, cut(whole_opacity, crop))


class Blocks(nn.Module):
    """Scales every pixel by its place in its block of 4x4: blocks that begin elsewhere show."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.linspace(0.1, 1, 16).reshape(1, 1, 4, 4))

    def forward(self, image: Tensor) -> Tensor:
        return image * self.gain.repeat(1, 1, image.shape[2] // 4, image.shape[3] // 4)


def test_a_crop_keeps_the_blocks_that_a_network_works_on() -> None:
    for crop in CROPS:
        with case(crop):
            module = Blocks().requires_grad_(False)
            network = ImageNetwork(
                module, "blocks", scale=1, input_channels=3, output_channels=3, minimum_size=4, multiple_of=4,
                square=False, supports_bfloat16=False,
            )  # fmt: skip
            states = [{"gain": gain * module.gain.clone()} for gain in (1.0, 0.5)]
            picture, mix = make_picture(), Mix.of_alpha(0.0)
            gain = states[0]["gain"][0].repeat(1, 18, 23)[:, :70, :90]
            rgb, _ = developed(
                picture, Renderer(network, states, device=CPU), RenderRequest(mix=mix, crop=crop)
            )
            assert difference(rgb, cut((picture.rgb * gain).round(), crop, scale=1)) <= 1


def test_a_crop_outside_the_picture_is_refused(renderer: Renderer) -> None:
    for wanted, crop in product(
        [RenderRequest(mix=Mix.of_alpha(0.4)), PAINTED],
        [Rectangle(0, 0, 91, 70), Rectangle(89, 0, 2, 1), Rectangle(0, 70, 1, 1)],
    ):
        with case(wanted, crop):
            text = f"inside the 90x70 picture, but got {crop}. Move it"
            with pytest.raises(RenderRequestError, match=re.escape(text)):
                render_request(make_picture(), renderer, replace(wanted, crop=crop))


def test_paint_is_the_masked_render(renderer: Renderer) -> None:
    picture = make_picture()
    rgb, _ = developed(picture, renderer, PAINTED)
    assert PAINTED.brush is not None
    mask = decode_mask(MASK)
    expected = render_masked(
        renderer, picture.rgb, base=PAINTED.mix, brush=PAINTED.brush, mask=mask, levels=2
    )
    assert torch.equal(rgb, expected)
    assert not torch.equal(rgb, developed(picture, renderer, replace(PAINTED, levels=3))[0])


def test_paint_leaves_what_is_not_painted(renderer: Renderer) -> None:
    picture = make_picture(24, 64)
    mask = torch.zeros(24, 64, dtype=torch.uint8)
    mask[:, 32:] = 255
    wanted = RenderRequest(mix=Mix.of_alpha(0.0), brush=Mix.of_alpha(1.0), mask=encode_mask(mask))
    rgb, _ = developed(picture, renderer, wanted)
    a, b = (renderer.render(picture.rgb, Mix.of_alpha(alpha)) for alpha in (0, 1))
    # The bilinear edge takes half an input pixel on either side.
    assert difference(rgb[..., : 4 * 31], a[..., : 4 * 31]) <= 1
    assert difference(rgb[..., 4 * 33 :], b[..., 4 * 33 :]) <= 1
    assert difference(rgb[..., : 4 * 31], b[..., : 4 * 31]) > 5


@pytest.mark.parametrize("wanted", [RenderRequest(mix=Mix.of_alpha(0.4)), PAINTED], ids=["plain", "painted"])
def test_others_come_between_tiles(renderer: Renderer, wanted: RenderRequest) -> None:
    slots: list[str] = []
    told: list[tuple[int, int]] = []

    @contextmanager
    def slot() -> Iterator[None]:
        slots.append("in")
        yield
        slots.append("out")

    def progress(done: int, total: int) -> None:
        told.append((done, total))

    control = RenderControl(progress=progress, slot=slot)
    developed(make_picture(40, 21), renderer, replace(wanted, tile=16), control)
    total = told[0][1]
    assert total >= 6  # tiles of 40x21
    assert told == [(done, total) for done in range(total + 1)]
    assert slots == ["in", "out"] * (len(slots) // 2)
    assert len(slots) // 2 >= total
