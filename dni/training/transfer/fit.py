"""A short training loop for small networks whose data fit memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from dni.training.finite import check_finite

__all__ = ["Schedule", "accuracy", "fit", "seeded"]

CHUNK = 500

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Schedule:
    """Adam with a learning rate that falls linearly to 0."""

    steps: int
    batch_size: int = 128
    learning_rate: float = 1e-3


def seeded(seed: int, build: Callable[[], M]) -> M:
    """Build a network with the weights of a seed, and leave the global generator as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build()


def fit(
    parameters: Iterable[nn.Parameter],
    loss_of: Callable[[Tensor], Tensor],
    num_samples: int,
    schedule: Schedule,
    seed: int,
) -> None:
    """Minimise a loss over random batches.

    Args:
        parameters: What is trained.
        loss_of: Given the indices (B,) of a batch, its loss.
        num_samples: Indices are below it.
        schedule: How long and how fast.
        seed: Of the batches, and of dropout.

    Raises:
        DivergedError: Parameters are no longer numbers at the end.
    """
    parameters = list(parameters)
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(parameters, lr=schedule.learning_rate, fused=True)
    steps = schedule.steps
    fall = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / steps)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for _ in range(steps):
            batch = torch.randint(num_samples, (schedule.batch_size,), generator=generator)
            optimiser.zero_grad()
            loss_of(batch).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            fall.step()
    check_finite("a network", parameters, step=steps)


@torch.no_grad()
def accuracy(logits: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor) -> float:
    """The share of rows of ``images`` that are read as their labels, from 0 to 1."""
    answers = torch.cat([logits(chunk).argmax(dim=1) for chunk in torch.split(images, CHUNK)])
    return (answers == labels).float().mean().item()
