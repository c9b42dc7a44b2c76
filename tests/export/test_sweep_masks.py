"""Sweeps where a mask is painted, and of layers: what moves, what stands still, and what it costs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import case
from mask_renders import CPU, difference, make_picture, make_renderer
from PIL import Image
from sweep_files import FILMS, comment_of, differences, holds
from torch import Tensor

from dni.blending.interpolate import interpolate
from dni.blending.mix_paths import along, first_end, over_pad
from dni.blending.shares import Mix
from dni.checkpoints.networks import load_ends
from dni.export.sweeps.animation import Playback
from dni.export.sweeps.sweep import Sweep, export_sweep, sweep_frames, swept
from dni.masks.files import encode_mask
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.recipes.render_request import RenderRequest, RenderRequestError
from dni.rendering.control import RenderControl
from dni.rendering.renderer import Renderer
from dni.rendering.requests import render_request

HEIGHT, WIDTH = 96, 128
PAINTED = (slice(32, 64), slice(32, 96))
ENDS = along(Mix.of_alpha(0), Mix.of_alpha(1), 3)


@pytest.fixture(scope="module")
def renderer(tiny_ends: list[Path]) -> Renderer:
    return make_renderer(tiny_ends)


@pytest.fixture(scope="module")
def picture() -> Picture:
    return Picture(rgb=make_picture(HEIGHT, WIDTH), opacity=None, name="photo")


def hard_mask() -> Tensor:
    mask = torch.zeros(HEIGHT, WIDTH, dtype=torch.uint8)
    mask[PAINTED] = 255
    return mask


def soft_mask() -> Tensor:
    mask = hard_mask()
    mask[PAINTED] = torch.linspace(0, 255, 64).to(torch.uint8)
    return mask


def masked(mask: Tensor, base: Mix | None = None, **options: object) -> RenderRequest:
    base = base or first_end(2)
    return RenderRequest(mix=base, brush=base, mask=encode_mask(mask), **options)  # type: ignore[arg-type]


def frames_of(
    picture: Picture, renderer: Renderer, like: RenderRequest | None, mixes: tuple[Mix, ...] = ENDS
) -> list[Tensor]:
    requests = [swept(mix, like) for mix in mixes]
    return list(sweep_frames(picture, renderer, requests))


# What is shown


def test_the_swept_mix_takes_the_place_of_the_brush_or_of_the_mix() -> None:
    mix, base = Mix.of_alpha(0.3), Mix.of_alpha(0.9)
    assert swept(mix, None) == RenderRequest(mix=mix)
    assert swept(mix, RenderRequest(mix=base, crop=Rectangle(1, 2, 3, 4), tile=32)) == RenderRequest(
        mix=mix, crop=Rectangle(1, 2, 3, 4), tile=32
    )
    assert swept(mix, masked(soft_mask(), base, levels=2)) == RenderRequest(
        mix=base, brush=mix, mask=encode_mask(soft_mask()), levels=2
    )


@pytest.mark.slow
def test_frames_are_to_the_byte_what_each_order_alone_gives(renderer: Renderer, picture: Picture) -> None:
    """With layers, a soft mask, and a mix outside that the sweep begins with."""
    for crop in [None, Rectangle(20, 10, 70, 61)]:
        with case(crop):
            base = Mix.of_alpha(0.25)
            stop = Mix.of((0.1, 0.9), groups={"last": (1, 0), "trunk 1": (0.4, 0.6)})
            like, mixes = masked(soft_mask(), base, crop=crop), along(base, stop, 4)
            found = frames_of(picture, renderer, like, mixes)
            for frame, mix in zip(found, mixes, strict=True):
                assert torch.equal(frame, render_request(picture, renderer, swept(mix, like))[0])
            assert not torch.equal(found[0], found[-1])


def test_only_what_is_painted_moves(renderer: Renderer, picture: Picture) -> None:
    found = frames_of(picture, renderer, masked(hard_mask()))
    plain = frames_of(picture, renderer, None)
    # Between the last painted pixel of the mask and the next it is soft, half an input pixel to each side.
    inside = np.s_[:, 33 * 4 : 63 * 4, 33 * 4 : 95 * 4]
    outside = torch.ones(HEIGHT * 4, WIDTH * 4, dtype=torch.bool)
    outside[31 * 4 : 65 * 4, 31 * 4 : 97 * 4] = False
    for frame, whole in zip(found, plain, strict=True):
        assert difference(frame[inside], whole[inside]) <= 1
        assert torch.equal(frame[:, outside], found[0][:, outside])
        assert difference(frame[:, outside], plain[0][:, outside]) <= 1
    assert difference(found[0][inside], found[-1][inside]) > 20


def test_all_painted_is_the_plain_sweep_and_nothing_painted_stands_still(
    renderer: Renderer, picture: Picture
) -> None:
    plain = frames_of(picture, renderer, None)
    white = frames_of(picture, renderer, masked(torch.full((4, 4), 255, dtype=torch.uint8)))
    black = frames_of(picture, renderer, masked(torch.zeros(4, 4, dtype=torch.uint8)))
    for frame, still, whole in zip(white, black, plain, strict=True):
        assert difference(frame, whole) <= 1
        assert difference(still, plain[0]) <= 1


def test_layers_of_a_sweep_against_networks_made_by_hand(
    renderer: Renderer, picture: Picture, tiny_ends: list[Path]
) -> None:
    mixes = along(Mix.of((1, 0), groups={"last": (0.5, 0.5)}), Mix.of((0, 1), groups={"first": (1, 0)}), 3)
    network, states = load_ends(tiny_ends)
    for frame, mix in zip(frames_of(picture, renderer, None, mixes), mixes, strict=True):
        network.module.load_state_dict(interpolate(states, mix))
        by_hand = Renderer(network, [interpolate(states, mix)] * 2, device=CPU, precision="float32")
        assert difference(frame, by_hand.render(picture.rgb, (1, 0))) <= 1


# What it costs


class Ran:
    """The mixes and input pixels of everything that a renderer is asked for."""

    def __init__(self, renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs: list[tuple[Mix, int]] = []
        render = renderer.render

        def noted(rgb: Tensor, mix: Mix, **options: object) -> Tensor:
            self.runs.append((mix, rgb.shape[1] * rgb.shape[2]))
            return render(rgb, mix, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(renderer, "render", noted)


def test_the_rest_of_the_picture_is_rendered_once(
    renderer: Renderer, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A soft mask of K = 4: what is painted costs K runs a step, and what is not one in all."""
    ran = Ran(renderer, monkeypatch)
    base = Mix.of_alpha(0.5)
    mixes = (Mix.of_alpha(0), Mix.of_alpha(0.2), Mix.of_alpha(0.9), Mix.of_alpha(1))
    frames_of(picture, renderer, masked(soft_mask(), base), mixes)
    alone = len(ran.runs)
    ran.runs.clear()
    for mix in mixes:
        render_request(picture, renderer, swept(mix, masked(soft_mask(), base)))
    outside = [run for run in ran.runs if run[0] == base]
    assert len(outside) % len(mixes) == 0
    assert alone == len(ran.runs) - len(outside) * (len(mixes) - 1) // len(mixes)


def test_a_step_costs_no_more_than_the_painted_area_at_every_level(
    renderer: Renderer, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three values in one cell of 32 pixels: K = 3 runs a step, on it and on what the network sees around."""
    mask = torch.zeros(HEIGHT, WIDTH, dtype=torch.uint8)
    mask[36:60, 36:60] = torch.tensor([85, 170, 255]).to(torch.uint8).repeat_interleave(8)
    ran = Ran(renderer, monkeypatch)
    mixes = along(Mix.of_alpha(0.1), Mix.of_alpha(1), 5)
    frames_of(picture, renderer, masked(mask), mixes)
    cell = (32 + 2 * renderer.overlap) ** 2
    assert cell < HEIGHT * WIDTH / 2, "the picture is too small to tell"
    moving = [pixels for mix, pixels in ran.runs if mix != first_end(2)]
    assert len(moving) == len(mixes) * 3
    assert max(moving) <= cell


def test_what_is_kept_belongs_to_one_mix_outside(renderer: Renderer, picture: Picture) -> None:
    bases = (Mix.of_alpha(0), Mix.of_alpha(1))
    requests = [swept(Mix.of_alpha(0.5), masked(hard_mask(), base)) for base in bases]
    together = list(sweep_frames(picture, renderer, requests))
    for frame, request in zip(together, requests, strict=True):
        assert torch.equal(frame, render_request(picture, renderer, request)[0])


def test_progress_of_frames_that_differ_in_their_runs(renderer: Renderer, picture: Picture) -> None:
    told: list[float] = []
    control = RenderControl(progress=lambda done, total: told.append(done / total))
    requests = [swept(mix, masked(soft_mask())) for mix in ENDS]  # the first is at the mix outside
    list(sweep_frames(picture, renderer, requests, control=control))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, 1)


# Files


@pytest.mark.parametrize("suffix", FILMS)
def test_films_of_what_is_painted(renderer: Renderer, tiny_ends: list[Path], out: Path, suffix: str) -> None:
    smooth = Picture(rgb=torch.full((3, 24, 32), 90, dtype=torch.uint8), opacity=None, name="smooth")
    mask = torch.zeros(24, 32, dtype=torch.uint8)
    mask[:, 16:] = 255
    like = masked(mask, crop=Rectangle(8, 0, 24, 24), levels=1)
    sweep = Sweep(rows=(ENDS,), like=like, playback=Playback(hold=0))
    export_sweep(smooth, renderer, sweep, out / f"a{suffix}", ends=tiny_ends)
    expected = [render_request(smooth, renderer, swept(mix, like))[0] for mix in ENDS]
    assert max(differences(out / f"a{suffix}", expected)) < 6
    moved = (expected[0].float() - expected[-1].float()).abs().mean(dim=(0, 1))
    assert moved[: 7 * 4].max() == 0
    assert moved[9 * 4 :].mean() > 12, "the ends must differ by more than the codecs lose"
    recipe = json.loads(comment_of(out / f"a{suffix}"))["sweep"]
    assert recipe["outside"] == {"shares": [1, 0]}
    assert recipe["rows"][0][1] == {"shares": [0.5, 0.5]}
    assert (recipe["mask"], recipe["levels"], recipe["crop"]) == (like.mask, 1, [8, 0, 24, 24])


def test_a_grid_of_what_is_painted(picture: Picture, tiny_ends: list[Path], out: Path) -> None:
    four = [*tiny_ends, *reversed(tiny_ends)]
    corners = make_renderer(four)
    like = masked(hard_mask(), first_end(4), crop=Rectangle(40, 40, 24, 20))
    export_sweep(picture, corners, Sweep(rows=over_pad(4, 2), like=like), out / "grid.png", ends=four)
    pixels = torch.from_numpy(np.array(Image.open(out / "grid.png"))).permute(2, 0, 1)
    for shares in torch.eye(4).tolist():
        frame, _ = render_request(picture, corners, swept(Mix.of(shares), like))
        assert holds(pixels, frame)


def test_large_masks_are_in_the_recipe_whole(renderer: Renderer, tiny_ends: list[Path], out: Path) -> None:
    for suffix in [".png", *FILMS]:
        with case(suffix):
            noise = torch.randint(0, 256, (512, 512), generator=torch.Generator().manual_seed(0)).to(
                torch.uint8
            )
            like = masked(noise, levels=1)
            small = Picture(rgb=make_picture(16, 16), opacity=None, name="small")
            export_sweep(small, renderer, Sweep(rows=(ENDS,), like=like), out / f"a{suffix}", ends=tiny_ends)
            assert len(like.mask or "") > 200_000
            assert json.loads(comment_of(out / f"a{suffix}"))["sweep"]["mask"] == like.mask


def test_other_numbers_of_ends_are_refused_before_the_work(
    renderer: Renderer, picture: Picture, out: Path
) -> None:
    like = masked(hard_mask(), first_end(3))
    control = RenderControl(progress=lambda *_: pytest.fail("the work was begun"))
    with pytest.raises(RenderRequestError, match="Expected a brush of 3 ends, as the mix has"):
        export_sweep(
            picture, renderer, Sweep(rows=(ENDS,), like=like), out / "a.gif", ends=(), control=control
        )
    assert list(out.iterdir()) == []
