"""Too little memory, crashes, and several people at once: never a wrong picture."""

import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from cases import case
from small_renders import CPU, difference, make_picture, make_renderer, wrap
from torch import nn

from dni.blending.interpolate import shares_of
from dni.export.pictures import export_picture
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.rendering.control import Cancelled, RenderControl
from dni.rendering.measuring.surroundings import Surroundings
from dni.rendering.renderer import Renderer, RenderError

CPU_MESSAGE = "[enforce fail at alloc_cpu.cpp:119] DefaultCPUAllocator: can't allocate memory: you tried"


class Limited(nn.Module):
    """Multiplies by its gain; out of memory for inputs of more than ``limit`` pixels, or on a "meta" device.

    ``meta`` stands for a GPU that is always full: there is none in the tests.
    """

    def __init__(self, limit: int, error: Exception) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1, 1, 1, 1), requires_grad=False)
        self.limit, self.error = limit, error
        self.sizes: list[int] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pixels = x.shape[-1] * x.shape[-2]
        if x.device.type == "meta" or pixels > self.limit:
            raise self.error
        self.sizes.append(pixels)
        return x * self.gain


def limited(limit: int, error: Exception | None = None) -> tuple[Renderer, Limited]:
    module = Limited(limit, error or torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"))
    states = [{"gain": torch.full((1, 1, 1, 1), gain)} for gain in (1.0, 0.5)]
    renderer = Renderer(wrap(module, scale=1), states, device=CPU, precision="float32")
    renderer.overlap = 2
    renderer._surroundings = Surroundings(2)  # measuring takes more than it has
    return renderer, module


def test_smaller_tiles_where_memory_runs_out() -> None:
    for error in [torch.OutOfMemoryError("full"), RuntimeError(CPU_MESSAGE), MemoryError()]:
        with case(error):
            renderer, module = limited(2000, error)
            picture, notices, seen = make_picture(100, 90), [], []
            control = RenderControl(
                notice=notices.append, progress=lambda *counts, seen=seen: seen.append(counts)
            )
            rendered = renderer.render(picture, (1.0, 0.0), control=control)
            assert difference(rendered, picture) == 0
            assert len(notices) == 1
            assert "smaller ones" in notices[0]
            assert max(module.sizes) <= 2000
            assert seen[0] == (0, 1)
            assert seen[-1] == (8, 8)


def test_a_region_too_is_halved_where_memory_runs_out() -> None:
    renderer, _ = limited(1000)
    picture, notices = make_picture(80, 90), []
    control = RenderControl(notice=notices.append)
    part = renderer.render_region(picture, (1.0, 0.0), Rectangle(7, 11, 60, 50), control=control)
    assert difference(part, picture[:, 11:61, 7:67]) == 0
    assert len(notices) == 1


def test_halved_tiles_give_the_same_picture_within_one_level() -> None:
    picture, calls = make_picture(75, 61), []
    renderer = make_renderer()
    expected = renderer.render(picture, shares_of(0.5))
    forward = renderer.network.module.forward

    def stubborn(x: torch.Tensor) -> torch.Tensor:
        calls.append(x.shape[-1] * x.shape[-2])
        if calls[-1] > 4000:
            raise torch.OutOfMemoryError("full")
        return forward(x)

    renderer.network.module.forward = stubborn  # type: ignore[method-assign]
    assert difference(renderer.render(picture, shares_of(0.5)), expected) <= 1
    assert max(calls) > 4000
    assert len([size for size in calls if size <= 4000]) > 1


def test_whoever_exports_is_told_of_it(tmp_path: Path, tiny_ends: list[Path]) -> None:
    renderer, _ = limited(2000)
    notices: list[str] = []
    picture = Picture(make_picture(100, 90), opacity=None, name="photo.png")
    export_picture(
        picture,
        renderer,
        (1.0, 0.0),
        tmp_path / "a.png",
        ends=tiny_ends,
        control=RenderControl(notice=notices.append),
    )
    assert len(notices) == 1
    assert "smaller ones" in notices[0]


def test_a_full_device_leaves_the_picture_to_the_cpu() -> None:
    renderer, _ = limited(10_000)
    renderer.device = torch.device("meta")
    picture, notices = make_picture(40, 50), []
    rendered = renderer.render(picture, (0.0, 1.0), tile=20, control=RenderControl(notice=notices.append))
    assert difference(rendered, (picture.float() / 2).round().to(torch.uint8)) <= 1
    assert "on the processor, in float32" in notices[-1]
    part = renderer.render_region(picture, (1.0, 0.0), Rectangle(3, 5, 20, 30))
    assert difference(part, picture[:, 5:35, 3:23]) == 0


def test_without_any_memory_there_is_an_error_and_no_picture() -> None:
    renderer, _ = limited(10)
    with pytest.raises(RenderError, match="enough free memory for one small tile"):
        renderer.render(make_picture(100, 90), (1.0, 0.0))


def test_other_errors_are_not_taken_for_too_little_memory() -> None:
    renderer, _ = limited(10, RuntimeError("shapes do not match"))
    with pytest.raises(RenderError, match="shapes do not match"):
        renderer.render(make_picture(40, 40), (1.0, 0.0), tile=20)


def test_a_crash_leaves_the_renderer_to_others() -> None:
    renderer, picture = make_renderer(), make_picture(30, 30)
    expected = renderer.render(picture, shares_of(0.4))

    def crash(*_: object) -> None:
        raise ValueError("crashed half-way")

    hook = renderer.network.module.conv_body.register_forward_pre_hook(crash)
    with pytest.raises(ValueError, match="half-way"):
        renderer.render(picture, shares_of(0.9))
    hook.remove()
    rendered = []
    other = threading.Thread(target=lambda: rendered.append(renderer.render(picture, shares_of(0.4))))
    other.start()
    other.join(60)
    assert torch.equal(rendered[0], expected)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_renders_at_the_same_time_do_not_mix(precision: str) -> None:
    renderer, picture = make_renderer(precision), make_picture(60, 50)
    alphas = [0.0, 0.35, 1.0]
    alone = [make_renderer(precision).render(picture, shares_of(alpha), tile=20) for alpha in alphas]
    start = threading.Barrier(len(alphas))
    together: dict[float, torch.Tensor] = {}

    def render(alpha: float) -> None:
        start.wait()
        together[alpha] = renderer.render(picture, shares_of(alpha), tile=20)

    threads = [threading.Thread(target=render, args=(alpha,)) for alpha in alphas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for alpha, expected in zip(alphas, alone, strict=True):
        assert torch.equal(together[alpha], expected)


def test_every_tile_runs_in_a_slot_of_its_own_and_nothing_runs_outside() -> None:
    renderer, module = limited(10_000)
    inside, slots = [False], []

    @contextmanager
    def slot():
        inside[0] = True
        slots.append(len(module.sizes))
        yield
        inside[0] = False

    module.register_forward_pre_hook(lambda *_: None if inside[0] else pytest.fail("ran outside a slot"))
    renderer.render(make_picture(40, 20), (1.0, 0.0), tile=20, control=RenderControl(slot=slot))
    assert len(slots) == 3  # for planning, and for two tiles
    assert slots[2] == slots[1] + 1


def test_cancelling_while_waiting_for_a_slot_stops_before_the_tile() -> None:
    renderer, module = limited(10_000)
    cancelled = threading.Event()

    @contextmanager
    def slot():
        cancelled.set()
        yield

    with pytest.raises(Cancelled):
        renderer.render(
            make_picture(40, 20), (1.0, 0.0), tile=20, control=RenderControl(slot=slot, cancelled=cancelled)
        )
    assert 800 not in module.sizes
    assert all(size != 22 * 20 for size in module.sizes)
