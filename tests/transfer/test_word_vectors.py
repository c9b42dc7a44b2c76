"""Word vectors of two ends: neighbours against gensim's, exact ends, and the texts of errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.files import save
from dni.errors import DniError
from dni.transfer.word_vectors import WordMap, read_words, save_words

WORDS = ("the", "king", "queen", "man", "woman", "lord", "kingdom")


def random_map(seed: int = 0) -> WordMap:
    generator = torch.Generator().manual_seed(seed)
    return WordMap(WORDS, {name: torch.randn(7, 5, generator=generator) for name in ("bible", "shakespeare")})


@given(alpha=st.floats(0, 1), t=st.floats(-2, 2))
def test_neighbours_are_those_of_gensim(alpha: float, t: float) -> None:
    models = pytest.importorskip("gensim.models")
    words = random_map()
    oracle = models.KeyedVectors(5)
    oracle.add_vectors(list(WORDS), words.unit_vectors(alpha).numpy())
    units = {word: oracle.get_vector(word, norm=True) for word in WORDS}
    point = units["king"] + t * (units["woman"] - units["man"])
    if np.linalg.norm(point) < 1e-3:
        return
    expected = oracle.similar_by_vector(point, topn=7)
    found = words.neighbours("king", "man", "woman", t=t, alpha=alpha, count=7)
    assert np.allclose([each.cosine for each in found], [cosine for _, cosine in expected], atol=1e-5)
    assert {each.word for each in found if each.given} == {"king", "man", "woman"}


def test_start_is_its_own_nearest_word_at_t_0() -> None:
    first = random_map().neighbours("king", "man", "woman", t=0, alpha=0.3, count=1)[0]
    assert (first.word, round(first.cosine, 5)) == ("king", 1.0)


def test_a_curly_apostrophe_is_a_straight_one() -> None:
    vectors = dict.fromkeys(("bible", "shakespeare"), torch.eye(2))
    assert WordMap(("fear", "fear'd"), vectors).index("Fear\u2019d") == 1


def test_analogy_names_none_of_its_own_words() -> None:
    assert random_map().analogy("man", "woman", "king", alpha=0.5) not in {"man", "woman", "king"}


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_file_gives_both_ends_back_in_half_precision(tmp_path: Path, alpha: float) -> None:
    words = random_map()
    vectors = {"bible": torch.eye(7), "shakespeare": torch.eye(7).flip(0)}
    save_words(tmp_path / "words.safetensors", WORDS, vectors, {"seed": "0"})
    again = read_words(tmp_path / "words.safetensors")
    assert again.words == words.words
    expected = vectors["bible" if alpha == 0 else "shakespeare"]
    assert torch.equal(again.unit_vectors(alpha), expected)


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("kingly", "stands at least five times in the texts, but got 'kingly'. Try king, kingdom"),
        ("", "Expected a word of 1 to 32 letters, but got ''"),
        ("k" * 33, "Expected a word of 1 to 32 letters"),
        (None, "Expected a word of 1 to 32 letters, but got None"),
        ("a\x1b[2J", "but got 'a"),
    ],
)
def test_unknown_words_are_refused(word: str, problem: str) -> None:
    with pytest.raises(DniError) as raised:
        random_map().neighbours(word, "man", "woman", t=1, alpha=0)
    assert problem in str(raised.value)
    assert "\x1b" not in str(raised.value)


@pytest.mark.parametrize(
    ("numbers", "problem"),
    [
        ({"t": 2.1}, "t between -2 and 2, but got 2.1"),
        ({"t": float("nan")}, "t between -2 and 2, but got nan"),
        ({"count": 0}, "1 to 50 neighbours, but got 0"),
        ({"alpha": 1.5}, r"1\.5"),
    ],
)
def test_numbers_out_of_range_are_refused(numbers: dict[str, float], problem: str) -> None:
    with pytest.raises(DniError, match=problem):
        random_map().neighbours("king", "man", "woman", **{"t": 1.0, "alpha": 0.0, **numbers})


def test_file_of_something_else_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "other.safetensors", {"bible": torch.ones(2, 3)}, {"words": "a b"})
    with pytest.raises(CheckpointError, match=r"Expected word vectors in .*other\.safetensors"):
        read_words(tmp_path / "other.safetensors")
