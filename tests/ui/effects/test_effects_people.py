"""Links, and other people: what one address and several pages at once show."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from effects_page import Desk, Gate, decoded, difference, whole
from PIL import Image, ImageOps
from playwright.sync_api import expect

from dni.blending.shares import Mix
from dni.examples import EXAMPLES
from dni.pictures.read import open_picture
from dni.serving.render_service import Frame, RenderService, RenderServiceError
from dni.serving.scheduling.scheduler import Priority
from dni.ui.effects.link import read_link

EXAMPLE_FOLDER = Path(__file__).parents[3] / "dni/examples"


def photograph(name: str = "cat.png") -> Image.Image:
    with Image.open(EXAMPLE_FOLDER / name) as image:
        return image.convert("RGB").crop((40, 20, 130, 80))


# The link


def test_the_address_reproduces_pair_alpha_and_example(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(permissions=["clipboard-read", "clipboard-write"]).open()
    desk.choose_pair("Turned pair")
    expect(desk.page.locator(".end-a")).to_have_text("wild first")
    desk.choose_example(3)
    desk.wait("canvas.ariaLabel.startsWith('rocket.png')")
    desk.change(0.27)
    desk.wait_exact(0.27)
    desk.button("link").click()
    expect(desk.button("link")).to_have_text("Copied")
    link = desk.page.evaluate("navigator.clipboard.readText()")
    assert link == desk.page.url
    other = new_desk().open(link.removeprefix(desk.url), complete=False)
    other.wait_exact(0.27)
    other.actual_size()
    assert other.shown == "rocket.png"
    other.assert_shows(other.example("rocket"), "turned", 0.27)
    expect(other.card("Turned pair")).to_have_attribute("aria-pressed", "true")
    expect(other.page.locator("#examples button").nth(3)).to_have_class(re.compile("selected"))


def test_a_link_to_a_picture_elsewhere_comes_first_and_is_gone_with_another_picture(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photograph().save(tmp_path / "mine.png")
    photograph("rocket.png").save(tmp_path / "linked.png")
    monkeypatch.setattr("dni.ui.effects.tab.open_link", lambda url: open_picture(tmp_path / "linked.png"))
    desk.open(complete=False)
    desk.upload(tmp_path / "mine.png")
    desk.wait("canvas.ariaLabel.startsWith('mine.png')")
    desk.open("?picture=elsewhere", complete=False)
    desk.wait_quiet()
    assert desk.shown == "linked.png"
    assert "picture=elsewhere" in desk.page.url
    desk.button("link").click()
    expect(desk.button("link")).to_have_text("Copied")
    assert desk.page.locator(".dni-viewer .message").is_hidden()
    desk.choose_example(3)
    desk.wait("canvas.ariaLabel.startsWith('rocket.png')")
    desk.wait("!location.search.includes('picture')")


def test_link_without_the_clipboard(desk: Desk) -> None:
    desk.page.add_init_script("delete Navigator.prototype.clipboard; document.execCommand = () => false;")
    desk.open(complete=False)
    desk.button("link").click()
    expect(desk.page.locator(".dni-viewer .message")).to_contain_text(f"{desk.url}?")


def test_nonsense_in_the_link(desk: Desk) -> None:
    desk.open("?alpha=banana&pair=zzz&example=../../etc", complete=False)
    for text in ("alpha is no number", "pair is not in the list", "picture is none of the examples"):
        desk.message(text)
    assert (desk.alpha, desk.shown) == (0.5, "cat.png")
    expect(desk.page.locator(".end-a")).to_have_text("calm")


@pytest.mark.parametrize(
    ("query", "pair", "example", "alpha", "warnings"),
    [
        ({}, "tiny", "", None, 0),
        ({"pair": "turned", "example": "rocket", "alpha": "1"}, "turned", "rocket", 1.0, 0),
        ({"alpha": "nan"}, "tiny", "", None, 1),
        ({"alpha": "7"}, "tiny", "", None, 1),
        ({"alpha": "-0.1", "example": "cat"}, "tiny", "cat", None, 1),
        ({"alpha": ""}, "tiny", "", None, 1),
        ({"pair": "gone"}, "tiny", "", None, 1),  # known, but not downloaded
        ({"pair": "<b>", "example": "<b>", "alpha": "<b>"}, "tiny", "", None, 3),
    ],
)
def test_read_link(
    tiny_service: RenderService,
    query: dict[str, str],
    pair: str,
    example: str,
    alpha: float | None,
    warnings: int,
) -> None:
    link = read_link(query, tiny_service)
    assert (link.pair, link.example, link.alpha) == (pair, example, alpha)
    assert len(link.warnings) == warnings
    assert link.wanted == ("gone" if query.get("pair") == "gone" else "")
    assert "<b>" not in "".join(link.warnings)
    assert link.example in {"", *EXAMPLES}


# Other people


def test_two_people_never_see_each_others_pictures(
    new_desk: Callable[..., Desk], tmp_path: Path, gate: Gate
) -> None:
    people = [new_desk(), new_desk()]
    photograph().save(tmp_path / "one.png")
    ImageOps.invert(ImageOps.mirror(photograph())).save(tmp_path / "two.png")
    for desk in people:
        desk.open(complete=False)
    for desk, name in zip(people, ("one.png", "two.png"), strict=True):
        desk.upload(tmp_path / name)
    for alphas in ((0.2, 0.8), (0.63, 0.37), (0.9, 0.1)):
        for desk, alpha in zip(people, alphas, strict=True):
            desk.change(alpha)
        for desk, alpha, name in zip(people, alphas, ("one.png", "two.png"), strict=True):
            desk.wait("canvas.ariaLabel.startsWith(given)", name)
            desk.wait_exact(alpha)
            desk.actual_size()
            desk.assert_shows(open_picture(tmp_path / name), "tiny", alpha)
    own = {(token, session) for token, session in gate.sessions.items() if not token.startswith("example")}
    assert len({session.key for _, session in own}) == 2
    service, names = desk.service, {"one.png", "two.png"}
    assert {service.picture(token, session).name for token, session in own} == names
    images = [
        service.frame(
            token, "tiny", whole(service.picture(token, session)), Mix.of_alpha(0.5), session=session
        )
        for token, session in own
    ]
    assert difference(*(decoded(image.jpeg) for image in images)) > 5


def post_frame(app: str, viewer: int, session: str, **request: Any) -> dict[str, Any]:
    """Ask for a frame as the browser does."""
    region = {"left": 0, "top": 0, "width": 30, "height": 20}
    asked = {"token": "example-cat", "pair": "tiny", "region": region, "session": session}
    asked |= {"ahead": False, **request}
    body = {"data": asked, "component_id": viewer, "fn_name": "frame", "session_hash": "any"}
    answer = httpx.post(f"{app.rstrip('/')}/gradio_api/component_server/", json=body, timeout=60)
    return dict(answer.raise_for_status().json())


@pytest.fixture
def viewer(app: str) -> int:
    """The viewer's number among the page's components."""
    components = httpx.get(f"{app.rstrip('/')}/config", timeout=60).json()["components"]
    return next(one["id"] for one in components if one["props"].get("elem_id") == "viewer")


def test_people_who_wait_do_not_stop_the_page(app: str, viewer: int, tiny_service: RenderService) -> None:
    # More than gradio has threads.
    people = [tiny_service.sessions.open(f"page {number}") for number in range(45)]
    with ThreadPoolExecutor(len(people)) as pool:
        with tiny_service.scheduler.slot("somebody", Priority.LIVE):
            replies = [pool.submit(post_frame, app, viewer, one.token, alpha=0.123) for one in people]
            end = time.monotonic() + 60
            while tiny_service.scheduler.count() < len(people):
                assert time.monotonic() < end, "waited in vain"
                time.sleep(0.01)
            for path in ("", "/config"):
                assert httpx.get(app.rstrip("/") + path, timeout=30).status_code == 200
            assert not any(reply.done() for reply in replies)
        jpegs = {reply.result(60)["jpeg"] for reply in replies}
    assert len(jpegs) == 1


def test_an_older_request_of_the_same_person_is_dropped(
    app: str, viewer: int, tiny_service: RenderService
) -> None:
    ann = tiny_service.sessions.open("ann")
    with ThreadPoolExecutor(2) as pool:
        with tiny_service.scheduler.slot("somebody", Priority.LIVE):
            old = pool.submit(post_frame, app, viewer, ann.token, alpha=0.321)
            end = time.monotonic() + 60
            while not tiny_service.scheduler.count(ann.key):
                assert time.monotonic() < end, "waited in vain"
                time.sleep(0.01)
            new = pool.submit(post_frame, app, viewer, ann.token, alpha=0.25)
            assert old.result(60) == {"dropped": True}
        assert new.result(60)["jpeg"]
    again = post_frame(app, viewer, ann.token, alpha=0.25)
    assert (again["jpeg"], again["milliseconds"]) == (new.result()["jpeg"], 0)


def test_a_crash_on_our_side_is_said_in_the_reply(
    app: str, viewer: int, tiny_service: RenderService, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = tiny_service.sessions.open("ann")
    with monkeypatch.context() as patch:
        patch.setattr(tiny_service, "render_frame", lambda *_: 1 // 0)
        reply = post_frame(app, viewer, ann.token, alpha=0.777)
    assert reply == {"error": "This went wrong on our side (ZeroDivisionError). Try again."}
    assert post_frame(app, viewer, ann.token, alpha=0.777)["jpeg"]


def test_a_notice_comes_with_the_frame(
    app: str, viewer: int, tiny_service: RenderService, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = tiny_service.sessions.open("ann")
    monkeypatch.setattr(tiny_service, "render_frame", lambda *_: Frame(b"jpeg", 1.0, "Rendered on the CPU."))
    assert post_frame(app, viewer, ann.token, alpha=0.7771)["notice"] == "Rendered on the CPU."
    tiny_service._frames.drop(lambda key: key[-1].alpha == 0.7771)


def test_closing_the_page_frees_the_picture(
    new_desk: Callable[..., Desk], tmp_path: Path, gate: Gate
) -> None:
    leaver, stayer = new_desk().open(complete=False), new_desk().open(complete=False)
    for desk, name in ((leaver, "leaver.png"), (stayer, "stayer.png")):
        photograph().save(tmp_path / name)
        desk.upload(tmp_path / name)
        desk.wait("canvas.ariaLabel.startsWith(given)", name)
        desk.wait_exact()
    own = [item for item in gate.sessions.items() if not item[0].startswith("example")]
    left, stayed = sorted(own, key=lambda item: stayer.service.picture(*item).name)
    leaver.page.close()
    stayer.wait_until(lambda: left[1].ended)
    with pytest.raises(RenderServiceError):
        stayer.service.picture(*left)
    assert stayer.service.picture(*stayed).name == "stayer.png"
    stayer.change(0.77)
    stayer.wait_exact(0.77)
