"""Loads untrusted checkpoint files in a separate process with limits.

No file of weights can run code here (:mod:`dni.checkpoints.files`), but a small one can describe a network so
large, or so slow to build, that it takes the memory or the time of everybody. So each is first tried in a
fork of another process (:mod:`dni.bounded_process`). One such process runs at a time, whoever asks, and its
limits are for all that it does.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from dni.bounded_process import BoundedProcess, LimitError, Limits, in_fork, ran_out_of_memory
from dni.checkpoints.errors import MAX_BYTES, CheckpointError
from dni.checkpoints.networks import load_network
from dni.errors import DniError

__all__ = ["LIMITS", "MAX_FILES", "ask_apart", "check_count", "check_size", "load", "unusable"]

MAX_FILES = 8
# For all files of a call together, beyond PyTorch itself; a large network takes a few seconds.
LIMITS = Limits(memory_bytes=2 * 1024**3, cpu_seconds=60, wall_seconds=120.0)
# Of the processor time that is left, so that one file does not take it from all that come after it.
SHARE_OF_ONE = 0.5
FEWEST_SECONDS = 1
IMPORTING_SECONDS = 60
# Imported when a network needs it, which must not count as the network's own memory and time.
PRELOADS = ("spandrel",)
TRIALS = threading.Lock()


def unusable(
    paths: Sequence[Path | str],
    *,
    max_bytes: int = MAX_BYTES,
    limits: Limits = LIMITS,
    trial: str = "dni.checkpoints.sandbox:load",
) -> dict[Path, str]:
    """The files that cannot be used, each tried on its own, so that the others stay usable.

    Takes as long as importing PyTorch, and then little for each file; waits for the trials of others.

    Args:
        paths: At most eight files that somebody brought.
        max_bytes: The largest file to open.
        limits: For all of them together.
        trial: ``"module:function"``, which is called with a path there and raises what is wrong.

    Returns:
        For each of those files, what is wrong with it.

    Raises:
        CheckpointError: There are too many.
    """
    files = list(dict.fromkeys(map(Path, paths)))
    check_count(len(files))
    problems: dict[Path, str] = {}
    for path in files:
        try:
            check_size(path, max_bytes)
        except CheckpointError as error:
            problems[path] = str(error)
    small = [path for path in files if path not in problems]
    answers = try_apart(small, limits, trial) if small else []
    problems |= dict(zip(small, answers, strict=True))
    return {path: problems[path] for path in files if problems[path]}


def check_count(count: int) -> None:
    """Raise if there are more files than can be blended at once in the app."""
    if count > MAX_FILES:
        raise CheckpointError(
            f"Expected at most {MAX_FILES} networks at once, but got {count}. Leave some out, or use the "
            "command line on your own machine."
        )


def check_size(path: Path, max_bytes: int) -> None:
    """Raise if a file is too large to open; whether it is there at all, the reader says better."""
    size = path.stat().st_size if path.is_file() else 0
    if size > max_bytes:
        raise CheckpointError(
            f"Expected a file of at most {max_bytes / 1e6:.4g} MB, but {path} has {size / 1e6:.4g} MB. "
            "Choose a smaller network, or use the command line on your own machine."
        )


def try_apart(paths: Sequence[Path], limits: Limits, trial: str) -> list[str]:
    """What another process says of every file: "" or what is wrong."""
    request = {
        "paths": [os.path.abspath(path) for path in paths],
        "trial": trial,
        "memory_bytes": limits.memory_bytes,
        "cpu_seconds": limits.cpu_seconds,
    }
    try:
        # Its forks are what works; the process itself has only to import PyTorch.
        answers = ask_apart(f"{__name__}:try_each", request, limits)
    except LimitError as error:
        say = too_busy if error.limit == "time" else partial(too_much, limit=error.limit)
        return [say(path) for path in paths]
    return [
        too_much(path, limit=answer["limit"]) if isinstance(answer, dict) else answer
        for path, answer in zip(paths, answers, strict=True)
    ]


def ask_apart(job: str, request: Mapping[str, Any], limits: Limits = LIMITS) -> Any:
    """What a job that needs PyTorch answers from a process with limits; waits for the jobs of others.

    Args:
        job: ``"module:function"``; see :class:`dni.bounded_process.BoundedProcess`.
        request: For JSON.
        limits: Beyond importing PyTorch.

    Raises:
        LimitError: A limit was reached.
    """
    own = replace(limits, cpu_seconds=limits.cpu_seconds + IMPORTING_SECONDS)
    with TRIALS, BoundedProcess(job, preloads=PRELOADS) as process:
        return process.ask(request, own)[0]


def too_much(path: Path | str, *, limit: str) -> str:
    what = "memory" if limit == "memory" else "processor time"
    return (
        f"Expected a network of ordinary size, but trying {path} took too much {what}, so it was stopped. "
        "Check that it is the file you mean, and bring it with fewer others."
    )


def too_busy(path: Path | str) -> str:
    """What to say where the time on the wall ran out, and not the network's own."""
    return (
        f"Expected to try {path} within {LIMITS.wall_seconds:.0f} seconds, but this machine is too busy now. "
        "Nothing is known against the file: bring it again in some minutes."
    )


# In the other process


def try_each(
    request: Mapping[str, Any],
) -> tuple[list[str | dict[str, str] | None], list[int], list[bytes]]:
    """Try every file in a fork of its own: "" or what is wrong, or which limit was reached."""
    module, name = request["trial"].split(":")
    function = getattr(importlib.import_module(module), name)
    answers: list[str | dict[str, str] | None] = []
    left = float(request["cpu_seconds"])
    for path in request["paths"]:
        seconds = max(FEWEST_SECONDS, int(left * SHARE_OF_ONE))
        try:
            limits = Limits(request["memory_bytes"], seconds, 0.0)
            answer, used = in_fork(partial(problem_of, path, function), limits)
        except LimitError as error:
            answer, used = {"limit": error.limit}, float(seconds if error.limit == "time" else 0)
        answers.append({"limit": "memory"} if answer is None else answer)
        left -= used
    return answers, [], []


def load(path: str) -> None:
    """The plainest trial: build the network."""
    load_network(path)


def problem_of(path: str, trial: Any = load) -> str | None:
    """What is wrong with one file, or ""; None if memory ran out."""
    try:
        trial(path)
    except Exception as error:  # third-party code on a stranger's file
        if ran_out_of_memory(error):
            return None
        if isinstance(error, DniError):
            return str(error)
        return f"Expected a network that can be built, but {path} cannot ({type(error).__name__})."
    return ""
