"""Archives of several results: what is refused stays out, what is done stays in."""

from __future__ import annotations

import threading
import zipfile
from functools import partial
from pathlib import Path

import pytest

from dni.errors import DniError
from dni.export.archive import ArchiveItem, write_archive
from dni.rendering.control import Cancelled, RenderControl


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "made").mkdir()
    return tmp_path


def make(folder: Path, name: str, control: RenderControl, *, stops: threading.Event | None = None) -> Path:
    control.report(1, 2)
    if name.startswith("bad"):
        raise DniError(f"{name} is damaged.")
    path = folder / "made" / name
    path.write_bytes(name.encode() * 10)
    if stops is not None:
        stops.set()
    return path


def items(folder: Path, *names: str) -> list[ArchiveItem]:
    return [ArchiveItem(name, partial(make, folder, name)) for name in names]


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_bad_ones_are_named_and_the_others_are_in_it(folder: Path) -> None:
    seen: list[float] = []
    control = RenderControl(progress=lambda done, total: seen.append(done / total))
    names = ("a.png", "bad.png", "A.png", "a.png")
    report = write_archive(items(folder, *names), folder / "all.zip", control=control)
    assert report.written == ["a.png", "A-2.png", "a-3.png"]
    assert report.problems == [("bad.png", "bad.png is damaged.")]
    found = contents(folder / "all.zip")
    assert found.pop("not rendered.txt") == b"bad.png: bad.png is damaged.\n"
    assert found == {"a.png": b"a.png" * 10, "A-2.png": b"A.png" * 10, "a-3.png": b"a.png" * 10}
    assert seen == [1 / 8, 3 / 8, 5 / 8, 7 / 8]
    assert list((folder / "made").iterdir()) == []


def test_nothing_but_bad_ones_leaves_nothing(folder: Path) -> None:
    with pytest.raises(DniError, match=r"none could be: bad1: bad1 is damaged\. The other 1 failed, too"):
        write_archive(items(folder, "bad1", "bad2"), folder / "all.zip", control=RenderControl())
    assert [path.name for path in folder.iterdir()] == ["made"]


def test_what_was_finished_before_a_cancellation_is_kept(folder: Path) -> None:
    stop = threading.Event()
    first, *others = items(folder, "a.png", "b.png")
    first = ArchiveItem("a.png", partial(make, folder, "a.png", stops=stop))
    control = RenderControl(cancelled=stop)
    report = write_archive([first, *others], folder / "all.zip", control=control)
    assert (report.written, report.is_cancelled) == (["a.png"], True)
    assert list(contents(folder / "all.zip")) == ["a.png"]
    with pytest.raises(Cancelled):
        write_archive(others, folder / "none.zip", control=control)
    assert not (folder / "none.zip").exists()


def test_the_archive_is_bounded(folder: Path) -> None:
    names = ("a.png", "a long name.png", "b.png")
    report = write_archive(items(folder, *names), folder / "a.zip", control=RenderControl(), max_bytes=120)
    assert report.written == ["a.png", "b.png"]
    ((name, text),) = report.problems
    assert name == "a long name.png"
    assert text == "Expected at most 0.00012 MB in one archive. Render it in another."
    assert list((folder / "made").iterdir()) == []
