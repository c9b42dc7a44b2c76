"""The base class of errors whose text is meant for the user.

The command line prints their text and exits with status 1; the app shows it and keeps everything.
"""

from __future__ import annotations

__all__ = ["DniError"]


class DniError(ValueError):
    """Something the caller gave cannot be used; the text says what was expected, found, and what to do."""
