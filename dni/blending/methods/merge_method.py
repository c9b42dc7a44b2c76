"""Which merge method, with its settings: a value that a mix holds and a recipe records."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from dni.blending.errors import BlendError
from dni.errors import listed, shown

__all__ = ["METHOD_NAMES", "MergeMethod", "method_values", "read_method"]

METHOD_NAMES = ("slerp", "ties", "dare", "dare-ties", "model-stock")
# TIES keeps a fifth of each task vector (its paper's choice); DARE drops a tenth here: its paper drops up to
# nine tenths of a language model's, which leaves nothing of a small network for images.
DENSITIES = {"ties": 0.2, "dare": 0.9, "dare-ties": 0.9}
LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class MergeMethod:
    """A merge method.

    In all but SLERP the first end is the ancestor, and the shares of the others say how much of their changes
    from it (task vectors) is added, as :func:`dni.blending.shares.task_shares` gives them.

    Args:
        name: One of :data:`METHOD_NAMES`.
        density: How much of each task vector is kept, above 0 and at most 1; for TIES and DARE only. By
            default what :data:`DENSITIES` says.
        seed: Of what DARE drops, 0 to 2^31 - 1.

    Raises:
        BlendError: A value is out of these bounds, or not one for this method.

    Example:
        >>> MergeMethod("ties").density
        0.2
    """

    name: str
    density: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.name not in METHOD_NAMES:
            raise BlendError(
                f"Expected one of {', '.join(METHOD_NAMES)} as the merge method, but got {shown(self.name)}."
            )
        if self.density is None and self.name in DENSITIES:
            object.__setattr__(self, "density", DENSITIES[self.name])  # the dataclass is frozen
        if self.density is not None:
            self._check_density(self.density)
        if not is_seed(self.seed) or (self.seed and not self.draws):
            raise BlendError(
                f"Expected a seed from 0 to {LARGEST_SEED}, for dare and dare-ties only, but got "
                f"{shown(self.seed)}. Correct it or leave it out."
            )

    def _check_density(self, density: float) -> None:
        if self.name not in DENSITIES:
            raise BlendError(
                f"Expected a density for {listed(DENSITIES)} only, but {self.name} has none. Leave it out."
            )
        fine = isinstance(density, int | float) and not isinstance(density, bool)
        if not fine or not math.isfinite(density) or not 0 < density <= 1:
            raise BlendError(
                f"Expected a density above 0 and at most 1, but got {shown(density)}. Give one like 0.5."
            )

    @property
    def draws(self) -> bool:
        """Whether it draws random numbers."""
        return self.name.startswith("dare")

    @property
    def keeps_every_end(self) -> bool:
        """Whether a share of 1 gives that end; the others promise it of the first one only."""
        return self.name == "slerp"

    def check_ends(self, num_ends: int) -> None:
        """Raise where it is not for so many ends."""
        if self.name == "slerp" and num_ends != 2:
            raise BlendError(
                f"Expected two ends for slerp, but got {num_ends}. Choose two, or another method."
            )
        if self.name == "model-stock" and num_ends < 3:
            raise BlendError(
                "Expected an ancestor and at least two networks trained from it for model-stock, but got "
                f"{num_ends} ends. Give their ancestor first, or choose another method."
            )


def is_seed(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_SEED


def method_values(method: MergeMethod) -> dict[str, Any]:
    """What JSON can hold: its name, and where it has them its density and seed."""
    values: dict[str, Any] = {"name": method.name}
    if method.density is not None:
        values["density"] = method.density
    if method.seed:
        values["seed"] = method.seed
    return values


def read_method(value: object) -> MergeMethod | None:
    """Read :func:`method_values`; None is none.

    Raises:
        BlendError: It is no method, or has other fields.
    """
    if value is None:
        return None
    if not isinstance(value, dict) or not {"name"} <= value.keys() <= {"name", "density", "seed"}:
        raise BlendError(
            "Expected a merge method with its name, and where it has them density and seed, but got "
            f"{shown(value)}. Correct it."
        )
    return MergeMethod(**value)
