"""Requests that come too fast wait, floods of refused ones are answered late, closed pages end."""

from __future__ import annotations

import asyncio

import gradio as gr
import pytest
from gradio.routes import App
from guarded_site import Site
from starlette.middleware import Middleware
from starlette.types import Message

from dni.serving.render_service import RenderService
from dni.serving.sessions import SessionRegistry
from dni.ui import build_app
from dni.ui.requests.guard.request_guard import (
    CALLS_AT_ONCE,
    CALLS_PER_SECOND,
    LONGEST_WAIT,
    MAX_OPEN_CALLS,
    MAX_OPEN_PICTURES,
    PAGES_AT_ONCE,
    REFUSALS_AT_ONCE,
    RequestGuard,
)
from dni.ui.requests.sessions import close_with_page


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr("dni.ui.requests.guard.request_guard.is_loopback", lambda _: False)
    return Site()


@pytest.mark.anyio
async def test_calls_that_come_too_fast_wait(site: Site) -> None:
    async def call(times: int, client: str = "127.0.0.1") -> set[int]:
        answers = [
            await site.ask("POST", "/gradio_api/component_server", client=client) for _ in range(times)
        ]
        return {answer.status_code for answer in answers}

    assert await call(CALLS_AT_ONCE) == {200}
    assert not any(site.waited)
    assert await call(2) == {200}
    assert site.waited[-2:] == [pytest.approx(1 / CALLS_PER_SECOND), pytest.approx(2 / CALLS_PER_SECOND)]
    assert await call(1000) == {200}
    assert max(site.waited) == LONGEST_WAIT
    assert await call(CALLS_AT_ONCE, client="192.0.2.2") == {200}  # nobody else waits
    site.waited.clear()
    site.clock.now += LONGEST_WAIT + 3 / CALLS_PER_SECOND
    assert await call(3) == {200}
    assert not any(site.waited)


@pytest.mark.anyio
async def test_an_answer_that_nobody_takes_ends(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dni.ui.requests.guard.answers.PIECE_SECONDS", 0.05)
    sent = []

    async def send(message: Message) -> None:
        sent.append(message["type"])
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async def receive() -> Message:
        return {"type": "http.request"}

    scope = {
        **{"type": "http", "method": "GET", "path": "/a", "query_string": b"", "headers": []},
        **{"client": ("192.0.2.1", 5), "server": ("192.0.2.9", 80)},
    }
    await asyncio.wait_for(site.app(scope, receive, send), 30)
    assert sent == ["http.response.start", "http.response.body"]
    assert not site.guard._open


@pytest.mark.anyio
async def test_an_address_has_so_many_answers_at_once(site: Site) -> None:
    assert (await site.ask("GET", "/gradio_api/file=/a.png")).status_code == 200
    site.guard._open["127.0.0.1", "get"] = MAX_OPEN_PICTURES
    assert (await site.ask("GET", "/gradio_api/file=/a.png")).status_code == 429
    assert (await site.ask("GET", "/gradio_api/file=/a.png", client="192.0.2.2")).status_code == 200


@pytest.mark.anyio
async def test_a_flood_of_refused_requests_is_answered_late(site: Site) -> None:
    for _ in range(REFUSALS_AT_ONCE):
        assert (await site.ask("GET", "/monitoring/summary")).status_code == 404
    assert not any(site.waited)
    for _ in range(100):
        assert (await site.ask("GET", "/monitoring/summary")).status_code == 404
    assert len(site.waited) == 100
    assert sorted(site.waited) == site.waited
    assert site.waited[-1] == LONGEST_WAIT
    # So many wait; beyond them the answer costs less than the waiting.
    site.guard._open["127.0.0.1", "refusal"] = MAX_OPEN_CALLS
    assert (await site.ask("GET", "/monitoring/summary")).status_code == 404
    assert len(site.waited) == 100


@pytest.mark.anyio
async def test_a_page_that_is_closed_ends_its_session() -> None:
    sessions = SessionRegistry()
    with gr.Blocks() as blocks:
        gr.Button()
    close_with_page(blocks, sessions)
    assert not any(function.targets for function in blocks.fns.values())  # no event of Gradio's for it
    ann, bob = sessions.open("ann"), sessions.open("bob")
    app = App.create_app(blocks, app_kwargs={"middleware": [Middleware(RequestGuard)]})
    scope = {
        **{"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "query_string": b""},
        **{"path": "/gradio_api/heartbeat/ann", "raw_path": b"/gradio_api/heartbeat/ann", "root_path": ""},
        **{"client": ("192.0.2.1", 5), "server": ("192.0.2.9", 80), "headers": [(b"host", b"192.0.2.9")]},
    }
    begun = asyncio.Event()

    async def receive() -> Message:
        await begun.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        assert not ann.ended
        if message["type"] == "http.response.body":
            begun.set()

    await app(scope, receive, send)
    for _ in range(100):
        if ann.ended:
            break
        await asyncio.sleep(0.01)
    assert (ann.ended, bob.ended) == (True, False)


def test_the_end_of_an_event_does_not_wait_for_a_summary_of_all(tiny_service: RenderService) -> None:
    """Gradio makes one with pandas, which takes 30 to 180 ms."""
    queue = build_app(tiny_service)._queue
    queue.events_recorded = 10_000
    events = [{"function": "render", "status": "success", "process_time": 1.0}] * 10_000
    assert queue.compute_analytics_summary(events) == {"functions": {}}


@pytest.mark.anyio
async def test_an_address_opens_so_many_pages_in_a_short_time(site: Site) -> None:
    statuses = [
        (await site.ask("GET", f"/gradio_api/heartbeat/{n}")).status_code for n in range(PAGES_AT_ONCE + 1)
    ]
    assert statuses == [200] * PAGES_AT_ONCE + [429]
