"""Loads untrusted checkpoint files in a separate process with limits.

No file of weights can run code here (:mod:`dni.checkpoints.files`), but a small one can describe a network so
large, or so slow to build, that it takes the memory or the time of everybody. So each is first built in
another process that may use only so much of both, and whatever becomes of that one, nothing else is harmed.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from dni.checkpoints.files import MAX_BYTES, CheckpointError
from dni.checkpoints.networks import load_network

__all__ = ["check_size", "unusable"]

# Of processor time for one network; a large one takes a few seconds.
SECONDS = 30
# Beyond what PyTorch takes itself; for a file, its network, and what its check needs.
MEMORY_BYTES = 3 * 1024**3
MEMORY_PER_FILE_BYTE = 6


def unusable(
    paths: Sequence[Path | str],
    *,
    max_bytes: int = MAX_BYTES,
    memory_bytes: int = MEMORY_BYTES,
    seconds: int = SECONDS,
) -> dict[Path, str]:
    """The files that cannot be used, each tried on its own, so that the others stay usable.

    Needs a system with ``fork``. Takes as long as importing PyTorch, and then little for each file.

    Args:
        paths: Files that somebody brought.
        max_bytes: The largest file to open.
        memory_bytes: What building one network may take, beside six times the largest file; limited on
            Linux only.
        seconds: The processor time that each may take.

    Returns:
        For each of those files, what is wrong with it.
    """
    files = list(dict.fromkeys(map(Path, paths)))
    problems: dict[Path, str] = {}
    for path in files:
        try:
            check_size(path, max_bytes)
        except CheckpointError as error:
            problems[path] = str(error)
    small = [path for path in files if path not in problems]
    answers = ask(small, memory_bytes, seconds) if small else {}
    problems |= {path: answers.get(number, too_much(path)) for number, path in enumerate(small)}
    return {path: problems[path] for path in files if problems[path]}


def check_size(path: Path, max_bytes: int) -> None:
    """Raise if a file is too large to open; whether it is there at all, the reader says better."""
    size = path.stat().st_size if path.is_file() else 0
    if size > max_bytes:
        raise CheckpointError(
            f"Expected a file of at most {max_bytes / 1e6:.4g} MB, but {path} has {size / 1e6:.4g} MB. "
            "Choose a smaller network, or use the command line on your own machine."
        )


def ask(paths: Sequence[Path], memory_bytes: int, seconds: int) -> dict[int, str]:
    """What another process says of the files by their number: "" or what is wrong; nothing if it died."""
    here = str(Path(__file__).parents[2])
    search = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    largest = max(path.stat().st_size if path.is_file() else 0 for path in paths)
    limits = (memory_bytes + MEMORY_PER_FILE_BYTE * largest, seconds)
    said = subprocess.run(
        [sys.executable, "-m", "dni.checkpoints.sandbox", *map(str, limits), *map(os.path.abspath, paths)],
        env={**os.environ, "PYTHONPATH": search},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ).stdout
    return dict(json.loads(line) for line in said.decode().splitlines())


def too_much(path: Path | str) -> str:
    return (
        f"Expected a network of ordinary size, but building {path} took too much memory or time, so it was "
        "stopped. Check that it is the file you mean."
    )


def main() -> None:
    """Try every file in a fork of its own; the fork that gets to an end says its number and its answer."""
    memory_bytes, seconds, *paths = sys.argv[1:]
    for number, path in enumerate(paths):
        child = os.fork()
        if not child:
            limit(int(memory_bytes), int(seconds))
            print(json.dumps((number, problem_of(path))), flush=True)
            os._exit(0)
        os.waitpid(child, 0)


def limit(memory_bytes: int, seconds: int) -> None:
    """Let this process use so much more memory than it does now, and so much processor time."""
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    with contextlib.suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def problem_of(path: str) -> str:
    """What is wrong with one file, or ""."""
    try:
        load_network(path)
    except CheckpointError as error:
        return too_much(path) if ran_out_of_memory(error) else str(error)
    except MemoryError:
        return too_much(path)
    return ""


def ran_out_of_memory(error: BaseException | None) -> bool:
    """Whether that is what lies behind an error: libraries say so in exceptions of their own."""
    if error is None:
        return False
    said = isinstance(error, MemoryError) or "allocate memory" in str(error)
    return said or ran_out_of_memory(error.__cause__ or error.__context__)


if __name__ == "__main__":
    main()
