"""What the page remembers: undo and redo, and everything on it after a reload."""

from __future__ import annotations

from pathlib import Path

import pytest
from effects_page import Desk
from mixing_page import MixingPage
from PIL import Image


def reload(desk: Desk) -> None:
    """As a person does it; that Gradio's own streams break off then is not our fault."""
    desk.page.reload()
    desk.wait("canvas && canvas.dataset.state === 'exact'")
    desk.problems.clear()


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
    mixing.find('[data-tool="redo"]').click()
    mixing.wait_exact(-0.5, 0.5, 1, 0)
    mixing.show("Layers")
    mixing.button("Only late layers").click()
    mixing.settle()
    layers = mixing.layers
    reload(mixing.desk)
    mixing.page.get_by_role("tab", name="Mixing desk").click()
    mixing.wait_exact(-0.5, 0.5, 1, 0)
    assert mixing.find(".tasks").is_checked()
    mixing.show("Layers")
    assert mixing.layers == layers
