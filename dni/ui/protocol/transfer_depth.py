"""What the view "How deep?" and the server say to each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dni.ui.protocol.messages import Message

__all__ = ["DepthOpenReply", "DepthReadReply", "DepthReadRequest"]


@dataclass(frozen=True, kw_only=True)
class DepthReadRequest(Message):
    """Asks what a pair reads.

    Attributes:
        cut: After which layer it was cut.
        alphas: For each layer below the cut, and for "above", the share of the fine-tuned network.
        measure: Whether to read all test digits, or only the samples.
    """

    cut: int
    alphas: dict[str, float]
    measure: bool


@dataclass(frozen=True, kw_only=True)
class DepthOpenReply(Message):
    """What the view shows first.

    Attributes:
        source: Where the test digits come from, ``title``, ``isMnist`` and their number ``count``.
        pixels: Of the samples, uint8 (n, 28, 28), in base64.
        labels: Of the samples, 5 to 9.
        report: As ``weights/transfer/depth/report.json`` has it.
    """

    source: dict[str, Any]
    pixels: str
    labels: Sequence[int]
    report: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DepthReadReply(Message):
    """The answers to the samples, and the accuracy on all test digits where it was asked for."""

    answers: Sequence[int]
    accuracy: float | None
    milliseconds: float
