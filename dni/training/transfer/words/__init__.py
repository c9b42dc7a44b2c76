"""The view "Words as a map": vectors of the Bible's and Shakespeare's words, from one common ancestor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dni.checkpoints.files import read_metadata, read_state, save
from dni.training.transfer.report import measured, measured_text, write_report
from dni.training.transfer.resumable import run_to_end
from dni.training.transfer.views import Runs
from dni.training.transfer.words.analogies import Questions, count_right, rank_correlation, read_questions
from dni.training.transfer.words.corpus import Vocabulary, read_texts
from dni.training.transfer.words.counting import counted_vectors
from dni.training.transfer.words.skip_gram import SkipGram, SkipGramConfig
from dni.transfer.files import view_folder
from dni.transfer.word_vectors import FILE_NAME, WORD_ENDS, WordMap, read_words, save_words

__all__ = ["evaluate", "train"]

VIEW = "words"
MIN_COUNT = 5
ANCESTOR = SkipGramConfig(epochs=15)
FINE_TUNING = SkipGramConfig(epochs=4, learning_rate=0.002)
ALPHAS = tuple(step / 10 for step in range(11))


def train(runs: Runs, seed: int) -> Path:
    """Train the ancestor on both texts, and from it both ends; when resuming, what is finished is kept."""
    folder = runs.folder(VIEW, seed)
    file = folder / FILE_NAME
    if runs.resume and file.is_file():
        return file
    vocabulary, texts = corpus(runs.data_root)
    both = np.concatenate(list(texts.values()))
    ancestor = trained(runs, seed, "ancestor", ANCESTOR, both, len(vocabulary.words), None)
    vectors = {
        name: trained(runs, seed, name, FINE_TUNING, texts[name], len(vocabulary.words), ancestor)["words"]
        for name in WORD_ENDS
    }
    save_words(file, vocabulary.words, {**vectors, "ancestor": ancestor["words"]}, {"seed": str(seed)})
    return file


def trained(
    runs: Runs,
    seed: int,
    name: str,
    config: SkipGramConfig,
    text: NDArray[np.int64],
    num_words: int,
    start: dict[str, Tensor] | None,
) -> dict[str, Tensor]:
    """``words`` and ``contexts``, float32 (V, d); kept in ``<name>.safetensors`` for a resumed run."""
    file = runs.folder(VIEW, seed) / f"{name}.safetensors"
    if runs.resume and file.is_file():
        return read_state(file)
    config = replace(config, seed=seed, epochs=max(1, config.epochs // runs.shorten))
    counts = np.bincount(text, minlength=num_words)
    training = SkipGram(config, text, counts, start=start)
    run_to_end(
        training,
        training.run_epoch,
        lambda: training.epoch,
        config.epochs,
        file=file.with_suffix(".pt"),
        resume=runs.resume,
    )
    save(file, training.vectors(), {"seed": str(seed)})
    return training.vectors()


@lru_cache(maxsize=1)
def corpus(data_root: Path) -> tuple[Vocabulary, dict[str, NDArray[np.int64]]]:
    """The words of both texts together, and each text as indices."""
    texts = read_texts(data_root)
    vocabulary = Vocabulary.of(list(texts.values()), min_count=MIN_COUNT)
    return vocabulary, {name: vocabulary.encode(text) for name, text in texts.items()}


def evaluate(runs: Runs) -> None:
    """Train what is missing, measure along alpha, and ship the vectors of seed 0."""
    files = [train(runs, seed) for seed in range(runs.num_seeds)]
    questions = read_questions()
    maps = [read_words(file) for file in files]
    known = questions.known(maps[0].words)
    ancestors = [ancestor_of(file) for file in files]
    curve = [{"alpha": alpha, **measure(maps, known, alpha)} for alpha in ALPHAS]
    folder = view_folder(VIEW)
    folder.mkdir(parents=True, exist_ok=True)
    shipped = read_state(files[0])
    save_words(folder / FILE_NAME, maps[0].words, {name: shipped[name] for name in WORD_ENDS}, {"seed": "0"})
    found = {
        "data": {name: len(text) for name, text in corpus(runs.data_root)[1].items()},
        "words": len(maps[0].words),
        "questions": {
            "family": len(known.family),
            "family_all": len(questions.family),
            "wordsim": len(known.pairs),
            "wordsim_all": len(questions.pairs),
        },
        "counted": measure([counted(runs.data_root)], known, 0.0),
        "ancestor": measure(ancestors, known, 0.0),
        "curve": curve,
    }
    write_report(VIEW, runs, found, {VIEW: table(found)})


def table(found: Mapping[str, Any]) -> str:
    """For the card."""
    lines = ["| alpha | family analogies, % | WordSim-353, rank correlation |", "|---|---|---|"]
    rows = [
        ("counted, not trained", found["counted"]),
        ("common ancestor", found["ancestor"]),
        *((f"{each['alpha']:.1f}", each) for each in found["curve"]),
    ]
    for name, row in rows:
        family, related = measured_text(row["family"]), row["wordsim"]
        lines.append(f"| {name} | {family} | {related['mean']:.2f} ± {related['deviation']:.2f} |")
    return "\n".join(lines) + "\n"


def ancestor_of(file: Path) -> WordMap:
    words, state = read_metadata(file)["words"].split(), read_state(file)
    return WordMap(words, dict.fromkeys(WORD_ENDS, state["ancestor"]))


def counted(data_root: Path) -> WordMap:
    """Vectors by counting, of as many dimensions and the same window."""
    vocabulary, texts = corpus(data_root)
    both, size = np.concatenate(list(texts.values())), len(vocabulary.words)
    vectors = counted_vectors(both, size, dimensions=ANCESTOR.dimensions, window=ANCESTOR.window)
    return WordMap(vocabulary.words, dict.fromkeys(WORD_ENDS, vectors))


def measure(maps: list[WordMap], questions: Questions, alpha: float) -> dict[str, object]:
    family = [count_right(words, questions, alpha=alpha) / max(1, len(questions.family)) for words in maps]
    related = [rank_correlation(words, questions, alpha=alpha) for words in maps]
    return {"family": measured(family), "wordsim": measured(related)}
