"""Evaluates a digit classifier: the held-out digits of every domain, and the measures of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch
from PIL import Image
from torch import Tensor

from dni.blending.interpolate import interpolate
from dni.digits.classifiers import CHUNK, features_of, fresh_network, logits_of
from dni.digits.data.domains import (
    Digits,
    cut_patches,
    digest,
    invert,
    load_mnist,
    load_mnist_m,
    put_over,
)
from dni.examples import EXAMPLE_FOLDER
from dni.training.adaptation.measures import (
    accuracy,
    domain_accuracy,
    expected_calibration_error,
    information_maximisation,
    proxy_a_distance,
)
from dni.training.adaptation.runs import Runs, training_digits
from models.digits import DigitClassifier

__all__ = ["Evaluator", "Row", "activations_of", "evaluator_of"]

State = Mapping[str, Tensor]
Row = dict[str, float]

# The picture of the domain "over a photograph": one of the app's examples.
PHOTOGRAPH = EXAMPLE_FOLDER / "coffee.png"
# Digits of each domain for what is measured many times: the plane, the distances, the label-free selector.
FEW = 1000


@dataclass(frozen=True)
class Evaluator:
    """The digits that everything is measured on.

    Attributes:
        runs: The runs to measure.
    """

    runs: Runs

    @cached_property
    def domains(self) -> dict[str, Digits]:
        """The test digits of every domain."""
        mnist = load_mnist(self.runs.data_root, "test")
        patches = cut_patches(Image.open(PHOTOGRAPH).convert("RGB"), len(mnist), seed=0)
        return {
            "mnist": mnist,
            "mnist_m": load_mnist_m(self.runs.data_root, "test"),
            "inverted": Digits(invert(mnist.images), mnist.labels),
            "photograph": Digits(put_over(mnist.images, patches), mnist.labels),
        }

    @cached_property
    def data_hashes(self) -> dict[str, str]:
        """Of the digits that are measured on, and of the target's training digits."""
        hashes = {name: digest(digits) for name, digits in self.domains.items()}
        return hashes | {"mnist_m_train": digest(training_digits(self.runs.data_root)[1])}

    @cached_property
    def training(self) -> tuple[Tensor, Tensor]:
        """A few training digits of source and target, whose labels are not needed."""
        source, target = training_digits(self.runs.data_root)
        return source.images[:FEW], target.images[:FEW]

    def measure(self, network: DigitClassifier, aligned: Sequence[str] = ()) -> Row:
        """Accuracies, calibration and distances of one network; ``aligned``: the layers that it aligned."""
        logits = {name: logits_of(network, digits.images) for name, digits in self.domains.items()}
        row = {name: accuracy(logits[name], digits.labels) for name, digits in self.domains.items()}
        for name in ("mnist", "mnist_m"):
            row[f"ece_{name}"] = expected_calibration_error(logits[name], self.domains[name].labels)
        row |= self.distances(network)
        return row | ({"a_distance_aligned": self.layer_distance(network, aligned)} if aligned else {})

    def layer_distance(self, network: DigitClassifier, layers: Sequence[str]) -> float:
        """The A-distance in the named layers together; names as in :func:`activations_of`."""
        digits = (*self.training, *(self.domains[name].images[:FEW] for name in ("mnist", "mnist_m")))
        found = [activations_of(network, images) for images in digits]
        source, target, *test = (torch.cat([each[name] for name in layers], dim=1) for each in found)
        return proxy_a_distance((source, target), (test[0], test[1]))

    def distances(self, network: DigitClassifier) -> Row:
        """How far apart source and target are in the features."""
        train = tuple(features_of(network, images) for images in self.training)
        test = tuple(features_of(network, self.domains[name].images[:FEW]) for name in ("mnist", "mnist_m"))
        return {
            "domain_accuracy": domain_accuracy(train, test),  # type: ignore[arg-type]
            "a_distance": proxy_a_distance(train, test),  # type: ignore[arg-type]
        }

    def choices(self, snapshots: Mapping[int, DigitClassifier]) -> Row:
        """Which snapshot a label-free selector and an oracle would have kept, and its accuracy on MNIST-M."""
        target, unlabelled = self.domains["mnist_m"], self.training[1]
        scores, accuracies = {}, {}
        for step, network in snapshots.items():
            scores[step] = information_maximisation(logits_of(network, unlabelled))
            accuracies[step] = accuracy(logits_of(network, target.images), target.labels)
        selected, oracle = max(scores, key=scores.__getitem__), max(accuracies, key=accuracies.__getitem__)
        return {
            "selected": accuracies[selected],
            "selected_iteration": selected,
            "oracle": accuracies[oracle],
            "oracle_iteration": oracle,
        }

    def along(
        self, states: Sequence[State], shares: Sequence[float], *, count: int | None = None
    ) -> tuple[float, float]:
        """Accuracy on (the first ``count`` digits of) MNIST and MNIST-M of a blend."""
        network = fresh_network(states[0]).to(memory_format=torch.channels_last)
        network.load_state_dict(interpolate(states, shares, extrapolate=True))
        mnist, mnist_m = (self.accuracy(network, name, count=count) for name in ("mnist", "mnist_m"))
        return mnist, mnist_m

    def accuracy(self, network: DigitClassifier, domain: str, *, count: int | None = None) -> float:
        digits = self.domains[domain].subset(slice(count))
        return accuracy(logits_of(network, digits.images), digits.labels)


@torch.no_grad()
def activations_of(network: DigitClassifier, images: Tensor) -> dict[str, Tensor]:
    """uint8 digits (N, 3, 28, 28) to what every layer gives, float32 (N, units), by name.

    "adapt" are the outputs of fc2 before its ReLU: DDC's adaptation layer is folded into that one, and
    these are a linear image of its outputs, so that a linear classifier sees the same.
    """
    chunks = [network.activations(chunk.float() / 255) for chunk in torch.split(images, CHUNK)]
    found = {name: torch.cat([chunk[name] for chunk in chunks]) for name in chunks[0]}
    return found | {"adapt": network.fc2(found["fc1"])}


@lru_cache(maxsize=1)
def evaluator_of(runs: Runs) -> Evaluator:
    """The evaluator of some runs, whose digits are made once a process."""
    return Evaluator(runs)
