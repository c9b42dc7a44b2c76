"""The engine against the limits of the hardware and against what other tools do; takes minutes."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.table import save_table
from benchmarks.two_processes import new_alpha
from dni.benchmarking import (
    COLUMNS,
    Row,
    alternate,
    cells_of,
    convolution_rows,
    frame_rows,
    gpu_rows,
    median_of,
    network_input,
    precisions,
    random_rrdb,
    ratio_of,
    rebuild_row,
    sample_picture,
    setting_rows,
    skipped,
    tf32,
    whole_picture_row,
)
from dni.blending.shares import Mix
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.checkpoints.builders.own_networks import as_image_network
from dni.checkpoints.networks import load_ends
from dni.device import best_device, keep_freed_memory
from dni.pictures.write import save_png
from dni.rendering.renderer import Renderer

HEIGHT, WIDTH = 120, 125


def rate_rows(pair: str, device: torch.device, rounds: int) -> Iterator[Row]:
    """The rate of a pair's network, or of the large one, in the fastest precision."""
    if pair == "RRDB":
        large, states = random_rrdb(2)
        network = as_image_network(large)
    else:
        network, states = load_ends(end_paths(find_pair(pair)))
    renderer = Renderer(network, states, device=device)
    inputs = network_input(sample_picture(HEIGHT, WIDTH), renderer)
    precision = renderer.precision
    yield from convolution_rows(network.module, inputs, name=pair, precision=precision, rounds=rounds)


def two_processes_row(
    device: torch.device, rounds: int, *, num_filters: int = 64, num_blocks: int = 23
) -> Row:
    """A new alpha of the large network to a file of pixels: published scripts against ours."""
    large, states = random_rrdb(2, num_filters=num_filters, num_blocks=num_blocks)
    renderer = Renderer(as_image_network(large), states, device=device)
    rgb = sample_picture(HEIGHT, WIDTH)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ends, picture = (folder / "a.pth", folder / "b.pth"), folder / "input.png"
        for path, state in zip(ends, states, strict=True):
            torch.save(state, path)
        save_png(picture, rgb, recipe=None)

        def ours(number: int) -> None:
            mix = Mix.of_alpha((number + 0.5) / (rounds + 1))
            save_png(folder / "ours.png", renderer.render(rgb, mix), recipe=None)

        jobs = {
            "scripts": lambda number: new_alpha(ends, (number + 0.5) / (rounds + 1), picture, folder),
            "ours": ours,
        }
        times = alternate(jobs, rounds=rounds, device=device)
    seconds = [f"{median_of(times, job) / 1000:.2f} s" for job in jobs]
    return Row(
        f"two processes / new alpha: RRDB, {WIDTH}x{HEIGHT} input",
        ratio_of(times, "scripts", "ours"),
        f"{seconds[0]} (float32) / {seconds[1]} ({renderer.precision}), both with saving a PNG",
        10,
        at_most=False,
    )


def all_gpu_rows(rounds: int) -> Iterator[Row]:
    """The large network on the GPU: bfloat16, float32 with and without TF32, and a whole picture."""
    if not torch.cuda.is_available():
        yield skipped("new alphas a second on a GPU: RRDB", "no GPU")
        return
    device = torch.device("cuda")
    for precision in precisions(device):
        for allowed in (False, True) if precision == "float32" else (False,):
            network, states = random_rrdb(2)
            large = as_image_network(network)
            with tf32(allowed):
                rows = gpu_rows(large, states, precision=precision, device=device, rounds=rounds)
            yield from (replace(row, what=row.what + " by TF32" * allowed) for row in rows)
    network, states = random_rrdb(2)
    yield whole_picture_row(Renderer(as_image_network(network), states, device=device), 2048)


def main() -> None:
    """Measure everything, print it and save it."""
    keep_freed_memory()  # as the app does
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair", default="esrgan-lite-x4", help="a pair of the catalogue, to rebuild")
    parser.add_argument("--rounds", type=int, default=40)
    arguments = parser.parse_args()
    device, rounds, few = best_device(), arguments.rounds, max(2, arguments.rounds // 4)
    rows = list(frame_rows("esrgan-lite-x4", device=device, rounds=rounds))
    rows += setting_rows(device, rounds=rounds)
    for pair in dict.fromkeys(["esrgan-lite-x4", arguments.pair, "RRDB"]):
        rows += rate_rows(pair, device, few)
    paths = end_paths(find_pair(arguments.pair))
    rows.append(rebuild_row(paths, name=arguments.pair, device=device, rounds=few))
    rows.append(two_processes_row(device, max(2, few // 3)))
    rows += all_gpu_rows(rounds)
    note = (
        f"Medians of up to {rounds} rounds in which all that is compared takes its turn. Eight ends are "
        "blends of the bundled pair at equal distances; the RRDB has 64 filters, 23 blocks, random weights."
    )
    save_table("engine", "The engine", COLUMNS, [cells_of(row) for row in rows], note)


if __name__ == "__main__":
    main()
