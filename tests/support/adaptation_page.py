"""The Adaptation tab in a browser, and tiny networks for it, for the tests ``test_digits_ui.py`` and
``test_adapt_tab*.py``."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from digit_files import write_mnist
from effects_page import PATIENCE, Desk
from live_view_samples import network_state
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from dni.checkpoints.files import save
from dni.digits.classifiers import METHOD_IDS
from dni.digits.live_view import LiveView, OwnPicture
from dni.examples import example_token
from dni.serving.digit_service import BACKGROUND, DigitService

SNAPSHOTS = range(0, 2001, 100)
MEASURES = ("reversal", "mnist", "mnist_m", "domain_accuracy", "a_distance")
EXAMPLE = example_token(BACKGROUND)

COPY_CANVAS = """(selector) => document.querySelector(selector).toDataURL('image/png').split(',')[1]"""


def write_networks(weights: Path) -> None:
    """All methods, and a run of DANN with its report, in a folder for ``$DNI_WEIGHTS``."""
    folder = weights / "digits"
    folder.mkdir(parents=True)
    for seed, method in enumerate(METHOD_IDS):
        save(folder / f"{method}.safetensors", network_state(seed), {})
    first, last = network_state(0), network_state(1)
    run = {
        f"{step}/{name}": torch.lerp(first[name], last[name], step / SNAPSHOTS[-1]).half()
        for step in SNAPSHOTS
        for name in first
    }
    save(folder / "dann-run.safetensors", run, {})
    rows = [
        {"iteration": step, **{name: (number + step / 2000) / 5 for number, name in enumerate(MEASURES)}}
        for step in SNAPSHOTS
    ]
    (folder / "report.json").write_text(json.dumps({"dann_run": rows}))


def write_digits(data_root: Path) -> None:
    """500 digits in MNIST's files, of which 310 are held out."""
    write_mnist(data_root, "train", 0, 10)  # torchvision wants all files
    write_mnist(data_root, "test", 0, 500)


class Held:
    """Stands in for a method of the desk or its service: counts its calls, and holds them back while ``gate``
    is not set."""

    def __init__(self, desk: LiveView | DigitService, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.gate = threading.Event()
        self.gate.set()
        self._answer: Callable[..., Any] = getattr(desk, name)
        monkeypatch.setattr(desk, name, self)

    def __call__(self, *given: Any, **named: Any) -> Any:
        self.asked.append(given)
        assert self.gate.wait(PATIENCE / 1000)
        return self._answer(*given, **named)


class DigitPage:
    """The Adaptation tab of one page, and the room behind it."""

    def __init__(self, desk: Desk, digit_service: DigitService) -> None:
        self.desk = desk
        self.page: Page = desk.page
        self.digit_service = digit_service

    def open(self, query: str = "") -> DigitPage:
        """Go to the tab, to the middle of the slider, and wait for the exact answer."""
        self.desk.open(query, complete=False)
        self.show()
        self.wait_exact(0)
        self.set(0.5)
        self.wait_exact(0.5)
        return self

    def show(self, tab: str = "Adaptation") -> None:
        self.page.get_by_role("tab", name=tab).click()

    @property
    def digits(self) -> LiveView:
        return self.digit_service.open()[1]

    def find(self, selector: str) -> Locator:
        return self.page.locator(f".dni-digits {selector}")

    def own(self, strength: float = 1.0, token: str = EXAMPLE) -> OwnPicture:
        return self.digit_service.own(token, strength)

    # Looking

    def wait(self, condition: str, argument: Any = None) -> None:
        """Wait until the JavaScript condition holds; ``data`` is the component's dataset."""
        self.page.wait_for_function(
            f"(given) => {{ const data = document.querySelector('.dni-digits')?.dataset; "
            f"return data && {condition}; }}",
            arg=argument,
            timeout=PATIENCE,
        )

    def wait_exact(self, alpha: float) -> None:
        self.wait("data.state === 'exact' && Number(data.alpha) === given", alpha)

    def assert_scores(self, accuracies: Any) -> None:
        expect(self.find(".scores b")).to_have_text([f"{100 * share:.1f} %" for share in accuracies])

    def canvas(self, selector: str) -> np.ndarray:
        """What a canvas holds: int16 (height, width, 3) over white."""
        data = self.page.evaluate(COPY_CANVAS, f".dni-digits {selector}")
        image = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA")
        return np.asarray(Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB"))

    def grid(self, domain: int) -> np.ndarray:
        self.find(".wall canvas").nth(domain).scroll_into_view_if_needed()
        self.page.wait_for_timeout(500)  # walls are drawn when they are seen, in the next frame
        return self.canvas(f".wall:nth-child({domain + 1}) canvas")

    def answers(self, alpha: float) -> torch.Tensor:
        """What the walls' digits are read as, int64 (4, 40), by the probabilities that the page gets."""
        return (self.digits.exact_grid("dann", alpha, self.own()) * 255).round().argmax(dim=2)

    def tile(self, grid: np.ndarray, number: int) -> tuple[np.ndarray, int, int]:
        """A digit on the canvas of a wall, as large as the page draws it, with its left and top."""
        width, height = grid.shape[1] / 10, grid.shape[0] / 4
        side = int(min(width, height - 15) - 6) // 28 * 28
        left = int(np.floor(number // 4 * width + (width - side) / 2 + 0.5))
        top = int(np.floor(number % 4 * height + (height - side - 15) / 2 + 0.5))
        return grid[top : top + side, left : left + side], left, top

    # Touching

    @property
    def slider(self) -> Locator:
        return self.page.get_by_role("slider", name="alpha")

    def set(self, alpha: float) -> None:
        self.slider.fill(str(alpha))

    def choose(self, method: str) -> None:
        self.find("select.methods").select_option(method)

    def drag(self, *alphas: float) -> None:
        """Drag the thumb with the mouse from the middle over these alphas; the button stays down."""
        self.slider.scroll_into_view_if_needed()
        box = self.slider.bounding_box()
        assert box is not None
        mouse, middle = self.page.mouse, box["y"] + box["height"] / 2
        for number, alpha in enumerate((0.5, *alphas)):
            mouse.move(box["x"] + 10 + alpha * (box["width"] - 20), middle, steps=5)
            if number == 0:
                mouse.down()

    def stroke(self, *points: tuple[float, float]) -> None:
        """Draw on the pad, in its own 280 by 280 pixels, with the mouse."""
        self.find(".pad").scroll_into_view_if_needed()
        box = self.find(".pad").bounding_box()
        assert box is not None
        scale = box["width"] / 280
        for number, (x, y) in enumerate(points):
            self.page.mouse.move(box["x"] + x * scale, box["y"] + y * scale, steps=4)
            if number == 0:
                self.page.mouse.down()
        self.page.mouse.up()

    def upload(self, path: Path) -> None:
        self.page.locator("#digits-picture input[type=file]").set_input_files(path)
