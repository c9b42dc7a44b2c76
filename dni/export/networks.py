"""Writes a blended network as safetensors, with the recipe that made it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from dni.blending.interpolate import interpolate
from dni.blending.shares import MixLike, as_mix
from dni.checkpoints.atomic_write import check_destination
from dni.checkpoints.files import SAFETENSORS_SUFFIX, read_metadata, save
from dni.checkpoints.naming import as_in_file
from dni.checkpoints.networks import load_ends, read_ends
from dni.recipes.recipe import Recipe
from dni.recipes.recipe_files import hashed_ends
from dni.recipes.render_request import RenderRequest
from dni.version import __version__

__all__ = ["export_network"]


def export_network(
    ends: Sequence[Path],
    mix: MixLike,
    destination: Path,
    *,
    pair_id: str = "",
    dtype: torch.dtype | None = torch.float32,
) -> Recipe:
    """Blend the ends in float32 and write the network, under the first end's names and loading as it does.

    Args:
        ends: The files of the ends.
        mix: How much of each.
        destination: A ``.safetensors`` file; it appears whole or not at all.
        pair_id: The pair's id in the catalogue, or "".
        dtype: Of the file: float32, float16 or bfloat16, or None for the first end's.

    Returns:
        The recipe that the file carries. Beside it are the texts that the ends' headers have.

    Raises:
        DniError: The ends, mix or destination cannot be used.
    """
    check_destination(destination, SAFETENSORS_SUFFIX)
    mix = as_mix(mix, num_ends=len(ends))
    network, states = load_ends(ends)
    recipe = Recipe(
        pair=pair_id,
        ends=hashed_ends(ends),
        request=RenderRequest(mix=mix),
        precision="float32",
        scale=network.scale,
        version=__version__,
    )
    metadata = joined_metadata(ends)
    blended = interpolate(states, mix, execution_order=network.execution_order)
    written = as_in_file(blended, network, read_ends(ends)[0], metadata, dtype=dtype)
    save(destination, written, {**metadata, **recipe.metadata()})
    return recipe


def joined_metadata(ends: Sequence[Path]) -> dict[str, str]:
    """What the headers of all ends say alike, such as the architecture, and the rest with the end's number.

    Where only some name our architecture, the blend is loaded by spandrel and must not name it.
    """
    headers = [read_metadata(path) for path in ends]
    joined = {}
    for number, header in enumerate(headers, start=1):
        for name, text in header.items():
            is_common = all(other.get(name) == text for other in headers)
            joined[name if is_common else f"{name} (end {number})"] = text
    return joined
