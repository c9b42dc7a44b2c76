"""``dni pairs``: lists the catalogue."""

from __future__ import annotations

import typer

from dni.catalog.catalog_file import load_catalog

__all__ = ["pairs"]


def pairs() -> None:
    """List the pairs of the catalogue."""
    for pair in load_catalog().values():
        where = "here" if pair.is_local() else "downloaded on first use"
        typer.echo(f"{pair.id}\n    {pair.title} ({where}; licence {pair.licence or 'unknown'})")
        typer.echo(f"    {pair.description} Ends: {', '.join(pair.labels)}.")
        typer.echo(f"    {pair.lineage}")
