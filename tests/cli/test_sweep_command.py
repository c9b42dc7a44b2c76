"""``dni sweep`` and ``dni curve``: what they make and print, and what they say when called wrongly."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from cases import case
from command_line import Run, assert_refused
from PIL import Image, ImageSequence
from sweep_files import holds

from dni.checkpoints.networks import load_ends
from dni.masks.files import decode_mask
from dni.pictures.read import open_picture
from dni.rendering.renderer import Renderer

pytestmark = pytest.mark.usefixtures("tiny_catalogue")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write_photo(tmp_path / "photo.png", 20, 24)


def write_photo(path: Path, height: int, width: int, mode: str = "RGB") -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 6, len(mode)), dtype=np.uint8)
    Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC).save(path)
    return path


def test_a_film(run: Run, photo: Path, out: Path) -> None:
    words = ["sweep", photo, "--pair", "tiny", "--frames", 4, "--crop", "2,3,16,17", "--float32"]
    result = run(*words, "-o", out / "a.mp4", "--fps", 5, "--hold", 0, "--there-and-back")
    assert (result.code, result.out) == (0, f"Wrote {out / 'a.mp4'}\n")
    assert "4/4" in result.err
    with av.open(str(out / "a.mp4")) as film:
        assert len(list(film.decode(video=0))) == 6
        recipe = json.loads(film.metadata["comment"])["sweep"]
    assert (recipe["pair"], recipe["precision"], recipe["crop"]) == ("tiny", "float32", [2, 3, 16, 17])
    assert recipe["playback"] == {"fps": 5, "hold": 0, "there_and_back": True}


def test_a_film_from_here_to_there(run: Run, photo: Path, out: Path, tiny_ends: list[Path]) -> None:
    words = ["--from", 0.5, "--to", 0.25, "-o", out / "a.webp", "--ends", *tiny_ends]
    assert run("sweep", photo, *words).code == 0
    with Image.open(out / "a.webp") as film:
        assert film.size == (96, 80)
        frames = [frame.copy() for frame in ImageSequence.Iterator(film)]
        rows = json.loads(film.getexif()[0x010E])["sweep"]["rows"]
    # The encoder joins frames that it cannot tell apart: only their time is certain.
    assert sum(frame.info["duration"] for frame in frames) == 21 * 100 + 2 * 500
    alphas = [mix["shares"][1] for mix in rows[0]]
    assert alphas == pytest.approx(np.linspace(0.5, 0.25, 21).tolist())


def test_a_strip_has_five_frames(run: Run, photo: Path, out: Path) -> None:
    assert run("sweep", photo, "-o", out / "a.png", "--pair", "tiny").code == 0
    with Image.open(out / "a.png") as strip:
        assert strip.width == pytest.approx(5 * 96, abs=30)
        rows = json.loads(strip.info["dni-sweep"])["sweep"]["rows"]
    assert [mix["shares"][1] for mix in rows[0]] == [0, 0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize(("num_ends", "count"), [(3, 6), (4, 9)])
def test_a_grid(run: Run, photo: Path, out: Path, tiny_ends: list[Path], num_ends: int, count: int) -> None:
    ends = [*tiny_ends, *tiny_ends][:num_ends]
    assert run("sweep", photo, "-o", out / "a.png", "--grid", 3, "--ends", *ends).code == 0
    with Image.open(out / "a.png") as grid:
        assert grid.height > 3 * 80
        rows = json.loads(grid.info["dni-sweep"])["sweep"]["rows"]
    assert sum(map(len, rows)) == count


def test_a_sweep_where_a_mask_is_white(run: Run, photo: Path, out: Path, tiny_ends: list[Path]) -> None:
    """The right half runs; the left has the mix outside, in this recipe as ``dni render`` takes it."""
    half = np.zeros((20, 24), dtype=np.uint8)
    half[:, 12:] = 255
    Image.fromarray(half).save(out.parent / "half.png")
    mask = ["--mask", out.parent / "half.png", "--float32", "--levels", 2, "--pair", "tiny"]
    words = ["--frames", 3, "--group", "last=0.8", "--outside-alpha", 0.25, "-o", out / "a.png"]
    assert run("sweep", photo, *mask, *words).code == 0
    with Image.open(out / "a.png") as strip:
        pixels = torch.from_numpy(np.array(strip)).permute(2, 0, 1)
        recipe = json.loads(strip.info["dni-sweep"])["sweep"]
    assert (recipe["outside"], recipe["levels"]) == ({"shares": [0.75, 0.25]}, 2)
    assert torch.equal(decode_mask(recipe["mask"]), torch.from_numpy(half))
    for alpha in (0, 0.5, 1):
        brush = ["--brush-alpha", alpha, "--brush-group", "last=0.8"]
        assert run("render", photo, *mask, "--alpha", 0.25, *brush, "-o", out / "one.png").code == 0
        assert holds(pixels, open_picture(out / "one.png").rgb)


def test_outside_of_a_mask_is_the_first_end(run: Run, photo: Path, out: Path, tiny_ends: list[Path]) -> None:
    Image.new("L", (24, 20)).save(out.parent / "black.png")
    for ends in (tiny_ends, [*tiny_ends, *tiny_ends]):
        words = ["--mask", out.parent / "black.png", "--float32", "--ends", *ends]
        assert run("sweep", photo, "-o", out / "a.png", *words).code == 0
        with Image.open(out / "a.png") as sheet:
            pixels = torch.from_numpy(np.array(sheet)).permute(2, 0, 1)
        first, last = (
            Renderer(*load_ends(tiny_ends), precision="float32").render(open_picture(photo).rgb, shares)
            for shares in ((1, 0), (0, 1))
        )
        assert holds(pixels, first)
        assert not holds(pixels, last)


def test_a_grid_with_layers(run: Run, photo: Path, out: Path, tiny_ends: list[Path]) -> None:
    words = ["--grid", 2, "--group", "last=0,0,1", "--ends", *tiny_ends, tiny_ends[0]]
    assert run("sweep", photo, "-o", out / "a.png", *words).code == 0
    with Image.open(out / "a.png") as grid:
        rows = json.loads(grid.info["dni-sweep"])["sweep"]["rows"]
    assert [mix["groups"] for row in rows for mix in row] == [{"last": [0, 0, 1]}] * 3


def test_transparency_is_left_out_and_said_so(run: Run, tmp_path: Path, out: Path) -> None:
    glass = write_photo(tmp_path / "glass.png", 20, 24, "RGBA")
    result = run("sweep", glass, "-o", out / "a.gif", "--pair", "tiny", "--frames", 2)
    assert "glass.png: Its transparency is left out." in result.err


BAD_OPTIONS = [
    ("-o {out}/a.avi", r"ends in one of \.png, \.gif, \.webp, \.mp4, but got a\.avi"),
    ("-o {out}/a.gif --to 1.5", "between 0 and 1"),
    ("-o {out}/a.gif --grid 3", "Expected 3 or 4 ends for --grid, but got 2"),
    ("-o {out}/a.gif --crop 1,2,3", "Expected --crop as LEFT,TOP,WIDTH,HEIGHT"),
    ("-o {out}/a.gif --crop 20,0,10,10", "inside the 24x20 picture"),
    ("-o {out}/a.gif --fps 90", "Expected 0.5 to 50 frames a second, but got 90"),
    ("-o {out}/none/a.gif", "no folder that you may write to"),
    ("-o {out}/a.gif --frames 241", "Expected 2 to 240 frames, but got 241"),
    ("-o {out}/a.gif --levels 3", "Expected --mask FILE for --levels, but got none. Say where to paint"),
    ("-o {out}/a.gif --outside-alpha 0", "Expected --mask FILE for --outside-alpha, but got none"),
    ("-o {out}/a.gif --mask {out}/none.png", r"none\.png"),
    (
        "-o {out}/a.gif --mask {photo} --outside-alpha 0 --outside-shares 1,0",
        "Expected one of --outside-alpha and --outside-shares, but got --outside-alpha and",
    ),
    ("-o {out}/a.gif --mask {photo} --levels 300", "Expected 1 to 255 levels, but got 300"),
    ("-o {out}/a.gif --group last=0 --group last=1", "Expected --group once for every group"),
    ("-o {out}/a.gif --group nothing=0", "nothing"),
]


def test_sweeps_that_are_refused(run: Run, photo: Path, out: Path) -> None:
    for words, text in BAD_OPTIONS:
        with case(words):
            assert_refused(
                run("sweep", photo, "--pair", "tiny", *words.format(out=out, photo=photo).split()), text, out
            )


def test_a_grid_takes_no_options_of_a_line(run: Run, photo: Path, out: Path, tiny_ends: list[Path]) -> None:
    ends = ["--ends", *tiny_ends, tiny_ends[0]]
    result = run("sweep", photo, "-o", out / "a.png", "--frames", 3, *ends)
    assert_refused(result, "Expected two ends for --frames, --from and --to, but got 3. Use --grid", out)
    assert_refused(run("sweep", photo, "-o", out / "a.gif", *ends), r"ends in \.png for a grid", out)


def test_a_curve_as_text(run: Run, photo: Path) -> None:
    result = run("curve", photo, "--pair", "tiny", "--points", 3)
    assert result.code == 0
    assert "No reference: these are proxies." in result.out
    table = [line.split()[0] for line in result.out.splitlines() if line.startswith(" ")]
    assert table == ["0.00", "0.50", "1.00"]
    assert "Suggested alpha: " in result.out


def test_a_curve_as_json(run: Run, photo: Path, tmp_path: Path, tiny_ends: list[Path]) -> None:
    """Against the last end's own picture: nothing is closer, and nothing is suggested but that."""
    pixels = Renderer(*load_ends(tiny_ends)).render(open_picture(photo).rgb, (0, 1))
    Image.fromarray(pixels.permute(1, 2, 0).numpy()).save(tmp_path / "truth.png")
    words = ["--reference", tmp_path / "truth.png", "--json", "--points", 3, "--pair", "tiny"]
    values = json.loads(run("curve", photo, *words).out)
    assert values["kind"] == "reference"
    assert values["suggestion"]["alpha"] == 1
    assert values["points"][2]["psnr_y"] == 100


def test_a_curve_of_the_picture_reduced_first(run: Run, tmp_path: Path) -> None:
    large = write_photo(tmp_path / "large.png", 80, 96)
    result = run("curve", large, "--pair", "tiny", "--reduce-first", "--points", 2)
    assert "Measured on your picture reduced x4 first: the original is the reference." in result.out


def test_curves_that_are_refused(run: Run, photo: Path, out: Path) -> None:
    result = run("curve", photo, "--pair", "tiny", "--reference", photo)
    assert_refused(result, "Expected a reference of 96x80, but got 24x20", out)
    result = run("curve", photo, "--pair", "tiny", "--extractor", out / "none.safetensors")
    assert_refused(result, "there is no file", out)
