"""What stands behind the view "How deep?": networks for 5 to 9, between frozen and tuned layers of 0 to 4.

Yosinski et al., "How transferable are features in deep neural networks?", NIPS 2014,
https://arxiv.org/abs/1411.1792.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dni.blending.interpolate import interpolate
from dni.blending.shares import BlendError, shares_of
from dni.digits.data.digit_sources import DigitSource
from dni.errors import DniError
from dni.transfer.files import read_report, read_weights, shapes_of
from models.transfer import LAYERS, LayeredNetwork

__all__ = [
    "CLASSES_A",
    "CLASSES_B",
    "CUTS",
    "KINDS",
    "LABEL_COUNTS",
    "LIVE_COUNT",
    "DepthLive",
    "DepthReading",
    "blend_layers",
    "layer_alphas",
    "layer_of",
]

CLASSES_A = (0, 1, 2, 3, 4)
CLASSES_B = (5, 6, 7, 8, 9)
# A network is cut after so many layers.
CUTS = tuple(range(1, len(LAYERS)))
# Labelled digits of each class of B.
LABEL_COUNTS = (5, 10, 50)
# Of the pairs that ship.
LIVE_COUNT = 10
# As the paper names them: below the cut are layers of A, of B or random ones, frozen or (+) trained on.
KINDS = ("AnB", "AnB+", "BnB", "BnB+", "random")

VIEW = "depth"
NUM_SAMPLES = 40
CHUNK = 500


@dataclass(frozen=True)
class DepthReading:
    """What a blend reads: the digits of the samples (5 to 9), and the accuracy on all test digits of 5 to 9,
    or None where only the samples were read."""

    answers: list[int]
    accuracy: float | None


def layer_alphas(cut: int, alphas: Mapping[str, float]) -> dict[str, float]:
    """An alpha for each layer, of one for each layer below the cut and of "above" for all others.

    Raises:
        DniError: There is no such cut, a name is missing or too many, or a number is outside 0 to 1.
    """
    if cut not in CUTS:
        raise DniError(f"Expected a cut after layer 1 to {CUTS[-1]}, but got {cut}.")
    wanted = (*LAYERS[:cut], "above")
    if set(alphas) != set(wanted):
        raise DniError(f"Expected an alpha for each of {', '.join(wanted)}, but got {len(alphas)} numbers.")
    for name, alpha in alphas.items():
        if not 0 <= alpha <= 1:
            raise DniError(f"Expected alpha from 0 to 1 for {name}, but got {alpha:g}.")
    return {layer: alphas.get(layer, alphas["above"]) for layer in LAYERS}


def layer_of(name: str) -> str:
    """The layer of a parameter: "conv1" for "conv1.conv.weight"."""
    return name.partition(".")[0]


def blend_layers(ends: Sequence[Mapping[str, Tensor]], alphas: Mapping[str, float]) -> dict[str, Tensor]:
    """Both ends' parameters, blended layer by layer (:func:`dni.blending.interpolate.interpolate`).

    Args:
        ends: Two states of :class:`models.transfer.LayeredNetwork`.
        alphas: For each layer, the share of the second end, 0 to 1.

    Raises:
        BlendError: A layer has no alpha, or one outside 0 to 1, or the ends differ.
    """
    if set(alphas) != set(LAYERS):
        raise BlendError(f"Expected an alpha for each of {', '.join(LAYERS)}, but got {', '.join(alphas)}.")
    blended: dict[str, Tensor] = {}
    for layer in LAYERS:
        own = [{name: end[name] for name in end if layer_of(name) == layer} for end in ends]
        blended |= interpolate(own, shares_of(alphas[layer]))
    return {name: blended[name] for name in ends[0]}


class DepthLive:
    """Safe to share between threads: whoever asks sets the network and runs it before the next one does.

    Args:
        source: The digits to measure on; those of 0 to 4 are left out.

    Raises:
        DniError: A file that ships is missing or unusable.
    """

    def __init__(self, source: DigitSource) -> None:
        self.source = source
        self.report: dict[str, Any] = read_report(VIEW)
        own = torch.isin(source.digits.labels, torch.tensor(CLASSES_B))
        self.images = source.digits.images[own][:, :1].float().div(255)  # (N, 1, 28, 28)
        self.labels = source.digits.labels[own]
        self.samples = list(range(min(NUM_SAMPLES, len(self.labels))))
        self._network = LayeredNetwork().eval().requires_grad_(False)
        shapes = shapes_of(self._network)
        self._ends = {
            cut: [read_weights(VIEW, f"{end}-{cut}", shapes) for end in ("frozen", "tuned")] for cut in CUTS
        }
        self._lock = threading.Lock()

    def read(self, cut: int, alphas: Mapping[str, float], *, measure: bool) -> DepthReading:
        """What the pair of a cut reads, blended layer by layer.

        Args:
            cut: After which layer the pair was cut.
            alphas: See :func:`layer_alphas`; 0 is AnB, 1 is AnB+.
            measure: Read all test digits, and not only the samples.

        Raises:
            DniError: See :func:`layer_alphas`.
        """
        each = layer_alphas(cut, alphas)
        blended = blend_layers(self._ends[cut], each)
        images = self.images if measure else self.images[self.samples]
        with self._lock:
            self._network.load_state_dict(blended)
            classes = torch.cat([self._network(chunk).argmax(dim=1) for chunk in torch.split(images, CHUNK)])
        answers = torch.tensor(CLASSES_B)[classes]
        accuracy = (answers == self.labels).float().mean().item() if measure else None
        return DepthReading(answers[: len(self.samples)].tolist(), accuracy)
