"""Calls of programs: each has a session of its own, and stops when its caller cancels it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from dni.errors import DniError
from dni.rendering.control import Cancelled, RenderControl
from dni.serving.sessions import Session, SessionRegistry
from dni.ui.errors import errors_shown

__all__ = ["answer_program"]

# The endpoints' own limits let fewer run at once.
THREADS = ThreadPoolExecutor(8, thread_name_prefix="programs")

T = TypeVar("T")


async def answer_program(sessions: SessionRegistry, work: Callable[[Session, RenderControl], T]) -> T:
    """Do what a program asks for.

    Gradio cancels the coroutine of a job when its caller cancels it, but not a thread; so the thread is told.

    Args:
        sessions: Where the call gets its session.
        work: Called in a thread with the session, and the control to follow.

    Raises:
        gradio.Error: In place of an error of ours.
    """
    cancelled = threading.Event()

    def run() -> T:
        with errors_shown(), sessions.open_api() as session:
            try:
                return work(session, RenderControl(cancelled=cancelled))
            except Cancelled:
                raise DniError("Cancelled: nothing was written.") from None

    try:
        return await asyncio.get_running_loop().run_in_executor(THREADS, copy_context().run, run)
    finally:
        cancelled.set()
