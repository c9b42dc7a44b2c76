"""A dictionary of 7x7 atoms, learned from letters without labels.

Online dictionary learning (Mairal et al., ICML 2009) as scikit-learn has it, begun at random atoms: so the
learned dictionary descends from the random one, atom by atom, and both can be blended.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from dni.errors import DniError
from dni.transfer.sparse_coding import ATOM_SIDE, CHUNK, NUM_ATOMS, patches_of

__all__ = ["BATCHES", "learn_dictionary", "letter_patches", "random_dictionary"]

NUM_PATCHES = 40_000
BATCH_SIZE = 256
BATCHES = 600
SPARSITY = 0.3
# Patches with less are all but empty, and all alike.
LEAST_CONTRAST = 0.5


def random_dictionary(seed: int, *, num_atoms: int = NUM_ATOMS) -> Tensor:
    """Gaussian noise without its mean: float32 (K, 49), rows of length 1."""
    noise = torch.randn(num_atoms, ATOM_SIDE**2, generator=torch.Generator().manual_seed(seed))
    return functional.normalize(noise - noise.mean(dim=1, keepdim=True), dim=1)


def letter_patches(images: Tensor, seed: int, *, number: int = NUM_PATCHES) -> Tensor:
    """Patches drawn at random from uint8 letters (N, 28, 28): float32 (number or fewer, 49)."""
    patches = torch.cat(
        [patches_of(chunk.float() / 255).flatten(0, 1) for chunk in torch.split(images, CHUNK)]
    )
    patches = patches[patches.norm(dim=1) > LEAST_CONTRAST]
    chosen = torch.randperm(len(patches), generator=torch.Generator().manual_seed(seed))[:number]
    return patches[chosen]


def learn_dictionary(patches: Tensor, start: Tensor, seed: int, *, batches: int = BATCHES) -> Tensor:
    """Atoms over which the patches have sparse codes: float32 (K, 49), rows of length 1.

    Args:
        patches: float32 (N, 49).
        start: float32 (K, 49).
        seed: Of the batches.
        batches: How many are seen, each of 256 patches.

    Raises:
        DniError: There are fewer patches than atoms.
    """
    from sklearn.decomposition import MiniBatchDictionaryLearning  # slow to import

    if len(patches) < len(start):
        raise DniError(f"Expected at least {len(start)} patches to learn from, but got {len(patches)}.")
    learner = MiniBatchDictionaryLearning(
        len(start),
        alpha=SPARSITY,
        batch_size=BATCH_SIZE,
        max_iter=max(1, batches * BATCH_SIZE // len(patches)),
        fit_algorithm="cd",
        dict_init=start.double().numpy(),
        random_state=seed,
    )
    learner.fit(patches.double().numpy())
    return functional.normalize(torch.from_numpy(learner.components_).float(), dim=1)
