"""Skip-gram with negative sampling: its loss, its pairs, its vectors beside gensim's, and its text."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
import torch

from dni.errors import DniError
from dni.training.transfer.words.analogies import Questions, count_right, family_questions, rank_correlation
from dni.training.transfer.words.corpus import Vocabulary, bible_words, shakespeare_words
from dni.training.transfer.words.counting import counted_vectors
from dni.training.transfer.words.skip_gram import (
    SkipGram,
    SkipGramConfig,
    loss_and_gradients,
    negative_sampling_loss,
    pairs_of,
    subsample,
)
from dni.transfer.word_vectors import WordMap


def two_topics(length: int = 6000) -> np.ndarray:
    """Words 0 to 4 stand together, and 5 to 9, never both."""
    generator = np.random.default_rng(0)
    topics = np.repeat(generator.integers(0, 2, length // 20), 20)
    return topics * 5 + generator.integers(0, 5, length)


def test_loss_is_the_papers_formula() -> None:
    centre, context = torch.tensor([[1.0, 2.0]]), torch.tensor([[0.5, -1.0]])
    noise = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    expected = -(
        math.log(1 / (1 + math.exp(1.5))) + math.log(1 / (1 + math.exp(1))) + math.log(1 / (1 + math.exp(2)))
    )
    assert float(negative_sampling_loss(centre, context, noise)) == pytest.approx(expected)


def test_gradients_are_those_of_autograd() -> None:
    generator = torch.Generator().manual_seed(0)
    words, contexts = (torch.randn(9, 4, generator=generator).requires_grad_() for _ in range(2))
    pairs, noise = (torch.randint(9, (20, size), generator=generator) for size in (2, 3))
    expected = negative_sampling_loss(words[pairs[:, 0]], contexts[pairs[:, 1]], contexts[noise])
    expected.backward()
    with torch.no_grad():
        loss, gradients = loss_and_gradients(words, contexts, pairs, noise)
    assert loss == pytest.approx(float(expected.detach()), rel=1e-5)
    for found, parameter in zip(gradients, (words, contexts), strict=True):
        assert torch.allclose(found, parameter.grad, atol=1e-6)


def test_pairs_are_within_the_window_and_nearer_ones_more_frequent() -> None:
    pairs = pairs_of(np.arange(2000), 3, np.random.default_rng(0))
    distances = Counter(np.abs(pairs[:, 0] - pairs[:, 1]).tolist())
    assert set(distances) == {1, 2, 3}
    # Widths of 1, 2 and 3 are as likely, so a neighbour at distance d is in (4 - d) thirds of the windows.
    assert [round(3 * distances[d] / 4000) for d in (1, 2, 3)] == [3, 2, 1]


def test_subsampling_keeps_the_square_root_of_the_threshold_over_the_frequency() -> None:
    counts = np.array([90_000, 10_000])
    text = np.repeat([0, 1], counts)
    kept = np.bincount(subsample(text, counts, 1e-2, np.random.default_rng(0)))
    assert kept / counts == pytest.approx([math.sqrt(1e-2 / 0.9), math.sqrt(1e-2 / 0.1)], rel=0.05)


@pytest.mark.slow
def test_topics_are_told_apart_as_gensim_tells_them() -> None:
    models = pytest.importorskip("gensim.models")
    text = two_topics()
    config = SkipGramConfig(dimensions=8, epochs=8, batch_size=256, subsampling=1.0, learning_rate=0.02)
    trained = SkipGram(config, text, np.bincount(text))
    for _ in range(config.epochs):
        trained.run_epoch()
    sentences = [[str(word) for word in text[first : first + 20]] for first in range(0, len(text), 20)]
    oracle = models.Word2Vec(sentences, vector_size=8, sg=1, negative=5, min_count=1, epochs=20, seed=1)
    theirs = oracle.wv[[str(word) for word in range(10)]]
    for vectors in (trained.vectors()["words"].numpy(), theirs):
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        cosines = units @ units.T
        assert cosines[:5, :5].mean() > cosines[:5, 5:].mean() + 0.3


def test_resumed_training_is_the_same() -> None:
    config = SkipGramConfig(dimensions=4, epochs=3, batch_size=512)
    text = two_topics(2000)
    whole = SkipGram(config, text, np.bincount(text))
    for _ in range(3):
        whole.run_epoch()
    first, second = (SkipGram(config, text, np.bincount(text)) for _ in range(2))
    first.run_epoch()
    second.restore(first.state())
    for _ in range(2):
        second.run_epoch()
    assert torch.equal(whole.vectors()["words"], second.vectors()["words"])


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(DniError, match="Expected positive sizes and rates of a skip-gram training"):
        SkipGramConfig(window=0)


def test_words_of_both_texts() -> None:
    bible = "Previous Home Next 1 John Chapter 2 1:1 That which was\nPrevious Home Next Jude 1:1 Jude, the"
    assert bible_words(bible) == ["that", "which", "was", "jude", "the"]
    assert shakespeare_words("KING RICHARD II:\nWe know't, we") == ["we", "know't", "we"]


def test_vocabulary_is_ordered_by_frequency_and_drops_rare_words() -> None:
    vocabulary = Vocabulary.of([["b", "a", "c"], ["a", "b"]], min_count=2)
    assert (vocabulary.words, vocabulary.counts.tolist()) == (("a", "b"), [2, 2])
    assert vocabulary.encode(["c", "b", "a"]).tolist() == [1, 0]


def test_measures_on_vectors_whose_answers_are_known() -> None:
    # man (1, 0, 0) to woman (1, 1, 0) as king (1, 0, 1) to queen (1, 1, 1).
    corners = torch.tensor([[1.0, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1], [0, -1, 0]])
    words = WordMap(("man", "woman", "king", "queen", "of"), {"bible": corners, "shakespeare": corners})
    family = family_questions(": capital\na b c d\n: family\nMan woman king queen\nman woman king of\n")
    pairs = (("man", "woman", 7.0), ("man", "king", 7.0), ("queen", "of", 1.0), ("queen", "king", 8.0))
    questions = Questions(family, (*pairs, ("man", "computer", 2.0))).known(words.words)
    assert len(questions.family) == 2
    assert len(questions.pairs) == 4
    assert count_right(words, questions, alpha=0.5) == 1
    assert rank_correlation(words, questions, alpha=0) == pytest.approx(1.0)


def test_counting_tells_topics_apart() -> None:
    vectors = counted_vectors(two_topics(), 10, dimensions=3, window=2)
    units = torch.nn.functional.normalize(vectors, dim=1)
    cosines = units @ units.T
    assert cosines[:5, :5].mean() > cosines[:5, 5:].mean() + 0.3
