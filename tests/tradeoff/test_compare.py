"""Network blending against pixel blending, by closed formulas and by what must be equal."""

from __future__ import annotations

import math
import threading
from pathlib import Path

import pytest
import torch
from cases import case
from mask_renders import CPU, difference, make_picture, make_renderer
from torch import nn

from dni.blending.shares import BlendError, Mix
from dni.checkpoints.image_network import ImageNetwork
from dni.masks.files import encode_mask
from dni.masks.levels import sample_mask
from dni.metrics.distortion import psnr_y
from dni.metrics.spectra import fine_energy
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import Cancelled, RenderControl
from dni.rendering.renderer import Renderer
from dni.rendering.requests import render_request
from dni.tradeoff.compare import CompareError, compare_blends, difference_map, pixel_blend


@pytest.fixture(scope="module")
def renderer(tiny_ends: list[Path]) -> Renderer:
    return make_renderer(tiny_ends)


def pictures(count: int) -> list[torch.Tensor]:
    return [make_picture(9, 7, seed=seed) for seed in range(count)]


def test_pixels_are_the_weighted_mean() -> None:
    for shares in [(0.25, 0.75), (0.2, 0.3, 0.5), (-0.5, 1.5)]:
        with case(shares):
            parts = pictures(len(shares))
            expected = sum(share * part.double() for share, part in zip(shares, parts, strict=True))
            blended = pixel_blend(parts, shares)
            assert blended.dtype == torch.uint8
            assert float((blended - expected.clamp(0, 255)).abs().max()) <= 0.5 + 1e-4


def test_a_whole_share_is_that_picture() -> None:
    one, other = pictures(2)
    assert torch.equal(pixel_blend([one, other], (1.0, 0.0)), one)
    assert torch.equal(pixel_blend([one, one], (0.3, 0.7)), one)


def test_every_pixel_may_have_a_share_of_its_own() -> None:
    one, other = pictures(2)
    share = torch.linspace(0, 1, 9 * 7).reshape(9, 7)
    blended = pixel_blend([one, other], [1 - share, share])
    expected = (1 - share.double()) * one + share.double() * other
    assert float((blended - expected).abs().max()) <= 0.5 + 1e-4


def test_heat_rises_from_black_over_red_and_yellow_to_white() -> None:
    one = torch.zeros(3, 1, 5, dtype=torch.uint8)
    other = one.clone()
    other[1] = torch.tensor([0, 20, 40, 60, 255])
    heat = difference_map(one, other, gain=4.25)  # 20 levels are 85, a third of the scale
    assert heat.permute(1, 2, 0).tolist() == [
        [[0, 0, 0], [255, 0, 0], [255, 255, 0], [255, 255, 255], [255, 255, 255]]
    ]
    assert torch.equal(difference_map(other, one, gain=4.25), heat)


def test_the_map_takes_the_largest_channel_and_the_gain() -> None:
    one = torch.full((3, 1, 1), 100, dtype=torch.uint8)
    other = torch.tensor([90, 100, 105], dtype=torch.uint8).view(3, 1, 1)
    assert difference_map(one, other, gain=1).flatten().tolist() == [30, 0, 0]
    assert difference_map(one, other, gain=2).flatten().tolist() == [60, 0, 0]


def test_the_comparison_is_of_the_same_ends_at_the_same_shares(renderer: Renderer) -> None:
    rgb = make_picture(20, 30)
    found = compare_blends(renderer, rgb, (0.4, 0.6), gain=3)
    ends = [renderer.render(rgb, Mix.of_alpha(alpha)) for alpha in (0, 1)]
    network = renderer.render(rgb, Mix.of_alpha(0.6))
    pixels = pixel_blend(ends, (0.4, 0.6))
    assert torch.equal(found.network, network)
    assert torch.equal(found.pixels, pixels)
    assert difference(network, pixels) > 5
    assert torch.equal(found.difference, difference_map(network, pixels, gain=3))
    network, pixels, *ends = (picture[None] / 255 for picture in (network, pixels, *ends))
    assert found.psnr == pytest.approx(psnr_y(network, pixels, border=0))
    available = 0.4 * fine_energy(ends[0]) + 0.6 * fine_energy(ends[1])
    assert found.network_texture == pytest.approx(float(fine_energy(network) / available))
    assert found.pixels_texture == pytest.approx(float(fine_energy(pixels) / available))


def test_at_an_end_both_are_that_end(renderer: Renderer) -> None:
    found = compare_blends(renderer, make_picture(20, 20), (0, 1))
    assert torch.equal(found.network, found.pixels)
    assert int(found.difference.max()) == 0
    assert found.psnr == math.inf
    assert found.network_texture == found.pixels_texture == pytest.approx(1)


def test_a_mean_of_pictures_never_has_more_texture_than_its_ends(renderer: Renderer) -> None:
    """Energy is convex, so the mean's is at most the ends' mean energy (but for rounding)."""
    for alpha in (0.25, 0.5, 0.75):
        assert compare_blends(renderer, make_picture(24, 24), (1 - alpha, alpha)).pixels_texture < 1.01


class Gain(nn.Module):
    """Linear in its parameter, so that both ways of blending are one."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1, 1, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.gain


def test_for_a_network_linear_in_its_parameters_both_are_one() -> None:
    network = ImageNetwork(
        module=Gain().requires_grad_(False), architecture="test", scale=1, input_channels=3,
        output_channels=3, minimum_size=1, multiple_of=1, square=False, supports_bfloat16=False,
    )  # fmt: skip
    states = [{"gain": torch.full((1, 1, 1, 1), gain)} for gain in (0.2, 0.6, 1.0)]
    renderer = Renderer(network, states, device=CPU, precision="float32")
    found = compare_blends(renderer, make_picture(30, 30), (0.5, 0.2, 0.3))
    assert difference(found.network, found.pixels) <= 1


def test_a_flat_picture_has_no_texture_to_keep() -> None:
    network = ImageNetwork(
        module=Gain().requires_grad_(False), architecture="test", scale=1, input_channels=3,
        output_channels=3, minimum_size=1, multiple_of=1, square=False, supports_bfloat16=False,
    )  # fmt: skip
    states = [{"gain": torch.full((1, 1, 1, 1), gain)} for gain in (0.0, 0.0)]
    black = Renderer(network, states, device=CPU, precision="float32")
    assert math.isnan(compare_blends(black, make_picture(9, 9), (0.5, 0.5)).network_texture)


def test_a_crop_is_that_part_of_the_whole(renderer: Renderer) -> None:
    rgb, mix = make_picture(40, 50), Mix.of_alpha(0.5)
    painted = {"mix": Mix.of_alpha(0), "brush": mix, "mask": encode_mask(RAMP)}
    for request in ({"mix": mix}, painted):
        whole = compare_blends(renderer, rgb, RenderRequest(**request))
        part = compare_blends(renderer, rgb, RenderRequest(**request, crop=Rectangle(8, 5, 20, 12)))
        for name in ("network", "pixels"):
            cut = getattr(whole, name)[:, 5 * 4 : 17 * 4, 8 * 4 : 28 * 4]
            assert difference(getattr(part, name), cut) <= 1


def test_progress_counts_the_pictures_and_cancelling_stops(renderer: Renderer) -> None:
    seen: list[tuple[int, int]] = []
    control = RenderControl(progress=lambda done, total: seen.append((done, total)))
    compare_blends(renderer, make_picture(9, 9), (0.5, 0.5), control=control)
    assert sorted(set(seen)) == [(0, 3), (1, 3), (2, 3), (3, 3)]
    cancelled = threading.Event()
    cancelled.set()
    for crop in (None, Rectangle(0, 0, 9, 9)):
        request = RenderRequest(mix=Mix.of_alpha(0.5), crop=crop)
        with pytest.raises(Cancelled):
            compare_blends(renderer, make_picture(9, 9), request, control=RenderControl(cancelled=cancelled))


# With layers and a mask

RAMP = torch.linspace(0, 255, 11).round().to(torch.uint8).expand(7, 11)


def painted(mask: torch.Tensor, brush: Mix, *, outside: Mix | None = None) -> RenderRequest:
    return RenderRequest(mix=outside or Mix.of_alpha(0), brush=brush, mask=encode_mask(mask))


def test_both_blends_are_where_the_mask_is(renderer: Renderer) -> None:
    """The network's is the painted picture; a pixel's share is alpha times the mask's value."""
    rgb, request = make_picture(20, 30), painted(RAMP, Mix.of_alpha(0.6))
    found = compare_blends(renderer, rgb, request)
    network, _ = render_request(Picture(rgb=rgb, opacity=None, name=""), renderer, request)
    assert torch.equal(found.network, network)
    first, last = (renderer.render(rgb, shares).double() for shares in ((1, 0), (0, 1)))
    value = sample_mask(RAMP, Rectangle.whole(120, 80), output_size=(80, 120)).double() / 255
    expected = (1 - 0.6 * value) * first + 0.6 * value * last
    assert float((found.pixels - expected).abs().max()) <= 0.5 + 1e-3
    assert difference(found.network, found.pixels) > 5


def test_another_mix_outside_of_the_mask_is_blended_there(renderer: Renderer) -> None:
    rgb = make_picture(20, 30)
    request = painted(torch.zeros(5, 5, dtype=torch.uint8), Mix.of_alpha(1), outside=Mix.of_alpha(0.25))
    found, plain = (compare_blends(renderer, rgb, wanted) for wanted in (request, (0.75, 0.25)))
    for name in ("network", "pixels"):
        assert torch.equal(getattr(found, name), getattr(plain, name))


def test_a_mask_of_one_value_is_that_part_of_alpha(renderer: Renderer) -> None:
    for value, alpha in [(255, 0.6), (102, 0.24), (0, 0.0)]:
        with case(value, alpha):
            rgb = make_picture(20, 30)
            mask = torch.full((5, 5), value, dtype=torch.uint8)
            found = compare_blends(renderer, rgb, painted(mask, Mix.of_alpha(0.6)))
            plain = compare_blends(renderer, rgb, Mix.of_alpha(alpha))
            assert difference(found.network, plain.network) <= 1
            assert difference(found.pixels, plain.pixels) <= 1
            assert found.network_texture == pytest.approx(plain.network_texture, rel=0.01)
            assert found.pixels_texture == pytest.approx(plain.pixels_texture, rel=0.01)
            assert (found.psnr == math.inf) == (value == 0)


def test_what_the_ends_have_is_counted_where_their_shares_are(renderer: Renderer) -> None:
    """A hard mask shows both ends unmixed: all of their texture is kept, but for the edge between them."""
    mask = torch.zeros(160, 240, dtype=torch.uint8)
    mask[:, 60:] = 255
    found = compare_blends(renderer, make_picture(40, 60), painted(mask, Mix.of_alpha(1)))
    assert torch.equal(found.network, found.pixels)
    assert found.network_texture == found.pixels_texture == pytest.approx(1, rel=0.05)


def test_layers_are_the_networks_alone(renderer: Renderer) -> None:
    rgb = make_picture(20, 30)
    layered, plain = Mix.of((0.4, 0.6), groups={"last": (1, 0)}), Mix.of_alpha(0.6)
    found, without = (compare_blends(renderer, rgb, mix) for mix in (layered, plain))
    assert torch.equal(found.network, renderer.render(rgb, layered))
    assert torch.equal(found.pixels, without.pixels)
    assert difference(found.network, without.network) > 5


def test_beyond_the_ends(renderer: Renderer) -> None:
    rgb, mix = make_picture(20, 30), Mix.of_alpha(1.5, extrapolate=True)
    ends = [renderer.render(rgb, shares) for shares in ((1, 0), (0, 1))]
    found = compare_blends(renderer, rgb, mix)
    assert torch.equal(found.network, renderer.render(rgb, mix))
    assert torch.equal(found.pixels, pixel_blend(ends, (-0.5, 1.5)))


def test_errors_say_what_was_expected(renderer: Renderer) -> None:
    one, other = pictures(2)
    with pytest.raises(CompareError, match="each of the 2 pictures, but got 1"):
        pixel_blend([one, other], (1.0,))
    with pytest.raises(CompareError, match="each of the 0 pictures, but got 0"):
        pixel_blend([], ())
    with pytest.raises(CompareError, match=r"of one shape, but got torch.uint8 \(3, 9, 6\) and torch.uint8"):
        pixel_blend([one, other[:, :, 1:]], (0.5, 0.5))
    with pytest.raises(CompareError, match=r"but got torch.float32"):
        difference_map(one.float(), other)
    with pytest.raises(CompareError, match=r"shape \(3, H, W\), but got \(9, 7\)"):
        difference_map(one[0], other[0])
    for gain in (0, math.nan, math.inf):
        with pytest.raises(CompareError, match="gain above 0 and up to 255, but got"):
            difference_map(one, other, gain=gain)
    with pytest.raises(BlendError, match="sum to 1"):
        compare_blends(renderer, one, (0.5, 0.6))
