"""Shows downloads of networks in Gradio's progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gradio as gr

from dni.catalog.pairs import ProgressOf
from dni.catalog.transfer import Progress
from dni.errors import DniError

__all__ = ["SupersededError", "download_progress"]


class SupersededError(DniError):
    """Whoever asked for a download has chosen something else meanwhile."""


def download_progress(progress: gr.Progress, is_superseded: Callable[[], bool] | None = None) -> ProgressOf:
    """What a download of a named file tells its progress.

    Args:
        progress: Of an event of the page.
        is_superseded: Asked on the way: the download stops by :class:`SupersededError`, and what has
            arrived is kept.
    """

    @contextmanager
    def download(name: str) -> Iterator[Progress]:
        def report(done: int, total: int | None) -> None:
            if is_superseded is not None and is_superseded():
                raise SupersededError(f"Something else was chosen while {name} was downloaded.")
            size = f"{done / 1e6:.0f} of {total / 1e6:.0f} MB" if total else f"{done / 1e6:.0f} MB"
            progress(done / total if total else 0.0, desc=f"Downloading {name}: {size}")

        yield report

    return download
