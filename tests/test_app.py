"""``python app.py`` with options."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("option", "code", "words"), [("--help", 0, "--port"), ("--nonsense", 2, "--nonsense")]
)
def test_options_are_those_of_serve(option: str, code: int, words: str) -> None:
    done = subprocess.run(
        [sys.executable, "app.py", option], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code
    assert words in done.stdout + done.stderr
