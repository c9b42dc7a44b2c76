"""How far a masked picture is from the exact one, the network at every pixel's own mix, for K levels."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from benchmarks.keyframes import psnr
from benchmarks.table import save_table
from dni.blending.shares import Mix
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.checkpoints.networks import load_ends
from dni.device import keep_freed_memory
from dni.masks.automatic import detail_mask, feather, luminance_mask
from dni.masks.levels import sample_mask
from dni.masks.plan import Canvas, plan_masked
from dni.pictures.picture import to_tensor
from dni.pictures.rectangle import Rectangle
from dni.rendering.masked import render_masked
from dni.rendering.renderer import Renderer
from dni.training.restoration.data.patches import downscale_pair

STEPS = (1, 2, 4, 8)
END_A, END_B = Mix.of_alpha(0.0), Mix.of_alpha(1.0)


def disc(rgb: Tensor) -> Tensor:
    """A hard spot in the middle, half as high as the picture."""
    height, width = rgb.shape[1:]
    rows, columns = torch.arange(height)[:, None], torch.arange(width)
    inside = (rows - height / 2).square() + (columns - width / 2).square() < (height / 4) ** 2
    return (inside * 255).to(torch.uint8)


def ramp(rgb: Tensor) -> Tensor:
    """From nothing at the left to all at the right."""
    height, width = rgb.shape[1:]
    return torch.linspace(0, 255, width).round().to(torch.uint8).expand(height, width)


MASKS: dict[str, Callable[[Tensor], Tensor]] = {
    "hard spot": disc,
    "soft spot": lambda rgb: feather(disc(rgb), 10),
    "ramp": ramp,
    "brightness": luminance_mask,
    "detail": detail_mask,
}


def exact_pictures(renderer: Renderer, rgb: Tensor, masks: dict[str, Tensor]) -> dict[str, Tensor]:
    """Every pixel from the network at its own mix, the mask rounded to 8 bits; the network runs 256 times."""
    size = rgb.shape[1] * renderer.scale, rgb.shape[2] * renderer.scale
    values = {
        name: sample_mask(mask, Rectangle.whole(size[1], size[0]), output_size=size).round()
        for name, mask in masks.items()
    }
    pictures = {name: torch.zeros(3, *size, dtype=torch.uint8) for name in masks}
    for value in range(256):
        rendered = renderer.render(rgb, Mix.of_alpha(value / 255))
        for name, picture in pictures.items():
            here = values[name] == value
            picture[:, here] = rendered[:, here]
    return pictures


def measure(renderer: Renderer, rgb: Tensor) -> dict[str, list[str]]:
    """For every mask, and each number of steps: PSNR in dB, largest error, area-weighted passes."""
    masks = {name: make(rgb) for name, make in MASKS.items()}
    canvas = Canvas(rgb.shape[2], rgb.shape[1], renderer.scale, renderer.overlap_at(END_B))
    cells = {}
    for name, exact in exact_pictures(renderer, rgb, masks).items():
        cells[name] = []
        for steps in STEPS:
            found = render_masked(renderer, rgb, base=END_A, brush=END_B, mask=masks[name], levels=steps)
            largest = int((found.int() - exact.int()).abs().max())
            passes = plan_masked(masks[name], canvas, levels=steps).passes
            cells[name].append(f"{psnr(found.float(), exact.float()):.1f} / {largest} / {passes:.2f}")
    return cells


def reduced(file: Path, scale: int, side: int) -> Tensor:
    """The middle of a photograph reduced by ``scale``: uint8 (3, at most side, at most side)."""
    low, _ = downscale_pair(Image.open(file).convert("RGB"), scale)
    width, height = min(side, low.width), min(side, low.height)
    left, top = (low.width - width) // 2, (low.height - height) // 2
    return to_tensor(low.crop((left, top, left + width, top + height)))


def main() -> None:
    """Measure every pair on every picture."""
    keep_freed_memory()  # as the app does
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair", action="append", help="a pair of the catalogue; may be given again")
    parser.add_argument("--images", type=Path, nargs="+", required=True, help="photographs, reduced before")
    parser.add_argument("--side", type=int, default=96, help="largest side of the input, in pixels")
    arguments = parser.parse_args()
    rows = []
    for pair_id in arguments.pair or ["esrgan-lite-x4"]:
        network, states = load_ends(end_paths(find_pair(pair_id)))
        renderer = Renderer(network, states, precision="float32")
        for file in arguments.images:
            cells = measure(renderer, reduced(file, renderer.scale, arguments.side))
            rows += [[pair_id, file.stem, name, *columns] for name, columns in cells.items()]
    columns = ("pair", "picture", "mask", *(f"K = {steps}" for steps in STEPS))
    note = (
        "From end A where nothing is painted to end B; float32. Each cell: PSNR against the exact picture in "
        "dB / largest error in 8-bit levels / area rendered, in passes over the picture. The default is "
        "K = 4; masks of few values take fewer levels whatever K is."
    )
    save_table("masks", "A painted mask's error", columns, rows, note)


if __name__ == "__main__":
    main()
