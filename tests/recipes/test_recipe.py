"""Recipes: exact round trips, and refusals that say what is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from cases import case
from hypothesis import given, settings
from hypothesis import strategies as st

from dni.blending.shares import Mix
from dni.masks.files import encode_mask
from dni.pictures.read import read_recipe
from dni.pictures.rectangle import Rectangle
from dni.pictures.write import save_png
from dni.recipes.recipe import Recipe, RecipeError
from dni.recipes.render_request import RenderRequest

A, B, C = ("a" * 64, "b" * 64, "0123456789abcdef" * 4)
RECIPE = Recipe(
    pair="faithful-textured",
    ends=(("psnr.safetensors", A), ("gan.safetensors", B)),
    request=RenderRequest(mix=Mix.of((0.43, 0.57)), tile=256),
    precision="bfloat16",
    scale=4,
    version="0.1.0",
)


def changed(**values: object) -> str:
    return json.dumps({**json.loads(RECIPE.to_json()), **values})


# What version 0.1.0 wrote: fields that came later are not there.
FIRST = (
    f'{{"ends": [["a.safetensors", "{A}"], ["b.safetensors", "{B}"]], "pair": "tiny", '
    '"precision": "float32", "scale": 4, "shares": [1.5, -0.5], "tile": 384, "version": "0.1.0"}'
)


@given(alpha=st.floats(-2, 3), tile=st.none() | st.integers(1, 2**31 - 1), name=st.text(max_size=300))
@settings(max_examples=40)
def test_round_trip_is_exact(alpha: float, tile: int | None, name: str) -> None:
    request = RenderRequest(mix=Mix.of_alpha(alpha, extrapolate=True), tile=tile)
    recipe = replace(RECIPE, request=request, ends=((name, A), ("", C)), pair="")
    again = Recipe.from_json(recipe.to_json())
    assert again == recipe
    assert [share.hex() for share in again.shares] == [share.hex() for share in recipe.shares]
    assert again.to_json() == recipe.to_json()


def test_everything_on_the_desk_is_one_small_json() -> None:
    mask = torch.zeros(300, 400, dtype=torch.uint8)
    mask[50:250, 100:300] = 255
    request = RenderRequest(
        mix=Mix.of((0.3, 0.7), groups={"trunk 1": (1, 0), "last": (0, 1)}),
        brush=Mix.of((1, 0), groups={"last": (0.5, 0.5)}),
        mask=encode_mask(mask),
        levels=4,
        crop=Rectangle(10, 20, 300, 200),
    )
    recipe = replace(RECIPE, request=request)
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert (recipe.mix, recipe.shares, recipe.alpha) == (request.mix, (0.3, 0.7), None)
    assert len(recipe.to_json()) < 2000


def test_recipes_of_the_first_version_are_read() -> None:
    recipe = Recipe.from_json(FIRST)
    assert recipe.request == RenderRequest(mix=Mix.of((1.5, -0.5), extrapolate=True), tile=384)
    assert recipe.alpha == -0.5


def test_a_plain_recipe_has_no_fields_that_the_first_version_does_not_know() -> None:
    assert json.loads(RECIPE.to_json()).keys() == json.loads(FIRST).keys()


def test_json_is_one_sorted_line_of_ascii() -> None:
    text = replace(RECIPE, ends=(("größe", A), ("\udcff", B))).to_json()
    assert text.isascii()
    assert "\n" not in text
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert len(RECIPE.to_json()) < 400


def test_alpha_is_the_share_of_the_second_of_two_ends() -> None:
    assert RECIPE.alpha == 0.57
    request = RenderRequest(mix=Mix.of((0.5, 0.25, 0.25)))
    three = replace(RECIPE, ends=(*RECIPE.ends, ("c", C)), request=request)
    assert three.alpha is None
    assert Recipe.from_json(three.to_json()) == three


def test_whole_numbers_are_shares_too() -> None:
    assert Recipe.from_json(changed(shares=[1, 0])).shares == (1.0, 0.0)


def test_metadata_and_picture_carry_the_same_text(tmp_path: Path) -> None:
    assert RECIPE.metadata() == {"dni": RECIPE.to_json()}
    save_png(tmp_path / "a.png", torch.zeros(3, 2, 2, dtype=torch.uint8), None, recipe=RECIPE.to_json())
    assert Recipe.from_json(read_recipe(tmp_path / "a.png") or "") == RECIPE


NO_RECIPES = [
    ("", r"in JSON, but it cannot be read \(Expecting value"),
    ("[" * 100_000, "in JSON, but it cannot be read"),
    ("[]", "a JSON object, but got a list"),
    ("{}", "but it lacks ends, pair, .*, version. Choose a file that dni wrote"),
    (changed(version="9.0", zoom=2), "also holds zoom, and was written by dni '9.0'. Update dni"),
]


def test_texts_that_are_no_recipe() -> None:
    for text, message in NO_RECIPES:
        with case(message), pytest.raises(RecipeError, match=message):
            Recipe.from_json(text)


OUT_OF_BOUNDS = [
    ({"pair": 3}, "as pair of a recipe, but got 3"),
    ({"version": None}, "characters as version"),
    ({"ends": []}, "at least one"),
    ({"ends": [["a", A], ["b", "B" * 64]]}, r"ends as \(name, sha256\)"),
    ({"ends": [["a", A], "bb"]}, r"ends as \(name, sha256\)"),
    ({"ends": {"a": A}}, r"ends as \(name, sha256\)"),
    ({"shares": [1.0]}, "2 shares, one per end, of a recipe, but got \\(1.0,\\)"),
    ({"shares": [0.5, 0.4]}, "a recipe that can be used, but it cannot. Expected shares that sum to 1"),
    ({"brush": {"shares": [0.5, 0.5]}}, "it cannot. Expected a mask and a brush, or neither"),
    ({"crop": [1, 2, 3]}, "it cannot. Expected a crop as"),
    ({"mask": "none", "brush": {"shares": [0.5, 0.5]}}, "it cannot. Expected a mask as a grey PNG"),
    ({"precision": "float16"}, "one of bfloat16, float32 as precision of a recipe, but got 'float16'"),
    ({"precision": []}, "as precision"),
    ({"tile": 0}, "a tile of at least 1 or none"),
    ({"scale": True}, "a scale from 1 to 1024"),
]


def test_values_out_of_bounds() -> None:
    for values, message in OUT_OF_BOUNDS:
        with case(values), pytest.raises(RecipeError, match=message):
            Recipe.from_json(changed(**values))


MANY = {f"g{index}": [0.5, 0.5] for index in range(257)}
HOSTILE = [
    (RECIPE.to_json()[:-1] + ', "scale": 2}', "'scale' is there twice"),
    ('{"a":' * 100_000, "it cannot be read"),
    (
        RECIPE.to_json().replace('"scale": 4', '"scale": 1e999'),
        "a scale from 1 to 1024 of a recipe, but got inf",
    ),
    (RECIPE.to_json().replace('"scale": 4', '"scale": 1' + "0" * 4000), "a scale from 1 to 1024"),
    (RECIPE.to_json().replace('"scale": 4', '"scale": 1' + "0" * 5000), "."),
    (changed(tile=10**4000), "a tile of at least 1"),
    (changed(groups=MANY), "at most 256 groups of layers, but got 257"),
    (changed(groups={"g" * 201: [0.5, 0.5]}), "names of groups of at most 200 characters"),
    (changed(ends=[["a", A]] * 300, shares=[1, *[0] * 299]), "at most 256 ends, but got 300"),
    (changed(pair="x" * 301), "at most 300 characters as pair"),
    (changed(**{"x\x1b[2J\u202e" * 10_000: 1}), "but it also holds"),
    (" " * 4_000_001, "at most 4 MB, but got 4.0 MB"),
]


@pytest.mark.parametrize(("text", "message"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_is_one_short_line(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        Recipe.from_json(text)
    said = str(caught.value)
    assert said.isprintable()
    assert len(said) < 600
