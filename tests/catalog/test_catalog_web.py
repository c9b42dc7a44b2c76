"""Pairs on the web: fetched once, checked, and from a mirror where the source fails."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dni.catalog import pairs as catalog
from dni.catalog.pairs import End, Pair, Source, end_paths
from dni.catalog.transfer import DownloadError, Progress

CONTENT = b"weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
WEB = {"url": "https://host/a.pth", "size": len(CONTENT), "sha256": SHA256}


def web_pair(*sources: Source) -> Pair:
    return Pair("mine", "Mine", (End("calm", sources[0], sources[1:]), End("wild", Source(**WEB))))


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of the network, which is replaced: addresses with "broken" fail, the rest work."""
    asked: list[str] = []

    def fetch(url: str, destination: Path, *, progress: Progress | None, **_: object) -> Path:
        asked.append(url)
        if "broken" in url:
            raise DownloadError(f"Expected {url}.")
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_bytes(CONTENT)
        if progress:
            progress(len(CONTENT), len(CONTENT))
        return destination

    def fetch_hub(repo: str, filename: str, **_: object) -> Path:
        asked.append(f"{repo}/{filename}")
        return Path("/hub") / filename

    monkeypatch.setattr(catalog, "fetch", fetch)
    monkeypatch.setattr(catalog, "fetch_hub", fetch_hub)
    monkeypatch.setattr(catalog, "hub_copy", lambda repo, filename: None)
    return asked


def test_remote_ends_are_fetched_into_the_cache_once(tmp_path: Path, fetched: list[str]) -> None:
    pair = web_pair(Source(**WEB))
    assert not pair.is_local(tmp_path)
    paths = end_paths(pair, cache=tmp_path)
    assert paths == [tmp_path / "mine" / f"end-{number}" / "a.pth" for number in (1, 2)]
    assert pair.is_local(tmp_path)
    assert end_paths(pair, cache=tmp_path) == paths
    assert len(fetched) == 2


def test_a_cached_file_of_another_size_is_not_local_and_of_another_hash_is_fetched_again(
    tmp_path: Path, fetched: list[str]
) -> None:
    pair = web_pair(Source(**WEB))
    paths = end_paths(pair, cache=tmp_path)
    paths[0].write_bytes(b"longer than it was")
    assert not pair.is_local(tmp_path)
    paths[0].write_bytes(CONTENT.upper())
    assert pair.is_local(tmp_path)
    end_paths(pair, cache=tmp_path)
    assert paths[0].read_bytes() == CONTENT
    assert len(fetched) == 3


def test_the_default_cache_is_that_of_the_environment(
    tmp_path: Path, fetched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DNI_CACHE", str(tmp_path))
    assert end_paths(web_pair(Source(**WEB)))[0].is_relative_to(tmp_path)


def test_progress_is_shown_for_each_file(tmp_path: Path, fetched: list[str]) -> None:
    shown: list[object] = []

    @contextmanager
    def progress(name: str) -> Iterator[Progress]:
        shown.append(name)
        yield lambda done, total: shown.append((done, total))

    end_paths(web_pair(Source(**WEB)), progress=progress, cache=tmp_path)
    assert shown == ["a.pth", (7, 7), "a.pth", (7, 7)]


def test_a_mirror_is_asked_when_the_source_fails(
    tmp_path: Path, fetched: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    mirror = Source(hub_repo="somebody/repo", hub_file="a.safetensors", verified=False)
    pair = web_pair(Source(url="https://broken/a.pth"), mirror)
    with caplog.at_level(logging.WARNING):
        assert end_paths(pair, cache=tmp_path)[0] == Path("/hub/a.safetensors")
    assert fetched[:2] == ["https://broken/a.pth", "somebody/repo/a.safetensors"]
    assert "Nobody has verified a.safetensors as a source of mine" in caplog.text


def test_a_mirror_in_the_hub_cache_spares_the_network(
    tmp_path: Path, fetched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hub.safetensors").write_bytes(CONTENT)
    monkeypatch.setattr(catalog, "hub_copy", lambda repo, filename: tmp_path / "hub.safetensors")
    pair = web_pair(Source(url="https://broken/a.pth"), Source(hub_repo="a/b", hub_file="c.safetensors"))
    assert end_paths(pair, cache=tmp_path)[0] == tmp_path / "hub.safetensors"
    assert fetched == [WEB["url"]]


def test_when_every_source_fails_the_first_ones_error_is_raised(tmp_path: Path, fetched: list[str]) -> None:
    pair = web_pair(Source(url="https://broken/a.pth"), Source(url="https://broken/b.pth"))
    with pytest.raises(DownloadError, match=r"Expected https://broken/a\.pth"):
        end_paths(pair, cache=tmp_path)
    assert fetched == ["https://broken/a.pth", "https://broken/b.pth"]
