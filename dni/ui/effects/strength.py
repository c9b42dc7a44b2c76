"""Estimates where the slider of a ladder belongs for a picture."""

from __future__ import annotations

from dataclasses import dataclass

from dni.catalog.pairs import Pair
from dni.metrics.noise import noise_sigma
from dni.pictures.picture import Picture

__all__ = ["Estimate", "estimate_for"]

ALPHA_DIGITS = 2


@dataclass(frozen=True)
class Estimate:
    """The alpha, and a sentence on how it was found."""

    alpha: float
    text: str


def estimate_for(pair: Pair, picture: Picture) -> Estimate | None:
    """Where to start on the picture; None where the pair is no ladder, or the picture does not tell."""
    if pair.ladder is None:
        return None
    if pair.ladder.measure == "noise":
        strength, found = noise_sigma(picture.rgb), "This picture has noise of about {:.0f} of 255 levels"
    elif picture.jpeg_quality is not None:
        strength, found = picture.jpeg_quality, "This picture is a JPEG of quality {:.0f} or so"
    else:
        return None
    alpha = round(pair.ladder.alpha_at(strength), ALPHA_DIGITS)
    where = f"{alpha:.2f} was the best alpha for that, and the slider is there."
    return Estimate(alpha, f"{found.format(strength)}: {where}")
