"""Enlarging photographs as people have them: the bundled pair along alpha beside Real-ESRGAN's own pair.

Held-back photographs are spoiled by second-order degradations of seeds of their own
(:mod:`dni.training.restoration.data.second_order`). With a reference: luma PSNR and the judge's DISTS-like
distance (EfficientNet-Lite1, which nothing was trained on). Without one: PIQE (Venkatanath et al., 2015; the
package ``pypiqe`` with ``opencv-python-headless``, for this table only), which counts blocks that look noisy
or compressed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from benchmarks.table import save_table
from dni import Renderer, end_paths, find_pair, load_ends, shares_of
from dni.metrics.distortion import psnr_y
from dni.metrics.dists import dists_distance, load_efficientnet_lite
from dni.pictures.picture import to_pil, to_tensor
from dni.pictures.resize import resize_bicubic
from dni.training.restoration.data.second_order import degrade_twice

ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
SIDE, SCALE = 320, 4
NUM_PHOTOGRAPHS = 20
OURS, FORMER, COMPACT = "old-photo-x4", "real-photo-x4", "texture-x4-compact"

Enlarge = Callable[[Tensor], Tensor]


def photographs(folder: Path) -> Iterator[tuple[Tensor, Tensor]]:
    """Spoiled small and whole large middles of photographs, uint8 (3, 80, 80) and (3, 320, 320)."""
    for number, file in enumerate(sorted(folder.glob("*.jpg"))[:NUM_PHOTOGRAPHS]):
        image = Image.open(file).convert("RGB")
        left, top = (image.width - SIDE) // 2, (image.height - SIDE) // 2
        high = to_tensor(image.crop((left, top, left + SIDE, top + SIDE)))
        yield degrade_twice(high, (SIDE // SCALE,) * 2, np.random.default_rng((2026, number))), high


def methods(official: Path) -> Mapping[str, Enlarge]:
    """How to enlarge, by name."""

    def along(name: str, files: Sequence[Path], alphas: Sequence[float]) -> dict[str, Enlarge]:
        renderer = Renderer(*load_ends(files), precision="float32")
        return {
            f"{name}, alpha {alpha:.2f}": lambda low, alpha=alpha: renderer.render(low, shares_of(alpha))
            for alpha in alphas
        }

    theirs = [official / f"realesr-general-{end}x4v3.safetensors" for end in ("", "wdn-")]
    return {
        "bicubic": lambda low: resize_bicubic(low, SCALE),
        **along(COMPACT, end_paths(find_pair(COMPACT)), (0.0, 1.0)),
        **along(OURS, end_paths(find_pair(OURS)), ALPHAS),
        **along(FORMER, end_paths(find_pair(FORMER)), (0.0, 1.0)),
        **along("realesr-general (removes / keeps noise)", theirs, (0.0, 0.5, 1.0)),
    }


def blocks_and_noise(picture: Tensor) -> float:
    """PIQE of uint8 (3, H, W): 0 to 100, lower is better."""
    from pypiqe import piqe  # what else is in this module needs no such package

    score, *_ = piqe(np.asarray(to_pil(picture))[..., ::-1])
    return float(score)


@torch.inference_mode()
def measure(enlarge: Enlarge, pairs: Sequence[tuple[Tensor, Tensor]], judge: torch.nn.Module) -> list[float]:
    """Means over the photographs: PSNR-Y in dB, the judge's distance, PIQE."""
    rows = []
    for low, high in pairs:
        given = enlarge(low)
        output, reference = (levels[None].float() / 255 for levels in (given, high))
        distance = dists_distance(judge, output, reference).item()
        rows.append((psnr_y(output, reference), distance, blocks_and_noise(given)))
    return np.mean(rows, axis=0).tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--photographs", type=Path, required=True, help="BSDS500's val, which nothing was trained on"
    )
    parser.add_argument(
        "--official", type=Path, required=True, help="the folder of realesr-general's two ends"
    )
    parser.add_argument("--sheet", type=Path, help="a picture to write: a row a photograph")
    options = parser.parse_args()
    pairs, judge = list(photographs(options.photographs)), load_efficientnet_lite()
    found = methods(options.official)
    rows = []
    for name, enlarge in found.items():
        psnr, distance, quality = measure(enlarge, pairs, judge)
        rows.append([name, f"{psnr:.2f}", f"{distance:.4f}", f"{quality:.1f}"])
    save_table(
        "real_photographs",
        f"Photographs as people have them, {NUM_PHOTOGRAPHS} held back, enlarged four times",
        ("network", "PSNR-Y (dB)", "DISTS-like (EfficientNet-Lite1)", "PIQE"),
        rows,
        "Distance and PIQE: lower is better. PIQE knows no reference, and likes what is smooth.",
    )
    if options.sheet:
        save_sheet(options.sheet, pairs, found)


def save_sheet(file: Path, pairs: Sequence[tuple[Tensor, Tensor]], found: Mapping[str, Enlarge]) -> None:
    """A row a photograph: every method's, and the original last."""
    rows = [torch.cat([*(enlarge(low) for enlarge in found.values()), high], dim=2) for low, high in pairs]
    to_pil(torch.cat(rows, dim=1)).save(file)


if __name__ == "__main__":
    main()
