"""``dni render`` on a folder: several alphas, contact sheets, and processes that share the work."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import case
from command_line import Run, assert_refused
from PIL import Image

import dni
from dni.cli.rendering.shared_work import CLAIMS_FILE, Worker, run_shared, worker_of
from dni.errors import DniError
from dni.export.sweeps.contact_sheet import strongest_part
from dni.pictures.read import read_recipe
from dni.pictures.rectangle import Rectangle

pytestmark = pytest.mark.usefixtures("tiny_catalogue")

WORDS = ("--pair", "tiny", "--float32", "--alpha")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed, name in enumerate(("a.png", "b.png", "c.png", "d.png")):
        pixels = np.random.default_rng(seed).integers(0, 256, (30, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Several alphas


def test_several_alphas_give_a_file_each_and_resume(run: Run, photos: Path, out: Path) -> None:
    for name in ("b.png", "c.png", "d.png"):
        (photos / name).unlink()
    alphas = "0,0.25,1"
    expected = ["a_alpha-0.25.png", "a_alpha-0.png", "a_alpha-1.png", "a_sheet.png"]
    result = run("render", photos, "-o", out, *WORDS, alphas, "--contact-sheet")
    assert (result.code, result.out) == (0, f"Wrote 4 files of 1 pictures to {out}\n")
    assert names(out) == expected
    alone = out / "alone.png"
    assert run("render", photos / "a.png", "-o", alone, *WORDS, "0.25").code == 0
    assert alone.read_bytes() == (out / "a_alpha-0.25.png").read_bytes()
    assert '"alpha"' not in (read_recipe(out / "a_sheet.png") or "")
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    (out / "a_alpha-0.25.png").unlink()
    result = run("render", photos, "-o", out, *WORDS, alphas, "--contact-sheet", "--skip-existing")
    assert result.out == f"Wrote 1 pictures to {out}\n"
    changed = [path.name for path in out.iterdir() if path.stat().st_mtime_ns != before[path.name]]
    assert changed == ["a_alpha-0.25.png"]
    result = run("render", photos, "-o", out, *WORDS, alphas, "--contact-sheet", "--skip-existing")
    assert (result.code, result.out) == (0, "")
    # A sheet beside the pictures is none of them.
    (out / "a_sheet.png").rename(photos / "sheet.png")
    assert "sheet.png: a sheet that dni wrote." in run("render", photos, "-o", photos, *WORDS, "0,1").err


def test_alphas_of_one_picture_and_wrong_ones(run: Run, photos: Path, out: Path) -> None:
    photo = photos / "a.png"
    for text, message in [
        ("0,0.5,0.50", "up to 101 different numbers as --alpha, but got 0,0.5,0.50"),
        ("0,x", "--alpha as numbers with commas"),
        ("0,1.5", "1.5"),
        (",".join(str(index / 200) for index in range(102)), "up to 101 different numbers"),
    ]:
        with case(text):
            assert_refused(run("render", photo, "-o", out / "x.png", *WORDS, text), message, out)
    result = run("render", photo, "-o", out / "x.webp", *WORDS, "0,1", "--contact-sheet")
    files = ["x_alpha-0.webp", "x_alpha-1.webp", "x_sheet.png"]
    assert result.out == "".join(f"Wrote {out / name}\n" for name in files)
    assert names(out) == files


def test_a_sheet_shows_the_pictures_and_a_part_of_each(run: Run, photos: Path, out: Path) -> None:
    assert run("render", photos / "a.png", "-o", out / "x.png", *WORDS, "0,1", "--contact-sheet").code == 0
    sheet = np.asarray(Image.open(out / "x_sheet.png").convert("RGB"))
    result = np.asarray(Image.open(out / "x_alpha-1.png"))  # 160x120, smaller than a cell of the sheet
    assert occurs(result, sheet)
    comment = Image.open(out / "x_sheet.png").info["dni-sweep"]
    left, top, width, height = (int(word) for word in comment.partition('"part": [')[2][:-3].split(","))
    assert (width, height) == (96, 96)
    part = result[top : top + height, left : left + width]
    assert occurs(np.kron(part, np.ones((4, 4, 1), np.uint8)), sheet)


def occurs(part: np.ndarray, whole: np.ndarray) -> bool:
    """Whether one picture is somewhere in another."""
    height, width = part.shape[:2]
    rows, columns = (whole[: -height + 1, : -width + 1] == part[0, 0]).all(axis=2).nonzero()
    places = zip(rows, columns, strict=True)
    return any((whole[row : row + height, column : column + width] == part).all() for row, column in places)


def test_the_part_is_where_results_differ_most() -> None:
    a = torch.zeros(3, 200, 300, dtype=torch.uint8)
    b = a.clone()
    b[:, 100:130, 210:240] = 90
    b[:, 10, :] = 200
    part = strongest_part(a, b, width=1200, height=800, multiple=4)
    assert (part.width, part.height) == (96, 96)
    assert Rectangle(part.left - 839, part.top - 399, 96, 96).is_inside(122, 122)
    assert strongest_part(a[:, :1, :2], b[:, :1, :2], width=2, height=1, multiple=1) == Rectangle(0, 0, 2, 1)


# Sharing


def test_who_a_process_is() -> None:
    assert worker_of({}) == Worker(0, 1)
    assert worker_of({"RANK": "2", "WORLD_SIZE": "3"}) == Worker(2, 3)
    for rank, count in [("3", "3"), ("-1", "2"), ("x", "2"), ("0", "0"), ("0", str(1 << 17))]:
        with case((rank, count)), pytest.raises(DniError, match="Expected RANK from 0 and below WORLD_SIZE"):
            worker_of({"RANK": rank, "WORLD_SIZE": count})


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_item_is_in_one_share_and_all_are_in_reach(count: int) -> None:
    items = list(range(10))
    orders = [Worker(rank, count).order(items) for rank in range(count)]
    own = [item for rank, order in enumerate(orders) for share, item in order if share == rank]
    assert sorted(own) == items
    assert all(sorted(item for _, item in order) == items for order in orders)


PARTNER = """
import sys, types
from pathlib import Path

package = sys.modules["dni"] = types.ModuleType("dni")  # without what its __init__ imports, for speed
package.__path__ = [sys.argv[3]]
from dni.cli.rendering.shared_work import Worker, run_shared

folder, rank = Path(sys.argv[1]), int(sys.argv[2])

def work(name):
    print("begun", name, flush=True)
    sys.stdin.readline()
    (folder / name).touch()
    return True

def is_done(name):
    return (folder / name).exists()

run_shared(list("abcdef"), folder, Worker(rank, 2), name_of=str, is_done=is_done, work=work)
"""


def test_others_take_over_and_a_killed_workers_item_is_done(tmp_path: Path) -> None:
    done: list[str] = []

    def work(name: str) -> bool:
        (tmp_path / name).touch()
        done.append(name)
        return True

    def share(rank: int) -> list[str]:
        return run_shared(
            list("abcdef"),
            tmp_path,
            Worker(rank, 2),
            name_of=str,
            is_done=lambda name: (tmp_path / name).exists(),
            work=work,
        )

    words = [sys.executable, "-c", PARTNER, str(tmp_path), "1", str(Path(dni.__file__).parent)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as partner:
        assert partner.stdout is not None
        assert partner.stdout.readline() == "begun b\n"
        # The partner holds "b"; everything else is free, its share as well, which is taken from the end.
        assert share(0) == []
        assert done == ["a", "c", "e", "f", "d"]
        (tmp_path / "a").unlink()
        assert share(1) == []  # another process of that rank: nothing is taken from others, nothing is lost
        partner.kill()
    assert done[5:] == ["b"]
    done.clear()
    (tmp_path / "b").unlink()
    assert share(1) == []
    assert done == ["b"]  # the kernel released it; the other's share is not seen to be shared


@pytest.mark.slow
def test_two_processes_share_a_folder_and_a_killed_ones_pictures_are_done(photos: Path, out: Path) -> None:
    pixels = np.zeros((30, 40, 3), np.uint8)
    for index in range(36):
        Image.fromarray(pixels + np.uint8(index)).save(photos / f"e{index:02}.png")
    (photos / "broken.png").write_bytes(b"no picture")

    def start(rank: int) -> subprocess.Popen[str]:
        root = str(Path(dni.__file__).parents[1])
        environment = {**os.environ, "RANK": str(rank), "WORLD_SIZE": "2", "PYTHONPATH": root}
        words = [sys.executable, "-m", "dni", "render", str(photos), "-o", str(out), *WORDS, "0,1"]
        return subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )

    # One is killed at its first result: what the other does not take over, the next start does.
    first, second = start(0), start(1)
    while not list(out.glob("*.png")) and first.poll() is None:
        time.sleep(0.02)
    first.kill()
    first.communicate()
    said, _ = second.communicate()
    assert "pictures failed" in said or "Wrote" in said
    times = {path.name: path.stat().st_mtime_ns for path in out.glob("*.png")}
    both = [start(0), start(1)]
    words = [process.communicate()[0] for process in both]
    expected = {f"{path.stem}_alpha-{alpha}.png" for path in photos.iterdir() for alpha in (0, 1)}
    expected -= {"broken_alpha-0.png", "broken_alpha-1.png"}
    assert {path.name for path in out.glob("*.png")} == expected, words
    assert {path.name for path in out.iterdir()} == {*expected, CLAIMS_FILE}
    assert all((out / name).stat().st_mtime_ns == time for name, time in times.items())
    assert sorted(process.returncode for process in both)[-1] == 1
    assert any("1 of" in text and "broken.png" in text for text in words)
