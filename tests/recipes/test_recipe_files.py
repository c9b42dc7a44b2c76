"""Recipes in files, and finding the files of weights that they name."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from cases import case
from pair_files import make_pair
from PIL import Image

from dni.blending.shares import Mix
from dni.catalog.pairs import Pair
from dni.checkpoints.files import read_state, save, sha256_of
from dni.errors import DniError
from dni.pictures.write import save_png
from dni.recipes.recipe import Recipe, RecipeError
from dni.recipes.recipe_files import read_recipe, resolve_ends
from dni.recipes.render_request import RenderRequest


@pytest.fixture
def recipe(tiny_ends: list[Path]) -> Recipe:
    return Recipe(
        pair="tiny",
        ends=tuple((path.name, sha256_of(path)) for path in tiny_ends),
        request=RenderRequest(mix=Mix.of_alpha(0.3)),
        precision="float32",
        scale=4,
        version="0.1.0",
    )


@pytest.fixture
def catalog(tiny_ends: list[Path]) -> dict[str, Pair]:
    return {"tiny": make_pair("tiny", tiny_ends)}


# Recipes


def test_a_recipe_is_read_from_json_pictures_and_weights(tmp_path: Path, recipe: Recipe) -> None:
    (tmp_path / "a.JSON").write_text(recipe.to_json() + "\n")
    save_png(tmp_path / "a.png", torch.zeros(3, 2, 2, dtype=torch.uint8), recipe=recipe.to_json())
    save(tmp_path / "a.safetensors", {"w": torch.zeros(1)}, recipe.metadata())
    for name in ("a.JSON", "a.png", "a.safetensors"):
        assert read_recipe(tmp_path / name) == recipe


def plain_picture(path: Path) -> None:
    Image.new("RGB", (2, 2)).save(path)


def plain_weights(path: Path) -> None:
    save(path, {"w": torch.zeros(1)}, {"architecture": "RRDBNet"})


WITHOUT_RECIPE = [
    ("a.json", None, r"a recipe as text, but .*a\.json cannot be read .* check the name"),
    ("a.json", lambda path: path.write_bytes(b"\xff\xfe"), "a recipe as text, but .* cannot be read"),
    ("a.json", lambda path: path.write_text("{"), "a recipe in JSON, but it cannot be read"),
    ("a.json", lambda path: path.write_bytes(b" " * 4_000_001), r"at most 4 MB, but a\.json has 4\.0 MB"),
    ("a.png", None, "does not exist"),
    ("a.png", plain_picture, r"a recipe in a\.png, but there is none\. Choose a file that dni wrote"),
    ("a.png", lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n"), "but there is none"),
    ("a.safetensors", plain_weights, r"a recipe in a\.safetensors, but there is none"),
    ("a.safetensors", lambda path: path.write_text("no"), r"a\.safetensors is damaged"),
    ("a.gif", lambda path: path.touch(), r"a \.json, \.png, .* or \.safetensors file, but got a\.gif"),
]


def test_files_without_a_recipe(tmp_path: Path) -> None:
    for name, make, message in WITHOUT_RECIPE:
        with case(name, message):
            if callable(make):
                make(tmp_path / name)
            with pytest.raises(DniError, match=message):
                read_recipe(tmp_path / name)


# Ends


def test_ends_are_found_in_the_catalogue(
    recipe: Recipe, catalog: dict[str, Pair], tiny_ends: list[Path]
) -> None:
    assert resolve_ends(recipe, catalog=catalog) == tiny_ends


def test_ends_are_found_among_files_of_any_name_in_any_order(
    tmp_path: Path, recipe: Recipe, tiny_ends: list[Path]
) -> None:
    copies = [tmp_path / "1.safetensors", tmp_path / "2.safetensors"]
    for source, copy in zip(tiny_ends, copies, strict=True):
        shutil.copy(source, copy)
    assert resolve_ends(replace(recipe, pair=""), catalog={}, files=copies[::-1]) == copies
    three = replace(recipe, ends=(*recipe.ends, recipe.ends[0]), request=RenderRequest(mix=Mix.of((1, 0, 0))))
    assert resolve_ends(three, catalog={}, files=copies) == [*copies, copies[0]]


@pytest.mark.parametrize("pair", ["gone", ""])
def test_a_pair_that_is_not_there(recipe: Recipe, catalog: dict[str, Pair], pair: str) -> None:
    text = f"no {pair!r}. Give the files of its ends: calm.safetensors, wild.safetensors."
    with pytest.raises(RecipeError, match=re.escape(text)):
        resolve_ends(replace(recipe, pair=pair), catalog=catalog)


def test_another_file_than_the_recipe_names(tmp_path: Path, recipe: Recipe, tiny_ends: list[Path]) -> None:
    state = read_state(tiny_ends[1])
    state["conv_last.bias"] += 1e-3
    other = tmp_path / "wild.safetensors"
    save(other, state, {})
    wanted = (
        rf"end 2 of the recipe, wild\.safetensors with sha256 {recipe.ends[1][1][:16]}\.\.\., but none of "
    )
    message = wanted + r"calm\.safetensors, wild\.safetensors is that file\. Find the one it was made with"
    catalog = {"tiny": make_pair("tiny", [tiny_ends[0], other])}
    for files in ([tiny_ends[0], other], []):
        with pytest.raises(RecipeError, match=message):
            resolve_ends(recipe, catalog=catalog, files=files)
    with pytest.raises(DniError, match=r"but got .*missing\.safetensors"):
        resolve_ends(recipe, catalog=catalog, files=[tmp_path / "missing.safetensors"])
