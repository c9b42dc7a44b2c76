"""What strangers do to the app of :mod:`benchmarks.abuse`: one function a kind, which is one round of it.

They come from addresses of this machine only (127.0.1.1 and on), and talk to no other.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks.busy_attacks import REGION, RUNNING, best_mixes, desk_scene, made_up_pages, many_jobs
from benchmarks.door_attacks import (
    form_fields,
    kept_names,
    many_files,
    many_values,
    untaken_answers,
    unused_routes,
)
from benchmarks.people import API, Person, connect
from benchmarks.strangers import ADDRESSES, Attack, Stranger, Tally, TurnedAwayError, require_local

__all__ = ["ATTACKS", "run_attacks"]

INVENTED_SESSIONS = 100
HALF_OPEN = 60
LISTENERS = 400
JOINS = 80
LONG_TEXT = 3_000_000
HELD_SECONDS = 5.0
LOW_PRIORITY = 5
PAUSE_SECONDS = 0.05
# An attack goes on for so many times its seconds where nothing shows that it got there.
PATIENCE_TIMES = 5
# Of the process that attacks.
MOST_BYTES = 4 * 1024**3
PAIR = "esrgan-lite-x4"
PRIVATE_PATHS = ("/etc/passwd", "/proc/self/environ", "/../../etc/passwd", "file:///etc/passwd")


async def large_pictures(stranger: Stranger) -> None:
    """49 megapixels in 0.2 MB: the overview, both automatic masks and a frame of it, at once."""
    async with stranger.page() as person:
        scene = await stranger.note(person.upload("large.png", stranger.read("large.png")))
        if scene is None:
            return
        asked = {"token": scene["token"], "session": scene["session"]}
        desk = person.app.desk
        await asyncio.gather(
            stranger.note(person.overview(scene)),
            stranger.note(person.ask_part("auto_mask", {**asked, "kind": "detail"}, part=desk)),
            stranger.note(person.ask_part("auto_mask", {**asked, "kind": "luminance"}, part=desk)),
            stranger.note(person.frame(scene, REGION, 0.5)),
        )


async def slow_pictures(stranger: Stranger) -> None:
    """JPEG scans, TIFF directories, PNG chunks and GIF frames by the thousand, each on a page of its own."""
    for name in ("scans.jpg", "chunks.png", "directories.tif", "frames.gif"):
        async with stranger.page() as person:
            await stranger.note(person.upload(name, stranger.read(name)))


async def claiming_networks(stranger: Stranger) -> None:
    """Networks that claim more than they hold: strides of 0, names of 4 MB, 20,000 tensors in one place."""
    async with stranger.page() as person:
        names = ("claims.pth", "header.safetensors", "many.safetensors")
        files = [await stranger.note(person.send_file(name, stranger.read(name))) for name in names]
        listed = [file for file in files if file]
        scene = await desk_scene(person)
        await stranger.note(person.call("take_files", listed))
        await stranger.note(person.call("blend_files", listed, scene))
        await stranger.note(person.call("inspect", listed, ""))


async def many_networks(stranger: Stranger) -> None:
    """Nine networks, in the call that judges and in the one that blends."""
    async with stranger.page() as person:
        content = stranger.read("small.safetensors")
        files = [
            await stranger.note(person.send_file(f"{number}.safetensors", content)) for number in range(9)
        ]
        listed = [file for file in files if file]
        await stranger.note(person.call("inspect", listed, ""))
        await stranger.note(person.call("blend_files", listed, await desk_scene(person)))


async def small_tiles(stranger: Stranger) -> None:
    """Whole pictures in tiles of 16, and of 32, of which each is cancelled after some seconds."""
    async with stranger.page() as person:
        picture = await stranger.note(person.send_file("photo.png", stranger.read("photo.png")))
        for tile in (16, 32):
            mix = {"shares": [0.5, 0.5], "tile": tile}
            asked = person.call("desk_render", picture, PAIR, mix)
            rendering = asyncio.create_task(stranger.note(asked))
            await asyncio.wait([rendering], timeout=HELD_SECONDS)
            if not rendering.done():  # the page goes, as with a closed connection
                rendering.cancel()
                with suppress(asyncio.CancelledError):
                    await rendering
                stranger.tally.answers["cancelled"] += 1


async def invented_sessions(stranger: Stranger) -> None:
    """A hundred tokens of sessions that never were, and pages that only open."""
    async with Person(stranger.app, own_address=stranger.address) as person:
        for number in range(INVENTED_SESSIONS):
            scene = {"token": "example-cat", "pair": PAIR, "session": f"invented-{number}"}
            await stranger.note(person.frame(scene, REGION, number / 100))
        bodies = [{**join(person, "start"), "session_hash": f"{stranger.number}-{n}"} for n in range(20)]
        for body in bodies:
            await stranger.ask("POST", f"{API}/queue/join", json=body)


async def named_paths(stranger: Stranger) -> None:
    """Files of the server by their paths, wherever a request names a file."""
    paths = [str(stranger.canary), *PRIVATE_PATHS]
    async with stranger.page() as person:
        scene = await desk_scene(person)
        for path in paths:
            file = {"path": path, "meta": {"_type": "gradio.FileData"}}
            for named in (file, {"path": path}, {"path": "a.png", "url": f"file://{path}"}):
                await stranger.note(person.call("upload", named, person.scene))
                await stranger.note(person.call("restore", named, scene))
            await stranger.note(person.call("take_files", [{"path": path}]))
            await stranger.note(person.frame({**(person.scene or {}), "token": path}, REGION, 0.5))
            await stranger.ask("GET", f"{API}/file={path}")


async def hostile_recipes(stranger: Stranger) -> None:
    """Recipes that are nested 20,000 deep, and with numbers of 200,000 digits, in each kind of file; and a
    network whose header holds 1.5 million texts."""
    async with stranger.page() as person:
        scene = await desk_scene(person)
        crowded = "crowded.safetensors"
        file = await stranger.note(person.send_file(crowded, stranger.read(crowded)))
        if file:
            await stranger.note(person.call("restore", file, scene))
        for kind in ("deep", "number"):
            for suffix in ("png", "safetensors", "json"):
                name = f"{kind}.{suffix}"
                file = await stranger.note(person.send_file(name, stranger.read(name)))
                if file:
                    await stranger.note(person.call("restore", file, scene))


async def long_names(stranger: Stranger) -> None:
    """Names of megabytes: of a file, a pair, a token and a session."""
    async with stranger.page() as person:
        text = "x" * LONG_TEXT
        await stranger.note(person.send_file("x" * 5000 + ".png", b"no picture"))
        for name in ("token", "pair", "session"):
            await stranger.note(person.frame({**(person.scene or {}), name: text}, REGION, 0.5))
        await stranger.note(person.call("blend", text, 0.5))


async def other_sites(stranger: Stranger) -> None:
    """Requests as a browser sends them for another site's page, or under another name of this machine."""
    body = {"data": [PAIR, 0.5]}
    for headers in (
        {"origin": "https://other.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"host": "other.example"},
    ):
        await stranger.ask("POST", f"{API}/call/blend", json=body, headers=headers)


async def half_open(stranger: Stranger) -> None:
    """Uploads and headers that never end: sixty connections that send a byte a second."""
    parts = urlsplit(stranger.app.address)
    header = f"POST {API}/upload HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 1000000\r\n"
    header += "Content-Type: multipart/form-data; boundary=x\r\n"

    async def drip(number: int) -> None:
        reader, writer = await asyncio.open_connection(
            parts.hostname, parts.port, local_addr=(stranger.address, 0)
        )
        writer.write(header.encode() + (b"\r\n--x\r\n" if number % 2 else b"X-Slow: "))
        for _ in range(int(HELD_SECONDS)):
            with suppress(TimeoutError, asyncio.TimeoutError):
                answer = await asyncio.wait_for(reader.read(2000), 1)
                stranger.count(*status_of(answer.decode("latin-1")))
                break
            writer.write(b"x")
        else:
            stranger.count("held", "")
        writer.close()

    await asyncio.gather(*(drip(number) for number in range(HALF_OPEN)), return_exceptions=True)


async def open_listeners(stranger: Stranger) -> None:
    """Four hundred streams of events, for sessions that nobody has, held open as long as may be."""

    async def listen(number: int) -> None:
        path = f"{API}/heartbeat/{stranger.number}-{number}" if number % 2 else f"{API}/queue/data"
        query = {"session_hash": f"listener-{stranger.number}-{number}"}
        with suppress(httpx.HTTPError, TimeoutError, asyncio.TimeoutError):
            async with stranger.http.stream("GET", path, params=query) as response:
                text = (await response.aread()).decode() if response.is_error else ""
                stranger.count(str(response.status_code), text)
                await asyncio.wait_for(response.aread(), HELD_SECONDS)

    await asyncio.gather(*(listen(number) for number in range(LISTENERS)))


async def endless_joins(stranger: Stranger) -> None:
    """Jobs that are queued one after the other, and whose results nobody waits for."""
    for number in range(JOINS):
        body = {"data": [PAIR, number / JOINS]}
        await stranger.ask("POST", f"{API}/call/blend", json=body)


def join(person: Person, event: str) -> dict[str, Any]:
    """The body that queues an event without inputs."""
    return {"data": [], "fn_index": person.app.events[event], "session_hash": person.session}


def status_of(answer: str) -> tuple[str, str]:
    """Status and text of a raw answer of HTTP."""
    head, _, body = answer.partition("\r\n\r\n")
    return (head.split(" ")[1], body) if head.startswith("HTTP/") else ("closed", "")


# A scene that the picture made, or a decoder that was stopped.
DECODED = r"^ok: \{.*'token'|Expected a picture that can be read with"
ATTACKS: dict[str, Attack] = {
    "large pictures": Attack(large_pictures, "^ok: b'", at_once=4),
    "slow pictures": Attack(slow_pictures, DECODED, at_once=4, turns=3),
    "claiming networks": Attack(claiming_networks, "Expected every value to be stored", turns=3),
    "many networks": Attack(many_networks, "Expected at most 8 networks"),
    "small tiles": Attack(small_tiles, "Expected tiles of at least", at_once=ADDRESSES),
    "invented sessions": Attack(invented_sessions, "session has ended"),
    "named paths": Attack(named_paths, "Expected a file that was uploaded|^403: .*File not allowed"),
    "hostile recipes": Attack(hostile_recipes, "Expected a recipe in "),
    "long names": Attack(long_names, r"with at most \d+ characters, but got \d+"),
    "other sites": Attack(other_sites, "another site sent it|Expected localhost", at_once=1),
    "half open": Attack(half_open, "Too many requests of yours are open"),
    "open listeners": Attack(open_listeners, "Too many (requests|pages) of yours", at_once=4),
    "unused routes": Attack(unused_routes, "^404: There is nothing here"),
    "many values": Attack(many_values, "^400: .*parsing the body|^413: ", at_once=4),
    "form fields": Attack(form_fields, "^400: Expected files and no other fields"),
    "many files": Attack(many_files, "^413: Expected at most 40 files"),
    "kept names": Attack(kept_names, "^400: .*Use (a )?shorter", at_once=4),
    "untaken answers": Attack(untaken_answers, "^429: Too many requests of yours"),
    "best mixes": Attack(best_mixes, "Too many people look for the best mix", at_once=2 * ADDRESSES),
    "many jobs": Attack(many_jobs, f"{RUNNING}|Too many jobs", at_once=4),
    "made-up pages": Attack(made_up_pages, "^200: ", at_once=4),
    "endless joins": Attack(endless_joins, "Too many jobs", at_once=ADDRESSES),
}


def run_attacks(
    address: str, files: Path, canary: Path, names: Sequence[str], seconds: float
) -> dict[str, Tally]:
    """Attack the app in so many ways at once, again and again.

    Args:
        address: Of an app on this machine; all others are refused.
        files: The folder of :mod:`benchmarks.attack_files`.
        canary: A private file.
        names: Of :data:`ATTACKS`.
        seconds: For how long; rounds that have begun are left then. A single attack that has not got there
            by then goes on until it has, for up to five times as long.
    """
    require_local(address)
    return asyncio.run(attack(address, files, canary, names, seconds))


async def attack(
    address: str, files: Path, canary: Path, names: Sequence[str], seconds: float
) -> dict[str, Tally]:
    app, tallies = connect(address), {name: Tally() for name in names}
    patience = seconds * (PATIENCE_TIMES if len(names) == 1 else 1)
    end = time.monotonic() + patience
    strangers = [
        (name, Stranger(app, files, canary, ATTACKS[name].expected, number))
        for name in names
        for number in range(ATTACKS[name].at_once)
    ]
    rounds = [asyncio.create_task(repeat(ATTACKS[name], stranger, end)) for name, stranger in strangers]
    _, late = await asyncio.wait(rounds, timeout=seconds)
    while late and time.monotonic() < end and not any(stranger.tally.reached for _, stranger in strangers):
        _, late = await asyncio.wait(late, timeout=1)
    for task in late:
        task.cancel()
    await asyncio.gather(*rounds, return_exceptions=True)
    for name, stranger in strangers:
        tallies[name].add(stranger.tally)
    return tallies


async def repeat(attack: Attack, stranger: Stranger, end: float) -> None:
    async with stranger.http:
        while time.monotonic() < end:
            try:
                await attack.round(stranger)
            except TurnedAwayError:
                pass
            except Exception as error:  # a round that fails must not end the attack
                stranger.count(type(error).__name__, str(error))
            await asyncio.sleep(PAUSE_SECONDS)


def main() -> None:
    """Read the arguments of :func:`run_attacks` line by line, and write what came of them."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    # Strangers have computers of their own: theirs shall not take the app's cores.
    os.nice(LOW_PRIORITY)
    for line in sys.stdin:
        address, files, canary, names, seconds = json.loads(line)
        tallies = run_attacks(address, Path(files), Path(canary), names, seconds)
        print(json.dumps({name: vars(tally) for name, tally in tallies.items()}), flush=True)


if __name__ == "__main__":
    main()
