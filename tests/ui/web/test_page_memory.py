"""What the page remembers: undo and redo, and everything on it after a reload."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from effects_page import Desk
from mixing_page import MixingPage
from PIL import Image
from playwright.sync_api import expect

from dni.examples import EXAMPLE_FOLDER


def reload(desk: Desk) -> None:
    """As a person does it; that Gradio's own streams break off then is not our fault."""
    desk.page.reload()
    desk.wait("canvas && canvas.dataset.state === 'exact'")
    desk.problems.clear()


def reload_mixing(mixing: MixingPage) -> None:
    """The same on the Mixing desk, whose tab is open again."""
    mixing.page.reload()
    mixing.wait_exact()
    mixing.desk.problems.clear()


@pytest.mark.slow
def test_effects_undo_redo_and_come_back(desk: Desk, tmp_path: Path) -> None:
    desk.open()
    for alpha in (0.8, 0.2):
        desk.slider.fill(str(alpha))
        desk.wait_exact(alpha)
        desk.page.wait_for_timeout(300)
    for key, alpha in (("Control+z", 0.8), ("Control+z", 0.5), ("Control+Shift+z", 0.8)):
        desk.page.keyboard.press(key)
        desk.wait_exact(alpha)
    Image.linear_gradient("L").resize((60, 40)).save(tmp_path / "mine.png")
    desk.upload(tmp_path / "mine.png")
    desk.wait("canvas.ariaLabel.startsWith('mine.png')")
    desk.choose_pair("Turned pair")
    desk.page.wait_for_function("document.querySelector('.end-a').textContent === 'wild first'")
    desk.wait_exact(0.8)
    reload(desk)
    desk.wait("canvas && canvas.ariaLabel.startsWith('mine.png')")
    desk.wait_exact(0.8)
    desk.choose_example(0)
    desk.wait("!canvas.ariaLabel.startsWith('mine.png')")
    desk.wait_exact()
    reload(desk)
    desk.wait_exact()
    assert not desk.shown.startswith("mine.png")


def test_the_alphas_that_were_kept_come_back(desk: Desk) -> None:
    desk.open()
    for alpha in (0.2, 0.7):
        desk.slider.fill(str(alpha))
        desk.wait_exact(alpha)
        desk.page.get_by_role("button", name="Keep").click()
    kept = desk.page.locator(".dni-viewer .kept button")
    expect(kept).to_have_text(["A 0.20", "B 0.70"])
    reload(desk)
    expect(kept).to_have_text(["A 0.20", "B 0.70"])


def test_the_tab_that_was_open_is_open_again(desk: Desk) -> None:
    desk.open()
    tab = desk.page.get_by_role("tab", name="Transfer")
    tab.click()
    expect(tab).to_have_attribute("aria-selected", "true")
    desk.page.reload()
    expect(tab).to_have_attribute("aria-selected", "true")
    expect(desk.page.locator(".end-a")).to_have_text(
        "calm"
    )  # which also writes the address, and could break off
    desk.page.goto(desk.page.url)  # a link says itself what to open
    expect(desk.page.get_by_role("tab", name="Effects")).to_have_attribute("aria-selected", "true")
    desk.problems.clear()  # Gradio's own streams break off with the page


@pytest.mark.slow
def test_the_desk_undoes_redoes_and_comes_back(mixing: MixingPage) -> None:
    mixing.choose_networks("Tiny around", 4)
    pad = mixing.find(".pad canvas")
    pad.press("3")
    mixing.wait_exact(0, 0, 1, 0)
    mixing.page.wait_for_timeout(300)
    mixing.find(".tasks").check()
    mixing.settle()
    mixing.find(".bank input").nth(1).fill("0.5")
    mixing.wait_exact(-0.5, 0.5, 1, 0)
    mixing.page.wait_for_timeout(300)
    mixing.page.keyboard.press("Control+z")
    mixing.wait_exact(0, 0, 1, 0)
    mixing.find('.undo [data-tool="redo"]').click()
    mixing.wait_exact(-0.5, 0.5, 1, 0)
    mixing.show("Layers")
    mixing.button("Only late layers").click()
    mixing.settle()
    layers = mixing.layers
    reload_mixing(mixing)
    mixing.wait_exact(-0.5, 0.5, 1, 0)
    assert mixing.find(".tasks").is_checked()
    mixing.show("Layers")
    assert mixing.layers == layers


@pytest.mark.slow
def test_a_mask_and_own_networks_come_back(
    mixing: MixingPage, mixing_ends: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The trial of networks in the sandbox is no part of this.
    monkeypatch.setattr("dni.serving.mixing.uploaded_networks.unusable", lambda paths: {})
    page = mixing.page
    with Image.open(EXAMPLE_FOLDER / "cat.png") as image:
        image.convert("RGB").crop((0, 0, 60, 50)).save(tmp_path / "mine.png")
    mixing.open_accordion("Your own networks")
    files = [
        shutil.copy(end, tmp_path / f"{name}.safetensors")
        for name, end in zip("ab", mixing_ends[:2], strict=True)
    ]
    page.locator("#desk-files input[type=file]").set_input_files(files)
    expect(page.locator("#desk-files .file")).to_have_count(2)
    page.locator("#desk-blend").click()
    expect(mixing.find(".end").first).to_have_text("a")
    page.locator("#desk-picture input[type=file]").set_input_files(tmp_path / "mine.png")
    mixing.wait("document.querySelector('#desk canvas').ariaLabel.startsWith('mine.png')")
    mixing.set_alpha(0.9)
    mixing.show("Paint")
    mixing.stroke((0.4, 0.4), (0.5, 0.5))
    mixing.settle()
    mixing.open_accordion("Recipe")
    _, recipe = mixing.recipe(tmp_path / "before")
    reload_mixing(mixing)
    mixing.wait("data.mask === 'on'")
    mixing.wait_exact(0.1, 0.9)
    expect(mixing.find(".end").first).to_have_text("a")
    mixing.open_accordion("Recipe")
    assert mixing.recipe(tmp_path / "after")[1] == recipe
    expect(mixing.find('[data-tool="undo"]').first).to_be_disabled()
    # The server has started anew: nothing is left under the token.
    page.evaluate(
        "() => { const saved = JSON.parse(sessionStorage['dni desk']); saved.session = 'another';"
        "sessionStorage['dni desk'] = JSON.stringify(saved); }"
    )
    reload_mixing(mixing)
    expect(mixing.find(".message")).to_contain_text(
        "Your own networks a and b are no longer on this server. Drop their files again"
    )
    mixing.wait_exact(0.5, 0.5)
