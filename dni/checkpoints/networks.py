"""Recognising and building networks: ours by :mod:`models`, everybody else's by spandrel."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import spandrel
import torch
from torch import Tensor, nn

from dni.checkpoints.files import CheckpointError, read_metadata, read_state, read_states
from models import RRDBNet

__all__ = ["ImageNetwork", "as_image_network", "build", "load_each", "load_ends", "load_network"]

OUR_ARCHITECTURE = "RRDBNet"
MIN_PROBE_SIZE = 16
# Equal weights give equal pictures on one machine; this leaves room for another order of summation.
PROBE_TOLERANCE = 1e-4
PURPOSES = {"SR": "super-resolution", "FaceSR": "faces", "Restoration": "restoration"}
# Networks for pictures of one kind that spandrel calls restoration.
SPECIAL = {"MixDehazeNet": "dehazing", "RetinexFormer": "low light", "HVICIDNet": "low light"}


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


class Adapter(nn.Module):
    """One picture in, one picture out, under the network's own parameter names.

    Some architectures need more than a call: a noise level, a change of range, the first of several
    results. spandrel knows what, but only says it together with clipping and padding, hence the private name.
    """

    def __init__(self, descriptor: spandrel.ImageModelDescriptor[nn.Module]) -> None:
        super().__init__()
        self.network = descriptor.model
        self.call = descriptor._call_fn

    def forward(self, image: Tensor) -> Tensor:
        output: Tensor = self.call(self.network, image)
        return output

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        return self.network.state_dict(*args, **kwargs)

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        return self.network.load_state_dict(*args, **kwargs)


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
    states = read_states(paths)
    headers = [read_metadata(path) for path in paths]
    if not all(is_ours(header) for header in headers):
        # spandrel loads our files too: one builder for all ends gives them one set of names.
        headers = [{} for _ in headers]
    return [
        build(state, header, source=str(path))
        for state, header, path in zip(states, headers, paths, strict=True)
    ]


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
    first = networks[0]
    built = [dict(network.module.state_dict()) for network in networks]
    built[0] = {name: tensor.clone() for name, tensor in built[0].items()}
    check_nothing_hidden(networks, built)
    return first, built


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
            "and needs a mask too. Choose another file."
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


def does_not_fit(source: str, architecture: str, error: Exception) -> CheckpointError:
    reason = " ".join(str(error).split())[:300] or type(error).__name__
    return CheckpointError(
        f"Expected the weights of {source} to fit {architecture}, but they do not ({reason}). "
        "The file may be incomplete, or of a variant that nobody has taught us."
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


def check_nothing_hidden(networks: Sequence[ImageNetwork], states: Sequence[Mapping[str, Tensor]]) -> None:
    """Raise if the first network, given another end's state in place, does not become that end.

    That is what happens when a network keeps a fused or frozen copy of parameters outside its state: the
    slider would move and the picture would not. Asking the network is better than a list of architectures,
    since some rebuild such copies whenever they run (SPAN does in spandrel) and are fine. The first network
    has run before its state is changed, so that a copy made at first use is found too.

    Args:
        networks: Every end's network; the first is changed and changed back.
        states: Their states; the first must not share memory with its network.
    """
    first = networks[0]
    run_probe(first)
    for other, state in zip(networks[1:], states[1:], strict=True):
        if {name: tensor.shape for name, tensor in state.items()} != {
            name: tensor.shape for name, tensor in states[0].items()
        }:
            continue  # cannot be blended anyway, and dni.blending.interpolate says why
        set_in_place(first.module, state)
        expected = run_probe(other)
        atol = PROBE_TOLERANCE * float(expected.abs().max())
        if not torch.allclose(run_probe(first), expected, rtol=0, atol=atol, equal_nan=True):
            raise CheckpointError(
                f"Expected a network that its parameters alone describe, but this {first.architecture} keeps "
                "a fused or frozen copy of some, which a blend would not reach. "
                "Choose versions from before fusing, or another architecture."
            )
    set_in_place(first.module, states[0])


@torch.no_grad()
def set_in_place(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """What a live blend does: write into the parameters' memory, past any hook of ``load_state_dict``."""
    for name, tensor in module.state_dict().items():
        tensor.copy_(state[name])


@torch.no_grad()
def run_probe(network: ImageNetwork) -> Tensor:
    """The network's output for one small fixed picture; its own random numbers are fixed too."""
    side = math.ceil(max(MIN_PROBE_SIZE, network.minimum_size) / network.multiple_of) * network.multiple_of
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        image = torch.rand(1, network.input_channels, side, side)
        try:
            output: Tensor = network.module(image)
        except Exception as error:  # third-party code on third-party weights
            raise does_not_fit(
                "these files", f"{network.architecture} on a {side}x{side} image", error
            ) from error
    return output
