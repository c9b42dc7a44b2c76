"""The classifiers that we ship: how they are loaded, and that they do what their report says."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import torch
from cases import case

from dni.checkpoints.files import save, sha256_of
from dni.digits.classifiers import METHOD_IDS, classifier_path, load_classifier, logits_of
from dni.digits.data.domains import Digits, digest, load_mnist, load_mnist_m
from dni.digits.methods import BEST, METHODS
from dni.errors import DniError
from dni.training.adaptation.measures import accuracy
from models.digits import DigitNetwork, LargeDigitNetwork

SHIPPED = Path(__file__).resolve().parents[2] / "weights" / "digits"


# How they are loaded


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a network of every method."""
    (tmp_path / "digits").mkdir()
    for seed, method in enumerate(METHODS):
        torch.manual_seed(seed)
        save(tmp_path / "digits" / f"{method}.safetensors", DigitNetwork().state_dict(), {})
    monkeypatch.setenv("DNI_WEIGHTS", str(tmp_path))
    return tmp_path / "digits"


@torch.no_grad()
def test_rgb_digits_to_logits(weights: Path) -> None:
    for method in METHOD_IDS:
        with case(method):
            network = load_classifier(method)
            digits = torch.rand(4, 3, 28, 28)
            logits = network(digits)
            assert (logits.shape, logits.dtype) == ((4, 10), torch.float32)
            assert logits.isfinite().all()
            assert not network.training
            torch.manual_seed(list(METHODS).index(method))
            torch.testing.assert_close(logits, DigitNetwork()(digits))


def test_the_ids_are_those_of_the_methods() -> None:
    assert tuple(METHODS) == METHOD_IDS
    assert set(METHOD_IDS) >= {"source_only", "dann", "dann_mmd", "ddc", "coral", "target_only"}


def test_best_is_the_state_of_the_art_row(weights: Path) -> None:
    assert classifier_path("best") == weights / f"{BEST}.safetensors"
    digits = torch.rand(1, 3, 28, 28)
    assert torch.equal(load_classifier("best")(digits), load_classifier(BEST)(digits))


def test_each_call_gives_a_network_of_its_own(weights: Path) -> None:
    first, second = load_classifier("dann"), load_classifier("dann")
    with torch.no_grad():
        first.fc3.bias.add_(1)
    assert not torch.equal(first.fc3.bias, second.fc3.bias)


def test_unknown_ids_are_named(weights: Path) -> None:
    with pytest.raises(DniError, match=r"one of the methods source_only, .* or best, but got 'DaNN'"):
        load_classifier("DaNN")


def test_a_missing_file_is_named_with_the_remedy(weights: Path) -> None:
    (weights / "ddc.safetensors").unlink()
    with pytest.raises(
        DniError, match=r"Expected the network of ddc at .*ddc\.safetensors, .*'python -m dni train digits'"
    ):
        load_classifier("ddc")
    load_classifier("dann")


def test_a_damaged_file_is_named(weights: Path) -> None:
    for content in [b"", b"not a network"]:
        with case(content):
            (weights / "ddc.safetensors").write_bytes(content)
            with pytest.raises(DniError, match=r"ddc\.safetensors"):
                load_classifier("ddc")


def test_weights_of_another_network_are_named(weights: Path) -> None:
    (weights / "ddc.safetensors").write_bytes(
        (SHIPPED.parent / "esrgan-lite-x4" / "psnr.safetensors").read_bytes()
    )
    with pytest.raises(DniError, match=r"ddc\.safetensors"):
        load_classifier("ddc")


# What we ship


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    file = SHIPPED / "report.json"
    if not file.is_file():
        pytest.skip(f"The digit networks are not trained yet: {file} is absent.")
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.fixture
def real(report: dict[str, Any], shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DNI_WEIGHTS", raising=False)
    return shared / "data"


def test_the_report_is_of_the_files_that_are_shipped(report: dict[str, Any]) -> None:
    files = {path.name: sha256_of(path) for path in SHIPPED.glob("*.safetensors")}
    assert files == report["networks"]
    assert files.keys() == {f"{method}.safetensors" for method in METHODS} | {"dann-run.safetensors"}


def test_the_digits_are_those_of_the_report(report: dict[str, Any], real: Path) -> None:
    assert digest(load_mnist(real, "test")) == report["data"]["mnist"]
    assert digest(mnist_m(real)) == report["data"]["mnist_m"]


def test_accuracies_are_those_of_the_report(report: dict[str, Any], real: Path) -> None:
    """On every twentieth digit, so within five points."""
    for name, digits in {"mnist": load_mnist(real, "test"), "mnist_m": mnist_m(real)}.items():
        some = digits.subset(slice(None, None, 20))
        assert len(some) == 500
        for method in METHOD_IDS:
            measured = accuracy(logits_of(load_classifier(method), some.images), some.labels)
            reported = report["methods"][method]["runs"][0][name]  # seed 0 is shipped
            assert measured == pytest.approx(reported, abs=0.05), (method, name)


def test_the_large_networks_are_those_of_their_report(real: Path) -> None:
    """In half precision; accuracies on every fortieth digit."""
    folder = SHIPPED / "large"
    large = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert {path.name: sha256_of(path) for path in folder.glob("*.safetensors")} == large["networks"]
    assert sum(path.stat().st_size for path in folder.glob("*.safetensors")) < 6_000_000
    some = mnist_m(real).subset(slice(None, None, 40))
    for method, entry in large["methods"].items():
        network = load_classifier(method, size="large")
        assert isinstance(network, LargeDigitNetwork)
        measured = accuracy(logits_of(network, some.images), some.labels)
        assert measured == pytest.approx(entry["runs"][0]["mnist_m"], abs=0.08), method


def test_other_sizes_are_named(weights: Path) -> None:
    with pytest.raises(DniError, match="Expected one of the networks small, large, but got 'huge'"):
        load_classifier("dann", size="huge")
    with pytest.raises(DniError, match=r"Expected the large network of dann at .*large/dann\.safetensors"):
        load_classifier("dann", size="large")


@lru_cache
def mnist_m(root: Path) -> Digits:
    """Built once: it takes seconds."""
    return load_mnist_m(root, "test")
