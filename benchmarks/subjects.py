"""Pictures for the soak, one a person and all different; whether a frame is of this picture at this alpha."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import torch
from PIL import Image

from dni.blending.interpolate import shares_of
from dni.examples import example_paths
from dni.pictures.picture import Picture, from_pil
from dni.pictures.rectangle import Rectangle
from dni.rendering.renderer import Renderer

__all__ = ["Subject", "Verdict", "judge", "make_subjects", "psnr"]

# 480x480 when enlarged by four.
SIDE = 120
LARGE = (480, 360)
STEPS = 20
ENOUGH_DB = 35.0
# Every second pixel of every second row will do, and leaves the machine to the app.
THINNED = 2
# Nearer to the reference that far off than to its own: the frame is of another alpha. With half of it right
# frames can lose to the JPEG's noise by 0.04 dB; with this they win by 0.8 dB.
OFF = 0.2
MOSAIC = ("astronaut", "cat", "coffee", "rocket")


class Verdict(Enum):
    """What is wrong with a frame."""

    GOOD = "good"
    DAMAGED = "damaged"
    WRONG_ALPHA = "of another alpha"
    WRONG_PICTURE = "of another picture"


@dataclass(frozen=True)
class Subject:
    """A picture, what is looked at, and how that looks at 21 alphas.

    Attributes:
        png: The picture as a file.
        region: What is live.
        references: uint8 (21, 3, H, W), thinned: alpha 0, 0.05, ... 1, rendered here.
    """

    png: bytes
    region: dict[str, int]
    references: torch.Tensor

    def at(self, alpha: float) -> np.ndarray:
        """float32 (H, W, 3), thinned: between the two nearest references, which is more than 47 dB from the
        network's own (``benchmarks/keyframes.md``)."""
        low = min(int(alpha * STEPS), STEPS - 1)
        share = alpha * STEPS - low
        mixed = (1 - share) * self.references[low].float() + share * self.references[low + 1].float()
        return mixed.permute(1, 2, 0).numpy()


def make_subjects(renderer: Renderer, number: int, *, large: bool = False) -> list[Subject]:
    """One picture a person, out of the examples, and its references.

    Args:
        renderer: In the precision of the app's frames.
        number: How many.
        large: 480x360, of which the middle is live, instead of 120x120.
    """
    mosaic = make_mosaic()
    width, height = LARGE if large else (SIDE, SIDE)
    subjects = []
    for index in range(number):
        # Steps that share no divisor with the sides, so that no two people get the same picture.
        turned = np.roll(mosaic, (index * 101, index * 67), axis=(0, 1))[:height, :width]
        subjects.append(make_subject(renderer, Image.fromarray(turned)))
    return subjects


def make_mosaic() -> np.ndarray:
    """The examples next to and below each other: uint8 (H, W, 3)."""
    paths = {path.stem: path for path, _ in example_paths()}
    tiles = [np.asarray(Image.open(paths[name]).convert("RGB").resize((168, 140))) for name in MOSAIC]
    rows = [np.concatenate(np.roll(np.stack(tiles), turn, axis=0), axis=1) for turn in range(3)]
    return np.concatenate(rows, axis=0)


def make_subject(renderer: Renderer, image: Image.Image) -> Subject:
    left, top = (image.width - SIDE) // 2, (image.height - SIDE) // 2
    region = {"left": left, "top": top, "width": SIDE, "height": SIDE}
    picture = from_pil(image, name="soak")
    frames = [render(renderer, picture, region, step / STEPS) for step in range(STEPS + 1)]
    file = io.BytesIO()
    image.save(file, "PNG")
    return Subject(file.getvalue(), region, torch.stack(frames))


def render(renderer: Renderer, picture: Picture, region: dict[str, int], alpha: float) -> torch.Tensor:
    rgb = renderer.render_region(picture.rgb, shares_of(alpha), Rectangle(**region))
    return rgb[:, ::THINNED, ::THINNED]


def judge(jpeg: bytes, alpha: float, own: Subject, others: Sequence[Subject]) -> Verdict:
    """Whether a frame is of one's own picture at ``alpha``: at least 35 dB, and nearer than other alphas."""
    try:
        frame = np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")).astype(np.float32)
    except OSError:
        return Verdict.DAMAGED
    frame = frame[::THINNED, ::THINNED]
    fit = psnr(frame, own.at(alpha))
    if fit < ENOUGH_DB and any(psnr(frame, other.at(alpha)) > fit for other in others):
        return Verdict.WRONG_PICTURE
    neighbours = [off for off in (alpha - OFF, alpha + OFF) if 0 <= off <= 1]
    if fit < ENOUGH_DB or any(psnr(frame, own.at(off)) >= fit for off in neighbours):
        return Verdict.WRONG_ALPHA
    return Verdict.GOOD


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """In dB, of values from 0 to 255; minus infinity if the sizes differ."""
    if one.shape != other.shape:
        return float("-inf")
    error = float(np.square(one - other).mean())
    return float("inf") if error == 0 else 10 * float(np.log10(255**2 / error))
