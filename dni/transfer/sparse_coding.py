"""Pictures as few strokes: sparse codes over a dictionary of 7x7 atoms, pooled, for a linear classifier.

Raina et al., "Self-taught Learning: Transfer Learning from Unlabeled Data", ICML 2007: a dictionary is
learned from unlabelled pictures of another kind (here letters), and a picture is described by the atoms that
it needs, ``min_a 1/2 |x - a D|^2 + sparsity |a|_1``. We deviate: the code is what ten steps of FISTA (Beck &
Teboulle, 2009) give from zero, which for learned atoms is well short of the minimum.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from dni.blending.interpolate import interpolate
from dni.errors import DniError

__all__ = [
    "ATOM_SIDE",
    "CHUNK",
    "NUM_ATOMS",
    "POOLED",
    "SIDE",
    "blend_dictionaries",
    "energy",
    "features_of",
    "patches_of",
    "pool",
    "reconstruct",
    "sparse_code",
]

SIDE = 28
ATOM_SIDE = 7
NUM_ATOMS = 64
STRIDE = 2
POOLED = 3
ITERATIONS = 10
# Added to a patch's contrast, so that empty patches stay near zero instead of becoming noise.
CONTRAST_FLOOR = 1.0
CHUNK = 50


def patches_of(images: Tensor) -> Tensor:
    """Overlapping 7x7 patches, each without its mean and divided by its contrast.

    Args:
        images: float32 (B, 28, 28), ink in [0, 1].

    Returns:
        float32 (B, 121, 49).

    Raises:
        DniError: Another shape.
    """
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise DniError(f"Expected pictures of shape (B, {SIDE}, {SIDE}), but got {tuple(images.shape)}.")
    patches = functional.unfold(images[:, None], ATOM_SIDE, stride=STRIDE).transpose(1, 2)
    centred = patches - patches.mean(dim=-1, keepdim=True)
    contrast: Tensor = centred.norm(dim=-1, keepdim=True)
    return centred / (contrast + CONTRAST_FLOOR)


def sparse_code(patches: Tensor, atoms: Tensor, sparsity: float, *, iterations: int = ITERATIONS) -> Tensor:
    """FISTA: codes (..., K) of patches (..., d) over atoms (K, d), near the minimum of :func:`energy`."""
    gram = atoms @ atoms.T  # (K, K)
    step = 1 / torch.linalg.eigvalsh(gram)[-1].clamp_min(1e-6)
    projected = patches @ atoms.T
    code = point = torch.zeros_like(projected)
    momentum = 1.0
    for _ in range(iterations):
        moved = point - step * (point @ gram - projected)
        before, code = code, functional.softshrink(moved, float(step * sparsity))
        following = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
        point = code + (momentum - 1) / following * (code - before)
        momentum = following
    return code


def energy(patches: Tensor, atoms: Tensor, code: Tensor, sparsity: float) -> Tensor:
    """What a code minimises, a number a patch: ``1/2 |x - a D|^2 + sparsity |a|_1``."""
    return 0.5 * (patches - code @ atoms).square().sum(dim=-1) + sparsity * code.abs().sum(dim=-1)


def features_of(images: Tensor, atoms: Tensor, sparsity: float) -> Tensor:
    """Codes, their positive and negative parts apart, averaged in 3x3 fields: float32 (B, K * 2 * 9)."""
    chunks = torch.split(images, CHUNK)
    return torch.cat([pool(code_patches(patches_of(chunk), atoms, sparsity)) for chunk in chunks])


def code_patches(patches: Tensor, atoms: Tensor, sparsity: float) -> Tensor:
    """:func:`sparse_code` of (B, 121, 49), which leaves empty patches out: their codes are zero."""
    inked = patches.abs().amax(dim=-1) > 0
    code = patches.new_zeros(*patches.shape[:2], len(atoms))
    code[inked] = sparse_code(patches[inked], atoms, sparsity)
    return code


def pool(code: Tensor) -> Tensor:
    """Codes (B, 121, K) to features (B, K * 2 * 9)."""
    signed = torch.cat((code.clamp_min(0), (-code).clamp_min(0)), dim=-1).transpose(1, 2)
    side = math.isqrt(signed.shape[-1])
    return functional.adaptive_avg_pool2d(signed.reshape(len(code), -1, side, side), POOLED).flatten(1)


def blend_dictionaries(first: Tensor, second: Tensor, alpha: float) -> Tensor:
    """Atoms between two dictionaries (K, d), ``(1 - alpha) first + alpha second``, scaled to length 1."""
    states = [{"atoms": first.float()}, {"atoms": second.float()}]
    return functional.normalize(interpolate(states, (1 - alpha, alpha))["atoms"], dim=1)


def reconstruct(images: Tensor, code: Tensor, atoms: Tensor) -> Tensor:
    """What codes (B, 121, K) keep of pictures (B, 28, 28): patches made of atoms, with the picture's own mean
    and contrast, averaged where they overlap; float32 (B, 28, 28) in [0, 1]."""
    patches = functional.unfold(images[:, None], ATOM_SIDE, stride=STRIDE).transpose(1, 2)
    mean = patches.mean(dim=-1, keepdim=True)
    contrast = (patches - mean).norm(dim=-1, keepdim=True) + CONTRAST_FLOOR
    drawn = mean + contrast * (code @ atoms)
    size = (SIDE, SIDE)
    total = functional.fold(drawn.transpose(1, 2), size, ATOM_SIDE, stride=STRIDE)
    times = functional.fold(torch.ones_like(drawn).transpose(1, 2), size, ATOM_SIDE, stride=STRIDE)
    return (total / times.clamp_min(1))[:, 0].clamp(0, 1)
