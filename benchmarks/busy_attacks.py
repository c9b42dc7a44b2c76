"""Attacks of :mod:`benchmarks.attacks` by nothing but the page's own work, asked for much too often."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from benchmarks.people import API, Person
from benchmarks.strangers import Stranger, TurnedAwayError

__all__ = ["RUNNING", "best_mixes", "desk_scene", "made_up_pages", "many_jobs"]

HELD_SECONDS = 5.0
PAGES = 40
PAIR = "esrgan-lite-x4"
REGION = {"left": 0, "top": 0, "width": 64, "height": 64}
EVERYWHERE = {"left": 0, "top": 0, "width": 168, "height": 112}
RUNNING = "still running"
# Way, format, frames, frames a second, there and back, only what is on screen.
SWEEP = ("ends", ".mp4", 60, 10, True, False)


async def best_mixes(stranger: Stranger) -> None:
    """Searches for the best mix, of which each takes a minute: two for each address that attacks."""
    async with stranger.page() as person:
        scene = await desk_scene(person)
        asked = {name: scene[name] for name in ("token", "pair", "session", "region", "mask", "base")}
        for goal in ("noise", "perceptual"):
            search = {**asked, "mix": {"shares": [0.5, 0.5]}, "goal": goal}
            await hold(stranger, person.ask_part("best_mix", search, part=person.app.desk))


async def many_jobs(stranger: Stranger) -> None:
    """Films, whole pictures, networks to keep, networks to align and curves, all at once from each page."""
    async with stranger.page() as person:
        scene = await desk_scene(person)
        network = stranger.read("network.safetensors")
        files = [await stranger.note(person.send_file(f"{n}.safetensors", network)) for n in range(2)]
        await stranger.note(person.call("blend_files", [file for file in files if file], scene))
        picture = await stranger.note(person.send_file("photo.png", stranger.read("photo.png")))
        asked = {name: scene[name] for name in ("token", "pair", "session", "region", "mask", "base")}
        curve = {**asked, "mix": {"shares": [0.0, 1.0]}, "against": "none"}
        jobs = [
            person.call("make", None, scene, *SWEEP),
            person.call("sweep", picture, PAIR, 8),
            person.call("save_network_1", scene),
            person.call("align", None),
            person.ask_part("curve", curve, part=person.app.desk),
        ]
        await asyncio.gather(*(hold(stranger, job) for job in jobs))


async def made_up_pages(stranger: Stranger) -> None:
    """The page, its configuration, and calls under connections that never were, again and again."""
    for number in range(PAGES):
        for path in ("/", "/config", f"{API}/info"):
            await stranger.ask("GET", path)
        body = {"session_hash": f"made-up-{stranger.number}-{number}", "component_id": stranger.app.viewer}
        await stranger.ask("POST", f"{API}/component_server", json={**body, "fn_name": "overview"})


async def hold(stranger: Stranger, job: Coroutine[Any, Any, Any]) -> None:
    """Wait for some seconds; then the page goes, as with a closed connection."""
    waiting = asyncio.create_task(stranger.note(job))
    try:
        await asyncio.wait([waiting], timeout=HELD_SECONDS)
        if not waiting.done():
            stranger.count("cancelled", RUNNING)
    finally:
        waiting.cancel()
        await asyncio.wait([waiting])


async def desk_scene(person: Person) -> dict[str, Any]:
    """What is on the Mixing desk of a page that has just opened it, as the page says it.

    Raises:
        TurnedAwayError: The app has no desk for it now.
    """
    scene: dict[str, Any] | None = (await person.call("start_1", None, person.scene))[0]
    if not scene or "token" not in scene:
        raise TurnedAwayError
    mix = {"shares": [0.5, 0.5], "layers": {}, "extrapolate": False}
    return {**scene, "mix": mix, "base": None, "mask": None, "region": REGION, "seen": EVERYWHERE}
