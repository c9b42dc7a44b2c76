"""Runs one job in a process of its own, with limits on memory, processor time and time.

What strangers bring is decoded, loaded and measured in such processes: whatever becomes of one, the program
goes on. Memory and processor time are limited where the system can (Linux; on others only time is).

The child is a plain interpreter that imports the job's module and what that imports, and not the rest of
``dni``: for pictures that is Pillow and NumPy, in some 0.2 s and 30 MB, where PyTorch takes 1.5 s and 400 MB.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal

__all__ = ["BoundedProcess", "LimitError", "Limits", "in_fork", "ran_out_of_memory", "serve"]

Answer = tuple[Any, Sequence[int], Iterable[bytes | memoryview]]
"""A value for JSON; the sizes of blocks of bytes; and these bytes, in pieces of any size."""

# What replaces importing the package itself, whose __init__ imports everything.
BOOTSTRAP = """
import json, sys, types
sys.path[:], folder, job, *preloads = json.loads(sys.argv[1]), *sys.argv[2:]
package = sys.modules["dni"] = types.ModuleType("dni")
package.__path__ = [folder]
from dni.bounded_process import serve
serve(job, preloads)
"""
NICENESS = 5
MEMORY_TEXTS = (
    "allocate memory",
    "out of memory",
    "not enough memory",
    "memory limit",
    "alloc failed",
    "bad_alloc",
)
# All of torch's "[enforce fail at alloc_cpu.cpp ...]" that fits into a C++ string without memory of its own.
CUT_MEMORY_TEXT = "[enforce fail a"


@dataclass(frozen=True)
class Limits:
    """What one job may use.

    Attributes:
        memory_bytes: Beyond what its process has when the job starts; address space, on Linux only.
        cpu_seconds: Processor time of all its threads; not on Windows.
        wall_seconds: Time, from when it is asked until its answer is whole.
    """

    memory_bytes: int
    cpu_seconds: int
    wall_seconds: float


class LimitError(Exception):
    """A job was stopped at a limit, or ended without an answer, which mostly means memory."""

    def __init__(self, limit: Literal["memory", "time"]) -> None:
        super().__init__(f"The job was stopped: it took too much {limit}.")
        self.limit = limit


class BoundedProcess:
    """A process that does one job; it may be started before there is one.

    Args:
        job: ``"module:function"``, called with what is asked; gives an :data:`Answer`.
        threads: How many threads numerical libraries may use there; None for their own choice.
        preloads: Modules to import before limits count, beside those that the job's own module imports.
    """

    def __init__(self, job: str, *, threads: int | None = None, preloads: Sequence[str] = ()) -> None:
        paths = [str(Path(path).resolve()) for path in sys.path]
        few = {} if threads is None else dict.fromkeys(THREAD_VARIABLES, str(threads))
        environment = {"GLIBC_TUNABLES": LARGE_PAGES, **os.environ, **few}
        folder = str(Path(__file__).parent)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", BOOTSTRAP, json.dumps(paths), folder, job, *preloads],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        enlarge_pipe(self._process.stdout)

    def __enter__(self) -> BoundedProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_alive(self) -> bool:
        """Whether it can still be asked."""
        return self._process.poll() is None

    def ask(
        self, request: Mapping[str, Any], limits: Limits, *, max_bytes: int = 1_000_000
    ) -> tuple[Any, list[bytearray]]:
        """Let it do its job; at most once.

        Args:
            request: For JSON.
            limits: For this job.
            max_bytes: The most that the answer's blocks may have together.

        Returns:
            The answer and its blocks.

        Raises:
            LimitError: A limit was reached, or it ended without an answer.
        """
        assert self._process.stdin is not None, "it was opened as a pipe"
        late = threading.Event()

        def stop() -> None:
            late.set()
            self._kill()

        watchdog = threading.Timer(limits.wall_seconds, stop)
        watchdog.start()
        try:
            with contextlib.suppress(BrokenPipeError):
                line = json.dumps({"request": request, "limits": asdict(limits)})
                self._process.stdin.write(line.encode() + b"\n")
                self._process.stdin.flush()
            return self._answer(max_bytes)
        except EOFError as error:
            raise LimitError("time" if late.is_set() or self._out_of_time() else "memory") from error
        finally:
            watchdog.cancel()

    def close(self) -> None:
        """End it, whatever it does."""
        self._kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _answer(self, max_bytes: int) -> tuple[Any, list[bytearray]]:
        assert self._process.stdout is not None, "it was opened as a pipe"
        line = self._process.stdout.readline(max_bytes)
        if not line.endswith(b"\n"):
            raise EOFError
        said = json.loads(line)
        if "limit" in said:
            raise LimitError(said["limit"])
        if sum(said["sizes"]) > max_bytes:
            raise LimitError("memory")
        return said["answer"], [read_block(self._process.stdout, size) for size in said["sizes"]]

    def _out_of_time(self) -> bool:
        return hasattr(signal, "SIGXCPU") and self._process.wait() in (-signal.SIGXCPU, -signal.SIGKILL)

    def _kill(self) -> None:
        """End it and what it has started."""
        if self._process.poll() is not None:
            return
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()


# A new process takes all its memory anew: of a picture of 12 megapixels that was half of the time.
LARGE_PAGES = "glibc.malloc.hugetlb=1"
PIPE_BYTES = 1 << 20
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def enlarge_pipe(stream: IO[bytes] | None) -> None:
    """Let a pipe hold more than 64 KB, where the system can."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        assert stream is not None, "it was opened as a pipe"
        fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def read_block(stream: IO[bytes], size: int) -> bytearray:
    block = bytearray(size)
    view, done = memoryview(block), 0
    while done < size:
        count = stream.readinto(view[done:])  # type: ignore[attr-defined]  # a buffered pipe has it
        if not count:
            raise EOFError
        done += count
    return block


# In the child


def serve(job: str, preloads: Sequence[str]) -> None:
    """Wait for a request on standard input, do the job within limits, and write its answer."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not end up in the answer
    for library in preloads:
        importlib.import_module(library)
    module, name = job.split(":")
    function: Callable[[Any], Answer] = getattr(importlib.import_module(module), name)
    line = sys.stdin.buffer.readline()
    if not line:
        return  # the program has ended
    asked = json.loads(line)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    limit(Limits(**asked["limits"]))
    try:
        answer, sizes, pieces = function(asked["request"])
        answers.write(json.dumps({"answer": answer, "sizes": sizes}).encode() + b"\n")
        for piece in pieces:
            answers.write(piece)
    except MemoryError:
        answers.write(b'{"limit": "memory"}\n')
    answers.flush()
    os._exit(0)


def limit(limits: Limits) -> None:
    """Let this process use so much more memory than it does now, and so much processor time."""
    try:
        import resource
    except ImportError:  # Windows
        return
    used = int(time.process_time()) + 1
    seconds = used + limits.cpu_seconds
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + limits.memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def in_fork(work: Callable[[], Any], limits: Limits) -> tuple[Any, float]:
    """Do a part of a job in a fork of its own, so that what becomes of it does not harm the rest.

    Without forks (Windows) it is done here.

    Args:
        work: Gives a value for JSON.
        limits: For it; its time is limited by that of the whole job.

    Returns:
        The value, and the seconds of processor time that it took.

    Raises:
        LimitError: A limit was reached, or the fork ended without a value.
    """
    if not hasattr(os, "fork"):
        return work(), 0.0
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            limit(limits)
            with contextlib.suppress(Exception), os.fdopen(writing, "wb") as stream:
                stream.write(json.dumps(work()).encode())
        finally:  # never back into the job
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        said = stream.read()
    _, status, used = os.wait4(child, 0)
    if not said:
        stopped = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
        raise LimitError("time" if stopped else "memory")
    return json.loads(said), used.ru_utime + used.ru_stime


def ran_out_of_memory(error: BaseException | None) -> bool:
    """Whether that is what lies behind an error: libraries say so in exceptions of their own."""
    if error is None:
        return False
    text = str(error).strip().lower()
    said = text == CUT_MEMORY_TEXT or any(wanted in text for wanted in MEMORY_TEXTS)
    return isinstance(error, MemoryError) or said or ran_out_of_memory(error.__cause__ or error.__context__)
