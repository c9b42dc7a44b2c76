"""Draws ``docs/looks.jpg``: a portrait through the bundled looks, at five alphas each."""

from __future__ import annotations

from pathlib import Path

import torch

from dni import Renderer, end_paths, find_pair, load_ends, open_picture, shares_of
from dni.pictures.picture import to_pil

PAIRS = ("look-pencil", "look-comic", "look-neon")
ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
TOP, LEFT, SIDE = 0, 100, 256


def main() -> None:
    folder = Path(__file__).parent
    rgb = open_picture(folder.parent / "dni/examples/portrait.jpg").rgb
    rows = []
    for name in PAIRS:
        renderer = Renderer(*load_ends(end_paths(find_pair(name))), precision="float32")
        frames = [renderer.render(rgb, shares_of(alpha)) for alpha in ALPHAS]
        rows.append(torch.cat([frame[:, TOP : TOP + SIDE, LEFT : LEFT + SIDE] for frame in frames], dim=2))
    to_pil(torch.cat(rows, dim=1)).save(folder / "looks.jpg", quality=88, optimize=True)


if __name__ == "__main__":
    main()
