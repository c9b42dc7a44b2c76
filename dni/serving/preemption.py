"""Preemption: stops a forward pass between two layers when a more urgent render waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch.nn.modules.module import register_module_forward_pre_hook

__all__ = ["Preempted", "preemptible"]


class Preempted(Exception):  # noqa: N818 - not an error: the work is to be done again later
    """The network was left half-way; it gave nothing, and can be run again."""


@contextmanager
def preemptible(urgent: Callable[[], bool]) -> Iterator[None]:
    """Leave whatever network this thread runs inside the block as soon as something is urgent.

    One layer of the bundled pair takes about a millisecond on two cores, a whole frame some sixty. On a GPU
    layers are queued long before they run, so there little is gained, and nothing lost.

    Args:
        urgent: Called before every layer; must be quick.

    Raises:
        Preempted: From the network, as soon as ``urgent`` says so.
    """

    thread = threading.get_ident()

    def look(*_: object) -> None:
        if threading.get_ident() == thread and urgent():
            raise Preempted

    hook = register_module_forward_pre_hook(look)
    try:
        yield
    finally:
        hook.remove()
