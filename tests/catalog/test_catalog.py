"""The catalogue: what is in ours, how others are read, and where the files of a pair are."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import spandrel
from cases import case

from dni.catalog import pairs as catalog
from dni.catalog.catalog_file import find_pair, listed_pairs, load_catalog
from dni.catalog.pairs import CatalogError, Pair, end_paths
from dni.checkpoints.networks import load_ends

CONTENT = b"weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
WEB = {"url": "https://host/a.pth", "size": len(CONTENT), "sha256": SHA256}


def entry(**changes: object) -> dict[str, Any]:
    ends = [
        {"label": "calm", "source": {"path": "a.safetensors", "sha256": SHA256}},
        {"label": "wild", "source": {"path": "b.safetensors"}},
    ]
    return {"id": "mine", "title": "Mine", "ends": ends, **changes}


def ends_with(source: object, **more: object) -> list[object]:
    return [{"label": "calm", "source": source, **more}, entry()["ends"][1]]


def write(folder: Path, *entries: object) -> Path:
    path = folder / "catalog.json"
    path.write_text(json.dumps({"pairs": list(entries)}))
    return path


# Our own catalogue


def test_every_pair_of_ours_is_described() -> None:
    known = {support.architecture.name for support in spandrel.MAIN_REGISTRY} | {"RRDBNet", "LookUNet"}
    pairs = load_catalog()
    assert len(listed_pairs(pairs)) >= 19
    for pair_id, pair in pairs.items():
        assert pair.id == pair_id
        assert all((pair.title, pair.description, pair.lineage, pair.licence)), pair_id
        assert pair.homepage.startswith("https://"), pair_id
        assert pair.scale in (1, 4), pair_id
        assert pair.architecture in known, pair_id
        assert len(set(pair.labels)) == len(pair.ends) >= 2, pair_id
    assert pairs["swinir-jpeg"].labels == ("quality 10", "quality 20", "quality 30", "quality 40")
    # The weak-denoise file is the end that keeps more noise.
    noisy = {end.label: end.source.file_name for end in pairs["realesr-general-x4v3"].ends}
    assert noisy["keeps noise"] == "realesr-general-wdn-x4v3.pth"


def test_the_four_corners_begin_with_the_bundled_pair() -> None:
    pair, four = find_pair("esrgan-lite-x4"), find_pair("esrgan-lite-x4-four")
    assert four.ends[:2] == pair.ends
    # In the desk's square, opposite corners have opposite effects.
    assert four.labels == ("faithful", "textured", "removes noise", "flat")
    assert [path.stem for path in end_paths(four)] == ["psnr", "gan", "clean", "flat"]


def test_what_nobody_has_seen_is_marked() -> None:
    ends = [end for pair in load_catalog().values() for end in pair.ends]
    hub = [source for end in ends for source in (end.source, *end.mirrors) if source.hub_repo]
    assert len(hub) == 3
    assert not any(source.verified for source in hub)


def test_the_bundled_pair_is_in_the_weights_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(catalog.__file__).parents[2]
    sources = [end.source.path for end in find_pair("esrgan-lite-x4").ends]
    assert sources == [
        root / "weights" / "esrgan-lite-x4" / f"{name}.safetensors" for name in ("psnr", "gan")
    ]
    monkeypatch.setenv("DNI_WEIGHTS", str(tmp_path))
    pair = find_pair("esrgan-lite-x4")
    assert not pair.is_local()
    with pytest.raises(
        CatalogError, match=rf"'faithful' of esrgan-lite-x4 at {tmp_path}.* not there.*DNI_WEIGHTS"
    ):
        end_paths(pair)
    (tmp_path / "esrgan-lite-x4").mkdir()
    for name in ("psnr", "gan"):
        shutil.copy(root / "weights" / "esrgan-lite-x4" / f"{name}.safetensors", tmp_path / "esrgan-lite-x4")
    assert pair.is_local()
    assert [path.name for path in end_paths(pair)] == ["psnr.safetensors", "gan.safetensors"]


def test_an_unknown_pair_names_the_nearest() -> None:
    with pytest.raises(CatalogError, match=r"got 'esrgan-lit-x4'\. Did you mean esrgan-lite-x4"):
        find_pair("esrgan-lit-x4")
    with pytest.raises(CatalogError, match=r"got 'zzz'\. There are bsrgan-x4, denoise, esrgan-lite-x4"):
        find_pair("zzz")


# Other catalogues


def test_another_catalogue_is_added_with_paths_relative_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DNI_CATALOG", str(write(tmp_path, entry())))
    pairs = load_catalog()
    assert {"mine", "esrgan-lite-x4"} <= pairs.keys()
    assert [end.source.path for end in pairs["mine"].ends] == [
        tmp_path / "a.safetensors",
        tmp_path / "b.safetensors",
    ]
    assert load_catalog(tmp_path / "catalog.json").keys() == {"mine"}


@pytest.mark.parametrize("entries", [[entry(), entry()], [entry(id="esrgan-lite-x4")]])
def test_an_id_twice_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: list[dict[str, Any]]
) -> None:
    monkeypatch.setenv("DNI_CATALOG", str(write(tmp_path, *entries)))
    with pytest.raises(CatalogError, match=f"every pair once, but {entries[-1]['id']} is there again in"):
        load_catalog()


MALFORMED = [
    ({"colour": "red"}, r"catalog\.json, pair 1 has unknown ones: colour"),
    ({"id": "Mine/../x"}, r"small letters, digits, dots and hyphens, but got 'Mine/\.\./x'"),
    ({"scale": "4"}, "Expected scale in .* to be int, but got '4'"),
    ({"scale": True}, "Expected scale in .* to be int, but got True"),
    ({"examples": ["cat", 3]}, "Expected the names of examples as texts"),
    ({"superseded_by": "gone"}, "Expected superseded_by of mine to name a pair of .* but got 'gone'"),
    ({"superseded_by": "mine"}, "is not superseded itself, but got 'mine'"),
    ({"pad": "ring"}, "Expected pad as one of corners, around in .*, pair 1, but got 'ring'"),
    ({"ladder": {"measure": "noise"}}, "pair 1 lacks rungs"),
    ({"ladder": {"measure": "blur", "rungs": [[1, 0], [2, 1]]}}, "measure among noise, jpeg"),
    ({"ladder": {"measure": "noise", "rungs": [1, 2]}}, "Expected a ladder in .*, pair 1"),
    ({"title": None}, "Expected title in .* to be str, but got None"),
    ({"ends": entry()["ends"][:1]}, "two or more ends with different labels in .* but got calm"),
    ({"ends": []}, "two or more ends .* but got none"),
    ({"ends": entry()["ends"][:1] * 2}, "different labels in .* but got calm, calm"),
    ({"ends": ["a.pth", "b.pth"]}, "Expected a JSON object in .*, pair 1, end 1, but got str"),
    ({"ends": [{"label": "calm"}] * 2}, "pair 1, end 1 lacks source"),
    ({"ends": ends_with({})}, "Expected one place in .*, url or path or .* but got none"),
    ({"ends": ends_with({"hub_repo": "a/b"})}, "but got hub_repo"),
    (
        {"ends": ends_with({"hub_repo": "a/b", "hub_file": "c.pth", "path": "d.pth"})},
        "got hub_file, hub_repo, p",
    ),
    ({"ends": ends_with({"url": "https://h/a.pth", "sha256": "abc"})}, "sha256 as 64 hexadecimal digits"),
    (
        {"ends": ends_with({"url": "https://h/x/.."})},
        r"Expected a file that ends in one of \.safetensors",
    ),
    (
        {"ends": ends_with({"url": "https://h/a.exe"})},
        r"Expected a file that ends in one of \.safetensors",
    ),
    ({"ends": ends_with({"url": "https://h/a.pth"}, mirrors=[{"x": 1}])}, "has unknown ones: x"),
]


def test_a_malformed_entry_is_an_error(tmp_path: Path) -> None:
    for changes, text in MALFORMED:
        with case(changes), pytest.raises(CatalogError, match=text):
            load_catalog(write(tmp_path, entry(**changes)))


def test_a_key_that_lacks_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="pair 1 lacks ends, id, title"):
        load_catalog(write(tmp_path, {}))


NO_CATALOGUES = [None, "{", "[]", '{"pairs": {}}', b"\xff\xfe"]


def test_what_is_not_a_catalogue_is_an_error(tmp_path: Path) -> None:
    for content in NO_CATALOGUES:
        with case(content):
            path = tmp_path / "catalog.json"
            if content is not None:
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
            with pytest.raises(CatalogError, match=r"Expected .*catalog\.json"):
                load_catalog(path)


# Pairs of files


def test_a_pair_of_local_files(tmp_path: Path) -> None:
    paths = [tmp_path / "net_psnr.pth", tmp_path / "net_gan.pth"]
    pair = Pair.from_paths(paths)
    assert (pair.id, pair.title, pair.labels) == ("files", "net_psnr / net_gan", ("net_psnr", "net_gan"))
    assert not pair.is_local()
    with pytest.raises(CatalogError, match=r"'net_psnr' of files at .*net_psnr\.pth, but it is not there"):
        end_paths(pair)
    for path in paths:
        path.write_bytes(CONTENT)
    assert pair.is_local()
    assert end_paths(pair) == paths
    assert Pair.from_paths(paths, ["soft", "sharp"]).labels == ("soft", "sharp")


def test_files_of_one_name_are_told_apart_by_their_folders() -> None:
    assert Pair.from_paths(["x/net.pth", "y/net.pth"]).labels == ("x/net", "y/net")
    here = Path.cwd().name
    assert Pair.from_paths(["net.pth", "y/net.pth"]).labels == (f"{here}/net", "y/net")
    assert Pair.from_paths(["a/y/net.pth", "b/y/net.pth"]).labels == ("y/net (1)", "y/net (2)")


def test_a_pair_needs_two_files_and_a_label_for_each() -> None:
    with pytest.raises(CatalogError, match="at least two files to blend, but got 1"):
        Pair.from_paths(["a.pth"])
    with pytest.raises(CatalogError, match="a label for each of 2 files, but got 1"):
        Pair.from_paths(["a.pth", "b.pth"], ["one"])


def test_a_local_file_is_checked(tmp_path: Path) -> None:
    pair = load_catalog(write(tmp_path, entry()))["mine"]
    for name in "ab":
        (tmp_path / f"{name}.safetensors").write_bytes(CONTENT)
    assert [path.name for path in end_paths(pair)] == ["a.safetensors", "b.safetensors"]
    (tmp_path / "a.safetensors").write_bytes(b"changed")
    with pytest.raises(CatalogError, match=r"a\.safetensors, but it is not the file the catalogue knows"):
        end_paths(pair)


def test_the_real_pair_is_found_through_a_catalogue(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shared / "pairs" / "realesr-general"
    ends = [
        {"label": label, "source": {"path": str(folder / f"realesr-general-{name}.safetensors")}}
        for label, name in (("removes noise", "x4v3"), ("keeps noise", "wdn-x4v3"))
    ]
    monkeypatch.setenv("DNI_CATALOG", str(write(tmp_path, entry(ends=ends))))
    pair = find_pair("mine")
    assert pair.is_local()
    assert load_ends(end_paths(pair))[0].scale == 4
