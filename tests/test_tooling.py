"""The taste of the project, enforced: linter, formatter, types, and the direction of imports."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import torch
from torch.torch_version import TorchVersion

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
TYPED = pytest.mark.skipif(
    TorchVersion(torch.__version__) < (2, 14),
    reason="older versions of torch state other types",
)


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        pytest.param(["mypy"], marks=[pytest.mark.slow, TYPED]),
        ["lint-imports"],
    ],
    ids=["ruff-check", "ruff-format", "mypy", "lint-imports"],
)
def test_checks_pass(command: list[str]) -> None:
    done = subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_requirements_are_in_step_with_pyproject() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    listed = re.search(r"\ndependencies = \[\n(.*?)\n\]", project, re.DOTALL)
    assert listed
    wanted = set(re.findall(r'"([^"]+)"', listed.group(1)))
    brought = {name for name in wanted if re.match(r"gradio|spaces|huggingface-hub", name)}
    assert len(brought) == 2
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert {line for line in lines if line and not line.startswith("#")} == wanted - brought


def imported_by(file: Path) -> set[str]:
    """The packages that a file imports anywhere, functions included."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.partition(".")[0] for name in names}


def test_what_is_imported_comes_with_a_plain_install() -> None:
    """All but what only training or exporting needs, what a Space brings, and what Gradio is made of."""
    files = [*(ROOT / "dni").rglob("*.py"), *(ROOT / "models").rglob("*.py"), ROOT / "app.py"]
    imported = set().union(*map(imported_by, files)) - sys.stdlib_module_names
    project = (ROOT / "pyproject.toml").read_text()
    listed = re.search(r"\ndependencies = \[\n(.*?)\n\]", project, re.DOTALL)
    assert listed
    installed = set(re.findall(r'"([a-z-]+)', listed.group(1)))
    known = packages_distributions()
    brought = {
        name
        for name in imported
        if {each.lower().replace("_", "-") for each in known.get(name, ())} & installed
    }
    assert "torchmetrics" in brought
    by_training = {"accelerate", "gensim"}  # the extra "train"
    by_export = {"ncnn", "onnx", "onnxruntime", "pnnx"}  # the extra "export"
    by_others = {"spaces", "starlette"}  # a Space, gradio
    assert imported - brought == {"dni", "models"} | by_training | by_export | by_others


def test_the_space_asks_for_a_gradio_that_we_support() -> None:
    version = re.search(r"^sdk_version: (\S+)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert version
    assert version.group(1).startswith("6.")
    description = re.search(r"^short_description: (.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert description
    assert len(description.group(1)) <= 60


def test_only_safetensors_with_a_card_are_shipped() -> None:
    files = subprocess.run(
        ["git", "ls-files", "weights"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    files = files or [str(path.relative_to(ROOT)) for path in (ROOT / "weights").rglob("*") if path.is_file()]
    for file in map(Path, files):
        assert file.suffix in {".safetensors", ".md", ".json"}, file
        assert (ROOT / "weights" / file.parts[1] / "README.md").is_file()
