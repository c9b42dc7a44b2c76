"""What the Adaptation tab and the server say to each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dni.errors import shown
from dni.ui.protocol.messages import Message, ProtocolError, long_text, secret

__all__ = [
    "Change",
    "CurveReply",
    "DrawReply",
    "DrawRequest",
    "ExactReply",
    "ExactRequest",
    "MethodChoice",
    "PredictionsReply",
    "RunReply",
    "Start",
    "StrengthsReply",
    "StrengthsRequest",
    "Subject",
]


@dataclass(frozen=True, kw_only=True)
class Subject(Message):
    """What is blended and looked at.

    Attributes:
        method: Id of the adapted network's training.
        token: The picture's.
        strength: How far it is faded in, 0 to 1.
        session: Of whose page it is; an example is found without.
    """

    method: str
    token: str
    strength: float
    session: str | None = secret(default=None)


@dataclass(frozen=True, kw_only=True)
class ExactRequest(Subject):
    """Asks for the answers of the blended network itself."""

    alpha: float


@dataclass(frozen=True, kw_only=True)
class StrengthsRequest(Message):
    """Asks for the accuracy while the picture is faded in."""

    method: str
    token: str
    alpha: float
    session: str | None = secret(default=None)


@dataclass(frozen=True, kw_only=True)
class DrawRequest(Subject):
    """Asks what a drawn digit is taken for.

    Attributes:
        ink: Bytes (28, 28) in base64.
        colour: Levels of red, green and blue.
    """

    ink: str = long_text()
    colour: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.colour) != 3 or not all(0 <= level <= 255 for level in self.colour):
            raise ProtocolError(
                f"Expected a colour of three whole numbers from 0 to 255, but got {shown(list(self.colour))}."
            )


@dataclass(frozen=True, kw_only=True)
class PredictionsReply(Message):
    """Samples of all domains and the networks' answers at all alphas.

    Attributes:
        serial: Changes when the digits do.
        pixels: uint8 (domains, 40, 28, 28, 3), in base64.
        probs: In 255ths, uint8 (alphas, domains, 40, 10), in base64.
        counts: Test digits behind each accuracy: in the fixed domains, and over a picture.
        measured: What is known of these networks, as :func:`measured_facts` tells it; None of others.
        map: ``positions`` as 16-bit words (alphas, 2, n, 2) in base64, and ``labels``.
        others: The names, notes and labels of the samples, and where the digits come from.
    """

    serial: str
    method: str
    titles: Sequence[str]
    notes: Sequence[str]
    source: dict[str, Any]
    counts: Sequence[int]
    measured: dict[str, Any] | None
    labels: Sequence[int]
    pixels: str
    alphas: Sequence[float]
    probs: str
    map: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class CurveReply(Message):
    """Accuracy (alphas, domains)."""

    serial: str
    accuracy: Sequence[Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class ExactReply(Message):
    """The answers, the accuracy and the map of the blended network itself."""

    serial: str
    probs: str
    map: str
    accuracy: Sequence[float]
    milliseconds: float


@dataclass(frozen=True, kw_only=True)
class StrengthsReply(Message):
    """Accuracy at each strength, of both ends and of the blend."""

    serial: str
    strengths: Sequence[float]
    accuracy: dict[str, Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class DrawReply(Message):
    """A drawn digit, uint8 (28, 28, 3), and its probabilities (alphas, 10), in base64."""

    pixels: str
    probs: str


@dataclass(frozen=True, kw_only=True)
class RunReply(Message):
    """DANN's training: one row of ``positions`` for each of ``iterations``."""

    iterations: Sequence[int]
    metrics: Sequence[dict[str, float]]
    positions: str
    labels: Sequence[Sequence[int]]
    note: str


@dataclass(frozen=True, kw_only=True)
class MethodChoice(Message):
    """A method to choose.

    Attributes:
        id: Of the method.
        title: Its name and year.
        group: The heading that it stands under.
        about: What it does, in a sentence or two.
        paper: The address; empty where there is none.
    """

    id: str
    title: str
    group: str
    about: str
    paper: str


@dataclass(frozen=True, kw_only=True)
class Start(Message):
    """What the tab shows first, and what there is to choose; ``pictures`` are tokens with their titles."""

    method: str
    methods: Sequence[MethodChoice]
    token: str
    pictures: Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Change(Message):
    """A change from the server, the component's value: a person's own picture."""

    serial: str
    token: str
    picture: str
    session: str | None = secret(default=None)
