"""What a frame costs next to the bare forward pass of the same network, measured in alternation."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch

from benchmarks.table import median, save_table
from dni.blending.interpolate import shares_of
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.checkpoints.networks import load_ends
from dni.device import DTYPES, Precision, keep_freed_memory
from dni.pictures.write import encode_jpeg
from dni.rendering.renderer import Renderer

HEIGHT, WIDTH = 120, 125


def timed(job: Callable[..., object], *arguments: object) -> float:
    """Milliseconds that one call takes, until a GPU is through with it."""
    started = time.perf_counter()
    job(*arguments)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return (time.perf_counter() - started) * 1000


@torch.inference_mode()
def measure(pair_id: str, precision: Precision, rounds: int) -> list[str]:
    """One row: bare forward pass, frame, frame as JPEG, setting alpha; medians in ms, and the ratio."""
    network, states = load_ends(end_paths(find_pair(pair_id)))
    renderer = Renderer(network, states, precision=precision)
    rgb = torch.randint(0, 256, (3, HEIGHT, WIDTH), dtype=torch.uint8)
    inputs = rgb[None].to(renderer.device, DTYPES[precision]).div(255)
    inputs = inputs.contiguous(memory_format=torch.channels_last)
    alphas = [(index + 0.5) / rounds for index in range(rounds)]

    def set_alpha(alpha: float) -> None:
        with renderer.blend.at_alpha(alpha):
            pass

    times: dict[str, list[float]] = {"bare": [], "frame": [], "jpeg": [], "alpha": []}
    for alpha in [0.1, *alphas]:  # the first round warms up and is dropped
        times["bare"].append(timed(renderer.network.module, inputs))
        times["frame"].append(timed(renderer.render, rgb, shares_of(alpha)))
        times["jpeg"].append(timed(encode_jpeg, renderer.render(rgb, shares_of(alpha))))
        times["alpha"].append(timed(set_alpha, 1 - alpha))
    bare, frame, jpeg, alpha_ms = (median(values[1:]) for values in times.values())
    return [
        pair_id,
        precision,
        f"{bare:.1f}",
        f"{frame:.1f}",
        f"{frame / bare:.3f}",
        f"{alpha_ms:.2f}",
        f"{jpeg:.1f}",
    ]


def main() -> None:
    """Measure every pair that is asked for in both precisions."""
    keep_freed_memory()  # as the app does
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair", action="append", help="a pair of the catalogue; may be given again")
    parser.add_argument("--rounds", type=int, default=40)
    arguments = parser.parse_args()
    rows = [
        measure(pair_id, precision, arguments.rounds)
        for pair_id in arguments.pair or ["esrgan-lite-x4"]
        for precision in DTYPES
    ]
    columns = (
        "pair",
        "precision",
        "bare forward, ms",
        "frame, ms",
        "frame / bare",
        "setting alpha, ms",
        "JPEG, ms",
    )
    note = (
        f"{WIDTH}x{HEIGHT} input, {arguments.rounds} rounds in alternation, medians. A frame is: set a new "
        "alpha, uint8 picture in, network, uint8 picture out."
    )
    save_table("frame", "A frame against the bare network", columns, rows, note)


if __name__ == "__main__":
    main()
