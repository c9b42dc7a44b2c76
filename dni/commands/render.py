"""``dni render``: a picture, or a folder of pictures, through a blend."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from dni.commands.common import (
    Alpha,
    Ends,
    Extrapolate,
    PairName,
    Shares,
    choose_ends,
    choose_shares,
    local_ends,
    tile_progress,
)
from dni.errors import DniError
from dni.export import export_picture
from dni.images import open_picture
from dni.networks import load_ends
from dni.render import DEFAULT_TILE, Progress, Renderer

__all__ = ["render"]

PICTURE_SUFFIXES = {
    ".avif", ".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp",
}  # fmt: skip

RenderFile = Callable[[Path, Path, "Progress | None"], None]


def render(
    image: Annotated[Path, typer.Argument(help="A picture, or a folder of pictures.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The .png file, or the folder, to write.")],
    pair: PairName = None,
    ends: Ends = None,
    alpha: Alpha = None,
    shares: Shares = None,
    float32: Annotated[bool, typer.Option("--float32", help="Full precision.")] = False,
    tile: Annotated[int, typer.Option(min=16, help="Side of a tile in input pixels.")] = DEFAULT_TILE,
    extrapolate: Extrapolate = False,
) -> None:
    """Render a picture, or every picture of a folder, through the blended network."""
    chosen = choose_ends(pair, ends)
    wanted = choose_shares(alpha, shares, num_ends=len(chosen.ends), extrapolate=extrapolate)
    paths = local_ends(chosen)
    network, states = load_ends(paths)
    renderer = Renderer(network, states, precision="float32" if float32 else None)

    def render_file(source: Path, destination: Path, progress: Progress | None) -> None:
        picture = open_picture(source)
        for notice in picture.notices:
            tqdm.write(f"{source.name}: {notice}", file=sys.stderr)
        export_picture(
            picture,
            renderer,
            wanted,
            destination,
            ends=paths,
            pair_id=pair or "",
            extrapolate=extrapolate,
            tile=tile,
            progress=progress,
        )

    if image.is_dir():
        render_folder(image, output, render_file)
        return
    with tile_progress() as progress:
        render_file(image, output, progress)
    typer.echo(f"Wrote {output}")


def render_folder(folder: Path, output: Path, render_file: RenderFile) -> None:
    """Render every picture of a folder; those that fail are named at the end, and the others are done."""
    sources = sorted(file for file in folder.iterdir() if file.suffix.lower() in PICTURE_SUFFIXES)
    if not sources:
        raise DniError(f"Expected pictures in the folder {folder}, but found none.")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DniError(
            f"Expected a folder to write to, but {output} cannot be made ({error.strerror}). Choose another."
        ) from error
    failures = []
    for source in tqdm(sources, unit="picture"):
        try:
            render_file(source, output / f"{source.name}.png", None)
        except DniError as error:
            failures.append(f"{source}: {error}")
    if failures:
        raise DniError(f"{len(failures)} of {len(sources)} pictures failed:\n" + "\n".join(failures))
    typer.echo(f"Wrote {len(sources)} pictures to {output}")
