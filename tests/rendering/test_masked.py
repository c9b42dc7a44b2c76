"""Masked pictures: against the exact network at every pixel, seams, crops, passes, and who else may run."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from cases import case
from mask_renders import CPU, difference, make_picture, make_renderer
from torch.nn import functional

from dni.blending.shares import BlendError, Mix
from dni.checkpoints.networks import load_ends
from dni.masks.automatic import feather
from dni.masks.files import MaskError
from dni.pictures.rectangle import Rectangle
from dni.rendering.control import Cancelled, RenderControl
from dni.rendering.masked import render_masked
from dni.rendering.renderer import Renderer, RenderError

BASE, BRUSH = Mix.of_alpha(0.1), Mix.of_alpha(0.9)


@pytest.fixture(scope="module")
def renderer(tiny_ends: list[Path]) -> Renderer:
    return make_renderer(tiny_ends)


def ramp(height: int, width: int) -> torch.Tensor:
    return torch.linspace(0, 255, width).round().to(torch.uint8).expand(height, width)


def spot(height: int, width: int, *, radius: int = 0) -> torch.Tensor:
    mask = torch.zeros(height, width, dtype=torch.uint8)
    mask[height // 3 : height // 2, width // 3 : width // 2] = 255
    return feather(mask, radius)


def at_alpha(renderer: Renderer, rgb: torch.Tensor, alpha: float) -> torch.Tensor:
    return renderer.render(rgb, Mix.of_alpha(alpha), tile=1000)


def exact(renderer: Renderer, rgb: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The definition: every pixel from the network at its own mix, to 1/255 of the way to the brush."""
    size = rgb.shape[1] * renderer.scale, rgb.shape[2] * renderer.scale
    values = functional.interpolate(mask[None, None].double(), size=size, mode="bilinear")[0, 0].round()
    picture = torch.zeros(3, *size, dtype=torch.uint8)
    for value in values.unique().tolist():
        here = values == value
        picture[:, here] = at_alpha(renderer, rgb, 0.1 + 0.8 * value / 255)[:, here]
    return picture


def psnr(one: torch.Tensor, other: torch.Tensor) -> float:
    error = float((one.float() - other.float()).square().mean())
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def test_a_constant_mask_is_the_network_at_that_mix(renderer: Renderer) -> None:
    for value, alpha in [(0, 0.1), (255, 0.9), (51, 0.26)]:
        with case(value, alpha):
            rgb, mask = make_picture(23, 31), torch.full((2, 3), value, dtype=torch.uint8)
            rendered = render_masked(renderer, rgb, base=BASE, brush=BRUSH, mask=mask)
            assert rendered.dtype == torch.uint8
            assert len(rendered.unique()) > 50
            assert difference(rendered, at_alpha(renderer, rgb, alpha)) <= 1


def test_a_hard_mask_of_the_output_s_size_is_exact_everywhere(renderer: Renderer) -> None:
    rgb, mask = make_picture(23, 31), spot(23 * 4, 31 * 4)
    rendered = render_masked(renderer, rgb, base=BASE, brush=BRUSH, mask=mask)
    expected = torch.where(mask == 255, at_alpha(renderer, rgb, 0.9), at_alpha(renderer, rgb, 0.1))
    assert difference(at_alpha(renderer, rgb, 0.9), at_alpha(renderer, rgb, 0.1)) > 30
    assert difference(rendered, expected) <= 1


def test_a_hard_mask_is_exact_away_from_its_edge(renderer: Renderer) -> None:
    rgb, mask = make_picture(24, 36), spot(24, 36)
    rendered = render_masked(renderer, rgb, base=BASE, brush=BRUSH, mask=mask)
    large = functional.interpolate(mask[None, None].double(), scale_factor=4, mode="bilinear")[0, 0]
    hard = (large == 0) | (large == 255)
    assert 0.8 < float(hard.float().mean()) < 1
    assert difference(rendered[:, hard], exact(renderer, rgb, mask)[:, hard]) <= 1


@pytest.mark.slow
def test_more_levels_come_closer_to_the_exact_picture(renderer: Renderer) -> None:
    """The error of linear interpolation falls with the square of the step: 12 dB where steps are halved."""
    rgb, mask = make_picture(20, 30), ramp(20, 30)
    wanted = exact(renderer, rgb, mask)
    quality = [
        psnr(render_masked(renderer, rgb, base=BASE, brush=BRUSH, mask=mask, levels=levels), wanted)
        for levels in (1, 2, 4, 255)
    ]
    assert quality[1] > quality[0] + 5
    assert quality[2] > quality[1]
    assert quality[2] > 50
    assert quality[3] > 57


def test_the_brush_changes_nothing_elsewhere(renderer: Renderer) -> None:
    rgb, mask = make_picture(24, 36), spot(24, 36, radius=2)
    rendered = render_masked(renderer, rgb, base=BASE, brush=BRUSH, mask=mask)
    large = functional.interpolate(mask[None, None].double(), scale_factor=4, mode="bilinear")[0, 0]
    assert difference(rendered[:, large == 0], at_alpha(renderer, rgb, 0.1)[:, large == 0]) <= 1
    painted = difference(rendered[:, large > 200], at_alpha(renderer, rgb, 0.1)[:, large > 200])
    assert painted > 10


def test_tiles_leave_no_seams(renderer: Renderer) -> None:
    for mask in [ramp(75, 61), spot(75, 61, radius=20)]:
        with case(mask):
            rgb = make_picture(75, 61)
            whole = render_masked(renderer, rgb, base=BASE, brush=BRUSH, mask=mask, tile=1000)
            for tile in (16, 29):
                tiled = render_masked(renderer, rgb, base=BASE, brush=BRUSH, mask=mask, tile=tile)
                assert difference(tiled, whole) <= 1


@pytest.mark.slow
def test_the_real_pair_has_no_seams(shared: Path) -> None:
    folder = shared / "pairs" / "realesr-general"
    network, states = load_ends(sorted(folder.glob("*.safetensors")))
    real = Renderer(network, states, device=CPU, precision="float32")
    rgb, mask = make_picture(60, 70), spot(60, 70, radius=16)
    whole = render_masked(real, rgb, base=BASE, brush=BRUSH, mask=mask, tile=1000)
    assert difference(render_masked(real, rgb, base=BASE, brush=BRUSH, mask=mask, tile=24), whole) <= 1


def test_a_crop_is_that_part_of_the_whole(renderer: Renderer) -> None:
    rgb, mask = make_picture(75, 61), spot(30, 24, radius=6)
    whole = render_masked(renderer, rgb, base=BASE, brush=BRUSH, mask=mask)
    crop = Rectangle(left=11, top=17, width=33, height=40)
    part = render_masked(renderer, rgb, base=BASE, brush=BRUSH, mask=mask, crop=crop)
    assert difference(part, whole[:, 17 * 4 : 57 * 4, 11 * 4 : 44 * 4]) <= 1


def test_groups_of_layers_may_differ(renderer: Renderer) -> None:
    """Half of the brush's groups and half of the base's, at a mask of one value."""
    rgb, mask = make_picture(20, 20), torch.full((20, 20), 51, dtype=torch.uint8)
    base = Mix.of((1, 0), groups={"first": (0.5, 0.5)})
    brush = Mix.of((0, 1), groups={"last": (1, 0)})
    rendered = render_masked(renderer, rgb, base=base, brush=brush, mask=mask)
    expected = Mix.of((0.8, 0.2), groups={"first": (0.4, 0.6), "last": (1, 0)})
    assert difference(rendered, renderer.render(rgb, expected)) <= 1
    assert difference(rendered, renderer.render(rgb, Mix.of_alpha(0.2))) > 1


def test_the_brush_may_go_beyond_the_ends(renderer: Renderer) -> None:
    rgb, beyond = make_picture(20, 20), Mix.of((-0.2, 1.2), extrapolate=True)
    mask = torch.full((4, 4), 255, dtype=torch.uint8)
    rendered = render_masked(renderer, rgb, base=BASE, brush=beyond, mask=mask)
    assert difference(rendered, renderer.render(rgb, beyond)) <= 1


def watch_areas(renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Input pixels of every run of the network, surroundings included, filled as it goes."""
    areas: list[int] = []
    render = renderer.render

    def watched(rgb: torch.Tensor, *arguments: object, **options: object) -> torch.Tensor:
        areas.append(rgb[0].numel())
        return render(rgb, *arguments, **options)

    monkeypatch.setattr(renderer, "render", watched)
    return areas


def test_only_the_painted_part_is_rendered_again(renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    areas, reach = watch_areas(renderer, monkeypatch), max(map(renderer.overlap_at, (BASE, BRUSH)))
    rgb, mask = make_picture(192, 192), torch.zeros(192, 192, dtype=torch.uint8)
    mask[70:86, 100:120] = 255  # within the cell of 32 pixels at (96, 64)
    render_masked(renderer, rgb, base=BASE, brush=BRUSH, mask=mask)
    assert areas == [192 * 192, (32 + 2 * reach) ** 2]


def test_equal_base_and_brush_are_one_pass(renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    areas = watch_areas(renderer, monkeypatch)
    render_masked(renderer, make_picture(20, 30), base=BASE, brush=BASE, mask=ramp(20, 30))
    assert areas == [600]


def test_progress_counts_the_runs_and_others_come_between(renderer: Renderer) -> None:
    seen: list[tuple[int, int]] = []
    slots: list[str] = []

    @contextmanager
    def slot() -> Iterator[None]:
        slots.append("mine")
        yield
        slots.append("yours")

    def progress(done: int, total: int) -> None:
        seen.append((done, total))
        at_alpha(renderer, make_picture(5, 5), 1.0)  # somebody else's alpha does no harm

    rgb, mask = make_picture(20, 40), ramp(20, 40)
    options = {"base": BASE, "brush": BRUSH, "mask": mask, "levels": 1, "tile": 20}
    disturbed = render_masked(renderer, rgb, control=RenderControl(progress=progress, slot=slot), **options)
    assert seen == [(done, 4) for done in range(5)]
    assert len(slots) >= 2 * 4
    assert slots == ["mine", "yours"] * (len(slots) // 2)
    assert difference(disturbed, render_masked(renderer, rgb, **options)) == 0


def test_cancelling_stops_before_the_next_run(renderer: Renderer) -> None:
    cancelled, seen = threading.Event(), []

    def progress(done: int, total: int) -> None:
        seen.append(done)
        if done == 1:
            cancelled.set()

    with pytest.raises(Cancelled):
        render_masked(
            renderer,
            make_picture(20, 40),
            base=BASE,
            brush=BRUSH,
            mask=ramp(20, 40),
            control=RenderControl(progress=progress, cancelled=cancelled),
        )
    assert seen == [0, 1]


def test_errors_say_what_was_expected(renderer: Renderer) -> None:
    rgb, mask = make_picture(20, 20), ramp(20, 20)
    with pytest.raises(RenderError, match=r"uint8 of shape \(3, H, W\), but got torch.float32 \(3, 4, 4\)"):
        render_masked(renderer, torch.zeros(3, 4, 4), base=BASE, brush=BRUSH, mask=mask)
    with pytest.raises(MaskError, match=r"mask as uint8 of shape \(H, W\), but got torch.float32"):
        render_masked(renderer, rgb, base=BASE, brush=BRUSH, mask=mask.float())
    with pytest.raises(MaskError, match="from 1 to 255 steps between levels, but got 0"):
        render_masked(renderer, rgb, base=BASE, brush=BRUSH, mask=mask, levels=0)
    huge = torch.zeros(1, dtype=torch.uint8).expand(3, 8000, 8000)
    with pytest.raises(RenderError, match="at most 400 megapixels, but it would have 1024"):
        render_masked(renderer, huge, base=BASE, brush=BRUSH, mask=mask)
    three = Mix.of((0.2, 0.3, 0.5))
    with pytest.raises(BlendError, match="each of the 2 ends, but got 3"):
        render_masked(renderer, rgb, base=three, brush=three, mask=mask)
