"""Says in a sentence why a request was refused where Gradio would say nothing.

Gradio answers ``"error": null`` for every exception that is not its own: for a file that was not uploaded,
for an address that may not be fetched, for values that no component takes. ``show_error=True`` would tell
strangers the exception's own words, in which paths of this server may be.

Addresses in the place of files are refused before Gradio fetches them, which it does without a limit on size;
what ``--link-pictures`` allows is fetched by :mod:`dni.ui.effects.linked_picture`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any
from urllib.parse import unquote

import gradio as gr

from dni.ui.requests.uploads import REFUSED

__all__ = ["answer_in_sentences"]

OTHER_VALUES = "Expected the values that /gradio_api/info names for this endpoint, but got others."
OUR_FAULT = "This went wrong on our side ({}). Try again."
SCHEMES = ("http://", "https://")
OWN_FILE = "/gradio_api/file="
FILE_KEYS = {"path", "url", "name"}

Call = Callable[..., Awaitable[Any]]

logger = logging.getLogger(__name__)


def answer_in_sentences(app: gr.Blocks) -> None:
    """Let every event and endpoint of the app answer with a sentence, whatever it refuses or fails at.

    Gradio calls both methods on the app for each request: the first reads the values that were sent, the
    second does everything.
    """
    calls: Any = app
    calls.preprocess_data = refusing(app.preprocess_data)
    calls.process_api = failing(app.process_api)


def refusing(read: Call) -> Call:
    """``preprocess_data``, of which all that is raised is somebody's values."""

    @wraps(read)
    async def answer(block_fn: Any, inputs: list[Any], *arguments: Any, **options: Any) -> Any:
        inputs = [with_own_paths(value) for value in inputs]
        if names_address(inputs):
            raise said(REFUSED)
        try:
            return await read(block_fn, inputs, *arguments, **options)
        except gr.Error:
            raise
        except Exception as error:
            logger.info("A request was refused: %s", type(error).__name__)
            raise said(REFUSED if any(map(names_file, inputs)) else OTHER_VALUES) from error

    return answer


def failing(process: Call) -> Call:
    """``process_api``; what was not refused before is a fault of ours."""

    @wraps(process)
    async def answer(*arguments: Any, **options: Any) -> Any:
        try:
            return await process(*arguments, **options)
        except gr.Error:
            raise
        except Exception as error:
            logger.exception("A request failed")
            raise said(OUR_FAULT.format(type(error).__name__)) from error

    return answer


def said(text: str) -> gr.Error:
    return gr.Error(text, print_exception=False)


def names_file(value: Any) -> bool:
    """Whether a value, or one in its list, is meant as a file; it may be anything."""
    values = value if isinstance(value, list) else [value]
    return any(isinstance(one, dict) and FILE_KEYS & one.keys() for one in values)


def with_own_paths(value: Any) -> Any:
    """A file, a list of files, or anything else, with the paths of files that are named by the address under
    which an app gives an upload back.

    That is all that a program can say through the MCP server. Nothing is fetched: the path is judged as any
    other one, whatever host the address names.
    """
    return [with_own_path(one) for one in value] if isinstance(value, list) else with_own_path(value)


def with_own_path(value: Any) -> Any:
    path = value.get("path") if isinstance(value, dict) else None
    if not isinstance(path, str) or not path.lower().startswith(SCHEMES):
        return value
    _, is_own, rest = path.partition(OWN_FILE)
    return {**value, "path": unquote(rest), "url": None} if is_own else value


def names_address(inputs: list[Any]) -> bool:
    """Whether a file anywhere in the values is an address, which Gradio would fetch."""
    rest = list(inputs)
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            path = value.get("path")
            if isinstance(path, str) and path.lower().startswith(SCHEMES):
                return True
            rest += value.values()
        elif isinstance(value, list | tuple):
            rest += value
    return False
