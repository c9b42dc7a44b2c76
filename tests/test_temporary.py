"""Temporary folders: what a killed process left goes, and what a living one has stays."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import dni.temporary
from dni.temporary import partial_folder

# The module alone: the package would import PyTorch in each of these processes.
HEAD = f"""
import importlib.util, sys, time
from pathlib import Path
spec = importlib.util.spec_from_file_location("temporary", {dni.temporary.__file__!r})
sys.modules["temporary"] = temporary = importlib.util.module_from_spec(spec)
spec.loader.exec_module(temporary)
"""
PROCESS = """
folder = temporary.temporary_folder("uploads")
(folder / "file").write_text("x")
print("ready", flush=True)
time.sleep(60)
"""
ENDED_TWICE = """
import atexit, os, signal
temporary.exit_on_sigterm()
temporary.temporary_folder("uploads")
atexit.register(os.kill, os.getpid(), signal.SIGTERM)  # runs before the cleaning
print("ready", flush=True)
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(60)
"""
PARTIAL = """
with temporary.partial_folder(Path(sys.argv[1])) as folder:
    (folder / "file").write_text("x")
    print("ready", flush=True)
    time.sleep(60)
"""

Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts programs with ``tmp_path`` for temporary files, and waits until they have one."""
    started: list[subprocess.Popen[str]] = []

    def start(program: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HEAD + program, str(tmp_path / "out.png")]
        process = subprocess.Popen(command, env={"TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        end(process)
        assert process.stdout is not None
        process.stdout.close()


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.skipif(sys.platform == "win32", reason="needs flock")
def test_the_next_start_deletes_what_a_killed_process_left_and_nothing_else(
    start: Start, tmp_path: Path
) -> None:
    killed = start(PROCESS)
    left = names(tmp_path)
    start(PROCESS)
    living = names(tmp_path) - left
    assert len(left) == len(living) == 1
    end(killed)
    start(PROCESS)
    assert not left & names(tmp_path)
    assert living < names(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGTERM")
def test_a_program_that_is_asked_twice_to_end_cleans_up(start: Start, tmp_path: Path) -> None:
    process = start(ENDED_TWICE)
    assert process.wait(60) == 128 + signal.SIGTERM
    assert names(tmp_path) == set()


@pytest.mark.skipif(sys.platform == "win32", reason="needs flock")
def test_writing_again_deletes_what_killed_writers_left_and_nothing_else(
    start: Start, tmp_path: Path
) -> None:
    writers = [start(PARTIAL) for _ in range(3)]
    assert len(names(tmp_path)) == 3
    end(writers[0])
    end(writers[2])
    with partial_folder(tmp_path / "out.png") as folder:
        assert not any(folder.iterdir())
        assert len(names(tmp_path)) == 2
    assert names(tmp_path) == {".out.png.2.partial"}
