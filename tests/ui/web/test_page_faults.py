"""Faults of the page that people met: each is looked at in a browser, all on one page."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from effects_page import PATIENCE, Desk
from playwright.sync_api import expect

from dni.compatibility.verdict import Verdict
from dni.ui.mixing import verdict_panel

REFUSED = "notes.txt is not a picture. Drop a picture, such as a PNG, JPEG or WebP."
# A file dropped on an element.
DROP = """([selector, name, type]) => {
    const files = new DataTransfer();
    files.items.add(new File(['words'], name, { type }));
    const event = new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: files });
    document.querySelector(selector).dispatchEvent(event);
}"""
# An example dropped as a picture of a person's; whether the page kept the browser from opening it.
DROP_EXAMPLE = """async ([selector, name]) => {
    const answer = await fetch(document.querySelector('#examples img').src);
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([await answer.blob()], name, { type: 'image/png' }));
    return ['dragover', 'drop'].map((type) => {
        const event = new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer });
        document.querySelector(selector).dispatchEvent(event);
        return event.defaultPrevented;
    });
}"""
# How far what the camera says reaches over the buttons for the sources, in pixels.
OVERLAP = """() => {
    const bottom = (element) => element.getBoundingClientRect().bottom;
    const sources = document.querySelector('#own-picture [data-testid=source-select]');
    const words = [...document.querySelectorAll('#own-picture .upload-container .wrap .wrap')];
    return Math.max(...words.map(bottom)) - sources.getBoundingClientRect().top;
}"""


def test_what_people_met_is_mended(desk: Desk) -> None:
    desk.open()
    page = desk.page
    # Thumbnails are called by what they show.
    expect(page.locator("#examples").get_by_role("button", name="Coffee", exact=True)).to_be_visible()
    # A file that is no picture is refused in a sentence, wherever it is dropped.
    message = page.locator("#viewer .message")
    for place in ("#own-picture button", "#viewer canvas"):
        page.evaluate(DROP, [place, "notes.txt", "text/plain"])
        expect(message).to_have_text(
            "notes.txt is not a picture. Drop a picture, such as a PNG, JPEG or WebP."
        )
        desk.choose_example(1 if place == "#viewer canvas" else 2)
        expect(message).to_be_hidden()
    # What was rendered of another effect is gone.
    page.locator("#save-network").click()
    expect(page.locator("#result")).to_contain_text("safetensors")
    desk.choose_pair("Turned pair")
    expect(page.locator(".end-a")).to_have_text("wild first")
    expect(page.locator("#result")).to_be_hidden()
    # The camera's words are not over the buttons.
    page.get_by_role("button", name="Capture from camera").click()
    expect(page.get_by_text("Click to Access Webcam")).to_be_visible()
    assert page.evaluate(OVERLAP) <= 0
    # On the desk, what is ticked by a key shows that it has the focus, and the choice of a method its arrow.
    page.get_by_role("tab", name="Mixing desk").click()
    page.locator("#desk [data-tool=reset]").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#desk .tasks")).to_be_focused()
    expect(page.locator("#desk .tasks")).to_have_css("outline-style", "solid")
    expect(page.locator("#desk .method")).to_have_css("background-image", re.compile("^url"))


def test_the_first_answer_on_networks_can_be_read_while_they_are_tested(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, inspect = threading.Event(), verdict_panel.inspect_in_slot

    def held(*given: Any, **options: Any) -> Verdict:
        assert done.wait(PATIENCE / 1000)
        return inspect(*given, **options)

    monkeypatch.setattr(verdict_panel, "inspect_in_slot", held)
    desk.open(complete=False)
    desk.page.get_by_role("tab", name="Mixing desk").click()
    panel = desk.page.locator("#desk-verdict")
    expect(panel).to_contain_text("is being tested")
    expect(panel).to_contain_text("processing")
    expect(panel.locator(".pending")).to_have_css("opacity", "1")
    waiting, words = (panel.locator(part).bounding_box() for part in (".progress-text", ".verdict"))
    assert waiting is not None
    assert words is not None
    assert waiting["y"] + waiting["height"] <= words["y"] or words["y"] + words["height"] <= waiting["y"]
    done.set()
    expect(panel).not_to_contain_text("is being tested")


def test_a_picture_is_taken_wherever_it_is_dropped_and_whatever_the_box_waits_for(
    new_desk: Callable[..., Desk],
) -> None:
    desk = new_desk(permissions=["camera", "clipboard-read", "clipboard-write"]).open(complete=False)
    own = desk.page.locator("#own-picture")

    def drop(place: str, name: str) -> None:
        # Else the browser opens the file in place of the page.
        assert desk.page.evaluate(DROP_EXAMPLE, [place, name]) == [True, True]
        desk.wait("canvas.ariaLabel.startsWith(given)", name)

    drop("h1", "one.png")
    drop("footer", "two.png")
    own.get_by_label("Paste from clipboard").click()
    drop("#viewer canvas", "three.png")
    own.get_by_label("Capture from camera").click()
    expect(own.get_by_text("Click to Access Webcam")).to_be_visible()
    drop("#viewer canvas", "four.png")
    desk.wait_quiet()
    # On a tab that shows no picture it is not taken, but the page stays.
    desk.page.get_by_role("tab", name="Transfer").click()
    assert desk.page.evaluate(DROP_EXAMPLE, ["h1", "five.png"]) == [True, True]
    # Thumbnails that are dragged are none.
    desk.page.get_by_role("tab", name="Effects").click()
    desk.page.locator("#examples img").first.dispatch_event("dragstart")
    assert desk.page.evaluate(DROP_EXAMPLE, ["h1", "six.png"]) == [False, False]
    desk.wait_quiet()
    assert desk.shown == "four.png"
    assert not desk.problems
