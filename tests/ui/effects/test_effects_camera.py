"""Own pictures from the webcam and the clipboard, in a browser with a camera that shows a film of ours."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effects_page import Desk
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from benchmarks.browser import CHROMIUM, FLAGS
from dni.pictures.picture import Picture, from_pil
from dni.serving.render_service import RenderService

WIDTH, HEIGHT = 160, 120
# Left, right, and both darker in the upper half: no turning or mirroring leaves it as it is.
RED, BLUE = (220, 40, 40), (40, 40, 220)
UPPER = 0.5

COPY_PICTURE = """async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const picture = new Blob([bytes], { type: 'image/png' });
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })]);
}"""
PASTE_FILE = """([base64, name, type]) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([bytes], name, { type }));
    const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
    document.dispatchEvent(event);
    return event.defaultPrevented;
}"""


def scene() -> np.ndarray:
    """What the camera sees: float64 (120, 160, 3)."""
    pixels = np.empty((HEIGHT, WIDTH, 3))
    pixels[:, : WIDTH // 2], pixels[:, WIDTH // 2 :] = RED, BLUE
    pixels[: HEIGHT // 2] *= UPPER
    return pixels


def write_film(path: Path) -> None:
    """Five times the scene, in the format that Chromium's camera takes: BT.601, 4:2:0, from 16 to 235."""
    matrix = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112], [112, -93.786, -18.214]]) / 255
    planes = np.moveaxis(scene() @ matrix.T, -1, 0) + np.array([16, 128, 128])[:, None, None]
    halves = [planes[0], planes[1, ::2, ::2], planes[2, ::2, ::2]]
    frame = b"FRAME\n" + b"".join(plane.round().astype(np.uint8).tobytes() for plane in halves)
    path.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F20:1 Ip A1:1 C420\n".encode() + 5 * frame)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium with the film for a camera; in place of the one without."""
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail(f"Expected Chromium at {CHROMIUM}: apt-get install chromium-headless-shell.")
        pytest.skip(f"Chromium is not at {CHROMIUM}.")
    film = tmp_path_factory.mktemp("camera") / "film.y4m"
    write_film(film)
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    flags = [*FLAGS, *camera, f"--use-file-for-fake-video-capture={film}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def held(tiny_service: RenderService, monkeypatch: pytest.MonkeyPatch) -> list[Picture]:
    """The pictures that people have handed over."""
    pictures: list[Picture] = []
    hold = tiny_service.hold

    def watched(picture: Picture, **whose: Any) -> str:
        pictures.append(picture)
        return hold(picture, **whose)

    monkeypatch.setattr(tiny_service, "hold", watched)
    return pictures


@pytest.fixture
def desk(new_desk: Callable[..., Desk]) -> Desk:
    permissions = ["camera", "clipboard-read", "clipboard-write"]
    return new_desk(permissions=permissions).open(complete=False)


@pytest.fixture
def photograph(tmp_path: Path) -> tuple[str, Picture]:
    """A part of the cat: as the base64 of a PNG, and as we read it."""
    with Image.open(Path(__file__).parents[3] / "dni/examples/cat.png") as image:
        part = image.convert("RGB").crop((40, 20, 130, 80))
    part.save(tmp_path / "part.png")
    content = base64.b64encode((tmp_path / "part.png").read_bytes()).decode("ascii")
    return content, from_pil(part, name="part.png")


def assert_held(desk: Desk, held: list[Picture]) -> None:
    desk.wait_until(lambda: len(held) > 0)
    assert len(held) == 1


def assert_shown(desk: Desk, held: list[Picture], picture: Picture) -> None:
    """The picture was handed over, once, and is in the viewer."""
    assert_held(desk, held)
    assert (held[0].rgb == picture.rgb).all()
    desk.wait("canvas.ariaLabel.startsWith(given)", f"{held[0].name},")
    desk.wait_exact()
    desk.actual_size()
    desk.assert_shows(picture, "tiny", desk.alpha)


def test_webcam(desk: Desk, held: list[Picture]) -> None:
    own = desk.page.locator("#own-picture")
    own.get_by_label("Capture from camera").click()
    own.get_by_text("Click to Access Webcam").click()
    # Before that gradio's button is there and does nothing.
    desk.wait("document.querySelector('#own-picture video')?.videoWidth > 0")
    own.get_by_label("capture photo").click()
    assert_held(desk, held)
    taken = np.asarray(held[0].rgb.permute(1, 2, 0)).astype(int)
    assert taken.shape == (HEIGHT, WIDTH, 3)
    expected = scene()[:, ::-1]  # as in a mirror, which is how gradio shows what the camera sees
    middle = slice(4, -4)  # the video blurs where colours meet
    for rows in (slice(0, HEIGHT // 2), slice(HEIGHT // 2, HEIGHT)):
        for columns in (slice(0, WIDTH // 2), slice(WIDTH // 2, WIDTH)):
            off = (taken - expected)[rows, columns][middle, middle]
            assert np.abs(off).max() < 8
    assert_shown(desk, held, held[0])


def test_paste_from_the_keyboard_of_a_file_and_by_the_button(
    desk: Desk, held: list[Picture], photograph: tuple[str, Picture]
) -> None:
    assert not desk.page.evaluate(PASTE_FILE, [photograph[0], "notes.txt", "text/plain"])
    desk.page.evaluate("navigator.clipboard.writeText('some words')")
    desk.page.locator("#viewer canvas").focus()
    desk.page.keyboard.press("Control+V")
    desk.wait_quiet()
    assert held == []
    assert desk.shown == "cat.png"
    desk.page.evaluate(COPY_PICTURE, photograph[0])
    desk.page.locator("#viewer canvas").focus()
    desk.page.keyboard.press("Control+V")
    assert_shown(desk, held, photograph[1])
    held.clear()
    assert desk.page.evaluate(PASTE_FILE, [photograph[0], "part.png", "image/png"])
    assert_shown(desk, held, photograph[1])
    assert desk.shown == "part.png"
    held.clear()
    desk.page.bring_to_front()  # the clipboard is for the page that has the focus
    desk.page.evaluate(COPY_PICTURE, photograph[0])
    desk.page.locator("#own-picture").get_by_label("Paste from clipboard").click()
    assert_shown(desk, held, photograph[1])
