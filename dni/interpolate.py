"""Deep Network Interpolation as pure mathematics: state dicts in, state dict out.

Wang et al., "Deep Network Interpolation for Continuous Imagery Effect Transition", CVPR 2019,
https://arxiv.org/abs/1811.10515: networks of one architecture that descend from one ancestor can be
blended parameter by parameter, ``theta = sum_i shares_i * theta_i`` with ``sum_i shares_i = 1``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor

from dni.errors import DniError

__all__ = ["BlendError", "check_blendable", "check_shares", "interpolate", "shares_of"]

State = Mapping[str, Tensor]

SUM_TOLERANCE = 1e-6
MAX_NAMES = 10


class BlendError(DniError):
    """The ends, or the shares asked for, cannot be blended."""


def shares_of(alpha: float) -> tuple[float, float]:
    """The shares of two ends: ``alpha`` is the share of the second end, B."""
    return (1.0 - alpha, alpha)


def check_shares(shares: Iterable[float], *, num_ends: int, extrapolate: bool = False) -> tuple[float, ...]:
    """The shares as floats, or an error.

    Args:
        shares: One number an end.
        num_ends: How many ends there are.
        extrapolate: Allow shares outside [0, 1].

    Raises:
        BlendError: Not one finite share per end, a sum other than 1 (by more than 1e-6), or a share
            outside [0, 1] without ``extrapolate``.
    """
    checked = tuple(float(share) for share in shares)
    if len(checked) != num_ends:
        raise BlendError(f"Expected one share for each of the {num_ends} ends, but got {len(checked)}.")
    if not all(math.isfinite(share) for share in checked):
        raise BlendError(f"Expected finite shares, but got {show(checked)}. Give numbers from 0 to 1.")
    if abs(sum(checked) - 1) > SUM_TOLERANCE:
        raise BlendError(
            f"Expected shares that sum to 1, but {show(checked)} sum to {sum(checked):.6g}. "
            "Divide each by the sum."
        )
    if not extrapolate and not all(0 <= share <= 1 for share in checked):
        raise BlendError(
            f"Expected shares between 0 and 1, but got {show(checked)}. "
            "Stay between the ends, or ask for extrapolation."
        )
    return checked


def show(shares: Sequence[float]) -> str:
    return "(" + ", ".join(f"{share:.6g}" for share in shares) + ")"


def check_blendable(states: Sequence[State]) -> None:
    """Check that all states have the same names, shapes and dtypes, and equal integer tensors.

    Args:
        states: At least two state dicts, e.g. the ``state_dict()`` of networks as they were built.

    Raises:
        BlendError: Listing at most ten of the names that differ, sorted, and what to do.
    """
    if len(states) < 2:
        raise BlendError(f"Expected at least two ends to blend, but got {len(states)}.")
    first = states[0]
    for number, other in enumerate(states[1:], start=2):
        where = f"between end 1 and end {number}"
        report(first.keys() ^ other.keys(), f"Expected the same parameter names, but these differ {where}")
        checks: tuple[tuple[str, Callable[[Tensor, Tensor], bool]], ...] = (
            ("shapes", lambda a, b: a.shape == b.shape),
            ("dtypes", lambda a, b: a.dtype == b.dtype),
            ("integer values", lambda a, b: a.is_floating_point() or torch.equal(a.cpu(), b.cpu())),
        )
        for what, same in checks:
            differing = {name for name in first if not same(first[name], other[name])}
            report(differing, f"Expected the same {what}, but these differ {where}")


def report(names: Iterable[str], problem: str) -> None:
    """Raise if there are any names."""
    ordered = sorted(names)
    if not ordered:
        return
    rest = f" and {len(ordered) - MAX_NAMES} more" if len(ordered) > MAX_NAMES else ""
    raise BlendError(
        f"{problem}: {', '.join(ordered[:MAX_NAMES])}{rest}. "
        "Choose networks of one architecture and one configuration, trained from the same ancestor."
    )


def interpolate(
    states: Sequence[State], shares: Iterable[float], *, extrapolate: bool = False
) -> dict[str, Tensor]:
    """Blend state dicts: ``sum_i shares_i * states_i``, tensor by tensor, in new memory.

    Floating tensors are blended in at least float32 and keep their dtype, device and shape; running
    statistics of batch norms are blended like parameters (the paper does), which is an approximation.
    Integer and boolean tensors must be equal in all ends and are copied. A share of exactly 1 gives that
    end bit for bit.

    Args:
        states: Two or more blendable states.
        shares: One share an end, summing to 1.
        extrapolate: Allow shares outside [0, 1].

    Raises:
        BlendError: The states or the shares do not allow it.
    """
    check_blendable(states)
    checked = check_shares(shares, num_ends=len(states), extrapolate=extrapolate)
    return {name: blend_tensors([state[name] for state in states], checked) for name in states[0]}


def blend_tensors(tensors: Sequence[Tensor], shares: tuple[float, ...]) -> Tensor:
    """Blend one tensor of each end; the result has new memory."""
    used = [index for index, share in enumerate(shares) if share != 0]
    if len(used) == 1 or not tensors[0].is_floating_point():
        return tensors[used[0]].detach().clone()
    wide = torch.promote_types(tensors[0].dtype, torch.float32)
    chosen = [tensors[index].detach().to(wide) for index in used]
    if len(used) == 2:
        return torch.lerp(chosen[0], chosen[1], shares[used[1]]).to(tensors[0].dtype)
    total = torch.zeros_like(chosen[0])
    for index, tensor in zip(used, chosen, strict=True):
        total.add_(tensor, alpha=shares[index])
    return total.to(tensors[0].dtype)
