"""What is raised where networks cannot be aligned."""

from __future__ import annotations

from dni.errors import DniError

__all__ = ["AlignmentError"]


class AlignmentError(DniError):
    """The text says what was expected, what was found, and what to do."""
