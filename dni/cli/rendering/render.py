"""``dni render``: a picture, or a folder of pictures, through a blend."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from dni.checkpoints.networks import load_ends
from dni.cli.common import Alpha, Ends, Extrapolate, PairName, Shares, tile_progress
from dni.cli.rendering.mixing import (
    Density,
    Groups,
    Levels,
    Method,
    MixWords,
    Repair,
    Scales,
    Seed,
    method_of,
)
from dni.cli.rendering.render_folder import plan_folder, refuse_overwriting
from dni.cli.rendering.render_job import Job, RenderWords, job_of_recipe, job_of_words
from dni.errors import DniError
from dni.export.pictures import export_recipe
from dni.pictures.codecs.formats import WRITTEN_FORMATS, format_of
from dni.pictures.codecs.metadata import read_exif
from dni.pictures.read import open_picture
from dni.pictures.write import LOSSY_FORMATS, FileOptions, check_file_options
from dni.rendering.batch_norms import INTERPOLATED, has_batch_norms
from dni.rendering.control import Progress, RenderControl
from dni.rendering.renderer import Renderer

__all__ = ["render"]

RenderFile = Callable[[Path, Path, "Progress | None"], None]
# The ending of each format's files in a folder of results.
SUFFIXES = {kind: suffix for suffix, kind in reversed(WRITTEN_FORMATS.items())}


class Format(str, Enum):
    """The kinds of files that can be written."""

    png = "png"
    jpeg = "jpeg"
    webp = "webp"
    tiff = "tiff"


def render(
    image: Annotated[Path, typer.Argument(help="A picture, or a folder of pictures.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file, or the folder, to write.")],
    pair: PairName = None,
    ends: Ends = None,
    recipe: Annotated[
        Path | None,
        typer.Option(help="Do the same again: a .json, or a picture or .safetensors that dni wrote."),
    ] = None,
    alpha: Alpha = None,
    shares: Shares = None,
    scales: Scales = None,
    group: Groups = None,
    method: Method = None,
    density: Density = None,
    seed: Seed = None,
    repair: Repair = False,
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
    deep: Annotated[
        bool,
        typer.Option("--16-bit", help="Read and write 16 bits per channel (PNG, TIFF), in full precision."),
    ] = False,
    file_format: Annotated[
        Format | None, typer.Option("--format", help="Of a folder's results; of a file, its ending says it.")
    ] = None,
    quality: Annotated[
        int | None, typer.Option(min=1, max=100, help="Of JPEG and WebP; 95 by default.")
    ] = None,
    keep_metadata: Annotated[
        bool, typer.Option("--keep-metadata", help="Carry EXIF data over, and say that colours are sRGB.")
    ] = False,
    recursive: Annotated[bool, typer.Option("--recursive", help="Subfolders too.")] = False,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave out what has a result already.")
    ] = False,
) -> None:
    """Render a picture, or every picture of a folder, through the blended network."""
    words = RenderWords(
        pair=pair,
        ends=ends or (),
        mix=MixWords(
            alpha=alpha,
            shares=shares,
            scales=scales,
            groups=group or (),
            repair=repair,
            method=method_of(method, density, seed),
        ),
        brush=MixWords(alpha=brush_alpha, shares=brush_shares, groups=brush_group or (), prefix="--brush-"),
        mask=mask,
        levels=levels,
        crop=crop,
        float32=float32,
        tile=tile,
        extrapolate=extrapolate,
        recompute_statistics=recompute_statistics,
        bits=16 if deep else 8,
    )
    job = job_of_words(words) if recipe is None else job_of_recipe(recipe, words)
    results = results_of(image, output, file_format, recursive=recursive)
    refuse_overwriting([image, *job.paths, *filter(None, (mask, recipe))], results.values())
    check_file(next(iter(results.values())), quality=quality, bits=job.bits)
    waiting = {source: path for source, path in results.items() if not (skip_existing and path.exists())}
    if skipped := len(results) - len(waiting):
        typer.echo(f"Skipped {skipped} that had a result already.", err=True)
    if image.is_dir():
        make_folder(output)
    if waiting:
        render_file = prepare(job, quality=quality, keep_metadata=keep_metadata)
        render_folder(waiting, output, render_file) if image.is_dir() else render_one(waiting, render_file)


def results_of(
    image: Path, output: Path, file_format: Format | None, *, recursive: bool
) -> Mapping[Path, Path]:
    """A destination for each picture; says what else a folder has and why that is skipped."""
    if not image.is_dir():
        expect_format(output, file_format)
        return {image: output}
    suffix = SUFFIXES[file_format.value.upper() if file_format else "PNG"]
    plan = plan_folder(image, output, recursive=recursive, suffix=suffix)
    for notice in plan.notices:
        typer.echo(notice, err=True)
    return plan.results


def expect_format(output: Path, file_format: Format | None) -> None:
    if file_format is not None and format_of(output) != file_format.value.upper():
        raise DniError(
            f"Expected a name for {file_format.value}, but got {output.name}: change one of the two, or "
            "leave --format out."
        )


def check_file(output: Path, *, quality: int | None, bits: int) -> None:
    """Whether this kind of file can be written as the options say."""
    check_file_options(output, width=1, height=1, bits=bits, recipe="")
    if quality is not None and format_of(output) not in LOSSY_FORMATS:
        raise DniError(
            f"Expected --quality with JPEG or WebP only, but {output.name} is lossless: leave it out."
        )


def prepare(job: Job, *, quality: int | None, keep_metadata: bool) -> RenderFile:
    """Load the ends; gives what renders one file."""
    network, states = load_ends(job.paths)
    renderer = Renderer(network, states, precision=job.precision)
    for mix in job.mixes:
        with renderer.blend.at(mix):
            pass  # a group that the network does not have is an error here, and not in every picture
    if any(mix.repair and not mix.is_end for mix in job.mixes):
        tqdm.write(renderer.repairer.summary, file=sys.stderr)
    is_blend = not all(mix.is_end for mix in job.mixes)
    if is_blend and not job.recompute_statistics and has_batch_norms(network.module):
        tqdm.write(INTERPOLATED, file=sys.stderr)

    def render_file(source: Path, destination: Path, progress: Progress | None) -> None:
        def say(notice: str) -> None:
            tqdm.write(f"{source.name}: {notice}", file=sys.stderr)

        picture = open_picture(source, bits=job.bits)
        for notice in picture.notices:
            say(notice)
        options = FileOptions() if quality is None else FileOptions(quality=quality)
        if keep_metadata:
            exif = read_exif(source)
            if exif is None:
                say("Its EXIF data is damaged, so it was not carried over.")
            options = replace(options, exif=exif or {})
        if picture.opacity is not None and format_of(destination) == "JPEG":
            say("JPEG has no opacity: it was laid over white.")
        recipe = job.recipe_for(picture, renderer)
        control = RenderControl(progress=progress, notice=say)
        export_recipe(picture, renderer, recipe, destination, options=options, control=control)

    return render_file


def render_one(results: Mapping[Path, Path], render_file: RenderFile) -> None:
    for source, destination in results.items():
        with tile_progress() as progress:
            render_file(source, destination, progress)
        typer.echo(f"Wrote {destination}")


def render_folder(results: Mapping[Path, Path], output: Path, render_file: RenderFile) -> None:
    """Render every picture of a folder; those that fail are named at the end, and the others are done."""
    failures = []
    for source, destination in tqdm(results.items(), unit="picture"):
        try:
            make_folder(destination.parent)
            render_file(source, destination, None)
        except DniError as error:
            failures.append(f"{source}: {error}")
    if failures:
        raise DniError(f"{len(failures)} of {len(results)} pictures failed:\n" + "\n".join(failures))
    typer.echo(f"Wrote {len(results)} pictures to {output}")


def make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DniError(
            f"Expected a folder to write to, but {folder} cannot be made ({error.strerror}). Choose another."
        ) from error
