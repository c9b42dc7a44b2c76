"""Preemption: stops or pauses a forward pass between two layers when a more urgent render waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch.nn.modules.module import register_module_forward_pre_hook

__all__ = ["Preempted", "between_layers", "preemptible"]


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

    def look() -> None:
        if urgent():
            raise Preempted

    with between_layers(look):
        yield


@contextmanager
def between_layers(look: Callable[[], None]) -> Iterator[None]:
    """Call ``look`` before every module that this thread runs inside the block, whatever network it is of.

    Args:
        look: May wait, or raise to leave the network half-way.
    """
    thread = threading.get_ident()

    def before(*_: object) -> None:
        if threading.get_ident() == thread:
            look()

    hook = register_module_forward_pre_hook(before)
    try:
        yield
    finally:
        hook.remove()
