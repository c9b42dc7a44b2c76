"""Shows errors, warnings and notices in Gradio's boxes, with user text escaped and without server paths."""

from __future__ import annotations

import html
import logging
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import Dependency

from dni.errors import DniError

__all__ = ["afterwards", "errors_shown", "notify", "page_text", "warn"]

SECONDS = 15
# Where our folders may lie whose names can hold spaces, which the patterns below take for an end.
FOLDER_VARIABLES = ("GRADIO_TEMP_DIR", "DNI_CACHE", "DNI_DATA", "DNI_WEIGHTS", "HF_HOME")
# The folders of an absolute path, with POSIX's or Windows' separators; not those of an address or "and/or".
START = r"(?:file://|(?<![\w/.~]))"
POSIX_FOLDERS = re.compile(START + r"/(?:[^/\s'\"<>]+/)+")
WINDOWS_FOLDERS = re.compile(r"\b[A-Za-z]:[\\/]+(?:[^\\/\s'\"<>]+[\\/]+)*")

# What only somebody at this machine can do.
BY_HAND = re.compile(r"or download it by hand and put it at [^\n]+")

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
    return html.escape(page_text(problem), quote=False)


def page_text(problem: object) -> str:
    """A text for people who are not at this machine: of every absolute path only the last name stays.

    >>> page_text("Expected a network in /srv/app/uploads/4f/my net.pth, see https://example.org/a/b.")
    'Expected a network in my net.pth, see https://example.org/a/b.'
    """
    text = BY_HAND.sub("or ask whoever runs this server to download it.", str(problem))
    for folder in sorted(known_folders(), key=len, reverse=True):
        text = re.sub(f"{START}{re.escape(folder)}/", "/server/", text)
    return WINDOWS_FOLDERS.sub("", POSIX_FOLDERS.sub("", text))


def known_folders() -> set[str]:
    """The folders of this server that a text is most likely to name."""
    named = (os.environ.get(name, "") for name in FOLDER_VARIABLES)
    folders = {*named, tempfile.gettempdir(), os.path.expanduser("~"), str(Path(__file__).parents[2])}
    return {folder for folder in folders if os.path.isabs(folder) and os.path.dirname(folder) != folder}


def afterwards(event: Dependency, function: Callable[..., Any], inputs: Any, outputs: Any) -> None:
    """Call ``function`` after ``event``, whatever came of it (gradio's ``then`` does not follow an error)."""
    for follow in (event.success, event.failure):
        follow(function, inputs, outputs, queue=False, show_progress="hidden", api_visibility="private")
