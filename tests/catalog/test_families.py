"""The list of families, and fetching one of its networks from a local server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cases import case
from family_site import family_site

from dni.catalog.families import (
    FAMILIES_FILE,
    Families,
    fetch_relative,
    load_families,
    local_relative,
    root_of,
)
from dni.catalog.make_families import entry_of
from dni.catalog.transfer import DownloadError
from dni.checkpoints.files import PICKLE_SUFFIXES
from dni.errors import DniError


@pytest.fixture
def families(tiny_ends: list[Path]) -> Iterator[Families]:
    with family_site(tiny_ends) as (found, _):
        yield found


def test_the_list_is_whole_and_says_where_it_is_from() -> None:
    relatives = load_families().relatives
    roots = [one.root for one in relatives.values()]
    assert len(relatives) == 369
    assert len(set(roots)) == 55
    assert all(roots.count(root) > 1 for root in set(roots))
    for one in relatives.values():
        with case(one.id):
            assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+_-]*", one.id)
            assert re.fullmatch(r"[0-9a-f]{64}", one.sha256)
            assert 1_000 < one.bytes < 1_000_000_000
            assert one.suffix in (".safetensors", *PICKLE_SUFFIXES)
            assert all(url.startswith("https://") for url in one.urls)
    assert len({one.sha256 for one in relatives.values()}) > 360  # some are there twice
    assert "GPL-3.0" in json.loads(FAMILIES_FILE.read_text("utf-8"))["notice"]


def test_a_network_known_from_elsewhere_is_in_it() -> None:
    found = load_families().find("4x-realesrgan-x4plus")
    assert (found.licence, found.scale, found.bytes) == ("BSD-3-Clause", 4, 67_040_989)
    assert found.sha256 == "4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1"


def test_the_root_of_a_network() -> None:
    parents = {"a": "", "b": "a", "c": "b", "d": "gone", "x": "y", "y": "x"}
    assert {name: root_of(name, parents) for name in parents} == {
        **{"a": "a", "b": "a", "c": "a"},
        **{"d": "d", "x": "x", "y": "y"},
    }


def test_a_family_has_its_own_first_and_those_like_it_before_the_rest(families: Families) -> None:
    assert [one.id for one in families.of("wild")] == ["wild", "calm", "paged", "double"]
    wild = families.find("wild")
    assert wild.is_like(replace(wild, size=()))
    for change in ({"size": ("9nf",)}, {"scale": 2}, {"architecture": "span"}, {"channels": (1, 1)}):
        with case(change):
            assert not wild.is_like(replace(wild, **change))
    for name in ("nobody", None, 3):
        with case(name), pytest.raises(DniError, match="Expected a network of the list of families"):
            families.find(name)


def test_an_entry_takes_the_file_that_can_be_fetched() -> None:
    resource = {
        "platform": "pytorch",
        "type": "pth",
        "size": 10,
        "sha256": "a" * 64,
        "urls": ["https://a.b/c"],
    }
    direct = {
        **resource,
        "sha256": "b" * 64,
        "urls": ["http://a.b/c.pth", "https://a.b/c.zip", "https://a.b/c.pth"],
    }
    model = {
        **{"name": "C", "author": "ann", "license": None, "architecture": "esrgan", "size": None, "scale": 4},
        **{"inputChannels": 3, "outputChannels": 3, "tags": ["jpeg"], "description": "a text of its author"},
        "resources": [{**resource, "sha256": None}, {**resource, "platform": "onnx"}, resource, direct],
    }
    entry = entry_of("c", model, {"jpeg": "JPEG"}, {"ann": "Ann"})
    assert entry is not None
    assert (entry["sha256"], entry["urls"]) == ("b" * 64, ["https://a.b/c.pth"])
    assert "a text of its author" not in str(entry)
    model["resources"] = model["resources"][:3]
    assert (entry_of("c", model, {"jpeg": "JPEG"}, {"ann": "Ann"}) or {})["urls"] == []
    model["resources"] = model["resources"][:2]
    assert entry_of("c", model, {"jpeg": "JPEG"}, {"ann": "Ann"}) is None


def test_a_network_is_fetched_once_and_is_then_here_without_a_connection(
    tiny_ends: list[Path], tmp_path: Path
) -> None:
    with family_site(tiny_ends) as (families, _):
        one = families.find("wild")
        assert local_relative(one, cache=tmp_path) is None
        path = fetch_relative(one, cache=tmp_path)
    assert path.read_bytes() == tiny_ends[1].read_bytes()
    assert local_relative(one, cache=tmp_path) == path
    assert fetch_relative(one, cache=tmp_path) == path
    with pytest.raises(DownloadError, match="Expected a connection to"):
        fetch_relative(families.find("calm"), cache=tmp_path)


def test_what_cannot_be_fetched(families: Families, tmp_path: Path) -> None:
    wild = families.find("wild")
    for one, most, text in [
        (families.find("paged"), 10**9, r"behind a page: get it from https://openmodeldb\.info/models/paged"),
        (wild, 1000, "Expected room for wild"),
        (replace(wild, sha256="0" * 64), 10**9, "to have sha256 0000"),
        (replace(wild, bytes=wild.bytes + 1), 10**9, f"Expected {wild.bytes + 1} bytes"),
    ]:
        with case(text), pytest.raises(DownloadError, match=text):
            fetch_relative(one, cache=tmp_path, max_bytes=most)
    assert not list(tmp_path.rglob("*.safetensors"))
    broken = replace(wild, urls=(f"{wild.urls[0]}.gone", *wild.urls))
    assert fetch_relative(broken, cache=tmp_path).exists()
