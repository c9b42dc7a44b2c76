"""Attacks of :mod:`benchmarks.attacks` that are turned away before Gradio reads them."""

from __future__ import annotations

from benchmarks.people import API
from benchmarks.strangers import Stranger

__all__ = ["form_fields", "many_values", "unused_routes"]

PAIR = "esrgan-lite-x4"


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
