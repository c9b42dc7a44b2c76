"""Builds this project's own networks from their files, whose metadata name the architecture."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor, nn

from dni.checkpoints.errors import CheckpointError, does_not_fit
from dni.checkpoints.image_network import ImageNetwork
from models import LookUNet, RRDBNet

__all__ = ["as_image_network", "build_ours", "is_ours", "spandrel_knows"]

RRDB, LOOK = "RRDBNet", "LookUNet"
State = Mapping[str, Tensor]


def is_ours(metadata: Mapping[str, str]) -> bool:
    """Whether a file says that one of our networks is in it."""
    return metadata.get("architecture") in (RRDB, LOOK)


def spandrel_knows(metadata: Mapping[str, str]) -> bool:
    """Whether spandrel could build that network too."""
    return metadata.get("architecture") != LOOK


def build_ours(state: State, metadata: Mapping[str, str], source: str) -> ImageNetwork:
    """Build the network that a file's metadata name; it shares no memory with ``state``.

    Raises:
        CheckpointError: Sizes that the metadata do not state, or weights that do not fit.
    """
    architecture = metadata["architecture"]
    module = empty_look(state, source) if architecture == LOOK else empty_rrdb(state, metadata, source)
    try:
        copies = {name: tensor.to(torch.float32, copy=True) for name, tensor in state.items()}
        module.load_state_dict(copies, assign=True)
    except RuntimeError as error:
        raise does_not_fit(source, architecture, error) from error
    return as_image_network(module)


def empty_rrdb(state: State, metadata: Mapping[str, str], source: str) -> RRDBNet:
    num_filters = metadata_count(metadata, "num_filters", source)
    num_blocks = metadata_count(metadata, "num_blocks", source)
    if num_blocks > len(state):
        raise CheckpointError(f"Expected {num_blocks} blocks in {source}, but it has {len(state)} tensors.")
    build = rrdb_of if num_blocks <= MOST_KEPT_BLOCKS else rrdb_of.__wrapped__
    return copy.deepcopy(build(num_filters, num_blocks))


def empty_look(state: State, source: str) -> LookUNet:
    """Its sizes are those of its tensors."""
    try:
        full, half, quarter, eighth = (
            len(state[f"{layer}.bias"]) for layer in ("conv_first", "down1", "down2", "down3")
        )
        num_blocks = sum(bool(re.fullmatch(r"body\.\d+\.conv1\.bias", name)) for name in state)
        build = look_of if num_blocks <= MOST_KEPT_BLOCKS else look_of.__wrapped__
        return copy.deepcopy(build((full, half, quarter, eighth), num_blocks))
    except (KeyError, TypeError, ValueError) as error:
        raise does_not_fit(source, LOOK, error) from error


# Without memory for values: the file brings them. Kept and copied, since torch's initial values take five
# times as long even where there are none; not of deeper networks, such as a stranger's file may ask for.
MOST_KEPT_BLOCKS = 64


@lru_cache(maxsize=8)
def rrdb_of(num_filters: int, num_blocks: int) -> RRDBNet:
    with torch.device("meta"):
        return RRDBNet(num_filters=num_filters, num_blocks=num_blocks)


@lru_cache(maxsize=8)
def look_of(channels: tuple[int, int, int, int], num_blocks: int) -> LookUNet:
    with torch.device("meta"):
        return LookUNet(channels=channels, num_blocks=num_blocks)


def metadata_count(metadata: Mapping[str, str], name: str, source: str) -> int:
    text = metadata.get(name, "nothing")
    if not re.fullmatch("[1-9][0-9]{0,4}", text):
        raise CheckpointError(f"Expected {source} to state {name} in its metadata, but got {text[:20]!r}.")
    return int(text)


def as_image_network(module: RRDBNet | LookUNet) -> ImageNetwork:
    """Our own network, built, as if it had been read from a file."""
    frozen: nn.Module = module.eval().requires_grad_(False)
    size = module.size_multiple if isinstance(module, LookUNet) else 1
    return ImageNetwork(
        module=frozen,
        architecture=type(module).__name__,
        scale=module.scale,
        input_channels=3,
        output_channels=3,
        minimum_size=size,
        multiple_of=size,
        square=False,
        supports_bfloat16=True,
    )
