"""The task of each end: how its inputs are degraded, and its target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from dni.training.restoration.data.degradations import degrade
from dni.training.restoration.data.flatten import flatten
from dni.training.restoration.data.second_order import degrade_twice

__all__ = ["TASKS", "Task"]


def undegraded(patch: Tensor, generator: np.random.Generator) -> Tensor:
    """The patch itself."""
    return patch


def itself(photograph: Tensor) -> Tensor:
    """The photograph itself."""
    return photograph


@dataclass(frozen=True)
class Task:
    """From a photograph to an input and a target; both are the photograph's own where nothing is said.

    Attributes:
        degrade: Applied to each reduced patch, with a generator that decides on what is random; uint8 (3, h,
            w) in and out.
        downscale: Instead of the bicubic reduction and ``degrade``: a patch of the target, the height and
            width of the input, and the generator, to the input; None for the reduction.
        target: Applied to each whole photograph; uint8 (3, H, W) in and out.
    """

    degrade: Callable[[Tensor, np.random.Generator], Tensor] = undegraded
    downscale: Callable[[Tensor, tuple[int, int], np.random.Generator], Tensor] | None = None
    target: Callable[[Tensor], Tensor] = itself


TASKS: dict[str, Task] = {
    "psnr": Task(),
    "texture": Task(),
    "detail": Task(),
    "gan": Task(),
    "clean": Task(degrade=degrade),
    "flat": Task(target=flatten),
    "careful": Task(downscale=degrade_twice),
    "bold": Task(downscale=degrade_twice),
    "vivid": Task(downscale=degrade_twice),
}
