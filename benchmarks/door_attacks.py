"""Attacks of :mod:`benchmarks.attacks` that are turned away before Gradio reads them."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from urllib.parse import urlsplit

from benchmarks.people import API
from benchmarks.strangers import Stranger

__all__ = ["form_fields", "kept_names", "many_files", "many_values", "untaken_answers", "unused_routes"]

PAIR = "esrgan-lite-x4"
FILES = 1000
NAME = "\N{GRINNING FACE}" + "z" * 3_000_000  # a letter like the first takes four bytes, and so do all then
READERS = 300
FILE_BYTES = 4_000_000
HELD_SECONDS = 20.0


async def unused_routes(stranger: Stranger) -> None:
    """Gradio's routes that this app has no use for: ffmpeg on a playlist of server files, and streams."""
    playlist = f"#EXTM3U\n#EXTINF:2.0,\nfile://{stranger.canary}\n#EXT-X-ENDLIST\n".encode()
    await stranger.ask("POST", f"{API}/process_recording", files={"video": ("a.mp4", playlist)})
    for path in (f"{API}/dev/reload", "/monitoring/summary", f"{API}/run-history/records"):
        await stranger.ask("GET", path)


async def many_values(stranger: Stranger) -> None:
    """8 MB of JSON with 2.6 million values, past the queue and into it."""
    body = b'{"data":[' + b"[]," * 2_600_000 + b"[]]}"
    for path in (f"{API}/queue/join", f"{API}/component_server", f"{API}/run/blend"):
        headers = {"content-type": "application/json"}
        await stranger.ask("POST", path, content=body, headers=headers)
    await stranger.ask("POST", f"{API}/run/blend", json={"data": [PAIR, 0.5]})


async def form_fields(stranger: Stranger) -> None:
    """Uploads whose parts are no files: 50 MB of text."""
    text = b"a" * 50_000_000
    body = b'--x\r\nContent-Disposition: form-data; name="t"\r\n\r\n' + text + b"\r\n--x--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=x"}
    await stranger.ask("POST", f"{API}/upload", content=body, headers=headers)


async def many_files(stranger: Stranger) -> None:
    """An upload of a thousand files of a few bytes, each of which gets a folder."""
    files = [("files", ("a", f"{stranger.number}-{number}".encode())) for number in range(FILES)]
    await stranger.ask("POST", f"{API}/upload", files=files)


async def kept_names(stranger: Stranger) -> None:
    """Names of 12 MB for a session, and of 60 kB for uploads, which Gradio keeps."""
    for body in ({"data": [], "fn_index": 0, "session_hash": NAME}, {"data": [], "session_hash": NAME}):
        await stranger.ask("POST", f"{API}/queue/join", json=body)
        await stranger.ask("POST", f"{API}/call/blend", json={**body, "data": [PAIR, 0.5]})
    for number in range(20):
        query = {"upload_id": f"{stranger.number}-{number}-{NAME[:60_000]}"}
        await stranger.ask("POST", f"{API}/upload", params=query, files={"files": ("a", b"x")})
        await stranger.ask("GET", f"{API}/upload_progress", params=query)


async def untaken_answers(stranger: Stranger) -> None:
    """Three hundred connections that ask for a file of 4 MB and take nothing of it."""
    uploaded = await stranger.ask("POST", f"{API}/upload", files={"files": ("a", bytes(FILE_BYTES))})
    if uploaded is None or uploaded.is_error:
        return
    parts = urlsplit(stranger.app.address)
    line = f"GET {API}/file={uploaded.json()[0]} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    loop, held = asyncio.get_running_loop(), []
    try:
        for _ in range(READERS):
            reader = socket.socket()
            held.append(reader)
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.setblocking(False)
            reader.bind((stranger.address, 0))
            with suppress(OSError, TimeoutError, asyncio.TimeoutError):
                await asyncio.wait_for(loop.sock_connect(reader, (parts.hostname, parts.port)), 5)
                await asyncio.wait_for(loop.sock_sendall(reader, line), 5)
        await asyncio.sleep(HELD_SECONDS)
        with suppress(OSError, TimeoutError, asyncio.TimeoutError):
            answer = (await asyncio.wait_for(loop.sock_recv(held[-1], 2000), 5)).decode("latin-1")
            head, _, body = answer.partition("\r\n\r\n")
            status = head.split(" ")[1] if head.startswith("HTTP/") else "closed"
            stranger.count(status, body if status != "200" else "")
    finally:
        for reader in held:
            reader.close()
