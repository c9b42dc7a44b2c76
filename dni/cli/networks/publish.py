"""``dni publish``: a blend as a repository of the hub."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from dni.catalog.catalog_file import load_catalog
from dni.cli.common import Extrapolate, local_ends, with_option_groups
from dni.cli.rendering.mixing import BlendOptions
from dni.errors import DniError
from dni.export.formats.kinds import Precision
from dni.publishing.ends import check_repository
from dni.publishing.folder import FILES, Publication, write_folder
from dni.publishing.push import push_folder
from dni.rendering.control import RenderControl

__all__ = ["publish"]


@with_option_groups
def publish(
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to write; new or empty.")],
    options: BlendOptions,
    extrapolate: Extrapolate = False,
    repository: Annotated[
        str | None, typer.Option("--repo", help="OWNER/NAME on the hub; not needed with --dry-run.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only write the folder.")] = False,
    private: Annotated[bool, typer.Option(help="A new repository is only for you.")] = False,
    update: Annotated[bool, typer.Option(help="The repository may be there already.")] = False,
    title: Annotated[str | None, typer.Option(help="Of the card; by default the ends' names.")] = None,
    licence: Annotated[
        str | None,
        typer.Option("--license", help="Where the ends' is unknown, or to be stricter than they are."),
    ] = None,
    base_model: Annotated[
        list[str] | None,
        typer.Option(help="An end's OWNER/NAME on the hub, or 'none'; once an end, in their order."),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="What to show the mix on; by default one of the app's examples.")
    ] = None,
    dtype: Annotated[Precision, typer.Option(help="Of the weights.")] = Precision.FLOAT32,
) -> None:
    """Write a blend with card, recipe, licence and pictures as a folder, and push it to the hub."""
    check_place(repository, dry_run=dry_run)
    chosen = options.choose()
    mix = options.words.mix(num_ends=len(chosen.ends), extrapolate=extrapolate)
    wanted = Publication(
        paths=local_ends(chosen),
        pair=chosen,
        mix=mix,
        title=title or f"{chosen.title}, blended",
        licence=licence,
        repositories=base_model or (),
        picture=picture,
        dtype=dtype.dtype,
    )
    control = RenderControl(notice=partial(typer.echo, err=True))
    found = write_folder(wanted, output, catalog=load_catalog(), control=control)
    typer.echo(f"Wrote {output} ({', '.join(FILES)}); licence {found}")
    if not dry_run and repository is not None:
        typer.echo(f"Pushed to {push_folder(output, repository, private=private, update=update)}")


def check_place(repository: str | None, *, dry_run: bool) -> None:
    """Raise where there is nowhere to push to."""
    if not dry_run and repository is None:
        raise DniError("Expected --repo OWNER/NAME to push to, or --dry-run, but got neither.")
    if repository is not None:
        check_repository(repository)
