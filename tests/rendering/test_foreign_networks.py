"""Other people's networks: memory layouts, errors inside, channels, padding, blocks and global operations."""

from __future__ import annotations

import pytest
import spandrel
import torch
from cases import case
from small_renders import CPU, difference, make_picture, wrap
from spandrel.__helpers.size_req import pad_tensor
from torch import Tensor, nn

from dni.blending.shares import Mix
from dni.checkpoints.errors import CheckpointError
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import RenderControl
from dni.rendering.forward.inputs import pad
from dni.rendering.masked import render_masked
from dni.rendering.renderer import Renderer, RenderError
from dni.rendering.requests import render_request

MIX, HALF = Mix.of_alpha(0.0), Mix.of_alpha(0.5)


class Layer(nn.Module):
    """A leaf that is no known layer, with the gain that every end has."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1), requires_grad=False)


class Viewed(Layer):
    """Takes apart the memory of pictures that are not channels-last only."""

    def forward(self, x: Tensor) -> Tensor:
        return (self.gain * x).view(len(x), -1).view(x.shape)


class Limited(Layer):
    """Fails on pictures of more than 180 pixels a side."""

    def forward(self, x: Tensor) -> Tensor:
        if max(x.shape[-2:]) > 180:
            raise ValueError("tables\nof another size")
        return self.gain * x


class Divided(Layer):
    def forward(self, x: Tensor) -> Tensor:
        return x / (self.gain - self.gain)


class Inverted(Layer):
    def forward(self, x: Tensor) -> Tensor:
        return self.gain - x


class Darker(Layer):
    def forward(self, x: Tensor) -> Tensor:
        return self.gain * x - 0.1


class Blocks(Layer):
    """Adds the mean of each block of 12 by 12 pixels, which no power of two divides."""

    def forward(self, x: Tensor) -> Tensor:
        means = nn.functional.avg_pool2d(x, 12, ceil_mode=True)
        larger = means.repeat_interleave(12, dim=2).repeat_interleave(12, dim=3)
        return self.gain * x / 2 + larger[..., : x.shape[2], : x.shape[3]] / 2


class Centred(Layer):
    """Subtracts the picture's mean."""

    def forward(self, x: Tensor) -> Tensor:
        return self.gain * (0.5 + x - x.mean(dim=(2, 3), keepdim=True))


class Noisy(Layer):
    """Adds noise, as AuraSR does; sees the whole picture."""

    def forward(self, x: Tensor) -> Tensor:
        return self.gain * x + 0.1 * torch.randn_like(x) + 0 * x.mean()


def renderer_of(module: nn.Module, **changes: object) -> Renderer:
    """Ends with gains 1 and 0.8."""
    states = [{"gain": torch.tensor([gain])} for gain in (1.0, 0.8)]
    network = wrap(module, **{"scale": 1, **changes})
    return Renderer(network, states, device=CPU, precision="float32")


def noticed(renderer: Renderer, picture: Tensor, **options: int) -> tuple[Tensor, list[str]]:
    notices: list[str] = []
    return renderer.render(picture, MIX, control=RenderControl(notice=notices.append), **options), notices


def test_networks_that_refuse_channels_last_run_in_the_default_layout() -> None:
    picture = make_picture(20, 30)
    assert difference(renderer_of(Viewed()).render(picture, MIX), picture) == 0


def test_each_pixel_gets_its_own_random_number_whatever_the_memory_layout() -> None:
    picture = make_picture(20, 30)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        noise = torch.randn(1, *picture.shape)
    plain = picture.float() / 255
    expected = (plain + 0.1 * noise[0]).clamp(0, 1).mul(255).round().to(torch.uint8)
    assert difference(renderer_of(Noisy()).render(picture, MIX), expected) <= 1


def test_errors_inside_a_network_are_one_line_that_says_what_to_try() -> None:
    for module, changes, message in [
        (
            Limited(),
            {},
            r"^Expected test to run on 190x70 pixels, .*tables of another size.* Crop the",
        ),
        (Limited(), {"purpose": "faces"}, r"restores one face at a time: crop the picture to it\.$"),
        (Divided(), {}, r"^Expected a picture from test, but it gave values that are no numbers\."),
    ]:
        with case(message), pytest.raises(RenderError, match=message) as caught:
            renderer_of(module, **changes).render(make_picture(70, 190), MIX)
        assert "\n" not in str(caught.value)


def test_a_network_that_cannot_be_measured_says_so_where_it_is_cut() -> None:
    picture = make_picture(60, 300)
    rendered, notices = noticed(renderer_of(Limited()), picture, tile=32)
    assert difference(rendered, picture) == 0
    assert ["could not be measured" in text for text in notices] == [True]


def test_a_network_of_one_channel_gets_the_brightness_and_keeps_the_colours() -> None:
    renderer = renderer_of(Darker(), input_channels=1, output_channels=1)
    picture = make_picture(30, 40) // 2 + 64
    expected = (picture.float() - 25.5).round().to(torch.uint8)
    assert difference(renderer.render(picture, MIX), expected) <= 1


def test_a_network_of_four_channels_renders_the_opacity() -> None:
    renderer = renderer_of(Inverted(), input_channels=4, output_channels=4)
    rgb, opacity = make_picture(30, 40), make_picture(30, 40, seed=1)[:1]
    shown, seen = render_request(Picture(rgb, opacity, "a.png"), renderer, RenderRequest(mix=MIX))
    assert seen is not None
    assert difference(shown, 255 - rgb) == difference(seen, 255 - opacity) == 0
    shown, seen = render_request(Picture(rgb, None, "a.png"), renderer, RenderRequest(mix=MIX))
    assert seen is None
    assert difference(shown, 255 - rgb) == 0


def test_networks_of_other_channels_are_refused() -> None:
    with pytest.raises(CheckpointError, match="has 2 in"):
        renderer_of(Inverted(), input_channels=2)


def test_padding_is_that_of_spandrel() -> None:
    for minimum, multiple, square in [(0, 1, False), (16, 4, False), (0, 7, True), (64, 16, False)]:
        network = wrap(Inverted(), minimum_size=max(1, minimum), multiple_of=multiple, square=square)
        required = spandrel.SizeRequirements(minimum=minimum, multiple_of=multiple, square=square)
        for size in [(1, 1), (5, 33), (64, 64), (33, 20)]:
            with case((minimum, multiple, square, size)):
                image = torch.rand(1, 3, *size)
                assert torch.equal(pad(image, network), pad_tensor(image, required)[1])


def test_parts_start_where_blocks_do() -> None:
    module = Blocks()
    module.window_size = 12
    renderer, picture = renderer_of(module), make_picture(150, 190)
    assert renderer.surroundings(HALF).grid == 12
    whole = renderer.render(picture, HALF)
    assert difference(renderer.render(picture, HALF, tile=40), whole) <= 1
    region = Rectangle(50, 31, 41, 23)
    assert difference(renderer.render_region(picture, HALF, region), region.cut(whole)) <= 1
    mask = torch.full((150, 190), 255, dtype=torch.uint8)
    assert difference(render_masked(renderer, picture, base=MIX, brush=HALF, mask=mask, tile=40), whole) <= 1


def test_a_grid_that_the_network_does_not_tell_is_found_or_its_difference_is_stated() -> None:
    renderer, picture = renderer_of(Blocks()), make_picture(310, 350)
    rendered, notices = noticed(renderer, picture, tile=40)
    assert notices
    assert "of 255 levels" in notices[0]
    assert difference(rendered, renderer.render(picture, MIX)) > 1


def test_masks_see_the_whole_picture_where_the_network_does(monkeypatch: pytest.MonkeyPatch) -> None:
    renderer, picture = renderer_of(Centred()), make_picture(60, 90)
    mask = torch.zeros(60, 90, dtype=torch.uint8)
    mask[:, 45:] = 255
    expected = torch.cat(
        (renderer.render(picture, MIX)[:, :, :45], renderer.render(picture, HALF)[:, :, 45:]), dim=2
    )
    notices: list[str] = []
    control = RenderControl(notice=notices.append)
    masked = render_masked(renderer, picture, base=MIX, brush=HALF, mask=mask, tile=16, control=control)
    assert difference(masked, expected) <= 1
    assert not notices
    monkeypatch.setattr(Renderer, "whole_pixels", 1000)
    render_masked(renderer, picture, base=MIX, brush=HALF, mask=mask, tile=16, control=control)
    assert ["looks at the whole picture" in text for text in notices] == [True]
