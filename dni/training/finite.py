"""Refuses to keep a network that a training has broken: one with NaN or infinite numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping

from torch import Tensor

from dni.errors import DniError

__all__ = ["DivergedError", "check_finite"]


class DivergedError(DniError):
    """A training whose loss or parameters are no longer numbers."""


def check_finite(name: str, *values: object, step: int) -> None:
    """Raise before anything is written of a training that has diverged.

    Args:
        name: Of what is trained.
        values: Tensors and floats, also in dictionaries and lists; all else does not count.
        step: How far the training is.

    Raises:
        DivergedError: Any is NaN or infinite.
    """
    if not is_finite(values):
        raise DivergedError(
            f"Expected finite losses and parameters of {name}, but at step {step} some are NaN or infinite, "
            "so they were not written. Change a setting, such as the seed, and train it anew."
        )


def is_finite(value: object) -> bool:
    if isinstance(value, Tensor):
        return bool(value.isfinite().all())
    if isinstance(value, Mapping):
        return all(map(is_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)
