"""Files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from dni.checkpoints.atomic_write import atomic_write


def test_a_file_appears_whole_or_not_at_all(out: Path) -> None:
    path = out / "a.txt"
    path.write_text("old")
    with pytest.raises(TypeError), atomic_write(path) as partial:
        partial.write_text("half") + ""  # type: ignore[operator]
    assert ([file.name for file in out.iterdir()], path.read_text()) == (["a.txt"], "old")
    with atomic_write(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert ([file.name for file in out.iterdir()], path.read_text()) == (["a.txt"], "new")
