"""A first answer from the parameters alone, without building a network; the picture decides after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dni.checkpoints.networks import read_ends
from dni.compatibility.correlation import LayerCorrelation, filter_correlation, mean_correlation
from dni.compatibility.explanation import ALIKE_FROM, UNRELATED_BELOW, unrelated_share
from dni.compatibility.midpoint import Quality

__all__ = ["FirstAnswer", "first_answer"]

# Of the layers: with one of 32 reordered, of which two see it, the blend loses something; with two, most.
FEW_UNRELATED, MANY_UNRELATED = 0.0, 0.08


@dataclass(frozen=True)
class FirstAnswer:
    """What the parameters let expect.

    Attributes:
        verdict: What the picture test will probably say.
        reason: Why, in a sentence.
        correlation: The mean over all layers, of the network that is least like the first.
    """

    verdict: Quality
    reason: str
    correlation: float


def first_answer(paths: Sequence[Path | str]) -> FirstAnswer | None:
    """What to expect of a blend, by how alike the filters are.

    Args:
        paths: Two or more files of weights.

    Returns:
        None where the files name or shape their tensors differently, so that only building tells.

    Raises:
        dni.checkpoints.errors.CheckpointError: A file cannot be read.
    """
    states = read_ends(paths)
    shapes = [{name: tensor.shape for name, tensor in state.items()} for state in states]
    if any(each != shapes[0] for each in shapes[1:]):
        return None
    layers = filter_correlation(states)
    others = range(len(states) - 1)
    least = min(others, key=lambda other: mean_correlation(layers, other))
    share = max(unrelated_share(layers, other) for other in others)
    return answer(layers, least, share)


def answer(layers: Sequence[LayerCorrelation], least: int, unrelated: float) -> FirstAnswer:
    """By the mean correlation, and by how many layers are unrelated."""
    mean = round(mean_correlation(layers, least), 2) + 0.0
    words = f"by their parameters (mean correlation of the filters {mean:.2f}"
    if unrelated > FEW_UNRELATED:
        words += f", {max(round(100 * unrelated), 1)} % of the layers unrelated"
    words += ")"
    if mean < UNRELATED_BELOW or unrelated > MANY_UNRELATED:
        return FirstAnswer("does not blend", f"These networks probably do not blend, {words}.", mean)
    if mean < ALIKE_FROM or unrelated > FEW_UNRELATED:
        return FirstAnswer("blends with loss", f"These networks probably blend with loss, {words}.", mean)
    return FirstAnswer("blends well", f"These networks probably blend well, {words}.", mean)
