"""Blend: N ends on the device, blended in place into one live network.

Every end is flattened into one contiguous row per dtype, in the memory order of the live network's
parameters, which are themselves views into one more such row. A new alpha is then a single pass over
memory: no allocation, no ``load_state_dict``, no rebuilding.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dni.interpolate import BlendError, check_blendable, check_shares, report, shares_of

__all__ = ["Blend"]

# Every tensor starts on a cache line, as the allocator would have placed it.
ALIGNMENT_BYTES = 64


@dataclass
class Group:
    """All floating tensors of one dtype: ``ends`` is (N, n), ``live`` is (n,), on the device."""

    ends: Tensor
    live: Tensor

    @torch.no_grad()
    def set_shares(self, shares: tuple[float, ...]) -> None:
        used = [index for index, share in enumerate(shares) if share != 0]
        if len(used) == 1:
            self.live.copy_(self.ends[used[0]])
        elif len(used) == 2:
            torch.lerp(self.ends[used[0]], self.ends[used[1]], shares[used[1]], out=self.live)
        else:
            torch.mv(self.ends.T, self.ends.new_tensor(shares), out=self.live)


class Blend:
    """One live network whose parameters are a blend of N ends.

    The network keeps the dtype, device and memory format it has when it is given; the ends are converted
    to them. From then on the network belongs to the blend: use it through :meth:`at`, one person at a time.

    Args:
        network: The live network; its current parameters are overwritten.
        states: One state dict an end, with the names and shapes of the network's own. ``alpha = 0`` is
            the first end, ``alpha = 1`` the second.

    Raises:
        BlendError: The states differ in names, shapes, dtypes or integer tensors, or do not fit the network.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> a, b = nn.Linear(2, 1), nn.Linear(2, 1)
        >>> blend = Blend(nn.Linear(2, 1), [a.state_dict(), b.state_dict()])
        >>> with blend.at_alpha(1.0) as network:
        ...     bool(torch.equal(network.weight, b.weight))
        True
    """

    def __init__(self, network: nn.Module, states: Sequence[Mapping[str, Tensor]]) -> None:
        check_blendable(states)
        own = network.state_dict()
        report(own.keys() ^ states[0].keys(), "Expected the network's own names, but these differ")
        report(
            {name for name in own if own[name].shape != states[0][name].shape},
            "Expected the network's own shapes, but these differ",
        )
        self.num_ends = len(states)
        self.shares: tuple[float, ...] | None = None
        self._network = network
        self._lock = threading.RLock()
        with torch.no_grad():
            for name, tensor in own.items():
                if not tensor.is_floating_point():
                    tensor.copy_(states[0][name])
        dtypes = dict.fromkeys(tensor.dtype for tensor in own.values() if tensor.is_floating_point())
        self._groups = [build_group(network, states, dtype) for dtype in dtypes]

    @contextmanager
    def at(self, shares: Iterable[float], *, extrapolate: bool = False) -> Iterator[nn.Module]:
        """The network at these shares; others wait until the block is left.

        Raises:
            BlendError: See :func:`dni.interpolate.check_shares`.
        """
        checked = check_shares(shares, num_ends=self.num_ends, extrapolate=extrapolate)
        with self._lock:
            if checked != self.shares:
                self.shares = None  # in case setting is interrupted half-way
                for group in self._groups:
                    group.set_shares(checked)
                self.shares = checked
            yield self._network

    @contextmanager
    def at_alpha(self, alpha: float, *, extrapolate: bool = False) -> Iterator[nn.Module]:
        """The network of a two-ended blend at ``alpha``, the share of the second end."""
        if self.num_ends != 2:
            raise BlendError(f"Expected two ends for one alpha, but there are {self.num_ends}: give shares.")
        with self.at(shares_of(alpha), extrapolate=extrapolate) as network:
            yield network


def build_group(network: nn.Module, states: Sequence[Mapping[str, Tensor]], dtype: torch.dtype) -> Group:
    """Move all tensors of one dtype into flat rows and make the network's own views of the live one."""
    tensors = {name: t for name, t in network.state_dict(keep_vars=True).items() if t.dtype == dtype}
    step = max(1, ALIGNMENT_BYTES // dtype.itemsize)
    starts, length = {}, 0
    for name, tensor in tensors.items():
        starts[name] = length
        length += -(-tensor.numel() // step) * step
    device = next(iter(tensors.values())).device
    ends = torch.zeros(len(states), length, dtype=dtype, device=device)
    live = torch.zeros(length, dtype=dtype, device=device)
    for name, tensor in tensors.items():
        if not is_dense(tensor):
            raise BlendError(f"Expected parameters that fill their memory, but {name} overlaps or has gaps.")
        for row, state in zip(ends, states, strict=True):
            view_like(row, tensor, starts[name]).copy_(state[name])
        tensor.data = view_like(live, tensor, starts[name])
    return Group(ends, live)


def view_like(flat: Tensor, tensor: Tensor, start: int) -> Tensor:
    """A view into ``flat`` from ``start``, with the size and memory order of ``tensor``."""
    return flat.as_strided(tensor.size(), tensor.stride(), flat.storage_offset() + start)


def is_dense(tensor: Tensor) -> bool:
    """Whether the strides visit ``numel`` consecutive elements, each once, in some order of dimensions."""
    expected = 1
    for stride, size in sorted(zip(tensor.stride(), tensor.size(), strict=True)):
        if size != 1:
            if stride != expected:
                return False
            expected *= size
    return True
