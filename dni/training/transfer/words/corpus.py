"""Words of public-domain texts for the word vectors: the King James Bible and Shakespeare."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dni.errors import DniError

__all__ = ["BIBLE", "SHAKESPEARE", "Vocabulary", "bible_words", "read_texts", "shakespeare_words"]

BIBLE, SHAKESPEARE = "bible", "shakespeare"
FILES = {BIBLE: "king-james-bible.txt", SHAKESPEARE: "shakespeare.txt"}
WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
VERSE = re.compile(r"\b\d+:\d+\b")
SPEAKER = re.compile(r"^[A-Z][A-Za-z' ]*:$")


@dataclass(frozen=True)
class Vocabulary:
    """Words in order of frequency, and how often each occurs in all texts together (int64)."""

    words: tuple[str, ...]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[Sequence[str]], *, min_count: int) -> Vocabulary:
        """The words that occur at least ``min_count`` times; ties are in the order of the alphabet."""
        counts = Counter(word for text in texts for word in text)
        kept = sorted(
            ((word, count) for word, count in counts.items() if count >= min_count),
            key=lambda pair: (-pair[1], pair[0]),
        )
        return cls(tuple(word for word, _ in kept), np.array([count for _, count in kept], np.int64))

    def encode(self, text: Sequence[str]) -> NDArray[np.int64]:
        """Indices of the known words of a text, in its order; unknown ones are left out, as word2vec does."""
        index = {word: number for number, word in enumerate(self.words)}
        return np.array([index[word] for word in text if word in index], np.int64)


def bible_words(text: str) -> list[str]:
    """Words of the Bible, one book a line: without each book's navigation and the numbers of its verses.

    >>> bible_words("Previous Home Next Genesis Chapter 2 3 1:1 In the beginning 1:2 And the earth")
    ['in', 'the', 'beginning', 'and', 'the', 'earth']
    """
    books = (VERSE.split(line, maxsplit=1) for line in text.splitlines())
    return [word for book in books if len(book) == 2 for word in words_of(book[1])]


def shakespeare_words(text: str) -> list[str]:
    """Words of the plays, without the lines that name who speaks.

    >>> shakespeare_words("First Citizen:\\nLet us kill him, and we'll have corn.")
    ['let', 'us', 'kill', 'him', 'and', "we'll", 'have', 'corn']
    """
    return [word for line in text.splitlines() if not SPEAKER.match(line) for word in words_of(line)]


def words_of(text: str) -> list[str]:
    return WORD.findall(text.lower())


def read_texts(data_root: Path) -> dict[str, list[str]]:
    """The words of both texts under ``data_root/text``.

    Raises:
        DniError: A file is missing; where it belongs and what it is.
    """
    readers = {BIBLE: bible_words, SHAKESPEARE: shakespeare_words}
    texts = {}
    for name, file in FILES.items():
        path = data_root / "text" / file
        try:
            texts[name] = readers[name](path.read_text(encoding="utf-8"))
        except OSError as error:
            raise DniError(
                f"Expected a plain text at {path}, but it cannot be read ({error.strerror}). "
                "Put the text (public domain) there, or name another folder with --data-root."
            ) from error
    return texts
