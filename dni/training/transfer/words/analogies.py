"""How good word vectors are: family analogies, and how their cosines rank pairs of words as people do.

The questions are those of Mikolov et al. (2013), section "family", and the pairs are WordSim-353
(Finkelstein et al., 2002); both come with gensim, which is needed for measuring only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from dni.errors import DniError
from dni.transfer.word_vectors import WordMap

__all__ = ["Questions", "count_right", "rank_correlation", "read_questions"]

FAMILY = ": family"


@dataclass(frozen=True)
class Questions:
    """``family``: words a, b, c, d, "a is to b as c to d"; ``pairs``: two words and people's mean score of
    their relatedness, 0 to 10."""

    family: tuple[tuple[str, str, str, str], ...]
    pairs: tuple[tuple[str, str, float], ...]

    def known(self, words: Sequence[str]) -> Questions:
        """Those whose words are all among ``words``."""
        have = set(words)
        return Questions(
            tuple(each for each in self.family if have.issuperset(each)),
            tuple(each for each in self.pairs if have.issuperset(each[:2])),
        )


def read_questions() -> Questions:
    """The questions that come with gensim, in lower case.

    Raises:
        DniError: gensim is not installed.
    """
    try:
        from gensim.test.utils import datapath
    except ImportError as error:
        raise DniError(
            "Expected gensim, whose questions measure word vectors, but it is not installed. "
            "Install it with: pip install 'dni[test]'"
        ) from error
    return Questions(
        family_questions(Path(datapath("questions-words.txt")).read_text(encoding="utf-8")),
        word_pairs(Path(datapath("wordsim353.tsv")).read_text(encoding="utf-8")),
    )


def family_questions(text: str) -> tuple[tuple[str, str, str, str], ...]:
    """The section "family" of a file of analogies."""
    questions = []
    section = ""
    for line in text.splitlines():
        if line.startswith(":"):
            section = line.strip()
        elif section == FAMILY:
            a, b, c, d = line.lower().split()
            questions.append((a, b, c, d))
    return tuple(questions)


def word_pairs(text: str) -> tuple[tuple[str, str, float], ...]:
    """Lines of two words and a score, separated by tabs; comments begin with #."""
    rows = (line.lower().split("\t")[:3] for line in text.splitlines() if not line.startswith("#"))
    return tuple((first, second, float(score)) for first, second, score in rows)


def count_right(words: WordMap, questions: Questions, *, alpha: float) -> int:
    """How many family questions have their answer as the nearest word that the question does not name."""
    units = words.unit_vectors(alpha)
    asked = torch.tensor([[words.index(word) for word in each] for each in questions.family])  # (Q, 4)
    a, b, c, answer = asked.T
    cosines = (units[b] - units[a] + units[c]) @ units.T
    cosines.scatter_(1, asked[:, :3], -torch.inf)
    return int((cosines.argmax(dim=1) == answer).sum())


def rank_correlation(words: WordMap, questions: Questions, *, alpha: float) -> float:
    """Spearman's correlation of cosines with people's scores."""
    from scipy.stats import spearmanr  # comes with scikit-learn

    units = words.unit_vectors(alpha)
    first, second = (torch.tensor([words.index(pair[at]) for pair in questions.pairs]) for at in (0, 1))
    cosines = (units[first] * units[second]).sum(dim=1)
    return float(spearmanr(cosines.numpy(), [score for *_, score in questions.pairs]).statistic)
