"""Options that describe a render request, and the request that they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dni.blending.interpolate import BlendError
from dni.blending.methods.merge_method import METHOD_NAMES, MergeMethod
from dni.blending.shares import Mix, shares_of, task_shares
from dni.catalog.pairs import Pair
from dni.cli.common import Alpha, EndFiles, PairName, Shares, choose_ends
from dni.errors import DniError, shown
from dni.masks.files import encode_mask, load_mask
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle

__all__ = [
    "BlendOptions",
    "Density",
    "Groups",
    "Levels",
    "Method",
    "MixWords",
    "Repair",
    "Scales",
    "Seed",
    "Statistics",
    "check_masked",
    "mask_text",
    "method_of",
    "parse_crop",
]

Scales = Annotated[
    str | None,
    typer.Option(help="Task arithmetic: how much of every end's change from the first end, the ancestor."),
]
Groups = Annotated[
    list[str] | None,
    typer.Option("--group", help="Other shares for a group of layers, as 'trunk 1=0.8'; may be given again."),
]

Repair = Annotated[
    bool,
    typer.Option(
        "--repair", help="Bring the blend's activations back to those of its ends, where that helps."
    ),
]
Method = Annotated[
    str | None,
    typer.Option(help=f"Merge method instead of the straight line: {', '.join(METHOD_NAMES)}."),
]
Density = Annotated[
    float | None,
    typer.Option(help="Of ties, dare and dare-ties: how much of each change is kept, above 0 to 1."),
]
Seed = Annotated[int | None, typer.Option(help="Of dare and dare-ties: of what is dropped.")]
Statistics = Annotated[
    list[Path] | None,
    typer.Option(help="A picture to measure batch norms' statistics on; may be given again."),
]
Levels = Annotated[int | None, typer.Option(help="Most steps between black and white of a mask, 1 to 255.")]


@dataclass(frozen=True, kw_only=True)
class MixWords:
    """What was said about one mix.

    Args:
        alpha: Share of the second of two ends.
        shares: One share an end, with commas.
        scales: One scale for every end but the first, with commas.
        groups: For groups of layers: NAME=ALPHA, or NAME=SHARES with commas.
        repair: Whether the blend is repaired.
        method: The merge method, if any.
        prefix: What the options' names start with.
    """

    alpha: float | None = None
    shares: str | None = None
    scales: str | None = None
    groups: Sequence[str] = ()
    repair: bool = False
    method: MergeMethod | None = None
    prefix: str = "--"

    @property
    def given(self) -> dict[str, object]:
        """What was said, by the options' names."""
        words = {
            "alpha": self.alpha,
            "shares": self.shares,
            "scales": self.scales,
            "group": self.groups or None,
            "repair": self.repair or None,
            "method": self.method,
        }
        return {self.prefix + name: value for name, value in words.items() if value is not None}

    def mix(self, *, num_ends: int, extrapolate: bool) -> Mix:
        """The mix that is meant, checked before anything is downloaded or loaded.

        Raises:
            DniError: Not exactly one of alpha, shares and scales was given, or not for this number of ends.
        """
        groups = self.own_groups(num_ends)
        return Mix.of(
            self.own_shares(num_ends),
            groups=groups,
            extrapolate=extrapolate,
            repair=self.repair,
            method=self.method,
        )

    def own_groups(self, num_ends: int) -> dict[str, tuple[float, ...]]:
        """The shares of the groups of layers that are named."""
        groups = dict(self.parse_group(text, num_ends) for text in self.groups)
        if len(groups) < len(self.groups):
            raise DniError(f"Expected {self.prefix}group once for every group, but got one again. Drop it.")
        return groups

    def own_shares(self, num_ends: int) -> tuple[float, ...]:
        """The shares of all layers that no group names."""
        kinds = {self.prefix + name for name in ("alpha", "shares", "scales")}
        given = [name for name in self.given if name in kinds]
        if not given and self.method is not None and self.method.name == "model-stock" and num_ends > 1:
            return (0.0, *[1 / (num_ends - 1)] * (num_ends - 1))  # the paper's mean of the descendants
        if len(given) != 1:
            raise DniError(
                f"Expected one of {self.prefix}alpha and {self.prefix}shares"
                f"{' and --scales' if self.prefix == '--' else ''}, but got {' and '.join(given) or 'none'}."
            )
        if self.alpha is not None:
            return self.of_alpha(self.alpha, num_ends, given[0])
        if self.scales is not None:
            return self.of_scales(self.scales, num_ends)
        return parse_numbers(self.shares or "", given[0])

    def of_alpha(self, alpha: float, num_ends: int, option: str) -> tuple[float, ...]:
        if num_ends != 2:
            raise BlendError(
                f"Expected {self.prefix}shares for {num_ends} ends, but got {option}, which is for two."
            )
        return shares_of(alpha)

    @staticmethod
    def of_scales(text: str, num_ends: int) -> tuple[float, ...]:
        scales = parse_numbers(text, "--scales")
        if len(scales) != num_ends - 1:
            raise BlendError(
                f"Expected --scales for each of the {num_ends - 1} ends after the first, their ancestor, "
                f"but got {len(scales)}."
            )
        return task_shares(scales)

    def parse_group(self, text: str, num_ends: int) -> tuple[str, tuple[float, ...]]:
        """NAME=ALPHA or NAME=SHARES: the name and the shares."""
        option = f"{self.prefix}group"
        name, equals, value = text.rpartition("=")
        if not (name.strip() and equals):
            raise DniError(
                f"Expected {option} NAME=ALPHA or NAME=SHARES, like 'last=0.8', but got {shown(text)}."
            )
        numbers = parse_numbers(value, option)
        if len(numbers) == 1 and num_ends == 2:
            return name.strip(), shares_of(numbers[0])
        return name.strip(), numbers


@dataclass(frozen=True, kw_only=True)
class BlendOptions:
    """The networks of ``dni blend``, ``dni export`` and ``dni publish``, and how much of each."""

    ends: EndFiles = None
    pair: PairName = None
    alpha: Alpha = None
    shares: Shares = None
    scales: Scales = None
    group: Groups = None

    @property
    def words(self) -> MixWords:
        """What was said about the mix."""
        return MixWords(alpha=self.alpha, shares=self.shares, scales=self.scales, groups=self.group or ())

    def choose(self) -> Pair:
        """The networks; see :func:`dni.cli.common.choose_ends`."""
        return choose_ends(self.pair, self.ends)


def method_of(name: str | None, density: float | None, seed: int | None) -> MergeMethod | None:
    """The merge method that is meant.

    Raises:
        DniError: There is none of this name, or it has no density or seed.
    """
    if name is not None:
        return MergeMethod(name, density, seed or 0)
    given = {"--density": density, "--seed": seed}
    if others := [option for option, value in given.items() if value is not None]:
        raise DniError(
            f"Expected --method for {' and '.join(others)}, but got none. Choose one, or leave it out."
        )
    return None


def parse_numbers(text: str, option: str) -> tuple[float, ...]:
    """Numbers with commas between them."""
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError as error:
        raise DniError(
            f"Expected {option} as numbers with commas, like 0.2,0.8, but got {shown(text)}."
        ) from error


def parse_crop(text: str) -> Rectangle:
    """LEFT,TOP,WIDTH,HEIGHT in input pixels."""
    try:
        left, top, width, height = map(int, text.split(","))
    except ValueError as error:
        raise DniError(
            f"Expected --crop as LEFT,TOP,WIDTH,HEIGHT in pixels, like 10,20,300,200, but got {shown(text)}."
        ) from error
    return Rectangle(left, top, width, height)


def check_masked(mask: Path | None, options: Mapping[str, object]) -> None:
    """Raise where an option that needs a mask was given without one."""
    given = [name for name, value in options.items() if value is not None]
    if mask is None and given:
        raise DniError(f"Expected --mask FILE for {', '.join(given)}, but got none. Say where to paint.")


def mask_text(path: Path, picture: Picture) -> str:
    """A mask from a file, as a request for the picture holds it."""
    return encode_mask(load_mask(path, picture_size=(picture.height, picture.width)))
