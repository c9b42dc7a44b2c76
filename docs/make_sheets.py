"""Draws the contact sheets of the effects, ``docs/sheets/<pair>.webp``.

Each is what ``dni render PHOTOGRAPH --pair PAIR --alpha 0,0.25,0.5,0.75,1 --contact-sheet`` writes, as WebP:
the whole picture at five alphas, and below it the part at 400 % in which the ends differ most. The
photographs are our examples: nothing was trained on them, and they are free to ship.
Run from the repository: ``python docs/make_sheets.py``, or with the names of some pairs.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

from dni.cli.main import app
from dni.examples import EXAMPLE_FOLDER

FOLDER = Path(__file__).parent / "sheets"
ALPHAS = "0,0.25,0.5,0.75,1"
MAX_BYTES = 150_000
QUALITIES = range(84, 30, -6)
PHOTOGRAPHS = {
    "look-pencil": "portrait.jpg",
    "look-pencil-plain": "portrait.jpg",
    "look-comic": "espresso.jpg",
    "look-neon": "espresso.jpg",
    "texture-x4": "coffee.png",
    "texture-x4-lite": "coffee.png",
    "texture-x4-compact": "coffee.png",
    "esrgan-lite-x4": "coffee.png",
    "denoise": "grain-35.png",
    "jpeg-repair": "blocks-10.jpg",
    "old-photo-x4": "sent-espresso.jpg",
    "real-photo-x4": "sent-espresso.jpg",
}


def draw(pair_id: str, photograph: Path) -> Path:
    """Render, and keep the sheet as the best WebP that is small enough."""
    target = FOLDER / f"{pair_id}.webp"
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "result.png")
        words = ["--pair", pair_id, "--alpha", ALPHAS, "--float32", "--contact-sheet"]
        app(["render", str(photograph), "-o", str(result), *words], standalone_mode=False)
        with Image.open(Path(folder, "result_sheet.png")) as sheet:
            for quality in QUALITIES:
                sheet.save(target, quality=quality, method=6)
                if target.stat().st_size <= MAX_BYTES:
                    break
    return target


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for pair_id in sys.argv[1:] or PHOTOGRAPHS:
        draw(pair_id, EXAMPLE_FOLDER / PHOTOGRAPHS[pair_id])


if __name__ == "__main__":
    main()
