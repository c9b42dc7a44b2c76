"""How far the preview (a cross-fade of the two nearest keyframes) is from the true blend, at worst."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import torch
from PIL import Image

from benchmarks.table import save_table
from dni.blending.interpolate import shares_of
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.checkpoints.networks import load_ends
from dni.device import keep_freed_memory
from dni.pictures.picture import Picture, from_pil
from dni.rendering.renderer import Renderer
from dni.training.restoration.data.patches import downscale_pair

GRIDS = (5, 11, 21)
NUM_ALPHAS = 41


def psnr(one: torch.Tensor, other: torch.Tensor) -> float:
    """In dB over all channels, for float images with peak 255."""
    error = float((one - other).square().mean())
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def worst(renderer: Renderer, picture: Picture, grids: tuple[int, ...]) -> list[float]:
    """The lowest PSNR over the alphas, for each number of keyframes."""
    cache: dict[float, torch.Tensor] = {}

    def render(alpha: float) -> torch.Tensor:
        if alpha not in cache:
            cache[alpha] = renderer.render(picture.rgb, shares_of(alpha)).float()
        return cache[alpha]

    results = []
    for grid in grids:
        lowest = math.inf
        for index in range(NUM_ALPHAS):
            position = index / (NUM_ALPHAS - 1) * (grid - 1)
            low, part = min(int(position), grid - 2), position - min(int(position), grid - 2)
            fade = (1 - part) * render(low / (grid - 1)) + part * render((low + 1) / (grid - 1))
            lowest = min(lowest, psnr(fade.round(), render(index / (NUM_ALPHAS - 1))))
        results.append(lowest)
    return results


def main() -> None:
    """Measure every pair on every picture."""
    keep_freed_memory()  # as the app does
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair", action="append", help="a pair of the catalogue; may be given again")
    parser.add_argument("--images", type=Path, nargs="+", required=True, help="photographs, reduced before")
    arguments = parser.parse_args()
    rows = []
    for pair_id in arguments.pair or ["esrgan-lite-x4"]:
        network, states = load_ends(end_paths(find_pair(pair_id)))
        renderer = Renderer(network, states)
        for file in arguments.images:
            low, _ = downscale_pair(Image.open(file).convert("RGB"), renderer.scale)
            values = worst(renderer, from_pil(low, name=file.name), GRIDS)
            rows.append([pair_id, file.stem, renderer.precision, *(f"{value:.1f}" for value in values)])
    columns = ("pair", "picture", "precision", *(f"{grid} keyframes, dB" for grid in GRIDS))
    note = f"Lowest PSNR over {NUM_ALPHAS} alphas between the cross-fade and the network, before JPEG."
    save_table("keyframes", "The preview's worst error", columns, rows, note)


if __name__ == "__main__":
    main()
