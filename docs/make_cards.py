"""Draws the pictures of the effects' cards, and the examples that are spoiled on purpose.

The cards' are parts of the examples, as people see them in the viewer: what is given on one, and what the
second end (or the first, where that changes more) makes of it on the other.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from dni import Renderer, end_paths, find_pair, load_ends, open_picture, shares_of
from dni.examples import EXAMPLE_FOLDER, QUALITIES, SIGMAS
from dni.pictures.picture import to_pil

FOLDER = Path(__file__).parents[1] / "dni/ui/web/cards/pictures"
SIZE = (252, 216)  # three times what is shown


@dataclass(frozen=True)
class Part:
    """The part of an example to show: its upper left corner and its width, in pixels of the result."""

    example: str
    left: int
    top: int
    width: int
    alpha: float = 1.0


CARDS = {
    "look-pencil": Part("portrait.jpg", 120, 0, 280),
    "look-comic": Part("portrait.jpg", 120, 0, 280),
    "look-neon": Part("portrait.jpg", 120, 0, 280),
    "look-pencil-plain": Part("espresso.jpg", 100, 60, 320),
    "texture-x4": Part("cat.png", 170, 60, 220),
    "texture-x4-lite": Part("cat.png", 170, 60, 220),
    "texture-x4-compact": Part("cat.png", 170, 60, 220),
    "esrgan-lite-x4": Part("cat.png", 170, 60, 220),
    "denoise": Part("grain-25.png", 80, 10, 140),
    "jpeg-repair": Part("blocks-10.jpg", 160, 30, 160),
    "old-photo-x4": Part("sent-portrait.jpg", 270, 20, 290),
    "real-photo-x4": Part("sent-portrait.jpg", 270, 20, 290),
}
FACE = (100, 10, 356, 266)


def spoil_examples() -> None:
    """The portrait's face with noise of several strengths, and all of it as JPEG of several qualities."""
    whole = Image.open(EXAMPLE_FOLDER / "portrait.jpg").convert("RGB")
    face = np.asarray(whole.crop(FACE))
    for sigma in SIGMAS:
        noise = np.random.default_rng(sigma).normal(0, sigma, face.shape)
        noisy = (face + noise).round().clip(0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(EXAMPLE_FOLDER / f"grain-{sigma}.png", optimize=True)
    for quality in QUALITIES:
        whole.save(EXAMPLE_FOLDER / f"blocks-{quality}.jpg", quality=quality)
    for name in ("portrait", "espresso", "launch"):
        send_on(
            Image.open(EXAMPLE_FOLDER / f"{name}.jpg").convert("RGB"), EXAMPLE_FOLDER / f"sent-{name}.jpg"
        )


def send_on(photograph: Image.Image, file: Path) -> None:
    """A small copy as telephones and messengers leave it: soft, a little noise, JPEG three times."""
    taken = np.asarray(photograph.filter(ImageFilter.GaussianBlur(1.2)))
    noisy = taken + np.random.default_rng(0).normal(0, 6, taken.shape)
    picture = Image.fromarray(noisy.round().clip(0, 255).astype(np.uint8))
    for side, quality in ((440, 80), (300, 60), (200, 70)):
        picture.thumbnail((side, side), Image.Resampling.BILINEAR)
        copy = io.BytesIO()
        picture.save(copy, "JPEG", quality=quality)
        picture = Image.open(copy).convert("RGB")
    file.write_bytes(copy.getvalue())


def draw(pair_id: str, part: Part) -> None:
    given = open_picture(EXAMPLE_FOLDER / part.example).rgb
    renderer = Renderer(*load_ends(end_paths(find_pair(pair_id))), precision="float32")
    after = to_pil(renderer.render(given, shares_of(part.alpha)))
    before = to_pil(given).resize(after.size, Image.Resampling.BICUBIC)
    height = part.width * SIZE[1] // SIZE[0]
    box = (part.left, part.top, part.left + part.width, part.top + height)
    for name, image in (("before", before), ("after", after)):
        shown = image.crop(box).resize(SIZE, Image.Resampling.LANCZOS)
        shown.save(FOLDER / f"{pair_id}-{name}.webp", quality=80, method=6)


def main() -> None:
    spoil_examples()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for pair_id, part in CARDS.items():
        draw(pair_id, part)


if __name__ == "__main__":
    main()
