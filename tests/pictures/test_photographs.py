"""BSDS500 as it is fetched: an archive with more than photographs in it, and archives that are not it."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from digit_files import photograph

from dni.errors import DniError
from dni.pictures import photographs as photographs_module
from dni.pictures.photographs import SPLITS, fetch_bsds500, load_photographs

IMAGES = "BSR/BSDS500/data/images"


def png(seed: int) -> bytes:
    buffer = io.BytesIO()
    photograph(seed).save(buffer, "PNG")
    return buffer.getvalue()


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as opened:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))
    return path


def complete(path: Path) -> Path:
    members = {f"{IMAGES}/{split}/{i}.png": png(i) for i, split in enumerate(("train", "val", "test"))}
    others = {f"{IMAGES}/test/Thumbs.db": b"no", "BSR/README": b"text", f"{IMAGES}/train/../../x.txt": b"no"}
    return archive(path, members | others)


@pytest.fixture
def arrives(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What is asked for, instead of the network."""
    asked: list[Path] = []

    def fetch(url: str, destination: Path, **_: object) -> Path:
        asked.append(destination)
        return destination if destination.exists() else complete(destination)

    monkeypatch.setattr(photographs_module, "fetch", fetch)
    monkeypatch.setattr(photographs_module, "SPLITS", dict.fromkeys(SPLITS, 1))
    return asked


def test_photographs_of_each_split_and_nothing_else(tmp_path: Path, arrives: list[Path]) -> None:
    folder = fetch_bsds500(tmp_path)
    assert sorted(str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()) == [
        "bsds500/test/2.png",
        "bsds500/train/0.png",
        "bsds500/val/1.png",
    ]
    (loaded,) = load_photographs([folder / "val"])
    assert (np.asarray(loaded) == np.asarray(photograph(1))).all()
    assert fetch_bsds500(tmp_path) == folder
    assert len(arrives) == 1  # not asked for again


def test_a_cut_off_photograph_is_named(tmp_path: Path) -> None:
    for name, content in (("cut.png", png(0)[:200]), ("empty.jpg", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DniError, match=rf"Expected a photograph in .*{name}, but it cannot be read \("):
            load_photographs([tmp_path])
        (tmp_path / name).unlink()


def test_what_an_interrupted_unpacking_left_is_no_hindrance(tmp_path: Path, arrives: list[Path]) -> None:
    (tmp_path / ".bsds500.partial" / "train").mkdir(parents=True)
    (tmp_path / ".bsds500.partial" / "train" / "half.png").touch()
    folder = fetch_bsds500(tmp_path)
    assert [file.name for file in (folder / "train").iterdir()] == ["0.png"]


def test_no_archive(tmp_path: Path, arrives: list[Path]) -> None:
    (tmp_path / "BSR_bsds500.tgz").write_bytes(b"<html>moved</html>")
    with pytest.raises(DniError, match=r"Expected BSDS500, but .*BSR_bsds500\.tgz is no archive"):
        fetch_bsds500(tmp_path)
    assert not (tmp_path / "bsds500").exists()


def test_half_an_archive(tmp_path: Path, arrives: list[Path]) -> None:
    file = complete(tmp_path / "BSR_bsds500.tgz")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(DniError, match="is no archive"):
        fetch_bsds500(tmp_path)
    assert not (tmp_path / "bsds500").exists()


def test_a_damaged_archive(tmp_path: Path, arrives: list[Path]) -> None:
    text = " ".join(str(number**3) for number in range(20_000)).encode()
    file = archive(tmp_path / "BSR_bsds500.tgz", {f"{IMAGES}/{split}/0.png": text for split in SPLITS})
    content = bytearray(file.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 5000] = bytes(5000)
    file.write_bytes(content)
    with pytest.raises(DniError, match=r"Delete it\."):
        fetch_bsds500(tmp_path)
    assert not (tmp_path / "bsds500").exists()


def test_another_archive(tmp_path: Path, arrives: list[Path]) -> None:
    archive(tmp_path / "BSR_bsds500.tgz", {"other/picture.jpg": b"x"})
    with pytest.raises(DniError, match=f"Expected 1 photographs in {IMAGES}/train/ of .*, but got 0"):
        fetch_bsds500(tmp_path)
    assert not (tmp_path / "bsds500").exists()
