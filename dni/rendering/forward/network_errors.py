"""What goes wrong inside a network, as one line that names it, the size and what to try."""

from __future__ import annotations

import math

from torch import Tensor

from dni.checkpoints.image_network import ImageNetwork
from dni.errors import DniError
from dni.pictures.rectangle import Rectangle

__all__ = ["NETWORK_ERRORS", "RenderError", "check_numbers", "network_failed"]

# What other people's networks raise where a size does not suit them; not what stops a render on purpose.
NETWORK_ERRORS = (
    RuntimeError, MemoryError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError,
    AssertionError,
)  # fmt: skip


class RenderError(DniError):
    """This picture cannot be rendered by this network."""


def network_failed(network: ImageNetwork, window: Rectangle, error: Exception) -> RenderError:
    """The error of a network that does not run on a picture or a part of it."""
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return RenderError(
        f"Expected {network.architecture} to run on {window.width}x{window.height} pixels, but it failed "
        f"({reason}). {advice(network)}"
    )


def advice(network: ImageNetwork) -> str:
    if network.purpose == "faces":
        side = network.minimum_size
        size = f" of {side}x{side} pixels" if side > 1 else ""
        return f"It restores one face{size} at a time: crop the picture to it."
    return "Crop the picture or reduce it; if smaller ones fail too, choose another network."


def check_numbers(levels: Tensor, network: ImageNetwork) -> None:
    """Raise :class:`RenderError` where the network's output is not a number."""
    if not math.isfinite(float(levels.sum())):
        raise RenderError(
            f"Expected a picture from {network.architecture}, but it gave values that are no numbers. "
            "Choose a mix between the ends, or the precision float32."
        )
