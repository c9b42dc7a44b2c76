"""Requests that an open page never sends are refused in one line, before Gradio reads them."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio.route_utils import GradioUploadFile
from gradio.routes import App
from guarded_site import PAGE, Site
from starlette.middleware import Middleware

from dni.ui.requests.addresses import address_of
from dni.ui.requests.guard.queued_jobs import JOBS_IN_CROWD, MAX_JOBS_IN_CROWD, MAX_JOBS_OF_ADDRESS
from dni.ui.requests.guard.request_guard import (
    MAX_BODY_BYTES,
    MAX_OPEN_CALLS,
    MAX_OPEN_STREAMS,
    QUEUED_AT_ONCE,
    QUEUED_PER_SECOND,
    RESERVED_BYTES,
    UPLOADED_AT_ONCE,
    RequestGuard,
)

CALL = "/gradio_api/call/render"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    for name in ("SPACE_ID", "DNI_BEHIND_PROXY"):
        monkeypatch.delenv(name, raising=False)
    # httpx says the name in the address where uvicorn says the socket's own.
    monkeypatch.setattr(
        "dni.ui.requests.guard.request_guard.is_loopback", lambda host: host in ("localhost", "evil.test")
    )
    return Site()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": PAGE}, 200),
        ({}, 200),
        ({"origin": "http://localhost:3000"}, 403),
        ({"origin": "https://evil.test"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"host": "evil.test:7860"}, 421),
    ],
)
async def test_no_other_site_drives_a_local_app(site: Site, headers: dict[str, str], status: int) -> None:
    answer = await site.ask("POST", CALL, headers=headers, content=b"{}")
    assert answer.status_code == status


@pytest.mark.anyio
async def test_a_public_app_may_be_called_from_everywhere(site: Site) -> None:
    answer = await site.ask(
        "POST", CALL, server="http://dni.example", headers={"origin": "https://other.test"}, content=b"{}"
    )
    assert answer.status_code == 200


@pytest.mark.anyio
async def test_a_link_from_elsewhere_opens_the_page(site: Site) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    assert (await site.ask("GET", "/", headers=headers)).status_code == 200
    assert (await site.ask("GET", "/gradio_api/file=x.png", headers=headers)).status_code == 403


@pytest.mark.anyio
async def test_large_requests_are_refused_whether_or_not_they_say_so(site: Site) -> None:
    async def unannounced() -> Any:
        for _ in range(10):
            yield b" " * (MAX_BODY_BYTES // 8)

    for content in (b" " * (MAX_BODY_BYTES + 1), unannounced()):
        answer = await site.ask("POST", "/gradio_api/component_server", content=content)
        assert (answer.status_code, answer.text) == (413, "Expected a request of at most 8 MB. Send less.")
    files = {"files": ("a.bin", b" " * (MAX_BODY_BYTES + 1))}
    answer = await site.ask("POST", "/gradio_api/upload", files=files)
    assert int(answer.text) > MAX_BODY_BYTES


@pytest.mark.anyio
async def test_no_upload_fills_the_disk(site: Site) -> None:
    full = Site(free_bytes=lambda: 500_010_000)
    for size, status in ((9_000, 200), (10_001, 507)):
        answer = await full.ask("POST", "/gradio_api/upload", files={"files": ("a.bin", b"0" * size)})
        assert answer.status_code == status
    assert "too little room on the disk" in answer.text


@pytest.mark.anyio
async def test_an_upload_reserves_no_more_than_it_may_soon_need() -> None:
    """Others are not kept out by an upload that promises much and sends nothing."""
    site = Site(free_bytes=lambda: 2_000_000_000)
    await site.ask("GET", "/")
    reserved = []

    async def silent() -> Any:
        yield b"--x\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\n"
        reserved.append(site.guard._uploading.total())
        yield b"\r\n--x--\r\n"

    headers = {"content-type": "multipart/form-data; boundary=x", "content-length": "1000000000"}
    await site.ask("POST", "/gradio_api/upload", headers=headers, content=silent())
    assert reserved == [RESERVED_BYTES]
    assert not site.guard._uploading


@pytest.mark.anyio
async def test_one_address_uploads_so_much_and_no_more(site: Site) -> None:
    await site.ask("GET", "/")
    assert site.guard._uploads.take("127.0.0.1", UPLOADED_AT_ONCE - 1000)
    for client, status in (("127.0.0.1", 429), ("192.0.2.1", 200)):
        files = {"files": ("a.bin", b"0" * 2000)}
        answer = await site.ask("POST", "/gradio_api/upload", files=files, client=client)
        assert answer.status_code == status


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/gradio_api/process_recording"),
        ("POST", "/gradio_api/stream/x"),
        ("POST", "/gradio_api/vibe-edit"),
        ("POST", "/login"),
        ("POST", "/"),
        ("GET", "/gradio_api/dev/reload"),
        ("GET", "/gradio_api/proxy=https://example.org"),
        ("GET", "/gradio_api/file=https://example.org/film.mp4"),
        ("GET", "/gradio_api/custom_component/a/b/c/d"),
        ("GET", "/gradio_api/runs"),
        ("GET", "/monitoring"),
        ("GET", "/monitoring/summary"),
    ],
)
async def test_what_this_app_does_not_use_is_not_there(site: Site, method: str, path: str) -> None:
    answer = await site.ask(method, path)
    assert (answer.status_code, answer.text) == (404, "There is nothing here.")


@pytest.mark.anyio
async def test_only_json_is_called_with_and_not_too_many_values(site: Site) -> None:
    for content, headers, status in (
        (b'{"data": [1, 2]}', {"content-type": "application/json"}, 200),
        (b'{"data": [' + b"[]," * 60_000 + b"[]]}", {"content-type": "application/json"}, 413),
        (b"[" * 100, {"content-type": "application/json"}, 413),
        (b"x", {"content-type": "multipart/form-data; boundary=x"}, 415),
    ):
        answer = await site.ask("POST", "/gradio_api/component_server", content=content, headers=headers)
        assert answer.status_code == status


@pytest.mark.anyio
async def test_an_upload_holds_files_only(site: Site) -> None:
    for options, status in (
        ({"files": {"files": ("a.png", b"x")}}, 200),
        ({"files": {"files": ("a.png", b"x")}, "data": {"text": "y"}}, 400),
        ({"content": b"x", "headers": {"content-type": "text/plain"}}, 415),
    ):
        answer = await site.ask("POST", "/gradio_api/upload", **options)
        assert answer.status_code == status


@pytest.mark.anyio
async def test_a_body_that_trickles_is_cut_off(site: Site) -> None:
    async def trickle() -> Any:
        for _ in range(20):
            site.guard._clock.now += 10  # type: ignore[attr-defined]
            yield b" "

    await site.ask("GET", "/")
    answer = await site.ask("POST", "/gradio_api/component_server", content=trickle())
    assert (answer.status_code, answer.text[:29]) == (408, "The request came too slowly. ")


@pytest.mark.anyio
async def test_one_address_queues_so_many_jobs_and_no_more(site: Site) -> None:
    answers = [(await site.ask("POST", CALL)).status_code for _ in range(QUEUED_AT_ONCE + 3)]
    assert answers == [200] * QUEUED_AT_ONCE + [429] * 3
    assert (await site.ask("POST", CALL, client="192.0.2.1")).status_code == 200
    assert (await site.ask("POST", "/gradio_api/component_server")).status_code == 200
    site.guard._clock.now += 2 / QUEUED_PER_SECOND  # type: ignore[attr-defined]
    assert [(await site.ask("POST", CALL)).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.anyio
async def test_so_many_calls_are_open_and_no_more(site: Site) -> None:
    await site.ask("GET", "/")  # the app is built at its first request
    site.guard._open["127.0.0.1", "call"] = MAX_OPEN_CALLS
    answer = await site.ask("POST", "/gradio_api/component_server")
    assert (answer.status_code, answer.text[:17]) == (429, "Too many requests")
    site.guard._open["127.0.0.1", "call"] -= 1
    assert (await site.ask("POST", "/gradio_api/component_server")).status_code == 200
    assert site.guard._open["127.0.0.1", "call"] == MAX_OPEN_CALLS - 1


@pytest.fixture
def gradio_app(monkeypatch: pytest.MonkeyPatch) -> App:
    """Gradio's own, guarded, with an event whose jobs wait for ever since the queue is never started."""
    for name in ("SPACE_ID", "DNI_BEHIND_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with gr.Blocks() as blocks:
        gr.Button().click(lambda: None, api_name="wait")
    return App.create_app(blocks, app_kwargs={"middleware": [Middleware(RequestGuard)]})


async def ask(app: App, method: str, path: str, client: str = "192.0.2.1") -> httpx.Response:
    transport = httpx.ASGITransport(app, client=(client, 5))
    async with httpx.AsyncClient(transport=transport, base_url=PAGE) as http:
        content: dict[str, Any] = {"json": {"data": []}} if method == "POST" else {}
        return await http.request(method, f"/gradio_api{path}", **content)


@pytest.mark.anyio
async def test_a_few_addresses_do_not_fill_the_queue(gradio_app: App) -> None:
    async def join(client: str, times: int) -> list[int]:
        return [(await ask(gradio_app, "POST", "/call/wait", client)).status_code for _ in range(times)]

    greedy = JOBS_IN_CROWD // MAX_JOBS_OF_ADDRESS
    for number in range(greedy):
        answers = await join(f"192.0.2.{number}", MAX_JOBS_OF_ADDRESS + 1)
        assert answers == [200] * MAX_JOBS_OF_ADDRESS + [429]
    answers = await join("198.51.100.1", MAX_JOBS_IN_CROWD + 1)
    assert answers == [200] * MAX_JOBS_IN_CROWD + [429]
    refusal = await ask(gradio_app, "POST", "/call/wait")
    assert refusal.text == "Too many jobs of yours are waiting or running. Wait for their results."


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/queue/data?session_hash=invented", "/call/wait/invented"])
async def test_nobody_listens_for_a_session_that_is_not_there(gradio_app: App, path: str) -> None:
    answer = await ask(gradio_app, "GET", path)
    assert (answer.status_code, answer.text[:28]) == (404, "Expected a session with a jo")


@pytest.mark.anyio
async def test_so_many_streams_are_open_and_no_more(site: Site) -> None:
    await site.ask("GET", "/")
    site.guard._open["127.0.0.1", "stream"] = MAX_OPEN_STREAMS
    assert (await site.ask("GET", "/gradio_api/heartbeat/a")).status_code == 429
    assert (await site.ask("GET", "/gradio_api/heartbeat/a", client="192.0.2.1")).status_code == 200
    assert site.guard._open == {("127.0.0.1", "stream"): MAX_OPEN_STREAMS}


def test_an_address_is_not_what_a_stranger_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.delenv("DNI_BEHIND_PROXY", raising=False)
    said = {"x-forwarded-for": "203.0.113.5, 198.51.100.2"}
    assert address_of("192.0.2.1", said) == "192.0.2.1"
    assert address_of("2001:db8::1:2", said) == "2001:db8::/64"
    assert address_of("testclient", said) is None
    monkeypatch.setenv("DNI_BEHIND_PROXY", "1")
    assert address_of("127.0.0.1", said) == "198.51.100.2"  # the proxy's own word, not what was sent to it


@pytest.mark.anyio
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
async def test_nothing_stays_of_an_upload_that_breaks_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int
) -> None:
    begun: list[Path] = []

    async def fail(upload: GradioUploadFile, _: bytes) -> None:
        begun.append(Path(str(upload.file.name)).parent)
        raise OSError(number, os.strerror(number))

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr("dni.ui.requests.uploads.process_folder", lambda: tmp_path)
    monkeypatch.setattr(GradioUploadFile, "write", fail)
    (tmp_path / "whole").mkdir()
    with gr.Blocks() as blocks:
        blocks.max_file_size = None  # as launching sets it
    guard = Middleware(RequestGuard, free_bytes=lambda: 10**12)
    app = App.create_app(blocks, app_kwargs={"middleware": [guard]})
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=PAGE) as http:
        answer = await http.post("/gradio_api/upload", files={"files": ("a.png", b"x" * 10**5)})
    assert answer.status_code == (507 if number == errno.ENOSPC else 500)
    assert begun == [tmp_path]
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]
