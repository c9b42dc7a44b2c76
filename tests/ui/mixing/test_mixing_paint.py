"""Painting on the mixing desk in a browser: brush, eraser, masks that are made or brought."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mixing_page import MixingPage
from PIL import Image
from playwright.sync_api import expect
from torch.nn import functional

from dni.blending.shares import Mix
from dni.masks.automatic import detail_mask, luminance_mask
from dni.masks.files import decode_mask, encode_mask
from dni.recipes.recipe import Recipe
from dni.serving.mixing.mask_store import MaskStore
from dni.serving.render_service import RenderService
from dni.serving.scheduling.scheduler import Priority


def test_a_painted_picture_is_that_of_the_library(mixing: MixingPage, tmp_path: Path) -> None:
    mixing.set_alpha(1)
    mixing.actual_size()
    mixing.wait_frames()
    mixing.show("Paint")
    mixing.stroke((0.4, 0.4), (0.55, 0.6))
    mixing.settle()
    mixing.open_accordion("Recipe")
    _, recipe = mixing.recipe(tmp_path)
    mask = decode_mask(recipe["mask"])
    assert int(mask.max()) > 200
    assert float((mask == 0).float().mean()) > 0.5
    mixing.assert_shows("tiny", Mix.of_alpha(1), mask=recipe["mask"])
    mixing.button("No mask").click()
    mixing.settle()
    mixing.assert_shows("tiny", Mix.of_alpha(1))


def test_a_stroke_that_is_on_its_way_is_not_left_out_of_a_file(
    mixing: MixingPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put, arrive = MaskStore.put, threading.Event()

    def slowly(*given: Any, **options: Any) -> str:
        assert arrive.wait(60)
        return put(*given, **options)

    monkeypatch.setattr(MaskStore, "put", slowly)
    mixing.show("Paint")
    mixing.stroke((0.4, 0.4), (0.55, 0.6))
    mixing.page.locator("#desk-save-picture").click()
    mixing.desk.message("What you painted is not here yet")
    arrive.set()
    mixing.settle()
    file = mixing.take("#desk-save-picture", "#desk-result", tmp_path)
    assert Recipe.from_json(Image.open(file).text["dni"]).request.mask  # type: ignore[attr-defined]


def test_what_is_seen_beside_the_live_part_is_rendered_too(
    new_mixing: Callable[..., MixingPage],
    mixing_app: tuple[str, RenderService],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(mixing_app[1], "live_pixels", lambda pair_id, *, session: 3000)
    mixing = new_mixing().open()
    picture = mixing.desk.example()
    assert picture.width * picture.height > 4 * 3000
    mixing.actual_size()
    for alpha in (0.5, 0.8):
        mixing.set_alpha(alpha)
        mixing.wait_shows("tiny", Mix.of_alpha(alpha))
    mixing.mask_by_brightness()
    mixing.open_accordion("Recipe")
    _, recipe = mixing.recipe(tmp_path)
    mixing.wait_shows("tiny", Mix.of_alpha(0.8), mask=recipe["mask"])


def test_what_is_erased_is_the_first_network_again(mixing: MixingPage, tmp_path: Path) -> None:
    mixing.set_alpha(0)
    mixing.actual_size()
    scale = mixing.service.renderer("tiny").scale
    height, width = (side * scale for side in mixing.desk.example().rgb.shape[1:])
    first = mixing.picture(width, height)
    mixing.set_alpha(1)
    mixing.show("Paint")
    mixing.find(".softness").fill("0")
    mixing.find(".size").fill("50")
    mixing.stroke((0.4, 0.5), (0.6, 0.5))
    mixing.settle()
    painted = mixing.picture(width, height)
    mixing.open_accordion("Recipe")
    _, recipe = mixing.recipe(tmp_path / "painted")
    brushed = decode_mask(recipe["mask"])
    mixing.find(".size").fill("30")
    mixing.button("Eraser").click()
    mixing.stroke((0.45, 0.5), (0.55, 0.5))
    mixing.page.mouse.move(0, 0)  # the brush's circle is drawn on the canvas, too
    mixing.settle()
    erased = mixing.picture(width, height)
    _, recipe = mixing.recipe(tmp_path / "erased")
    gone = inner((brushed > 0) & (decode_mask(recipe["mask"]) == 0), (height, width))
    assert gone.mean() > 0.01
    assert np.abs(painted - first)[gone].mean() > 2
    assert np.array_equal(erased[gone], first[gone])
    mixing.assert_shows("tiny", Mix.of_alpha(1), mask=recipe["mask"])


def test_a_stroke_is_composed_anew_only_where_it_went(mixing: MixingPage) -> None:
    """What is painted bit by bit looks like what is composed as a whole, at once or at another alpha."""
    mixing.set_alpha(1)
    mixing.wait_frames()
    mixing.actual_size()
    scale = mixing.service.renderer("tiny").scale
    height, width = (side * scale for side in mixing.desk.example().rgb.shape[1:])
    mixing.show("Paint")
    mixing.find(".show-mask").uncheck()
    mixing.find(".softness").fill("0.6")
    pictures = []

    def look() -> None:
        mixing.page.mouse.move(0, 0)
        mixing.page.wait_for_timeout(200)
        mixing.wait("data.state === 'preview'")
        pictures.append(mixing.picture(width, height))

    with mixing.service.scheduler.slot("somebody", Priority.LIVE):  # so that no exact picture comes
        mixing.stroke((0.4, 0.5), (0.45, 0.55))
        look()
        mixing.stroke((0.55, 0.45), (0.6, 0.5), (0.52, 0.4))
        look()
        for alpha in (0.9, 1):
            mixing.find("input.alpha").fill(str(alpha))
        look()
    first, bit_by_bit, whole = pictures
    assert (first != bit_by_bit).any(axis=2).mean() > 0.01
    assert np.array_equal(bit_by_bit, whole)


def inner(part: torch.Tensor, shape: tuple[int, int]) -> np.ndarray:
    """The 8x8 blocks of a picture (a JPEG's) that lie, with the pixel around, in a part of the mask."""
    eroded = -functional.max_pool2d(-part[None].float(), 3, stride=1, padding=1)
    large = functional.interpolate(eroded[None], size=shape, mode="nearest")[0, 0]
    height, width = (side // 8 * 8 for side in shape)
    blocks = large[:height, :width].reshape(height // 8, 8, width // 8, 8).amin((1, 3))
    inside = torch.zeros(shape, dtype=torch.bool)
    inside[:height, :width] = blocks.repeat_interleave(8, 0).repeat_interleave(8, 1) == 1
    return inside.numpy()


def test_automatic_masks_are_those_of_the_library(mixing: MixingPage, tmp_path: Path) -> None:
    mixing.show("Paint")
    mixing.open_accordion("Recipe")
    for name, make in (("By detail", detail_mask), ("By brightness", luminance_mask)):
        mixing.button(name).click()
        mixing.wait("data.mask === 'on'")
        mixing.settle()
        _, recipe = mixing.recipe(tmp_path)
        expected = decode_mask(encode_mask(make(mixing.desk.example().rgb)))
        assert torch.equal(decode_mask(recipe["mask"]), expected)


def test_masks_are_filled_inverted_undone_and_imported(mixing: MixingPage, tmp_path: Path) -> None:
    mixing.set_alpha(1)
    mixing.actual_size()
    mixing.show("Paint")
    for name, mix in (("Fill", 1), ("Invert", 0), ("Undo", 1), ("Clear", 1)):
        mixing.button(name).click()
        mixing.settle()
        mixing.assert_shows("tiny", Mix.of_alpha(mix))
    half = np.zeros((30, 60), np.uint8)
    half[:, 30:] = 255
    Image.fromarray(half).save(tmp_path / "half.png")
    mixing.find(".mask-file").set_input_files(tmp_path / "half.png")
    mixing.settle()
    mixing.open_accordion("Recipe")
    _, recipe = mixing.recipe(tmp_path)
    mask = decode_mask(recipe["mask"])
    assert float(mask[:, : mask.shape[1] // 3].float().mean()) == 0
    assert float(mask[:, -mask.shape[1] // 3 :].float().mean()) == 255
    (tmp_path / "no.png").write_text("no picture")
    mixing.find(".mask-file").set_input_files(tmp_path / "no.png")
    expect(mixing.find(".message")).to_contain_text("no.png cannot be read")


def test_a_painted_mix_of_three_ends(mixing: MixingPage, tmp_path: Path) -> None:
    mixing.choose_networks("Tiny three", 3)
    mixing.find(".pad canvas").press("3")
    mixing.wait_exact(0, 0, 1)
    mixing.actual_size()
    mixing.mask_by_brightness()
    mixing.open_accordion("Recipe")
    _, recipe = mixing.recipe(tmp_path)
    assert recipe["shares"] == [1, 0, 0]
    mixing.assert_shows("three", Mix.of((0, 0, 1)), mask=recipe["mask"])


def test_strokes_are_undone_and_redone_in_turn_with_the_mix(mixing: MixingPage) -> None:
    """The very pixels come back, by keys and by buttons, and *Clear* is a step like others."""
    mixing.set_alpha(1)
    mixing.actual_size()
    mixing.show("Paint")
    mixing.find(".show-mask").uncheck()
    scale = mixing.service.renderer("tiny").scale
    height, width = (side * scale for side in mixing.desk.example().rgb.shape[1:])

    def look() -> np.ndarray:
        mixing.page.mouse.move(0, 0)
        mixing.settle()
        return mixing.picture(width, height)

    def press(keys: str) -> np.ndarray:
        mixing.page.keyboard.press(keys)
        return look()

    everywhere = look()
    mixing.stroke((0.4, 0.4), (0.45, 0.45))
    one = look()
    mixing.stroke((0.55, 0.5), (0.6, 0.55))
    two = look()
    mixing.button("Clear").click()
    assert np.array_equal(look(), everywhere)
    mixing.set_alpha(0.5)
    look()
    mixing.find("canvas.picture").focus()
    press("Control+z")
    assert mixing.shares == [0, 1]
    assert np.array_equal(press("Control+z"), two)
    mixing.button("Undo").click()
    assert np.array_equal(look(), one)
    assert np.array_equal(press("Control+z"), everywhere)
    mixing.button("Redo").click()
    assert np.array_equal(look(), one)
    assert np.array_equal(press("Control+Shift+z"), two)
    assert not np.array_equal(one, two)
