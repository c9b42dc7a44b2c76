"""Exports all ends of a blend to one ONNX file with the blend inside: a slider for other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from dni.blending.interpolate import interpolate
from dni.blending.shares import Mix
from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.networks import load_ends
from dni.checkpoints.probe import set_in_place
from dni.export.formats.checked_files import Exported, example_inputs, keep_if_alike, texts_of
from dni.export.formats.compare import difference, our_output
from dni.export.formats.graphs import LiveGraph
from dni.export.formats.kinds import ExportOptions
from dni.export.formats.onnx_files import onnx_runner, write_onnx

__all__ = ["export_live"]

ALPHAS = (0.0, 0.3, 1.0)


@torch.no_grad()
def export_live(ends: Sequence[Path], destination: Path, options: ExportOptions) -> Exported:
    """Write the ends and their blend, compared with ours at the ends and between them.

    Raises:
        DniError: See :func:`dni.export.formats.export_file.export_file`.
    """
    network, states = load_ends(ends)
    kept = [rounded(state, options.dtype) for state in states]
    images = example_inputs(network, options)
    mixes = mixes_to_compare(len(ends))
    expected = [list(zip(images, outputs_at(mix, network, kept, images), strict=True)) for mix in mixes]
    set_in_place(network.module, kept[0])
    texts = texts_of(network, {}) | {"ends": ", ".join(path.name for path in ends)}

    def write(folder: Path) -> list[Path]:
        graph = LiveGraph(network, kept, options.dtype)
        write_onnx(folder / "file.onnx", graph, images[0], texts, is_fixed_size=options.size is not None)
        return [folder / "file.onnx"]

    def compare(files: list[Path]) -> int:
        inputs = [mix.shares if mix.alpha is None else mix.alpha for mix in mixes]
        runners = [onnx_runner(files[0], wanted) for wanted in inputs]
        return max(difference(run, each) for run, each in zip(runners, expected, strict=True))

    return keep_if_alike(destination, write, compare, options.precision)


def mixes_to_compare(num_ends: int) -> list[Mix]:
    """The first and the last end, and one between all of them."""
    if num_ends == 2:
        return [Mix.of_alpha(alpha) for alpha in ALPHAS]
    between = [float(number) for number in range(1, num_ends + 1)]
    corners = [[float(end == number) for end in range(num_ends)] for number in (0, num_ends - 1)]
    return [Mix.of(corner) for corner in corners] + [Mix.of(share / sum(between) for share in between)]


def outputs_at(
    mix: Mix, network: ImageNetwork, states: Sequence[Mapping[str, Tensor]], images: Sequence[Tensor]
) -> list[Tensor]:
    """Our pictures of a blend."""
    set_in_place(network.module, interpolate(states, mix, execution_order=network.execution_order))
    return [our_output(network, image) for image in images]


def rounded(state: Mapping[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """What the file will hold, in float32."""
    return {
        name: tensor.to(dtype).float() if tensor.is_floating_point() else tensor
        for name, tensor in state.items()
    }
