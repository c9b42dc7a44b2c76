"""Rendering: tiles, sizes, precision, progress, cancellation, and errors."""

import threading
from itertools import product

import numpy as np
import pytest
import torch
from cases import case
from small_renders import CPU, difference, make_networks, make_picture, make_renderer, plain, wrap
from torch import nn

from dni.blending.interpolate import BlendError, shares_of
from dni.checkpoints.files import save
from dni.checkpoints.networks import load_ends
from dni.device import best_precision
from dni.pictures.rectangle import Rectangle
from dni.rendering.control import Cancelled, RenderControl
from dni.rendering.renderer import Renderer, RenderError


def test_any_size_equals_the_plain_float32_network() -> None:
    for size, alpha in product([(1, 1), (1, 40), (33, 2), (37, 53)], [0.0, 0.4, 1.0]):
        with case(size, alpha):
            picture = make_picture(*size)
            rendered = make_renderer().render(picture, shares_of(alpha))
            assert rendered.dtype == torch.uint8
            assert len(rendered.unique()) > 10
            assert difference(rendered, plain(picture, alpha)) <= 1


def test_tiled_and_untiled_differ_by_one_level_at_most() -> None:
    for tile in [16, 29, 64]:
        with case(tile):
            picture = make_picture(75, 61)
            renderer = make_renderer()
            whole = renderer.render(picture, shares_of(0.5), tile=1000)
            assert difference(renderer.render(picture, shares_of(0.5), tile=tile), whole) <= 1


def test_too_little_overlap_would_be_seen() -> None:
    """The tile test above can fail: with one pixel of overlap the seams are above one level."""
    picture = make_picture(75, 61)
    renderer = make_renderer()
    whole = renderer.render(picture, shares_of(0.5), tile=1000)
    renderer.overlap = 1
    assert difference(renderer.render(picture, shares_of(0.5), tile=16), whole) > 1


def test_a_region_is_that_part_of_the_whole() -> None:
    for region in [(0, 0, 61, 75), (10, 20, 30, 25), (40, 50, 21, 25)]:
        with case(region):
            left, top, width, height = region
            picture = make_picture(75, 61)
            renderer = make_renderer()
            whole = renderer.render(picture, shares_of(0.3), tile=1000)
            part = renderer.render_region(picture, shares_of(0.3), Rectangle(*region))
            assert (
                difference(part, whole[:, top * 4 : (top + height) * 4, left * 4 : (left + width) * 4]) <= 1
            )


def test_a_region_outside_is_refused() -> None:
    for region in [(-1, 0, 5, 5), (0, 0, 62, 5), (60, 74, 2, 2), (0, 0, 0, 5)]:
        with case(region), pytest.raises(RenderError, match="region inside the 61x75 picture, but got"):
            make_renderer().render_region(make_picture(75, 61), shares_of(0.3), Rectangle(*region))


def test_bfloat16_is_close_to_float32() -> None:
    picture = make_picture(40, 40)
    exact = make_renderer().render(picture, shares_of(0.5)).float()
    fast = make_renderer("bfloat16").render(picture, shares_of(0.5)).float()
    assert 10 * np.log10(255**2 / (exact - fast).square().mean()) > 40


def test_a_network_without_bfloat16_runs_in_float32() -> None:
    assert make_renderer("bfloat16", supports_bfloat16=False).precision == "float32"


def test_the_cpu_takes_bfloat16_only_where_it_is_native(monkeypatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False, raising=False)
    assert best_precision(CPU) == "float32"
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert best_precision(CPU) == "bfloat16"


class Picky(nn.Module):
    """Accepts only squares of at least 16 whose sides divide by 8, as some architectures do."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1, 1, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        height, width = x.shape[-2:]
        assert height == width
        assert height >= 16
        assert height % 8 == 0
        return x * self.gain


def test_sizes_a_network_does_not_take_are_padded_and_cut() -> None:
    for size, channels in product([(1, 1), (17, 30)], [1, 3]):
        with case(size, channels):
            module = Picky().requires_grad_(False)
            states = [{"gain": torch.ones(1, 1, 1, 1)}, {"gain": torch.zeros(1, 1, 1, 1)}]
            network = wrap(
                module, scale=1, input_channels=channels, minimum_size=16, multiple_of=8, square=True
            )
            grey = make_picture(*size)[:1].expand(3, -1, -1)
            rendered = Renderer(network, states, device=CPU, precision="float32").render(grey, (1.0, 0.0))
            assert difference(rendered, grey) == 0


def test_progress_counts_the_tiles() -> None:
    seen: list[tuple[int, int]] = []
    make_renderer().render(
        make_picture(40, 20),
        shares_of(0.5),
        tile=20,
        control=RenderControl(progress=lambda done, total: seen.append((done, total))),
    )
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_cancelling_stops_before_the_next_tile() -> None:
    cancelled = threading.Event()
    seen: list[int] = []

    def progress(done: int, total: int) -> None:
        seen.append(done)
        if done == 1:
            cancelled.set()

    with pytest.raises(Cancelled):
        make_renderer().render(
            make_picture(64, 16),
            shares_of(0.5),
            tile=16,
            control=RenderControl(progress=progress, cancelled=cancelled),
        )
    assert seen == [0, 1]


def test_an_alpha_set_between_two_tiles_does_no_harm() -> None:
    renderer, picture = make_renderer(), make_picture(64, 16)

    def disturb(done: int, total: int) -> None:
        renderer.render(make_picture(5, 5), shares_of(1.0))

    disturbed = renderer.render(picture, shares_of(0.2), tile=16, control=RenderControl(progress=disturb))
    assert difference(disturbed, make_renderer().render(picture, shares_of(0.2), tile=16)) == 0


def test_errors_say_what_was_expected() -> None:
    renderer = make_renderer()
    with pytest.raises(RenderError, match=r"uint8 of shape \(3, H, W\), but got torch.float32 \(3, 4, 4\)"):
        renderer.render(torch.zeros(3, 4, 4), shares_of(0.5))
    with pytest.raises(RenderError, match=r"but got torch.uint8 \(3, 0, 4\)"):
        renderer.render(torch.zeros(3, 0, 4, dtype=torch.uint8), shares_of(0.5))
    with pytest.raises(RenderError, match="tile of at least 16 pixels, but got 8"):
        renderer.render(make_picture(20, 20), shares_of(0.5), tile=8)
    with pytest.raises(BlendError, match="finite"):
        renderer.render(make_picture(20, 20), (float("nan"), 1.0))
    with pytest.raises(BlendError, match="between 0 and 1"):
        renderer.render(make_picture(20, 20), shares_of(7))
    huge = torch.zeros(1, dtype=torch.uint8).expand(3, 8000, 8000)
    with pytest.raises(RenderError, match="at most 400 megapixels, but 8000x8000 enlarged 4 times has 1024"):
        renderer.render(huge, shares_of(0.5))


def test_the_loader_and_the_renderer_agree_on_files(tmp_path) -> None:
    paths = []
    for index, network in enumerate(make_networks()):
        paths.append(tmp_path / f"{index}.safetensors")
        metadata = {"architecture": "RRDBNet", "num_filters": "8", "num_blocks": "1"}
        save(paths[-1], network.state_dict(), metadata)
    loaded, states = load_ends(paths)
    picture = make_picture(20, 30)
    rendered = Renderer(loaded, states, device=CPU, precision="float32").render(picture, shares_of(0.4))
    assert difference(rendered, plain(picture, 0.4)) <= 1
