"""The browser's modules: their node tests, and that a browser can load them as they are."""

from __future__ import annotations

import os
import re
import subprocess

from javascript import WEB, find_node

NODE_TESTS = sorted(path.relative_to(WEB).as_posix() for path in (WEB / "test").rglob("*.test.js"))
MODULES = sorted(
    path.relative_to(WEB).as_posix()
    for path in WEB.rglob("*.js")
    if path.relative_to(WEB).parts[0] not in {"test", "node_modules", "eslint.config.js"}
)
IMPORT = re.compile(r"""(?:\bfrom\s+|\bimport\s+|\bimport\()['"]([^'"]+)['"]""")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
CALL = re.compile(r"^\s*(?:test|it|describe)\(", re.MULTILINE)


def test_in_node() -> None:
    """All files in one run; node's summary names each failing test with its file and what it said."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NODE_")}
    done = subprocess.run(
        [find_node(), "--test", "--test-reporter=spec", *NODE_TESTS],
        cwd=WEB, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    summary = done.stdout[done.stdout.find("failing tests:") :]
    assert done.returncode == 0, summary + done.stderr


def test_every_node_test_file_holds_tests() -> None:
    assert NODE_TESTS
    empty = [path for path in NODE_TESTS if not CALL.search((WEB / path).read_text(encoding="utf-8"))]
    assert empty == []


def test_a_browser_finds_what_the_modules_import() -> None:
    for path in MODULES:
        module = WEB / path
        code = COMMENT.sub("", module.read_text(encoding="utf-8"))
        for imported in IMPORT.findall(code):
            assert imported.startswith("."), f"{path} imports {imported!r}, which no browser can resolve."
            target = (module.parent / imported).resolve()
            assert target.is_file(), f"{path} imports {imported!r}, which is no file."
            assert "test" not in target.relative_to(WEB).parts, f"{path} imports a test."


def test_the_compiler_checks_every_module() -> None:
    texts = {path: (WEB / path).read_text(encoding="utf-8") for path in MODULES}
    assert [path for path, text in texts.items() if not text.startswith("// @ts-check\n")] == []
