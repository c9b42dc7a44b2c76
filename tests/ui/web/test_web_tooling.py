"""The browser's modules under ESLint and the TypeScript compiler, in the versions of the lock file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[3] / "dni/ui/web"
REGISTRY = "https://registry.npmjs.org/"
INSTALL_SECONDS = 240
CHECK_SECONDS = 120


def give_up(reason: str) -> None:
    """Skip, but fail in CI, where the checks must run."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def execute(folder: Path, *command: str, seconds: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the browser's side with its development tools."""
    if shutil.which("npm") is None:
        give_up("Expected npm for ESLint and the TypeScript compiler, but it is absent.")
    folder = tmp_path_factory.mktemp("web") / "web"
    shutil.copytree(WEB, folder, ignore=shutil.ignore_patterns("node_modules"))
    try:
        done = execute(
            folder, "npm", "ci", "--prefer-offline", "--no-audit", "--no-fund", seconds=INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        give_up(f"Expected 'npm ci' to end within {INSTALL_SECONDS} s, but it did not; is there a network?")
    if done.returncode:
        give_up(f"Expected 'npm ci' to work, but it failed:\n{done.stderr}")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("command", [("eslint", "--max-warnings", "0", "."), ("tsc", "--noEmit")])
def test_the_modules_are_clean(installed: Path, command: tuple[str, ...]) -> None:
    done = execute(installed, "npx", "--no-install", *command, seconds=CHECK_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_linter_refuses_markup_and_module_state(installed: Path) -> None:
    bad = installed / "lib" / "bad.js"
    bad.parent.mkdir(exist_ok=True)
    bad.write_text("let shown = 0;\nexport function f(box) { box.innerHTML = shown; shown = missing; }\n")
    done = execute(installed, "npx", "--no-install", "eslint", "-f", "json", str(bad), seconds=CHECK_SECONDS)
    bad.unlink()
    rules = {message["ruleId"] for message in json.loads(done.stdout)[0]["messages"]}
    assert rules == {"no-restricted-syntax", "no-restricted-properties", "no-undef"}


def test_the_lock_file_names_no_other_registry() -> None:
    packages = json.loads((WEB / "package-lock.json").read_text())["packages"]
    hosts = [entry["resolved"] for entry in packages.values() if "resolved" in entry]
    assert [url for url in hosts if not url.startswith(REGISTRY)] == []


def test_the_page_needs_no_package() -> None:
    assert "dependencies" not in json.loads((WEB / "package.json").read_text())
