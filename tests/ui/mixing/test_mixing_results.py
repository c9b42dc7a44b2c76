"""What the mixing desk gives away and takes back: pictures, networks, recipes, sweeps; and its API."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from command_line import Run
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from mixing_page import MixingPage, trying_once
from PIL import Image
from playwright.sync_api import expect

from dni.blending.interpolate import interpolate
from dni.blending.shares import Mix
from dni.checkpoints.files import read_metadata, read_states, save, sha256_of
from dni.examples import EXAMPLE_FOLDER
from dni.pictures.read import read_recipe
from dni.pictures.rectangle import Rectangle
from dni.recipes.recipe import Recipe
from dni.serving.network_trial import unusable
from dni.serving.render_service import RenderService
from models import RRDBNet

CAT = EXAMPLE_FOLDER / "cat.png"


@pytest.fixture(scope="module", autouse=True)
def files_tried_once() -> Iterator[None]:
    """Each of the tests' own networks is tried for the first test that brings it."""
    once = trying_once(unusable)
    with pytest.MonkeyPatch.context() as patch:
        for module in ("dni.serving.mixing.uploaded_networks", "dni.ui.mixing.api"):
            patch.setattr(f"{module}.unusable", once)
        yield


def set_up(page: MixingPage) -> None:
    """Layers, a mask, three ends and a part of the picture."""
    page.choose_networks("Tiny three", 3)
    page.find(".pad canvas").press("3")
    page.find(".pad canvas").press("ArrowUp")
    page.show("Layers")
    page.find(".column").first.press("Home")
    page.find(".column").nth(1).press("ArrowDown")
    page.show("Paint")
    page.button("Brush").click()
    page.stroke((0.4, 0.4), (0.6, 0.6))
    for _ in range(3):
        page.find('button[data-tool="in"]').click()
    page.settle()


def test_a_recipe_restores_the_desk_and_gives_the_same_bytes(
    new_mixing: Callable[..., MixingPage], mixing_ends: list[Path], run: Run, tmp_path: Path
) -> None:
    page = new_mixing().open()
    set_up(page)
    shares, layers = page.shares, page.layers
    part = page.take("#desk-save-part", "#desk-result", tmp_path / "one")
    whole = page.take("#desk-save-picture", "#desk-result", tmp_path / "one")
    page.open_accordion("Recipe")
    file, recipe = page.recipe(tmp_path)
    assert {"brush", "crop", "mask"} <= recipe.keys()
    assert recipe["brush"]["groups"].keys() == {"first", "trunk 1"}
    assert Recipe.from_json(read_recipe(part) or "") == Recipe.from_json(file.read_text())

    other = new_mixing().open()
    other.open_accordion("Recipe")
    other.page.locator("#desk-recipe input[type=file]").set_input_files(part)
    other.wait("data.mask === 'on'")
    other.wait_exact(*shares)
    other.settle()
    assert other.layers == layers
    again = other.take("#desk-save-part", "#desk-result", tmp_path / "two")
    assert again.name == part.name
    assert again.read_bytes() == part.read_bytes()
    all_again = other.take("#desk-save-picture", "#desk-result", tmp_path / "two")
    assert all_again.read_bytes() == whole.read_bytes()

    # From the command line, by the recipe alone.
    ends = [word for end in mixing_ends[:3] for word in ("--ends", end)]
    result = run("render", CAT, "-o", tmp_path / "cli.png", "--recipe", file, *ends)
    assert result.code == 0, result.err
    command_line = Recipe.from_json(read_recipe(tmp_path / "cli.png") or "")
    assert command_line.request == Recipe.from_json(file.read_text()).request
    assert (tmp_path / "cli.png").read_bytes() == part.read_bytes()


def test_another_mix_outside_of_the_mask_is_held_shown_and_taken_away(
    mixing: MixingPage, mixing_ends: list[Path], run: Run, tmp_path: Path
) -> None:
    mixing.set_alpha(0.9)
    mixing.mask_by_brightness()
    mixing.open_accordion("Recipe")
    file, recipe = mixing.recipe(tmp_path)
    base = {"shares": [0.6, 0.4], "groups": {"last": [0.85, 0.15]}}
    recipe |= {"levels": 3, "brush": {**recipe["brush"], "extrapolate": True}}
    file.write_text(json.dumps(recipe | base))
    mixing.page.locator("#desk-recipe input[type=file]").set_input_files(file)
    outside = mixing.find(".outside")
    expect(outside).to_contain_text("Outside the mask: 40 % wild; other shares in last")
    expect(mixing.find(".elsewhere")).to_be_hidden()
    mixing.settle()
    mixing.actual_size()
    wanted = Mix.of((0.6, 0.4), groups={"last": (0.85, 0.15)})
    mixing.assert_shows("tiny", Mix.of_alpha(0.9), mask=recipe["mask"], base=wanted, levels=3)

    # Back in a file, identically, and with the bytes of the command line.
    whole = mixing.take("#desk-save-picture", "#desk-result", tmp_path / "whole")
    ends = [word for end in mixing_ends[:2] for word in ("--ends", end)]
    result = run("render", CAT, "-o", tmp_path / "cli.png", "--recipe", file, *ends)
    assert result.code == 0, result.err
    assert (tmp_path / "cli.png").read_bytes() == whole.read_bytes()
    _, again = mixing.recipe(tmp_path / "again")
    assert again == recipe | base

    mixing.button("Back to calm").click()
    expect(outside).to_be_hidden()
    mixing.settle()
    mixing.assert_shows("tiny", Mix.of_alpha(0.9), mask=recipe["mask"], levels=3)
    _, last = mixing.recipe(tmp_path / "last")
    assert last == recipe


def test_a_network_is_saved_and_dropped_back(
    mixing: MixingPage, mixing_ends: list[Path], tmp_path: Path
) -> None:
    mixing.set_alpha(0.27)
    path = mixing.take("#desk-save-network", "#desk-result", tmp_path)
    mixing.page.get_by_role("tab", name="Effects").click()
    mixing.page.get_by_role("tab", name="Mixing desk").click()
    mixing.page.wait_for_timeout(1000)
    expect(mixing.page.locator("#desk-result")).to_contain_text(path.stem)  # it stays
    blended = read_states([path])[0]
    expected = interpolate(read_states(mixing_ends[:2]), Mix.of_alpha(0.27))
    assert all(blended[name].equal(expected[name]) for name in expected)
    assert Recipe.from_json(read_metadata(path)["dni"]).mix == Mix.of_alpha(0.27)
    mixing.button("Reset").click()
    mixing.wait_exact(0.5, 0.5)
    mixing.open_accordion("Recipe")
    mixing.page.locator("#desk-recipe input[type=file]").set_input_files(path)
    mixing.wait_exact(0.73, 0.27)


def test_a_recipe_whose_networks_are_not_here_says_which(mixing: MixingPage, tmp_path: Path) -> None:
    mixing.open_accordion("Recipe")
    file, recipe = mixing.recipe(tmp_path)
    wanted = "ab" * 32
    recipe |= {"pair": "", "ends": [recipe["ends"][0], ["lost.pth", wanted]]}
    file.write_text(json.dumps(recipe))
    box = mixing.page.locator("#desk-recipe input[type=file]")
    box.set_input_files(file)
    mixing.desk.message(f"lost.pth (sha256 {wanted[:16]}...)")
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    box.set_input_files(tmp_path / "plain.png")
    mixing.desk.message("Expected a recipe in plain.png, but there is none")
    assert mixing.shares == [0.5, 0.5]


def test_a_grid_of_two_networks_is_refused_in_words(mixing: MixingPage) -> None:
    mixing.open_accordion("Sweep")
    mixing.page.locator("#sweep-way input").click()
    mixing.page.get_by_role("option", name="All over the pad").click()
    mixing.page.locator("#sweep-make").click()
    mixing.desk.message("Expected 3 or 4 ends for a grid, but got 2")
    expect(mixing.page.locator("#sweep-make")).to_be_visible()


# People's own networks and pictures


def own_files(ends: list[Path], folder: Path) -> list[Path]:
    names = ["one <i>x.safetensors", "two.safetensors", "three.safetensors"]
    return [Path(shutil.copy(end, folder / name)) for end, name in zip(ends, names, strict=False)]


def test_own_networks_are_blended_and_bad_ones_are_refused_by_name(
    mixing: MixingPage, mixing_ends: list[Path], tmp_path: Path
) -> None:
    good = own_files(mixing_ends, tmp_path)
    bad = tmp_path / "bad.pth"
    bad.write_bytes(b"not a checkpoint")
    mixing.open_accordion("Your own networks")
    mixing.page.locator("#desk-files input[type=file]").set_input_files([good[0], bad, good[1]])
    mixing.desk.message("bad.pth")
    files = mixing.page.locator("#desk-files .file")
    expect(files).to_have_count(2)
    mixing.page.locator("#desk-blend").click()
    expect(mixing.find(".numbers li").first).to_contain_text("one ix")
    mixing.settle()
    expect(mixing.page.locator("#desk-verdict .verdict")).to_contain_text("one ix")
    assert mixing.page.locator("#desk-verdict i").count() > 0
    mixing.actual_size()
    mixing.assert_shows("tiny", Mix.of_alpha(0.5))
    mixing.open_accordion("Recipe")
    _, recipe = mixing.recipe(tmp_path / "recipe")
    assert recipe["pair"] == ""
    assert [sha256 for _, sha256 in recipe["ends"]] == [sha256_of(end) for end in mixing_ends[:2]]

    # The chooser says so, and has them still when others are on the desk.
    chooser = mixing.page.locator("#desk-pair input")
    expect(chooser).to_have_value(re.compile("^Yours: one .*two"))
    mixing.choose_networks("Tiny three", 3)
    mixing.choose_networks("Yours: one", 2)
    expect(mixing.find(".numbers li").first).to_contain_text("one ix")


def test_networks_that_do_not_fit_get_a_verdict_and_change_nothing(
    mixing: MixingPage, mixing_ends: list[Path], tmp_path: Path
) -> None:
    other = tmp_path / "wider.safetensors"
    with torch.random.fork_rng(devices=[]):
        network = RRDBNet(num_filters=16, num_blocks=1)
    save(other, network.state_dict(), {"architecture": "RRDBNet", "num_filters": "16", "num_blocks": "1"})
    mixing.open_accordion("Your own networks")
    files = [own_files(mixing_ends, tmp_path)[1], other]
    mixing.page.locator("#desk-files input[type=file]").set_input_files(files)
    expect(mixing.page.locator("#desk-files .file")).to_have_count(2)
    mixing.page.locator("#desk-blend").click()
    expect(mixing.page.locator("#desk-verdict .verdict")).to_contain_text("Does not blend")
    expect(mixing.page.locator("#desk-verdict .verdict")).to_contain_text("which are not on the desk")
    assert "/networks-" not in mixing.page.locator("body").inner_text()
    expect(mixing.find(".numbers li").first).to_contain_text("calm")
    mixing.set_alpha(0.4)


def test_one_persons_networks_and_masks_are_not_anothers(
    new_mixing: Callable[..., MixingPage], mixing_ends: list[Path], tmp_path: Path
) -> None:
    one, other = new_mixing().open(), new_mixing().open()
    one.open_accordion("Your own networks")
    one.page.locator("#desk-files input[type=file]").set_input_files(own_files(mixing_ends, tmp_path)[:2])
    expect(one.page.locator("#desk-files .file")).to_have_count(2)
    one.page.locator("#desk-blend").click()
    expect(one.find(".numbers li").nth(1)).to_contain_text("two")
    other.set_alpha(0.8)
    other.actual_size()
    one.settle()
    assert one.shares == [0.5, 0.5]
    other.assert_shows("tiny", Mix.of_alpha(0.8))
    expect(other.page.locator("#desk-files .file")).to_have_count(0)


def test_an_own_picture_keeps_the_mix(mixing: MixingPage, tmp_path: Path) -> None:
    mixing.set_alpha(0.7)
    with Image.open(CAT) as image:
        image.convert("RGB").crop((0, 0, 60, 50)).save(tmp_path / "mine.png")
    mixing.page.locator("#desk-picture input[type=file]").set_input_files(tmp_path / "mine.png")
    expect(mixing.find("canvas.picture")).to_have_attribute(
        "aria-label", "mine.png, enlarged 4 times by the blended network"
    )
    mixing.wait_exact(0.3, 0.7)
    path = mixing.take("#desk-save-picture", "#desk-result", tmp_path / "out")
    with Image.open(path) as image:
        assert image.size == (240, 200)


def test_the_desk_opens_with_the_own_picture_of_the_effects(
    new_mixing: Callable[..., MixingPage], tmp_path: Path
) -> None:
    page = new_mixing()
    page.desk.open(complete=False)
    with Image.open(CAT) as image:
        for name, box in (("mine.png", (0, 0, 60, 50)), ("other.png", (60, 30, 130, 80))):
            image.convert("RGB").crop(box).save(tmp_path / name)
    page.desk.upload(tmp_path / "mine.png")
    page.desk.wait("canvas.ariaLabel.startsWith('mine.png')")
    page.page.get_by_role("tab", name="Mixing desk").click()
    page.wait_exact(0.5, 0.5)
    expect(page.find("canvas.picture")).to_have_attribute("aria-label", re.compile(r"^mine\.png"))
    # It stays there when another one comes to the Effects.
    page.page.get_by_role("tab", name="Effects").click()
    page.desk.upload(tmp_path / "other.png")
    page.desk.wait("canvas.ariaLabel.startsWith('other.png')")
    page.page.get_by_role("tab", name="Mixing desk").click()
    page.set_alpha(0.8)
    expect(page.find("canvas.picture")).to_have_attribute("aria-label", re.compile(r"^mine\.png"))


# Programs


@pytest.fixture(scope="module")
def client(mixing_app: tuple[str, RenderService]) -> Client:
    return Client(mixing_app[0], verbose=False)


def test_the_api_renders_any_mix(client: Client, mixing_app: tuple[str, RenderService]) -> None:
    mix: dict[str, Any] = {"shares": [0.2, 0.3, 0.5], "groups": {"last": [1, 0, 0]}, "crop": [8, 4, 40, 30]}
    path = client.predict(handle_file(CAT), "three", mix, api_name="/desk_render")
    recipe = Recipe.from_json(read_recipe(path) or "")
    assert recipe.mix == Mix.of((0.2, 0.3, 0.5), groups={"last": (1, 0, 0)})
    assert recipe.request.crop == Rectangle(8, 4, 40, 30)
    with Image.open(path) as image:
        assert image.size == (160, 120)


@pytest.mark.parametrize(
    ("mix", "text"),
    [
        ({}, "Expected shares as a list"),
        ({"shares": [1, 1]}, "sum to 1"),
        ([1], "Expected the mix as an object"),
    ],
)
def test_the_api_refuses_other_mixes(client: Client, mix: Any, text: str) -> None:
    with pytest.raises(AppError, match=text):
        client.predict(handle_file(CAT), "tiny", mix, api_name="/desk_render")


@pytest.mark.slow
def test_the_api_inspects_pairs_and_files(client: Client, mixing_ends: list[Path], tmp_path: Path) -> None:
    by_pair = client.predict([], "tiny", api_name="/inspect")
    by_files = client.predict([handle_file(end) for end in mixing_ends[:2]], "", api_name="/inspect")
    assert by_pair.keys() == {"verdict", "reason", "evidence"}
    assert by_files["verdict"] == by_pair["verdict"]
    (tmp_path / "bad.pth").write_bytes(b"nothing")
    with pytest.raises(AppError, match=r"bad\.pth"):
        client.predict(
            [handle_file(mixing_ends[0]), handle_file(tmp_path / "bad.pth")], "", api_name="/inspect"
        )
    with pytest.raises(AppError, match="Send one of the two"):
        client.predict([], "", api_name="/inspect")
