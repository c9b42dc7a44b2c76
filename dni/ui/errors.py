"""Shows errors, warnings and notices in Gradio's boxes, with user text escaped."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
from gradio.events import Dependency

from dni.errors import DniError

__all__ = ["afterwards", "errors_shown", "notify", "warn"]

SECONDS = 15


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show an error of ours in a box, with everything else on the page left as it is."""
    try:
        yield
    except DniError as error:
        raise gr.Error(safe(error), duration=SECONDS, print_exception=False) from error


def warn(problem: DniError | str) -> None:
    """Show a warning in a box and go on."""
    gr.Warning(safe(problem), duration=SECONDS)


def notify(text: str) -> None:
    """Tell something in a box."""
    gr.Info(safe(text))


def safe(problem: object) -> str:
    """The boxes render HTML, and a text may hold words from somebody's file."""
    return html.escape(str(problem), quote=False)


def afterwards(event: Dependency, function: Callable[..., Any], inputs: Any, outputs: Any) -> None:
    """Call ``function`` after ``event``, whatever came of it (gradio's ``then`` does not follow an error)."""
    for follow in (event.success, event.failure):
        follow(function, inputs, outputs, queue=False, show_progress="hidden", api_visibility="private")
