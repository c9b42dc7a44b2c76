"""Explains a verdict in one or two plain sentences."""

from __future__ import annotations

from collections.abc import Sequence

from dni.compatibility.correlation import LayerCorrelation, mean_correlation
from dni.compatibility.midpoint import Midpoint, percent

__all__ = ["ALIKE_FROM", "UNRELATED_BELOW", "reason_for", "unrelated_share"]

# Mean correlation, as benchmarks/verdicts.md measured it: strangers and reordered channels 0.00 to 0.03,
# far fine-tunings from 0.48, relatives from 0.96.
UNRELATED_BELOW = 0.2
ALIKE_FROM = 0.9
MAX_PROBLEMS = 2


def reason_for(names: Sequence[str], correlations: Sequence[LayerCorrelation], worst: Midpoint) -> str:
    """The reason that the worst midpoint gives, and what the filters say to it.

    Args:
        names: The networks' labels.
        correlations: Of all layers, with the first network.
        worst: The test that decides.
    """
    where = "half-way" if len(worst.ends) == 2 else "in the middle of all"
    if len(names) > len(worst.ends):
        where = f"half-way between {' and '.join(names[end] for end in worst.ends)}"
    return f"{picture_words(where, worst)} {filter_words(correlations, len(names), worst)}"


def unrelated_share(correlations: Sequence[LayerCorrelation], other: int = 0) -> float:
    """The share of layers whose filters are unrelated to those of the first network."""
    unrelated = sum(layer.correlations[other] < UNRELATED_BELOW for layer in correlations)
    return unrelated / max(len(correlations), 1)


def picture_words(where: str, worst: Midpoint) -> str:
    if worst.quality == "blends well":
        if worst.psnr_between_ends is None:
            return f"The ends make the same picture, and so does the blend {where}."
        return f"The picture {where} lies between those of the ends."
    start = {
        "blends with loss": f"The picture {where} holds together, but loses something:",
        "does not blend": f"The picture {where} breaks down:",
    }[worst.quality]
    return f"{start} {', and '.join(worst.problems[:MAX_PROBLEMS])}."


def filter_words(correlations: Sequence[LayerCorrelation], num_networks: int, worst: Midpoint) -> str:
    """What the least alike network's filters say."""
    mean = min(mean_correlation(correlations, other) for other in range(num_networks - 1))
    mean = round(mean, 2) + 0.0  # no minus before 0.00
    unrelated = max(unrelated_share(correlations, other) for other in range(num_networks - 1))
    if mean >= ALIKE_FROM and unrelated:
        return (
            f"Most filters are alike (mean correlation {mean:.2f}), but those of {percent(unrelated)} of the "
            "layers are unrelated."
        )
    if mean >= ALIKE_FROM:
        return f"The filters are alike (mean correlation {mean:.2f})."
    if mean >= UNRELATED_BELOW:
        return f"The filters are related, but have moved apart (mean correlation {mean:.2f})."
    if worst.quality == "blends well":
        return f"Yet the filters are unrelated (mean correlation {mean:.2f}): try it on your own pictures."
    return (
        f"The filters are unrelated (mean correlation {mean:.2f}): the networks were trained apart, "
        "or their channels are in another order."
    )
