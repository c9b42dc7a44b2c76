"""The curves that ship: what is written is read again, and agrees with networks that are run by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from adaptation_page import write_networks
from digit_files import write_mnist, write_photographs

from dni.digits.classifiers import load_classifier, logits_of
from dni.digits.data.domains import Digits, load_mnist, load_mnist_m
from dni.digits.shipped_curves import ShippedCurves, curves_path, find_curves
from dni.examples import example_token
from dni.pictures.photographs import SPLITS
from dni.training.adaptation.reporting import shipped_curves
from dni.training.adaptation.reporting.shipped_curves import brightness_bins, write_curves

MEASURED = {
    "METHODS": {"source_only": None, "dann": None},
    "ALPHAS": (0.0, 1.0),
    "PICTURE_ALPHAS": (0.0, 1.0),
    "STRENGTHS": (0.0, 1.0),
}


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough digits of every class, and two photographs."""
    root = tmp_path_factory.mktemp("data")
    write_mnist(root, "train", 0, 10)
    write_mnist(root, "test", 0, 240)
    write_photographs(root, "test", range(SPLITS["test"]))
    return root


@pytest.fixture(scope="module")
def curves(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShippedCurves]:
    """Of random networks, at few points."""
    weights = tmp_path_factory.mktemp("weights")
    write_networks(weights)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DNI_WEIGHTS", str(weights))
        for name, value in MEASURED.items():
            patch.setattr(shipped_curves, name, value)
        write_curves(data_root)
        found = find_curves("dann")
        assert found is not None
        yield found


def read_by(method: str, digits: Digits) -> torch.Tensor:
    """Which digits are read rightly: bool (N,)."""
    return logits_of(load_classifier(method), digits.images).argmax(dim=1) == digits.labels


def share(right: torch.Tensor) -> float:
    return round(float(right.float().mean()), 4)


def test_domains_at_both_ends(curves: ShippedCurves, data_root: Path) -> None:
    mnist, mnist_m = load_mnist(data_root, "test"), load_mnist_m(data_root, "test")
    for alpha, method in ((0.0, "source_only"), (1.0, "dann")):
        assert curves.domains_at(alpha)[:2] == (
            share(read_by(method, mnist)),
            share(read_by(method, mnist_m)),
        )
    assert curves.domains_at(0.5) == pytest.approx(np.mean(curves.domains, axis=0))


def test_only_changed_networks_are_measured_again(
    curves: ShippedCurves, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is kept of other networks or at other points."""
    for name, value in MEASURED.items():
        monkeypatch.setattr(shipped_curves, name, value)
    monkeypatch.setattr(shipped_curves, "curves_of", lambda _, method: {"new": method})
    text = curves_path().read_text()
    written = json.loads(text)
    assert write_curves(data_root, keep_measured=True)["methods"] == written["methods"]
    assert curves_path().read_text() == text
    for changed in (
        {"networks": written["networks"] | {"dann": "other"}},
        {"networks": written["networks"] | {"source_only": "other"}},
        {"alphas": [0.0, 0.5]},
    ):
        curves_path().write_text(json.dumps(written | changed))
        assert write_curves(data_root, keep_measured=True)["methods"] == {"dann": {"new": "dann"}}
    curves_path().write_text(text)


def test_inks(curves: ShippedCurves, data_root: Path) -> None:
    mnist, names = load_mnist(data_root, "test"), list(curves.ink_colours)
    assert curves.inks[1][names.index("white")] == share(read_by("dann", mnist))
    yellow = Digits(mnist.images.clone(), mnist.labels)
    yellow.images[:, 2] = 0
    assert curves.inks[0][names.index("yellow")] == share(read_by("source_only", yellow))


def test_brightness_is_that_of_the_patch_and_no_digit_is_left_out(
    curves: ShippedCurves, data_root: Path
) -> None:
    mnist, mnist_m = load_mnist(data_root, "test"), load_mnist_m(data_root, "test")
    assert sum(curves.brightness_counts) == len(mnist)
    weighted = float(np.dot(curves.brightness[1], curves.brightness_counts)) / len(mnist)
    assert weighted == pytest.approx(curves.domains[1][1], abs=1e-3)
    digit = mnist.subset(slice(1))
    for level in (0, 31, 32, 255):
        over = Digits((level - digit.images.int()).abs().to(torch.uint8), digit.labels)
        bins = [bool(chosen.item()) for chosen in brightness_bins(digit, over)]
        assert bins.index(True) == level // 32
    assert len(mnist_m) == len(mnist)


def test_without_a_picture_yours_is_mnist(curves: ShippedCurves) -> None:
    tables = np.array(list(curves.pictures.values()))  # (pictures, alphas, strengths)
    assert (tables[:, :, 0] == tables[0, :, 0]).all()
    assert len(np.unique(tables[:, :, 1])) > 2
    half = curves.picture_at(example_token("cat"), 0.5)
    np.testing.assert_allclose(half, curves.pictures[example_token("cat")].mean(axis=0))
