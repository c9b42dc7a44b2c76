"""Runs the browser's modules in node, for tests that compare them with the library."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

__all__ = ["WEB", "evaluate", "find_node"]

WEB = Path(__file__).parents[2] / "dni/ui/web"


def find_node() -> str:
    """The node that Playwright brings, or the one on the path."""
    try:
        from playwright._impl._driver import compute_driver_executable

        found = compute_driver_executable()
        path = Path(found[0] if isinstance(found, tuple) else found)
    except ImportError:
        path = Path()
    command = str(path) if path.is_file() else shutil.which("node")
    if command is None:
        raise RuntimeError("Expected node, but found none. Install playwright or node.")
    return command


def evaluate(modules: list[str], expression: str, given: Any = None) -> Any:
    """The value of an expression in JavaScript, as JSON.

    Args:
        modules: Files below ``dni/ui/web`` whose exports the expression uses by name.
        expression: May use ``given``.
        given: A value that JSON can hold.
    """
    imports = "\n".join(f"Object.assign(globalThis, await import({url_of(module)}));" for module in modules)
    script = f"{imports}\nconst given = {json.dumps(given)};\nconsole.log(JSON.stringify({expression}));"
    done = subprocess.run(
        [find_node(), "--input-type=module", "--eval", script],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def url_of(module: str) -> str:
    return json.dumps((WEB / module).as_uri())
