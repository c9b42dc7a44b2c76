"""What a run of the command line left behind, and what a refusal looks like."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Result:
    """What a run of the command line left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


def plain(text: str) -> str:
    """Without the colours that some environments ask for."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def assert_refused(result: Result, text: str, folder: Path) -> None:
    """One line on stderr that matches ``text``, status 1, and nothing in the folder of results."""
    assert result.code == 1
    assert re.search(text, result.err), result.err
    assert re.fullmatch(r"Error: [^\n]+\n", result.err), result.err
    assert result.out == ""
    assert list(folder.iterdir()) == []
