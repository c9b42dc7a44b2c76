"""``dni sweep``: one picture along alpha, as a strip, a grid or a film."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from dni.blending.mix_paths import along, first_end, over_pad
from dni.blending.shares import Mix
from dni.checkpoints.atomic_write import refuse_overwriting
from dni.checkpoints.networks import load_ends
from dni.cli.common import Ends, PairName, choose_ends, local_ends, tile_progress
from dni.cli.rendering.mixing import Groups, Levels, MixWords, check_masked, mask_text, parse_crop
from dni.errors import DniError
from dni.export.sweeps.animation import Playback
from dni.export.sweeps.sheet import SHEET_SUFFIX
from dni.export.sweeps.sweep import Sweep, export_sweep
from dni.pictures.picture import Picture
from dni.pictures.read import open_picture
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import RenderControl
from dni.rendering.renderer import Renderer

__all__ = ["sweep"]

FILM_FRAMES = 21
STRIP_FRAMES = 5
GRID_SIDE = 4


def sweep(
    image: Annotated[Path, typer.Argument(help="A picture.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The .png, .gif, .webp or .mp4 to write.")],
    pair: PairName = None,
    ends: Ends = None,
    frames: Annotated[int | None, typer.Option(min=2, help="Frames; 21, or 5 in a .png.")] = None,
    start: Annotated[float, typer.Option("--from", help="Alpha of the first frame.")] = 0.0,
    stop: Annotated[float, typer.Option("--to", help="Alpha of the last frame.")] = 1.0,
    grid: Annotated[
        int | None, typer.Option(min=2, help="For 3 or 4 ends: frames along an edge of the grid; 4.")
    ] = None,
    group: Groups = None,
    mask: Annotated[
        Path | None, typer.Option(help="A picture: the sweep is where it is white, the first end elsewhere.")
    ] = None,
    outside_alpha: Annotated[float | None, typer.Option(help="Alpha where the mask is black.")] = None,
    outside_shares: Annotated[str | None, typer.Option(help="Shares where the mask is black.")] = None,
    levels: Levels = None,
    crop: Annotated[str | None, typer.Option(help="Only this part: LEFT,TOP,WIDTH,HEIGHT.")] = None,
    fps: Annotated[float, typer.Option(help="Frames a second of a film.")] = 10.0,
    hold: Annotated[float, typer.Option(help="Seconds to stay at either end of a film.")] = 0.5,
    there_and_back: Annotated[bool, typer.Option("--there-and-back", help="Run back to the start.")] = False,
    float32: Annotated[bool, typer.Option("--float32", help="Full precision.")] = False,
) -> None:
    """Sweep a picture from one end to the other: a strip, a film, or a grid of 3 or 4 ends."""
    chosen = choose_ends(pair, ends)
    num_ends = len(chosen.ends)
    rows = Line(start=start, stop=stop, frames=frames, grid=grid, groups=group or ()).rows(num_ends, output)
    playback = Playback(fps=fps, hold=hold, there_and_back=there_and_back)
    outside = MixWords(alpha=outside_alpha, shares=outside_shares, prefix="--outside-")
    frame = Frame(outside=outside, mask=mask, levels=levels, crop=crop)
    picture = open_opaque(image)
    wanted = Sweep(rows=rows, like=frame.request(picture, num_ends), playback=playback)
    paths = local_ends(chosen)
    refuse_overwriting([image, *paths, *([mask] if mask else [])], [output])
    renderer = Renderer(*load_ends(paths), precision="float32" if float32 else None)
    with tile_progress() as progress:
        control = RenderControl(progress=progress)
        export_sweep(picture, renderer, wanted, output, ends=paths, pair_id=pair or "", control=control)
    typer.echo(f"Wrote {output}")


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What all frames have in common, as the options say it."""

    outside: MixWords
    mask: Path | None
    levels: int | None
    crop: str | None

    def request(self, picture: Picture, num_ends: int) -> RenderRequest:
        """The request that each frame fills in with its mix; see :func:`dni.export.sweeps.sweep.swept`.

        Raises:
            DniError: Options contradict one another or cannot be read.
        """
        check_masked(self.mask, {**self.outside.given, "--levels": self.levels})
        crop = None if self.crop is None else parse_crop(self.crop)
        base = first_end(num_ends)
        if self.mask is None:
            return RenderRequest(mix=base, crop=crop)
        if self.outside.given:
            base = self.outside.mix(num_ends=num_ends, extrapolate=False)
        text = mask_text(self.mask, picture)
        return RenderRequest(mix=base, brush=base, mask=text, levels=self.levels, crop=crop)


@dataclass(frozen=True, kw_only=True)
class Line:
    """Where the sweep goes, as the options say it."""

    start: float
    stop: float
    frames: int | None
    grid: int | None
    groups: Sequence[str]

    def rows(self, num_ends: int, output: Path) -> tuple[tuple[Mix, ...], ...]:
        """The mixes: one row for two ends, else a grid.

        Raises:
            DniError: An option does not suit the number of ends, or an alpha is not from 0 to 1.
        """
        if num_ends == 2:
            if self.grid is not None:
                raise DniError("Expected 3 or 4 ends for --grid, but got 2. Use --frames.")
            default = STRIP_FRAMES if output.suffix.lower() == SHEET_SUFFIX else FILM_FRAMES
            return (along(self.mix(self.start), self.mix(self.stop), self.frames or default),)
        if self.frames is not None or (self.start, self.stop) != (0, 1):
            raise DniError(
                f"Expected two ends for --frames, --from and --to, but got {num_ends}. Use --grid."
            )
        groups = MixWords(groups=self.groups).own_groups(num_ends)
        rows = over_pad(num_ends, self.grid or GRID_SIDE)
        return tuple(tuple(Mix.of(mix.shares, groups=groups) for mix in row) for row in rows)

    def mix(self, alpha: float) -> Mix:
        return MixWords(alpha=alpha, groups=self.groups).mix(num_ends=2, extrapolate=False)


def open_opaque(path: Path) -> Picture:
    """A picture, after saying what is to be known of it."""
    picture = open_picture(path)
    for notice in picture.notices + (() if picture.opacity is None else ("Its transparency is left out.",)):
        tqdm.write(f"{path.name}: {notice}", file=sys.stderr)
    return picture
