"""Few requests begin at once, in turns among addresses; places come back whatever becomes of a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from guarded_site import Site

from dni.ui.requests.guard.bodies import Refused
from dni.ui.requests.guard.door import AT_ONCE, LONGEST_SECONDS, MAX_WAITING_OF_ADDRESS, Door


async def filled(door: Door) -> list[Callable[[], None]]:
    return [await door.enter("first") for _ in range(AT_ONCE)]


@pytest.mark.anyio
async def test_addresses_are_let_in_by_turns() -> None:
    door, order = Door(), list[str]()
    inside = await filled(door)

    async def come(address: str) -> None:
        leave = await door.enter(address)
        order.append(address)
        leave()
        leave()  # changes nothing

    waiting = [asyncio.create_task(come(address)) for address in [*["crowd"] * 5, "bob", "ann"]]
    await asyncio.sleep(0)
    assert not order
    inside[0]()
    await asyncio.gather(*waiting)
    assert order == ["crowd", "bob", "ann", *["crowd"] * 4]


@pytest.mark.anyio
async def test_who_gives_up_leaves_the_place_to_others() -> None:
    door = Door()
    inside = await filled(door)
    first, second, third = (asyncio.create_task(door.enter(address)) for address in "abc")
    await asyncio.sleep(0)
    first.cancel()
    inside[0]()  # to the second, since the first has gone
    second.cancel()  # let in, and gone at the same moment
    leave = await asyncio.wait_for(third, 30)
    assert first.cancelled()
    assert second.cancelled()
    leave()


@pytest.mark.anyio
async def test_who_does_not_answer_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dni.ui.requests.guard.door.LONGEST_SECONDS", LONGEST_SECONDS / 50)
    door = Door()
    await filled(door)
    await asyncio.wait_for(door.enter("next"), 30)


@pytest.mark.anyio
async def test_too_many_of_an_address_are_refused() -> None:
    door = Door()
    await filled(door)
    crowd = [asyncio.create_task(door.enter("crowd")) for _ in range(MAX_WAITING_OF_ADDRESS)]
    await asyncio.sleep(0)
    with pytest.raises(Refused, match="Too many requests of yours are waiting"):
        await door.enter("crowd")
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)


@pytest.mark.anyio
async def test_a_frame_does_not_wait_at_the_door() -> None:
    site = Site()
    await site.ask("GET", "/")  # builds the middleware
    door = site.guard._door
    door._free = 0
    assert (await site.ask("POST", "/gradio_api/component_server")).status_code == 200
    page = asyncio.create_task(site.ask("GET", "/"))
    await asyncio.sleep(0)
    assert not page.done()
    door._let_in()
    assert (await page).status_code == 200
