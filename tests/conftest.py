"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def shared() -> Path:
    """The folder of third-party data: ``$DNI_SHARED``, or ``shared`` next to the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("DNI_SHARED") or beside)
    if not folder.is_dir():
        reason = f"Expected the third-party data at {folder}, but it is absent; set DNI_SHARED to its folder."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
