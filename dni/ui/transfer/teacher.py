"""The view "From a teacher": distillation, and the digit that a student never saw."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import gradio as gr

from dni.caches import Lazy
from dni.digits.data.digit_sources import find_digit_source
from dni.transfer.teacher import ALPHAS, BIASES, HIDDEN, TEMPERATURE, TeacherLive, check_teacher_choice
from dni.ui.errors import errors_shown
from dni.ui.pictures.inputs import DECODES, picture_input
from dni.ui.protocol.messages import Message
from dni.ui.protocol.transfer_teacher import (
    TeacherExactReply,
    TeacherExactRequest,
    TeacherOpenReply,
    TeacherReadReply,
    TeacherReadRequest,
)
from dni.ui.server_functions import ServerFunction, answering
from dni.ui.transfer.ink import first_samples, ink_of, uploaded_ink

__all__ = ["TeacherView"]


class TeacherView:
    """See :class:`dni.ui.transfer.view.TransferView`.

    Args:
        data_root: The folder with ``MNIST/raw``.
    """

    name = "teacher"
    title = "From a teacher"

    def __init__(self, data_root: Path | None = None) -> None:
        self.live = Lazy(lambda: TeacherLive(find_digit_source(data_root)))

    def servers(self) -> list[ServerFunction]:
        return [
            answering(Message, self.teacher_open),
            answering(TeacherReadRequest, self.teacher_read),
            answering(TeacherExactRequest, self.teacher_exact),
        ]

    def start(self) -> dict[str, Any]:
        return {"hidden": HIDDEN, "alphas": ALPHAS, "biases": BIASES, "temperature": TEMPERATURE}

    def teacher_open(self, _: Message) -> TeacherOpenReply:
        """The samples, and what was measured."""
        return TeacherOpenReply(**first_samples(self.live.get()))

    def teacher_read(self, asked: TeacherReadRequest) -> TeacherReadReply:
        """The answers of the teacher, and of the students at all alphas, to one digit."""
        reading = self.live.get().read(asked.hidden, ink_of(asked.ink))
        return TeacherReadReply(teacher=reading.teacher.tolist(), students=reading.students.tolist())

    def teacher_exact(self, asked: TeacherExactRequest) -> TeacherExactReply:
        """What the blended student itself reads."""
        started = time.perf_counter()
        live = self.live.get()
        accuracy = live.accuracy(asked.hidden, asked.alpha, asked.bias)
        logits = live.student(asked.hidden, asked.alpha, ink_of(asked.ink))
        return TeacherExactReply(
            accuracy=dict(zip(("all", "hidden"), accuracy, strict=True)),
            logits=logits.tolist(),
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
        )

    def build_endpoints(self) -> None:
        """``/transfer_teacher``."""
        image, hidden = picture_input(label="image"), gr.Number(HIDDEN[0], label="hidden")
        alpha, bias = gr.Number(0.0, label="alpha"), gr.Number(0.0, label="bias")
        gr.Button().click(
            self.api_teacher,
            [image, hidden, alpha, bias],
            [gr.JSON(label="result")],
            api_name="transfer_teacher",
            **DECODES,
        )

    def api_teacher(self, image: str | None, hidden: float, alpha: float, bias: float) -> dict[str, Any]:
        """Read a digit by the teacher and by a blend of two students that never saw one of the digits.

        The picture may be bright on dark or dark on bright. Gives the probabilities of both, and the blend's
        accuracies on all test digits and on the hidden one.
        """
        with errors_shown():
            asked = TeacherExactRequest.parse({"hidden": hidden, "alpha": alpha, "bias": bias, "ink": ""})
            check_teacher_choice(asked.hidden, asked.alpha, asked.bias)
            ink, live = uploaded_ink(image, "digit"), self.live.get()
            student = live.student(asked.hidden, asked.alpha, ink)
            student[asked.hidden] += asked.bias
            of_all, of_hidden = live.accuracy(asked.hidden, asked.alpha, asked.bias)
            return {
                "teacher": live.teacher(ink).softmax(dim=0).tolist(),
                "student": student.softmax(dim=0).tolist(),
                "accuracy": {"all": of_all, "hidden": of_hidden},
            }
