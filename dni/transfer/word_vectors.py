"""Word vectors of two texts, blended, and the words near a point between them.

Mikolov et al., "Linguistic Regularities in Continuous Space Word Representations", NAACL 2013: the nearest
word to ``king + woman - man``, by cosine similarity, is often ``queen``. Both ends were trained on from the
vectors of one common ancestor, so that ``(1 - alpha) * bible + alpha * shakespeare`` has a meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor
from torch.nn import functional

from dni.blending.interpolate import interpolate
from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.files import read_metadata, read_state, save
from dni.errors import DniError, shown
from dni.transfer.files import view_folder

__all__ = ["FILE_NAME", "MAX_NEIGHBOURS", "WORD_ENDS", "Neighbour", "WordMap", "read_words", "save_words"]

FILE_NAME = "words.safetensors"
WORD_ENDS = ("bible", "shakespeare")
MAX_NEIGHBOURS = 50
MAX_WORD = 32
SUGGESTIONS = 3


@dataclass(frozen=True)
class Neighbour:
    """A word, the cosine of its angle to the point asked about, and whether it was named in the question
    (such words are shown, but a test of analogies leaves them out)."""

    word: str
    cosine: float
    given: bool


class WordMap:
    """Words as points, for any blend of the two ends; safe to share between threads.

    Args:
        words: In order of frequency; each once.
        vectors: float (V, d) of the ends :data:`WORD_ENDS`, by name.

    Raises:
        DniError: An end is missing, or its shape does not fit.
    """

    def __init__(self, words: Sequence[str], vectors: Mapping[str, Tensor]) -> None:
        shapes = {name: tuple(vectors[name].shape) for name in WORD_ENDS if name in vectors}
        if len(set(shapes.values())) != 1 or len(shapes) != len(WORD_ENDS):
            raise DniError(f"Expected vectors of {' and '.join(WORD_ENDS)} of one shape, but got {shapes}.")
        rows = next(iter(shapes.values()))[0]
        if rows != len(words):
            raise DniError(f"Expected a vector for each of {len(words)} words, but got {rows}.")
        self.words = tuple(words)
        self._ends = [{"vectors": vectors[name].float()} for name in WORD_ENDS]
        self._index = {word: number for number, word in enumerate(self.words)}

    def unit_vectors(self, alpha: float) -> Tensor:
        """Blended vectors, scaled to length 1: float32 (V, d).

        Raises:
            BlendError: ``alpha`` is not in [0, 1].
        """
        blended = interpolate(self._ends, (1 - alpha, alpha))["vectors"]
        return functional.normalize(blended, dim=1)

    def index(self, word: object) -> int:
        """The number of a word, whatever its case; a curly apostrophe, as phones type it, is a straight one.

        Raises:
            DniError: No text, too long, or a word that the texts lack (or have fewer than five times).
        """
        if not isinstance(word, str) or not 0 < len(word.strip()) <= MAX_WORD:
            raise DniError(f"Expected a word of 1 to {MAX_WORD} letters, but got {shown(word, most=40)}.")
        plain = word.strip().lower().replace("\u2019", "'")
        if plain not in self._index:
            raise DniError(
                f"Expected a word that stands at least five times in the texts, but got {shown(plain)}."
                f"{self._hint(plain)}"
            )
        return self._index[plain]

    def neighbours(
        self, start: str, minus: str, plus: str, *, t: float, alpha: float, count: int = 10
    ) -> list[Neighbour]:
        """The words nearest to ``start + t (plus - minus)``, nearest first, by cosine similarity.

        Args:
            start, minus, plus: Words of the texts.
            t: How far to go, -2 to 2; at 1 the point answers "minus is to plus as start is to what?"
            alpha: Share of the second end.
            count: How many, 1 to :data:`MAX_NEIGHBOURS`.

        Raises:
            DniError: An unknown word, or a number out of its range.
        """
        if not -2 <= t <= 2:
            raise DniError(f"Expected t between -2 and 2, but got {shown(t)}.")
        if not 1 <= count <= MAX_NEIGHBOURS:
            raise DniError(f"Expected 1 to {MAX_NEIGHBOURS} neighbours, but got {shown(count)}.")
        chosen = [self.index(word) for word in (start, minus, plus)]
        units = self.unit_vectors(alpha)
        first, away, towards = units[chosen]
        return self._nearest(units, first + t * (towards - away), set(chosen), count)

    def analogy(self, minus: str, plus: str, start: str, *, alpha: float) -> str:
        """The word that is to ``start`` as ``plus`` is to ``minus``: the nearest to start + plus - minus
        that is none of the three."""
        found = self.neighbours(start, minus, plus, t=1.0, alpha=alpha, count=4)
        return next(each.word for each in found if not each.given)

    def _nearest(self, units: Tensor, point: Tensor, given: set[int], count: int) -> list[Neighbour]:
        cosines = units @ functional.normalize(point, dim=0)
        best = cosines.topk(min(count, len(self.words)))
        pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        return [Neighbour(self.words[at], cosine, at in given) for at, cosine in pairs]

    def _hint(self, word: str) -> str:
        """A few known words that begin in the same way."""
        for length in range(min(len(word), 6), 1, -1):
            alike = [known for known in self.words if known.startswith(word[:length])][:SUGGESTIONS]
            if alike:
                return f" Try {', '.join(alike)}."
        return ""


def save_words(
    path: Path, words: Sequence[str], vectors: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> None:
    """Write vectors in half precision, and their words, separated by spaces, in the file's header."""
    halves = {name: each.half() for name, each in vectors.items()}
    save(path, halves, {**metadata, "words": " ".join(words)})


def read_words(path: Path | None = None) -> WordMap:
    """The word vectors that ship, or those of a file.

    Raises:
        CheckpointError: The file is missing, damaged, or holds something else.
    """
    path = path or view_folder("words") / FILE_NAME
    words = read_metadata(path).get("words", "").split()
    try:
        return WordMap(words, read_state(path))
    except CheckpointError:
        raise
    except DniError as error:
        raise CheckpointError(f"Expected word vectors in {path}, but it holds others ({error})") from error
