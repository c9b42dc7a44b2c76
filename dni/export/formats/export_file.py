"""Exports a blend to a file of another program, and does not keep it unless it gives our picture there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dni.blending.shares import Mix
from dni.checkpoints.atomic_write import check_destination, refuse_overwriting
from dni.checkpoints.files import read_metadata, read_state
from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.networks import load_network
from dni.errors import DniError
from dni.export.formats.checked_files import Exported, example_inputs, keep_if_alike, texts_of
from dni.export.formats.compare import difference, our_output
from dni.export.formats.graphs import FixedGraph
from dni.export.formats.kinds import ExportOptions, Format, Layout, require_packages
from dni.export.formats.live import export_live
from dni.export.formats.ncnn_files import ncnn_runner, write_ncnn
from dni.export.formats.onnx_files import onnx_runner, write_onnx
from dni.export.formats.pth import ONLY_HERE, is_only_ours, pth_runner, write_pth
from dni.export.networks import export_network
from dni.recipes.recipe import METADATA_KEY
from dni.recipes.recipe_files import read_recipe
from dni.rendering.control import RenderControl
from dni.temporary import temporary_folder

__all__ = ["export_file"]

ONLY_MULTIPLES = (
    "This network takes pictures whose sides are multiples of {multiple} only, and ncnn cannot pad to them: "
    "programs that cut pictures into tiles of other sizes, upscayl among them, will fail on it."
)


def export_file(
    ends: Sequence[Path],
    mix: Mix | None,
    destination: Path,
    kind: Format,
    options: ExportOptions | None = None,
    *,
    control: RenderControl | None = None,
) -> Exported:
    """Blend, convert, run the result in its own runtime beside ours, and keep it if they agree.

    Args:
        ends: The files of two or more ends, or one file of a network that is exported as it is.
        mix: How much of each; None for one file, and for a live file, whose second input says it.
        destination: A name with the format's ending; ncnn's ``.bin`` comes beside, and its recipe as
            ``.json``.
        kind: The format.
        options: Layout, precision, size and where the ends are from.
        control: Notices.

    Raises:
        DniError: The ends, mix or destination cannot be used; a package is not installed; the network cannot
            be exported, or gives another picture there.
    """
    options, control = options or ExportOptions(), control or RenderControl()
    check_destination(destination, kind.suffix)
    refuse_overwriting(ends, [destination])
    refuse_foreign_companions(destination, kind)
    require_packages(kind)
    check_options(kind, mix, len(ends), options)
    if kind is Format.ONNX_LIVE:
        return export_live(ends, destination, options)
    if mix is None:
        return export_one(ends[0], destination, kind, options, control)
    source = temporary_folder("export") / "blend.safetensors"
    try:
        write_blend(ends, mix, source, options, control)
        return export_one(source, destination, kind, options, control)
    finally:
        source.unlink(missing_ok=True)


def write_blend(
    ends: Sequence[Path], mix: Mix, destination: Path, options: ExportOptions, control: RenderControl
) -> None:
    export_network(
        ends,
        mix,
        destination,
        pair_id=options.pair_id,
        dtype=options.dtype,
        statistics=options.statistics,
        control=control,
    )


def check_options(kind: Format, mix: Mix | None, num_ends: int, options: ExportOptions) -> None:
    is_live = kind is Format.ONNX_LIVE
    if is_live and num_ends < 2:
        raise DniError("Expected two or more ends for a live file, but got one. Name them, or choose onnx.")
    if is_live and mix is not None:
        raise DniError(
            "Expected no mix for a live file, whose second input is the mix, but got one. "
            "Leave out --alpha and the like, or choose onnx."
        )
    if not is_live and (mix is None) != (num_ends == 1):
        raise DniError(
            "Expected a mix for two or more ends, and none for one network, but got "
            f"{num_ends} and {'none' if mix is None else 'one'}."
        )
    if options.size and kind is not Format.ONNX and not is_live:
        raise DniError("Expected --size with the ONNX formats only. Leave it out.")
    if options.layout and kind is not Format.PTH:
        raise DniError("Expected --layout with the format pth only. Leave it out.")
    if options.statistics and mix is None:
        raise DniError(
            "Expected --recompute-statistics with a mix only, since one network, and each end in a live "
            "file, keeps its own. Leave it out."
        )


@dataclass(frozen=True)
class OneNetwork:
    """A network on its way to a file, with our pictures to compare.

    Attributes:
        network: With the numbers as the file will hold them.
        metadata: Of the file that it comes from.
        state: Under that file's names.
        expected: (input, our output).
        options: How to export.
    """

    network: ImageNetwork
    metadata: Mapping[str, str]
    state: Mapping[str, Tensor]
    expected: Sequence[tuple[Tensor, Tensor]]
    options: ExportOptions

    @property
    def fitting(self) -> list[tuple[Tensor, Tensor]]:
        """What can be compared where nobody pads."""
        multiple = self.network.multiple_of
        return [pair for pair in self.expected if not any(side % multiple for side in pair[0].shape[2:])]

    @property
    def texts(self) -> dict[str, str]:
        return texts_of(self.network, self.metadata)

    def write_pth(self, folder: Path) -> list[Path]:
        write_pth(folder / "file.pth", self.state, self.options.layout or Layout.PARAMS, self.texts)
        return [folder / "file.pth"]

    def compare_pth(self, files: Sequence[Path]) -> int:
        expected = self.fitting if is_only_ours(self.metadata) else self.expected
        return difference(pth_runner(files[0], self.metadata), expected)

    def write_onnx(self, folder: Path) -> list[Path]:
        graph, is_fixed = FixedGraph(self.network, self.options.dtype), self.options.size is not None
        write_onnx(folder / "file.onnx", graph, self.expected[0][0], self.texts, is_fixed_size=is_fixed)
        return [folder / "file.onnx"]

    def compare_onnx(self, files: Sequence[Path]) -> int:
        return difference(onnx_runner(files[0]), self.expected)

    def write_ncnn(self, folder: Path) -> list[Path]:
        files = [folder / "file.param", folder / "file.bin"]
        write_ncnn(files[0], files[1], self.network, self.options.precision)
        return files + write_recipe(folder / "file.json", self.metadata)

    def compare_ncnn(self, files: Sequence[Path]) -> int:
        return difference(ncnn_runner(files[0], files[1]), self.fitting)


@torch.no_grad()
def export_one(
    source: Path, destination: Path, kind: Format, options: ExportOptions, control: RenderControl
) -> Exported:
    """Export the network of one file."""
    metadata, network = read_metadata(source), load_network(source)
    for tensor in network.module.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(tensor.to(options.dtype))
    expected = [(image, our_output(network, image)) for image in example_inputs(network, options)]
    state = in_precision(read_state(source), options)
    one = OneNetwork(network, metadata, state, expected, options)
    if kind is Format.PTH and is_only_ours(metadata):
        control.notify(ONLY_HERE)
    if kind is Format.NCNN and network.multiple_of > 1:
        control.notify(ONLY_MULTIPLES.format(multiple=network.multiple_of))
    write, compare = {
        Format.PTH: (one.write_pth, one.compare_pth),
        Format.ONNX: (one.write_onnx, one.compare_onnx),
        Format.NCNN: (one.write_ncnn, one.compare_ncnn),
    }[kind]
    companions = kind.companions(destination)
    return keep_if_alike(destination, write, compare, options.precision, companions=companions)


def in_precision(state: Mapping[str, Tensor], options: ExportOptions) -> dict[str, Tensor]:
    return {
        name: tensor.to(options.dtype) if tensor.is_floating_point() else tensor
        for name, tensor in state.items()
    }


def refuse_foreign_companions(destination: Path, kind: Format) -> None:
    """Raise :class:`DniError` where a place beside the network is taken by a file that no export wrote."""
    for place in kind.companions(destination):
        is_own = destination.exists() and (place.suffix != ".json" or is_recipe(place))
        if place.exists() and not is_own:
            raise DniError(
                f"Expected room beside the network for its numbers and recipe, but {place} is there already. "
                "Move it, or choose another name."
            )


def is_recipe(path: Path) -> bool:
    try:
        read_recipe(path)
    except DniError:
        return False
    return True


def write_recipe(path: Path, metadata: Mapping[str, str]) -> list[Path]:
    """The recipe in a file of its own, where there is one: ncnn's files have no place for it."""
    if METADATA_KEY not in metadata:
        return []
    path.write_text(metadata[METADATA_KEY] + "\n", encoding="utf-8")
    return [path]
