"""Whole pictures from 1 to 12 megapixels: is time linear, how much memory, and what do tiles cost?

Every size runs in a process of its own, so that one's memory does not hide another's.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import torch

from benchmarks.table import median, save_table
from dni.blending.shares import Mix
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.checkpoints.networks import load_ends
from dni.device import Precision, keep_freed_memory
from dni.rendering.jobs import plan_job
from dni.rendering.renderer import Renderer

MEGAPIXELS = (1.0, 2.0, 4.0, 8.0, 12.0)
WARM_UP_SIDE = 64
# The sides of most photographs.
ASPECT = 4 / 3
MIX = Mix.of_alpha(0.5)
OURS: dict[str, str] = {}
# Any choice in the environment is left alone by dni.device; this one changes nothing.
DEFAULT_ALLOCATOR = {"MALLOC_PERTURB_": "0"}


def picture(pixels: float) -> torch.Tensor:
    """Noise with a photograph's shape: uint8 (3, H, W) with about so many pixels."""
    height = round(math.sqrt(pixels / ASPECT))
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (3, height, round(pixels / height)), generator=generator, dtype=torch.uint8)


def peak_bytes() -> int:
    """The most memory that the process has had since :func:`forget_peak`; Linux only."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def forget_peak() -> None:
    """Let the peak start at what is used now."""
    Path("/proc/self/clear_refs").write_text("5")


def seconds(renderer: Renderer, rgb: torch.Tensor, rounds: int) -> float:
    """The median time of a render."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        renderer.render(rgb, MIX)
        times.append(time.perf_counter() - started)
    return median(times)


def measure(pair_id: str, precision: Precision, megapixels: float, rounds: int) -> dict[str, float]:
    """One size, in this process: seconds, peak memory above idle, tiles, and the time without tiles."""
    network, states = load_ends(end_paths(find_pair(pair_id)))
    renderer = Renderer(network, states, precision=precision)
    rgb = picture(megapixels * 1e6 / renderer.scale**2)
    renderer.render(picture(WARM_UP_SIDE**2), MIX)
    renderer.depth  # noqa: B018 - measured once for a pair, so it counts as loading
    forget_peak()
    idle = peak_bytes()
    renderer.render(rgb, MIX)
    above_idle = peak_bytes() - idle
    # The picture and the untiled one in turns: other work on the machine slows both.
    untiled = picture(min(rgb[0].numel(), renderer.window_pixels))
    whole, one_pass = zip(
        *((seconds(renderer, rgb, 1), seconds(renderer, untiled, 1)) for _ in range(rounds)), strict=True
    )
    tiles = plan_job(renderer, rgb=rgb, mix=MIX, tile=None, bits=8).tiles
    return {
        "seconds": median(whole),
        "peak": above_idle / 1e9,
        "tiles": len(tiles),
        "computed": sum(tile.pixels for tile in tiles) / rgb[0].numel(),
        "ideal": median(one_pass) / untiled[0].numel() * rgb[0].numel(),
    }


def in_a_process(
    pair_id: str, precision: str, megapixels: float, rounds: int, *, environment: Mapping[str, str] = OURS
) -> dict[str, float]:
    """:func:`measure` in a process of its own, with these variables too."""
    words = ["--child", "--pair", pair_id, "--precision", precision]
    words += ["--megapixels", str(megapixels), "--rounds", str(rounds)]
    command = [sys.executable, "-m", "benchmarks.large", *words]
    variables = {**os.environ, **environment}
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=variables).stdout
    result: dict[str, float] = json.loads(output.splitlines()[-1])
    return result


def rows_of(pair_id: str, precision: str, sizes: list[float], rounds: int) -> list[list[str]]:
    """One row a size; the first size is what the others are compared with."""
    rows, first = [], 0.0
    for megapixels in sizes:
        result = in_a_process(pair_id, precision, megapixels, rounds)
        default = in_a_process(pair_id, precision, megapixels, rounds, environment=DEFAULT_ALLOCATOR)
        per_megapixel = result["seconds"] / megapixels
        first = first or per_megapixel
        rows.append(
            [
                pair_id,
                precision,
                f"{megapixels:g}",
                f"{result['seconds']:.2f}",
                f"{per_megapixel:.3f}",
                f"{per_megapixel / first:.3f}",
                f"{result['peak']:.2f}",
                f"{result['tiles']:.0f}",
                f"{result['seconds'] / result['tiles']:.2f}",
                f"{result['computed']:.3f}",
                f"{result['seconds'] / result['ideal']:.3f}",
                f"{default['seconds']:.2f}",
                f"{default['peak']:.2f}",
            ]
        )
    return rows


def main() -> None:
    """Measure every pair that is asked for, in the precisions that are asked for."""
    keep_freed_memory()  # as the app does
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair", action="append", help="a pair of the catalogue; may be given again")
    parser.add_argument("--precision", action="append", choices=get_args(Precision))
    parser.add_argument("--megapixels", type=float, nargs="+", default=MEGAPIXELS, help="of the output")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    pairs = options.pair or ["esrgan-lite-x4"]
    precisions = options.precision or list(get_args(Precision))
    if options.child:
        print(json.dumps(measure(pairs[0], precisions[0], options.megapixels[0], options.rounds)))
        return
    rows = [
        row
        for pair_id in pairs
        for precision in precisions
        for row in rows_of(pair_id, precision, options.megapixels, options.rounds)
    ]
    columns = ("pair", "precision", "megapixels", "s", "s a megapixel", "against the first size")
    columns += ("peak above idle, GB", "tiles", "s a tile", "computed / ideal pixels", "time / ideal time")
    columns += ("default allocator: s", "and peak, GB")
    note = (
        f"Pictures of noise, 4:3; medians of {options.rounds} rounds, each size in a process of its own. "
        "Idle is the process with the pair loaded, after a small render; the peak includes the finished "
        "picture. The ideal time is that of one untiled pass, at the largest size that fits into a tile, "
        "taken per pixel. The last columns are without dni.device."
    )
    save_table("large", "Whole pictures", columns, rows, note)


if __name__ == "__main__":
    main()
