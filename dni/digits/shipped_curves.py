"""What was measured of the networks that ship: accuracy along alpha, by picture, by ink, by brightness.

``python -m dni evaluate digit-curves`` writes the file. It counts only for the networks it was measured of:
whoever has trained others sees those measured live.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dni.catalog.bundled import weights_folder
from dni.checkpoints.files import sha256_of
from dni.digits.classifiers import classifier_path
from dni.digits.methods import ANCESTOR, method_id
from dni.examples import WHOLE, example_token

__all__ = ["FIXED_DOMAINS", "ShippedCurves", "curves_path", "find_curves", "read_seeds"]

# Those whose digits are the same for everybody.
FIXED_DOMAINS = ("mnist", "mnist_m", "inverted")


@dataclass(frozen=True)
class ShippedCurves:
    """Accuracies of source-only (alpha 0) blended with one method (1), interpolated along alpha.

    Attributes:
        method: The id.
        counts: Of test digits: ``domains`` each of the fixed three, ``yours`` over a picture, ``inks`` each.
        seed: Of the networks' training.
        domains: float64 (A, 3), at ``alphas``.
        pictures: By the example's token: float64 (P, S), at ``picture_alphas`` and ``strengths``.
        inks: float64 (A, I), of ``ink_colours``: names and RGB, 0 to 255.
        brightness: float64 (A, B), of patches between the ``brightness_edges`` (B + 1), 0 to 256;
            ``brightness_counts`` are digits.
        channel_norms: Of the first convolution, for red, green and blue: of source-only, then of the method.
    """

    method: str
    counts: dict[str, int]
    seed: int
    alphas: tuple[float, ...]
    picture_alphas: tuple[float, ...]
    strengths: tuple[float, ...]
    domains: np.ndarray
    pictures: dict[str, np.ndarray]
    ink_colours: dict[str, tuple[int, ...]]
    inks: np.ndarray
    brightness_edges: tuple[float, ...]
    brightness_counts: tuple[int, ...]
    brightness: np.ndarray
    channel_norms: tuple[tuple[float, ...], tuple[float, ...]]

    def domains_at(self, alpha: float) -> tuple[float, ...]:
        """Accuracy on each of ``FIXED_DOMAINS``."""
        return tuple(float(np.interp(alpha, self.alphas, column)) for column in self.domains.T)

    def picture_at(self, token: str, alpha: float) -> np.ndarray:
        """Accuracy over an example at every one of ``strengths``: float64 (S,)."""
        columns = self.pictures[token].T
        return np.array([np.interp(alpha, self.picture_alphas, column) for column in columns])


def curves_path() -> Path:
    return weights_folder() / "digits" / "curves.json"


def find_curves(method: str) -> ShippedCurves | None:
    """The curves of a method; None if there are none of the two networks that are here now."""
    method = method_id(method)
    try:
        found = json.loads(curves_path().read_text(encoding="utf-8"))
        known = all(found["networks"][end] == sha256_of(classifier_path(end)) for end in (ANCESTOR, method))
        return read_curves(found, method) if known else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_curves(found: dict[str, Any], method: str) -> ShippedCurves:
    own, brightness, norms = found["methods"][method], found["brightness"], found["channel_norms"]
    return ShippedCurves(
        method=method,
        counts={name: int(count) for name, count in found["counts"].items()},
        seed=int(found["seed"]),
        alphas=tuple(found["alphas"]),
        picture_alphas=tuple(found["picture_alphas"]),
        strengths=tuple(found["strengths"]),
        domains=np.array([own[name] for name in FIXED_DOMAINS], dtype=float).T,
        pictures={example_token(name): np.array(own["pictures"][name], dtype=float) for name in WHOLE},
        ink_colours={name: tuple(colour) for name, colour in found["inks"].items()},
        inks=np.array(own["inks"], dtype=float),
        brightness_edges=tuple(brightness["edges"]),
        brightness_counts=tuple(brightness["counts"]),
        brightness=np.array(own["brightness"], dtype=float),
        channel_norms=(tuple(norms[ANCESTOR]), tuple(norms[method])),
    )


def read_seeds(method: str) -> dict[str, float] | None:
    """Accuracy on MNIST-M over several seeds: ``count``, ``mean`` and ``std`` (of the population); and the
    mean ``domain_accuracy`` of a classifier trained on all features. None if there is no report."""
    try:
        report = json.loads((weights_folder() / "digits" / "report.json").read_text(encoding="utf-8"))
        found = report["methods"][method]
        mean, std = (float(found[name]["mnist_m"]) for name in ("mean", "std"))
        domains = float(found["mean"]["domain_accuracy"])
        return {"count": len(found["runs"]), "mean": mean, "std": std, "domain_accuracy": domains}
    except (OSError, ValueError, KeyError, TypeError):
        return None
