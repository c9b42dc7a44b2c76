"""``dni train digits`` and ``dni evaluate digits``: what they write, and what mistakes get."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from cases import case
from command_line import Run
from torchvision.datasets import MNIST

from dni.training.adaptation import train as train_module


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_module, "best_device", lambda: torch.device("cpu"))


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the report would go."""
    (tmp_path / "weights" / "digits").mkdir(parents=True)
    (tmp_path / "weights" / "digits" / "README.md").write_text("<!-- table -->\n<!-- /table -->\n")
    monkeypatch.setenv("DNI_WEIGHTS", str(tmp_path / "weights"))


def test_the_train_command(digits_root: Path, tmp_path: Path, run: Run) -> None:
    words = ("--data-root", digits_root, "--run-root", tmp_path, "--seed", 2, "--iterations", 1)
    result = run("train", "digits", "best", *words)
    assert result.code == 0, result.err
    files = [tmp_path / method / "2" / f"{method}.safetensors" for method in ("source_only", "adamatch")]
    assert result.out.splitlines() == [f"Wrote {file}" for file in files]
    ancestor = files[0].read_bytes()
    result = run("train", "digits", "coral", *words)
    assert result.out == f"Wrote {tmp_path / 'coral' / '2' / 'coral.safetensors'}\n"
    assert files[0].read_bytes() == ancestor
    result = run("train", "digits", "coral", "--resume", *words[:-1], 2)
    assert result.code == 1
    assert "with its own settings" in result.err


MISTAKES = [
    (
        ("train", "digits", "gan"),
        1,
        "Error: Expected one of the methods source_only, dann, .* but got 'gan'",
    ),
    (("train", "digits", "dann", "--seed", "-1"), 2, "--seed"),
    (("train", "digits", "dann", "--iterations", "-1"), 2, "--iterations"),
    (("train", "digits"), 2, "(?i)missing argument .method"),
    (("train", "digits", "dan", "--weight", "1"), 2, "--weight and --layers together"),
    (("train", "digits", "dann", "--weight", "1", "--layers", "fc1"), 1, "dann has nothing to choose"),
    (
        ("train", "digits", "ddc", "--weight", "1", "--layers", "fc1,adapt"),
        1,
        "layers of ddc, each once, among adapt, logits, but got 1.0 and 'fc1, adapt'",
    ),
    (("train", "digits", "dan", "--weight", "-1", "--layers", "fc1"), 1, "but got -1.0 and 'fc1'"),
    (("train", "digits", "dan", "--weight", "nan", "--layers", "fc1"), 1, "but got nan and 'fc1'"),
    (("train", "digits", "dan", "--weight", "inf", "--layers", "fc1"), 1, "but got inf and 'fc1'"),
    (("train", "digits", "dan", "--weight", "1", "--layers", "fc1,fc1"), 1, "but got 1.0 and 'fc1, fc1'"),
    (("evaluate", "digits", "--seeds", "0"), 2, "--seeds"),
    (("evaluate", "digits", "--jobs", "0"), 2, "--jobs"),
]


@pytest.mark.usefixtures("card")
def test_mistakes_on_the_command_line(digits_root: Path, tmp_path: Path, run: Run) -> None:
    for words, code, text in MISTAKES:
        with case(words):
            result = run(*words, "--data-root", digits_root, "--run-root", tmp_path / "runs")
            assert result.code == code
            assert re.search(text, result.err), result.err
            assert not (tmp_path / "runs").exists()


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize("command", [("train", "digits", "dann"), ("evaluate", "digits")], ids=" ".join)
def test_data_that_cannot_be_fetched(
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    def download(self: MNIST) -> None:
        raise RuntimeError("Error downloading train-images-idx3-ubyte.gz")

    monkeypatch.setattr(MNIST, "download", download)
    (tmp_path / "bsds500").mkdir()  # there, so not fetched
    result = run(*command, "--data-root", tmp_path, "--run-root", tmp_path / "runs")
    assert result.code == 1
    assert re.fullmatch(r"Error: Expected MNIST in [^\n]+ Give --data-root, or [^\n]+\n", result.err), (
        result.err
    )
    assert not (tmp_path / "runs").exists()
