"""One-shot accuracy: which of 20 letters is this, if one drawing of each is known?

The test of Lake et al. (Science 2015): 20 letters of one alphabet that the network has not seen, one drawing
of each by one person, and the same letters by another person, each given to the nearest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

__all__ = ["WAYS", "one_shot_accuracy"]

WAYS = 20
EPISODES = 400


def one_shot_accuracy(
    embed: Callable[[Tensor], Tensor], images: Tensor, alphabets: Sequence[str], *, seed: int = 0
) -> float:
    """Share of right answers, 0 to 1, over 400 episodes that depend on the seed only.

    Args:
        embed: uint8 letters (B, 28, 28) to points (B, d); the nearest is that of the least distance.
        images: uint8 (C, N, 28, 28), letters in rows.
        alphabets: Of every letter; those of fewer than 20 letters are left out.
    """
    points = embed(images.flatten(0, 1)).view(*images.shape[:2], -1)  # (C, N, d)
    rows = {name: [at for at, own in enumerate(alphabets) if own == name] for name in sorted(set(alphabets))}
    large = [torch.tensor(own) for own in rows.values() if len(own) >= WAYS]
    generator = torch.Generator().manual_seed(seed)
    right = 0
    for number in range(EPISODES):
        own = large[number % len(large)]
        letters = own[torch.randperm(len(own), generator=generator)[:WAYS]]
        known, asked = torch.randperm(images.shape[1], generator=generator)[:2]
        distances = torch.cdist(points[letters, asked], points[letters, known])
        right += int((distances.argmin(dim=1) == torch.arange(WAYS)).sum())
    return right / (EPISODES * WAYS)
