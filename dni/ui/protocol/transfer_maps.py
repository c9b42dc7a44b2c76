"""What the views "From unlabelled data", "Letters as a map" and "Words as a map" and the server say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dni.ui.protocol.messages import Message, long_text

__all__ = [
    "LettersExactReply",
    "LettersExactRequest",
    "LettersMapReply",
    "LettersMapRequest",
    "LettersOpenReply",
    "LettersReadReply",
    "LettersReadRequest",
    "UnlabelledOpenReply",
    "UnlabelledReadReply",
    "UnlabelledReadRequest",
    "WordsOpenReply",
    "WordsReply",
    "WordsRequest",
]


@dataclass(frozen=True, kw_only=True)
class UnlabelledOpenReply(Message):
    """What the view shows first.

    Attributes:
        atoms: uint8 (alphas, 64, 49) in base64; 128 is zero, and the largest number of an atom is 1 or 255.
        samples: Digits 0 to 9, uint8 (10, 28, 28), in base64.
        report: As ``weights/transfer/unlabelled/report.json`` has it.
    """

    atoms: str
    samples: str
    report: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class UnlabelledReadRequest(Message):
    """Asks what classifiers of ``source`` take a digit for; ``ink`` is bytes (28, 28) in base64."""

    source: Literal["mnist", "usps"]
    ink: str = long_text()


@dataclass(frozen=True, kw_only=True)
class UnlabelledReadReply(Message):
    """Scores on pixels (labels, 10) and on codes (alphas, labels, 10).

    Attributes:
        usage: How much the digit needs of each atom, uint8 (alphas, 64), in base64.
        pictures: The digit from its codes, uint8 (alphas, 28, 28), in base64.
        active: How many atoms a patch with ink needs, on average, at each alpha.
    """

    raw: Sequence[Sequence[float]]
    scores: Sequence[Sequence[Sequence[float]]]
    usage: str
    pictures: str
    active: Sequence[float]


@dataclass(frozen=True, kw_only=True)
class LettersOpenReply(Message):
    """What the view shows first.

    Attributes:
        gallery: uint8 (n, 28, 28) in base64.
        alphabets: Of each drawing of the gallery.
        letters: Of each drawing, the number of its letter.
        samples: Other drawings of some of the letters, uint8 (m, 28, 28), in base64.
        report: As ``weights/transfer/letters/report.json`` has it.
    """

    gallery: str
    alphabets: Sequence[str]
    letters: Sequence[int]
    samples: str
    report: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class LettersMapRequest(Message):
    """Asks where the gallery lies; ``start`` is the network at alpha 0."""

    start: Literal["untrained", "classifier"]


@dataclass(frozen=True, kw_only=True)
class LettersMapReply(Message):
    """Positions (alphas, n, 2) as 16-bit words in base64."""

    positions: str


@dataclass(frozen=True, kw_only=True)
class LettersReadRequest(LettersMapRequest):
    """Asks what is nearest to a letter at all alphas; ``ink`` is bytes (28, 28) in base64."""

    ink: str = long_text()


@dataclass(frozen=True, kw_only=True)
class LettersReadReply(Message):
    """Drawings of the gallery, nearest first (alphas, 8), their distances, and the letter's own position
    (alphas, 2)."""

    neighbours: Sequence[Sequence[int]]
    distances: Sequence[Sequence[float]]
    position: Sequence[Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class LettersExactRequest(LettersReadRequest):
    """Asks for the blended network itself at one alpha."""

    alpha: float


@dataclass(frozen=True, kw_only=True)
class LettersExactReply(Message):
    """As :class:`LettersReadReply`, at one alpha, with the gallery's ``positions`` as 16-bit words (n, 2)."""

    neighbours: Sequence[int]
    distances: Sequence[float]
    position: Sequence[float]
    positions: str
    milliseconds: float


@dataclass(frozen=True, kw_only=True)
class WordsOpenReply(Message):
    """As ``weights/transfer/words/report.json`` has it."""

    report: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class WordsRequest(Message):
    """Asks for the words nearest to ``start + t (plus - minus)``; alpha is Shakespeare's share."""

    start: str
    minus: str
    plus: str
    t: float
    alpha: float


@dataclass(frozen=True, kw_only=True)
class WordsReply(Message):
    """Words, nearest first, their cosines, and which of them the question names."""

    words: Sequence[str]
    cosines: Sequence[float]
    given: Sequence[bool]
    milliseconds: float
