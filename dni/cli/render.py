"""``dni render``: a picture, or a folder of pictures, through a blend."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from dni.checkpoints.networks import load_ends
from dni.cli.common import Alpha, Ends, Extrapolate, PairName, Shares, tile_progress
from dni.cli.mixing import Groups, Levels, MixWords, Scales
from dni.cli.render_job import Job, RenderWords, job_of_recipe, job_of_words
from dni.errors import DniError
from dni.export.pictures import export_recipe
from dni.pictures.read import open_picture
from dni.rendering.batch_norms import INTERPOLATED, has_batch_norms
from dni.rendering.control import Progress, RenderControl
from dni.rendering.renderer import Renderer

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
    recipe: Annotated[
        Path | None,
        typer.Option(help="Do the same again: a .json, or a .png or .safetensors that dni wrote."),
    ] = None,
    alpha: Alpha = None,
    shares: Shares = None,
    scales: Scales = None,
    group: Groups = None,
    mask: Annotated[
        Path | None, typer.Option(help="A picture: where it is white, the brush applies.")
    ] = None,
    brush_alpha: Annotated[float | None, typer.Option(help="As --alpha, where the mask is white.")] = None,
    brush_shares: Annotated[str | None, typer.Option(help="As --shares, where the mask is white.")] = None,
    brush_group: Annotated[
        list[str] | None, typer.Option(help="As --group, where the mask is white.")
    ] = None,
    levels: Levels = None,
    crop: Annotated[str | None, typer.Option(help="Only this part: LEFT,TOP,WIDTH,HEIGHT.")] = None,
    float32: Annotated[bool, typer.Option("--float32", help="Full precision.")] = False,
    tile: Annotated[int | None, typer.Option(min=16, help="Side of a tile in input pixels.")] = None,
    extrapolate: Extrapolate = False,
    recompute_statistics: Annotated[
        bool, typer.Option("--recompute-statistics", help="Measure batch norms' statistics on the picture.")
    ] = False,
) -> None:
    """Render a picture, or every picture of a folder, through the blended network."""
    words = RenderWords(
        pair=pair,
        ends=ends or (),
        mix=MixWords(alpha=alpha, shares=shares, scales=scales, groups=group or ()),
        brush=MixWords(alpha=brush_alpha, shares=brush_shares, groups=brush_group or (), prefix="--brush-"),
        mask=mask,
        levels=levels,
        crop=crop,
        float32=float32,
        tile=tile,
        extrapolate=extrapolate,
        recompute_statistics=recompute_statistics,
    )
    run_job(job_of_words(words) if recipe is None else job_of_recipe(recipe, words), image, output)


def run_job(job: Job, image: Path, output: Path) -> None:
    """Load the ends, and render one picture or a folder of them."""
    network, states = load_ends(job.paths)
    renderer = Renderer(network, states, precision=job.precision)
    for mix in job.mixes:
        with renderer.blend.at(mix):
            pass  # a group that the network does not have is an error here, and not in every picture
    is_blend = not all(mix.is_end for mix in job.mixes)
    if is_blend and not job.recompute_statistics and has_batch_norms(network.module):
        tqdm.write(INTERPOLATED, file=sys.stderr)

    def render_file(source: Path, destination: Path, progress: Progress | None) -> None:
        def say(notice: str) -> None:
            tqdm.write(f"{source.name}: {notice}", file=sys.stderr)

        picture = open_picture(source)
        for notice in picture.notices:
            say(notice)
        recipe = job.recipe_for(picture, renderer)
        control = RenderControl(progress=progress, notice=say)
        export_recipe(picture, renderer, recipe, destination, control=control)

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
