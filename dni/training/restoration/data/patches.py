"""Training patches for x4 super-resolution from folders of photographs.

The low resolution is made as the literature does, by bicubic reduction with antialiasing: Pillow's
``BICUBIC``, which has MATLAB's kernel (a = -0.5, widened by the scale) and differs from ``imresize`` only
in rounding. Reduced copies of the photographs (as in the 91-image sets of SRCNN and VDSR) are trained on
too: they are sharper than the JPEG originals.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from dni.errors import DniError
from dni.pictures.picture import to_pil, to_tensor
from dni.pictures.resize import reduce_bicubic
from dni.training.restoration.data.tasks import Task

__all__ = ["PatchSampler", "batches_from", "downscale_pair", "example"]

COPY_SCALES = (1.0, 0.75, 0.5)
AS_THEY_ARE = Task()


def crop_to_multiple(image: Image.Image, scale: int) -> Image.Image:
    return image.crop((0, 0, image.width // scale * scale, image.height // scale * scale))


def downscale_pair(image: Image.Image, scale: int) -> tuple[Image.Image, Image.Image]:
    """The (low, high) pair of an image: cropped to a multiple of ``scale``, then reduced by it."""
    high = crop_to_multiple(image, scale)
    return to_pil(reduce_bicubic(to_tensor(high), scale)), high


def example(
    photograph: Image.Image, *, scale: int, task: Task, generator: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """A whole photograph as a task's input and target, uint8 (3, h, w) and (3, scale * h, scale * w)."""
    low, high = (to_tensor(image) for image in downscale_pair(photograph, scale))
    target = task.target(high)
    return input_of(task, low, target, generator), target


def input_of(task: Task, low: Tensor, high: Tensor, generator: np.random.Generator) -> Tensor:
    """A task's input, of the same part of a photograph reduced and as it is; uint8 (3, h, w) as ``low``."""
    if task.downscale is not None:
        return task.downscale(high, (low.shape[1], low.shape[2]), generator)
    return task.degrade(low, generator)


class PatchSampler(Dataset[tuple[Tensor, Tensor]]):
    """Random aligned patches; batch ``n`` depends on the seed and ``n`` only, so training can resume.

    Args:
        photographs: RGB images.
        patch_size: Side of the high-resolution patch in pixels, a multiple of ``scale``.
        batch_size: Patches per batch.
        scale: Reduction factor.
        seed: Seed of the sequence of batches.
        task: What happens to inputs and targets; by default nothing.
    """

    def __init__(
        self,
        photographs: Sequence[Image.Image],
        *,
        patch_size: int,
        batch_size: int,
        scale: int,
        seed: int,
        task: Task = AS_THEY_ARE,
    ) -> None:
        if patch_size % scale:
            raise DniError(f"Expected a patch size divisible by {scale}, but got {patch_size}.")
        self.low_size = patch_size // scale
        self.batch_size = batch_size
        self.scale = scale
        self.seed = seed
        self.task = task
        self.pairs = [
            (to_tensor(low), self.task.target(to_tensor(high)))
            for copy_scale in COPY_SCALES
            for low, high in (downscale_pair(reduce(image, copy_scale), scale) for image in photographs)
            if min(low.size) >= self.low_size
        ]
        if not self.pairs:
            raise DniError(f"Expected photographs larger than {patch_size} pixels, but found none.")

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.batch(index)

    def batch(self, index: int) -> tuple[Tensor, Tensor]:
        """Float32 (B, 3, p, p) and (B, 3, scale * p, scale * p), RGB in [0, 1]."""
        generator = np.random.default_rng((self.seed, index))
        patches = [self._patch(generator) for _ in range(self.batch_size)]
        lows, highs = zip(*patches, strict=True)
        return torch.stack(lows).float() / 255, torch.stack(highs).float() / 255

    def _patch(self, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
        low, high = self.pairs[generator.integers(len(self.pairs))]
        size, scale = self.low_size, self.scale
        top = int(generator.integers(low.shape[1] - size + 1))
        left = int(generator.integers(low.shape[2] - size + 1))
        low = low[:, top : top + size, left : left + size]
        high = high[:, scale * top : scale * (top + size), scale * left : scale * (left + size)]
        turns, mirrored = int(generator.integers(4)), bool(generator.integers(2))
        low, high = (turn(patch, turns, mirrored) for patch in (low, high))
        # Turned first: JPEG's grid does not turn with what a photograph shows.
        return input_of(self.task, low, high, generator), high


def batches_from(
    sampler: PatchSampler, first: int, *, step: int = 1, workers: int = 0, pinned: bool = False
) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches ``first``, ``first + step`` and so on, without end.

    Args:
        sampler: Makes them.
        first: The first one's number.
        step: How many processes share the batches.
        workers: Processes that make them ahead; 0 for this one.
        pinned: Put them where a GPU can fetch them.
    """
    loader = DataLoader(
        sampler,
        batch_size=None,
        sampler=itertools.count(first, step),
        num_workers=workers,
        pin_memory=pinned,
        prefetch_factor=4 if workers else None,
    )
    return iter(loader)


def reduce(image: Image.Image, scale: float) -> Image.Image:
    if scale == 1.0:
        return image
    size = round(image.width * scale), round(image.height * scale)
    return image.resize(size, Image.Resampling.BICUBIC)


def turn(patch: Tensor, turns: int, mirrored: bool) -> Tensor:
    patch = torch.rot90(patch, turns, dims=(1, 2))
    return patch.flip(2) if mirrored else patch
