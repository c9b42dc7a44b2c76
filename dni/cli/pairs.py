"""``dni pairs``: lists the catalogue."""

from __future__ import annotations

import typer

from dni.catalog.catalog_file import load_catalog

__all__ = ["pairs"]


def pairs() -> None:
    """List the pairs of the catalogue; the last ones are superseded and kept for recipes and links."""
    for pair in sorted(load_catalog().values(), key=lambda pair: bool(pair.superseded_by)):
        where = "here" if pair.is_local() else "downloaded on first use"
        typer.echo(f"{pair.id}\n    {pair.title} ({where}; licence {pair.licence or 'unknown'})")
        typer.echo(f"    {pair.description} Ends: {', '.join(pair.labels)}.")
        typer.echo(f"    {pair.lineage}")
        if pair.superseded_by:
            typer.echo(f"    Superseded by {pair.superseded_by}.")
