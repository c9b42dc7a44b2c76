"""A built network's state under the names of the file that it came from.

spandrel renames parameters where an architecture has files of several kinds (Real-ESRGAN's ``conv_first``
becomes ``model.0``), and not everything that loads the one kind loads the other.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.networks import build, derived_buffers

__all__ = ["as_in_file"]

State = Mapping[str, Tensor]

# Larger than the rounding of ordinary weights, and too small to change a size that a loader reads off them.
MARK = 1e-3


def as_in_file(
    state: State,
    network: ImageNetwork,
    file: State,
    metadata: Mapping[str, str],
    *,
    dtype: torch.dtype | None = torch.float32,
) -> dict[str, Tensor]:
    """A built network's state as its file would have it.

    Args:
        state: Of ``network``, or of a blend of it with others.
        network: Built from ``file``.
        file: Names and tensors as :func:`dni.checkpoints.files.read_states` gives them.
        metadata: The texts that the state will be written with.
        dtype: Of parameters and of the statistics of batch norms; None for each one's in the file.

    Returns:
        The file's names in its order, with the state's values. What the network does not take from the file
        is the file's.

    Raises:
        CheckpointError: The result would not load as this network again, or the dtype is too small for it.
    """
    derived = derived_buffers(network.module)
    sources = source_names(state, file, metadata)
    if not state.keys() - derived <= sources.keys():  # the loader does more than rename
        sources, file = {name: name for name in state}, state
    inside = {source: name for name, source in sources.items() if state[name].is_floating_point()}
    result = dict(file)
    for source, name in inside.items():
        own = file[source].dtype
        result[source] = state[name].to(own if name in derived else dtype or own)
    check_it_loads(result, inside, metadata)
    return result


def source_names(state: State, file: State, metadata: Mapping[str, str]) -> dict[str, str]:
    """Where in the file each tensor of the built network comes from; only those that are taken unchanged.

    Found by building the network from a file in which no two tensors are equal.
    """
    if all(name in file and file[name].shape == tensor.shape for name, tensor in state.items()):
        return {name: name for name in state}
    generator = torch.Generator().manual_seed(0)
    marked = {
        name: tensor.float() + MARK * torch.rand(tensor.shape, generator=generator)
        if tensor.is_floating_point()
        else tensor
        for name, tensor in file.items()
    }
    by_content = {content(tensor): name for name, tensor in marked.items()}
    built = build(marked, metadata).module.state_dict()
    found = {name: by_content.get(content(tensor)) for name, tensor in built.items()}
    return {name: source for name, source in found.items() if source is not None}


def content(tensor: Tensor) -> tuple[object, ...]:
    """What only an equal tensor has."""
    return tensor.dtype, tuple(tensor.shape), tensor.reshape(-1).contiguous().numpy().tobytes()


def check_it_loads(result: State, inside: Mapping[str, str], metadata: Mapping[str, str]) -> None:
    """Raise unless the network built from ``result`` has its values; ``inside`` has the network's names."""
    too_large = [name for name in inside if not result[name].isfinite().all()]
    if too_large:
        raise CheckpointError(
            f"Expected weights that {result[too_large[0]].dtype} can hold, but {too_large[0]} is too "
            "large. Choose bfloat16 or float32."
        )
    built = build(result, metadata, source="the blended network").module.state_dict()
    for source, name in inside.items():
        if not torch.equal(built[name], result[source].float()):
            raise CheckpointError(
                f"Expected a file that loads as the network that was blended, but {name} would differ. "
                "Please report it, with the names of the ends."
            )
