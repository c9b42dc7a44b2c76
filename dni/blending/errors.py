"""The error of ends, shares or methods that cannot be blended."""

from __future__ import annotations

from dni.errors import DniError

__all__ = ["BlendError"]


class BlendError(DniError):
    """The ends, or the shares asked for, cannot be blended."""
