"""The view "Letters as a map": a letter's neighbours, between an untrained or a classifying network and one
trained by triplets."""

from __future__ import annotations

import time
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from dni.caches import Lazy
from dni.errors import DniError, shown
from dni.transfer.files import read_report
from dni.transfer.letter_map import ALPHAS, STARTS, read_letter_map
from dni.ui.errors import errors_shown
from dni.ui.pictures.inputs import DECODES, picture_input
from dni.ui.pictures.results import check_alpha
from dni.ui.protocol.messages import Message
from dni.ui.protocol.transfer_maps import (
    LettersExactReply,
    LettersExactRequest,
    LettersMapReply,
    LettersMapRequest,
    LettersOpenReply,
    LettersReadReply,
    LettersReadRequest,
)
from dni.ui.server_functions import ServerFunction, answering, encode
from dni.ui.transfer.ink import ink_of, uploaded_ink

__all__ = ["LettersView"]

VIEW = "letters"
# Every so many letters, one is a sample to choose instead of drawing.
SAMPLE_EVERY = 9


class LettersView:
    """See :class:`dni.ui.transfer.view.TransferView`."""

    name = VIEW
    title = "Letters as a map"

    def __init__(self) -> None:
        self.live = Lazy(read_letter_map)

    def servers(self) -> list[ServerFunction]:
        return [
            answering(Message, self.letters_open),
            answering(LettersMapRequest, self.letters_map),
            answering(LettersReadRequest, self.letters_read),
            answering(LettersExactRequest, self.letters_exact),
        ]

    def start(self) -> dict[str, Any]:
        return {"alphas": ALPHAS, "starts": STARTS}

    def letters_open(self, _: Message) -> LettersOpenReply:
        """The gallery, letters to choose, and what was measured."""
        gallery = self.live.get().gallery
        return LettersOpenReply(
            gallery=encode(gallery.drawings.numpy().tobytes()),
            alphabets=[name for name in gallery.alphabets for _ in range(gallery.images.shape[1])],
            letters=[at for at in range(len(gallery.alphabets)) for _ in range(gallery.images.shape[1])],
            samples=encode(gallery.samples[::SAMPLE_EVERY].contiguous().numpy().tobytes()),
            report=read_report(VIEW),
        )

    def letters_map(self, asked: LettersMapRequest) -> LettersMapReply:
        """Where the gallery lies at all alphas."""
        return LettersMapReply(positions=in_words(self.live.get().positions(asked.start)))

    def letters_read(self, asked: LettersReadRequest) -> LettersReadReply:
        """What is nearest to one letter at all alphas."""
        found = self.live.get().draw(asked.start, bytes_of(ink_of(asked.ink)))
        return LettersReadReply(
            neighbours=found.neighbours.tolist(),
            distances=found.distances.tolist(),
            position=found.position.tolist(),
        )

    def letters_exact(self, asked: LettersExactRequest) -> LettersExactReply:
        """The same by the blended network itself, at one alpha."""
        started = time.perf_counter()
        live, alpha = self.live.get(), check_alpha(asked.alpha)
        found = live.draw(asked.start, bytes_of(ink_of(asked.ink)), (alpha,))
        return LettersExactReply(
            neighbours=found.neighbours[0].tolist(),
            distances=found.distances[0].tolist(),
            position=found.position[0].tolist(),
            positions=in_words(live.positions(asked.start, (alpha,))),
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
        )

    def build_endpoints(self) -> None:
        """``/transfer_letters``."""
        image, start = picture_input(label="image"), gr.Textbox(STARTS[0], label="start")
        alpha = gr.Number(1.0, label="alpha")
        gr.Button().click(
            self.api_letters,
            [image, start, alpha],
            [gr.JSON(label="result")],
            api_name="transfer_letters",
            **DECODES,
        )

    def api_letters(self, image: str | None, start: str, alpha: float) -> dict[str, Any]:
        """The letters nearest to one, bright on dark or dark on bright, of alphabets new to the networks.

        Gives alphabet, number in the gallery, and distance (0 to 2), by the blend of a start and the triplet
        network at alpha.
        """
        with errors_shown():
            if start not in STARTS:
                raise DniError(f"Expected the start as one of {', '.join(STARTS)}, but got {shown(start)}.")
            ink, live = uploaded_ink(image, "letter"), self.live.get()
            found = live.draw(start, bytes_of(ink), (check_alpha(alpha),))
            names, drawings = live.gallery.alphabets, live.gallery.images.shape[1]
            return {
                "neighbours": [
                    {"alphabet": names[at // drawings], "drawing": at, "distance": round(distance, 4)}
                    for at, distance in zip(
                        found.neighbours[0].tolist(), found.distances[0].tolist(), strict=True
                    )
                ]
            }


def bytes_of(ink: Tensor) -> Tensor:
    """Ink from 0 to 1 as uint8."""
    return (ink * 255).round().to(torch.uint8)


def in_words(positions: Tensor) -> str:
    """Floats from -1 to 1 as base64 of little-endian 16-bit words."""
    words = (positions * 32767).round().to(torch.int16).contiguous().numpy()
    return encode(words.astype("<i2").tobytes())
