"""Does an enlarging pair print a weave: fine texture of one direction and period that no photograph has?

A weave is a bump in the power spectrum of the luma. For every frequency above a quarter of a cycle a pixel
the power is compared with the median of a ring around it, in dB; the highest such bump of the spectrum of
held-back photographs is told, with its period, and how high the power stands at the frequencies of the
network's own grid (periods of 4 and 2 pixels of a x4 enlargement). Photographs have bumps of some 4 dB.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from benchmarks.table import save_table
from dni import Renderer, end_paths, find_pair, load_ends, open_picture, shares_of
from dni.examples import EXAMPLE_FOLDER
from dni.metrics.distortion import luma
from dni.pictures.picture import to_tensor
from dni.pictures.resize import reduce_bicubic, resize_bicubic

PAIRS = (
    *("texture-x4", "texture-x4-lite", "texture-x4-compact", "esrgan-lite-x4"),
    *("old-photo-x4", "real-photo-x4"),
)
ALPHAS = (0.0, 0.5, 0.75, 1.0)
SCALE, STEP = 4, 10
WINDOW, STRIDE = 64, 16
# The ring with which a frequency is compared, and from where on frequencies are fine, in 1/64 cycles a pixel.
INNER, OUTER, FINE = 3, 5, 16
NOSE = (320, 150, 450, 330)  # of the enlarged cat

Enlarge = Callable[[Tensor], Tensor]


def photographs(folder: Path) -> Iterator[Tensor]:
    """Every tenth photograph of BSDS500's val, cut to sides that four divides; uint8 (3, H, W)."""
    for file in sorted(folder.glob("*.jpg"))[::STEP]:
        picture = to_tensor(Image.open(file).convert("RGB"))
        height, width = (side // SCALE * SCALE for side in picture.shape[1:])
        yield picture[:, :height, :width]


def decibels(picture: Tensor) -> Tensor:
    """Mean power of the luma's windows of uint8 (3, H, W), in dB: (64, 64); never below that of rounding."""
    windows = luma(picture[None].float() / 255)[0, 0].unfold(0, WINDOW, STRIDE).unfold(1, WINDOW, STRIDE)
    hann = torch.hann_window(WINDOW)
    taper = hann[:, None] * hann
    centred = windows - windows.mean(dim=(-2, -1), keepdim=True)
    power = torch.fft.fft2(centred * taper).abs().square().mean(dim=(0, 1))
    return 10 * (power + taper.square().sum() / 12 / 255**2).log10()


def bumps(spectrum: Tensor) -> Tensor:
    """How far each frequency of (64, 64) stands above the median of the ring around it, in dB."""
    steps = [(y, x) for y in range(-OUTER, OUTER + 1) for x in range(-OUTER, OUTER + 1)]
    ring = [spectrum.roll(step, (0, 1)) for step in steps if max(map(abs, step)) >= INNER]
    return spectrum - torch.stack(ring).median(dim=0).values


def findings(spectra: Sequence[Tensor]) -> list[str]:
    """The highest bump of a mean spectrum, its period in pixels, and the highest on the network's grid."""
    height = bumps(torch.stack(list(spectra)).mean(dim=0))
    steps = torch.fft.fftfreq(WINDOW) * WINDOW
    radius = torch.hypot(steps[:, None], steps)
    fine = torch.where(radius >= FINE, height, -torch.inf)
    highest = int(fine.argmax())
    grid = height[:: WINDOW // SCALE, :: WINDOW // SCALE].flatten()[1:]
    return [
        f"{fine.flatten()[highest]:.1f}",
        f"{WINDOW / radius.flatten()[highest]:.1f}",
        f"{grid.max():.1f}",
    ]


def methods() -> Iterator[tuple[str, Enlarge]]:
    yield "bicubic", lambda low: resize_bicubic(low, SCALE)
    for name in PAIRS:
        renderer = Renderer(*load_ends(end_paths(find_pair(name))), precision="float32")
        for alpha in ALPHAS:
            yield (
                f"{name}, alpha {alpha:.2f}",
                lambda low, renderer=renderer, alpha=alpha: renderer.render(low, shares_of(alpha)),
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photographs", required=True, type=Path, help="BSDS500's val, never trained on")
    high = list(photographs(parser.parse_args().photographs))
    low, cat = [reduce_bicubic(picture, SCALE) for picture in high], open_picture(EXAMPLE_FOLDER / "cat.png")
    left, top, right, bottom = NOSE
    rows: list[list[object]] = [["the photographs themselves", *findings(list(map(decibels, high))), ""]]
    for name, enlarge in methods():
        nose = enlarge(cat.rgb)[:, top:bottom, left:right]
        on_nose, *_ = findings([decibels(nose)])
        rows.append([name, *findings([decibels(enlarge(picture)) for picture in low]), on_nose])
    save_table(
        "weave",
        "Does an enlarging pair print a weave?",
        ["picture", "highest bump (dB)", "period (px)", "on the grid (dB)", "on the cat's nose (dB)"],
        rows,
        "Ten photographs of BSDS500's val, reduced by 4 and enlarged; mean spectra of windows of 64x64. On "
        "the grid: the highest bump at the frequencies with periods of 4 and 2 pixels.",
    )


if __name__ == "__main__":
    main()
