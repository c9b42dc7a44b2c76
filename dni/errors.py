"""The base class of errors whose text is meant for the user, and how such a text quotes what came in.

The command line prints their text and exits with status 1; the app shows it and keeps everything.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from pathlib import PurePath

__all__ = ["MAX_QUOTED", "DniError", "in_words", "listed", "shown"]

MAX_QUOTED = 200
MAX_NAMES = 10
# A line, with all that it quotes; the last resort where a message quotes without the functions below.
MAX_LINE = 4000
SHORT = reprlib.Repr()
SHORT.maxstring = SHORT.maxother = SHORT.maxlong = MAX_QUOTED
SHORT.maxlist = SHORT.maxtuple = SHORT.maxdict = MAX_QUOTED // 4


class DniError(ValueError):
    """Something the caller gave cannot be used; the text says what was expected, found, and what to do.

    Lines are cut to 4,000 characters, and control characters are replaced, whatever the text quotes.
    """

    def __init__(self, text: object = "") -> None:
        lines = (in_words(line, most=MAX_LINE) for line in str(text).split("\n"))
        super().__init__("\n".join(lines))


def shown(value: object, *, most: int = MAX_QUOTED) -> str:
    """A value from outside as a message quotes it: Python's own form, on one line, cut to ``most``.

    >>> shown("a\\nb"), shown([1.5, None]), shown("x" * 1000, most=8)
    ("'a\\\\nb'", '[1.5, None]', "'xxxxxx…")
    """
    if isinstance(value, str | bytes):
        text = repr(value[: most + 1])
    else:
        try:
            text = SHORT.repr(value)
        except Exception:  # a whole number of thousands of digits has no text
            text = f"a {type(value).__name__}"
    return in_words(text, most=most)


def in_words(text: object, *, most: int = MAX_QUOTED) -> str:
    """A text from outside without quotation marks, cut; what cannot be printed is replaced.

    Terminals obey control characters, and others turn the direction of the text around them.

    >>> in_words("a\\x1b[2J\\nb"), in_words("x" * 1000, most=8)
    ('a�[2J�b', 'xxxxxxx…')
    """
    try:
        cut = str(text)[: most + 1]
    except Exception:  # as in shown; or lists in lists beyond Python's depth
        cut = f"a {type(text).__name__}"
    printable = cut if cut.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in cut)
    return printable if len(printable) <= most else f"{printable[: most - 1]}…"


def listed(names: Iterable[object]) -> str:
    """At most ten names, in the order given, and how many more there are; cut to 200 characters in all."""
    every = [name.name if isinstance(name, PurePath) else name for name in names]
    first = ", ".join(in_words(name, most=MAX_QUOTED // 2) for name in every[:MAX_NAMES])
    rest = f" and {len(every) - MAX_NAMES} more" if len(every) > MAX_NAMES else ""
    return in_words(first, most=MAX_QUOTED) + rest
