"""Pairs and own pictures: what can be chosen, and what bad input gets."""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effects_page import Desk
from PIL import Image, ImageOps
from playwright.sync_api import expect

import dni.ui.effects.tab
from dni.catalog.pairs import Pair
from dni.errors import DniError
from dni.pictures.picture import Picture, from_pil
from dni.pictures.read import open_picture
from dni.pictures.strips import CHECKER_LEVELS
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session

ROOT = Path(__file__).parents[3]
ROTATED = 6  # EXIF: turn by 90 degrees clockwise to see it upright


def photograph() -> Image.Image:
    """A part of the cat, which has no symmetry."""
    with Image.open(ROOT / "dni/examples/cat.png") as image:
        return image.convert("RGB").crop((40, 20, 130, 80))


def assert_own_picture(desk: Desk, name: str, picture: Picture) -> None:
    desk.wait("canvas.ariaLabel.startsWith(given)", name)
    desk.wait_exact()
    desk.actual_size()
    desk.assert_shows(picture, "tiny", desk.alpha)


# Pairs


def test_pair_chooser_keeps_alpha_and_picture(desk: Desk) -> None:
    desk.open("?alpha=0.3&example=coffee")
    desk.choose_pair("Turned pair")
    expect(desk.page.locator(".end-a")).to_have_text("wild first")
    desk.wait_exact(0.3)
    desk.actual_size()
    assert desk.shown == "coffee.png"
    desk.assert_shows(desk.example("coffee"), "turned", 0.3)
    expect(desk.page.locator("#about")).to_contain_text("Turned pair for tests.")
    desk.change(0.8)
    desk.wait_exact(0.8)
    desk.assert_shows(desk.example("coffee"), "turned", 0.8)


def test_alpha_moved_while_a_pair_loads_is_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.open("?alpha=0.3")
    load, desk_moved = desk.service.live_pixels, threading.Event()

    def slow(pair_id: str, *, session: Session) -> int:
        assert desk_moved.wait(20)
        return load(pair_id, session=session)

    monkeypatch.setattr(desk.service, "live_pixels", slow)
    desk.choose_pair("Turned pair")
    desk.change(0.9)
    desk.wait_exact(0.9)
    desk_moved.set()
    expect(desk.page.locator(".end-a")).to_have_text("wild first")
    desk.wait_exact(0.9)
    desk.actual_size()
    desk.assert_shows(desk.example(), "turned", 0.9)


def test_first_pair_that_cannot_be_used(
    new_desk: Callable[..., Desk],
    serve: Callable[[RenderService], str],
    tiny_service: RenderService,
    tmp_path: Path,
) -> None:
    broken = Pair.from_paths([tmp_path / "one.safetensors", tmp_path / "two.safetensors"])
    service = RenderService({"files": broken, "tiny": tiny_service.pair("tiny")}, precision="float32")
    desk = new_desk(service=service, url=serve(service))
    desk.page.goto(f"{desk.url}?example=rocket")
    desk.message("is not there")
    expect(desk.page.locator(".badge")).to_have_text("loading…")
    desk.upload(ROOT / "dni/examples/cat.png")
    desk.message("Choose a pair of networks first")
    desk.choose_pair("Tiny pair")
    desk.wait_exact(0.5)
    desk.actual_size()
    desk.assert_shows(desk.example(), "tiny", 0.5)


def test_pair_that_cannot_be_downloaded(desk: Desk) -> None:
    desk.open("?alpha=0.3")
    desk.choose_pair("Gone pair")
    desk.message("ask whoever runs this server")
    expect(desk.card("Tiny pair")).to_have_attribute("aria-pressed", "true")
    expect(desk.card("Gone pair")).to_have_attribute("aria-pressed", "false")
    expect(desk.page.locator(".end-a")).to_have_text("calm")
    desk.change(0.6)
    desk.wait_exact(0.6)
    desk.actual_size()
    desk.assert_shows(desk.example(), "tiny", 0.6)


@pytest.mark.parametrize("fails", [True, False])
def test_a_pair_that_takes_long_never_replaces_a_newer_choice(
    desk: Desk, tiny_service: RenderService, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    renderer, begun, go_on = tiny_service.renderer, threading.Event(), threading.Event()
    ended: list[str] = []

    def slowly(pair_id: str, *given: Any, download: Any = None, **options: Any) -> Any:
        if pair_id != "gone" or download is None:
            return renderer(pair_id, *given, **options)
        begun.set()
        assert go_on.wait(60)
        ended.append(pair_id)
        if fails:
            raise DniError("Expected a connection, but there is none.")
        return renderer("tiny", *given, **options)

    desk.open("?alpha=0.3")
    monkeypatch.setattr(tiny_service, "renderer", slowly)
    desk.choose_pair("Gone pair")
    desk.wait_until(begun.is_set)
    desk.choose_pair("Turned pair")  # it does not wait
    expect(desk.page.locator(".end-a")).to_have_text("wild first")
    desk.wait_exact(0.3)
    go_on.set()
    desk.wait_until(lambda: bool(ended))
    if fails:
        desk.message("there is none")
    desk.wait_quiet()
    desk.page.wait_for_timeout(1000)
    expect(desk.card("Turned pair")).to_have_attribute("aria-pressed", "true")
    expect(desk.card("Gone pair")).to_have_attribute("aria-pressed", "false")
    expect(desk.page.locator(".end-a")).to_have_text("wild first")
    expect(desk.page.locator("#about")).to_contain_text("Turned pair for tests")


# Own pictures


def test_own_picture_with_transparency(desk: Desk, tmp_path: Path) -> None:
    image = photograph()
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save(tmp_path / "ghost.png")
    desk.open("?alpha=0.3", complete=False).upload(tmp_path / "ghost.png")
    assert_own_picture(desk, "ghost.png", open_picture(tmp_path / "ghost.png"))
    seen = desk.picture(360, 240)
    squares = seen[:8].reshape(8, 45, 8, 3).mean(axis=(0, 2, 3))  # all transparent above: a checkerboard
    assert np.abs(squares - np.resize(CHECKER_LEVELS, 45)).max() < 6
    assert desk.alpha == 0.3


def test_own_pictures_of_all_kinds(desk: Desk, tmp_path: Path) -> None:
    desk.open(complete=False)
    # Turned by EXIF.
    exif = Image.Exif()
    exif[0x0112] = ROTATED
    photograph().save(tmp_path / "phone.jpg", quality=95, exif=exif)
    desk.upload(tmp_path / "phone.jpg")
    with Image.open(tmp_path / "phone.jpg") as image:
        upright = from_pil(ImageOps.exif_transpose(image), name="phone.jpg")
    assert (upright.width, upright.height) == (60, 90)
    assert_own_picture(desk, "phone.jpg", upright)
    # Of 16 bits.
    grey = np.asarray(photograph().convert("L")).astype(np.uint16) * 257
    Image.fromarray(grey).save(tmp_path / "deep.png")
    desk.upload(tmp_path / "deep.png")
    desk.message("More than 8 bits")
    assert_own_picture(desk, "deep.png", from_pil(photograph().convert("L"), name="deep.png"))
    # Animated.
    frames = [photograph(), ImageOps.invert(photograph())]
    frames[0].save(tmp_path / "moves.gif", save_all=True, append_images=frames[1:], duration=100)
    desk.upload(tmp_path / "moves.gif")
    desk.message("Only number 1 of its 2 frames")
    assert_own_picture(desk, "moves.gif", open_picture(tmp_path / "moves.gif"))
    # Of one pixel.
    Image.new("RGB", (1, 1), "orange").save(tmp_path / "dot.png")
    desk.upload(tmp_path / "dot.png")
    desk.wait("canvas.ariaLabel.startsWith('dot.png')")
    desk.wait_exact(0.5)


def test_a_picture_dropped_on_the_viewer_and_then_an_example_again(desk: Desk, tmp_path: Path) -> None:
    photograph().save(tmp_path / "drop.png")
    desk.open(complete=False)
    desk.page.evaluate(
        """(bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([Uint8Array.from(bytes)], 'drop.png', { type: 'image/png' }));
            const event = new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data });
            document.querySelector('canvas').dispatchEvent(event);
        }""",
        list((tmp_path / "drop.png").read_bytes()),
    )
    assert_own_picture(desk, "drop.png", open_picture(tmp_path / "drop.png"))
    expect(desk.page.locator("#examples .selected")).to_have_count(0)
    desk.choose_example(0)
    desk.wait("canvas.ariaLabel.startsWith('cat.png')")
    expect(desk.page.locator("#examples .selected")).to_have_count(1)


# Bad pictures


def bomb(side: int = 60_000) -> bytes:
    """A PNG that says it is huge and is not."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def write_bad(kind: str, path: Path) -> None:
    if kind == "large":
        Image.new("1", (10_000, 6_000)).save(path)
    elif kind == "cut":
        photograph().save(path)
        path.write_bytes(path.read_bytes()[:-3000])
    else:
        path.write_bytes({"text": b"no picture", "empty": b"", "bomb": bomb()}[kind])


def test_bad_pictures_are_refused_and_everything_stays(desk: Desk, tmp_path: Path) -> None:
    desk.open("?alpha=0.3&example=rocket")
    for kind, name, text in (
        ("text", "notes.png", "notes.png is none"),
        ("empty", "nothing.png", "empty"),
        ("cut", "half.png", "half.png is damaged or cut short"),
        ("large", "map.png", "map.png has 60.00"),
        ("bomb", "bomb.png", "bomb.png has 3600.00"),
    ):
        write_bad(kind, tmp_path / name)
        desk.upload(tmp_path / name)
        desk.message(text)
        expect(desk.page.locator("#own-picture [data-testid=upload-text]")).to_be_visible()
        assert desk.shown == "rocket.png"
    desk.wait_exact(0.3)
    desk.actual_size()
    desk.assert_shows(desk.example("rocket"), "tiny", 0.3)
    photograph().save(tmp_path / "good.png")
    desk.upload(tmp_path / "good.png")
    assert_own_picture(desk, "good.png", open_picture(tmp_path / "good.png"))


def test_messages_are_text_and_not_markup(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures hold words, such as the names of colour profiles, that end up in messages."""
    words = "<img src=x onerror=\"document.title='hacked'\"><b>bold</b>"
    picture = replace(open_picture(ROOT / "dni/examples/cat.png"), notices=(words,))
    monkeypatch.setattr(dni.ui.effects.tab, "open_upload", lambda *_: picture)
    photograph().save(tmp_path / "photo.png")
    desk.open(complete=False).upload(tmp_path / "photo.png")
    expect(desk.message("bold")).to_contain_text(words)
    assert desk.page.title() != "hacked"
