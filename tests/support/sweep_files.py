"""Reads the films and sheets that sweeps write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import torch
from PIL import ExifTags, Image, ImageSequence

__all__ = ["FILMS", "comment_of", "differences", "holds", "read_film"]

FILMS = (".gif", ".webp", ".mp4")


def read_film(path: Path) -> list[np.ndarray]:
    """Every frame, uint8 (H, W, 3), by Pillow or by PyAV."""
    if path.suffix == ".mp4":
        with av.open(str(path)) as container:
            return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with Image.open(path) as film:
        return [np.array(frame.convert("RGB")) for frame in ImageSequence.Iterator(film)]


def differences(path: Path, expected: Sequence[torch.Tensor]) -> list[float]:
    """Mean difference in levels of each frame that was read from what should be there."""
    read = read_film(path)
    assert len(read) == len(expected)
    found = []
    for ours, theirs in zip(read, expected, strict=True):
        height, width = theirs.shape[1:]
        pixels = theirs.permute(1, 2, 0).numpy().astype(int)
        found.append(float(np.abs(ours[:height, :width].astype(int) - pixels).mean()))
    return found


def comment_of(path: Path) -> str:
    if path.suffix == ".mp4":
        with av.open(str(path)) as container:
            return str(container.metadata["comment"])
    with Image.open(path) as image:
        if path.suffix == ".gif":
            return bytes(image.info["comment"]).decode()
        if path.suffix == ".webp":
            return str(image.getexif()[ExifTags.Base.ImageDescription])
        return str(image.info["dni-sweep"])


def holds(sheet: torch.Tensor, frame: torch.Tensor) -> bool:
    """Whether the frame is somewhere on the sheet, pixel by pixel."""
    _, height, width = frame.shape
    corners = (sheet == frame[:, :1, :1]).all(dim=0).nonzero().tolist()
    return any(torch.equal(sheet[:, top : top + height, left : left + width], frame) for top, left in corners)
