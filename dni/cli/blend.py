"""``dni blend``: blends networks into one checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dni.cli.common import Alpha, Extrapolate, PairName, Shares, choose_ends, local_ends
from dni.cli.mixing import Groups, MixWords, Scales
from dni.export.networks import export_network

__all__ = ["blend"]


def blend(
    output: Annotated[Path, typer.Option("-o", "--output", help="The .safetensors file to write.")],
    ends: Annotated[
        list[Path] | None, typer.Argument(help="Two or more checkpoints (or use --pair).")
    ] = None,
    pair: PairName = None,
    alpha: Alpha = None,
    shares: Shares = None,
    scales: Scales = None,
    group: Groups = None,
    extrapolate: Extrapolate = False,
) -> None:
    """Blend the parameters of networks into one network."""
    chosen = choose_ends(pair, ends)
    words = MixWords(alpha=alpha, shares=shares, scales=scales, groups=group or ())
    mix = words.mix(num_ends=len(chosen.ends), extrapolate=extrapolate)
    export_network(local_ends(chosen), mix, output, pair_id=pair or "")
    typer.echo(f"Wrote {output}")
