"""Blend: N ends on the device, blended in place into one live network.

Every end is flattened into one contiguous row per dtype, in the memory order of the live network's
parameters, which are themselves views into one more such row (:mod:`dni.blending.flat_buffers`). A new mix is
then a single pass over memory: no ``load_state_dict``, no rebuilding.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor, nn

from dni.blending.flat_buffers import build_rows
from dni.blending.interpolate import BlendError, check_blendable, check_groups, report
from dni.blending.layer_groups import layer_groups
from dni.blending.repair import Correction, correct
from dni.blending.shares import Mix, MixLike, as_mix

__all__ = ["Blend", "Refine", "refined"]

# Changes a live network after it was set to a mix.
Refine = Callable[[nn.Module], None]

refinement: ContextVar[Refine | None] = ContextVar("refinement", default=None)


@contextmanager
def refined(refine: Refine | None) -> Iterator[None]:
    """Inside, and only for this thread, blends between their ends are refined after they are set.

    Args:
        refine: Given the live network; may change tensors in place, but not parameters' memory.
    """
    token = refinement.set(refine)
    try:
        yield
    finally:
        refinement.reset(token)


class Blend:
    """One live network whose parameters are a blend of N ends.

    The network keeps the dtype, device and memory format it has when it is given; the ends are converted
    to them. From then on the network belongs to the blend: use it through :meth:`at`, one person at a time.

    Args:
        network: The live network; its current parameters are overwritten.
        states: One state dict an end, with the names and shapes of the network's own. ``alpha = 0`` is
            the first end, ``alpha = 1`` the second.
        execution_order: The order of the network's layers; see
            :func:`dni.blending.layer_groups.layer_groups`.

    Attributes:
        num_ends: How many ends there are.
        groups: The names of the groups of layers that a mix may give shares of their own.
        mix: What the live network is at; None before it was set.
        corrections: Gives what to correct at a mix that is to be repaired; None where nobody knows.
        lock: Held by whoever uses the network.

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

    def __init__(
        self,
        network: nn.Module,
        states: Sequence[Mapping[str, Tensor]],
        *,
        execution_order: Mapping[str, int] | None = None,
    ) -> None:
        check_blendable(states)
        own = network.state_dict()
        report(own.keys() ^ states[0].keys(), "Expected the network's own names, but these differ")
        report(
            {name for name in own if own[name].shape != states[0][name].shape},
            "Expected the network's own shapes, but these differ",
        )
        self.num_ends = len(states)
        self.mix: Mix | None = None
        self.corrections: Callable[[Mix], Mapping[str, Correction]] | None = None
        self._refine: Refine | None = None
        self._network = network
        self.lock = threading.RLock()
        with torch.no_grad():
            for name, tensor in own.items():
                if not tensor.is_floating_point():
                    tensor.copy_(states[0][name])
        dtypes = dict.fromkeys(tensor.dtype for tensor in own.values() if tensor.is_floating_point())
        groups = layer_groups(own, execution_order)
        self.groups = tuple(groups)
        self._rows = [build_rows(network, states, groups, dtype) for dtype in dtypes]

    @property
    def nbytes(self) -> int:
        """Bytes of device memory for all ends and the live network."""
        return sum(rows.nbytes for rows in self._rows)

    @contextmanager
    def at(self, mix: MixLike, *, extrapolate: bool = False) -> Iterator[nn.Module]:
        """The network at this mix; others wait until the block is left.

        Args:
            mix: The mix, or plain shares, one an end.
            extrapolate: Allow plain shares outside [0, 1]; a mix knows by itself.

        Raises:
            BlendError: The mix is for another number of ends or names a group that the network does not
                have, or plain shares are not valid (:func:`dni.blending.shares.check_shares`).
        """
        wanted = as_mix(mix, num_ends=self.num_ends, extrapolate=extrapolate)
        check_groups(wanted, self.groups)
        refine = None if wanted.is_end else refinement.get()
        with self.lock:
            if (wanted, refine) != (self.mix, self._refine):
                self.mix = None  # in case setting is interrupted half-way
                corrections = self._corrections(wanted)
                for rows in self._rows:
                    rows.set_mix(wanted)
                if corrections:
                    correct(self._network, corrections)
                if refine:
                    refine(self._network)
                self.mix, self._refine = wanted, refine
            yield self._network

    def _corrections(self, mix: Mix) -> Mapping[str, Correction]:
        """What to correct at a mix; to measure it, the network may be set to others meanwhile."""
        if not mix.repair or self.corrections is None:
            return {}
        with refined(None):
            return self.corrections(mix)

    @contextmanager
    def changed(self, mix: Mix, change: Refine) -> Iterator[nn.Module]:
        """The network at this mix, changed in place for the time of the block; others wait."""
        with self.lock, self.at(mix) as network:
            self.mix = None
            change(network)
            try:
                yield network
            finally:
                self.mix = None

    @contextmanager
    def at_alpha(self, alpha: float, *, extrapolate: bool = False) -> Iterator[nn.Module]:
        """The network of a two-ended blend at ``alpha``, the share of the second end."""
        if self.num_ends != 2:
            raise BlendError(f"Expected two ends for one alpha, but there are {self.num_ends}: give shares.")
        with self.at(Mix.of_alpha(alpha, extrapolate=extrapolate)) as network:
            yield network
