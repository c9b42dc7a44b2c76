"""Server functions and the page are answered as Gradio would, past its own way; made-up pages take little."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio.routes import App, file_upload_statuses
from gradio.state_holder import SessionState
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from dni.ui.requests.direct_calls import KEPT_ANSWERS, DirectCalls
from dni.ui.requests.session_states import forget_old_uploads, use_light_states

PAGE = "http://192.0.2.9"
CALL = "/gradio_api/component_server"


def double(asked: Any) -> dict[str, Any]:
    return {"twice": asked * 2}


async def later(asked: Any) -> dict[str, Any]:
    return {"later": asked}


def make_app(*, direct: bool = True, **options: Any) -> tuple[App, int]:
    with gr.Blocks() as blocks:
        part = gr.HTML(server_functions=[double, later])
    blocks.auth_message, blocks.theme_css = None, ""  # which launch() sets
    middleware = [Middleware(DirectCalls)] if direct else []
    app = App.create_app(blocks, app_kwargs={"middleware": middleware}, **options)
    return app, part._id


async def ask(app: App, method: str, path: str, **options: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app, client=("192.0.2.1", 5))
    async with httpx.AsyncClient(transport=transport, base_url=PAGE) as http:
        return await http.request(method, path, **options)


def call(number: Any, name: Any, data: Any = 3) -> dict[str, Any]:
    return {"session_hash": "made-up", "component_id": number, "fn_name": name, "data": data}


@pytest.mark.anyio
async def test_answers_are_those_of_gradio_and_leave_no_state() -> None:
    (app, number), (slow, other) = make_app(), make_app(direct=False)
    for name in ("double", "later"):
        answer = await ask(app, "POST", CALL, json=call(number, name))
        expected = await ask(slow, "POST", CALL, json=call(other, name))
        assert (answer.status_code, answer.json()) == (expected.status_code, expected.json())
        assert answer.headers["content-type"] == expected.headers["content-type"]
    assert "made-up" not in app.state_holder
    assert "made-up" in slow.state_holder


@pytest.fixture(scope="module")
def page() -> tuple[App, int]:
    return make_app()


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["get_config", "__class__", "nothing", 5, None, ["double"]])
async def test_no_other_function_can_be_called(page: tuple[App, int], name: Any) -> None:
    app, number = page
    assert (await ask(app, "POST", CALL, json=call(number, name))).status_code == 404


@pytest.mark.anyio
@pytest.mark.parametrize("number", [10**9, -1, "1", None, [], {}])
async def test_no_function_of_what_is_no_component(page: tuple[App, int], number: Any) -> None:
    app, _ = page
    assert (await ask(app, "POST", CALL, json=call(number, "double"))).status_code == 404


@pytest.mark.anyio
@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff", b"9" * 5000])
async def test_what_is_no_call(page: tuple[App, int], content: bytes) -> None:
    app, _ = page
    answer = await ask(app, "POST", CALL, content=content)
    assert answer.status_code == 400
    assert answer.json() == {"detail": "Expected a call of a server function as JSON."}


@pytest.mark.anyio
async def test_an_app_with_logins_is_left_to_gradio() -> None:
    app, number = make_app(auth_dependency=lambda request: None)
    assert (await ask(app, "POST", CALL, json=call(number, "double"))).status_code == 401
    assert (await ask(app, "GET", "/config")).status_code == 401


@pytest.mark.anyio
async def test_the_page_is_made_once_for_each_address_and_says_that_address(
    page: tuple[App, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _ = page
    made: list[int] = []
    real = app.get_blocks
    monkeypatch.setattr(app, "get_blocks", lambda: made.append(1) or real())  # type: ignore[func-returns-value]
    first = await ask(app, "GET", "/config")
    times = len(made)
    again = await ask(app, "GET", "/config")
    assert times > 0
    assert len(made) == times
    assert again.content == first.content
    assert again.headers == first.headers
    elsewhere = await ask(app, "GET", "/config", headers={"x-forwarded-host": "evil.example"})
    assert elsewhere.json()["root"] == "http://evil.example"
    assert (await ask(app, "GET", "/config")).json()["root"] == first.json()["root"] == PAGE


@pytest.mark.anyio
async def test_few_answers_are_kept(page: tuple[App, int]) -> None:
    app, _ = page
    direct = DirectCalls(app)

    async def front(scope: Any, receive: Any, send: Any) -> None:
        await direct({**scope, "app": app}, receive, send)

    for number in range(KEPT_ANSWERS + 3):
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(front), base_url=f"http://host{number}"
        ) as http:
            assert (await http.get("/theme.css")).status_code == 200
    assert len(direct._kept) == KEPT_ANSWERS


def test_states_hold_values_and_no_descriptions() -> None:
    with gr.Blocks() as blocks:
        held = gr.State([])
        text = gr.Textbox("first")
    app = App.create_app(blocks)
    use_light_states(app)
    ann, bob = app.state_holder["ann"], app.state_holder["bob"]
    ann[held._id].append(1)
    ann[text._id] = gr.Textbox("second", render=False)
    assert (ann[held._id], bob[held._id]) == ([1], [])
    assert (ann[text._id].value, bob[text._id].value) == ("second", "first")
    assert app.state_holder["ann"] is ann
    assert not bob.config_values
    # All that Gradio's own has is there.
    assert vars(SessionState(blocks)).keys() == vars(ann).keys()


@pytest.mark.anyio
async def test_names_that_gradio_keeps_are_short() -> None:
    app = App.create_app(gr.Blocks())
    use_light_states(app)
    with pytest.raises(HTTPException, match="at most 100 letters"):
        app.state_holder["x" * 101]
    queue = app.get_blocks()._queue
    done = await queue.push(body=SimpleNamespace(session_hash="x" * 101), request=None, username=None)
    assert done[0] is False
    assert not queue.pending_messages_per_session


def test_the_progress_of_old_uploads_is_forgotten() -> None:
    for number in range(1000):
        file_upload_statuses.track(f"upload {number}")
    forget_old_uploads()
    assert len(file_upload_statuses._statuses) == len(file_upload_statuses._signals) < 500
    assert file_upload_statuses.is_done("upload 999") is False
