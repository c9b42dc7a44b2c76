"""Recipes: exact round trips, and refusals that say what is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dni.images import read_recipe, save_png
from dni.recipe import Recipe, RecipeError

A, B, C = ("a" * 64, "b" * 64, "0123456789abcdef" * 4)
RECIPE = Recipe(
    pair="faithful-textured",
    ends=(("psnr.safetensors", A), ("gan.safetensors", B)),
    shares=(0.43, 0.57),
    precision="bfloat16",
    tile=256,
    scale=4,
    version="0.1.0",
)


def changed(**values: object) -> str:
    return json.dumps({**json.loads(RECIPE.to_json()), **values})


@given(alpha=st.floats(-2, 3), tile=st.none() | st.integers(1), name=st.text())
def test_round_trip_is_exact(alpha: float, tile: int | None, name: str) -> None:
    recipe = replace(RECIPE, shares=(1 - alpha, alpha), tile=tile, ends=((name, A), ("", C)), pair="")
    again = Recipe.from_json(recipe.to_json())
    assert again == recipe
    assert [share.hex() for share in again.shares] == [share.hex() for share in recipe.shares]
    assert again.to_json() == recipe.to_json()


def test_json_is_one_sorted_line_of_ascii() -> None:
    text = replace(RECIPE, ends=(("größe", A), ("\udcff", B))).to_json()
    assert text.isascii()
    assert "\n" not in text
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert len(RECIPE.to_json()) < 400


def test_alpha_is_the_share_of_the_second_of_two_ends() -> None:
    assert RECIPE.alpha == 0.57
    three = replace(RECIPE, ends=(*RECIPE.ends, ("c", C)), shares=(0.5, 0.25, 0.25))
    assert three.alpha is None
    assert Recipe.from_json(three.to_json()) == three


def test_whole_numbers_are_shares_too() -> None:
    assert Recipe.from_json(changed(shares=[1, 0])).shares == (1.0, 0.0)


def test_metadata_and_picture_carry_the_same_text(tmp_path: Path) -> None:
    assert RECIPE.metadata() == {"dni": RECIPE.to_json()}
    save_png(tmp_path / "a.png", torch.zeros(3, 2, 2, dtype=torch.uint8), None, recipe=RECIPE.to_json())
    assert Recipe.from_json(read_recipe(tmp_path / "a.png") or "") == RECIPE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"in JSON, but it cannot be read \(Expecting value"),
        ("[" * 100_000, "in JSON, but it cannot be read"),
        ("[]", "an object, but got a list"),
        ("{}", r"but \['ends', 'pair', .*'version'\] are missing: use the text as dni wrote it"),
        (changed(version="9.0", zoom=2), r"got also \['zoom'\], written by dni '9.0': update dni"),
    ],
)
def test_texts_that_are_no_recipe(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        Recipe.from_json(text)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"pair": 3}, "a text as pair of a recipe, but got '3'"),
        ({"version": None}, "a text as version"),
        ({"ends": []}, "at least one"),
        ({"ends": [["a", A], ["b", "B" * 64]]}, r"ends as \(name, sha256\)"),
        ({"ends": [["a", A], "bb"]}, r"ends as \(name, sha256\)"),
        ({"ends": {"a": A}}, r"ends as \(name, sha256\)"),
        ({"shares": [1.0]}, "one share per end, in sum 1"),
        ({"shares": [0.5, 0.4]}, "one share per end, in sum 1"),
        ({"shares": [float("nan"), 1.0]}, "one share per end, in sum 1"),
        ({"shares": [float("inf"), float("-inf")]}, "one share per end, in sum 1"),
        ({"shares": [10**400, 1 - 10**400]}, "one share per end, in sum 1"),
        ({"shares": [True, False]}, "one share per end, in sum 1"),
        ({"shares": "10"}, "one share per end, in sum 1"),
        ({"precision": "float16"}, "one of bfloat16, float32 as precision of a recipe, but got 'float16'"),
        ({"precision": []}, "as precision"),
        ({"tile": 0}, "a tile of at least 1 or none"),
        ({"tile": 2.5}, "a tile of at least 1 or none"),
        ({"scale": True}, "a scale of at least 1"),
    ],
)
def test_values_out_of_bounds(values: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        Recipe.from_json(changed(**values))
