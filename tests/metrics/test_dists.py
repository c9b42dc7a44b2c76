"""The DISTS-like distance, on a toy extractor and on the judge's own network."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from torch import Tensor, nn

from dni.blending.interpolate import shares_of
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.checkpoints.networks import load_ends
from dni.metrics.dists import dists_distance, load_efficientnet_lite
from dni.pictures.picture import to_pil, to_tensor
from dni.rendering.renderer import Renderer
from dni.training.restoration.data.patches import downscale_pair
from models.efficientnet_lite import EfficientNetLite


class Halves(nn.Module):
    """One layer of two maps, easy to compute by hand: red, and the mean of green and blue."""

    def forward(self, x: Tensor) -> list[Tensor]:
        return [torch.stack((x[:, 0], x[:, 1:].mean(dim=1)), dim=1)]


@pytest.fixture(scope="module")
def judge() -> EfficientNetLite:
    try:
        return load_efficientnet_lite()
    except FileNotFoundError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture
def photographs(shared: Path) -> list[Image.Image]:
    """Crops of three of Set5's photographs."""
    crops = []
    for name in ("baby", "bird", "butterfly"):
        image = Image.open(next((shared / "data" / "set5").glob(f"{name}*"))).convert("RGB")
        left, top = (image.width - 192) // 2, (image.height - 192) // 2
        crops.append(image.crop((left, top, left + 192, top + 192)))
    return crops


def pictures(seed: int, count: int = 2) -> Tensor:
    return torch.rand(count, 3, 40, 48, generator=torch.Generator().manual_seed(seed))


def distance(judge: nn.Module, output: Image.Image, reference: Image.Image) -> float:
    ours, theirs = (to_tensor(image)[None].float() / 255 for image in (output, reference))
    return dists_distance(judge, ours, theirs).item()


def numpy_distance(output: np.ndarray, reference: np.ndarray) -> float:
    """The paper's formulas, map by map, in float64."""
    layers = []
    for maps in (output, reference):
        layers.append([list(maps), [maps[0], maps[1:].mean(axis=0)]])
    means = []
    for ours, theirs in zip(*layers, strict=True):
        terms = []
        for a, b in zip(ours, theirs, strict=True):
            covariance = np.cov(a.ravel(), b.ravel(), bias=True)
            terms.append((2 * a.mean() * b.mean() + 1e-6) / (a.mean() ** 2 + b.mean() ** 2 + 1e-6))
            terms.append((2 * covariance[0, 1] + 1e-6) / (np.trace(covariance) + 1e-6))
        means.append(np.mean(terms))
    return float(1 - np.mean(means))


def test_distance_agrees_with_the_formulas() -> None:
    output, reference = pictures(0), pictures(1)
    wanted = [
        numpy_distance(a, b) for a, b in zip(output.double().numpy(), reference.double().numpy(), strict=True)
    ]
    assert dists_distance(Halves(), output, reference).tolist() == pytest.approx(wanted, abs=1e-5)


def test_distance_of_equal_pictures_is_zero_and_it_is_symmetric() -> None:
    output, reference = pictures(0), pictures(1)
    assert dists_distance(Halves(), output, output).abs().max() < 1e-6
    there, back = dists_distance(Halves(), output, reference), dists_distance(Halves(), reference, output)
    torch.testing.assert_close(there, back)
    assert (there > 0).all()


def test_texture_matters_less_than_another_mean() -> None:
    """The same texture at other places keeps half of each map's terms, another brightness does not."""
    reference = pictures(1, count=1)
    moved = reference.roll((20, 24), dims=(2, 3))
    darker = reference.roll((20, 24), dims=(2, 3)) * 0.3
    same_texture, other = (dists_distance(Halves(), x, reference) for x in (moved, darker))
    assert same_texture.item() == pytest.approx(0.5, abs=0.03)
    assert other > same_texture + 0.1


def test_gradient_flows_to_the_output() -> None:
    output = pictures(0).requires_grad_()
    (gradient,) = torch.autograd.grad(dists_distance(Halves(), output, pictures(1)).sum(), output)
    assert gradient.abs().amax(dim=(1, 2, 3)).min() > 0


@pytest.mark.parametrize(
    ("output", "reference", "message"),
    [
        ((1, 3, 40, 40), (1, 3, 40, 48), "one shape"),
        ((1, 1, 40, 40), (1, 1, 40, 40), "Expected RGB"),
        ((1, 3, 31, 40), (1, 3, 31, 40), "at least 32x32"),
    ],
)
def test_wrong_pictures_are_refused(
    output: tuple[int, ...], reference: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        dists_distance(Halves(), torch.zeros(output), torch.zeros(reference))


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file .*lite1\.pth"):
        load_efficientnet_lite(tmp_path / "lite1.pth")


def compressed(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def blurred(image: Image.Image, radius: float) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(radius))


def noisy(image: Image.Image, sigma: float) -> Image.Image:
    noise = np.random.default_rng(0).normal(0, sigma, (image.height, image.width, 3))
    return Image.fromarray((np.asarray(image) + noise).round().clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("spoil", "strengths"),
    [
        (compressed, (95, 80, 60, 40, 20, 10)),
        (blurred, (0.5, 1.0, 1.5, 2.0, 3.0)),
        (noisy, (2, 5, 10, 20, 40)),
    ],
)
def test_judge_ranks_strengths(
    judge: EfficientNetLite,
    photographs: list[Image.Image],
    spoil: Callable[[Image.Image, float], Image.Image],
    strengths: tuple[float, ...],
) -> None:
    for photograph in photographs:
        distances = [distance(judge, spoil(photograph, strength), photograph) for strength in strengths]
        assert distances[0] > 0
        assert distances == sorted(distances)


@pytest.mark.slow
def test_judge_puts_a_textured_enlargement_above_its_blurrier_versions(
    judge: EfficientNetLite, shared: Path
) -> None:
    renderer = Renderer(*load_ends(end_paths(find_pair("texture-x4"))), precision="float32")
    for name in ("baby", "butterfly", "woman"):
        (file,) = (shared / "data" / "set5").glob(f"{name}*")
        low, photograph = downscale_pair(Image.open(file).convert("RGB"), 4)
        sharp = to_pil(renderer.render(to_tensor(low), shares_of(1.0)))
        versions = [sharp, *(blurred(sharp, radius) for radius in (1.0, 1.5, 2.0))]
        distances = [distance(judge, version, photograph) for version in versions]
        assert distances == sorted(distances), (name, distances)
