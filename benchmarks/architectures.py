"""Every architecture that spandrel loads: is it blended by the formula, and rendered as spandrel renders it?

One small seeded network for each row (:mod:`benchmarks.small_networks`), its two ends blended at 0.3:

* the live network's parameters against the formula on state dicts;
* the whole picture against spandrel's own call on that network, in 8-bit levels;
* tiles against the whole picture, unless a notice says by how much they differ.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import spandrel
import torch
from torch import Tensor

from benchmarks.architecture_rows import ROWS, Row
from benchmarks.small_networks import make_ends
from dni.blending.interpolate import interpolate
from dni.blending.shares import Mix, shares_of
from dni.checkpoints.files import save
from dni.checkpoints.networks import load_ends
from dni.errors import DniError
from dni.rendering.control import RenderControl
from dni.rendering.measuring.receptive_field import probe
from dni.rendering.renderer import Renderer
from dni.ui.errors import page_text

__all__ = ["Outcome", "check", "main"]

ALPHA = 0.3
# No multiple of any window, and several tiles.
TILED_SIZE = (173, 197)
TILE = 64
# Blends in place and on state dicts may round differently once.
TOLERANCE = 1e-5
INTRODUCTION = f"""\
Written by `python -m benchmarks.architectures`. Small networks with random weights, excited so that
differences are larger than in trained ones, their two ends blended at alpha {ALPHA}, in float32 on the CPU.
*Blend*: the live network equals the formula on state dicts. *Whole*: the most by which a picture of 101x97
differs from spandrel's own call, in levels of 255 (109x107 for SwinIR with unshuffle, as spandrel fails on
101x97; 512x512 for GFPGAN). *Tiles*: the most by which tiles of about {TILE} differ from the whole picture of
{TILED_SIZE[1]}x{TILED_SIZE[0]}; *overlap* and *grid* are what was measured for them (with an overlap of 128
each tile is the whole picture). Networks that see the whole picture get it in one piece up to 512x512, and as
far as memory allows; beyond, a notice states the difference on the picture that was measured."""
TABLE = Path(__file__).parents[1] / "docs" / "architectures.md"


@dataclass(frozen=True)
class Outcome:
    """What was measured on one row; what was not is None.

    Attributes:
        row: The architecture and its variant.
        blend: Whether the live network's parameters equal the formula.
        whole: The largest difference from spandrel's own call, in 8-bit levels.
        tiles: The largest difference of tiles from the whole picture.
        overlap, grid: Of those tiles.
        notice: The difference that the notice about tiles states.
        refusal: Why the network is not rendered.
    """

    row: Row
    blend: bool | None = None
    whole: int | None = None
    tiles: int | None = None
    overlap: int | None = None
    grid: int | None = None
    notice: float | None = None
    refusal: str = ""

    @property
    def is_right(self) -> bool:
        """Blended by the formula and rendered as spandrel does, or refused with the right reason."""
        if self.refusal:
            return self.row.architecture == "LaMa" and "inpainting" in self.refusal
        whole_right = bool(self.blend) and self.whole is not None and self.whole <= 1
        return whole_right and (self.tiles is None or self.tiles <= 1 or self.notice is not None)

    def cells(self) -> list[str]:
        """A row of the table."""
        name = [self.row.architecture, self.row.variant, "yes" if self.is_right else "**no**"]
        if self.refusal:
            return [*name, "", "", "", "", "", self.refusal]
        shown = [f"{self.whole}", *map(text_of, (self.tiles, self.overlap, self.grid))]
        seen = (
            "" if self.notice is None else f"sees the whole picture: parts differ by up to {self.notice:.2g}"
        )
        return [*name, "yes" if self.blend else "**no**", *shown, seen]


def text_of(number: int | None) -> str:
    return "" if number is None else str(number)


def check(row: Row, folder: Path, *, tiles: bool = True) -> Outcome:
    """Measure one row; ``folder`` is for its files. Without ``tiles`` only the whole picture."""
    states = make_ends(row)
    paths = [folder / "a.safetensors", folder / "b.safetensors"]
    for path, state in zip(paths, states, strict=True):
        save(path, state, {})
    try:
        network, loaded = load_ends(paths)
        renderer = Renderer(network, loaded, device=torch.device("cpu"), precision="float32")
        outcome = measure(row, renderer, states[0], interpolate(loaded, shares_of(ALPHA)))
        return measure_tiles(outcome, renderer) if tiles and not row.heavy else outcome
    except DniError as error:
        return Outcome(row, refusal=page_text(error))


def measure(row: Row, renderer: Renderer, file: dict[str, Tensor], blended: dict[str, Tensor]) -> Outcome:
    """The measures of a row that loads; ``file`` is what spandrel builds its network from."""
    mix = Mix.of_alpha(ALPHA)
    with renderer.blend.at(mix) as module:
        live = module.state_dict()
        exact = all(torch.allclose(live[name], blended[name], atol=TOLERANCE) for name in blended)
    picture = crop(row.size, grey=renderer.network.input_channels == 1)
    whole = levels_apart(renderer.render(picture, mix), by_spandrel(file, blended, picture))
    return Outcome(row, exact, whole)


def measure_tiles(outcome: Outcome, renderer: Renderer) -> Outcome:
    """The outcome with the measures of tiles."""
    mix, picture, notices = Mix.of_alpha(ALPHA), crop(TILED_SIZE), []
    tiled = renderer.render(picture, mix, tile=TILE, control=RenderControl(notice=notices.append))
    tiles, around = levels_apart(tiled, renderer.render(picture, mix)), renderer.surroundings(mix)
    stated = around.difference if notices else None
    return replace(outcome, tiles=tiles, overlap=around.overlap, grid=around.grid, notice=stated)


def crop(size: tuple[int, int], *, grey: bool = False) -> Tensor:
    """Texture: uint8 (3, height, width)."""
    height, width = size
    picture = probe(max(size))[:, :height, :width]
    return picture[:1].expand(3, -1, -1).contiguous() if grey else picture.contiguous()


@torch.inference_mode()
def by_spandrel(file: dict[str, Tensor], blended: dict[str, Tensor], picture: Tensor) -> Tensor:
    """spandrel's own call of the blended network: uint8 (C, scale * height, scale * width)."""
    descriptor = spandrel.ModelLoader().load_from_state_dict(dict(file)).eval()
    assert isinstance(descriptor, spandrel.ImageModelDescriptor), "masked networks are refused"
    descriptor.model.load_state_dict(blended)
    image = picture[None].float() / 255
    if descriptor.input_channels == 4:
        image = torch.cat((image, torch.ones_like(image[:, :1])), dim=1)
    torch.manual_seed(0)  # as our renderer does
    output = descriptor(image[:, : descriptor.input_channels])[0]
    return (output * 255).round().to(torch.uint8)[:3]


def levels_apart(one: Tensor, other: Tensor) -> int:
    return int((one.int() - other.int()).abs().max())


def save_table(outcomes: Sequence[Outcome]) -> None:
    """Write ``docs/architectures.md``; rows that were not measured now are those that it has."""
    measured = {outcome.row.name: line_of(outcome.cells()) for outcome in outcomes}
    rows = {row.name: measured.get(row.name) or earlier(row) or not_measured(row) for row in ROWS}
    lines_of_rows = list(rows.values())
    right = sum(line.split(" | ")[2] == "yes" for line in lines_of_rows)
    columns = ["architecture", "variant", "right", "blend", "whole", "tiles", "overlap", "grid", "what else"]
    lines = [
        "# Every architecture that spandrel loads",
        "",
        *INTRODUCTION.splitlines(),
        "",
        f"**{right} right of {len(lines_of_rows)}.**",
        "",
        line_of(columns),
        "|" + "---|" * len(columns),
        *lines_of_rows,
    ]
    TABLE.write_text("\n".join([*lines, ""]))


def line_of(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def earlier(row: Row) -> str:
    """The line that the table has of a row, or nothing."""
    lines = TABLE.read_text().splitlines() if TABLE.exists() else []
    return next((line for line in lines if line.startswith(f"| {row.architecture} | {row.variant} | ")), "")


def not_measured(row: Row) -> str:
    return line_of([row.architecture, row.variant, "not measured", *[""] * 6])


def chosen(names: Iterable[str]) -> list[Row]:
    wanted = list(names)
    return [row for row in ROWS if not wanted or any(name in row.name for name in wanted)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", help="only rows whose names contain one of these; the others stay as they are"
    )
    names = parser.parse_args().names
    outcomes = []
    for row in chosen(names):
        with tempfile.TemporaryDirectory() as folder:
            outcomes.append(check(row, Path(folder)))
        print(" | ".join(outcomes[-1].cells()), flush=True)
        save_table(outcomes)


if __name__ == "__main__":
    main()
