"""The command line: what it makes, how it is called, and what it says when it is called wrongly."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import case
from command_line import Result, Run, plain
from PIL import Image
from safetensors.torch import load_file

from dni.blending.interpolate import interpolate, shares_of
from dni.cli.main import spread_ends, write_any_text
from dni.cli.networks.tune import read_pictures
from dni.errors import DniError
from dni.pictures.read import open_picture, read_recipe
from dni.recipes.recipe import Recipe
from models import RRDBNet

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.usefixtures("tiny_catalogue")


def run_apart(*words: object) -> Result:
    """The command line in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "dni", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return Result(done.returncode, plain(done.stdout), plain(done.stderr))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    write_photo(path)
    return path


def write_photo(path: Path, seed: int = 0, size: tuple[int, int] = (20, 33)) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC).save(path)


def oracle(ends: list[Path], shares: tuple[float, ...], photo: Path) -> np.ndarray:
    """Blend the dictionaries, load them, run float32 on the whole picture: uint8 (H, W, 3)."""
    network = RRDBNet(num_filters=8, num_blocks=1).eval()
    network.load_state_dict(interpolate([load_file(path) for path in ends], shares))
    pixels = torch.from_numpy(np.array(Image.open(photo).convert("RGB"))).permute(2, 0, 1)
    with torch.no_grad():
        output = network(pixels[None].float() / 255)[0]
    return (output.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()


def difference(path: Path, expected: np.ndarray) -> int:
    written = np.array(Image.open(path))
    assert written.shape == expected.shape
    return int(np.abs(written.astype(int) - expected).max())


# What it makes


def test_blend(run: Run, tiny_ends: list[Path], out: Path) -> None:
    file = out / "new.safetensors"
    result = run("blend", *tiny_ends, "--alpha", "0.3", "-o", file)
    assert (result.code, result.out, result.err) == (0, f"Wrote {file}\n", "")
    expected = interpolate([load_file(path) for path in tiny_ends], shares_of(0.3))
    assert all(torch.equal(tensor, expected[name]) for name, tensor in load_file(file).items())
    by_name = out / "by-name.safetensors"
    assert run("blend", "--pair", "tiny", "--shares", "0.7,0.3", "--output", by_name).code == 0
    assert all(torch.equal(tensor, load_file(file)[name]) for name, tensor in load_file(by_name).items())


@pytest.mark.parametrize("command", ["blend", "export"])
def test_no_end_is_overwritten(run: Run, tiny_ends: list[Path], tmp_path: Path, command: str) -> None:
    suffix = {"blend": ".safetensors", "export": ".pth"}[command]
    own = tmp_path / f"own{suffix}"
    made = run(command, *tiny_ends, "--alpha", 0.5, "-o", own)
    assert made.code == 0, made.err
    before = own.read_bytes()
    result = run(command, own, tiny_ends[1], "--alpha", 0.5, "-o", own)
    assert (result.code, own.read_bytes()) == (1, before)
    assert "would take the place of" in result.err


def test_a_folder_to_tune_on_is_read_as_a_picture_is(
    tmp_path: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.png").write_bytes(photo.read_bytes()[:60])
    (tmp_path / "notes.txt").write_text("no picture")
    assert [picture.shape for picture in read_pictures(tmp_path)] == [open_picture(photo).rgb.shape]
    assert "broken.png is left out" in capsys.readouterr().err
    photo.unlink()
    with pytest.raises(DniError, match="found none that can be read"):
        read_pictures(tmp_path)


def test_what_a_terminal_cannot_show_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(written, encoding="latin-1", write_through=True))
    write_any_text()
    print("a bar: \u2588, a name: b\udcff.png")
    assert written.getvalue() == rb"a bar: \u2588, a name: b\udcff.png" + os.linesep.encode()


def test_a_sweep_takes_no_inputs_place(run: Run, tiny_ends: list[Path], photo: Path) -> None:
    before = photo.read_bytes()
    result = run("sweep", photo, "-o", photo, "--ends", *tiny_ends, "--frames", 2)
    assert (result.code, photo.read_bytes()) == (1, before)
    assert "would take the place of" in result.err


def test_the_numbers_of_a_blend_are_of_the_kind_asked_for(run: Run, tiny_ends: list[Path], out: Path) -> None:
    for name in ("float16", "bfloat16", "same"):
        file = out / f"{name}.safetensors"
        assert run("blend", *tiny_ends, "--alpha", "0.3", "--dtype", name, "-o", file).code == 0
        expected = torch.float32 if name == "same" else getattr(torch, name)
        assert {tensor.dtype for tensor in load_file(file).values()} == {expected}


def test_blend_of_three(run: Run, tiny_ends: list[Path], out: Path) -> None:
    file = out / "new.safetensors"
    assert run("blend", *tiny_ends, tiny_ends[0], "--shares", "0.25,0.5,0.25", "-o", file).code == 0
    expected = interpolate([load_file(path) for path in tiny_ends], shares_of(0.5))
    for name, tensor in load_file(file).items():
        torch.testing.assert_close(tensor, expected[name])


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_render_through_a_pair_of_the_catalogue(
    run: Run, tiny_ends: list[Path], photo: Path, out: Path, alpha: float
) -> None:
    file = out / "new.png"
    result = run("render", photo, "-o", file, "--pair", "tiny", "--alpha", alpha, "--float32")
    assert (result.code, result.out) == (0, f"Wrote {file}\n")
    assert "1/1" in result.err
    assert difference(file, oracle(tiny_ends, shares_of(alpha), photo)) <= 1
    recipe = Recipe.from_json(read_recipe(file) or "")
    assert (recipe.pair, recipe.alpha, recipe.precision) == ("tiny", alpha, "float32")


def test_render_through_files(run: Run, tiny_ends: list[Path], photo: Path, out: Path) -> None:
    """``--ends`` in any place, with any number of words, and which end is which."""
    a, b = tiny_ends
    assert run("render", photo, "-o", out / "1.png", "--float32", "--alpha", "0.2", "--ends", a, b).code == 0
    assert run("render", "--ends", b, a, "--alpha", "0.8", photo, "-o", out / "2.png", "--float32").code == 0
    expected = oracle(tiny_ends, shares_of(0.2), photo)
    assert difference(out / "1.png", expected) <= 1
    assert difference(out / "2.png", expected) <= 1
    assert difference(out / "1.png", oracle(tiny_ends, shares_of(0.8), photo)) > 5
    words = ["--ends", a, b, a, "--shares", "0.3,0.2,0.5", "--float32"]
    assert run("render", photo, "-o", out / "3.png", *words).code == 0
    assert difference(out / "3.png", expected) <= 1


def test_precision_is_the_machines_unless_asked(
    run: Run, photo: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dni.rendering.engine.best_precision", lambda device: "bfloat16")
    for name, more in (("fast", ()), ("exact", ("--float32",))):
        assert (
            run("render", photo, "-o", out / f"{name}.png", "--pair", "tiny", "--alpha", "0.5", *more).code
            == 0
        )
    recipes = [Recipe.from_json(read_recipe(out / f"{name}.png") or "") for name in ("fast", "exact")]
    assert [recipe.precision for recipe in recipes] == ["bfloat16", "float32"]


def test_tiles(run: Run, tiny_ends: list[Path], photo: Path, out: Path) -> None:
    words = ["--pair", "tiny", "--alpha", "0.5", "--float32", "--tile", "16"]
    result = run("render", photo, "-o", out / "new.png", *words)
    assert "6/6" in result.err  # 20x33 pixels
    assert difference(out / "new.png", oracle(tiny_ends, shares_of(0.5), photo)) <= 1
    assert Recipe.from_json(read_recipe(out / "new.png") or "").request.tile == 16


def test_extrapolation_is_on_request(run: Run, photo: Path, out: Path) -> None:
    words = ["render", photo, "-o", out / "new.png", "--pair", "tiny", "--alpha", "-0.5"]
    assert "between 0 and 1" in run(*words).err
    assert run(*words, "--extrapolate").code == 0
    assert Recipe.from_json(read_recipe(out / "new.png") or "").shares == (1.5, -0.5)


def test_a_folder(run: Run, tiny_ends: list[Path], tmp_path: Path) -> None:
    photos, new = tmp_path / "photos", tmp_path / "made" / "for it"
    photos.mkdir()
    write_photo(photos / "a.png", 1)
    write_photo(photos / "a.bmp", 2, (9, 9))
    (photos / "notes.txt").write_text("not a picture, and not named like one")
    result = run("render", photos, "-o", new, "--pair", "tiny", "--alpha", "0.5", "--float32")
    assert (result.code, result.out) == (0, f"Wrote 2 pictures to {new}\n")
    assert "2/2" in result.err
    assert sorted(path.name for path in new.iterdir()) == ["a.bmp.png", "a.png.png"]
    for name in ("a.png", "a.bmp"):
        assert difference(new / f"{name}.png", oracle(tiny_ends, (0.5, 0.5), photos / name)) <= 1


def test_a_folder_with_damaged_pictures(run: Run, tmp_path: Path, out: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("a.png", "c.png"):
        write_photo(photos / name)
    (photos / "b.png").write_bytes((photos / "a.png").read_bytes()[:200])
    (photos / "d.jpg").touch()
    result = run("render", photos, "-o", out, "--pair", "tiny", "--alpha", "0.5")
    assert result.code == 1
    assert "Error: 2 of 4 pictures failed:\n" in result.err
    for name, text in (("b.png", "is damaged or cut short"), ("d.jpg", "is empty")):
        assert f"{photos / name}: Expected a" in result.err
        assert text in result.err
    assert "4/4" in result.err
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "c.png"]


def test_pairs(run: Run, tmp_path: Path) -> None:
    result = run("pairs")
    assert (result.code, result.err) == (0, "")
    tiny = result.out[result.out.index("tiny\n") :]
    assert "A tiny pair (here; licence unknown)" in tiny
    assert "calm, wild" in tiny
    assert "\nrealesr-general-x4v3\n" in result.out


# How it is called


SPREAD = [
    ("render p --ends a b", "render p --ends a --ends b"),
    ("render --ends a b c --alpha 0.3 p", "render --ends a --ends b --ends c --alpha 0.3 p"),
    ("render --ends a b -o out p", "render --ends a --ends b -o out p"),
    ("render --ends a --ends b c --tile 32", "render --ends a --ends b --ends c --tile 32"),
    ("render --ends a b -- p", "render --ends a --ends b -- p"),
    ("render --ends", "render"),
    ("blend a b --alpha -0.3", "blend a b --alpha -0.3"),
    ("", ""),
]


def test_ends_take_all_words_up_to_the_next_option() -> None:
    for given, expected in SPREAD:
        with case(given):
            assert spread_ends(given.split()) == expected.split()


@pytest.mark.slow
def test_the_program_by_itself(photo: Path, out: Path) -> None:
    file = out / "new.png"
    result = run_apart("render", photo, "-o", file, "--pair", "tiny", "--alpha", "0.5")
    assert (result.code, result.out) == (0, f"Wrote {file}\n")
    assert Image.open(file).size == (80, 132)


@pytest.mark.slow
def test_the_program_by_itself_with_a_bad_picture(tmp_path: Path, out: Path) -> None:
    (tmp_path / "notes.png").write_text("not a picture")
    result = run_apart(
        "render", tmp_path / "notes.png", "-o", out / "new.png", "--pair", "tiny", "--alpha", "0.5"
    )
    assert result.code == 1
    assert result.err.startswith("Error: Expected a picture (")
    assert result.err.count("\n") == 1
    assert list(out.iterdir()) == []


WRONG_WORDS = [
    ("", "Usage: "),
    ("mix a b", "No such command"),
    ("blend a b --alpah 0.3", "No such option"),
    ("blend a b --alpha 0.3", "--output"),
    ("blend a b -o c --alpha half", "--alpha"),
    ("render p -o q --pair tiny --alpha 0.5 --tile 8", "16"),
    ("render -o q --pair tiny --alpha 0.5", "Missing argument"),
]


def test_wrong_words_are_explained(run: Run) -> None:
    for words, text in WRONG_WORDS:
        with case(words):
            result = run(*words.split())
            assert result.code == 2
            assert text in result.out + result.err
