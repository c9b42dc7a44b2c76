"""The view "From unlabelled data": atoms learned from letters, and digits read from few labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from dni.caches import Lazy
from dni.digits.data.digit_sources import find_digit_source
from dni.errors import DniError, listed, shown
from dni.transfer.files import read_report
from dni.transfer.self_taught import ALPHAS, LABELS, read_self_taught
from dni.ui.errors import errors_shown
from dni.ui.pictures.inputs import DECODES, picture_input
from dni.ui.pictures.results import check_alpha
from dni.ui.protocol.messages import Message
from dni.ui.protocol.transfer_maps import UnlabelledOpenReply, UnlabelledReadReply, UnlabelledReadRequest
from dni.ui.server_functions import ServerFunction, answering, encode
from dni.ui.transfer.ink import ink_of, pixels_of, uploaded_ink

__all__ = ["UnlabelledView"]

VIEW = "unlabelled"


class UnlabelledView:
    """See :class:`dni.ui.transfer.view.TransferView`.

    Args:
        data_root: The folder with ``MNIST/raw``, for the samples.
    """

    name = VIEW
    title = "From unlabelled data"

    def __init__(self, data_root: Path | None = None) -> None:
        self.live = Lazy(read_self_taught)
        self.samples = Lazy(lambda: sample_digits(data_root))

    def servers(self) -> list[ServerFunction]:
        return [
            answering(Message, self.unlabelled_open),
            answering(UnlabelledReadRequest, self.unlabelled_read),
        ]

    def start(self) -> dict[str, Any]:
        return {"alphas": ALPHAS, "labels": LABELS}

    def unlabelled_open(self, _: Message) -> UnlabelledOpenReply:
        """Atoms at all alphas, sample digits, and what was measured."""
        atoms = self.live.get().atoms
        signed = atoms / atoms.abs().amax(dim=-1, keepdim=True).clamp_min(1e-6)
        return UnlabelledOpenReply(
            atoms=encode((128 + 127 * signed).round().to(torch.uint8).numpy().tobytes()),
            samples=pixels_of(self.samples.get()),
            report=read_report(VIEW),
        )

    def unlabelled_read(self, asked: UnlabelledReadRequest) -> UnlabelledReadReply:
        """What the classifiers make of one digit, at all alphas and numbers of labels."""
        found = self.live.get().read(ink_of(asked.ink), asked.source)
        return UnlabelledReadReply(
            raw=rounded(found.raw),
            scores=rounded(found.scores),
            usage=pixels_of(found.usage),
            pictures=pixels_of(found.pictures),
            active=rounded(found.active),
        )

    def build_endpoints(self) -> None:
        """``/transfer_unlabelled``."""
        image, source = picture_input(label="image"), gr.Textbox("mnist", label="source")
        labels, alpha = gr.Number(10, label="labels"), gr.Number(1.0, label="alpha")
        gr.Button().click(
            self.api_unlabelled,
            [image, source, labels, alpha],
            [gr.JSON(label="result")],
            api_name="transfer_unlabelled",
            **DECODES,
        )

    def api_unlabelled(self, image: str | None, source: str, labels: float, alpha: float) -> dict[str, Any]:
        """Read a digit, bright on dark or dark on bright, by linear classifiers on few labels.

        Gives scores on pixels and on codes.

        Codes are over atoms between random ones (alpha 0) and learned ones (1), in steps of 0.1.
        """
        with errors_shown():
            if labels not in LABELS:
                raise DniError(
                    f"Expected the number of labels as one of {listed(LABELS)}, but got {shown(labels)}."
                )
            step = round(10 * check_alpha(alpha))
            ink, live = uploaded_ink(image, "digit"), self.live.get()
            found = live.read(ink, source)
            row = LABELS.index(int(labels))
            return {
                "alpha": ALPHAS[step],
                "raw": rounded(found.raw[row]),
                "codes": rounded(found.scores[step, row]),
            }


def sample_digits(data_root: Path | None) -> Tensor:
    """One test digit of each class: float32 (10, 28, 28), 0 to 1."""
    digits = find_digit_source(data_root).digits
    first = [int((digits.labels == digit).nonzero()[0, 0]) for digit in range(10)]
    return digits.images[first, 0].float() / 255


def rounded(numbers: Tensor) -> Any:
    """Nested lists of numbers with four decimals."""
    return (numbers.double() * 10_000).round().div(10_000).tolist()
