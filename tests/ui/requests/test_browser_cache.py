"""Browsers keep what never changes, and ask again for all else."""

from __future__ import annotations

import re

import httpx
import pytest

LINKS = re.compile(r'(?:gradio_api/file=[^"\\]+/web-|assets/)[^"\\]+\.(?:js|css)')


@pytest.fixture
def client(app: str) -> httpx.Client:
    return httpx.Client(base_url=app, timeout=60)


def test_scripts_and_styles_are_kept(client: httpx.Client) -> None:
    links = set(LINKS.findall(client.get("").text))
    assert any("/web-" in link for link in links)
    assert any("assets/" in link for link in links)
    for link in links:
        answer = client.get(link)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable", link


@pytest.mark.parametrize("address", ["", "config", "theme.css", "assets/none-12345678.js"])
def test_what_may_change_is_asked_for_again(client: httpx.Client, address: str) -> None:
    assert "immutable" not in client.get(address).headers.get("cache-control", "")


def test_uploads_are_asked_for_again(client: httpx.Client) -> None:
    (path,) = client.post("gradio_api/upload", files={"files": ("web-0123456789ab.png", b"text")}).json()
    assert "immutable" not in client.get(f"gradio_api/file={path}").headers.get("cache-control", "")
