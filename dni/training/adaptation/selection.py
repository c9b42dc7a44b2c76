"""The label-free rule that chooses weight and layers of the methods that align activations.

It is the same for all: every candidate is trained for a tenth of the steps, with seed 0. Of those that still
read the source, kept is the one whose network draws the domains nearest: the error on the source and the
A-distance bound the error on the target (Ben-David et al., "Analysis of Representations for Domain
Adaptation", NeurIPS 2006). Some weights let go of the source only later: where the whole training with seed 0
ends below what counts as reading it, the next candidate is trained instead. All is measured on training
digits; no target label is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor

from dni.checkpoints.atomic_write import atomic_write
from dni.digits.classifiers import features_of, logits_of
from dni.digits.data.domains import Digits
from dni.training.adaptation.measures import accuracy, information_maximisation, proxy_a_distance
from dni.training.adaptation.methods.base import Setting
from models.digits import DigitClassifier

__all__ = [
    "CANDIDATE_ITERATIONS",
    "RULE",
    "Score",
    "are_scored",
    "chosen",
    "note_the_end",
    "read_scores",
    "score",
    "setting_of",
    "write",
    "write_scores",
]

CANDIDATE_ITERATIONS = 1500
NUM_DIGITS = 2000
LEAST_SOURCE = 0.97
STRENGTHS = (1e-4, 1e-3)
RULE = (
    f"seed 0, {CANDIDATE_ITERATIONS} steps a candidate; of those that read at least {LEAST_SOURCE:.0%} of "
    "the source, the one with the least A-distance of the convolutions' features, or the next one "
    "where the whole training with seed 0 ends below that; on the first "
    f"{NUM_DIGITS} training digits of MNIST and MNIST-M, the latter without labels"
)

Score = dict[str, float]


def score(network: DigitClassifier, source: Digits, target_images: Tensor) -> Score:
    """Of a trained candidate, on the first training digits.

    Args:
        network: Of the candidate.
        source: Labelled.
        target_images: uint8 (N, 3, 28, 28).

    Returns:
        ``source``: accuracy; ``a_distance``; and ``information``, in nats, which does not count: information
        maximisation (Shi & Sha, ICML 2012, https://arxiv.org/abs/1206.6438) is high for networks that
        are sure of what they read wrongly.
    """
    known = source.subset(slice(NUM_DIGITS))
    target_images = target_images[:NUM_DIGITS]
    domains = [features_of(network, images) for images in (known.images, target_images)]
    halves = [domain.tensor_split(2) for domain in domains]
    train, test = ((halves[0][part], halves[1][part]) for part in (0, 1))
    return {
        "source": accuracy(logits_of(network, known.images), known.labels),
        "a_distance": proxy_a_distance(train, test, strengths=STRENGTHS),
        "information": information_maximisation(logits_of(network, target_images)),
    }


def write_scores(
    file: Path, candidates: Sequence[Setting], scores: Sequence[Score], *, iterations: int
) -> None:
    entries = [
        {
            **asdict(setting),
            "iterations": iterations,
            **{name: round(value, 5) for name, value in found.items()},
        }
        for setting, found in zip(candidates, scores, strict=True)
    ]
    write(file, entries)


def write(file: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(file) as partial:
        partial.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def read_scores(file: Path) -> list[dict[str, Any]]:
    scores: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return scores


def are_scored(file: Path, iterations: int, *, default: int) -> bool:
    """Whether ``file`` has the scores of candidates of so many steps; an entry that does not say how many its
    candidate had, is from before others than the default were told apart."""
    return file.is_file() and all(
        entry.get("iterations", default) == iterations for entry in read_scores(file)
    )


def chosen(scores: Sequence[Mapping[str, Any]]) -> Setting:
    """The candidate with the nearest domains of those that read the source, the first of equal ones; the best
    reader of the source where none reads enough.

    What counts is ``source_at_the_end``, of the whole training, where an entry has it, else ``source``.
    """
    readers = [entry for entry in scores if source_of(entry) >= LEAST_SOURCE]
    if readers:
        best = min(readers, key=lambda entry: float(entry["a_distance"]))
    else:
        best = max(scores, key=source_of)
    return setting_of(best)


def source_of(entry: Mapping[str, Any]) -> float:
    return float(entry.get("source_at_the_end", entry["source"]))


def setting_of(entry: Mapping[str, Any]) -> Setting:
    return Setting(entry["weight"], tuple(entry["layers"]))


def note_the_end(file: Path, setting: Setting, network: DigitClassifier, source: Digits) -> None:
    """Write into the scores of ``file`` what a network of the whole training still reads of the source."""
    known = source.subset(slice(NUM_DIGITS))
    found = round(accuracy(logits_of(network, known.images), known.labels), 5)
    entries = read_scores(file)
    write(file, [e | {"source_at_the_end": found} if setting_of(e) == setting else e for e in entries])
