"""Options that several commands share, and choosing the ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer
from tqdm import tqdm

from dni.catalog.catalog_file import find_pair
from dni.catalog.download import tqdm_progress
from dni.catalog.pairs import Pair, end_paths
from dni.errors import DniError
from dni.rendering.control import Progress

__all__ = [
    "Alpha",
    "EndFiles",
    "Ends",
    "Extrapolate",
    "PairName",
    "Shares",
    "choose_ends",
    "local_ends",
    "tile_progress",
    "with_option_groups",
]

Alpha = Annotated[
    float | None, typer.Option(help="Share of the second end, from 0 (first end) to 1 (second end).")
]
Shares = Annotated[
    str | None, typer.Option(help="For any number of ends: shares that sum to 1, as 0.2,0.3,0.5.")
]
PairName = Annotated[str | None, typer.Option("--pair", help="A pair of the catalogue; see 'dni pairs'.")]
EndFiles = Annotated[list[Path] | None, typer.Argument(help="Two or more checkpoints (or use --pair).")]
Ends = Annotated[list[Path] | None, typer.Option("--ends", help="Two or more checkpoints: --ends A B ...")]
Extrapolate = Annotated[bool, typer.Option(help="Allow shares outside 0 to 1.")]


def with_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """The command as typer reads it: with every field of its dataclasses as an option or argument.

    Typer makes one option of one parameter and knows no groups. The fields are annotated as parameters would
    be (``Annotated[..., typer.Option(...)]``), and ``--help`` lists them where the group stands.
    """
    groups: dict[str, type] = {}
    parameters: list[Parameter] = []
    for name, parameter in typed_parameters(command).items():
        group = parameter.annotation
        if isinstance(group, type) and is_dataclass(group):
            groups[name] = group
            parameters += typed_parameters(group).values()
        else:
            parameters.append(parameter)

    @wraps(command)
    def run(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{field.name: given.pop(field.name) for field in fields(group)})
        command(**given)

    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__dict__["__signature__"] = Signature(parameters)
    return run


def typed_parameters(target: Callable[..., Any]) -> dict[str, Parameter]:
    """The parameters of a function or dataclass, with types in place of their names, to be given by name."""
    hints = get_type_hints(target, include_extras=True)
    return {
        name: parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[name])
        for name, parameter in signature(target).parameters.items()
    }


def choose_ends(pair: str | None, ends: Sequence[Path] | None) -> Pair:
    """A pair of the catalogue or of the given files; exactly one of the two must be given."""
    if (pair is None) == (not ends):
        raise DniError("Expected either --pair NAME or two or more checkpoints, but got both or neither.")
    return find_pair(pair) if pair is not None else Pair.from_paths(list(ends or ()))


def local_ends(pair: Pair) -> list[Path]:
    """The files of a pair, downloaded with a progress bar if need be."""
    return end_paths(pair, progress=tqdm_progress)


@contextmanager
def tile_progress() -> Iterator[Progress]:
    """A bar that appears with the first report, so that an error before it stands alone."""
    bar: tqdm | None = None

    def report(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(total=total, unit="tile")
        bar.total = total
        bar.update(done - bar.n)

    try:
        yield report
    finally:
        if bar is not None:
            bar.close()
