"""What the catalogue and the files' own recipes say of networks' descent."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dni.catalog.pairs import End, Pair, Source
from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.files import sha256_of
from dni.compatibility.lineage import UNKNOWN, known_label, lineage_of
from dni.export.networks import export_network

KNOWN = "The wild end was fine-tuned from the calm end."


def catalogue(paths: list[Path], *, hashed: bool, lineage: str = KNOWN) -> dict[str, Pair]:
    ends = (End(path.stem, Source(path=path, sha256=sha256_of(path) if hashed else None)) for path in paths)
    return {"tiny": Pair("tiny", "Tiny", tuple(ends), lineage=lineage)}


def test_a_pair_of_the_catalogue_is_known_by_its_hashes(tiny_ends: list[Path], tmp_path: Path) -> None:
    copies = [Path(shutil.copy(path, tmp_path / f"copy-{path.name}")) for path in reversed(tiny_ends)]
    assert lineage_of(copies, catalogue(tiny_ends, hashed=True)) == f"{KNOWN} (Catalogue: tiny.)"
    assert lineage_of(copies, catalogue(tiny_ends, hashed=False)) == UNKNOWN


def test_without_hashes_it_is_known_by_its_place(tiny_ends: list[Path]) -> None:
    assert lineage_of(tiny_ends, catalogue(tiny_ends, hashed=False)) == f"{KNOWN} (Catalogue: tiny.)"


def test_a_mirror_counts(tiny_ends: list[Path]) -> None:
    ends = tuple(
        End(path.stem, Source(url="https://example.org/a.pth"), (Source(path=path, sha256=sha256_of(path)),))
        for path in tiny_ends
    )
    known = {"far": Pair("far", "Far", ends, lineage=KNOWN)}
    assert lineage_of(tiny_ends, known) == f"{KNOWN} (Catalogue: far.)"


def test_unknown(tiny_ends: list[Path]) -> None:
    assert lineage_of(tiny_ends, {}) == UNKNOWN
    assert lineage_of(tiny_ends, catalogue(tiny_ends, hashed=True, lineage="")) == UNKNOWN
    one_of_two = catalogue([tiny_ends[0], tiny_ends[0]], hashed=True)
    assert lineage_of(tiny_ends, one_of_two) == UNKNOWN


def test_blended_files_name_what_they_were_made_of(tiny_ends: list[Path], tmp_path: Path) -> None:
    blends = [tmp_path / "half.safetensors", tmp_path / "most.safetensors"]
    for path, shares in zip(blends, ((0.5, 0.5), (0.1, 0.9)), strict=True):
        export_network(tiny_ends, shares, path)
    assert lineage_of([tiny_ends[0], blends[0]], {}) == "half was blended from calm."
    assert lineage_of([*tiny_ends, blends[0]], {}) == "half was blended from calm and wild."
    named = lineage_of([tiny_ends[0], blends[0]], {}, labels=["quiet", "between"])
    assert named == "between was blended from quiet."
    assert lineage_of(blends, {}) == "All of them were blended from one network that they share."


def test_files_are_called_as_the_catalogue_calls_them(tiny_ends: list[Path], tmp_path: Path) -> None:
    known = catalogue(tiny_ends, hashed=True, lineage="")
    copy, blend = tmp_path / "0001.safetensors", tmp_path / "half.safetensors"
    shutil.copy(tiny_ends[1], copy)
    export_network(tiny_ends, (0.5, 0.5), blend)
    assert known_label(copy, known) == "wild"
    assert known_label(copy, catalogue(tiny_ends, hashed=False)) is None
    assert known_label(blend, known) is None
    assert lineage_of([copy, blend], known) == "half was blended from wild."
    assert lineage_of([copy, blend], {}) == "half was blended from 0001."


def test_a_file_that_is_not_there(tiny_ends: list[Path], tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"Expected a readable .* got .*gone\.safetensors"):
        lineage_of([tiny_ends[0], tmp_path / "gone.safetensors"], {})
