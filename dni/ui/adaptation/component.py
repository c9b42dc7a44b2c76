"""The component of the Adaptation tab, and its server functions.

The browser holds what the networks predict at 21 alphas and interpolates while the thumb moves; the exact
prediction is asked for when it rests. Numbers travel as base64 of bytes or 16-bit words.
"""

from __future__ import annotations

import base64
import time
from typing import Any

import gradio as gr
import numpy as np
import torch
from torch import Tensor

from dni.digits.domains import SIDE
from dni.digits.live_view import ALPHAS, STRENGTHS, OwnPicture
from dni.errors import DniError
from dni.serving.digit_service import DigitService
from dni.ui.protocol import number, text
from dni.ui.server_functions import answering, encode
from dni.ui.web_component import web_component

__all__ = ["build_digits"]

Answer = dict[str, Any]


def build_digits(digit_service: DigitService, start: dict[str, Any]) -> gr.HTML:
    """The component. Its value is a change that the browser merges into what it has.

    Args:
        room: Where digits, networks and pictures are.
        start: What it shows first: ``method`` and its ``title``, ``token`` of the picture, and the
            ``pictures`` to choose from, as pairs of token and title.
    """
    answers = Answers(digit_service)
    return web_component(
        "adaptation", [answering(function) for function in answers.all], elem_id="digits", start=start
    )


class Answers:
    """The server functions; each takes a request from the browser, which may hold anything."""

    def __init__(self, digit_service: DigitService) -> None:
        self.digit_service = digit_service
        self.all = (
            self.desk, self.curve, self.exact, self.draw, self.strengths, self.run, self.fetch
        )  # fmt: skip

    def desk(self, request: Any) -> Answer:
        """The walls, and everything at the 21 alphas that is quick to have."""
        serial, desk = self.digit_service.open()
        method, own = text(request, "method"), self.own(request)
        return {
            "serial": serial,
            "method": method,
            "titles": desk.titles,
            "notes": desk.notes,
            "source": {"title": desk.digit_source.title, "isMnist": desk.digit_source.is_mnist},
            "held": desk.num_held_out,
            "labels": desk.labels.tolist(),
            "pixels": encode(desk.grid(own).permute(0, 1, 3, 4, 2).contiguous().numpy().tobytes()),
            "alphas": ALPHAS,
            "probs": in_bytes(desk.strip(method, own)),
            "map": {
                "positions": in_words(desk.feature_map(method)),
                "labels": desk.map_labels.tolist(),
            },
        }

    def curve(self, request: Any) -> Answer:
        """Accuracy at the 21 alphas."""
        serial, desk = self.digit_service.open()
        accuracy = desk.accuracy_curve(text(request, "method"), self.own(request))
        return {"serial": serial, "accuracy": accuracy.tolist()}

    def exact(self, request: Any) -> Answer:
        """Walls, map and accuracy at one alpha."""
        serial, desk = self.digit_service.open()
        started = time.perf_counter()
        found = desk.exact(text(request, "method"), number(request, "alpha"), self.own(request))
        return {
            "serial": serial,
            "probs": in_bytes(found.probabilities),
            "accuracy": found.accuracy,
            "map": in_words(found.positions),
            "milliseconds": round((time.perf_counter() - started) * 1000, 1),
        }

    def draw(self, request: Any) -> Answer:
        """A drawn digit over the picture, and what it is taken for at the 21 alphas."""
        _, desk = self.digit_service.open()
        image = desk.compose(ink_of(request), colour_of(request), self.own(request))
        return {
            "pixels": encode(image.permute(1, 2, 0).contiguous().numpy().tobytes()),
            "probs": in_bytes(desk.drawn(text(request, "method"), image)),
        }

    def strengths(self, request: Any) -> Answer:
        """Accuracy while the picture is faded in."""
        serial, desk = self.digit_service.open()
        own = self.own({**request, "strength": 1.0} if isinstance(request, dict) else request)
        curves = desk.strengths_curve(text(request, "method"), number(request, "alpha"), own)
        accuracy = dict(zip(("source", "blend", "adapted"), curves.tolist(), strict=True))
        return {"serial": serial, "strengths": STRENGTHS, "accuracy": accuracy}

    def run(self, request: Any) -> Answer:
        """DANN's training, snapshot by snapshot."""
        _, desk = self.digit_service.open()
        found = desk.dann_run()
        return {
            "iterations": found.iterations,
            "metrics": found.metrics,
            "positions": in_words(found.positions),
            "labels": desk.map_labels.tolist(),
            "note": found.note,
        }

    def fetch(self, request: Any) -> Answer:
        """How far the fetching of MNIST is; starts it if need be, and ``again`` also after a failure."""
        again = isinstance(request, dict) and request.get("again") is True
        found = self.digit_service.fetch(again=again)
        return {"state": found.state, "share": found.share, "text": found.text}

    def own(self, request: Any) -> OwnPicture:
        token, strength = text(request, "token"), number(request, "strength")
        service = self.digit_service.service
        session = None if service.pictures.is_shared(token) else service.sessions.find(request.get("session"))
        return self.digit_service.own(token, strength, session)


def in_bytes(shares: Tensor) -> str:
    """Floats from 0 to 1 as base64 of their 255ths."""
    return encode((shares * 255).round().to(torch.uint8).contiguous().numpy().tobytes())


def in_words(positions: Tensor) -> str:
    """Floats from -1 to 1 as base64 of little-endian 16-bit words."""
    words = (positions.clamp(-1, 1) * 32767).round().to(torch.int16).contiguous().numpy()
    return encode(words.astype("<i2").tobytes())


def ink_of(request: Any) -> Tensor:
    """The drawn ink of a request: float32 (28, 28), 0 to 1."""
    encoded = text(request, "ink")
    try:
        ink = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise DniError("Expected ink in base64, but got something else. Draw again.") from error
    if len(ink) != SIDE * SIDE:
        raise DniError(f"Expected {SIDE}x{SIDE} bytes of ink, but got {len(ink)} bytes. Draw again.")
    return torch.from_numpy(np.frombuffer(ink, np.uint8).astype(np.float32) / 255).view(SIDE, SIDE)


def colour_of(request: Any) -> tuple[int, int, int]:
    colour = request.get("colour")
    if not (isinstance(colour, list) and len(colour) == 3 and all(map(is_level, colour))):
        raise DniError(f"Expected a colour of three whole numbers from 0 to 255, but got {colour!r}.")
    return colour[0], colour[1], colour[2]


def is_level(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255
