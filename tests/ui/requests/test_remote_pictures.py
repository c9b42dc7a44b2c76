"""A picture from an address in a link: what may be fetched, and what an attacker's name server cannot do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from cases import case

from dni.errors import DniError
from dni.examples import EXAMPLE_FOLDER
from dni.pictures.read import open_picture
from dni.ui.effects import linked_picture
from dni.ui.effects.linked_picture import open_link
from dni.ui.requests import remote_pictures
from dni.ui.requests.remote_pictures import RemotePictureError, fetch_picture, is_public

REFUSED = "Expected the public address of a picture"
PRIVATE = [
    "fec0::1",
    "3fff::1",
    "192.88.99.1",
    "64:ff9b:1::a00:1",
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "not an address",
    "",
]


class Site(ThreadingHTTPServer):
    """What the attacker serves, and which hosts were asked for there."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        self.asked: list[tuple[str, str]] = []


class Handler(BaseHTTPRequestHandler):
    server: Site

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append((self.headers["host"], self.path))
        kind, _, rest = self.path.lstrip("/").partition("/")
        if kind == "drip":
            with suppress(OSError):  # the other side has had enough
                for _ in range(40):
                    time.sleep(0.05)
                    self.wfile.write(b"X")
            return
        self.send_response(302 if kind == "to" else 404 if kind == "missing" else 200)
        if kind == "to":
            self.send_header("location", rest)
        self.end_headers()
        self.wfile.write(b"picture" * (1000 if kind == "large" else 1))


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


class Names:
    """A name server: each name's answers in turn, the last one for ever."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        turns = self.answers[host.partition(".")[0]]
        return [turns.pop(0) if len(turns) > 1 else turns[0]]


def allowed(address: str) -> bool:
    """The site stands for a public one; everything else is judged as it is."""
    return address == "127.0.0.1" or is_public(address)


def fetch(site: Site, url: str, folder: Path, names: Names) -> Path:
    return fetch_picture(
        url.replace("PORT", str(site.port)),
        folder,
        resolve=names,
        is_allowed=allowed,
        ports=frozenset({site.port}),
    )


def test_only_public_addresses_are_public() -> None:
    for address in PRIVATE:
        with case(address):
            assert not is_public(address)
    for address in ("93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "::ffff:93.184.216.34"):
        with case(address):
            assert is_public(address)


def test_a_picture_is_fetched_from_the_address_that_was_checked(site: Site, tmp_path: Path) -> None:
    # Whoever asked a second time would be sent to the metadata of the machine.
    names = Names(pictures=["127.0.0.1", "169.254.169.254"])
    path = fetch(site, "http://pictures.example:PORT/cat.png?size=2", tmp_path, names)
    assert path.read_bytes() == b"picture"
    assert names.asked == ["pictures.example"]
    assert site.asked == [(f"pictures.example:{site.port}", "/cat.png?size=2")]


def test_a_redirect_is_checked_like_the_first_address(site: Site, tmp_path: Path) -> None:
    names = Names(pictures=["127.0.0.1"], inside=["10.0.0.1"])
    there = f"http://pictures.example:{site.port}"
    assert fetch(site, f"{there}/to//cat.png", tmp_path, names).read_bytes() == b"picture"
    for target in (
        f"http://inside.example:{site.port}/",
        "http://127.0.0.1:22/",
        "file:///etc/passwd",
        "ftp://a/",
    ):
        with case(target), pytest.raises(RemotePictureError, match=REFUSED):
            fetch(site, f"{there}/to/{target}", tmp_path, names)
    endless = f"{there}/to/" * 5
    with pytest.raises(RemotePictureError, match="at most 3 redirects"):
        fetch(site, endless, tmp_path, names)


def test_addresses_that_are_refused_before_anything_is_asked(site: Site, tmp_path: Path) -> None:
    names = Names(inside=["192.168.0.1"], local=["::1"])
    for url in (
        "http://inside.example:PORT/",
        "https://local.example:PORT/",
        "http://inside.example:22/",
        "file:///etc/passwd",
        "ftp://pictures.example/",
        "//pictures.example/",
        "http://me:secret@pictures.example:PORT/",
        "http://",
        "http://pictures.example:99999/",
        "http://pictures.example:PORT/a\r\nX: y",
        "x" * 3000,
        "",
    ):
        with case(url), pytest.raises(RemotePictureError, match=REFUSED):
            fetch(site, url, tmp_path, names)
    assert site.asked == []
    assert list(tmp_path.iterdir()) == []


def test_one_private_address_among_public_ones_is_enough(site: Site, tmp_path: Path) -> None:
    def both(host: str, port: int) -> list[str]:
        return ["93.184.216.34", "10.0.0.1"]

    with pytest.raises(RemotePictureError, match=REFUSED):
        fetch_picture("http://pictures.example/", tmp_path, resolve=both)
    with pytest.raises(RemotePictureError, match=REFUSED):
        fetch_picture("http://127.0.0.1/", tmp_path)


def test_size_time_and_answers_are_bounded(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(pictures=["127.0.0.1"])
    with pytest.raises(RemotePictureError, match="it answers 404"):
        fetch(site, "http://pictures.example:PORT/missing", tmp_path, names)
    monkeypatch.setattr(remote_pictures, "MAX_BYTES", 5000)
    with pytest.raises(RemotePictureError, match="at most 0 MB"):
        fetch(site, "http://pictures.example:PORT/large", tmp_path, names)
    seconds = iter((0.0, 100.0))
    with pytest.raises(RemotePictureError, match="within 20 s"):
        fetch_picture(
            f"http://pictures.example:{site.port}/",
            tmp_path,
            resolve=names,
            is_allowed=allowed,
            ports=frozenset({site.port}),
            clock=lambda: next(seconds),
        )


def test_an_answer_that_drips_ends_in_time(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_pictures, "MAX_SECONDS", 0.2)
    with pytest.raises(RemotePictureError, match="does not answer"):
        fetch(site, "http://pictures.example:PORT/drip", tmp_path, Names(pictures=["127.0.0.1"]))
    assert len(site.asked) == 1


def test_a_link_opens_a_picture_only_where_that_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(url: str, folder: Path) -> Path:
        assert url == "http://pictures.example/"
        file = folder / "linked-picture"
        file.write_bytes((EXAMPLE_FOLDER / "cat.png").read_bytes())
        return file

    monkeypatch.delenv("DNI_LINK_PICTURES", raising=False)
    with pytest.raises(DniError, match="this app does not fetch unless"):
        open_link("http://pictures.example/", fetch=fetch)
    monkeypatch.setenv("DNI_LINK_PICTURES", "1")
    expected = open_picture(EXAMPLE_FOLDER / "cat.png").rgb
    assert torch.equal(open_link("http://pictures.example/", fetch=fetch).rgb, expected)
    monkeypatch.setattr(linked_picture, "FETCHES", threading.BoundedSemaphore(1))
    with linked_picture.FETCHES, pytest.raises(DniError, match="too many links"):
        open_link("http://pictures.example/", fetch=fetch)
