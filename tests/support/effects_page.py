"""The app in a browser, driven as a person does it, for the tests ``test_app*.py``."""

from __future__ import annotations

import base64
import io
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page

from dni.blending.shares import Mix
from dni.catalog.pairs import End, Pair, Source
from dni.examples import example_token
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.serving.render_service import Frame, RenderService
from dni.serving.sessions import Session

# Generous, for a machine that is busy with something else: a condition that holds is not waited for.
PATIENCE = 60_000
# What has arrived, or was typed, is on the canvas by then.
DRAWN = 150
SLIDER_THUMB = 20

COPY_CANVAS = """() => {
    const canvas = document.querySelector('canvas');
    return canvas.toDataURL('image/png').split(',')[1];
}"""
# Input events as the mouse makes them, faster than one could.
CHANGE_QUICKLY = """async ([alphas, pause]) => {
    const slider = document.querySelector('input.alpha');
    for (const alpha of alphas) {
        slider.value = alpha;
        slider.dispatchEvent(new Event('input', { bubbles: true }));
        await new Promise((resolve) => setTimeout(resolve, pause));
    }
}"""
RECORD_STATES = """() => {
    const canvas = document.querySelector('canvas');
    window.states = [];
    new MutationObserver(() => window.states.push(canvas.dataset.state)).observe(
        canvas, { attributes: true, attributeFilter: ['data-state'] });
}"""


def tiny_pairs(ends: list[Path]) -> dict[str, Pair]:
    """Two pairs that are here, one that cannot be downloaded, and one that another supersedes."""

    def pair(pair_id: str, title: str, labels: tuple[str, str], sources: list[Source]) -> Pair:
        both = (End(labels[0], sources[0]), End(labels[1], sources[1]))
        return Pair(id=pair_id, title=title, ends=both, description=f"{title} for tests.", licence="MIT")

    here = [Source(path=end) for end in ends]
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{unused.getsockname()[1]}"
    gone = [Source(url=f"{closed}/{name}.safetensors") for name in ("one", "two")]
    former = pair("former", "Former pair", ("calm", "rough"), here)
    return {
        "tiny": pair("tiny", "Tiny pair", ("calm", "wild"), here),
        "turned": pair("turned", "Turned pair", ("wild first", "calm last"), here[::-1]),
        "gone": pair("gone", "Gone pair", ("lost", "missing"), gone),
        "former": replace(former, superseded_by="tiny"),
    }


def whole(picture: Picture) -> Rectangle:
    return Rectangle(0, 0, picture.width, picture.height)


def decoded(jpeg: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")).astype(np.int16)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """The mean absolute difference in 8-bit levels; one JPEG in two decoders differs by less than 0.5."""
    assert one.shape == other.shape
    return float(np.abs(one - other).mean())


class Gate:
    """Stands before ``service.frame``: counts, delays and holds back what the browser asks for."""

    def __init__(self, service: RenderService, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, str, Rectangle, float]] = []
        self.sessions: dict[str, Session] = {}
        self.pending = 0
        self.held: dict[float, threading.Event] = {}
        self.delay: Callable[[float], None] = lambda alpha: None
        self._frame = service.frame
        self._lock = threading.Lock()
        monkeypatch.setattr(service, "frame", self.frame)

    def frame(
        self, token: str, pair_id: str, region: Rectangle, mix: Mix, *, session: Session, **options: Any
    ) -> Frame:
        alpha = mix.alpha
        assert alpha is not None
        with self._lock:
            self.asked.append((token, pair_id, region, alpha))
            self.sessions[token] = session
            self.pending += 1
            held = self.held.get(alpha)
        try:
            made = self._frame(token, pair_id, region, mix, session=session, **options)
            self.delay(alpha)
            if held is not None:
                assert held.wait(PATIENCE / 1000)
            return made
        finally:
            with self._lock:
                self.pending -= 1

    def hold(self, alpha: float) -> threading.Event:
        """Hold back the frame of ``alpha`` until the event is set."""
        self.held[alpha] = threading.Event()
        return self.held[alpha]


class Desk:
    """One page of one browser."""

    def __init__(self, page: Page, service: RenderService, url: str) -> None:
        self.page = page
        self.service = service
        self.url = url
        self.problems: list[str] = []
        self.requests = 0
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.on("request", lambda request: self._check_host(request.url))
        page.on("request", lambda request: self._count(request.url, 1))
        for ended in ("requestfinished", "requestfailed"):
            page.on(ended, lambda request: self._count(request.url, -1))

    def _note(self, kind: str, text: str) -> None:
        if kind == "error":
            self.problems.append(text)

    def _check_host(self, address: str) -> None:
        if not address.startswith((self.url, "data:", "blob:")):
            self.problems.append(f"a request to {address}")

    def _count(self, address: str, step: int) -> None:
        if "component_server" in address:
            self.requests += step

    # Looking

    def open(self, query: str = "", *, complete: bool = True) -> Desk:
        """Open the page and wait for the exact frame, and for all keyframes."""
        self.page.goto(self.url + query)
        self.wait_exact()
        if complete:
            self.wait_keyframes()
        return self

    def wait(self, condition: str, argument: Any = None) -> None:
        """Wait until the JavaScript condition holds; ``canvas`` is the viewer's."""
        script = f"(given) => {{ const canvas = document.querySelector('canvas'); return {condition}; }}"
        self.page.wait_for_function(script, arg=argument, timeout=PATIENCE)

    def wait_exact(self, alpha: float | None = None) -> None:
        self.wait("canvas && canvas.dataset.state === 'exact'")
        if alpha is not None:
            self.wait(
                "Number(canvas.dataset.alpha) === given && canvas.dataset.state === 'exact'", round(alpha, 4)
            )

    def wait_state(self, state: str) -> None:
        self.wait("canvas.dataset.state === given", state)

    def wait_keyframes(self) -> None:
        self.wait("canvas.dataset.missing === '0'")

    def wait_quiet(self) -> None:
        """Wait until all that was asked of the server has arrived, and has had time to be drawn."""
        self.wait_until(lambda: self.requests == 0)
        self.page.wait_for_timeout(DRAWN)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for something on our side while the browser goes on."""
        for _ in range(PATIENCE // 20):
            if condition():
                return
            self.page.wait_for_timeout(20)
        pytest.fail("Waited for a condition in vain.")

    def data(self, name: str) -> str:
        return self.page.locator("#viewer canvas").get_attribute(f"data-{name}") or ""

    @property
    def alpha(self) -> float:
        return float(self.data("alpha"))

    @property
    def shown(self) -> str:
        """The name of the picture, as a screen reader gets it."""
        return (self.page.locator("#viewer canvas").get_attribute("aria-label") or "").split(",")[0]

    @property
    def zoom(self) -> int:
        """In per cent."""
        return int((self.page.locator(".zoom").text_content() or "").removesuffix(" %"))

    def canvas(self) -> np.ndarray:
        """What the canvas holds: int16 (height, width, 3)."""
        data = self.page.evaluate(COPY_CANVAS)
        image = Image.open(io.BytesIO(base64.b64decode(data)))
        return np.asarray(image.convert("RGB")).astype(np.int16)

    def picture(self, width: int, height: int) -> np.ndarray:
        """The middle of the canvas, where a picture at 1:1 that is smaller than the canvas lies."""
        canvas = self.canvas()
        left = int(np.floor(canvas.shape[1] / 2 - width / 2 + 0.5))
        top = int(np.floor(canvas.shape[0] / 2 - height / 2 + 0.5))
        assert left >= 0
        assert top >= 0
        return canvas[top : top + height, left : left + width]

    def actual_size(self) -> None:
        self.page.locator("#viewer canvas").press("1")
        self.wait("document.querySelector('.zoom').textContent === '100 %'")

    def assert_shows(self, picture: Picture, pair_id: str, alpha: float) -> None:
        """The canvas, at 1:1, holds a fresh render of the picture at ``alpha``."""
        fresh = decoded(self.service.render_frame(picture, pair_id, whole(picture), Mix.of_alpha(alpha)).jpeg)
        seen = self.picture(fresh.shape[1], fresh.shape[0])
        assert difference(seen, fresh) < 0.5
        for other in (alpha - 0.2, alpha + 0.2):
            if 0 <= other <= 1:
                jpeg = self.service.render_frame(picture, pair_id, whole(picture), Mix.of_alpha(other)).jpeg
                assert difference(decoded(jpeg), fresh) > 1, "the test's networks are too alike to tell"

    def example(self, name: str = "cat") -> Picture:
        return self.service.picture(example_token(name))

    # Touching

    @property
    def slider(self) -> Locator:
        return self.page.get_by_role("slider", name="alpha")

    def button(self, name: str) -> Locator:
        return self.page.locator(f'button[data-tool="{name}"]')

    def thumb_at(self, alpha: float) -> tuple[float, float]:
        """Where the thumb's middle is at ``alpha``, on the page."""
        self.slider.scroll_into_view_if_needed()
        box = self.slider.bounding_box()
        assert box is not None
        x = box["x"] + SLIDER_THUMB / 2 + alpha * (box["width"] - SLIDER_THUMB)
        return x, box["y"] + box["height"] / 2

    def drag(self, *alphas: float, release: bool = True) -> None:
        """Drag the thumb from where it is over these alphas with the mouse."""
        mouse = self.page.mouse
        mouse.move(*self.thumb_at(self.alpha))
        mouse.down()
        for alpha in alphas:
            mouse.move(*self.thumb_at(alpha), steps=5)
        if release:
            mouse.up()

    def change(self, *alphas: float, pause: int = 0) -> None:
        self.page.evaluate(CHANGE_QUICKLY, [list(alphas), pause])

    def choose_pair(self, title: str) -> None:
        self.card(title).click()

    def card(self, title: str) -> Locator:
        """A pair's card in the row of effects."""
        return self.page.locator("#effects-cards button", has_text=title)

    def choose_example(self, number: int) -> None:
        self.page.locator("#examples button").nth(number).click()

    def upload(self, path: Path) -> None:
        self.page.locator("#own-picture input[type=file]").set_input_files(path)

    def message(self, text: str) -> Locator:
        """A message box with the text."""
        box = self.page.locator(".toast-body", has_text=text)
        box.first.wait_for(timeout=90_000)  # strangers' networks are tried apart, one at a time
        return box
