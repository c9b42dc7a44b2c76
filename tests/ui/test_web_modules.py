"""The browser's modules: their node tests, and that a browser can load them as they are."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
from javascript import WEB, find_node

NODE_TESTS = sorted(path.relative_to(WEB).as_posix() for path in (WEB / "test").rglob("*.test.js"))
MODULES = sorted(
    path.relative_to(WEB).as_posix()
    for path in WEB.rglob("*.js")
    if path.relative_to(WEB).parts[0] not in {"test", "node_modules", "eslint.config.js"}
)
IMPORT = re.compile(r"""(?:\bfrom\s+|\bimport\s+|\bimport\()['"]([^'"]+)['"]""")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


@pytest.mark.parametrize("path", NODE_TESTS)
def test_in_node(path: str) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NODE_")}
    done = subprocess.run(
        [find_node(), "--test", "--test-reporter=spec", path],
        cwd=WEB, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"tests [1-9]", done.stdout), f"Expected {path} to hold tests, but it ran none."


@pytest.mark.parametrize("path", MODULES)
def test_a_browser_finds_what_a_module_imports(path: str) -> None:
    module = WEB / path
    code = COMMENT.sub("", module.read_text(encoding="utf-8"))
    for imported in IMPORT.findall(code):
        assert imported.startswith("."), f"{path} imports {imported!r}, which no browser can resolve."
        target = (module.parent / imported).resolve()
        assert target.is_file(), f"{path} imports {imported!r}, which is no file."
        assert "test" not in target.relative_to(WEB).parts, f"{path} imports a test."


@pytest.mark.parametrize("path", MODULES)
def test_a_module_is_checked_by_the_compiler(path: str) -> None:
    assert (WEB / path).read_text(encoding="utf-8").startswith("// @ts-check\n")
