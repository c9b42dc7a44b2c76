"""Trained digit classifiers: reading those that ship and those of a run, their logits and features."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from dni.catalog.bundled import weights_folder
from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.files import read_state
from dni.digits.methods import METHODS, method_id
from dni.errors import DniError, shown
from models.digits import DigitNetwork

__all__ = [
    "METHOD_IDS",
    "classifier_path",
    "features_of",
    "load_classifier",
    "logits_of",
    "read_network",
    "read_snapshots",
]

METHOD_IDS = tuple(METHODS)
CHUNK = 250


def classifier_path(method: str) -> Path:
    """The file of a method's network; "best" is the state-of-the-art row.

    Raises:
        DniError: There is no such method, or its file is missing.
    """
    method = method_id(method)
    path = weights_folder() / "digits" / f"{method}.safetensors"
    if not path.is_file():
        raise DniError(
            f"Expected the network of {method} at {path}, but there is no such file. Train it with "
            "'python -m dni train digits', or set DNI_WEIGHTS to the folder of the weights."
        )
    return path


def load_classifier(method: str) -> DigitNetwork:
    """A trained classifier in evaluation mode: RGB digits to logits.

    Takes float32 (B, 3, 28, 28) in [0, 1], with the normalisation inside; gives (B, 10).

    Args:
        method: One of :data:`METHOD_IDS`, or "best".

    Raises:
        DniError: There is no such method, or its file is missing or damaged.
    """
    return read_network(classifier_path(method))


def read_network(path: Path) -> DigitNetwork:
    """The digit network of a file, in evaluation mode.

    Raises:
        CheckpointError: It is missing, damaged or another network.
    """
    return build(read_state(path), path)


def read_snapshots(path: Path) -> dict[int, DigitNetwork]:
    """The networks that a run kept on the way, by iteration; names are ``<iteration>/<parameter>``.

    Raises:
        CheckpointError: The file is missing, damaged or of other networks.
    """
    states: dict[int, dict[str, Tensor]] = {}
    for key, tensor in read_state(path).items():
        iteration, _, name = key.partition("/")
        if not iteration.isdecimal():
            raise CheckpointError(f"Expected names like 300/conv1.bias in {path}, but got {shown(key)}.")
        states.setdefault(int(iteration), {})[name] = tensor.float()
    return {iteration: build(states[iteration], path) for iteration in sorted(states)}


def build(state: Mapping[str, Tensor], path: Path) -> DigitNetwork:
    network = DigitNetwork()
    try:
        network.load_state_dict(dict(state))
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(
            f"Expected a network of digits in {path}, but it does not fit ({reason})."
        ) from error
    return network.to(memory_format=torch.channels_last).eval()


@torch.no_grad()
def logits_of(network: DigitNetwork, images: Tensor) -> Tensor:
    """uint8 digits (N, 3, 28, 28) to float32 logits (N, 10), in chunks that fit a processor's cache."""
    return torch.cat([network(chunk.float() / 255).float() for chunk in torch.split(images, CHUNK)])


@torch.no_grad()
def features_of(network: DigitNetwork, images: Tensor) -> Tensor:
    """uint8 digits (N, 3, 28, 28) to the float32 features (N, 768) that a domain classifier reads."""
    return torch.cat([network.features(chunk.float() / 255).float() for chunk in torch.split(images, CHUNK)])
