"""The cases of a table within one test."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


def words_of(value: object) -> str:
    """Short: a function's name, or the beginning of what ``repr`` gives."""
    return getattr(value, "__name__", None) or reprlib.repr(value)


@contextmanager
def case(*values: object) -> Iterator[None]:
    """Name the case in the message of whatever fails inside."""
    try:
        yield
    except (Exception, pytest.fail.Exception) as error:
        name = ", ".join(map(words_of, values))
        raise AssertionError(f"In the case of {name}: {type(error).__name__}: {error}") from error
