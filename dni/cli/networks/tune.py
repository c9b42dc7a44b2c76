"""``dni tune``: learns how much of every end each group of layers gets, for a goal on given pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from torch import Tensor

from dni.blending.shares import Mix
from dni.checkpoints.atomic_write import atomic_write, check_destination
from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.networks import load_ends
from dni.cli.common import (
    Alpha,
    Ends,
    PairName,
    Shares,
    choose_ends,
    local_ends,
    tile_progress,
    with_option_groups,
)
from dni.cli.rendering.mixing import Groups, MixWords
from dni.errors import DniError
from dni.pictures.codecs.formats import PICTURE_SUFFIXES
from dni.pictures.read import open_picture
from dni.recipes.recipe import Recipe
from dni.recipes.recipe_files import hashed_ends
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import RenderControl
from dni.tradeoff.tuning.crops import crops_for
from dni.tradeoff.tuning.goals import make_goal
from dni.tradeoff.tuning.learn import MOST_BEYOND, TuneConfig, Tuned, learn_mix, preset
from dni.version import __version__

__all__ = ["tune"]


class GoalWord(str, Enum):
    """What ``--goal`` may be."""

    perceptual = "perceptual"
    reference = "reference"
    noise = "noise"


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """What ``dni tune`` searches for, and how."""

    goal: Annotated[
        GoalWord,
        typer.Option(
            help="perceptual: nearer in structure and texture, at equal PSNR; reference: to --reference; "
            "noise: least."
        ),
    ] = GoalWord.perceptual
    reference: Annotated[Path | None, typer.Option(help="What the result should look like.")] = None
    fix: Annotated[
        list[str] | None, typer.Option(help="A group of layers that keeps its shares; may be given again.")
    ] = None
    beyond: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=MOST_BEYOND,
            help="How far shares may lie below 0 and above 1: by default 1, and 0 for the goal noise.",
        ),
    ] = None
    steps: Annotated[int, typer.Option(min=1, help="Of Adam.")] = TuneConfig.steps
    crops: Annotated[int, typer.Option(min=1, max=1000, help="Parts of the pictures to learn on.")] = 40
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1)] = 0

    @property
    def config(self) -> TuneConfig:
        """How to learn: the goal's own way, but for what was said."""
        config = replace(
            preset(self.goal.value), steps=self.steps, seed=self.seed, fixed=tuple(self.fix or ())
        )
        return config if self.beyond is None else replace(config, beyond=self.beyond)

    def learning_crops(self, image: Path, network: ImageNetwork) -> tuple[Tensor, Tensor]:
        """What is learned on; see :func:`dni.tradeoff.tuning.crops.crops_for`."""
        wanted = None if self.reference is None else open_picture(self.reference).rgb
        pictures = read_pictures(image)
        return crops_for(self.goal.value, pictures, wanted, network, count=self.crops, seed=self.seed)


@with_option_groups
def tune(
    image: Annotated[Path, typer.Argument(help="A picture, or a folder of photographs.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The recipe to write, a .json file.")],
    *,
    pair: PairName = None,
    ends: Ends = None,
    alpha: Alpha = None,
    shares: Shares = None,
    group: Groups = None,
    search: SearchOptions,
) -> None:
    """Learn the shares of every group of layers, starting from a plain mix; writes a recipe."""
    check_destination(output, ".json")
    chosen = choose_ends(pair, ends)
    words = MixWords(alpha=alpha, shares=shares, groups=group or ())
    start = words.mix(num_ends=len(chosen.ends), extrapolate=False)
    paths = local_ends(chosen)
    network, states = load_ends(paths)
    parts = search.learning_crops(image, network)
    goal = make_goal(search.goal.value, seed=search.seed)
    with tile_progress() as progress:
        control = RenderControl(progress=progress)
        tuned = learn_mix(network, states, start, goal, parts, config=search.config, control=control)
    write_recipe(output, tuned, paths, pair_id=pair or "", scale=network.scale)
    typer.echo(to_text(tuned, start))
    typer.echo(f"Wrote {output}")


def write_recipe(output: Path, tuned: Tuned, paths: Sequence[Path], *, pair_id: str, scale: int) -> None:
    """Write the recipe of the mix that was found, or nothing."""
    recipe = Recipe(
        pair=pair_id,
        ends=hashed_ends(paths),
        request=RenderRequest(mix=tuned.mix),
        precision="float32",
        scale=scale,
        version=__version__,
    )
    with atomic_write(output) as partial:
        partial.write_text(recipe.to_json(), encoding="utf-8")


def read_pictures(path: Path) -> list[Tensor]:
    """uint8 (3, H, W) of a picture, or of every photograph of a folder."""
    if not path.is_dir():
        return [open_picture(path).rgb]
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURE_SUFFIXES)
    pictures: list[Tensor] = []
    for file in files:
        try:
            pictures.append(open_picture(file).rgb)
        except DniError as error:
            typer.echo(f"{file.name} is left out: {error}", err=True)
    if not pictures:
        raise DniError(
            f"Expected pictures in {path}, but found none that can be read. Choose another folder."
        )
    return pictures


def to_text(tuned: Tuned, start: Mix) -> str:
    """The shares that were found, one line a group, beside those of the start."""
    lines = [f"{'layers':<16}{'was':>24}{'is':>24}"]
    for name, own in tuned.mix.groups:
        was, now = (" ".join(f"{share:.3f}" for share in part[1:]) for part in (start.shares_in(name), own))
        lines.append(f"{name:<16}{was:>24}{now:>24}")
    lines.append(f"The goal, of 1 for the plain mix: {1 + tuned.change:.4f} over all crops.")
    if tuned.position == 0:
        lines.append("Nothing better was found: this is the plain mix.")
    elif tuned.position < 1:
        lines.append(f"Shortened to {tuned.position:.1f} of what was learned, to keep the PSNR.")
    return "\n".join(lines)
