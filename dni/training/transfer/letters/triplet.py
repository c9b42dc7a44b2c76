"""Letters as a map: a classifier of letters, and from it a network trained by triplets.

Schroff et al., "FaceNet: A Unified Embedding for Face Recognition and Clustering", CVPR 2015,
https://arxiv.org/abs/1503.03832: an anchor shall be nearer to a drawing of its own letter than to one of
another, by a margin. Triplets are mined in the batch: all pairs of one letter, each with a semi-hard
negative, farther away than the positive, but by less than the margin where there is one. We deviate:
distances are not squared, so the same margin asks for more. The classifier end
(softmax over the training letters, on the same network) is the ancestor of the triplet end, so both blend.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from dni.device import training_autocast
from dni.errors import DniError
from models.letters import LetterNetwork

__all__ = ["MARGIN", "LetterConfig", "LetterTrainer", "Loss", "deformed", "mine_semi_hard", "with_rotations"]

Loss = Literal["classifier", "triplet"]
# The paper's.
MARGIN = 0.2
# Of the cosines before the softmax; without it, points of length 1 could not be told apart surely.
SCALE = 16.0
LARGEST_ANGLE, LARGEST_SHIFT, LARGEST_SCALING = 0.25, 0.12, 0.15


@dataclass(frozen=True)
class LetterConfig:
    """What decides a training, beside the letters and the network that it starts from."""

    loss: Loss
    iterations: int = 1500
    letters: int = 16
    drawings: int = 4
    learning_rate: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        if self.loss not in ("classifier", "triplet"):
            raise DniError(f"Expected the loss 'classifier' or 'triplet', but got {self.loss!r}.")
        if self.iterations < 1 or self.letters < 2 or self.drawings < 2:
            raise DniError(f"Expected batches of at least two drawings of two letters, but got {self}.")


def with_rotations(images: Tensor) -> Tensor:
    """(C, N, 28, 28) to (4 C, N, 28, 28): every letter turned by 0, 90, 180 and 270 degrees, each a letter
    of its own (Santoro et al., 2016)."""
    return torch.cat([torch.rot90(images, turns, (2, 3)) for turns in range(4)])


def deformed(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images (B, 1, H, W), each turned, scaled, sheared and shifted a little at random."""

    def draw(largest: float) -> Tensor:
        return (2 * torch.rand(len(images), generator=generator) - 1) * largest

    angle, shear = draw(LARGEST_ANGLE), draw(LARGEST_ANGLE)
    width, height = 1 + draw(LARGEST_SCALING), 1 + draw(LARGEST_SCALING)
    top = torch.stack((width * angle.cos(), -angle.sin() + shear, draw(LARGEST_SHIFT)), dim=1)
    bottom = torch.stack((angle.sin(), height * angle.cos(), draw(LARGEST_SHIFT)), dim=1)
    grid = functional.affine_grid(torch.stack((top, bottom), dim=1), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def mine_semi_hard(points: Tensor, labels: Tensor, margin: float) -> tuple[Tensor, Tensor, Tensor]:
    """Indices of anchors, positives and negatives, (T,) each: every ordered pair of one label with the
    nearest negative that is farther away than the positive, and if there is none, the farthest negative.

    Args:
        points: floating point (B, d).
        labels: int64 (B,), at least two different ones.
        margin: Negatives beyond it make no loss, so pairs that have only such are left out.
    """
    distances = torch.cdist(points, points)
    same = labels[:, None] == labels
    anchors, positives = torch.nonzero(same.fill_diagonal_(False), as_tuple=True)
    others = labels[anchors, None] != labels  # (T, B)
    reach = distances[anchors, positives, None]
    far = torch.where(others & (distances[anchors] > reach), distances[anchors], torch.inf)
    farthest = torch.where(others, distances[anchors], -torch.inf)
    nearest = far.min(dim=1)
    negatives = torch.where(nearest.values.isinf(), farthest.argmax(dim=1), nearest.indices)
    used = distances[anchors, negatives] < reach[:, 0] + margin
    return anchors[used], positives[used], negatives[used]


class LetterTrainer:
    """Trains a network on the processor, its convolutions in bfloat16 where it has that.

    Batch ``n`` depends on the seed only, so a run can be stopped and resumed.

    Args:
        config: See there.
        images: uint8 (C, N, 28, 28), letters in rows.
        start: Weights to start from; else random ones, from the seed.
    """

    def __init__(
        self, config: LetterConfig, images: Tensor, *, start: dict[str, Tensor] | None = None
    ) -> None:
        self.config = config
        self.images = images
        torch.manual_seed(config.seed)
        self.network = LetterNetwork()
        if start is not None:
            self.network.load_state_dict(start)
        self.network.to(memory_format=torch.channels_last)
        self.head = nn.Linear(self.network(torch.zeros(1, 1, 28, 28)).shape[1], len(images), bias=False)
        self.loss: Callable[[Tensor, Tensor], Tensor]
        self.loss = self._classify if config.loss == "classifier" else triplet_loss
        trained = nn.ModuleList([self.network, self.head] if config.loss == "classifier" else [self.network])
        self.optimizer = torch.optim.Adam(trained.parameters(), lr=config.learning_rate)
        self.iteration = 0

    def step(self) -> float:
        """One update; returns the loss."""
        progress = self.iteration / self.config.iterations
        self.optimizer.param_groups[0]["lr"] = self.config.learning_rate * (1 - progress)
        images, labels = self.batch(self.iteration)
        with training_autocast(images.device):
            points = self.network(images)
        loss = self.loss(points.float(), labels)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.iteration += 1
        return float(loss.detach())

    def batch(self, number: int) -> tuple[Tensor, Tensor]:
        """Batch ``number``: float32 (letters * drawings, 1, 28, 28), deformed, and int64 labels."""
        generator = torch.Generator().manual_seed(self.config.seed * 1_000_003 + number)
        letters = torch.randperm(len(self.images), generator=generator)[: self.config.letters]
        order = torch.rand(len(letters), self.images.shape[1], generator=generator).argsort(dim=1)
        chosen = self.images[
            letters[:, None], order[:, : self.config.drawings]
        ]  # (letters, drawings, 28, 28)
        images = chosen.flatten(0, 1)[:, None].float() / 255
        return deformed(images, generator), letters.repeat_interleave(self.config.drawings)

    def state(self) -> dict[str, Any]:
        return {
            "iteration": self.iteration,
            "network": self.network.state_dict(),
            "head": self.head.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.iteration = state["iteration"]
        self.network.load_state_dict(state["network"])
        self.head.load_state_dict(state["head"])
        self.optimizer.load_state_dict(state["optimizer"])

    def _classify(self, points: Tensor, labels: Tensor) -> Tensor:
        cosines = functional.linear(points, functional.normalize(self.head.weight, dim=1))
        return functional.cross_entropy(SCALE * cosines, labels)


def triplet_loss(points: Tensor, labels: Tensor) -> Tensor:
    """Mean triplet loss of the batch's semi-hard triplets; 0 if there are none."""
    anchors, positives, negatives = mine_semi_hard(points.detach(), labels, MARGIN)
    if not len(anchors):
        return (points * 0).sum()
    loss: Tensor = functional.triplet_margin_loss(
        points[anchors], points[positives], points[negatives], margin=MARGIN
    )
    return loss
