"""Files of the hub, whose own client fetches them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import pytest
from cases import case

from dni.catalog import download
from dni.catalog.download import fetch_hub, hub_copy
from dni.catalog.transfer import DownloadError

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SIZE = len(CONTENT)


@pytest.fixture
def hub_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that the hub's client claims to have fetched, laid out as in its cache."""
    blob, link = tmp_path / "blob", tmp_path / "file.pth"
    blob.write_bytes(CONTENT)
    link.symlink_to(blob)
    monkeypatch.setattr(download, "hf_hub_download", lambda repo, name, **_: str(link))
    return link


def test_a_hub_file_is_checked(hub_file: Path) -> None:
    assert fetch_hub("somebody/repo", "file.pth", size=SIZE, sha256=SHA256) == hub_file
    assert fetch_hub("somebody/repo", "file.pth") == hub_file
    with pytest.raises(
        DownloadError, match=rf"sha256 {'0' * 64}, but it has {SIZE} bytes and sha256 {SHA256}; it"
    ):
        fetch_hub("somebody/repo", "file.pth", sha256="0" * 64)
    assert not hub_file.is_symlink()
    assert not (hub_file.parent / "blob").exists()


HUB_ERRORS = [OSError("no"), ValueError("bad name"), httpx.ConnectError("offline")]


def test_a_failing_hub_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for error in HUB_ERRORS:
        with case(error):

            def fail(*_: object, error: Exception = error, **__: object) -> None:
                raise error

            monkeypatch.setattr(download, "hf_hub_download", fail)
            with pytest.raises(
                DownloadError, match=r"Expected file\.pth in the hub's a/b.*https://huggingface\.co/a/b"
            ):
                fetch_hub("a/b", "file.pth")


def test_a_repository_that_cannot_be_is_an_error() -> None:
    with pytest.raises(DownloadError, match=r"Expected a\.pth in the hub's a//b, but could not get it"):
        fetch_hub("a//b", "a.pth")


def test_what_the_hub_cache_lacks_is_none() -> None:
    assert hub_copy("dni-tests/never-existed", "a.pth") is None
    assert hub_copy("a//b", "a.pth") is None
