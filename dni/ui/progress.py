"""Shows downloads of networks in Gradio's progress bar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from dni.catalog.pairs import ProgressOf
from dni.catalog.transfer import Progress

__all__ = ["download_progress"]


def download_progress(progress: gr.Progress) -> ProgressOf:
    """What a download of a named file tells its progress."""

    @contextmanager
    def download(name: str) -> Iterator[Progress]:
        def report(done: int, total: int | None) -> None:
            size = f"{done / 1e6:.0f} of {total / 1e6:.0f} MB" if total else f"{done / 1e6:.0f} MB"
            progress(done / total if total else 0.0, desc=f"Downloading {name}: {size}")

        yield report

    return download
