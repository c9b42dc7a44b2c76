"""How near repaired blends come to the mean of their ends' pictures, on pictures held back for this."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.table import save_table
from dni.blending.shares import Mix
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.checkpoints.networks import load_ends
from dni.pictures.read import open_picture
from dni.rendering.renderer import Renderer
from dni.rendering.repair import GRID_STEPS, psnr_of

REALCUGAN = (
    ("conservative", "denoise3x"),
    ("denoise2x", "denoise3x"),
    ("conservative", "no-denoise"),
)
BUNDLED = ("texture-x4-compact", "denoise", "look-pencil-plain", "look-pencil", "texture-x4")
HEADER = (
    *("ends", "alpha", "plain, dB", "repaired, dB", "worst picture, dB", "cast plain", "cast repaired"),
    *("check", "seconds of checks"),
)
CROP = 96


def crops_of(folder: Path, count: int) -> list[Tensor]:
    """The middle of each picture, uint8 (3, 96, 96)."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".png", ".jpg"))
    step = max(1, len(paths) // count)
    pictures = [open_picture(path).rgb for path in paths[::step][:count]]
    return [middle(rgb) for rgb in pictures]


def middle(rgb: Tensor) -> Tensor:
    top, left = ((side - CROP) // 2 for side in rgb.shape[1:])
    return rgb[:, top : top + CROP, left : left + CROP]


def pictures_at(renderer: Renderer, crops: Sequence[Tensor], mix: Mix) -> Tensor:
    """float32 (N, 3, scale * side, scale * side) in [0, 1], from 8-bit levels."""
    return torch.stack([renderer.render(crop, mix) for crop in crops]).float() / 255


def cast(pictures: Tensor, mean: Tensor) -> float:
    """How far the mean colour is off, over all pictures: the largest channel's, in levels of 255."""
    return float((pictures - mean).mean(dim=(0, 2, 3)).abs().max()) * 255


def rows_of(
    name: str, paths: Sequence[Path], crops: Sequence[Tensor], alphas: Sequence[float]
) -> Iterator[list[str]]:
    """One row an alpha."""
    renderer = Renderer(*load_ends(paths), device=torch.device("cpu"), precision="float32")
    ends = [pictures_at(renderer, crops, Mix.of_alpha(alpha)) for alpha in (0.0, 1.0)]
    seconds = seconds_of_checks(renderer)
    trial = renderer.repairer.trial()
    for alpha in alphas:
        mean, mix = torch.lerp(ends[0], ends[1], alpha), Mix.of_alpha(alpha)
        plain = pictures_at(renderer, crops, mix)
        cells = [name, f"{alpha:g}", f"{mean_psnr(plain, mean):.2f}"]
        if renderer.repairer.notice(replace(mix, repair=True)):
            why = "off here" if trial.strength else f"off ({trial.plain:.1f} dB)"
            yield [*cells, "as plain", "", f"{cast(plain, mean):.2f}", "", why, seconds]
            continue
        repaired = pictures_at(renderer, crops, replace(mix, repair=True))
        worst = float((psnr_of(repaired, mean) - psnr_of(plain, mean)).min())
        casts = [f"{cast(pictures, mean):.2f}" for pictures in (plain, repaired)]
        yield [*cells, f"{mean_psnr(repaired, mean):.2f}", f"{worst:+.2f}", *casts, "on", seconds]


def mean_psnr(pictures: Tensor, mean: Tensor) -> float:
    return float(psnr_of(pictures, mean).mean())


def seconds_of_checks(renderer: Renderer) -> str:
    """Of the processor: for the middle alone, and for all points of the grid."""
    started = time.process_time()
    renderer.repairer.trial()
    middle_done = time.process_time() - started
    for index in range(1, GRID_STEPS):
        renderer.repairer.corrections(Mix.of((1 - index / GRID_STEPS, index / GRID_STEPS), repair=True))
    return f"{middle_done:.1f}, {time.process_time() - started:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True, help="The folder with pairs/ and data/.")
    parser.add_argument("--pictures", type=int, default=10)
    parser.add_argument("--alphas", type=float, nargs="+", default=[0.5])
    parser.add_argument("--first", type=int, help="Only so many of the sets of ends.")
    arguments = parser.parse_args()
    crops = [
        crop
        for name in ("set5", "bsds500/test")
        for crop in crops_of(arguments.shared / "data" / name, arguments.pictures // 2)
    ]
    folder = arguments.shared / "pairs" / "realcugan-2x"
    subjects = [
        (f"Real-CUGAN {a}-{b}", [folder / f"up2x-{name}.safetensors" for name in (a, b)])
        for a, b in REALCUGAN
    ]
    subjects += [(name, end_paths(find_pair(name))[:2]) for name in BUNDLED]
    rows = []
    for name, paths in islice(subjects, arguments.first):
        for row in rows_of(name, paths, crops, arguments.alphas):
            print(row, flush=True)
            rows.append(row)
    note = (
        f"PSNR (all channels) to the pixel mean of the ends' pictures, mean over {len(crops)} crops of 96x96 "
        "from Set5 and BSDS500's test pictures; statistics and the check are from the bundled examples. "
        "'Repaired' is what the slider shows, corrections interpolated on a grid of alphas; worst picture: "
        "what the repair brings that crop which gains least. Cast: the mean colour's largest error, in "
        "levels of 255. Check, on the examples' other halves: whether the repair is on at this alpha, or off "
        "because the middle needs none (it has that PSNR) or because it helps too little here. Seconds: CPU "
        "time on one core, once for a set of ends, of the check in the middle, which decides whether there "
        "is any repair, and of those at all points of the grid, each of which is made when it is needed."
    )
    save_table("repair", "Repaired blends", HEADER, rows, note)


if __name__ == "__main__":
    main()
