"""All training photographs in one tensor on the device, and random crops of them made there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from dni.errors import DniError

__all__ = ["PhotographPool", "read_photograph", "read_photographs"]

SUFFIXES = {".avif", ".jpeg", ".jpg", ".png", ".webp"}


def read_photographs(folders: Iterable[Path], *, held_back: Iterable[str] = ()) -> list[Tensor]:
    """The photographs of the folders in the order of their names, each uint8 (H, W, 3).

    Args:
        folders: Where AVIF, JPEG, PNG and WebP files lie.
        held_back: Names, with or without a suffix, that are left out: nothing is ever trained on them.

    Raises:
        DniError: A folder holds no photographs.
    """
    left_out = {Path(name).stem for name in held_back}
    files: list[Path] = []
    for folder in folders:
        found = sorted(file for file in Path(folder).glob("*") if file.suffix.lower() in SUFFIXES)
        if not found:
            raise DniError(f"Expected photographs (.avif, .jpg, .png, .webp) in {folder}, but found none.")
        files += [file for file in found if file.stem not in left_out]
    with ThreadPoolExecutor() as threads:
        return list(threads.map(read_photograph, files))


def read_photograph(file: Path) -> Tensor:
    """A picture file as uint8 (H, W, 3)."""
    with Image.open(file) as image:
        return torch.from_numpy(np.array(image.convert("RGB")))


class PhotographPool:
    """Photographs, and pictures made from them, as rows of pixels.

    Args:
        photographs: uint8 (H, W, 3) each, of any sizes.
        device: Where they are kept.
    """

    def __init__(self, photographs: Sequence[Tensor], *, device: torch.device) -> None:
        self.device = device
        self.sizes = [(photograph.shape[0], photograph.shape[1]) for photograph in photographs]
        self.pixels = torch.cat([photograph.reshape(-1, 3) for photograph in photographs]).to(device)
        self.targets: dict[str, Tensor] = {}
        self.eligible: dict[int, tuple[Tensor, Tensor, Tensor, Tensor]] = {}

    def add_target(self, name: str, make: Callable[[Tensor], Tensor]) -> None:
        """Keep what ``make`` gives for every photograph, float (1, 3, H, W) in [0, 1] in and out."""
        if name in self.targets:
            return
        target = torch.empty_like(self.pixels)
        start = 0
        for height, width in self.sizes:
            rows = slice(start, start + height * width)
            photograph = self.pixels[rows].view(1, height, width, 3).permute(0, 3, 1, 2).float() / 255
            # Without cuDNN: its TF32 is too coarse for line filters, and it would tune for every size.
            with torch.backends.cudnn.flags(enabled=False):
                made = (make(photograph)[0] * 255).round().clamp(0, 255).to(torch.uint8)
            target[rows] = made.permute(1, 2, 0).reshape(-1, 3)
            start += height * width
        self.targets[name] = target

    def sample(
        self, batch_size: int, crop_size: int, generator: torch.Generator, *, target: str | None = None
    ) -> tuple[Tensor, Tensor]:
        """Random crops, turned and mirrored, and the same crops of a target (by default the photographs).

        Photographs are drawn by their area; those smaller than the crop are never drawn.

        Returns:
            Twice float32 (B, 3, crop_size, crop_size) in [0, 1], in channels_last order.

        Raises:
            DniError: No photograph is large enough.
        """
        index = self._crop_index(batch_size, crop_size, generator)
        photographs = to_images(self.pixels[index])
        return photographs, photographs if target is None else to_images(self.targets[target][index])

    def _crop_index(self, batch_size: int, crop_size: int, generator: torch.Generator) -> Tensor:
        """The rows of ``pixels`` that random crops consist of, int64 (B, crop_size, crop_size)."""
        if crop_size not in self.eligible:
            self.eligible[crop_size] = self._large_enough(crop_size)
        starts, heights, widths, cumulated = self.eligible[crop_size]

        def draw() -> Tensor:
            return torch.rand(batch_size, generator=generator, device=self.device, dtype=torch.float64)

        chosen = torch.searchsorted(cumulated, draw() * cumulated[-1], right=True).clamp(max=len(starts) - 1)
        height, width = heights[chosen], widths[chosen]
        place = torch.arange(crop_size, device=self.device)
        rows, columns = (
            (draw() * (length - crop_size + 1)).long()[:, None]
            + torch.where((draw() < 0.5)[:, None], place, crop_size - 1 - place)
            for length in (height, width)
        )  # (B, crop_size) each
        index = (starts[chosen, None] + rows * width[:, None])[:, :, None] + columns[:, None, :]
        return torch.where((draw() < 0.5)[:, None, None], index, index.transpose(1, 2))

    def _large_enough(self, crop_size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """First rows, heights, widths and cumulated areas of the photographs that hold such a crop."""
        sizes = torch.tensor(self.sizes, device=self.device)
        areas = sizes.prod(dim=1)
        enough = (sizes >= crop_size).all(dim=1)
        if not enough.any():
            raise DniError(f"Expected photographs of at least {crop_size} pixels a side, but got none.")
        starts = areas.cumsum(0) - areas
        return starts[enough], sizes[enough, 0], sizes[enough, 1], areas[enough].cumsum(0).double()


def to_images(pixels: Tensor) -> Tensor:
    """uint8 (B, H, W, 3) to float32 (B, 3, H, W) in [0, 1], in the same memory order (channels_last)."""
    return pixels.permute(0, 3, 1, 2).float() / 255
