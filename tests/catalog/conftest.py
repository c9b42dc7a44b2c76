"""Tests of the catalogue do not depend on what the person who runs them has set."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the person who runs the tests has set must not change them."""
    for variable in ("DNI_CATALOG", "DNI_WEIGHTS", "DNI_CACHE"):
        monkeypatch.delenv(variable, raising=False)
