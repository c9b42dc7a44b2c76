"""Sweeps from the mixing desk in a browser: films and strips of what is painted, and cancelling one."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mixing_page import MixingPage
from PIL import Image
from playwright.sync_api import expect
from sweep_files import comment_of, holds, read_film
from torch import Tensor

from dni.blending.mix_paths import first_end
from dni.blending.shares import Mix
from dni.examples import EXAMPLE_FOLDER
from dni.pictures.read import open_picture
from dni.recipes.render_request import RenderRequest, read_mix
from dni.rendering.requests import render_request
from dni.serving.scheduling.scheduler import Priority

SIZE = (60, 50)


def give_picture(page: MixingPage, folder: Path) -> Path:
    """A small part of an example, so that codecs and networks are quick."""
    path = folder / "mine.png"
    with Image.open(EXAMPLE_FOLDER / "cat.png") as image:
        image.convert("RGB").crop((30, 40, 30 + SIZE[0], 40 + SIZE[1])).save(path)
    page.page.locator("#desk-picture input[type=file]").set_input_files(path)
    expect(page.find("canvas.picture")).to_have_attribute(
        "aria-label", "mine.png, enlarged 4 times by the blended network"
    )
    page.settle()
    return path


def paint(page: MixingPage) -> None:
    page.show("Paint")
    page.stroke((0.45, 0.5), (0.55, 0.5))
    page.wait("data.mask === 'on'")
    page.settle()


def expected(page: MixingPage, pair: str, picture: Path, recipe: dict[str, Any], mix: Mix) -> Tensor:
    """What the library renders of the swept mix, inside of the recipe's mask if it has one."""
    request = RenderRequest(mix=mix)
    if "mask" in recipe:
        request = RenderRequest(mix=read_mix(recipe["outside"]), brush=mix, mask=recipe["mask"])
    renderer = page.service.renderer(pair, precision="float32")
    return render_request(open_picture(picture), renderer, request)[0]


def pixels_of(path: Path) -> Tensor:
    return torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1)


def test_a_strip_to_the_mix_on_screen_where_it_is_painted(mixing: MixingPage, tmp_path: Path) -> None:
    picture = give_picture(mixing, tmp_path)
    mixing.set_alpha(0.8)
    mixing.show("Layers")
    mixing.find(".column").last.press("Home")
    paint(mixing)
    mixing.open_accordion("Sweep")
    mixing.choose_sweep("Strip or grid", frames=3, way="From the first network to the mix")
    path = mixing.take("#sweep-make", "#sweep-file", tmp_path / "out")
    recipe = json.loads(comment_of(path))["sweep"]
    assert (recipe["outside"], recipe["crop"]) == ({"shares": [1, 0]}, None)
    (row,) = recipe["rows"]
    assert [mix["shares"][1] for mix in row] == pytest.approx([0, 0.4, 0.8])
    sheet = pixels_of(path)
    frames = [expected(mixing, "tiny", picture, recipe, read_mix(mix)) for mix in row]
    assert all(holds(sheet, frame) for frame in frames)
    assert read_mix(row[2]).shares_in("last") == (1, 0)
    moved = (frames[0].int() - frames[2].int()).abs().amax(dim=0) > 2
    assert 0.01 < float(moved.float().mean()) < 0.9, "a part of the picture moves"


def test_a_grid_where_it_is_painted(mixing: MixingPage, tmp_path: Path) -> None:
    mixing.choose_networks("Tiny four", 4)
    picture = give_picture(mixing, tmp_path)
    paint(mixing)
    mixing.open_accordion("Sweep")
    mixing.choose_sweep("Strip or grid", frames=2, way="All over the pad")
    path = mixing.take("#sweep-make", "#sweep-file", tmp_path / "out")
    recipe = json.loads(comment_of(path))["sweep"]
    assert recipe["outside"] == {"shares": list(first_end(4).shares)}
    corners = [read_mix(mix) for row in recipe["rows"] for mix in row]
    assert [mix.shares for mix in corners] == [tuple(shares) for shares in torch.eye(4).tolist()]
    sheet = pixels_of(path)
    assert all(holds(sheet, expected(mixing, "four", picture, recipe, mix)) for mix in corners)


def test_films_run_there_and_back_between_the_ends(mixing: MixingPage, tmp_path: Path) -> None:
    picture = give_picture(mixing, tmp_path)
    mixing.open_accordion("Sweep")
    for kind in ("GIF", "WebP", "MP4"):
        mixing.choose_sweep(kind, frames=4)
        path = mixing.take("#sweep-make", "#sweep-file", tmp_path / "out")
        assert path.name == f"mine_tiny_sweep.{kind.lower()}"
        assert_film(mixing, kind, path, picture)
        shown = "#sweep-film video" if kind == "MP4" else "#sweep-image img"
        mixing.page.locator(shown).wait_for()


def assert_film(mixing: MixingPage, kind: str, path: Path, picture: Path) -> None:
    """Read by Pillow and PyAV: the number of frames, and the ends where they belong."""
    recipe = json.loads(comment_of(path))["sweep"]
    assert "mask" not in recipe
    film = read_film(path)
    held = 1 + 5 if kind == "MP4" else 1  # an MP4 shows an end again for half a second
    assert len(film) == 2 * held + 2 + 2
    ends = [expected(mixing, "tiny", picture, recipe, Mix.of_alpha(alpha)) for alpha in (0, 1)]
    first, last = (end.permute(1, 2, 0).numpy() for end in ends)
    # Film blurs colour, so that it is near the one end without being equal to it.
    for frame, here, there in ((film[0], first, last), (film[held + 2], last, first)):
        assert mean_difference(frame, here) < 0.6 * mean_difference(frame, there)


def mean_difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


# Cancelling


class Slowness:
    """Makes every turn of a sweep long, and counts these turns."""

    def __init__(self, page: MixingPage, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = threading.Event()
        self.slots = 0
        self.seconds = 0.3
        slot = page.service.scheduler.slot

        def slow(owner: Any, priority: Priority, **options: Any) -> AbstractContextManager[None]:
            # The verdict, which cannot be cancelled, is an export too.
            if priority is Priority.EXPORT and options["cancelled"] is not None:
                self.slots += 1
                self.begun.set()
                time.sleep(self.seconds)
            return slot(owner, priority, **options)

        monkeypatch.setattr(page.service.scheduler, "slot", slow)


def sweeps_written() -> set[Path]:
    return set(Path(os.environ["GRADIO_TEMP_DIR"]).rglob("*_sweep.*"))


def test_a_slow_sweep_is_cancelled_and_the_next_one_works(
    new_mixing: Callable[..., MixingPage], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mixing = new_mixing().open()
    give_picture(mixing, tmp_path)
    slowness = Slowness(mixing, monkeypatch)
    make, cancel = mixing.page.locator("#sweep-make"), mixing.page.locator("#sweep-cancel")
    before = sweeps_written()
    mixing.open_accordion("Sweep")
    mixing.choose_sweep("GIF", frames=60)
    make.click()
    mixing.desk.wait_until(slowness.begun.is_set)
    expect(make).to_be_hidden()
    expect(cancel).to_have_text("Cancel")
    cancel.click()
    mixing.desk.message("Cancelled: nothing was written.")
    expect(make).to_be_visible()
    expect(cancel).to_be_hidden()
    expect(mixing.page.locator("#sweep-file")).to_be_hidden()
    assert slowness.slots < 60, "it went on to its end"
    slots = slowness.slots
    mixing.page.wait_for_timeout(3 * 1000 * slowness.seconds)
    assert slowness.slots == slots, "it goes on unseen"
    assert sweeps_written() == before

    slowness.seconds = 0.0
    mixing.choose_sweep("GIF", frames=3)
    path = mixing.take("#sweep-make", "#sweep-file", tmp_path / "out")
    assert len(read_film(path)) == 4
    expect(make).to_be_visible()
    expect(cancel).to_be_hidden()
