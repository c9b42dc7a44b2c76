"""The Adaptation tab: digit classifiers blended between the source-only network and an adapted one."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

import gradio as gr
from PIL import Image

from dni.digits.data.domains import SIDE
from dni.digits.live_view import DOMAINS
from dni.digits.methods import ANCESTOR, METHODS
from dni.errors import DniError
from dni.examples import EXAMPLES, WHOLE, example_token
from dni.pictures.strips import change_channels
from dni.serving.digit_service import BACKGROUND, DigitService, opaque
from dni.ui.adaptation.component import build_digits
from dni.ui.errors import afterwards, errors_shown, notify
from dni.ui.pictures.inputs import DECODES, picture_input
from dni.ui.pictures.results import check_alpha
from dni.ui.protocol.adaptation import Change, MethodChoice, Start
from dni.ui.requests.sessions import session_of
from dni.ui.requests.uploads import open_upload
from dni.ui.start import MIDDLE

__all__ = ["build_adaptation"]

ABOUT = {
    "dann": "A second classifier tries to tell grey from colour features; the features learn to fool it.",
    "dann_mmd": "Draws the hidden units of both domains together, as a kernel measures their distance (MMD).",
    "ddc": "Puts a small layer in between, on which the domains' mean features are drawn together.",
    "coral": "Makes the last layer's outputs vary together in the same way in both domains (covariances).",
    "dan": "Draws several layers of both domains together at once: MMD again, with kernels of six widths.",
    "adamatch": "Teaches itself: sure guesses on a colour digit are the labels of its strongly changed copy.",
    "target_only": "No adaptation: trained with the colour digits' labels, it bounds the rest from above.",
}
# Of those that the colour digits' labels did not reach.
UNLABELLED = "Its colour digits had no labels."
# The headings of the chooser; any other method aligns one layer or more, and often no other.
GROUPS = {"adamatch": "Learns from its own guesses", "target_only": "For comparison, with labels"}
ALIGNS = "Draws the domains together in some layers"
IMAGE_TYPES = ["image", ".heic", ".heif", ".avif"]


class AdaptationHandlers:
    """The handlers of the tab's events. What is on screen is known to the browser only."""

    def __init__(self, digit_service: DigitService) -> None:
        self.digit_service = digit_service

    def upload(self, path: str | None, request: gr.Request) -> Any:
        """Put the digits over a person's own picture; one that cannot be read leaves the last in place."""
        if path is None:
            return gr.skip()
        session = session_of(request, self.digit_service.service.sessions)
        with errors_shown():
            picture = open_upload(path, session)
            for notice in picture.notices:
                notify(notice)
            plain = replace(picture, rgb=opaque(picture), opacity=None)
            token = self.digit_service.hold(plain, session=session)
        return change(token=token, picture=picture.name, session=session.token)

    def api_predict(self, image: str | None, method: str, alpha: float) -> dict[str, float]:
        """Read a digit (resized to 28x28) by source-only and a method, blended at alpha: probabilities."""
        with errors_shown():
            if image is None:
                raise DniError("Expected a picture of a digit, but got none. Send a file.")
            small = change_channels(opaque(open_upload(image)), to_digit)
            _, desk = self.digit_service.open()
            probabilities = desk.predict(method, check_alpha(alpha), small[None])[0]
            return {str(digit): round(float(share), 6) for digit, share in enumerate(probabilities)}

    def api_accuracy(self, method: str, alpha: float) -> dict[str, float]:
        """Accuracy of the blend of source-only and a method at alpha on test digits that no network learnt
        from, by domain; of the networks that ship it is interpolated between measured alphas."""
        with errors_shown():
            _, desk = self.digit_service.open()
            accuracies = desk.accuracy(method, check_alpha(alpha))
            return dict(zip(DOMAINS, accuracies, strict=True))


def to_digit(channel: Image.Image) -> Image.Image:
    return channel.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def change(**fields: str) -> dict[str, Any]:
    """A change for the browser; the serial makes it a new one even if it says the same as the last."""
    return Change(serial=secrets.token_hex(4), **fields).to_dict()


def choices() -> list[MethodChoice]:
    """All methods that source-only is blended with, those under one heading together."""
    found = [
        MethodChoice(
            id=method,
            title=METHODS[method].title,
            group=GROUPS.get(method, ALIGNS),
            about=ABOUT[method] if method == "target_only" else f"{ABOUT[method]} {UNLABELLED}",
            paper=METHODS[method].paper,
        )
        for method in METHODS
        if method != ANCESTOR
    ]
    headings = list(dict.fromkeys(choice.group for choice in found))
    return sorted(found, key=lambda choice: headings.index(choice.group))


def build_adaptation(digit_service: DigitService) -> None:
    """Add the tab to the page's context."""
    tab, first = AdaptationHandlers(digit_service), "dann"
    digits = build_digits(
        digit_service,
        Start(
            method=first,
            methods=tuple(choices()),
            token=example_token(BACKGROUND),
            pictures=[(example_token(name), EXAMPLES[name][1]) for name in WHOLE],
        ),
    )
    # The button to see is in the component, beside what it changes.
    with gr.Row(elem_id="digits-picture"):  # hidden by page.css
        picture = gr.UploadButton(file_types=IMAGE_TYPES)

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    uploaded = picture.upload(tab.upload, [picture], [digits], **quiet, **DECODES)
    afterwards(uploaded, lambda: None, None, [picture])
    build_endpoints(tab, first)


def build_endpoints(tab: AdaptationHandlers, first: str) -> None:
    """``/digits_predict`` and ``/digits_accuracy`` for programs, on components that nobody sees."""
    with gr.Row(visible=False):
        image = picture_input(label="image")
        method = gr.Textbox(first, label="method")
        alpha = gr.Number(MIDDLE, label="alpha")
        result = gr.JSON(label="result")
        limits: dict[str, Any] = {"concurrency_limit": 2}
        gr.Button().click(
            tab.api_predict, [image, method, alpha], [result], api_name="digits_predict", **limits
        )
        gr.Button().click(tab.api_accuracy, [method, alpha], [result], api_name="digits_accuracy", **limits)
