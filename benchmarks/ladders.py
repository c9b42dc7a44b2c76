"""Three, four and eight networks out of a pair: blends of it at equal distances, as files for the desk."""

from __future__ import annotations

from pathlib import Path

from dni.blending.mix_paths import positions
from dni.blending.shares import Mix
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import End, Pair, Source, end_paths
from dni.export.networks import export_network
from dni.serving.render_service import RenderService

__all__ = ["LADDERS", "ladder_service"]

# How many ends: what to call them.
LADDERS = {3: "three", 4: "four", 8: "eight"}


def ladder_service(pair_id: str, folder: Path) -> RenderService:
    """A service with a pair of the catalogue under its own id, and ladders made of it as ``LADDERS`` says."""
    pair = find_pair(pair_id)
    return RenderService({pair.id: pair} | {name: ladder(pair, num, folder) for num, name in LADDERS.items()})


def ladder(pair: Pair, num_ends: int, folder: Path) -> Pair:
    """Networks from the pair's first to its second, written into the folder."""
    name, ends = LADDERS[num_ends], []
    for rung, position in enumerate(positions(num_ends)):
        path = folder / f"{name}-{rung}.safetensors"
        export_network(end_paths(pair), Mix.of_alpha(position), path, pair_id=pair.id)
        ends.append(End(f"rung {rung}", Source(path=path)))
    return Pair(id=name, title=f"{name.capitalize()} rungs", ends=tuple(ends))
