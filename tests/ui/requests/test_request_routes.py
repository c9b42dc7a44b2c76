"""Which of Gradio's routes answer."""

from __future__ import annotations

import gradio as gr
import httpx
import pytest
from gradio.routes import App

from dni.ui.requests.guard.bodies import Refused
from dni.ui.requests.guard.routes import check_names, is_used, without_odd_ranges


def test_a_browser_may_ask_before_it_posts_from_elsewhere() -> None:
    assert is_used("OPTIONS", "/gradio_api/call/render")
    assert not is_used("OPTIONS", "/gradio_api/process_recording")


@pytest.mark.parametrize(
    "address", ["http://example.com/a.mp4", "HTTPS://example.com", "s3+x://b", "data:,x"]
)
def test_no_address_is_fetched_for_anybody(address: str) -> None:
    assert is_used("GET", "/gradio_api/file=/tmp/gradio/picture.png")
    assert is_used("GET", "/gradio_api/file=C:/Temp/gradio/picture.png")
    for method in ("GET", "HEAD"):
        assert not is_used(method, f"/gradio_api/file={address}")


def test_a_new_route_of_gradios_is_refused_until_somebody_has_looked_at_it() -> None:
    routes = App.create_app(gr.Blocks()).openapi()["paths"]
    posts = {path.rstrip("/") for path, methods in routes.items() if "post" in methods}
    assert "/gradio_api/process_recording" in posts
    assert {path.removeprefix("/gradio_api/") for path in posts if is_used("POST", path)} == {
        *("upload", "queue/join", "component_server", "cancel", "reset"),
        *("call/{api_name}", "call/v2/{api_name}", "run/{api_name}"),
    }


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/gradio_api/upload", "upload_id=" + "y" * 101),
        ("/gradio_api/queue/data", "session_hash=a&session_hash=" + "%F0%9F%98%80" * 101),
        ("/gradio_api/heartbeat/" + "z" * 101, ""),
        ("/", "q=" + "y" * 17_000),
    ],
)
def test_names_that_would_be_kept_are_short(path: str, query: str) -> None:
    with pytest.raises(Refused, match=r"Expected (names|an address)"):
        check_names({"path": path, "query_string": query.encode()})
    check_names({"path": path[:40], "query_string": query[:50].encode()})


def test_ranges_that_gradio_cannot_answer_are_left_out() -> None:
    for value in (b"bytes=0-1", b"bytes=5-", b"bytes=-2"):
        scope = {"headers": [(b"range", value)]}
        assert without_odd_ranges(scope) is scope
    for value in (b"bytes=0-0,2-2", b"x", b"bytes=a-b", b"bytes=0-99999999999999999999"):
        headers = [(b"host", b"x"), (b"range", value)]
        assert without_odd_ranges({"headers": headers})["headers"] == [(b"host", b"x")]


def test_the_progress_of_no_upload_is_done_at_once(app: str) -> None:
    """Gradio's camera asks for it, again and again where it is refused."""
    answer = httpx.get(f"{app}gradio_api/upload_progress?upload_id=", timeout=60)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text == 'data: {"msg": "done"}\n\n'
    assert httpx.get(f"{app}gradio_api/upload_progress?upload_id=none", timeout=60).status_code == 404
