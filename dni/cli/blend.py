"""``dni blend``: blends networks into one checkpoint."""

from __future__ import annotations

from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer

from dni.cli.common import Alpha, Extrapolate, PairName, Shares, choose_ends, local_ends
from dni.cli.rendering.mixing import Density, Groups, Method, MixWords, Repair, Scales, Seed, method_of
from dni.export.networks import export_network
from dni.rendering.control import RenderControl

__all__ = ["blend"]


class DtypeName(str, Enum):
    """What ``--dtype`` may be."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    SAME = "same"

    @property
    def dtype(self) -> torch.dtype | None:
        """The dtype itself; None for the first end's."""
        return None if self is DtypeName.SAME else getattr(torch, self.value)


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
    method: Method = None,
    density: Density = None,
    seed: Seed = None,
    repair: Repair = False,
    extrapolate: Extrapolate = False,
    dtype: Annotated[
        DtypeName, typer.Option(help="Of the file's numbers; 'same' is the first end's.")
    ] = DtypeName.FLOAT32,
    recompute_statistics: Annotated[
        list[Path] | None,
        typer.Option(help="A picture to measure batch norms' statistics on; may be given again."),
    ] = None,
) -> None:
    """Blend the parameters of networks into one network."""
    chosen = choose_ends(pair, ends)
    words = MixWords(
        alpha=alpha,
        shares=shares,
        scales=scales,
        groups=group or (),
        repair=repair,
        method=method_of(method, density, seed),
    )
    mix = words.mix(num_ends=len(chosen.ends), extrapolate=extrapolate)
    export_network(
        local_ends(chosen),
        mix,
        output,
        pair_id=pair or "",
        dtype=dtype.dtype,
        statistics=recompute_statistics or (),
        control=RenderControl(notice=partial(typer.echo, err=True)),
    )
    typer.echo(f"Wrote {output}")
