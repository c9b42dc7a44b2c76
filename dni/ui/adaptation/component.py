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

from dni.digits.data.domains import SIDE
from dni.digits.live_view import ALPHAS, STRENGTHS, OwnPicture
from dni.digits.shipped_curves import ShippedCurves, read_seeds
from dni.errors import DniError
from dni.serving.digit_service import DigitService
from dni.ui.protocol.adaptation import (
    CurveReply,
    DrawReply,
    DrawRequest,
    ExactReply,
    ExactRequest,
    PredictionsReply,
    RunReply,
    Start,
    StrengthsReply,
    StrengthsRequest,
    Subject,
)
from dni.ui.protocol.messages import Message
from dni.ui.server_functions import ServerFunction, answering, apart, encode
from dni.ui.web_component import web_component

__all__ = ["build_digits"]


def build_digits(digit_service: DigitService, start: Start) -> gr.HTML:
    """The component. Its value is a change that the browser merges into what it has.

    Args:
        digit_service: Where digits, networks and pictures are.
        start: What it shows first.
    """
    return web_component(
        "adaptation",
        [apart(function) for function in Answers(digit_service).servers()],
        elem_id="digits",
        start=start.to_dict(),
    )


class Answers:
    """The server functions."""

    def __init__(self, digit_service: DigitService) -> None:
        self.digit_service = digit_service

    def servers(self) -> list[ServerFunction]:
        """Each under its own name, as the page calls it."""
        return [
            answering(Subject, self.desk),
            answering(Subject, self.curve),
            answering(ExactRequest, self.exact),
            answering(DrawRequest, self.draw),
            answering(StrengthsRequest, self.strengths),
            answering(Message, self.run),
        ]

    def desk(self, asked: Subject) -> PredictionsReply:
        """The sample grids, and everything at the 21 alphas that is quick to compute."""
        serial, desk = self.digit_service.open()
        own = self.own(asked)
        return PredictionsReply(
            serial=serial,
            method=asked.method,
            titles=list(desk.titles),
            notes=list(desk.notes),
            source={"title": desk.digit_source.title, "isMnist": desk.digit_source.is_mnist},
            counts=desk.accuracies.counts(asked.method),
            measured=measured_facts(desk.accuracies.shipped(asked.method)),
            labels=desk.labels.tolist(),
            pixels=encode(desk.grid(own).permute(0, 1, 3, 4, 2).contiguous().numpy().tobytes()),
            alphas=list(ALPHAS),
            probs=in_bytes(desk.strip(asked.method, own)),
            map={
                "positions": in_words(desk.feature_map(asked.method)),
                "labels": desk.map_labels.tolist(),
            },
        )

    def curve(self, asked: Subject) -> CurveReply:
        """Accuracy at the 21 alphas."""
        serial, desk = self.digit_service.open()
        accuracy = desk.accuracy_curve(asked.method, self.own(asked))
        return CurveReply(serial=serial, accuracy=accuracy.tolist())

    def exact(self, asked: ExactRequest) -> ExactReply:
        """Sample grids, map and accuracy at one alpha."""
        serial, desk = self.digit_service.open()
        started = time.perf_counter()
        found = desk.exact(asked.method, asked.alpha, self.own(asked))
        return ExactReply(
            serial=serial,
            probs=in_bytes(found.probabilities),
            accuracy=found.accuracy,
            map=in_words(found.positions),
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
        )

    def draw(self, asked: DrawRequest) -> DrawReply:
        """A drawn digit over the picture, and what it is taken for at the 21 alphas."""
        _, desk = self.digit_service.open()
        red, green, blue = asked.colour
        image = desk.compose(ink_of(asked.ink), (red, green, blue), self.own(asked))
        return DrawReply(
            pixels=encode(image.permute(1, 2, 0).contiguous().numpy().tobytes()),
            probs=in_bytes(desk.drawn(asked.method, image)),
        )

    def strengths(self, asked: StrengthsRequest) -> StrengthsReply:
        """Accuracy while the picture is faded in."""
        serial, desk = self.digit_service.open()
        subject = Subject(method=asked.method, token=asked.token, strength=1.0, session=asked.session)
        curves = desk.strengths_curve(asked.method, asked.alpha, self.own(subject))
        accuracy = dict(zip(("source", "blend", "adapted"), curves.tolist(), strict=True))
        return StrengthsReply(serial=serial, strengths=list(STRENGTHS), accuracy=accuracy)

    def run(self, _: Message) -> RunReply:
        """DANN's training, snapshot by snapshot."""
        desk = self.digit_service.open()[1]
        found = desk.dann_run()
        return RunReply(
            iterations=found.iterations,
            metrics=found.metrics,
            positions=in_words(found.positions),
            labels=desk.map_labels.tolist(),
            note=found.note,
        )

    def own(self, asked: Subject) -> OwnPicture:
        service = self.digit_service.service
        session = None if service.pictures.is_shared(asked.token) else service.sessions.find(asked.session)
        return self.digit_service.own(asked.token, asked.strength, session)


def measured_facts(curves: ShippedCurves | None) -> dict[str, Any] | None:
    """What ships of a method's networks beside the accuracy on the domains, as the page takes it."""
    if curves is None:
        return None
    return {
        "seed": curves.seed,
        "seeds": read_seeds(curves.method),
        "alphas": list(curves.alphas),
        "pictureAlphas": list(curves.picture_alphas),
        "inks": {"names": list(curves.ink_colours), "accuracy": curves.inks.tolist()},
        "inkCount": curves.counts["inks"],
        "norms": [list(norms) for norms in curves.channel_norms],
        "brightness": {
            "edges": list(curves.brightness_edges),
            "counts": list(curves.brightness_counts),
            "accuracy": curves.brightness.tolist(),
        },
    }


def in_bytes(shares: Tensor) -> str:
    """Floats from 0 to 1 as base64 of their 255ths."""
    return encode((shares * 255).round().to(torch.uint8).contiguous().numpy().tobytes())


def in_words(positions: Tensor) -> str:
    """Floats from -1 to 1 as base64 of little-endian 16-bit words."""
    words = (positions.clamp(-1, 1) * 32767).round().to(torch.int16).contiguous().numpy()
    return encode(words.astype("<i2").tobytes())


def ink_of(encoded: str) -> Tensor:
    """Drawn ink, bytes in base64: float32 (28, 28), 0 to 1."""
    try:
        ink = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise DniError("Expected ink in base64, but got something else. Draw again.") from error
    if len(ink) != SIDE * SIDE:
        raise DniError(f"Expected {SIDE}x{SIDE} bytes of ink, but got {len(ink)} bytes. Draw again.")
    return torch.from_numpy(np.frombuffer(ink, np.uint8).astype(np.float32) / 255).view(SIDE, SIDE)
