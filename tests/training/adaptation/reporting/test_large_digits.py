"""The comparison of the large digit networks from end to end on a few digits: what ships is measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from command_line import Run
from safetensors.torch import load_file

from dni.digits.classifiers import load_classifier, logits_of
from dni.digits.data.domains import load_mnist, load_mnist_m
from dni.training.adaptation import measures as measures_module
from dni.training.adaptation import train as train_module
from dni.training.adaptation.measures import accuracy
from dni.training.adaptation.reporting import evaluator as evaluator_module
from dni.training.adaptation.reporting import large_report as large_module
from dni.training.adaptation.reporting.large_report import LARGE_METHODS, large_tables
from dni.training.adaptation.runs import Runs
from models.digits import LargeDigitNetwork

CARD = "before\n<!-- large -->\n| old |\n<!-- /large -->\nafter\n"


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Fewer points of everything, on the CPU."""
    monkeypatch.setattr(train_module, "best_device", lambda: torch.device("cpu"))
    monkeypatch.setattr(train_module, "NUM_SNAPSHOTS", 1)
    monkeypatch.setattr(measures_module, "DOMAIN_STEPS", 2)
    monkeypatch.setattr(measures_module, "SVM_STRENGTHS", (1e-4,))
    monkeypatch.setattr(evaluator_module, "FEW", 20)
    monkeypatch.setattr(large_module, "ALPHAS", (0.0, 0.5, 1.0))
    monkeypatch.setattr(large_module, "REPEATS", 1)
    monkeypatch.setenv("DNI_WEIGHTS", str(tmp_path / "weights"))
    folder = tmp_path / "weights" / "digits"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text(CARD)
    return folder


@pytest.mark.slow
def test_from_the_commands_to_the_card(weights: Path, digits_root: Path, tmp_path: Path, run: Run) -> None:
    roots = "--data-root", digits_root, "--run-root", tmp_path / "runs", "--iterations", 2
    evaluate = "evaluate", "digits", "--network", "large", *roots, "--seeds", 1, "--keep-reported"
    early = run(*evaluate)
    assert early.code == 1
    assert "Expected runs of source_only, adamatch, target_only with seed 0" in early.err
    for method in LARGE_METHODS[1:]:
        assert run("train", "digits", method, *roots, "--network", "large").code == 0
    result = run(*evaluate)
    assert result.code == 0, result.err
    runs = Runs(digits_root, tmp_path / "runs", size="large")
    report = json.loads((weights / "large" / "report.json").read_text())
    assert list(report["methods"]) == list(LARGE_METHODS)
    digits = {"mnist": load_mnist(digits_root, "test"), "mnist_m": load_mnist_m(digits_root, "test")}
    for method in LARGE_METHODS:
        trained, file = load_file(runs.network(method, 0)), weights / "large" / f"{method}.safetensors"
        halves = load_file(file)
        assert all(torch.equal(halves[name], trained[name].half()) for name in trained)
        network, row = load_classifier(method, size="large"), report["methods"][method]["runs"][0]
        assert isinstance(network, LargeDigitNetwork)
        for name, domain in digits.items():
            measured = accuracy(logits_of(network, domain.images), domain.labels)
            assert row[name] == pytest.approx(measured, abs=1e-5)
    mean = report["methods"]["adamatch"]["mean"]["mnist_m"]
    assert report["blends"]["adamatch"]["mnist_m"][-1] == pytest.approx(mean, abs=1e-5)
    assert report["cost"]["large"]["parameters"] == 608_650
    small = 24 * 24 * 32 * 75 + 8 * 8 * 48 * 800 + 768 * 100 + 100 * 100 + 1000  # multiplications
    assert report["cost"]["small"]["mflop"] == pytest.approx(2 * small / 1e6, abs=0.01)
    card = (weights / "README.md").read_text()
    assert card == CARD.replace("| old |\n", large_tables(report))
    assert "| AdaMatch with a mean teacher (2022), larger network | 1 | 2 |" in card
    before = {path: path.read_bytes() for path in (weights / "large").glob("*.safetensors")}
    assert run(*evaluate).code == 0
    assert {path: path.read_bytes() for path in before} == before
