"""How far are exported networks from ours, each file run in its own runtime, on a whole photograph?"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.table import save_table
from dni.blending.shares import Mix
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.checkpoints.files import read_metadata
from dni.checkpoints.networks import load_ends
from dni.export.formats.compare import Runner, levels_of
from dni.export.formats.export_file import export_file
from dni.export.formats.kinds import ExportOptions, Format, Precision
from dni.export.formats.ncnn_files import ncnn_runner
from dni.export.formats.onnx_files import onnx_runner
from dni.export.formats.pth import pth_runner
from dni.pictures.read import open_picture
from dni.rendering.renderer import Renderer

PAIRS = ("texture-x4", "texture-x4-compact", "look-comic", "denoise")
PHOTOGRAPH = Path("dni/examples/cat.png")
# No multiple of 8, except for what cannot pad.
SIZE, MULTIPLE = (117, 155), (120, 152)
ALPHA = 0.4
COLUMNS = ("pair", "format", "numbers", "MB", "largest difference, levels", "pixels that differ, %")


def runner_of(kind: Format, files: Sequence[Path], first_end: Path) -> Runner:
    """The files in their own runtime, at the one alpha."""
    if kind is Format.PTH:
        return pth_runner(files[0], read_metadata(first_end))
    if kind is Format.NCNN:
        return ncnn_runner(files[0], files[1])
    return onnx_runner(files[0], ALPHA if kind is Format.ONNX_LIVE else None)


def rows_of(pair_id: str, kinds: Sequence[Format], folder: Path) -> Iterator[list[object]]:
    """One row a format and precision."""
    ends = end_paths(find_pair(pair_id))
    network, states = load_ends(ends)
    is_whole = network.multiple_of == 1
    renderer = Renderer(network, states, device=torch.device("cpu"), precision="float32")
    rgb = open_picture(PHOTOGRAPH).rgb
    for kind in kinds:
        height, width = SIZE if is_whole or kind in (Format.ONNX, Format.ONNX_LIVE) else MULTIPLE
        crop = rgb[:, :height, :width].contiguous()
        ours = renderer.render(crop, (1 - ALPHA, ALPHA))
        for precision in Precision:
            mix = None if kind is Format.ONNX_LIVE else Mix.of_alpha(ALPHA)
            options = ExportOptions(precision=precision, pair_id=pair_id)
            done = export_file(ends, mix, folder / f"{kind.value}{kind.suffix}", kind, options)
            output = torch.from_numpy(runner_of(kind, done.files, ends[0])((crop / 255)[None].numpy()))
            yield [pair_id, kind.value, precision.value, size_of(done.files), *compared(output[0], ours)]


def size_of(files: Sequence[Path]) -> str:
    return f"{sum(file.stat().st_size for file in files) / 1e6:.2f}"


def compared(output: Tensor, ours: Tensor) -> tuple[int, str]:
    """The largest difference, and the share of values that differ at all."""
    distance = abs(levels_of(output) - ours.numpy().astype(int))
    return int(distance.max()), f"{100 * (distance > 0).mean():.3f}"


def main() -> None:
    """Export every pair to every format, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", nargs="+", default=PAIRS)
    parser.add_argument("--formats", nargs="+", type=Format, default=list(Format))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for pair in options.pairs for row in rows_of(pair, options.formats, Path(folder))]
    packages = ", ".join(f"{name} {version(name)}" for name in ("onnx", "onnxruntime", "ncnn", "pnnx"))
    save_table(
        "exports",
        "Exported networks against ours",
        COLUMNS,
        rows,
        f"{packages}; opset 18; all on the processor. Alpha {ALPHA}; the upper left {SIZE[1]}x{SIZE[0]} "
        f"pixels of {PHOTOGRAPH.name} ({MULTIPLE[1]}x{MULTIPLE[0]} where the sides have to be multiples of "
        "8), against our renderer in float32 on the unrounded blend, rounded to 8 bits as ours is. onnx-live "
        "has the blend inside. ncnn computes in float32 here.",
    )


if __name__ == "__main__":
    main()
