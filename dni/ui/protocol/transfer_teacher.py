"""What the view "From a teacher" and the server say to each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dni.ui.protocol.messages import Message, long_text

__all__ = [
    "TeacherExactReply",
    "TeacherExactRequest",
    "TeacherOpenReply",
    "TeacherReadReply",
    "TeacherReadRequest",
]


@dataclass(frozen=True, kw_only=True)
class TeacherReadRequest(Message):
    """Asks what a digit is taken for.

    Attributes:
        hidden: The digit that the students never saw.
        ink: Bytes (28, 28) in base64.
    """

    hidden: int
    ink: str = long_text()


@dataclass(frozen=True, kw_only=True)
class TeacherExactRequest(TeacherReadRequest):
    """Asks for the blended student itself: its accuracies with a bias, and its answer to a digit."""

    alpha: float
    bias: float


@dataclass(frozen=True, kw_only=True)
class TeacherOpenReply(Message):
    """What the view shows first.

    Attributes:
        source: Where the test digits come from, ``title``, ``isMnist`` and their number ``count``.
        pixels: Of the samples, uint8 (n, 28, 28), in base64.
        labels: Of the samples.
        report: As ``weights/transfer/teacher/report.json`` has it.
    """

    source: dict[str, Any]
    pixels: str
    labels: Sequence[int]
    report: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class TeacherReadReply(Message):
    """Logits (10,) of the teacher, and (alphas, 10) of the students."""

    teacher: Sequence[float]
    students: Sequence[Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class TeacherExactReply(Message):
    """Of the blended student: ``accuracy`` on ``all`` test digits and on the ``hidden`` class, and its logits
    (10,) for the digit."""

    accuracy: dict[str, float]
    logits: Sequence[float]
    milliseconds: float
