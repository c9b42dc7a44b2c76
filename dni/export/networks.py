"""Writes a blended network as safetensors, with the recipe that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from dni.blending.interpolate import interpolate
from dni.blending.shares import Mix, MixLike, as_mix
from dni.checkpoints.atomic_write import check_destination, refuse_overwriting
from dni.checkpoints.errors import SAFETENSORS_SUFFIX
from dni.checkpoints.files import read_metadata, save
from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.naming import as_in_file
from dni.checkpoints.networks import load_ends, read_ends
from dni.checkpoints.probe import set_in_place
from dni.examples import EXAMPLE_FOLDER
from dni.export.pictures import clipping
from dni.pictures.read import open_picture
from dni.recipes.recipe import Recipe
from dni.recipes.recipe_files import hashed_ends
from dni.recipes.render_request import RenderRequest
from dni.rendering.batch_norms import INTERPOLATED, NOTHING_TO_MEASURE, has_batch_norms, statistics_of
from dni.rendering.control import RenderControl
from dni.rendering.engine import Engine
from dni.rendering.forward.cpu_copy import copy_to_cpu
from dni.rendering.renderer import Renderer
from dni.version import __version__

__all__ = ["export_network"]

EXAMPLE = EXAMPLE_FOLDER / "astronaut.png"
EXAMPLE_SIDE = 96


def export_network(
    ends: Sequence[Path],
    mix: MixLike,
    destination: Path,
    *,
    pair_id: str = "",
    dtype: torch.dtype | None = torch.float32,
    statistics: Sequence[Path] = (),
    control: RenderControl | None = None,
) -> Recipe:
    """Blend the ends in float32 and write the network, under the first end's names and loading as it does.

    Args:
        ends: The files of the ends.
        mix: How much of each.
        destination: A ``.safetensors`` file; it appears whole or not at all.
        pair_id: The pair's id in the catalogue, or "".
        dtype: Of the file: float32, float16 or bfloat16, or None for the first end's.
        statistics: Pictures on which to measure the statistics of batch norms, which are else interpolated.
        control: Notices.

    Returns:
        The recipe that the file carries. Beside it are the texts that the ends' headers have.

    Raises:
        DniError: The ends, mix or destination cannot be used.
    """
    check_destination(destination, SAFETENSORS_SUFFIX)
    refuse_overwriting([*ends, *statistics], [destination])
    control = control or RenderControl()
    pictures = [open_picture(path).rgb for path in statistics]
    mix = as_mix(mix, num_ends=len(ends))
    network, states = load_ends(ends)
    recipe = recipe_of_weights(ends, mix, pair_id=pair_id, scale=network.scale)
    metadata = metadata_of_blend(ends, network, mix, statistics)
    blended = blended_state(network, states, mix, pictures, control)
    written = as_in_file(blended, network, read_ends(ends)[0], metadata, dtype=dtype)
    if mix.extrapolates and (text := clipping_of(network, blended)):
        control.notify(text)
    save(destination, written, {**metadata, **recipe.metadata()})
    return recipe


def recipe_of_weights(ends: Sequence[Path], mix: Mix, *, pair_id: str, scale: int) -> Recipe:
    """The recipe of a network: it says nothing of a picture."""
    return Recipe(
        pair=pair_id,
        ends=hashed_ends(ends),
        request=RenderRequest(mix=mix),
        precision="float32",
        scale=scale,
        version=__version__,
    )


def blended_state(
    network: ImageNetwork,
    states: Sequence[Mapping[str, Tensor]],
    mix: Mix,
    pictures: Sequence[Tensor],
    control: RenderControl,
) -> dict[str, Tensor]:
    """The blend, repaired if the mix says so; statistics of batch norms are measured on pictures, if any."""
    blended = interpolate(states, mix, execution_order=network.execution_order)
    if pictures and not has_batch_norms(network.module):
        control.notify(NOTHING_TO_MEASURE)
    if mix.is_end:
        return blended
    if mix.repair:
        blended = repaired(network, states, mix, control)
    if has_batch_norms(network.module):
        if pictures:
            return with_statistics(network, blended, pictures)
        control.notify(INTERPOLATED)
    return blended


def repaired(
    network: ImageNetwork, states: Sequence[Mapping[str, Tensor]], mix: Mix, control: RenderControl
) -> dict[str, Tensor]:
    """The state of the blend with its repair folded in; says what the repair does."""
    own = replace(network, module=copy_to_cpu(network.module))
    engine = Engine(own, states, device=torch.device("cpu"), precision="float32")
    control.notify(engine.repairer.notice(mix) or engine.repairer.summary)
    with engine.blend.at(mix) as module:
        return {name: tensor.clone().contiguous() for name, tensor in module.state_dict().items()}


def with_statistics(
    network: ImageNetwork, state: Mapping[str, Tensor], pictures: Sequence[Tensor]
) -> dict[str, Tensor]:
    """The state with the statistics of batch norms as measured; the network is set to it."""
    set_in_place(network.module, state)
    statistics_of(pictures, network)(network.module)
    return {name: tensor.clone() for name, tensor in network.module.state_dict().items()}


def clipping_of(network: ImageNetwork, state: Mapping[str, Tensor]) -> str:
    """What to say of how the network's pictures are clipped, by an example; the network is used up."""
    rgb = open_picture(EXAMPLE).rgb
    top, left = ((side - EXAMPLE_SIDE) // 2 for side in rgb.shape[1:])
    crop = rgb[:, top : top + EXAMPLE_SIDE, left : left + EXAMPLE_SIDE]
    renderer = Renderer(network, [state, state], device=torch.device("cpu"), precision="float32")
    return clipping(renderer.render(crop, (1, 0)), crop)


def metadata_of_blend(
    ends: Sequence[Path], network: ImageNetwork, mix: Mix, statistics: Sequence[Path]
) -> dict[str, str]:
    """The texts of a blend's header beside its recipe: the ends', and what batch norms were measured on."""
    texts = joined_metadata(ends)
    if statistics and has_batch_norms(network.module) and not mix.is_end:
        texts["statistics"] = f"measured on {', '.join(path.name for path in statistics)}"
    return texts


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
