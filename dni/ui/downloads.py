"""Downloads of networks, shown in gradio's progress bar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from dni.catalog import ProgressOf
from dni.download import Progress

__all__ = ["shown_in"]


def shown_in(progress: gr.Progress) -> ProgressOf:
    """What a download of a named file tells its progress."""

    @contextmanager
    def download(name: str) -> Iterator[Progress]:
        def report(done: int, total: int | None) -> None:
            size = f"{done / 1e6:.0f} of {total / 1e6:.0f} MB" if total else f"{done / 1e6:.0f} MB"
            progress(done / total if total else 0.0, desc=f"Downloading {name}: {size}")

        yield report

    return download
