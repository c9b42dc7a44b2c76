"""The one family of errors that is meant for the person in front of the program.

The command line prints their text and exits with status 1; the app shows it and keeps everything.
"""

from __future__ import annotations

__all__ = ["DniError"]


class DniError(ValueError):
    """Something the caller gave cannot be used; the text says what was expected, found, and what to do."""
