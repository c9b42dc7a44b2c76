"""The mixing desk in a browser, driven as a person does it, for the tests ``test_mixing*.py``."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from effects_page import DRAWN, PATIENCE, Desk, decoded, difference
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from dni.blending.interpolate import interpolate
from dni.blending.shares import Mix
from dni.catalog.pairs import End, Pair, Source
from dni.checkpoints.files import read_metadata, read_states, save, sha256_of
from dni.masks.files import decode_mask
from dni.pictures.write import encode_jpeg
from dni.rendering.masked import render_masked
from dni.serving.render_service import RenderService

__all__ = ["MixingPage", "mixing_service", "more_ends", "trying_once"]

expect.set_options(timeout=PATIENCE)

COPY_CANVAS = """() => {
    const canvas = document.querySelector('#desk canvas.picture');
    return canvas.toDataURL('image/png').split(',')[1];
}"""
# Shares of the two tiny networks that make more of them, related and different.
MORE = {"third": (1.5, -0.5), "fourth": (-0.5, 1.5), "fifth": (0.5, 0.5)}


def more_ends(ends: list[Path], folder: Path) -> list[Path]:
    """The files of five networks: the two, and blends of them, some beyond them."""
    states = read_states(ends)
    files = list(ends)
    for name, shares in MORE.items():
        files.append(folder / f"{name}.safetensors")
        metadata = {**read_metadata(ends[0]), "training": name}
        save(files[-1], interpolate(states, shares, extrapolate=True), metadata)
    return files


def mixing_service(ends: list[Path]) -> RenderService:
    """Entries of two to five ends, in float32, so that a frame is the same wherever it is rendered."""
    catalog = {}
    for name, count in (("tiny", 2), ("three", 3), ("four", 4), ("five", 5)):
        sources = tuple(End(path.stem, Source(path=path)) for path in ends[:count])
        catalog[name] = Pair(id=name, title=f"Tiny {name}", ends=sources)
    catalog["around"] = replace(catalog["four"], id="around", title="Tiny around", pad="around")
    return RenderService(catalog, device=torch.device("cpu"), precision="float32")


def trying_once(try_files: Callable[..., dict[Path, str]]) -> Callable[..., dict[Path, str]]:
    """:func:`dni.checkpoints.sandbox.unusable`, which takes a process that imports PyTorch every time.

    A file whose very bytes were found to be usable is not tried again; all others are.
    """
    good: set[str] = set()

    def unusable(paths: list[Path]) -> dict[Path, str]:
        unknown = [path for path in paths if sha256_of(path) not in good]
        problems = try_files(unknown) if unknown else {}
        good.update(sha256_of(path) for path in unknown if path not in problems)
        return problems

    return unusable


class MixingPage:
    """The Mixing desk of one page."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.page: Page = desk.page
        self.service = desk.service

    def open(self) -> MixingPage:
        """Go to the tab, and wait for the exact frame."""
        self.page.goto(self.desk.url)
        self.page.get_by_role("tab", name="Mixing desk").click()
        self.wait_exact()
        return self

    def find(self, selector: str) -> Locator:
        return self.page.locator(f"#desk {selector}")

    def button(self, name: str) -> Locator:
        return self.page.locator("#desk").get_by_role("button", name=name, exact=True)

    # Looking

    def wait(self, condition: str, argument: Any = None) -> None:
        """Wait until the JavaScript condition holds; ``data`` is the canvas's dataset."""
        self.page.wait_for_function(
            "(given) => { const data = document.querySelector('#desk canvas.picture')?.dataset; "
            f"return data && {condition}; }}",
            arg=argument,
            timeout=PATIENCE,
        )

    def wait_exact(self, *shares: float) -> None:
        """Wait for the exact frame, at these shares if they are given, and until it is drawn."""
        key = " ".join(f"{share:.4f}" for share in shares)
        self.wait("data.state === 'exact' && (!given || data.shares === given)", key)
        self.page.wait_for_timeout(DRAWN)

    def wait_frames(self) -> None:
        """Wait for the frames that are fetched ahead."""
        self.wait("data.missing === '0'")

    def settle(self) -> None:
        """Wait for what follows from what was just done."""
        self.page.wait_for_timeout(2 * DRAWN)
        self.wait_exact()

    @property
    def shares(self) -> list[float]:
        text = self.find("canvas.picture").get_attribute("data-shares") or ""
        return [float(share) for share in text.split()]

    @property
    def layers(self) -> list[int]:
        """How much of the mix each group of layers gets, in per cent."""
        return [int(bar.get_attribute("aria-valuenow") or "") for bar in self.find(".column").all()]

    def picture(self, width: int, height: int) -> np.ndarray:
        """The middle of the canvas, where a picture at 1:1 that is smaller than the canvas lies."""
        data = self.page.evaluate(COPY_CANVAS)
        canvas = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")).astype(np.int16)
        left = int(np.floor(canvas.shape[1] / 2 - width / 2 + 0.5))
        top = int(np.floor(canvas.shape[0] / 2 - height / 2 + 0.5))
        assert left >= 0
        assert top >= 0
        return canvas[top : top + height, left : left + width]

    def assert_shows(self, pair: str, mix: Mix, **painted: Any) -> None:
        """The canvas, at 1:1, holds what the library renders; see :meth:`rendered`."""
        fresh = self.rendered(pair, mix, **painted)
        assert difference(self.picture(fresh.shape[1], fresh.shape[0]), fresh) < 0.5

    def wait_shows(self, pair: str, mix: Mix, **painted: Any) -> None:
        """Wait until the canvas holds that, of parts that were rendered by themselves."""
        fresh = self.rendered(pair, mix, **painted)
        self.desk.wait_until(lambda: difference(self.picture(fresh.shape[1], fresh.shape[0]), fresh) < 1)

    def rendered(
        self, pair: str, mix: Mix, *, mask: str | None = None, base: Mix | None = None, **options: Any
    ) -> np.ndarray:
        """What the library renders of the first example.

        Outside of the mask is ``base``, by default the first end; options are those of ``render_masked``.
        """
        rgb = self.desk.example().rgb
        renderer = self.service.renderer(pair)
        if mask is None:
            made = renderer.render(rgb, mix)
        else:
            base = base or Mix.of([1.0] + [0.0] * (mix.num_ends - 1))
            made = render_masked(renderer, rgb, base=base, brush=mix, mask=decode_mask(mask), **options)
        return decoded(encode_jpeg(made, quality=95))

    # Touching

    def actual_size(self) -> None:
        self.find('button[data-tool="actual"]').click()
        self.page.wait_for_timeout(3 * DRAWN)

    def set_alpha(self, alpha: float) -> None:
        self.find("input.alpha").fill(str(alpha))
        self.wait_exact(round(1 - alpha, 4), alpha)

    def choose_networks(self, title: str, count: int) -> None:
        self.page.locator("#desk-pair input").click()
        self.page.get_by_role("option", name=title).click()
        self.page.wait_for_function(
            "(count) => document.querySelectorAll('#desk .numbers li').length === count", arg=count
        )
        self.settle()

    def show(self, panel: str) -> None:
        self.page.locator("#desk").get_by_role("tab", name=panel).click()

    def open_accordion(self, name: str) -> None:
        self.page.get_by_role("button", name=name).first.click()

    def mask_by_brightness(self) -> None:
        """Make a mask of the picture's own, and wait for the frame."""
        self.show("Paint")
        self.button("By brightness").click()
        self.wait("data.mask === 'on'")
        self.settle()

    def stroke(self, *points: tuple[float, float]) -> None:
        """Paint on the picture with the mouse; points are shares of the canvas."""
        canvas = self.find("canvas.picture")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        assert box is not None
        for number, (x, y) in enumerate(points):
            self.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
            if number == 0:
                self.page.mouse.down()
        self.page.mouse.up()

    def choose_sweep(self, kind: str, *, frames: int, way: str = "") -> None:
        """Fill in the sweep's panel, which must be open."""
        box = self.page.locator("#sweep-frames input[type=number]")
        form = self.page.locator("#sweep-format").get_by_label(kind)

        def stays() -> bool:
            """No person types before gradio has put the first values into a panel that opens."""
            box.fill(str(frames))
            form.check()
            self.page.wait_for_timeout(2 * DRAWN)
            return box.input_value() == str(frames) and form.is_checked()

        self.desk.wait_until(stays)
        if way:
            self.page.locator("#sweep-way input").click()
            self.page.get_by_role("option", name=way).click()

    def take(self, button: str, box: str, folder: Path) -> Path:
        """Click a button, and download what comes into a box."""
        link = self.page.locator(f"{box} a[download]").first
        before = link.get_attribute("href") if link.count() else ""
        self.page.locator(button).click()
        expect(link).not_to_have_attribute("href", before or "")
        with self.page.expect_download() as download:
            link.click()
        folder.mkdir(exist_ok=True)
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path

    def recipe(self, folder: Path) -> tuple[Path, dict[str, Any]]:
        """The recipe of what is on screen: the file, and what is in it. Its panel must be open."""
        path = self.take("#desk-save-recipe", "#desk-recipe-file", folder)
        return path, json.loads(path.read_text())
