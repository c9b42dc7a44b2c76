"""How OpenMP's threads wait for each other: what it costs a frame, alone and beside another busy process.

One process for each way to wait, since OpenMP reads it once; they take turns, so that whatever else the
machine does falls on all alike.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import PIPE, Popen

import torch

from benchmarks.table import median, save_table
from dni.blending.shares import Mix
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.checkpoints.networks import load_ends
from dni.rendering.renderer import Renderer
from dni.waiting_threads import SPINS

PAIRS = ("look-pencil", "texture-x4-compact")
# What the threads do while they wait; the first is GNU OpenMP's own choice.
WAYS: dict[str, dict[str, str]] = {
    "spin": {"GOMP_SPINCOUNT": "300000"},
    "spin briefly": {"GOMP_SPINCOUNT": SPINS},
    "sleep": {"OMP_WAIT_POLICY": "PASSIVE"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}
BUSY = "while True: pass"
# Height and width of the frame.
SIZE = (120, 160)
FRAMES, TURNS = 10, 8
COLUMNS = ("pair", "beside", *(f"{way}, ms" for way in WAYS), "briefly / spin")


def work(pair: str) -> None:
    """Render so many frames for each line, and say the milliseconds of the median one."""
    renderer = Renderer(*load_ends(end_paths(find_pair(pair))), precision="float32")
    picture = torch.randint(0, 256, (3, *SIZE), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    renderer.render(picture, Mix.of_alpha(0.5))
    print("ready", flush=True)
    for line in sys.stdin:
        times = []
        for number in range(int(line)):
            started = time.perf_counter()
            renderer.render(picture, Mix.of_alpha(number / FRAMES))
            times.append(time.perf_counter() - started)
        print(1000 * median(times), flush=True)


class Worker:
    """A process that renders in one of the ways."""

    def __init__(self, pair: str, variables: dict[str, str]) -> None:
        command = [sys.executable, "-m", "benchmarks.waiting", "--work", pair]
        environment = {**os.environ, **variables}
        folder = Path(__file__).parents[1]
        self.process = Popen(command, stdin=PIPE, stdout=PIPE, env=environment, cwd=folder, text=True)
        self.read()

    def read(self) -> str:
        assert self.process.stdout is not None, "it was opened as a pipe"
        return self.process.stdout.readline().strip()

    def render(self) -> float:
        """The milliseconds of a frame."""
        assert self.process.stdin is not None, "it was opened as a pipe"
        self.process.stdin.write(f"{FRAMES}\n")
        self.process.stdin.flush()
        return float(self.read())


@contextmanager
def running(process: Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()
        process.wait()


def measure(pair: str, busy: int) -> list[object]:
    """A row: frames of a pair beside so many busy processes."""
    with ExitStack() as stack:
        workers = {way: Worker(pair, variables) for way, variables in WAYS.items()}
        for worker in workers.values():
            stack.enter_context(running(worker.process))
        for _ in range(busy):
            stack.enter_context(running(Popen([sys.executable, "-c", BUSY], text=True)))
        times: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(TURNS):
            for way, worker in workers.items():
                times[way].append(worker.render())
    found = [median(times[way]) for way in WAYS]
    beside = f"{busy} busy processes"
    return [pair, beside, *(f"{value:.0f}" for value in found), f"{found[1] / found[0]:.2f}"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and save the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", metavar="PAIR", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.work:
        return work(given.work)
    rows = [measure(pair, busy) for pair in PAIRS for busy in (0, 1, 3)]
    note = (
        f"Frames of {SIZE[1]}x{SIZE[0]} at a new alpha each, float32: the median of {TURNS} turns of the "
        f"medians of {FRAMES} frames. The ways take turns. *Spin*: what GNU OpenMP does by default, 300,000 "
        f"turns of a loop; *briefly*: {SPINS}, what `import dni` asks for."
    )
    return save_table("waiting", "How threads wait for each other", COLUMNS, rows, note)


if __name__ == "__main__":
    main()
