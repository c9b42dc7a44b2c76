"""Several people at one app for minutes: are frames theirs, quick and fairly shared, and does memory stay?

Each person is a page of its own (``people.py``): uploads a picture, drags the slider, rests, renders the
whole picture and sometimes cancels that, leaves, and comes back as somebody new. The app is another process.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

import httpx

from benchmarks.people import App, DroppedError, Person, RefusedError, Reply, Scene, connect
from benchmarks.server import Server, serve
from benchmarks.soak_log import COLUMNS, Log, Pulse, describe, rows_of
from benchmarks.subjects import Subject, judge, make_subjects
from benchmarks.table import save_table
from dni.ui.start import default_service

KEYFRAMES = (0, 1, 0.5, 0.2, 0.8, 0.1, 0.9, 0.3, 0.7, 0.4, 0.6)
VISIT_SECONDS = (40, 80)
DRAG_SECONDS = (4, 12)
REST_SECONDS = (0.5, 3)
# A whole picture is rendered in every second visit with a large one, and every second of those is cancelled.
CANCEL_SECONDS = 0.5
HEALTH_SECONDS = 1.0
FORGOTTEN_SECONDS = 5.0
# Longer than a health check may take, so that a slow one is measured.
HEALTH_PATIENCE = 60.0


class Hand:
    """One person in one visit: what they ask for, and what becomes of it."""

    def __init__(self, person: Person, subject: Subject, others: Sequence[Subject], log: Log) -> None:
        self.person, self.subject, self.others, self.log = person, subject, others, log
        self.scene: Scene = {}
        self.asked = 0
        self.newest = 0

    async def arrive(self) -> None:
        self.scene = await self.person.upload("soak.png", self.subject.png)

    async def look(self, alpha: float, *, ahead: bool = False) -> None:
        """Ask for a frame and judge what comes."""
        self.asked += 1
        number, started = self.asked, time.perf_counter()
        try:
            reply = await self.person.frame(self.scene, self.subject.region, alpha, ahead=ahead)
        except DroppedError:
            self.log.dropped += 1
            return
        except (RefusedError, httpx.HTTPError) as error:
            self.log.errors.append(repr(error))
            return
        if not ahead:
            self._note(number, reply, time.perf_counter() - started)
        verdict = await asyncio.to_thread(judge, reply.jpeg, alpha, self.subject, self.others)
        self.log.verdicts[verdict] += 1

    def _note(self, number: int, reply: Reply, seconds: float) -> None:
        self.log.latencies.append(seconds * 1000)
        if reply.milliseconds:
            self.log.rendering.append(reply.milliseconds)
        self.log.stale += number < self.newest
        self.newest = max(self.newest, number)

    async def drag(self, chance: random.Random, until: float) -> float:
        """Move the thumb; one frame at a time is asked for, at where the thumb is then. Where it ends."""
        alpha, goal = chance.random(), chance.random()
        moved = time.monotonic()
        while time.monotonic() < until:
            now = time.monotonic()
            reach = 0.7 * (now - moved)  # a sweep takes about one and a half seconds
            moved = now
            alpha += max(-reach, min(reach, goal - alpha))
            if abs(goal - alpha) < 0.01:
                goal = chance.random()
            await self.look(round(alpha, 4))
        return round(alpha, 4)

    async def rest(self, alpha: float, keys: Iterator[float], until: float) -> None:
        """The exact frame, and keyframes one after the other meanwhile."""
        exact = asyncio.create_task(self.look(alpha))
        while time.monotonic() < until:
            key = next(keys, None)
            if key is None:
                await asyncio.sleep(max(0.0, until - time.monotonic()))
            else:
                await self.look(key, ahead=True)
        await exact

    async def export(self, alpha: float, *, cancel: bool) -> None:
        """Render the whole picture."""
        try:
            result = await self.person.render_whole(alpha, cancel_after=CANCEL_SECONDS if cancel else None)
        except (RefusedError, httpx.HTTPError) as error:
            self.log.errors.append(repr(error))
            return
        self.log.cancelled += result is None
        self.log.exports += result is not None


async def live(app: App, index: int, kinds: Sequence[Sequence[Subject]], log: Log, end: float) -> None:
    """One person's visits until the end."""
    chance = random.Random(index)
    before: Scene | None = None
    while time.monotonic() < end:
        subjects = kinds[log.visits % len(kinds)]
        others = [other for number, other in enumerate(subjects) if number != index]
        try:
            async with Person(app) as person:
                hand = Hand(person, subjects[index], others, log)
                if before is not None:
                    log.not_forgotten += not await forgotten(person, before, subjects[index])
                await visit(hand, chance, min(end, time.monotonic() + chance.uniform(*VISIT_SECONDS)))
                before = hand.scene
        except (RefusedError, httpx.HTTPError) as error:
            log.errors.append(repr(error))
            await asyncio.sleep(1)
        log.visits += 1


async def visit(hand: Hand, chance: random.Random, end: float) -> None:
    await hand.arrive()
    keys, exporting = iter(KEYFRAMES), None
    if hand.log.visits % 2:  # the large pictures
        exporting = asyncio.create_task(hand.export(0.5, cancel=hand.log.visits % 4 == 1))
    while time.monotonic() < end:
        alpha = await hand.drag(chance, min(end, time.monotonic() + chance.uniform(*DRAG_SECONDS)))
        await hand.rest(alpha, keys, min(end, time.monotonic() + chance.uniform(*REST_SECONDS)))
    if exporting is not None:
        await exporting


async def forgotten(person: Person, scene: Scene, subject: Subject) -> bool:
    """Whether the app has let go of the picture of somebody who has left."""
    end = time.monotonic() + FORGOTTEN_SECONDS
    while time.monotonic() < end:
        try:
            await person.frame(scene, subject.region, 0.5)
        except RefusedError as refusal:
            return "session has ended" in str(refusal)
        await asyncio.sleep(0.5)
    return False


async def watch(server: Server, pulse: Pulse) -> None:
    """Once a second: how long a health check takes, and how much memory."""
    began = time.monotonic()
    async with httpx.AsyncClient(timeout=HEALTH_PATIENCE) as client:
        while True:
            started = time.monotonic()
            healthy = False
            with suppress(httpx.HTTPError):
                healthy = (await client.get(server.address)).is_success
            taken = time.monotonic() - started
            pulse.health.append((started - began, taken if healthy else float("inf")))
            pulse.memory.append((started - began, server.memory()))
            await asyncio.sleep(max(0.0, HEALTH_SECONDS - taken))


async def soak(
    server: Server, kinds: Sequence[Sequence[Subject]], people: int, seconds: float
) -> tuple[list[Log], Pulse]:
    """Let people in, wait, and return what they saw."""
    app, logs, pulse = connect(server.address), [Log() for _ in range(people)], Pulse()
    watching = asyncio.create_task(watch(server, pulse))
    end = time.monotonic() + seconds
    await asyncio.gather(*(live(app, index, kinds, log, end) for index, log in enumerate(logs)))
    watching.cancel()
    return logs, pulse


def main() -> None:
    """Render the references, start the app, let people in, save the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=10)
    arguments = parser.parse_args()
    service = default_service()
    renderer = service.renderer(next(iter(service.catalog)))
    kinds = [make_subjects(renderer, arguments.people, large=large) for large in (False, True)]
    with serve() as server:
        logs, pulse = asyncio.run(soak(server, kinds, arguments.people, arguments.minutes * 60))
    title = f"{arguments.people} people at once for {arguments.minutes:g} minutes"
    save_table("soak", title, COLUMNS, rows_of(logs, pulse), describe(logs, pulse))


if __name__ == "__main__":
    main()
