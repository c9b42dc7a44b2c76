"""Strangers attack the app beside three people with sliders: do those notice, and does it stay up?

First the three alone, then each attack of :mod:`benchmarks.attacks` in turn for half of the time, then all
together; ``--attacks`` picks some of them. The app is started here, on this machine's own address, with a
temporary folder of its own, and no other app is talked to. Exits with 1 where a limit is broken
(:func:`benchmarks.abuse_log.broken_limits`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import secrets
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryDirectory

import httpx

from benchmarks.abuse_log import COLUMNS, QUIET, TOGETHER, Phase, Remains, broken_limits, describe, rows_of
from benchmarks.attack_files import write_attack_files
from benchmarks.attacks import ATTACKS
from benchmarks.people import App, DroppedError, Person, RefusedError, connect
from benchmarks.server import Server, serve
from benchmarks.soak import KEYFRAMES, Hand
from benchmarks.soak_log import Log
from benchmarks.strangers import Tally
from benchmarks.subjects import Subject, make_subjects
from benchmarks.table import save_table
from dni.ui.start import default_service

PEOPLE = 3
DRAG_SECONDS, REST_SECONDS = 4.0, 1.0
SHARE_IN_TURN = 0.5
VISIT_SECONDS = 10.0
VISIT_PATIENCE = 60.0
SAMPLE_SECONDS = 0.5
STOP_SECONDS = 1.0
# After the last page was closed: the app keeps somebody's own networks for two minutes, for a reload.
LEAVING_SECONDS = 150.0
MOST_SECONDS = 3600.0
MOST_DISK_BYTES = 4_000_000_000


@dataclass(frozen=True)
class Place:
    """Where everything is: the app's temporary files, the attackers' files, and the file nobody may see."""

    temporary: Path
    files: Path
    canary: Path

    @classmethod
    def make(cls, folder: Path, network: Path) -> Place:
        """Write the files into an empty folder."""
        place = cls(folder / "app", folder / "files", folder / "private.txt")
        place.temporary.mkdir()
        place.files.mkdir()
        place.canary.write_text(secrets.token_hex(16))
        write_attack_files(place.files, network)
        return place

    def left(self) -> list[Path]:
        """The app's temporary files."""
        return [path for path in self.temporary.rglob("*") if path.is_file()]


async def live(hand: Hand, chance: random.Random) -> None:
    """Drag the slider and rest, until cancelled."""
    await hand.arrive()
    while True:
        alpha = await hand.drag(chance, time.monotonic() + DRAG_SECONDS)
        await hand.rest(alpha, iter(KEYFRAMES), time.monotonic() + REST_SECONDS)


async def visit(app: App, subject: Subject) -> float:
    """Seconds until somebody new has a page, a picture and a frame; infinite where that is refused."""
    started = time.monotonic()
    try:
        await asyncio.wait_for(first_frame(app, subject), VISIT_PATIENCE)
    except (RefusedError, DroppedError, httpx.HTTPError, TimeoutError, asyncio.TimeoutError):
        return float("inf")
    return time.monotonic() - started


async def first_frame(app: App, subject: Subject) -> None:
    async with Person(app, own_address="127.0.0.20") as person:
        scene = await person.upload("visit.png", subject.png)
        await person.frame(scene, subject.region, 0.5)


async def watch(server: Server, place: Place, phase: Phase) -> None:
    """Measure memory, and stop where the disk is filled."""
    while True:
        phase.memory.append(server.memory())
        size = sum(file.stat().st_size for file in place.left() if file.exists())
        if size > MOST_DISK_BYTES:
            server.process.terminate()
        await asyncio.sleep(SAMPLE_SECONDS)


async def welcome(app: App, subject: Subject, phase: Phase) -> None:
    """Let somebody new come every ten seconds."""
    while True:
        started = time.monotonic()
        phase.pages.append(await visit(app, subject))
        await asyncio.sleep(max(0.0, VISIT_SECONDS - (time.monotonic() - started)))


async def stop(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks until they end: before Python 3.12 ``asyncio.wait_for`` may swallow a cancellation."""
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=STOP_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)


class Run:
    """The three people at one app, phase after phase."""

    def __init__(
        self, server: Server, place: Place, subjects: Sequence[Subject], names: Sequence[str]
    ) -> None:
        self.server, self.place, self.subjects, self.names = server, place, subjects, names
        self.app = connect(server.address)
        # In a process of their own, so that they do not hold up the people here.
        command = [sys.executable, "-m", "benchmarks.attacks"]
        self.strangers = Popen(command, stdin=PIPE, stdout=PIPE, cwd=Path(__file__).parents[1])

    async def run(self, quiet_seconds: float, seconds: float) -> list[Phase]:
        """All phases: none, each in turn, all together."""
        turns = {name: ATTACKS[name].turns for name in self.names}
        share = seconds * SHARE_IN_TURN / sum(turns.values())
        alone = ((name, [name], share * count) for name, count in turns.items())
        plan = [(QUIET, [], quiet_seconds), *alone]
        plan.append((TOGETHER, list(self.names), seconds * (1 - SHARE_IN_TURN)))
        async with AsyncExitStack() as stack:
            hands = [
                Hand(await stack.enter_async_context(person), subject, self.others(subject), Log())
                for person, subject in zip(self.people(), self.subjects, strict=True)
            ]
            living = [asyncio.create_task(live(hand, random.Random(n))) for n, hand in enumerate(hands)]
            stack.push_async_callback(stop, living)
            await asyncio.sleep(REST_SECONDS)
            return [await self.phase(hands, *planned) for planned in plan]

    def people(self) -> list[Person]:
        return [Person(self.app, own_address=f"127.0.0.{11 + number}") for number in range(PEOPLE)]

    def others(self, subject: Subject) -> list[Subject]:
        return [other for other in self.subjects if other is not subject]

    async def phase(self, hands: Sequence[Hand], name: str, attacks: Sequence[str], seconds: float) -> Phase:
        """Let so much time pass, with these attacks."""
        phase = Phase(name, [Log() for _ in hands])
        for hand, log in zip(hands, phase.logs, strict=True):
            hand.log = log
        print(f"{time.strftime('%X')} {name}, {seconds:.0f} s", file=sys.stderr)
        helpers = [
            asyncio.create_task(watch(self.server, self.place, phase)),
            asyncio.create_task(welcome(self.app, self.subjects[0], phase)),
        ]
        started, cpu = time.monotonic(), self.server.cpu_seconds()
        if attacks:
            phase.tallies = await asyncio.to_thread(self.attack, attacks, seconds)
        else:
            await asyncio.sleep(seconds)
        phase.seconds, phase.cpu = time.monotonic() - started, self.server.cpu_seconds() - cpu
        await stop(helpers)
        return phase

    def attack(self, names: Sequence[str], seconds: float) -> dict[str, Tally]:
        """Let strangers attack for so long; what came of it."""
        assert self.strangers.stdin is not None, "it was opened as a pipe"
        assert self.strangers.stdout is not None, "it was opened as a pipe"
        place = self.place
        asked = [self.server.address, str(place.files), str(place.canary), list(names), seconds]
        self.strangers.stdin.write(json.dumps(asked).encode() + b"\n")
        self.strangers.stdin.flush()
        said = json.loads(self.strangers.stdout.readline())
        return {
            name: Tally(**{**tally, "answers": Counter(tally["answers"])}) for name, tally in said.items()
        }

    async def remains(self, leaving_seconds: float) -> tuple[bool, bool, list[int]]:
        """Whether the app still runs and serves, and the sizes of its temporary files without any page."""
        serves = await visit(self.app, self.subjects[0]) < float("inf")
        await asyncio.sleep(leaving_seconds)
        sizes = [file.stat().st_size for file in self.place.left()]
        return self.server.process.poll() is None, serves, sizes


def measure(
    quiet_seconds: float, seconds: float, names: Sequence[str], leaving_seconds: float
) -> tuple[list[Phase], Remains]:
    """Start the app, let people and strangers in, and stop it."""
    service = default_service()
    pair = next(iter(service.catalog))
    subjects = make_subjects(service.renderer(pair), PEOPLE)
    with TemporaryDirectory(prefix="dni-abuse-") as folder:
        place = Place.make(Path(folder), service.paths(pair)[0])
        own = {"TMPDIR": str(place.temporary), "GRADIO_TEMP_DIR": "", "SPACE_ID": "", "DNI_BEHIND_PROXY": ""}
        with serve(own) as server:
            run = Run(server, place, subjects, names)
            try:
                phases = asyncio.run(run.run(quiet_seconds, seconds))
                alive, serves, sizes = asyncio.run(run.remains(leaving_seconds))
            finally:
                run.strangers.kill()
        return phases, Remains(alive, serves, len(sizes), sum(sizes), len(place.left()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, save the table; 1 where a limit was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quiet-seconds", type=float, default=60)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--leaving-seconds", type=float, default=LEAVING_SECONDS, help="after the last page")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent, help="for the table")
    parser.add_argument("--attacks", nargs="+", choices=[*ATTACKS], default=[*ATTACKS], metavar="NAME")
    given = parser.parse_args(arguments)
    if not 0 < given.quiet_seconds + given.seconds <= MOST_SECONDS:
        parser.error(f"Expected at most {MOST_SECONDS:.0f} seconds in all.")
    if given.attacks != [*ATTACKS] and given.folder == Path(__file__).parent:
        parser.error("Expected --folder with --attacks, since the table here is of all attacks.")
    phases, remains = measure(given.quiet_seconds, given.seconds, given.attacks, given.leaving_seconds)
    broken = broken_limits(phases, remains)
    title = f"{len(given.attacks)} kinds of attack beside {PEOPLE} people for {given.seconds:g} seconds"
    note = describe(phases, remains, broken)
    save_table("abuse", title, COLUMNS, rows_of(phases), note, folder=given.folder)
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
