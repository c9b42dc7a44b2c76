"""``dni blend``: blends networks into one checkpoint."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer

from dni.cli.common import Extrapolate, local_ends, with_option_groups
from dni.cli.rendering.mixing import BlendOptions, Density, Method, Repair, Seed, Statistics, method_of
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


@with_option_groups
def blend(
    output: Annotated[Path, typer.Option("-o", "--output", help="The .safetensors file to write.")],
    options: BlendOptions,
    method: Method = None,
    density: Density = None,
    seed: Seed = None,
    repair: Repair = False,
    extrapolate: Extrapolate = False,
    dtype: Annotated[
        DtypeName, typer.Option(help="Of the file's numbers; 'same' is the first end's.")
    ] = DtypeName.FLOAT32,
    recompute_statistics: Statistics = None,
) -> None:
    """Blend the parameters of networks into one network."""
    chosen = options.choose()
    words = replace(options.words, repair=repair, method=method_of(method, density, seed))
    mix = words.mix(num_ends=len(chosen.ends), extrapolate=extrapolate)
    export_network(
        local_ends(chosen),
        mix,
        output,
        pair_id=options.pair or "",
        dtype=dtype.dtype,
        statistics=recompute_statistics or (),
        control=RenderControl(notice=partial(typer.echo, err=True)),
    )
    typer.echo(f"Wrote {output}")
