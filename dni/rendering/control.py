"""Render control: progress, notices, cancellation and the scheduling slot of a render."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

__all__ = ["Cancelled", "Notice", "Progress", "RenderControl", "Slot"]

Progress = Callable[[int, int], None]
Slot = Callable[[], AbstractContextManager[object]]
Notice = Callable[[str], None]


class Cancelled(Exception):  # noqa: N818 - not an error: somebody asked for it
    """The render was cancelled; nothing was produced."""


@dataclass(frozen=True, kw_only=True)
class RenderControl:
    """How a render is followed and stopped; by default it runs unobserved to its end.

    Args:
        progress: Called with (steps done, steps in all), first with (0, n). A step is a tile, or with a mask
            one run of the network. n grows where tiles are halved; on the CPU the count starts anew.
        cancelled: When set, the render stops before its next step.
        slot: Gives the context in which each step runs, so that other renders can come between.
        notice: Called with a text for people if memory runs out.
    """

    progress: Progress | None = None
    cancelled: threading.Event | None = None
    slot: Slot = nullcontext
    notice: Notice | None = None

    def report(self, done: int, total: int) -> None:
        """Tell the progress."""
        if self.progress:
            self.progress(done, total)

    def notify(self, text: str) -> None:
        """Give a notice."""
        if self.notice:
            self.notice(text)

    def raise_if_cancelled(self) -> None:
        """Raise :class:`Cancelled` if ``cancelled`` is set."""
        if self.cancelled is not None and self.cancelled.is_set():
            raise Cancelled

    def without_progress(self) -> RenderControl:
        """The same for a render within a render, which counts its steps itself."""
        return replace(self, progress=None)

    def for_part(self, index: int, count: int) -> RenderControl:
        """The same for render ``index`` of ``count``, which all count alike, however many steps one has."""
        progress = self.progress
        if progress is None:
            return self
        return replace(self, progress=lambda done, total: progress(index * total + done, count * total))
