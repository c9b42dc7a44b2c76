"""Deep Network Interpolation as pure mathematics: state dicts in, state dict out.

Wang et al., "Deep Network Interpolation for Continuous Imagery Effect Transition", CVPR 2019,
https://arxiv.org/abs/1811.10515: networks of one architecture that descend from one ancestor can be
blended parameter by parameter, ``theta = sum_i shares_i * theta_i`` with ``sum_i shares_i = 1``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor

from dni.blending.layer_groups import layer_groups
from dni.blending.methods.merge import is_merged, merge_tensors
from dni.blending.shares import BlendError, Mix, MixLike, as_mix, check_shares, shares_of
from dni.errors import listed

__all__ = ["BlendError", "check_blendable", "check_groups", "check_shares", "interpolate", "shares_of"]

State = Mapping[str, Tensor]

MAX_NAMES = 10
COUNTER = "num_batches_tracked"


def check_blendable(states: Sequence[State]) -> None:
    """Check that all states have the same names, shapes and dtypes, and equal integer tensors.

    How many batches a batch norm has seen may differ.

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
            compared = [name for name in first if not name.endswith(COUNTER)]
            differing = {name for name in compared if not same(first[name], other[name])}
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


def check_groups(mix: Mix, known: Iterable[str]) -> None:
    """Check that a network has the groups of layers that a mix names.

    Args:
        mix: The mix.
        known: The network's groups, in order of depth (:func:`dni.blending.layer_groups.layer_groups`).

    Raises:
        BlendError: Listing the unknown groups, and the known ones.
    """
    names = list(known)
    unknown = [name for name, _ in mix.groups if name not in names]
    if unknown:
        raise BlendError(
            f"Expected groups of layers that this network has, but got {listed(map(repr, unknown))}. "
            f"Choose from: {', '.join(names)}."
        )


def interpolate(
    states: Sequence[State],
    mix: MixLike,
    *,
    extrapolate: bool = False,
    execution_order: Mapping[str, int] | None = None,
) -> dict[str, Tensor]:
    """Blend state dicts: ``sum_i shares_i * states_i``, tensor by tensor, in new memory.

    Floating tensors are blended in at least float32 and keep their dtype, device and shape; running
    statistics of batch norms are blended like parameters (the paper does), which is an approximation.
    Integer and boolean tensors must be equal in all ends and are copied; where batch norms count batches, the
    first end's number is. A share of exactly 1 gives that
    end bit for bit. A mix with a merge method is merged by it (:mod:`dni.blending.methods.merge`); repair is
    for whoever has pictures (:mod:`dni.rendering.repair`).

    Args:
        states: Two or more blendable states; for a mix with groups, in the order of the built network
            (see :func:`dni.blending.layer_groups.layer_groups`).
        mix: The mix, or plain shares, one an end.
        extrapolate: Allow plain shares outside [0, 1]; a mix knows by itself.
        execution_order: The order of the network's layers; see
            :func:`dni.blending.layer_groups.layer_groups`.

    Raises:
        BlendError: The states, the shares or the groups do not allow it.
    """
    check_blendable(states)
    wanted = as_mix(mix, num_ends=len(states), extrapolate=extrapolate)
    groups = layer_groups(states[0], execution_order)
    check_groups(wanted, groups)
    shares = {name: wanted.shares_in(group) for group, names in groups.items() for name in names}
    blended = {}
    for name, first in states[0].items():
        tensors, own = [state[name] for state in states], shares.get(name, wanted.shares)
        if wanted.method and first.is_floating_point() and is_merged(name):
            blended[name] = merge_tensors(name, tensors, own, wanted.method).to(first.dtype)
        else:
            blended[name] = blend_tensors(tensors, own)
    return blended


def blend_tensors(tensors: Sequence[Tensor], shares: tuple[float, ...]) -> Tensor:
    """Blend one tensor of each end; the result has new memory."""
    used = [index for index, share in enumerate(shares) if share != 0]
    if not tensors[0].is_floating_point():
        return tensors[0].detach().clone()
    if len(used) == 1:
        return tensors[used[0]].detach().clone()
    wide = torch.promote_types(tensors[0].dtype, torch.float32)
    chosen = [tensors[index].detach().to(wide) for index in used]
    if len(used) == 2:
        return torch.lerp(chosen[0], chosen[1], shares[used[1]]).to(tensors[0].dtype)
    total = torch.zeros_like(chosen[0])
    for index, tensor in zip(used, chosen, strict=True):
        total.add_(tensor, alpha=shares[index])
    return total.to(tensors[0].dtype)
