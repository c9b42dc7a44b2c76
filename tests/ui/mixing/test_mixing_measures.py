"""The curve, the comparison and the best mix in a browser, with what is on the desk: layers and paint."""

from __future__ import annotations

import base64
import io
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mixing_page import MixingPage
from PIL import Image
from playwright.sync_api import Locator, expect

from dni.blending.layer_groups import layer_groups
from dni.blending.shares import Mix, shares_of
from dni.masks.files import encode_mask
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.pictures.write import encode_jpeg
from dni.recipes.render_request import RenderRequest
from dni.rendering.requests import render_request
from dni.serving.mixing import best_mix
from dni.serving.mixing.measurements import MEASURED_PIXELS, Measures, answer
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session
from dni.tradeoff.compare import compare_blends
from dni.tradeoff.curve import measure_curve
from dni.tradeoff.question import TradeoffRequest
from dni.tradeoff.tuning.learn import Tuned
from dni.ui.mixing.scene import first_end, with_layers

HALF = torch.zeros(60, 64, dtype=torch.uint8)
HALF[:, 32:] = 255


def note(mixing: MixingPage, panel: str) -> Locator:
    return mixing.find(f'[data-panel="{panel}"].panel .note')


def paint_half(mixing: MixingPage, folder: Path) -> None:
    """White on the right, as an imported picture."""
    mixing.show("Paint")
    Image.fromarray(HALF.numpy()).save(folder / "half.png")
    mixing.find(".mask-file").set_input_files(folder / "half.png")
    mixing.wait("data.mask === 'on'")
    mixing.settle()


def painted_mask(mixing: MixingPage, folder: Path) -> str:
    """The mask as the server has it."""
    mixing.open_accordion("Recipe")
    mask: str = mixing.recipe(folder)[1]["mask"]
    mixing.open_accordion("Recipe")
    return mask


def only_late_layers(mixing: MixingPage) -> dict[str, float]:
    mixing.show("Layers")
    mixing.button("Only late layers").click()
    mixing.settle()
    names = mixing.service.renderer("tiny").blend.groups
    layers = {name: part / 100 for name, part in zip(names, mixing.layers, strict=True)}
    return {name: part for name, part in layers.items() if part < 1}


def measured(mixing: MixingPage, **question: Any) -> dict[str, Any]:
    """What the page must show, from the library."""
    example = mixing.desk.example()
    renderer = mixing.service.renderer("tiny")
    wanted = TradeoffRequest(
        reduce_first=True,
        crop=Rectangle(0, 0, example.width, example.height),
        max_pixels=MEASURED_PIXELS,
        **question,
    )
    return answer(measure_curve(example, renderer, wanted))


def assert_measured(mixing: MixingPage, **question: Any) -> None:
    """Measure on the page, and compare all points and the words."""
    mixing.show("Curve")
    mixing.find("button.measure").click()
    expect(mixing.find("svg .point")).to_have_count(11)
    expected = measured(mixing, **question)
    expect(note(mixing, "curve")).to_have_text(expected["note"])
    texts = [f"alpha {point['alpha']:.2f}: {point['text']}" for point in expected["points"]]
    assert mixing.find("svg .point title").all_text_contents() == texts
    suggestion = expected["suggestion"]
    words = f"Suggested alpha: {suggestion['alpha']:.2f}. {suggestion['reason']}"
    expect(mixing.find(".advice")).to_have_text(words)


def test_the_curve_is_of_what_is_on_the_desk_and_goes_with_it(mixing: MixingPage, tmp_path: Path) -> None:
    assert_measured(mixing)
    assert "With your" not in note(mixing, "curve").inner_text()
    expect(mixing.find("svg .point title").first).to_have_text(re.compile("PSNR .*, SSIM "))
    points = mixing.find("svg .point")
    mixing.set_alpha(0.3)
    expect(points).to_have_count(11)
    paint_half(mixing, tmp_path)
    expect(points).to_have_count(0)
    layers = only_late_layers(mixing)
    stop = with_layers(Mix.of_alpha(1), layers)
    mask = painted_mask(mixing, tmp_path)
    assert_measured(mixing, start=Mix.of_alpha(0), stop=stop, mask=mask)
    text = note(mixing, "curve").inner_text()
    assert "With your layers" in text
    assert "With your mask" in text
    mixing.show("Paint")
    mixing.button("No mask").click()
    mixing.settle()
    expect(points).to_have_count(0)


def test_pixels_are_blended_under_the_same_mask_and_then_another(mixing: MixingPage, tmp_path: Path) -> None:
    mixing.set_alpha(0.8)
    layers = only_late_layers(mixing)
    paint_half(mixing, tmp_path)
    mask = painted_mask(mixing, tmp_path)
    mixing.show("Against pixels")
    words = note(mixing, "compare")
    expect(words).to_contain_text("With your mask: both blends are only where it is painted.")
    expect(words).to_contain_text("only the network has them")
    request = RenderRequest(mix=Mix.of_alpha(0), brush=with_layers(Mix.of_alpha(0.8), layers), mask=mask)
    example, renderer = mixing.desk.example(), mixing.service.renderer("tiny")
    made = compare_blends(renderer, example.rgb, request)
    expect(words).to_contain_text(f"The two differ by {made.psnr:.1f} dB PSNR")
    for part in ("network", "pixels", "difference"):
        assert_image(mixing.find(f'.trio img[data-part="{part}"]'), getattr(made, part))
    mixing.show("Paint")
    mixing.button("Clear").click()
    mixing.settle()
    mixing.show("Against pixels")
    expect(words).not_to_contain_text("With your mask")


def assert_image(image: Locator, expected: torch.Tensor) -> None:
    """The image is the library's picture, as a JPEG."""
    data = (image.get_attribute("src") or "").split(",")[1]
    shown, wanted = (
        np.asarray(Image.open(io.BytesIO(jpeg))).astype(np.int16)
        for jpeg in (base64.b64decode(data), encode_jpeg(expected, quality=95))
    )
    assert shown.shape == wanted.shape
    assert float(np.abs(shown - wanted).mean()) < 0.5


# What stands behind them


@pytest.fixture
def picture() -> Picture:
    generator = torch.Generator().manual_seed(0)
    rgb = torch.randint(0, 256, (3, 40, 40), generator=generator, dtype=torch.uint8)
    return Picture(rgb=rgb, opacity=None, name="a.png")


@pytest.mark.parametrize("base", [None, Mix.of_alpha(0.4)])
def test_a_curve_has_the_base_of_a_recipe(
    service: RenderService, picture: Picture, base: Mix | None, ann: Session
) -> None:
    """Where nothing is painted at all, the base alone is measured: against its own picture it is equal."""
    outside = base or first_end(2)
    token, measures = service.hold(picture, session=ann, tab="mixing"), Measures(service)
    mask = encode_mask(torch.zeros(4, 4, dtype=torch.uint8))
    request = RenderRequest(mix=outside, brush=Mix.of_alpha(1), mask=mask, crop=Rectangle(0, 0, 40, 40))
    truth, _ = render_request(picture, service.renderer("tiny"), RenderRequest(mix=outside))
    measures.give(truth, session=ann)
    made = measures.curve(token, "tiny", request, against="reference", session=ann)
    assert [point["distortion"] for point in made["points"]] == [0] * 11
    assert re.match(r"PSNR 100 dB, amount of texture 0 doublings, SSIM 1$", made["points"][5]["text"])
    assert "nothing is painted in the part that was measured" in made["note"]


def test_the_best_mix_is_put_on_the_desk_and_can_be_undone(
    mixing: MixingPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked for on the page's own picture; it can be given up, and is for another picture."""
    learning, go_on = threading.Event(), threading.Event()

    def learn_mix(network: Any, *_: object, control: Any, **__: object) -> Tuned:
        control.report(7, 90)
        learning.set()
        while not go_on.wait(0.05):
            control.raise_if_cancelled()
        names = layer_groups(network.module.state_dict(), network.execution_order)
        groups = {name: shares_of(0.6 if name == "last" else 0.3) for name in names}
        return Tuned(Mix.of(shares_of(0.5), groups=groups), (1.0,) * 90, change=-0.05)

    monkeypatch.setattr(best_mix, "learn_mix", learn_mix)
    mixing.show("Layers")
    status, find, cancel = mixing.find(".best-note"), mixing.find("button.find"), mixing.find("button.cancel")
    mixing.find(".goal").select_option("noise")
    find.click()
    assert learning.wait(30)
    expect(status).to_have_text("Learning: step 7 of at most 90…")
    cancel.click()
    expect(status).to_have_text("Cancelled: the mix stays as it was.")
    expect(find).to_be_visible()
    assert set(mixing.layers) == {100}
    learning.clear()
    find.click()
    assert learning.wait(30)
    mixing.page.locator("#desk-examples button").nth(3).click()
    expect(status).to_have_text("Cancelled: the mix stays as it was.")
    learning.clear()
    find.click()
    assert learning.wait(30)
    go_on.set()
    expect(status).to_contain_text("has 5.0 % less noise")
    mixing.wait_exact(0.4, 0.6)
    assert mixing.layers == [50] * (len(mixing.layers) - 1) + [100]
    mixing.find('[data-tool="undo"]').first.click()
    mixing.wait_exact(0.5, 0.5)
    assert set(mixing.layers) == {100}
