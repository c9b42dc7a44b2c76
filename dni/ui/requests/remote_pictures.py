"""Fetches a picture from an address that a link names, as strictly as an upload is taken.

Whoever sends a link may want this server to ask its own network for something (server-side request forgery),
so: http and https only, no credentials, the usual ports; every address that the name resolves to must be
public, the connection goes to the very address that was checked (a name may mean something else a moment
later: DNS rebinding), and each redirect is checked as if it were the first. What comes is bounded in size
and time, goes to a file in the session's folder, and is decoded where strangers' pictures are.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from dni.errors import DniError

__all__ = ["PORTS", "RemotePictureError", "fetch_picture", "is_public", "public_addresses"]

MAX_BYTES = 100_000_000  # as of one upload
MAX_SECONDS = 20.0
MAX_REDIRECTS = 3
MAX_URL = 2000
PORTS = {"http": 80, "https": 443}
# A name server may be slow on purpose; the system's resolver gives up by itself after some time.
CONNECT_SECONDS = 5.0
NAT64 = ipaddress.ip_network("64:ff9b::/96")
# What Python 3.11 calls global, and what leads to somebody's own network, to nobody, or to examples.
NOT_PUBLIC = [
    ipaddress.ip_network(network)
    for network in ("fec0::/10", "3fff::/20", "5f00::/16", "64:ff9b:1::/48", "192.88.99.0/24", "192.0.0.0/24")
]

Resolve = Callable[[str, int], Sequence[str]]


class RemotePictureError(DniError):
    """An address that may not be fetched, or that does not give a picture."""


@dataclass(frozen=True)
class Place:
    """Where to connect, and what to say there."""

    url: str
    scheme: str
    host: str
    port: int
    address: str

    @property
    def netloc(self) -> str:
        """The address in brackets if need be, with the port."""
        shown = f"[{self.address}]" if ":" in self.address else self.address
        return f"{shown}:{self.port}"

    @property
    def target(self) -> str:
        """The same address with the checked number in place of the name."""
        parts = urlsplit(self.url)
        query = f"?{parts.query}" if parts.query else ""
        return f"{self.scheme}://{self.netloc}{parts.path or '/'}{query}"

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def fetch_picture(
    url: str,
    folder: Path,
    *,
    resolve: Resolve | None = None,
    is_allowed: Callable[[str], bool] | None = None,
    ports: frozenset[int] = frozenset(PORTS.values()),
    clock: Callable[[], float] = time.monotonic,
) -> Path:
    """Fetch what an address holds into a file of ``folder``; it is a stranger's and has not been looked at.

    Args:
        url: From a link; it may be anything.
        folder: Where to write.
        resolve: The addresses of a name; by default the system's resolver.
        is_allowed: Whether an address may be connected to; by default :func:`is_public`.
        ports: The ports that may be asked for.
        clock: Seconds that only rise.

    Raises:
        RemotePictureError: The address may not be fetched, or what comes is too large, too slow or an error.
            No text says what was found at an address that may not be fetched.
    """
    deadline = clock() + MAX_SECONDS
    with (
        httpx.Client(timeout=CONNECT_SECONDS, follow_redirects=False, trust_env=False) as client,
        closed_late(client),
    ):
        for _ in range(MAX_REDIRECTS + 1):
            place = checked_place(url, resolve or resolved, is_allowed or is_public, ports)
            with failing_alike(), stream(client, place) as response:
                if response.is_redirect:
                    url = urljoin(place.url, response.headers.get("location", ""))
                    continue
                return save_body(response, folder / "linked-picture", deadline, clock)
    raise RemotePictureError(f"Expected a picture after at most {MAX_REDIRECTS} redirects. Upload the file.")


@contextmanager
def closed_late(client: httpx.Client) -> Iterator[None]:
    """Close the client's connections when the time is up: one byte every second is no time-out of a read."""
    timer = threading.Timer(MAX_SECONDS, client.close)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def failing_alike() -> Iterator[None]:
    """Say the same of all that can go wrong on the way."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError, RuntimeError) as error:
        if isinstance(error, DniError):
            raise
        raise RemotePictureError(
            "Expected a picture at the link's address, but it does not answer. Upload the file."
        ) from error


def stream(client: httpx.Client, place: Place) -> Any:
    """The answer of the checked address, asked in the name's stead; certificates are those of the name."""
    return client.stream(
        "GET",
        place.target,
        headers={"host": place.host_header, "accept": "image/*", "accept-encoding": "identity"},
        extensions={"sni_hostname": place.host},
    )


def save_body(response: httpx.Response, path: Path, deadline: float, clock: Callable[[], float]) -> Path:
    """Write what comes, bounded in bytes and seconds."""
    if response.status_code != 200:
        raise RemotePictureError(
            f"Expected a picture at the link's address, but it answers {response.status_code}. "
            "Upload the file."
        )
    taken = 0
    with path.open("wb") as file:
        for piece in pieces(response):
            taken += len(piece)
            if taken > MAX_BYTES:
                raise RemotePictureError(
                    f"Expected a picture of at most {MAX_BYTES / 1e6:.0f} MB at the link's address. "
                    "Upload less."
                )
            if clock() > deadline:
                raise RemotePictureError(
                    f"Expected the link's picture within {MAX_SECONDS:.0f} s. Upload the file."
                )
            file.write(piece)
    return path


def pieces(response: httpx.Response) -> Iterator[bytes]:
    """As they come, without unpacking: a small body could unpack to a huge one."""
    return response.iter_raw()


def checked_place(
    url: str, resolve: Resolve, is_allowed: Callable[[str], bool], ports: frozenset[int]
) -> Place:
    """Where an address leads, if that may be asked.

    Raises:
        RemotePictureError: It may not; the text is the same whatever the reason, so that nobody can map a
            network with it.
    """
    try:
        if len(url) > MAX_URL or any(ord(sign) <= 32 or ord(sign) == 127 for sign in url):
            raise ValueError(url)
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname or parts.username or parts.password:
            raise ValueError(url)
        port = parts.port or PORTS[parts.scheme]
        if port not in ports:
            raise ValueError(url)
        found = public_addresses(parts.hostname, port, resolve, is_allowed)
    except (ValueError, OSError, UnicodeError) as error:
        raise RemotePictureError(
            "Expected the public address of a picture, http or https, in the link, but got something else. "
            "Upload the file."
        ) from error
    return Place(url, parts.scheme, parts.hostname, port, found[0])


def public_addresses(
    host: str, port: int, resolve: Resolve, is_allowed: Callable[[str], bool]
) -> Sequence[str]:
    """All that a name resolves to, at least one; none of them may be anything but public.

    Raises:
        ValueError: One of them is not public, or there is none.
        OSError: The name is not known.
    """
    found = resolve(host, port)
    if not found or not all(is_allowed(address) for address in found):
        raise ValueError(host)
    return found


def resolved(host: str, port: int) -> list[str]:
    """What the system's resolver says."""
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in entries]


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet, also what is wrapped inside it.

    Example:
        >>> is_public("93.184.216.34"), is_public("127.0.0.1"), is_public("::ffff:10.0.0.1")
        (True, False, False)
    """
    if "%" in address:  # a link's own zone
        return False
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped or found in NAT64:
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        if found.sixtofour or found.teredo:  # tunnels, of which nobody needs one any more
            return False
    if any(found in network for network in NOT_PUBLIC):
        return False
    return found.is_global and not (
        found.is_multicast or found.is_reserved or found.is_unspecified or found.is_loopback
    )
