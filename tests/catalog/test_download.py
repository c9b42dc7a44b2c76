"""Fetching files from a small server of our own that misbehaves on request."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import Popen

import pytest
from cases import case

from dni.catalog import transfer
from dni.catalog.cache_folder import default_cache
from dni.catalog.download import fetch, tqdm_progress
from dni.catalog.transfer import DownloadError

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SIZE = len(CONTENT)


@dataclass
class Server:
    """What the server does next, and what it was asked."""

    url: str = ""
    content: bytes = CONTENT
    ranges: bool = True
    announces: bool = True
    status: int = 200
    breaks: int = 0
    """How many of the next transfers stop half-way."""
    tags: list[tuple[str, str]] = field(default_factory=list)
    """What marks the next versions, of which the last stays."""
    contents: list[bytes] = field(default_factory=list)
    """What is sent before ``content``."""
    knows_if_range: bool = True
    asked: list[str | None] = field(default_factory=list)
    """The Range header of every request."""
    started: threading.Event = field(default_factory=threading.Event)
    may_go_on: threading.Event | None = None


class Handler(BaseHTTPRequestHandler):
    server_state: Server

    def do_GET(self) -> None:
        state = self.server_state
        wanted = self.headers.get("Range")
        state.asked.append(wanted)
        content = state.contents.pop(0) if state.contents else state.content
        tag = dict(state.tags[:1] if len(state.tags) < 2 else [state.tags.pop(0)])
        if state.knows_if_range and self.headers.get("If-Range", "") not in ("", *tag.values()):
            wanted = None
        if self.path == "/moved":
            self.answer(302, b"", {"Location": "/file.pth"})
        elif state.status != 200:
            self.answer(state.status, b"sorry", {})
        elif wanted and state.ranges:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self.answer(416, b"", {})
            else:
                last = len(content) - 1
                part = {"Content-Range": f"bytes {start}-{last}/{last + 1}"}
                self.answer(206, content[start:], tag | part)
        else:
            self.answer(200, content, tag)

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        state = self.server_state
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if state.announces:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status in (200, 206) and state.breaks:
            state.breaks -= 1
            body = body[: len(body) // 2]
        with contextlib.suppress(ConnectionError):  # the client may have heard enough
            self.wfile.write(body[: len(body) // 2])
            state.started.set()
            if state.may_go_on:
                state.may_go_on.wait(5)
            self.wfile.write(body[len(body) // 2 :])

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(transfer, "BACKOFF_SECONDS", 0.01)
    state = Server()
    handler = type("OurHandler", (Handler,), {"server_state": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        state.url = f"http://127.0.0.1:{http.server_port}/file.pth"
        yield state
        http.shutdown()
        thread.join()


def partial_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial")


def test_a_file_is_fetched_checked_and_reported(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.pth"
    seen: list[tuple[int, int | None]] = []
    result = fetch(
        server.url, path, size=SIZE, sha256=SHA256, progress=lambda done, total: seen.append((done, total))
    )
    assert result == path
    assert path.read_bytes() == CONTENT
    assert not partial_of(path).exists()
    assert seen[-1] == (SIZE, SIZE)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_what_is_here_and_right_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "file.pth"
    for facts in ({"size": SIZE, "sha256": SHA256}, {"sha256": SHA256}, {"size": SIZE}, {}):
        fetch(server.url, path, **facts)
    assert len(server.asked) == 1


@pytest.mark.parametrize("content", [b"old", b"x" * SIZE])
def test_what_is_here_and_wrong_is_fetched_again(server: Server, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.pth"
    path.write_bytes(content)
    fetch(server.url, path, size=SIZE, sha256=SHA256)
    assert path.read_bytes() == CONTENT


def test_redirects_are_followed(server: Server, tmp_path: Path) -> None:
    fetch(server.url.replace("file.pth", "moved"), tmp_path / "file.pth", sha256=SHA256)
    assert len(server.asked) == 2


@pytest.mark.parametrize("facts", [{}, {"size": SIZE, "sha256": SHA256}])
def test_a_broken_transfer_is_resumed(server: Server, tmp_path: Path, facts: dict[str, object]) -> None:
    server.breaks = 2
    path = fetch(server.url, tmp_path / "file.pth", **facts)  # type: ignore[arg-type]
    assert path.read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={SIZE // 2}-", f"bytes={SIZE * 3 // 4}-"]


@pytest.mark.parametrize("header", ["ETag", "Last-Modified"])
@pytest.mark.parametrize("honest", [True, False])
def test_a_file_that_changed_between_is_fetched_anew(
    server: Server, tmp_path: Path, header: str, honest: bool
) -> None:
    server.tags, server.breaks, server.knows_if_range = [(header, '"1"'), (header, '"2"')], 1, honest
    server.contents = [b"y" * SIZE]
    path = fetch(server.url, tmp_path / "file.pth", size=SIZE)
    assert path.read_bytes() == CONTENT


def test_a_break_that_the_protocol_does_not_show_is_resumed_too(server: Server, tmp_path: Path) -> None:
    server.announces, server.breaks = False, 1
    path = fetch(server.url, tmp_path / "file.pth", size=SIZE)
    assert path.read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={SIZE // 2}-"]


def test_a_server_without_ranges_starts_again(server: Server, tmp_path: Path) -> None:
    server.ranges, server.breaks = False, 1
    path = fetch(server.url, tmp_path / "file.pth", size=SIZE, sha256=SHA256)
    assert path.read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={SIZE // 2}-"]


def test_three_broken_transfers_are_an_error_and_the_next_call_resumes(
    server: Server, tmp_path: Path
) -> None:
    server.breaks = 3
    path = tmp_path / "file.pth"
    with pytest.raises(
        DownloadError, match=r"the transfer broke 3 times .* by hand and put it at .*file\.pth"
    ):
        fetch(server.url, path, size=SIZE, sha256=SHA256)
    assert not path.exists()
    assert partial_of(path).stat().st_size == SIZE - SIZE // 8
    fetch(server.url, path, size=SIZE, sha256=SHA256)
    assert path.read_bytes() == CONTENT
    assert server.asked[-1] == f"bytes={SIZE - SIZE // 8}-"


def test_a_leftover_is_not_trusted_without_a_hash(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "file.pth"
    partial_of(path).write_bytes(b"of another version")
    assert fetch(server.url, path, size=SIZE).read_bytes() == CONTENT
    assert server.asked == [None]


@pytest.mark.parametrize(
    ("leftover", "size", "asked"),
    [
        (b"of another version", SIZE, ["bytes=18-", None]),
        (b"x" * (SIZE + 1), SIZE, [None]),
        (b"x" * (SIZE + 1), None, [f"bytes={SIZE + 1}-", None]),
        (b"x" * SIZE, SIZE, [None]),
        (CONTENT, SIZE, []),
        (CONTENT[:1000], None, ["bytes=1000-"]),
    ],
)
def test_a_leftover_is_continued_or_dropped(
    server: Server, tmp_path: Path, leftover: bytes, size: int | None, asked: list[str | None]
) -> None:
    path = tmp_path / "file.pth"
    partial_of(path).write_bytes(leftover)
    assert fetch(server.url, path, size=size, sha256=SHA256).read_bytes() == CONTENT
    assert server.asked == asked


def test_a_wrong_hash_is_an_error_and_the_file_is_deleted(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "file.pth"
    server.content = CONTENT[:-1] + b"!"
    with pytest.raises(
        DownloadError, match=f"to have sha256 {SHA256}, but it has .*; it was deleted. Try again"
    ):
        fetch(server.url, path, size=SIZE, sha256=SHA256)
    assert not path.exists()
    assert not partial_of(path).exists()
    assert len(server.asked) == 1


@pytest.mark.parametrize("announces", [True, False])
def test_too_much_is_an_error_and_the_file_is_deleted(
    server: Server, tmp_path: Path, announces: bool
) -> None:
    path = tmp_path / "file.pth"
    server.announces, server.content = announces, CONTENT + CONTENT
    with pytest.raises(
        DownloadError, match=rf"Expected {SIZE} bytes from .*, but it has \d+: it is another file"
    ):
        fetch(server.url, path, size=SIZE)
    assert not path.exists()
    assert not partial_of(path).exists()


def test_too_little_is_an_error(server: Server, tmp_path: Path) -> None:
    server.content = b"<html>please log in</html>"
    with pytest.raises(DownloadError, match=rf"Expected {SIZE} bytes from .*, but it has 26"):
        fetch(server.url, tmp_path / "file.pth", size=SIZE, sha256=SHA256)
    assert not (tmp_path / "file.pth").exists()


@pytest.mark.parametrize("announces", [True, False])
def test_more_than_any_checkpoint_has_is_an_error(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, announces: bool
) -> None:
    monkeypatch.setattr(transfer, "MAX_BYTES", 1000)
    server.announces = announces
    with pytest.raises(DownloadError, match="Expected at most 1000 bytes from"):
        fetch(server.url, tmp_path / "file.pth")
    assert not partial_of(tmp_path / "file.pth").exists()


@pytest.mark.parametrize("status", [403, 404, 410])
def test_an_absent_file_says_what_to_do(server: Server, tmp_path: Path, status: int) -> None:
    server.status = status
    with pytest.raises(
        DownloadError, match=rf"answered {status} .*look for file\.pth elsewhere.*put it at .*file"
    ):
        fetch(server.url, tmp_path / "file.pth")
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_three_times(server: Server, tmp_path: Path, status: int) -> None:
    server.status = status
    with pytest.raises(DownloadError, match=rf"broke 3 times \(the server answered {status}\)"):
        fetch(server.url, tmp_path / "file.pth")
    assert len(server.asked) == 3


def test_no_connection_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/file.pth"
        with pytest.raises(
            DownloadError, match=r"Expected a connection to .* Go online .*put it at .*file\.pth"
        ):
            fetch(url, tmp_path / "file.pth")


def test_what_is_not_an_address_is_an_error(tmp_path: Path) -> None:
    for url in ("ftp://host/file.pth", "file.pth", "http://host:port/file.pth"):
        with case(url), pytest.raises(DownloadError, match="Expected an address to fetch, but got"):
            fetch(url, tmp_path / "file.pth")


def test_an_unwritable_cache_says_what_to_do(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        DownloadError, match=r"room and permission to write .* set DNI_CACHE to another folder"
    ):
        fetch(server.url, tmp_path / "file" / "file.pth")


def test_a_full_disk_says_what_to_do(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(transfer, "write_body", full)
    with pytest.raises(DownloadError, match=r"No space left on device\. Free some space"):
        fetch(server.url, tmp_path / "file.pth")


def test_two_fetches_of_one_file_transfer_it_once(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "file.pth"
    server.may_go_on = threading.Event()

    def one(_: int) -> bytes:
        return fetch(server.url, path, size=SIZE, sha256=SHA256).read_bytes()

    with ThreadPoolExecutor(4) as pool:
        results = [pool.submit(one, index) for index in range(4)]
        assert server.started.wait(5)
        assert not path.exists()
        assert not any(result.done() for result in results)
        server.may_go_on.set()
        assert all(result.result(timeout=10) == CONTENT for result in results)
    assert server.asked == [None]


@pytest.mark.slow
def test_two_programs_share_a_cache_and_one_is_killed(server: Server, tmp_path: Path) -> None:
    """The other one goes on from what is there."""
    path = tmp_path / "file.pth"
    server.may_go_on = threading.Event()
    program = (
        "from pathlib import Path; from dni.catalog.download import fetch; "
        f"fetch({server.url!r}, Path({str(path)!r}), size={SIZE}, sha256={SHA256!r})"
    )
    with Popen([sys.executable, "-c", program]) as killed:
        assert server.started.wait(60)
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(fetch, server.url, path, size=SIZE, sha256=SHA256)
            deadline = time.monotonic() + 20
            while not (partial_of(path).exists() and partial_of(path).stat().st_size):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert not other.done()
            killed.kill()
            killed.wait(10)
            server.may_go_on.set()
            assert other.result(timeout=20).read_bytes() == CONTENT
    assert [file.name for file in tmp_path.iterdir() if "partial" in file.name] == []
    first, *then = server.asked
    assert first is None
    assert then[0] is None or then[0].startswith("bytes=")


def test_the_cache_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNI_CACHE", str(tmp_path))
    assert default_cache() == tmp_path
    monkeypatch.delenv("DNI_CACHE")
    assert default_cache() == Path.home() / ".cache" / "dni"


def test_the_bar_shows_name_and_total(capsys: pytest.CaptureFixture[str]) -> None:
    with tqdm_progress("weights.pth") as report:
        report(500, 2000)
        report(2000, 2000)
    shown = capsys.readouterr().err
    assert "weights.pth: 100%" in shown
    assert "2.00k/2.00k" in shown
