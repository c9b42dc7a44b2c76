"""How near repaired blends come to the mean of their ends' pictures, on pictures held back for this."""

from __future__ import annotations

import argparse
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
from dni.rendering.repair import GRID_STEPS, mean_psnr

REALCUGAN = (
    ("conservative", "denoise3x"),
    ("denoise2x", "denoise3x"),
    ("conservative", "no-denoise"),
)
BUNDLED = ("texture-x4-compact", "denoise", "look-pencil-plain", "look-pencil", "texture-x4")
HEADER = ["ends", "alpha", "plain, dB", "repaired, dB", "exactly, dB", "cast plain", "cast repaired", "check"]
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
    trial = renderer.repairer.trial()
    for alpha in alphas:
        mean, mix = torch.lerp(ends[0], ends[1], alpha), Mix.of_alpha(alpha)
        plain = pictures_at(renderer, crops, mix)
        cells = [name, f"{alpha:g}", f"{mean_psnr(plain, mean):.2f}"]
        if not trial.strength:
            yield [*cells, "as plain", "", f"{cast(plain, mean):.2f}", "", f"off ({trial.plain:.1f} dB)"]
            continue
        repaired = pictures_at(renderer, crops, replace(mix, repair=True))
        measured_here = "as repaired"
        if (alpha * GRID_STEPS) % 1:
            measured_here = f"{mean_psnr(exactly(renderer, crops, mix), mean):.2f}"
        casts = [f"{cast(pictures, mean):.2f}" for pictures in (plain, repaired)]
        yield [
            *cells,
            f"{mean_psnr(repaired, mean):.2f}",
            measured_here,
            *casts,
            f"strength {trial.strength:g}",
        ]


def exactly(renderer: Renderer, crops: Sequence[Tensor], mix: Mix) -> Tensor:
    """Repaired with corrections measured at this very mix, as for one with groups, and not interpolated."""
    groups = {renderer.blend.groups[0]: mix.shares}
    return pictures_at(renderer, crops, Mix.of(mix.shares, groups=groups, repair=True))


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
        "'Repaired' is what the slider shows, corrections interpolated on a grid of alphas; 'exactly' has "
        "them measured at that alpha. Cast: the mean colour's largest error, in levels of 255. Check: the "
        "strength that was best on the examples' other halves, or that the repair is off there, where the "
        "blend's middle has that PSNR."
    )
    save_table("repair", "Repaired blends", HEADER, rows, note)


if __name__ == "__main__":
    main()
