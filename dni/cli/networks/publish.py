"""``dni publish``: a blend as a repository of the hub."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from dni.blending.shares import Mix
from dni.catalog.catalog_file import load_catalog
from dni.catalog.pairs import Pair
from dni.cli.common import Extrapolate, local_ends, with_option_groups
from dni.cli.rendering.mixing import BlendOptions
from dni.errors import DniError
from dni.export.formats.kinds import Precision
from dni.publishing.ends import check_repository
from dni.publishing.folder import FILES, Publication, write_folder
from dni.publishing.push import push_folder
from dni.rendering.control import RenderControl

__all__ = ["publish"]


@dataclass(frozen=True, kw_only=True)
class RepositoryOptions:
    """Where a blend is published."""

    repository: Annotated[
        str | None, typer.Option("--repo", help="OWNER/NAME on the hub; not needed with --dry-run.")
    ] = None
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only write the folder.")] = False
    private: Annotated[bool, typer.Option(help="A new repository is only for you.")] = False
    update: Annotated[bool, typer.Option(help="The repository may be there already.")] = False

    @property
    def pushed_to(self) -> str | None:
        """The repository to push to, if any.

        Raises:
            DniError: There is nowhere to push to, or the name cannot be a repository's.
        """
        if not self.dry_run and self.repository is None:
            raise DniError("Expected --repo OWNER/NAME to push to, or --dry-run, but got neither.")
        if self.repository is not None:
            check_repository(self.repository)
        return None if self.dry_run else self.repository


@dataclass(frozen=True, kw_only=True)
class CardOptions:
    """What is published beside the mix itself."""

    title: Annotated[str | None, typer.Option(help="Of the card; by default the ends' names.")] = None
    licence: Annotated[
        str | None,
        typer.Option("--license", help="Where the ends' is unknown, or to be stricter than they are."),
    ] = None
    base_model: Annotated[
        list[str] | None,
        typer.Option(help="An end's OWNER/NAME on the hub, or 'none'; once an end, in their order."),
    ] = None
    picture: Annotated[
        Path | None, typer.Option(help="What to show the mix on; by default one of the app's examples.")
    ] = None
    dtype: Annotated[Precision, typer.Option(help="Of the weights.")] = Precision.FLOAT32

    def publication(self, chosen: Pair, mix: Mix) -> Publication:
        """What is published, with the ends' files here."""
        return Publication(
            paths=local_ends(chosen),
            pair=chosen,
            mix=mix,
            title=self.title or f"{chosen.title}, blended",
            licence=self.licence,
            repositories=self.base_model or (),
            picture=self.picture,
            dtype=self.dtype.dtype,
        )


@with_option_groups
def publish(
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to write; new or empty.")],
    *,
    options: BlendOptions,
    extrapolate: Extrapolate = False,
    place: RepositoryOptions,
    card: CardOptions,
) -> None:
    """Write a blend with card, recipe, licence and pictures as a folder, and push it to the hub."""
    repository = place.pushed_to
    chosen = options.choose()
    mix = options.words.mix(num_ends=len(chosen.ends), extrapolate=extrapolate)
    control = RenderControl(notice=partial(typer.echo, err=True))
    found = write_folder(card.publication(chosen, mix), output, catalog=load_catalog(), control=control)
    typer.echo(f"Wrote {output} ({', '.join(FILES)}); licence {found}")
    if repository is not None:
        pushed = push_folder(output, repository, private=place.private, update=place.update)
        typer.echo(f"Pushed to {pushed}")
