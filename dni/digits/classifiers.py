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
from models.digits import DigitClassifier, DigitNetwork, LargeDigitNetwork

__all__ = [
    "METHOD_IDS",
    "NETWORK_CLASSES",
    "classifier_path",
    "features_of",
    "fresh_network",
    "load_classifier",
    "logits_of",
    "read_network",
    "read_snapshots",
]

METHOD_IDS = tuple(METHODS)
# By size, as --network names them.
NETWORK_CLASSES: dict[str, type[DigitClassifier]] = {"small": DigitNetwork, "large": LargeDigitNetwork}
CHUNK = 250


def classifier_path(method: str, *, size: str = "small") -> Path:
    """The file of a method's network; "best" is the state-of-the-art row.

    Raises:
        DniError: There is no such method or size, or its file is missing.
    """
    method = method_id(method)
    if size not in NETWORK_CLASSES:
        raise DniError(f"Expected one of the networks {', '.join(NETWORK_CLASSES)}, but got {shown(size)}.")
    folder = weights_folder() / "digits"
    path = (folder if size == "small" else folder / size) / f"{method}.safetensors"
    if not path.is_file():
        name = "network" if size == "small" else f"{size} network"
        raise DniError(
            f"Expected the {name} of {method} at {path}, but there is no such file. Train it with "
            "'python -m dni train digits', or set DNI_WEIGHTS to the folder of the weights."
        )
    return path


def load_classifier(method: str, *, size: str = "small") -> DigitClassifier:
    """A trained classifier in evaluation mode: RGB digits to logits.

    Takes float32 (B, 3, 28, 28) in [0, 1], with the normalisation inside; gives (B, 10).

    Args:
        method: One of :data:`METHOD_IDS`, or "best".
        size: "small", or "large": a network of six times the work, of source_only, adamatch and target_only.

    Raises:
        DniError: There is no such method or size, or its file is missing or damaged.
    """
    return read_network(classifier_path(method, size=size))


def read_network(path: Path) -> DigitClassifier:
    """The digit network of a file, in evaluation mode.

    Raises:
        CheckpointError: It is missing, damaged or another network.
    """
    return build(read_state(path), path)


def read_snapshots(path: Path) -> dict[int, DigitClassifier]:
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


def fresh_network(state: Mapping[str, Tensor]) -> DigitClassifier:
    """An untrained network of the size that parameters are of."""
    return NETWORK_CLASSES["large" if "conv5.weight" in state else "small"]()


def build(state: Mapping[str, Tensor], path: Path) -> DigitClassifier:
    network = fresh_network(state)
    try:
        network.load_state_dict(dict(state))
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(
            f"Expected a network of digits in {path}, but it does not fit ({reason})."
        ) from error
    return network.to(memory_format=torch.channels_last).eval()


@torch.no_grad()
def logits_of(network: DigitClassifier, images: Tensor) -> Tensor:
    """uint8 digits (N, 3, 28, 28) to float32 logits (N, 10), in chunks that fit a processor's cache."""
    return torch.cat([network(chunk.float() / 255).float() for chunk in torch.split(images, CHUNK)])


@torch.no_grad()
def features_of(network: DigitClassifier, images: Tensor) -> Tensor:
    """uint8 digits (N, 3, 28, 28) to the float32 features (N, d) that a domain classifier reads."""
    return torch.cat([network.features(chunk.float() / 255).float() for chunk in torch.split(images, CHUNK)])
