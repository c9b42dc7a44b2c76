"""Predictions, accuracies and feature maps of blended digit classifiers, for the Adaptation tab.

Results are known by method, alpha and the person's picture, and by nothing else: there is no "current"
person. The networks are tiny, so they run on the CPU even where there is a GPU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from dni.caches import SingleFlightCache
from dni.checkpoints.errors import CheckpointError
from dni.device import Precision, best_precision
from dni.digits.accuracies import ALPHAS, STRENGTHS, Accuracies
from dni.digits.classifiers import features_of, read_snapshots
from dni.digits.dann_run import DannRun, read_metrics, snapshots_path
from dni.digits.data.digit_sources import DigitSource, Photographs
from dni.digits.data.domains import SIDE, put_over
from dni.digits.data.sample_grid import DOMAINS, OwnPicture, SampleGrids
from dni.digits.feature_map import FeatureMap
from dni.digits.live_blend import LiveBlend, read_out
from dni.digits.methods import method_id
from dni.errors import DniError

__all__ = ["ALPHAS", "DOMAINS", "STRENGTHS", "DannRun", "Exact", "LiveView", "OwnPicture"]

NETWORK_BYTES = 64_000_000
RESULT_BYTES = 32_000_000
MEASURED = "Measured on test digits that none of the networks has learnt from, after the training."
NOT_MEASURED = "The report has no measures of this run: 'python -m dni evaluate digits' makes them."


@dataclass(frozen=True)
class Exact:
    """What the tab shows at one alpha.

    Attributes:
        probabilities: float32 (4, 40, 10).
        positions: float32 (2, 150, 2) in [-1, 1], on the axes of :meth:`LiveView.feature_map`.
        accuracy: One a domain, 0 to 1, on the held-out digits.
    """

    probabilities: Tensor
    positions: Tensor
    accuracy: tuple[float, ...]


class LiveView:
    """Safe to share between threads.

    ``method`` is an id of :data:`dni.digits.classifiers.METHOD_IDS` or "best"; alpha is that method's share,
    against source-only. Methods of this class that take them raise :class:`DniError` where there is no such
    method, its network is missing or damaged, or alpha is not in [0, 1]. Where ``own`` is None, ``default``
    takes its place. Domains are in the order of :data:`DOMAINS`.

    Args:
        handwriting: Whose digits to show.
        photographs: Behind the digits of MNIST-M.
        default: The picture of those who have not given their own.
        precision: Of the networks; bfloat16 where the processor has it.

    Attributes:
        handwriting: As given.
        titles: Of the domains.
        notes: A line on each of the domains.
        labels: int64 (40,), of the digits on every grid; sorted.
        map_labels: int64 (2, 150), of the digits of MNIST and MNIST-M on the feature map.
        num_held_out: How many other digits of each domain are measured on where no accuracies ship.
        accuracies: One number for each quantity.
    """

    def __init__(
        self,
        digit_source: DigitSource,
        photographs: Photographs,
        default: OwnPicture,
        *,
        precision: Precision | None = None,
    ) -> None:
        self.digit_source = digit_source
        self.default = default
        self.precision = precision or best_precision(torch.device("cpu"))
        self.titles = TITLES
        self.notes = notes(photographs)
        self._grids = SampleGrids(digit_source, photographs)
        self.labels = self._grids.split.grid.labels
        self.map_labels = self._grids.split.map.labels.expand(2, -1)
        self.num_held_out = len(self._grids.split.held_out)
        self._live = SingleFlightCache(NETWORK_BYTES)
        self._results = SingleFlightCache(RESULT_BYTES)
        self.accuracies = Accuracies(self._grids, self.predict, self._results)

    def forget(self, matches: Callable[[str], bool]) -> None:
        """Free what is remembered of the pictures whose token matches."""
        self._grids.forget(matches)
        self._results.drop(lambda key: isinstance(key[-1], tuple) and matches(key[-1][0]))

    # Sample grids

    def grid(self, own: OwnPicture | None = None) -> Tensor:
        """The digits on the grids: uint8 (4, 40, 3, 28, 28), RGB."""
        return torch.cat((self._grids.grid, self._grids.own_grid(own or self.default)))

    def strip(self, method: str, own: OwnPicture | None = None) -> Tensor:
        """Probabilities on the grids at every one of ``ALPHAS``: float32 (21, 4, 40, 10); remembered."""
        fixed, yours = self._strip(method, None), self._strip(method, own or self.default)
        return torch.cat((fixed, yours), dim=1)

    def _strip(self, method: str, own: OwnPicture | None) -> Tensor:
        """The three fixed domains, or the person's own."""
        images = self._grids.own_grid(own) if own else self._grids.grid
        key = ("strip", method_id(method), own and own.key)
        return self._results.recall(key, lambda: self._along(method, images))

    def _along(self, method: str, images: Tensor) -> Tensor:
        return torch.stack([self.predict(method, alpha, images) for alpha in ALPHAS])

    def exact(self, method: str, alpha: float, own: OwnPicture | None = None) -> Exact:
        """Grids, feature map and accuracy at one alpha."""
        return Exact(
            self.exact_grid(method, alpha, own),
            self._feature_map(method).place(self._live_digits(method).features(alpha, self._grids.map)),
            self.accuracy(method, alpha, own),
        )

    def exact_grid(self, method: str, alpha: float, own: OwnPicture | None = None) -> Tensor:
        """Probabilities on the grids at one alpha, in a few milliseconds: float32 (4, 40, 10)."""
        return self.predict(method, alpha, self.grid(own))

    def predict(self, method: str, alpha: float, images: Tensor) -> Tensor:
        """Probabilities of digits, uint8 (..., 3, 28, 28), at one alpha: float32 (..., 10).

        Raises:
            DniError: Another shape or dtype.
        """
        if images.dtype != torch.uint8 or images.shape[-3:] != (3, SIDE, SIDE):
            raise DniError(
                f"Expected digits of uint8 (..., 3, {SIDE}, {SIDE}), but got {images.dtype} "
                f"{tuple(images.shape)}."
            )
        return self._live_digits(method).probabilities(alpha, images)

    def _live_digits(self, method: str) -> LiveBlend:
        method = method_id(method)
        return self._live.recall(method, lambda: LiveBlend(method, self.precision))

    # Accuracy

    def accuracy(self, method: str, alpha: float, own: OwnPicture | None = None) -> tuple[float, ...]:
        """Share of right answers on test digits, one a domain; see :class:`Accuracies`."""
        return self.accuracies.at(method, alpha, own or self.default)

    def accuracy_curve(self, method: str, own: OwnPicture | None = None) -> Tensor:
        """Accuracy at every one of ``ALPHAS``: float32 (21, 4); seconds for an own picture."""
        return self.accuracies.curve(method, own or self.default)

    def strengths_curve(self, method: str, alpha: float, own: OwnPicture | None = None) -> Tensor:
        """Accuracy while the picture is faded in by every one of ``STRENGTHS``.

        Returns:
            float32 (3, 11): source-only, the blend at ``alpha``, and the adapted network.
        """
        return self.accuracies.strengths(method, alpha, own or self.default)

    # A drawn digit

    def compose(self, ink: Tensor, colour: tuple[int, int, int], own: OwnPicture | None = None) -> Tensor:
        """A drawn digit in its colour over a patch of the picture, as the domain "yours" does it.

        Args:
            ink: Floating point (28, 28), from 0 (none) to 1.
            colour: RGB, 0 to 255 each.
            own: The picture and how far it is faded in; at 0 the digit is on black.

        Returns:
            uint8 (3, 28, 28).

        Raises:
            DniError: Another shape, or values outside these ranges.
        """
        check_drawing(ink, colour)
        own = own or self.default
        digit = (ink * torch.tensor(colour)[:, None, None]).round().to(torch.uint8)
        return put_over(digit[None], self._grids.patches(own)[:1], strength=own.strength)[0]

    def drawn(self, method: str, image: Tensor) -> Tensor:
        """Probabilities of one digit, uint8 (3, 28, 28), at every one of ``ALPHAS``: float32 (21, 10)."""
        return self._along(method, image)

    # Features

    def feature_map(self, method: str) -> Tensor:
        """Where the features of some digits lie at every one of ``ALPHAS``, on the same axes.

        Returns:
            float32 (21, 2, 150, 2) in [-1, 1]: digits of MNIST and MNIST-M; x and y. Remembered.
        """
        return self._feature_map(method).positions

    def _feature_map(self, method: str) -> FeatureMap:
        live = self._live_digits(method)

        def fit() -> FeatureMap:
            return FeatureMap.fit(torch.stack([live.features(alpha, self._grids.map) for alpha in ALPHAS]))

        return self._results.recall(("map", method_id(method), None), fit)

    def dann_run(self) -> DannRun:
        """DANN's training, snapshot by snapshot; missing or damaged files leave parts of it empty."""
        return self._results.recall(("dann_run", None), self._read_dann_run)

    def _read_dann_run(self) -> DannRun:
        try:
            snapshots = read_snapshots(snapshots_path())
        except CheckpointError as error:
            note = f"Snapshots of the run are missing: {error} 'python -m dni evaluate digits' makes them."
            return DannRun((), torch.zeros(0, *self.map_labels.shape, 2), (), note)
        run = partial(read_out, features_of, images=self._grids.map, precision=self.precision)
        positions = FeatureMap.fit(torch.stack([run(network) for network in snapshots.values()])).positions
        iterations = tuple(snapshots)
        metrics = read_metrics(iterations)
        return DannRun(iterations, positions, metrics, MEASURED if metrics else NOT_MEASURED)


def check_drawing(ink: Tensor, colour: tuple[int, int, int]) -> None:
    if ink.shape != (SIDE, SIDE) or not bool(((ink >= 0) & (ink <= 1)).all()):
        raise DniError(
            f"Expected ink of shape ({SIDE}, {SIDE}) from 0 to 1, but got {tuple(ink.shape)} from "
            f"{float(ink.min()):g} to {float(ink.max()):g}."
        )
    if len(colour) != 3 or not all(0 <= part <= 255 for part in colour):
        raise DniError(f"Expected a colour of three numbers from 0 to 255, but got {colour}.")


TITLES = ("MNIST", "MNIST-M", "Inverted", "Yours")


def notes(photographs: Photographs) -> tuple[str, ...]:
    return (
        "Grey on black: source only learnt from such digits.",
        f"|patch - digit| over {photographs.title}.",
        "Dark on white: 255 less every pixel. Nobody learnt from these.",
        "Over patches of your own picture, faded in as far as you like.",
    )
