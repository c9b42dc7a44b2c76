"""The job of ``dni render``, from its options or from a recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dni.blending.shares import Mix
from dni.catalog.catalog_file import load_catalog
from dni.catalog.download import tqdm_progress
from dni.cli.common import choose_ends, local_ends
from dni.cli.rendering.mixing import check_masked, mask_text, parse_crop
from dni.cli.rendering.render_words import RenderWords
from dni.device import Precision
from dni.errors import DniError
from dni.export.pictures import recipe_of
from dni.export.sweeps.sweep import label
from dni.pictures.picture import Picture
from dni.recipes.recipe import Recipe
from dni.recipes.recipe_files import read_recipe, resolve_ends
from dni.recipes.render_request import RenderRequest
from dni.rendering.jobs import Bits
from dni.rendering.renderer import Renderer
from dni.version import __version__

__all__ = ["Job", "jobs_of", "number_text"]


@dataclass(frozen=True)
class Job:
    """What to load, and the recipe for every picture.

    Attributes:
        label: What to write under its results in a contact sheet.
    """

    paths: list[Path]
    precision: Precision | None
    mixes: tuple[Mix, ...]
    recompute_statistics: bool
    bits: Bits
    recipe_for: Callable[[Picture, Renderer], Recipe]
    label: str


def jobs_of(words: RenderWords) -> list[Job]:
    """What is to be rendered: of a recipe one job, else one for each alpha, on the same ends.

    Raises:
        DniError: See :func:`job_of_recipe` and :func:`jobs_of_words`.
    """
    return jobs_of_words(words) if words.recipe is None else [job_of_recipe(words.recipe, words)]


def job_of_recipe(path: Path, words: RenderWords) -> Job:
    """Everything as the recipe in a file says; ``--ends`` may say where its ends are.

    Raises:
        DniError: There is no recipe, its ends cannot be found, or other options were given too.
    """
    others = [name for name, value in words.decisions.items() if value is not None]
    if others:
        raise DniError(
            "Expected --recipe alone or with --ends, since it decides everything else, but got also "
            f"{', '.join(others)}. Leave that out."
        )
    recipe = read_recipe(path)
    paths = resolve_ends(recipe, catalog=load_catalog(), files=words.ends or (), progress=tqdm_progress)
    mixes = (recipe.mix,) if recipe.request.brush is None else (recipe.mix, recipe.request.brush)

    def recipe_for(picture: Picture, renderer: Renderer) -> Recipe:
        return replace(recipe, precision=renderer.precision, version=__version__)

    request = recipe.request
    return Job(
        paths=paths,
        precision=recipe.precision,
        mixes=mixes,
        recompute_statistics=request.recompute_statistics,
        bits=request.bits,
        recipe_for=recipe_for,
        label=label_of(mixes[-1], mixes[-1].alpha),
    )


def jobs_of_words(words: RenderWords) -> list[Job]:
    """Everything as the options say: one job, or one for each alpha, on the same ends.

    Raises:
        DniError: Options are missing, contradict one another or cannot be read.
    """
    mixes, mask = words.mixes, words.mask
    chosen = choose_ends(words.pair, words.ends)
    num_ends = len(chosen.ends)
    request = RenderRequest(
        mix=mixes[0].mix(num_ends=num_ends, extrapolate=words.extrapolate),
        crop=None if words.crop is None else parse_crop(words.crop),
        tile=words.tile,
        recompute_statistics=words.recompute_statistics,
        bits=words.bits,
    )
    requests = [
        replace(request, mix=mix.mix(num_ends=num_ends, extrapolate=words.extrapolate)) for mix in mixes
    ]
    labels = [label_of(own.mix, mix.alpha) for own, mix in zip(requests, mixes, strict=True)]
    check_masked(mask, {**words.brush.given, "--levels": words.levels})
    brush = None
    if mask is not None:
        brush = words.brush.mix(num_ends=num_ends, extrapolate=words.extrapolate)
        brush = replace(brush, repair=request.mix.repair, method=request.mix.method)
    paths = local_ends(chosen)
    return [
        job_of_request(words, own, brush, paths, shown) for own, shown in zip(requests, labels, strict=True)
    ]


def job_of_request(
    words: RenderWords, request: RenderRequest, brush: Mix | None, paths: list[Path], shown: str
) -> Job:
    mask = words.mask

    def recipe_for(picture: Picture, renderer: Renderer) -> Recipe:
        own = request
        if mask is not None:
            own = replace(request, mask=mask_text(mask, picture), brush=brush, levels=words.levels)
        return recipe_of(renderer, own, ends=paths, pair_id=words.pair or "")

    precision: Precision | None = "float32" if words.float32 or words.bits == 16 else None
    return Job(
        paths=paths,
        precision=precision,
        mixes=(request.mix,) if brush is None else (request.mix, brush),
        recompute_statistics=words.recompute_statistics,
        bits=words.bits,
        recipe_for=recipe_for,
        label=shown,
    )


def label_of(mix: Mix, alpha: float | None) -> str:
    """What tells results of one picture apart; ``alpha`` is the one that was asked for, if it was."""
    return label(mix) if alpha is None else f"alpha {number_text(alpha)}"


def number_text(number: float) -> str:
    """The shortest text for a number, which no other number has: "0", "0.5", "1"."""
    return repr(float(number) + 0.0).removesuffix(".0")  # of two zeros, one
