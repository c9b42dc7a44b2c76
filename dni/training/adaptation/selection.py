"""The label-free rule that chooses weight and layers of the methods that align activations.

It is the same for all: every candidate is trained for a tenth of the steps, with seed 0; kept is the one
whose network has the highest information maximisation (Shi & Sha, ICML 2012,
https://arxiv.org/abs/1206.6438) on unlabelled target digits of the training split. No target label is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor

from dni.checkpoints.atomic_write import atomic_write
from dni.digits.classifiers import logits_of
from dni.training.adaptation.measures import information_maximisation
from dni.training.adaptation.methods import Method
from dni.training.adaptation.methods.base import Setting

__all__ = ["CANDIDATE_ITERATIONS", "RULE", "chosen", "read_scores", "score", "write_scores"]

CANDIDATE_ITERATIONS = 1500
UNLABELLED_DIGITS = 2000
RULE = (
    f"seed 0, {CANDIDATE_ITERATIONS} steps a candidate; the highest information maximisation (nats) on the "
    f"first {UNLABELLED_DIGITS} unlabelled MNIST-M training digits"
)


def score(method: Method, target_images: Tensor) -> float:
    """Of a trained candidate; ``target_images`` are uint8 (N, 3, 28, 28) of the training split."""
    return information_maximisation(logits_of(method.result(), target_images[:UNLABELLED_DIGITS]))


def write_scores(file: Path, candidates: Sequence[Setting], scores: Sequence[float]) -> None:
    entries = [
        {**asdict(setting), "information": round(value, 5)}
        for setting, value in zip(candidates, scores, strict=True)
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(file) as partial:
        partial.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def read_scores(file: Path) -> list[dict[str, Any]]:
    scores: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return scores


def chosen(scores: Sequence[Mapping[str, Any]]) -> Setting:
    """The candidate with the highest score, the first of equal ones."""
    best = max(scores, key=lambda entry: float(entry["information"]))
    return Setting(best["weight"], tuple(best["layers"]))
