"""Wraps Python functions as server functions: errors become messages, slow ones get their own threads."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dni.errors import DniError

__all__ = ["answering", "apart", "encode"]

# Requests for frames that wait at once, of all people; each is a thread that sleeps.
MAX_WAITING = 64
Answer = dict[str, Any]


def answering(function: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Turn our errors into ``{"error": text}``: the viewer shows it and keeps its picture."""

    def answer(request: Any) -> Answer:
        try:
            return function(request)
        except DniError as error:
            return {"error": str(error)}
        except Exception as error:
            logging.getLogger(__name__).exception("A request of the viewer failed")
            return {"error": f"This went wrong on our side ({type(error).__name__}). Try again."}

    answer.__name__ = function.__name__
    return answer


def apart(function: Callable[[Any], Answer]) -> Callable[[Any], Awaitable[Answer]]:
    """Call ``function`` in threads of its own.

    Gradio calls server functions in the forty threads that also answer for the page and its files: people
    who wait for their turn to render would stop those.
    """
    threads = ThreadPoolExecutor(MAX_WAITING, thread_name_prefix=function.__name__)

    async def answer(request: Any) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(threads, function, request)

    answer.__name__ = function.__name__
    return answer


def encode(jpeg: bytes) -> str:
    return base64.b64encode(jpeg).decode("ascii")
