"""The perception-distortion curve, its measures and the suggestion, against closed forms and oracles."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import case
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from dni.blending.shares import Mix
from dni.checkpoints.networks import load_ends
from dni.errors import DniError
from dni.metrics.distortion import luma, psnr_y, ssim_y
from dni.metrics.perceptual import perceptual_distance
from dni.metrics.spectra import spectral_ratio
from dni.pictures.picture import Picture, to_pil
from dni.pictures.rectangle import Rectangle
from dni.pictures.resize import reduce_bicubic
from dni.rendering.control import Cancelled, RenderControl
from dni.rendering.renderer import Renderer
from dni.tradeoff.curve import Curve, Point, measure_curve
from dni.tradeoff.quality import against_reference, fine_share, without_reference
from dni.tradeoff.question import TradeoffRequest, choose_subject
from dni.tradeoff.suggestion import suggest
from dni.training.restoration.data.patches import downscale_pair

SCALE = 4


@pytest.fixture(scope="module")
def renderer(tiny_ends: list[Path]) -> Renderer:
    return Renderer(*load_ends(tiny_ends), device=torch.device("cpu"), precision="float32")


def photo(height: int = 20, width: int = 24, seed: int = 0) -> torch.Tensor:
    """Coarse blobs, uint8 (3, H, W)."""
    pixels = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    large = Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(large)).permute(2, 0, 1).contiguous()


def picture(rgb: torch.Tensor) -> Picture:
    return Picture(rgb=rgb, opacity=None, name="photo")


def batch(rgb: torch.Tensor) -> torch.Tensor:
    return rgb[None].float() / 255


# Measures


def test_with_a_reference_the_measures_are_those_of_the_reports() -> None:
    output, reference = batch(photo(40, 44, 1)), batch(photo(40, 44, 2))
    features = Wrapped(torch.nn.Conv2d(3, 4, 3).requires_grad_(False))
    measures = against_reference(output, reference, border=4, extractor=features)
    assert measures == {
        "psnr_y": psnr_y(output, reference, border=4),
        "ssim_y": ssim_y(output, reference, border=4),
        "spectral_ratio": spectral_ratio(output, reference),
        "texture_error": abs(math.log2(spectral_ratio(output, reference))),
        "perceptual_distance": float(perceptual_distance(features, output, reference)),
    }


class Wrapped(torch.nn.Module):
    """One layer's features as a list, as extractors give them."""

    def __init__(self, layer: torch.nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [self.layer(x)]


def test_equal_and_flat_pictures_have_finite_measures() -> None:
    flat, textured = torch.full((1, 3, 32, 32), 128 / 255), batch(photo(32, 32))
    equal = against_reference(textured, textured, border=4, extractor=None)
    assert (equal["psnr_y"], equal["spectral_ratio"], equal["texture_error"]) == (100, 1, 0)
    for output, reference, doublings in ((flat, flat, None), (flat, textured, 10)):
        measures = against_reference(output, reference, border=4, extractor=None)
        assert all(map(math.isfinite, measures.values()))
        assert doublings is None or measures["texture_error"] == doublings
    proxies = without_reference(flat, first=flat, given=flat[..., ::4, ::4])
    assert proxies == {"consistency": 100, "change": 0, "fine_share": 0}


def test_proxies_are_what_they_say() -> None:
    output, first, given = batch(photo(40, 48, 1)), batch(photo(40, 48, 2)), batch(photo(10, 12, 3))
    proxies = without_reference(output, first=first, given=given)
    pixels = [to_pil((image[0] * 255).round().byte()) for image in (output, first, given)]
    levels = [np.asarray(image, dtype=float) for image in pixels]
    assert proxies["change"] == pytest.approx(np.sqrt(np.mean((levels[0] - levels[1]) ** 2)), rel=1e-5)
    reduced = np.array(pixels[0].resize((12, 10), Image.Resampling.BICUBIC))
    ours, theirs = (
        luma(torch.from_numpy(image).permute(2, 0, 1)[None].double() / 255).numpy()
        for image in (reduced, np.array(pixels[2]))
    )
    expected = peak_signal_noise_ratio(theirs, ours, data_range=255)
    assert proxies["consistency"] == pytest.approx(expected, abs=1e-3)


def test_share_of_fine_texture_of_two_waves() -> None:
    """Energies add up, as the square of the amplitudes."""
    for fine, coarse in [(0.2, 0.0), (0.0, 0.2), (0.1, 0.2), (0.05, 0.1)]:
        with case(fine, coarse):
            columns = torch.arange(64.0)
            wave = fine * torch.sin(2 * math.pi * 0.375 * columns) + coarse * torch.sin(
                2 * math.pi * 0.125 * columns
            )
            image = (0.5 + wave).expand(1, 3, 64, 64)
            assert fine_share(image) == pytest.approx(fine**2 / (fine**2 + coarse**2), abs=1e-3)


def test_reducing_is_pillows_and_that_of_the_training() -> None:
    rgb = photo(40, 48)
    pixels = np.array(to_pil(rgb).resize((12, 10), Image.Resampling.BICUBIC))
    assert torch.equal(reduce_bicubic(rgb, SCALE), torch.from_numpy(pixels).permute(2, 0, 1))
    assert np.array_equal(np.array(downscale_pair(to_pil(rgb), SCALE)[0]), pixels)
    assert torch.equal(reduce_bicubic(batch(rgb), SCALE), batch(reduce_bicubic(rgb, SCALE)))
    with pytest.raises(DniError, match="divisible by 4, but got 24x21"):
        reduce_bicubic(photo(21, 24), SCALE)


# Curves


def test_proxies_along_alpha(renderer: Renderer) -> None:
    curve = measure_curve(picture(photo()), renderer, TradeoffRequest(num_points=5))
    assert [point.position for point in curve.points] == [0, 0.25, 0.5, 0.75, 1]
    assert [point.mix.alpha for point in curve.points] == [0, 0.25, 0.5, 0.75, 1]
    assert (curve.kind, curve.distortion, curve.perception) == ("proxy", "consistency", "fine_share")
    assert "these are proxies" in curve.title
    first, last = (renderer.render(photo(), shares) for shares in ((1, 0), (0, 1)))
    assert curve.points[0].measures["change"] == 0
    for point, output in ((curve.points[0], first), (curve.points[-1], last)):
        expected = without_reference(batch(output), first=batch(first), given=batch(photo()))
        assert point.measures == pytest.approx(expected, rel=1e-5)


def test_a_reference_that_is_the_end_itself(renderer: Renderer) -> None:
    """The curve must rise to "equal" exactly there."""
    truth = renderer.render(photo(), (0.5, 0.5))
    larger = torch.nn.functional.pad(truth, (0, 3, 0, 2))  # what reducing would have cut off
    curve = measure_curve(picture(photo()), renderer, TradeoffRequest(reference=larger, num_points=5))
    assert (curve.kind, curve.distortion, curve.perception) == ("reference", "psnr_y", "texture_error")
    quality = [point.measures["psnr_y"] for point in curve.points]
    assert quality[2] == 100
    assert quality[0] < quality[1] < 100 > quality[3] > quality[4]
    assert suggest(curve).position == 0.5


def test_reducing_first(renderer: Renderer) -> None:
    original = photo(83, 97)
    curve = measure_curve(picture(original), renderer, TradeoffRequest(reduce_first=True, num_points=2))
    assert curve.title == "Measured on your picture reduced x4 first: the original is the reference."
    assert curve.crop == Rectangle(0, 0, 96, 80)
    cropped = original[:, :80, :96]
    output = renderer.render(reduce_bicubic(cropped, SCALE), (0, 1))
    assert curve.points[1].measures["psnr_y"] == pytest.approx(
        psnr_y(batch(output), batch(cropped)), abs=0.01
    )


def test_a_crop_sees_its_surroundings(renderer: Renderer) -> None:
    """Measured on the crop of the whole render, and on the middle where the crop is too large."""
    for reduce_first in [False, True]:
        with case(reduce_first):
            rgb = photo(160, 192) if reduce_first else photo(40, 48)
            unit = SCALE if reduce_first else 1
            asked = Rectangle(8, 4, 32, 32).scaled(unit)
            question = TradeoffRequest(
                crop=asked, max_pixels=16 * 16, num_points=2, reduce_first=reduce_first
            )
            curve = measure_curve(picture(rgb), renderer, question)
            assert curve.crop == Rectangle(16, 12, 16, 16).scaled(unit)
            given = reduce_bicubic(rgb, SCALE) if reduce_first else rgb
            parts = [batch(renderer.render(given, shares)[:, 48:112, 64:128]) for shares in ((1, 0), (0, 1))]
            if reduce_first:
                expected = against_reference(
                    parts[1], batch(rgb[:, 48:112, 64:128]), border=4, extractor=None
                )
            else:
                expected = without_reference(parts[1], first=parts[0], given=batch(given[:, 12:28, 16:32]))
            assert curve.points[1].measures == pytest.approx(expected, rel=0.01)


def test_between_two_mixes_of_three_ends(tiny_ends: list[Path]) -> None:
    three = Renderer(*load_ends([*tiny_ends, tiny_ends[0]]), precision="float32", device=torch.device("cpu"))
    start, stop = Mix.of((1, 0, 0)), Mix.of((0, 0.5, 0.5))
    curve = measure_curve(picture(photo()), three, TradeoffRequest(start=start, stop=stop, num_points=3))
    assert [point.mix.shares for point in curve.points] == [(1, 0, 0), (0.5, 0.25, 0.25), (0, 0.5, 0.5)]
    assert [point["alpha"] for point in curve.to_dict()["points"]] == [None] * 3
    with pytest.raises(DniError, match="Expected two mixes for 3 ends, but got none"):
        measure_curve(picture(photo()), three)


def test_as_json(renderer: Renderer) -> None:
    curve = measure_curve(picture(photo()), renderer, TradeoffRequest(num_points=2))
    values = json.loads(json.dumps(curve.to_dict(), allow_nan=False))
    assert values["points"][1] == {"position": 1, "alpha": 1, **curve.points[1].measures}
    assert values["measures"]["consistency"]["unit"] == "dB"


def test_progress_and_cancelling(renderer: Renderer) -> None:
    told: list[tuple[int, int]] = []
    cancelled = threading.Event()

    def progress(done: int, total: int) -> None:
        told.append((done, total))
        if done == 2:
            cancelled.set()

    control = RenderControl(progress=progress, cancelled=cancelled)
    with pytest.raises(Cancelled):
        measure_curve(picture(photo()), renderer, TradeoffRequest(num_points=4), control=control)
    assert told[0] == (0, 4)
    assert max(told) == (2, 4)


def test_what_cannot_be_measured(renderer: Renderer) -> None:
    for question, text in [
        (
            TradeoffRequest(reference=photo(20, 24)),
            "Expected a reference of 96x80, but got 24x20. Give the picture",
        ),
        (TradeoffRequest(reference=photo(84, 96)), "Expected a reference of 96x80, but got 96x84"),
        (TradeoffRequest(reference=photo(80, 96), reduce_first=True), "but got both. Choose one"),
        (TradeoffRequest(reduce_first=True), "Expected at least 64x64 pixels to measure, but got 24x20"),
        (
            TradeoffRequest(crop=Rectangle(0, 0, 15, 20)),
            "Expected at least 16x16 pixels to measure, but got 15x20",
        ),
        (
            TradeoffRequest(crop=Rectangle(8, 0, 17, 20)),
            r"inside the 24x20 picture, but got 17x20 at \(8, 0\)",
        ),
        (TradeoffRequest(num_points=1), "Expected at least 2 steps, but got 1"),
        (TradeoffRequest(start=Mix.of((1, 0, 0))), "one has 3 and the other 2"),
    ]:
        with case(question), pytest.raises(DniError, match=text):
            measure_curve(picture(photo()), renderer, question)


def test_reducing_first_is_for_networks_that_enlarge() -> None:
    with pytest.raises(DniError, match="this one keeps the size"):
        choose_subject(photo(), TradeoffRequest(reduce_first=True), scale=1)


# Suggestions


def closed_form(
    loss: Callable[[float], float], gap: Callable[[float], float], *, count: int = 11, kind: str = "reference"
) -> Curve:
    """A curve with PSNR ``30 - loss`` and perceptual distance ``0.2 + 0.1 * gap`` at every position."""
    points = []
    for step in range(count):
        position = step / (count - 1)
        measures = {"psnr_y": 30 - loss(position), "perceptual_distance": 0.2 + 0.1 * gap(position)}
        points.append(Point(position, Mix.of_alpha(position), measures))
    return Curve(tuple(points), kind, "", "psnr_y", "perceptual_distance", (0, 0, 1, 1))  # type: ignore[arg-type]


def test_the_knee_of_a_parabola() -> None:
    """Loss 2 t^2 against gap (1 - t)^2: the normalised sum is smallest at 1/2, with 3/4 won for 1/4."""
    advice = suggest(closed_form(lambda t: 2 * t**2, lambda t: (1 - t) ** 2))
    assert (advice.position, advice.mix) == (0.5, Mix.of_alpha(0.5))
    assert advice.reason == (
        "The knee of the curve: it has 75 % of what there is to win in perceptual distance (here 0.225) for "
        "25 % of what there is to lose in PSNR (here 29.5 dB)."
    )


def test_the_knee_is_where_the_derivative_says() -> None:
    """t^p + 1 - t is smallest where p t^(p - 1) = 1."""
    for power in [2, 3, 4, 6]:
        with case(power):
            expected = (1 / power) ** (1 / (power - 1))
            advice = suggest(closed_form(lambda t, power=power: t**power, lambda t: 1 - t, count=101))
            assert advice.position == pytest.approx(expected, abs=0.005 + 1e-9)


def test_the_knee_does_not_depend_on_units_or_direction() -> None:
    here = suggest(closed_form(lambda t: t**4, lambda t: 1 - t))
    assert suggest(closed_form(lambda t: 7 * t**4, lambda t: 3 - 3 * t)).position == here.position
    there = suggest(closed_form(lambda t: (1 - t) ** 4, lambda t: t))
    assert there.position == pytest.approx(1 - here.position)


def test_several_points_that_are_best_alike() -> None:
    """As on a white picture, where all mixes but one give white."""
    advice = suggest(closed_form(lambda t: float(t == 1), lambda t: float(t == 1), count=5))
    assert advice.position == 0.5
    assert advice.reason.startswith("No other point measured is better in either")


def test_no_trade_off_to_see() -> None:
    advice = suggest(closed_form(lambda t: 0.01 * t, lambda t: 0.01 * (1 - t)))
    assert advice.position == 0.5
    assert "There is no trade-off to see here" in advice.reason
    assert "PSNR by 0.01 dB" in advice.reason


def test_one_point_is_best_in_both() -> None:
    for loss, gap, position in [
        (lambda t: t, lambda t: t, 0.0),
        (lambda t: 1 - t, lambda t: 1 - t, 1.0),
        (lambda t: 0.001 * t, lambda t: 1 - t, 1.0),
        (lambda t: (t - 0.3) ** 2, lambda t: (t - 0.3) ** 2, 0.3),
    ]:
        with case(loss, gap, position):
            advice = suggest(closed_form(loss, gap))
            assert advice.position == pytest.approx(position)
            assert "No other point measured is better in either (PSNR: " in advice.reason


def test_a_curve_without_a_knee() -> None:
    for bend in [0.0, 1.0]:
        with case(bend):
            advice = suggest(
                closed_form(
                    lambda t, bend=bend: t + bend * t * (1 - t),
                    lambda t, bend=bend: 1 - t + bend * t * (1 - t),
                )
            )
            assert advice.position == 0.5
            assert "no knee" in advice.reason


def test_only_the_ends_are_left() -> None:
    """In between both measures are worse than at one of the ends, which is no half way."""
    advice = suggest(closed_form(lambda t: 1.2 * (0 < t < 1) + (t == 1), lambda t: 1 - t))
    assert advice.position == 0.0
    assert advice.reason == (
        "The curve has no knee to stop at, and none of the points measured is half way: this one has most of "
        "what there is to win in PSNR, and others in perceptual distance. Choose by eye."
    )


def test_points_that_another_beats_do_not_count() -> None:
    """Past 0.5 both get worse, so the chord ends there: the knee is that of the first half."""
    whole = closed_form(lambda t: t**2, lambda t: (1 - 2 * t) ** 2, count=21)
    half = closed_form(lambda t: (t / 2) ** 2, lambda t: (1 - t) ** 2)
    assert suggest(whole).position == pytest.approx(suggest(half).position / 2)


def test_proxies_are_called_so() -> None:
    curves = [closed_form(lambda t: t**2, lambda t: (1 - t) ** 2, kind=kind) for kind in ("proxy", "reduced")]
    assert ["no reference" in suggest(curve).reason for curve in curves] == [True, False]
