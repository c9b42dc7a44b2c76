"""Recognising and building networks: ours by :mod:`models`, everybody else's by spandrel."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import spandrel
import torch
from torch import Tensor, nn

from dni.checkpoints.adapter import Adapter
from dni.checkpoints.errors import CheckpointError, does_not_fit
from dni.checkpoints.files import read_metadata, read_state, read_states
from dni.checkpoints.probe import check_nothing_hidden, execution_order
from models import RRDBNet

__all__ = [
    "ImageNetwork",
    "as_image_network",
    "build",
    "load_each",
    "load_ends",
    "load_network",
    "read_ends",
    "states_of",
]

OUR_ARCHITECTURE = "RRDBNet"
# Networks for pictures of one kind that spandrel calls restoration.
SPECIAL = {"MixDehazeNet": "dehazing", "RetinexFormer": "low light", "HVICIDNet": "low light"}
PURPOSES = {"SR": "super-resolution", "FaceSR": "faces", "Restoration": "restoration"}
WINDOW_MASK = re.compile(r"(^|\.)attn_mask(_\d)?$")


@dataclass(frozen=True)
class ImageNetwork:
    """A network from one image to one image, ready to run.

    Attributes:
        module: In evaluation mode, float32, on the CPU, without gradients. Takes (B, input_channels, H, W)
            in [0, 1]; gives (B, output_channels, scale * H, scale * W), nominally in [0, 1], not clipped.
        architecture: The name to show.
        scale: Output pixels for an input pixel, along each side.
        input_channels: 3 for RGB, 1 for grey.
        output_channels: Likewise.
        minimum_size: The smallest height and width of an input.
        multiple_of: What an input's height and width must be divisible by.
        square: Whether an input's height and width must be equal.
        supports_bfloat16: Whether it still works when converted to bfloat16.
        purpose: "super-resolution", "restoration", or what it is for: "faces", "dehazing", "low light".
        execution_order: Its tensors in the order of first use, by
            :func:`dni.checkpoints.probe.execution_order`; None where that was not measured.
    """

    module: nn.Module
    architecture: str
    scale: int
    input_channels: int
    output_channels: int
    minimum_size: int
    multiple_of: int
    square: bool
    supports_bfloat16: bool
    purpose: str = "super-resolution"
    execution_order: Mapping[str, int] | None = field(default=None, hash=False)


def build(
    state: Mapping[str, Tensor],
    metadata: Mapping[str, str] | None = None,
    *,
    source: str = "the checkpoint",
) -> ImageNetwork:
    """Build the network that fits the weights.

    Args:
        state: Weights as :func:`dni.checkpoints.files.read_state` gives them; they are copied.
        metadata: The file's texts; with ``architecture`` "RRDBNet" our own network is built.
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
        # spandrel loads our files too: one builder for all ends gives them one set of names.
        headers = [{} for _ in headers]
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


def is_ours(metadata: Mapping[str, str]) -> bool:
    return metadata.get("architecture") == OUR_ARCHITECTURE


def build_ours(state: Mapping[str, Tensor], metadata: Mapping[str, str], source: str) -> ImageNetwork:
    num_filters = metadata_count(metadata, "num_filters", source)
    num_blocks = metadata_count(metadata, "num_blocks", source)
    if num_blocks > len(state):
        raise CheckpointError(f"Expected {num_blocks} blocks in {source}, but it has {len(state)} tensors.")
    with torch.device("meta"):  # no memory and no initial values: the file brings both
        module = RRDBNet(num_filters=num_filters, num_blocks=num_blocks)
    try:
        copies = {name: tensor.to(torch.float32, copy=True) for name, tensor in state.items()}
        module.load_state_dict(copies, assign=True)
    except RuntimeError as error:
        raise does_not_fit(source, OUR_ARCHITECTURE, error) from error
    return as_image_network(module)


def as_image_network(module: RRDBNet) -> ImageNetwork:
    """Our own network, built, as if it had been read from a file."""
    return ImageNetwork(
        module=module.eval().requires_grad_(False),
        architecture=OUR_ARCHITECTURE,
        scale=RRDBNet.scale,
        input_channels=3,
        output_channels=3,
        minimum_size=1,
        multiple_of=1,
        square=False,
        supports_bfloat16=True,
    )


def metadata_count(metadata: Mapping[str, str], name: str, source: str) -> int:
    text = metadata.get(name, "nothing")
    if not re.fullmatch("[1-9][0-9]{0,4}", text):
        raise CheckpointError(f"Expected {source} to state {name} in its metadata, but got {text[:20]!r}.")
    return int(text)


def build_by_spandrel(state: Mapping[str, Tensor], source: str) -> ImageNetwork:
    try:
        descriptor = spandrel.ModelLoader().load_from_state_dict(dict(state))
    except spandrel.UnsupportedModelError as error:
        raise CheckpointError(
            f"Expected a network of an architecture that spandrel knows, but {source} is of none "
            f"(its first tensors: {', '.join(sorted(state)[:3])}). Choose another file."
        ) from error
    except Exception as error:  # its loaders trust shapes and names, and raise whatever follows
        raise does_not_fit(source, "the architecture that its names suggest", error) from error
    if not isinstance(descriptor, spandrel.ImageModelDescriptor):
        raise CheckpointError(
            f"Expected a network from one image to one image, but {source} is {descriptor.architecture.name} "
            "for inpainting, which needs a mask too. Choose another file."
        )
    sizes = descriptor.size_requirements
    return ImageNetwork(
        module=Adapter(descriptor).float().eval().requires_grad_(False),
        architecture=descriptor.architecture.name,
        scale=descriptor.scale,
        input_channels=descriptor.input_channels,
        output_channels=descriptor.output_channels,
        minimum_size=max(1, sizes.minimum),
        multiple_of=sizes.multiple_of,
        square=sizes.square,
        supports_bfloat16=descriptor.supports_bfloat16,
        purpose=SPECIAL.get(descriptor.architecture.id, PURPOSES[descriptor.purpose]),
    )


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
