"""Tests over a table: the row that fails is named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def case(*values: object) -> Iterator[None]:
    """Put the row of a table before the message of what fails inside."""
    try:
        yield
    except (Exception, pytest.fail.Exception) as error:
        row = ", ".join(f"{value!r:.100}" for value in values)
        raise AssertionError(f"In the case {row}: {error}") from error
