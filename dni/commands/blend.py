"""``dni blend``: networks in, one network out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dni.commands.common import (
    Alpha,
    Extrapolate,
    PairName,
    Shares,
    choose_ends,
    choose_shares,
    local_ends,
)
from dni.export import export_network

__all__ = ["blend"]


def blend(
    output: Annotated[Path, typer.Option("-o", "--output", help="The .safetensors file to write.")],
    ends: Annotated[
        list[Path] | None, typer.Argument(help="Two or more checkpoints (or use --pair).")
    ] = None,
    pair: PairName = None,
    alpha: Alpha = None,
    shares: Shares = None,
    extrapolate: Extrapolate = False,
) -> None:
    """Blend the parameters of networks into one network."""
    chosen = choose_ends(pair, ends)
    wanted = choose_shares(alpha, shares, num_ends=len(chosen.ends), extrapolate=extrapolate)
    export_network(local_ends(chosen), wanted, output, pair_id=pair or "", extrapolate=extrapolate)
    typer.echo(f"Wrote {output}")
