"""Measures the digit networks that ship along alpha, and writes ``weights/digits/curves.json``.

These are constants, which the Adaptation tab would otherwise compute anew: accuracy on every domain, over
every example picture faded in, by colour of the ink and by brightness of the patch behind the digit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from dni.blending.interpolate import interpolate, shares_of
from dni.checkpoints.atomic_write import atomic_write
from dni.checkpoints.files import sha256_of
from dni.digits.accuracies import STRENGTHS
from dni.digits.classifiers import classifier_path, fresh_network, load_classifier, logits_of
from dni.digits.data.digit_sources import DigitSource, find_photographs
from dni.digits.data.domains import Digits, invert, load_mnist, load_mnist_m
from dni.digits.data.sample_grid import OwnPicture, SampleGrids
from dni.digits.methods import ANCESTOR, METHODS
from dni.digits.shipped_curves import curves_path
from dni.examples import EXAMPLE_FOLDER, WHOLE, example_paths, example_token
from dni.pictures.picture import to_tensor
from dni.training.adaptation.runs import in_parallel
from models.digits import DigitClassifier

__all__ = ["FEW", "INKS", "blend", "brightness_bins", "by_ink", "write_curves"]

ALPHAS = tuple(step / 10 for step in range(11))
# Over the pictures, of which there are many.
PICTURE_ALPHAS = tuple(step / 4 for step in range(5))
INKS = {
    "white": (255, 255, 255),
    "yellow": (255, 255, 0),
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "cyan": (0, 255, 255),
    "magenta": (255, 0, 255),
    "blue": (0, 0, 255),
}
# Digits in each ink.
FEW = 2000
# Of the mean level of a patch, 0 to 255; the last one is open.
BRIGHTNESS_EDGES = tuple(range(0, 257, 32))


def write_curves(data_root: Path, *, keep_measured: bool = False, jobs: int = 1) -> dict[str, Any]:
    """Measure the networks in ``weights/digits``, and write the curves beside them.

    Args:
        data_root: Holds ``MNIST/raw`` and ``bsds500/test``.
        keep_measured: Keep the curves of methods whose networks are those that they were measured of.
        jobs: Methods at once.

    Raises:
        DniError: A network or the data are missing.
    """
    mnist, mnist_m, _ = domains(data_root)
    facts = {
        "command": "python -m dni evaluate digit-curves --data-root DATA",
        "seed": 0,
        "counts": {"domains": len(mnist), "yours": len(grids(data_root).split.held_out), "inks": FEW},
        "networks": {method: sha256_of(classifier_path(method)) for method in METHODS},
        "alphas": ALPHAS,
        "picture_alphas": PICTURE_ALPHAS,
        "strengths": STRENGTHS,
        "inks": INKS,
        "brightness": {
            "edges": BRIGHTNESS_EDGES,
            "counts": [int(chosen.sum()) for chosen in brightness_bins(mnist, mnist_m)],
        },
        "channel_norms": {method: channel_norms(load_classifier(method)) for method in METHODS},
    }
    known = kept_curves(facts) if keep_measured else {}
    methods = [method for method in METHODS if method != ANCESTOR]
    new = [method for method in methods if method not in known]
    found = in_parallel(curves_of, [(data_root, method) for method in new], jobs)
    known |= dict(zip(new, found, strict=True))
    curves = {**facts, "methods": {method: known[method] for method in methods}}
    with atomic_write(curves_path()) as partial:
        partial.write_text(one_line_each(curves), encoding="utf-8")
    return curves


def kept_curves(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Of the present file, by method: the curves of the same networks, at the same points."""
    try:
        found = json.loads(curves_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    of_networks = ("networks", "channel_norms")
    now = json.loads(json.dumps(facts))
    if any(found.get(name) != value for name, value in now.items() if name not in of_networks):
        return {}
    same = {method for method, digest in now["networks"].items() if found["networks"].get(method) == digest}
    return {method: curve for method, curve in found["methods"].items() if {method, ANCESTOR} <= same}


def curves_of(data_root: Path, method: str) -> dict[str, Any]:
    """All curves from source-only (alpha 0) to one method (1)."""
    points = [point(data_root, method if alpha else ANCESTOR, alpha) for alpha in ALPHAS]
    over = [over_pictures(data_root, method if alpha else ANCESTOR, alpha) for alpha in PICTURE_ALPHAS]
    return {name: [at[name] for at in points] for name in points[0]} | {
        "pictures": {name: [at[name] for at in over] for name in WHOLE}
    }


@cache  # alpha 0 is the same for all methods
def point(data_root: Path, method: str, alpha: float) -> dict[str, Any]:
    """Accuracy of one blend on the domains, by ink and by brightness."""
    network, (mnist, mnist_m, inverted) = blend(method, alpha), domains(data_root)
    right = is_right(network, mnist_m)
    return {
        "mnist": share(is_right(network, mnist)),
        "mnist_m": share(right),
        "inverted": share(is_right(network, inverted)),
        "inks": by_ink(network, mnist.subset(slice(FEW))),
        "brightness": [share(right[chosen]) for chosen in brightness_bins(mnist, mnist_m)],
    }


@cache
def over_pictures(data_root: Path, method: str, alpha: float) -> dict[str, list[float]]:
    """Accuracy of one blend over every example picture, faded in."""
    network = blend(method, alpha)
    return {name: faded_in(network, grids(data_root), name) for name in WHOLE}


def blend(method: str, alpha: float) -> DigitClassifier:
    """Source-only blended with a method, in float32."""
    ends: list[Mapping[str, Tensor]] = [load_classifier(end).state_dict() for end in (ANCESTOR, method)]
    network = fresh_network(ends[0])
    network.load_state_dict(interpolate(ends, shares_of(alpha)))
    return network.eval()


@lru_cache(maxsize=1)
def domains(data_root: Path) -> tuple[Digits, Digits, Digits]:
    """The test digits of MNIST, MNIST-M and inverted MNIST."""
    mnist = load_mnist(data_root, "test")
    return mnist, load_mnist_m(data_root, "test"), Digits(invert(mnist.images), mnist.labels)


@lru_cache(maxsize=1)
def grids(data_root: Path) -> SampleGrids:
    """The page's digits: the same held-out ones, over the same patches."""
    source = DigitSource(domains(data_root)[0], "MNIST's test digits", is_mnist=True)
    return SampleGrids(source, find_photographs(EXAMPLE_FOLDER, data_root))


def faded_in(network: DigitClassifier, sample_grids: SampleGrids, example: str) -> list[float]:
    """Accuracy on the held-out digits while an example picture is faded in behind them."""
    path = dict(zip(WHOLE, example_paths(), strict=True))[example][0]
    rgb, labels = to_tensor(Image.open(path).convert("RGB")), sample_grids.split.held_out.labels
    pictures = [OwnPicture(rgb, example_token(example), strength) for strength in STRENGTHS]
    images = [sample_grids.own_held_out(picture)[0] for picture in pictures]
    return [share(is_right(network, Digits(faded, labels))) for faded in images]


def by_ink(network: DigitClassifier, grey: Digits) -> list[float]:
    """Accuracy on grey digits that are coloured in each of the inks."""
    colours = torch.tensor(list(INKS.values()), dtype=torch.int32).view(-1, 1, 3, 1, 1)
    coloured = (grey.images.int() * colours // 255).to(torch.uint8)  # (inks, N, 3, 28, 28)
    return [share(is_right(network, Digits(images, grey.labels))) for images in coloured]


def brightness_bins(grey: Digits, target: Digits) -> list[Tensor]:
    """Which digits of MNIST-M lie on how bright a patch, by its mean level beside the digit's own strokes.

    Args:
        grey: The digits that ``target`` was made of, in the same order.
        target: N digits of MNIST-M.

    Returns:
        bool (N,) for each bin of ``BRIGHTNESS_EDGES``.
    """
    beside = (grey.images[:, :1] == 0).float()
    level = (target.images.float() * beside).sum(dim=(1, 2, 3)) / (3 * beside.sum(dim=(1, 2, 3)))
    return [(level >= low) & (level < high) for low, high in pairwise(BRIGHTNESS_EDGES)]


def is_right(network: DigitClassifier, digits: Digits) -> Tensor:
    """bool (N,)"""
    return logits_of(network, digits.images).argmax(dim=1) == digits.labels


def share(right: Tensor) -> float:
    return round(float(right.float().mean()), 4) if len(right) else 0.0


def channel_norms(network: DigitClassifier) -> list[float]:
    """Of the first convolution's weights, for the red, green and blue channel of the picture."""
    norms = network.conv1.weight.detach().square().sum(dim=(0, 2, 3)).sqrt()
    return [round(norm, 3) for norm in norms.tolist()]


def one_line_each(curves: Mapping[str, Any]) -> str:
    """As JSON with a line for each of its parts, so that a change of one shows as such."""
    found = curves["methods"].items()
    methods = ",\n".join(f"  {json.dumps(name)}: {json.dumps(curve)}" for name, curve in found)
    parts = [f" {json.dumps(name)}: {json.dumps(part)}" for name, part in curves.items() if name != "methods"]
    return "{\n" + ",\n".join([*parts, f' "methods": {{\n{methods}\n }}']) + "\n}\n"
