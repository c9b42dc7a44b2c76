"""The app in a process of its own, and how much memory that takes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

__all__ = ["Server", "free_port", "memory_of", "serve"]

STARTING_SECONDS = 180
STOPPING_SECONDS = 20


@dataclass(frozen=True)
class Server:
    """A running app."""

    address: str
    process: subprocess.Popen[bytes]

    def memory(self) -> int:
        """Resident bytes of it and of the processes it has started."""
        return memory_of(self.process.pid)

    def cpu_seconds(self) -> float:
        """Processor time of it and of the processes it has started, those that have ended too."""
        return cpu_of(self.process.pid)


@contextmanager
def serve(environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start ``python -m dni serve``, wait until it answers, and stop it in the end.

    Args:
        environment: Variables beside this process's own.
    """
    port = free_port()
    command = [sys.executable, "-m", "dni", "serve", "--port", str(port)]
    process = subprocess.Popen(
        command,
        cwd=Path(__file__).parents[1],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(address, process)
        yield Server(address, process)
    finally:
        process.terminate()
        try:
            process.wait(STOPPING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{address}/config", timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise SystemExit(f"Expected the app to answer at {address}, but it did not. Its messages are above.")


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


def memory_of(pid: int) -> int:
    """Resident bytes of a program and the processes it has started; 0 for one that has ended.

    A child that it started this moment shares its memory until it has loaded a program of its own: vfork(2).
    Until then it is not counted a second time. What a child forks is counted whole.
    """
    command = read_proc(pid, "cmdline")
    others = [child for child in children_of(pid) if read_proc(child, "cmdline") != command]
    return resident_of(pid) + sum(map(whole_memory_of, others))


def whole_memory_of(pid: int) -> int:
    return resident_of(pid) + sum(map(whole_memory_of, children_of(pid)))


def resident_of(pid: int) -> int:
    lines = read_proc(pid, "status").splitlines()
    resident = next((line for line in lines if line.startswith("VmRSS:")), "VmRSS: 0 kB")
    return int(resident.split()[1]) * 1024


def read_proc(pid: int, name: str) -> str:
    """One file of a process in ``/proc``; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""


def cpu_of(pid: int) -> float:
    """Processor seconds of a process, its children, and those children that it has waited for."""
    fields = read_proc(pid, "stat").rpartition(")")[2].split()
    if not fields:
        return 0.0
    # proc(5): user and system time, and those of children that were waited for.
    own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(map(cpu_of, children_of(pid)))


def children_of(pid: int) -> list[int]:
    """Processes that any thread of a process has started."""
    children = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended
            children += map(int, file.read_text().split())
    return children
