"""Preemption: stops a forward pass between two layers when a more urgent render waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import nn

__all__ = ["Preempted", "preemptible"]


class Preempted(Exception):  # noqa: N818 - not an error: the work is to be done again later
    """The network was left half-way; it gave nothing, and can be run again."""


@contextmanager
def preemptible(network: nn.Module, urgent: Callable[[], bool]) -> Iterator[None]:
    """Look before every layer that ``network`` runs inside the block whether something is urgent.

    One layer of the bundled pair takes about a millisecond on two cores, a whole frame some sixty. On a GPU
    layers are queued long before they run, so there little is gained, and nothing lost.

    Args:
        network: Used by nobody else inside the block.
        urgent: Called before every layer; must be quick.

    Raises:
        Preempted: From the network, as soon as ``urgent`` says so.
    """

    def look(*_: object) -> None:
        if urgent():
            raise Preempted

    layers = [layer for layer in network.modules() if next(layer.children(), None) is None]
    hooks = [layer.register_forward_pre_hook(look) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
