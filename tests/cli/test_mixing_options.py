"""The whole desk on the command line: layers, task arithmetic, paint, crops, and recipes that do it again."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import case
from command_line import Run, assert_refused
from PIL import Image
from safetensors.torch import load_file

from dni import __version__
from dni.blending.interpolate import interpolate
from dni.blending.shares import Mix
from dni.checkpoints.files import save
from dni.checkpoints.networks import load_ends
from dni.export.pictures import export_picture
from dni.masks.files import encode_mask, load_mask
from dni.pictures.read import open_picture
from dni.pictures.rectangle import Rectangle
from dni.recipes.recipe_files import read_recipe
from dni.recipes.render_request import RenderRequest
from dni.rendering.renderer import Renderer
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session

pytestmark = pytest.mark.usefixtures("tiny_catalogue")

DESK = [
    *("--alpha", "0.3", "--group", "first=1", "--group", "last=0.5,0.5"),
    *("--brush-alpha", "0.9", "--brush-group", "last=0", "--levels", "3"),
    *("--crop", "3,5,17,22", "--tile", "16"),
]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 4), dtype=np.uint8)
    Image.fromarray(pixels).resize((24, 33), Image.Resampling.BICUBIC).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    """White on the left, black on the right, grey in between."""
    row = np.clip(np.linspace(400, -100, 24), 0, 255).astype(np.uint8)
    Image.fromarray(np.tile(row, (33, 1))).save(tmp_path / "mask.png")
    return tmp_path / "mask.png"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def states_of(paths: list[Path]) -> list[dict[str, torch.Tensor]]:
    return [load_file(path) for path in paths]


# Networks


def test_blend_with_layers(run: Run, tiny_ends: list[Path], out: Path) -> None:
    file = out / "new.safetensors"
    words = ["--alpha", "0.25", "--group", "last=1", "--group", " first = 0.5,0.5 "]
    assert run("blend", "--pair", "tiny", "-o", file, *words).code == 0
    written, mix = load_file(file), Mix.of((0.75, 0.25), groups={"last": (0, 1), "first": (0.5, 0.5)})
    assert read_recipe(file).mix == mix
    expected = interpolate(load_ends(tiny_ends)[1], mix)  # in order of depth, which the files are not
    assert all(torch.equal(tensor, expected[name]) for name, tensor in written.items())
    assert torch.equal(written["conv_last.bias"], load_file(tiny_ends[1])["conv_last.bias"])


@pytest.mark.parametrize(("scales", "more"), [("0.5,0.25", []), ("1.5,-0.75", ["--extrapolate"])])
def test_blend_by_task_arithmetic(
    run: Run, tiny_ends: list[Path], out: Path, scales: str, more: list[str]
) -> None:
    """The first end is the ancestor: ancestor + sum of scaled differences from it."""
    ancestor, one = states_of(tiny_ends)
    other = {name: tensor - 0.1 for name, tensor in ancestor.items()}
    save(out / "other.safetensors", other, {"architecture": "RRDBNet", "num_filters": "8", "num_blocks": "1"})
    file = out / "new.safetensors"
    ends = [*tiny_ends, out / "other.safetensors"]
    assert run("blend", *ends, "--scales", scales, "-o", file, *more).code == 0
    first, second = map(float, scales.split(","))
    for name, tensor in load_file(file).items():
        base = ancestor[name]
        expected = base + first * (one[name] - base) + second * (other[name] - base)
        torch.testing.assert_close(tensor, expected, rtol=1e-5, atol=1e-6)
    assert read_recipe(file).mix.extrapolate == bool(more)


# Pictures


def test_everything_is_what_the_library_makes_of_it(
    run: Run, tiny_ends: list[Path], photo: Path, mask: Path, out: Path
) -> None:
    words = ["--pair", "tiny", "--mask", mask, "--float32", *DESK]
    result = run("render", photo, "-o", out / "new.png", *words)
    assert (result.code, result.out) == (0, f"Wrote {out / 'new.png'}\n")
    request = RenderRequest(
        mix=Mix.of((0.7, 0.3), groups={"first": (0, 1), "last": (0.5, 0.5)}),
        brush=Mix.of((1 - 0.9, 0.9), groups={"last": (1, 0)}),
        mask=encode_mask(load_mask(mask)),
        levels=3,
        crop=Rectangle(3, 5, 17, 22),
        tile=16,
    )
    assert read_recipe(out / "new.png").request == request
    network, states = load_ends(tiny_ends)
    renderer = Renderer(network, states, precision="float32")
    export_picture(
        open_picture(photo), renderer, request, out / "library.png", ends=tiny_ends, pair_id="tiny"
    )
    assert sha256(out / "library.png") == sha256(out / "new.png")
    assert Image.open(out / "new.png").size == (4 * 17, 4 * 22)


def test_brush_shares_and_three_ends(
    run: Run, tiny_ends: list[Path], photo: Path, mask: Path, out: Path
) -> None:
    a, b = tiny_ends
    words = ["--shares", "1,0,0", "--brush-shares", "0,0.5,0.5", "--mask", mask, "--group", "last=0,1,0"]
    assert run("render", photo, "-o", out / "new.png", "--ends", a, b, a, *words).code == 0
    request = read_recipe(out / "new.png").request
    assert request.mix == Mix.of((1, 0, 0), groups={"last": (0, 1, 0)})
    assert (request.brush, request.levels) == (Mix.of((0, 0.5, 0.5)), None)


def test_a_mask_for_every_picture_of_a_folder(run: Run, tmp_path: Path, mask: Path, out: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name, size in (("same.png", (24, 33)), ("double.png", (48, 66)), ("wide.png", (66, 48))):
        Image.new("RGB", size, (90, 120, 40)).save(photos / name)
    words = ["--pair", "tiny", "--alpha", "0", "--mask", mask, "--brush-alpha", "1"]
    result = run("render", photos, "-o", out, *words)
    assert result.code == 1
    assert "1 of 3 pictures failed" in result.err
    assert "a mask with the proportions of the 66x48 picture, but mask.png is 24x33" in result.err
    assert sorted(path.name for path in out.iterdir()) == ["double.png", "same.png"]


# Recipes


@pytest.mark.parametrize("precision", [["--float32"], []])
@pytest.mark.parametrize("plain", [False, True])
def test_a_recipe_gives_the_identical_file(
    run: Run, photo: Path, mask: Path, out: Path, plain: bool, precision: list[str]
) -> None:
    first, again = out / "first.png", out / "again.png"
    words = ["--alpha", "0.3"] if plain else ["--mask", mask, *DESK]
    assert run("render", photo, "-o", first, "--pair", "tiny", *words, *precision).code == 0
    (out / "recipe.json").write_text(read_recipe(first).to_json())
    for recipe in (first, out / "recipe.json"):
        result = run("render", photo, "-o", again, "--recipe", recipe)
        assert (result.code, result.out) == (0, f"Wrote {again}\n")
        assert sha256(again) == sha256(first)
        again.unlink()


def test_the_app_gives_the_identical_file(run: Run, service: RenderService, photo: Path, out: Path) -> None:
    mix = Mix.of((0.7, 0.3), groups={"last": (0, 1)})
    with Session() as session:
        service.export_picture(open_picture(photo), "tiny", mix, out / "app.png", session=session)
    assert run("render", photo, "-o", out / "again.png", "--recipe", out / "app.png").code == 0
    words = ["--pair", "tiny", "--alpha", "0.3", "--group", "last=1", "--float32"]
    assert run("render", photo, "-o", out / "words.png", *words).code == 0
    assert sha256(out / "app.png") == sha256(out / "again.png") == sha256(out / "words.png")


def test_a_recipe_finds_its_ends_among_files_of_other_names(
    run: Run, tiny_ends: list[Path], photo: Path, tmp_path: Path, out: Path
) -> None:
    first, again = out / "first.png", out / "again.png"
    assert run("render", photo, "-o", first, "--ends", *tiny_ends, "--alpha", "0.3").code == 0
    copies = [tmp_path / "1.safetensors", tmp_path / "2.safetensors"]
    for source, copy in zip(tiny_ends, copies, strict=True):
        shutil.copy(source, copy)
    assert run("render", photo, "-o", again, "--recipe", first, "--ends", *copies[::-1]).code == 0
    assert sha256(again) == sha256(first)


def test_weights_tell_how_to_render_too(run: Run, photo: Path, out: Path) -> None:
    """A network's recipe has no tiles and is in float32; its picture is that of its mix."""
    words = ["--pair", "tiny", "--alpha", "0.25", "--group", "last=1"]
    assert run("blend", "-o", out / "new.safetensors", *words).code == 0
    assert run("render", photo, "-o", out / "a.png", "--recipe", out / "new.safetensors").code == 0
    assert run("render", photo, "-o", out / "b.png", "--float32", *words).code == 0
    assert sha256(out / "a.png") == sha256(out / "b.png")


def test_the_version_is_the_one_that_rendered(run: Run, photo: Path, tmp_path: Path, out: Path) -> None:
    assert run("render", photo, "-o", out / "a.png", "--pair", "tiny", "--alpha", "0.3").code == 0
    values = {**json.loads(read_recipe(out / "a.png").to_json()), "version": "0.0.1"}
    (tmp_path / "old.json").write_text(json.dumps(values))
    assert run("render", photo, "-o", out / "b.png", "--recipe", tmp_path / "old.json").code == 0
    assert read_recipe(out / "b.png").version == __version__
    assert sha256(out / "b.png") == sha256(out / "a.png")


# Refusals


BAD_OPTIONS = [
    ("--alpha 0.5 --mask MASK", "one of --brush-alpha and --brush-shares, but got none"),
    (
        "--alpha 0.5 --mask MASK --brush-alpha 0 --brush-shares 1,0",
        "--brush-shares, but got --brush-alpha and --brush-shares",
    ),
    ("--alpha 0.5 --brush-alpha 0", "--mask FILE for --brush-alpha, but got none"),
    ("--alpha 0.5 --brush-group last=1", "--mask FILE for --brush-group, but got none"),
    ("--alpha 0.5 --levels 3", "--mask FILE for --levels, but got none"),
    ("--alpha 0.5 --mask MASK --brush-alpha 2", r"between 0 and 1, but got \(-1, 2\)"),
    ("--alpha 0.5 --mask MASK --brush-shares 1", "each of the 2 ends, but got 1"),
    ("--alpha 0.5 --mask MASK --brush-alpha 1 --brush-group last", "--brush-group NAME=ALPHA"),
    ("--alpha 0.5 --mask MASK --brush-alpha 1 --brush-group middle=1", "middle.*trunk 1"),
    ("--alpha 0.5 --mask MASK --brush-alpha 1 --levels 0", "1 to 255 levels, but got 0"),
    ("--alpha 0.5 --mask none.png --brush-alpha 1", r"none\.png does not exist"),
    ("--alpha 0.5 --mask WIDE --brush-alpha 1", "the proportions of the 24x33 picture, .* is 66x33"),
    ("--alpha 0.5 --crop 1,2,3", "--crop as LEFT,TOP,WIDTH,HEIGHT in pixels, .* but got '1,2,3'"),
    ("--alpha 0.5 --crop 0,0,0,5", r"a crop as \(left, top, width, height\) in pixels, but got"),
    ("--alpha 0.5 --crop -1,0,5,5", r"a crop as \(left, top, width, height\) in pixels, but got"),
    ("--alpha 0.5 --crop 20,0,5,5", r"inside the 24x33 picture, but got 5x5 at \(20, 0\)"),
]


def test_options_that_cannot_be_used(run: Run, photo: Path, mask: Path, tmp_path: Path, out: Path) -> None:
    for options, text in BAD_OPTIONS:
        with case(options):
            Image.new("L", (66, 33)).save(tmp_path / "wide.png")
            files = {"MASK": mask, "WIDE": tmp_path / "wide.png"}
            words = [files.get(word, word) for word in options.split()]
            assert_refused(run("render", photo, "-o", out / "new.png", "--pair", "tiny", *words), text, out)


def make_recipe(run: Run, photo: Path, folder: Path) -> Path:
    made = folder / "made.png"
    assert run("render", photo, "-o", made, "--pair", "tiny", "--alpha", "0.5").code == 0
    return made


DECIDED = (
    "pair tiny", "alpha 0", "shares 1,0", "scales 0", "group last=1", "mask m.png", "brush-alpha 0",
    "brush-shares 1,0", "brush-group last=1", "levels 2", "crop 0,0,9,9", "float32", "tile 16", "extrapolate",
    "recompute-statistics",
)  # fmt: skip


def test_a_recipe_decides_everything(run: Run, photo: Path, tmp_path: Path, out: Path) -> None:
    recipe = make_recipe(run, photo, tmp_path)
    for option in DECIDED:
        with case(option):
            name, *value = option.split()
            result = run("render", photo, "-o", out / "new.png", "--recipe", recipe, f"--{name}", *value)
            text = rf"--recipe alone or with --ends, .* but got also --{name}\. Leave that out"
            assert_refused(result, text, out)


def test_recipes_that_cannot_be_used(
    run: Run, tiny_ends: list[Path], photo: Path, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(recipe: Path, text: str, *more: object) -> None:
        assert_refused(run("render", photo, "-o", out / "new.png", "--recipe", recipe, *more), text, out)

    recipe = make_recipe(run, photo, tmp_path)
    refused(photo, r"a recipe in photo\.png, but there is none")
    refused(tmp_path / "none.json", r"none\.json cannot be read")
    refused(
        recipe, r"end 2 of the recipe, wild\.safetensors .* none of calm\.safetensors", "--ends", tiny_ends[0]
    )
    monkeypatch.delenv("DNI_CATALOG")
    refused(recipe, r"no 'tiny'\. Give the files of its ends: calm\.safetensors, wild\.safetensors")
