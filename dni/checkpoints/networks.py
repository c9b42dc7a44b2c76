"""Recognising and building networks: ours by :mod:`models`, everybody else's by spandrel."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from torch import Tensor, nn

from dni.checkpoints.builders.own_networks import build_ours, is_ours, spandrel_knows
from dni.checkpoints.builders.spandrel_networks import Adapter, build_by_spandrel
from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.files import read_metadata, read_state, read_states
from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.probe import check_nothing_hidden, execution_order

__all__ = [
    "build",
    "check_alike",
    "load_each",
    "load_ends",
    "load_network",
    "read_ends",
    "states_of",
]

WINDOW_MASK = re.compile(r"(^|\.)attn_mask(_\d)?$")


def build(
    state: Mapping[str, Tensor],
    metadata: Mapping[str, str] | None = None,
    *,
    source: str = "the checkpoint",
) -> ImageNetwork:
    """Build the network that fits the weights.

    Args:
        state: Weights as :func:`dni.checkpoints.files.read_state` gives them; they are copied.
        metadata: The file's texts; an ``architecture`` of ours is built by us.
        source: What to call the weights in errors.

    Raises:
        CheckpointError: No known architecture, not one from image to image, or weights that do not fit it.
    """
    if metadata and is_ours(metadata):
        return build_ours(state, metadata, source)
    return build_by_spandrel(state, source)


def load_network(path: Path | str) -> ImageNetwork:
    """Read a file and build its network.

    Raises:
        CheckpointError: See :func:`build` and :func:`dni.checkpoints.files.read_states`.
    """
    return build(read_state(path), read_metadata(path), source=str(path))


def load_each(paths: Sequence[Path | str]) -> list[ImageNetwork]:
    """Read files that are to be used together, and build every network; they may differ in architecture.

    Args:
        paths: At least two files.

    Raises:
        CheckpointError: See :func:`build` and :func:`dni.checkpoints.files.read_states`.
    """
    if len(paths) < 2:
        raise CheckpointError(f"Expected the files of at least two ends, but got {len(paths)}.")
    states = read_ends(paths)
    headers = [read_metadata(path) for path in paths]
    if not all(is_ours(header) for header in headers):
        # One builder for all ends gives them one set of names.
        headers = [{} if spandrel_knows(header) else header for header in headers]
    return [
        build(state, header, source=str(path))
        for state, header, path in zip(states, headers, paths, strict=True)
    ]


def read_ends(paths: Sequence[Path | str]) -> list[dict[str, Tensor]]:
    """Read the weights of files that are to be used together.

    The masks of shifted windows follow from a network's size, so some files have none; those of the first
    file that has them are put there.

    Raises:
        CheckpointError: See :func:`dni.checkpoints.files.read_states`.
    """
    states = read_states(paths)
    masks: dict[str, Tensor] = {}
    for state in reversed(states):
        masks |= {name: tensor for name, tensor in state.items() if WINDOW_MASK.search(name)}
    completed = []
    for state in states:
        modules = {name[: at.start()] for name in state for at in re.finditer(r"\.", name)}
        fitting = {name: mask for name, mask in masks.items() if name.rpartition(".")[0] in modules}
        completed.append(fitting | state)
    return completed


def load_ends(paths: Sequence[Path | str]) -> tuple[ImageNetwork, list[dict[str, Tensor]]]:
    """Read the ends of a blend.

    Whether their weights can be blended at all is for :func:`dni.blending.interpolate.check_blendable` to
    say.

    Args:
        paths: At least two files.

    Returns:
        The network of the first end, and every end's state as its network was built (float32, the network's
        own names), none of which shares memory with that network.

    Raises:
        CheckpointError: See :func:`build` and :func:`dni.checkpoints.files.read_states`; or the ends differ
            in architecture, scale or channels; or the network hides copies of its parameters.
    """
    networks = load_each(paths)
    check_alike(networks, [str(path) for path in paths])
    built = states_of(networks)
    first = replace(networks[0], execution_order=execution_order(networks[0]))
    check_nothing_hidden(networks, built)
    return first, built


def states_of(networks: Sequence[ImageNetwork]) -> list[dict[str, Tensor]]:
    """Every end's state, ready to be blended.

    What follows from the architecture, or only counts training steps, is the first end's everywhere: integer
    buffers (``num_batches_tracked``, ``relative_position_index``), and other buffers of another size or that
    only some ends have, such as the ``attn_mask`` for the size that a network was trained at. The statistics
    of batch norms are not among them.

    Returns:
        One state a network, with the names and memory of its own ``state_dict()`` but for those buffers; the
        first shares no memory with its network.
    """
    first = {name: tensor.clone() for name, tensor in networks[0].module.state_dict().items()}
    kept = derived_buffers(networks[0].module)
    states = [first]
    for network in networks[1:]:
        state: dict[str, Tensor] = dict(network.module.state_dict())
        foreign = derived_buffers(network.module) | kept
        for name in foreign & (first.keys() | state.keys()):
            if name not in first:
                del state[name]
            elif name not in state or not is_alike(first[name], state[name]):
                state[name] = first[name]
        states.append({name: state[name] for name in first if name in state} | state)
    return states


def derived_buffers(module: nn.Module) -> set[str]:
    """The names in its state of all buffers that are not statistics of a batch norm."""
    network = module.network if isinstance(module, Adapter) else module
    statistics = {
        f"{name}.{kind}" if name else kind
        for name, layer in network.named_modules()
        if isinstance(layer, nn.modules.batchnorm._BatchNorm)
        for kind in ("running_mean", "running_var")
    }
    return {name for name, _ in network.named_buffers()} & module.state_dict().keys() - statistics


def is_alike(one: Tensor, other: Tensor) -> bool:
    """Whether two buffers can be blended: floating numbers of one shape."""
    return one.is_floating_point() and other.is_floating_point() and one.shape == other.shape


def check_alike(networks: Sequence[ImageNetwork], sources: Sequence[str]) -> None:
    """Raise unless all ends have the first one's architecture, scale and channels."""
    first = describe(networks[0])
    for network, source in zip(networks[1:], sources[1:], strict=True):
        if describe(network) != first:
            raise CheckpointError(
                f"Expected networks of one architecture, scale and number of channels, but got {first} "
                f"({sources[0]}) and {describe(network)} ({source}). Choose ends that share an ancestor."
            )


def describe(network: ImageNetwork) -> str:
    return f"{network.architecture} x{network.scale} {network.input_channels}>{network.output_channels}"
