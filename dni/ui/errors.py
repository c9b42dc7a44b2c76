"""Shows errors, warnings and notices in Gradio's boxes, with user text escaped."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
from gradio.events import Dependency

from dni.errors import DniError

__all__ = ["afterwards", "errors_shown", "notify", "warn"]

SECONDS = 15

logger = logging.getLogger(__name__)


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show an error of ours in a box, with everything else on the page left as it is.

    So is one of the server's disk (full, not writable), without the path.
    """
    try:
        yield
    except OSError as error:
        logger.exception("A file could not be written or read.")
        reason = error.strerror or type(error).__name__
        text = f"The server could not write or read a file ({reason}). Nothing else is lost: try again later."
        raise gr.Error(safe(text), duration=SECONDS, print_exception=False) from error
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
