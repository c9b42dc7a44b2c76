"""Faults of the page that people met: each is looked at in a browser, all on one page."""

from __future__ import annotations

import re

from effects_page import Desk
from playwright.sync_api import expect

# Gradio's camera asks for the progress of an upload that it has not begun, and gets a 404.
NO_UPLOAD = "**/upload_progress?upload_id="
DONE = 'data: {"msg": "done"}\n\n'
REFUSED = "notes.txt is not a picture. Drop a picture, such as a PNG, JPEG or WebP."
# A file dropped on an element.
DROP = """([selector, name, type]) => {
    const files = new DataTransfer();
    files.items.add(new File(['words'], name, { type }));
    const event = new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: files });
    document.querySelector(selector).dispatchEvent(event);
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
    page.route(NO_UPLOAD, lambda route: route.fulfill(body=DONE, content_type="text/event-stream"))
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
