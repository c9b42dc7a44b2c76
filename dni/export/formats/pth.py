"""Writes PyTorch files in the layouts that other programs read, and runs them as spandrel would."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dni.checkpoints.builders.own_networks import is_ours, spandrel_knows
from dni.checkpoints.files import read_state
from dni.checkpoints.networks import build
from dni.export.formats.compare import Runner
from dni.export.formats.kinds import Layout

__all__ = ["ONLY_HERE", "is_only_ours", "pth_runner", "write_pth"]

ONLY_HERE = (
    "No other program knows this network's architecture, and a .pth file has no place to name it: "
    "use onnx or ncnn for other programs."
)


def write_pth(path: Path, state: Mapping[str, Tensor], layout: Layout, texts: Mapping[str, str]) -> None:
    """A file that ``torch.load(path, weights_only=True)`` reads.

    Args:
        path: Where to write.
        state: The tensors under the names of the original file.
        layout: ``{"params_ema": state}`` as BasicSR's own, with the texts beside; or the bare state.
        texts: What to keep of how it was made, where the layout has a place for it.
    """
    tensors = {name: tensor.detach().contiguous().clone() for name, tensor in state.items()}
    torch.save(tensors if layout is Layout.BARE else {layout.value: tensors, **texts}, path)


def is_only_ours(metadata: Mapping[str, str]) -> bool:
    """Whether no other program could build the network from its tensors alone."""
    return is_ours(metadata) and not spandrel_knows(metadata)


def pth_runner(path: Path, metadata: Mapping[str, str]) -> Runner:
    """The network in a file, as other programs load it; where none can, as we do with its metadata."""
    if is_only_ours(metadata):
        module: torch.nn.Module = build(read_state(path), metadata).module
    else:
        import spandrel  # slow to import

        state = torch.load(path, weights_only=True, map_location="cpu")
        loaded = spandrel.ModelLoader().load_from_state_dict(state)
        assert isinstance(loaded, spandrel.ImageModelDescriptor), "it was one before"
        loaded.model.float().eval()
        return lambda image: loaded(torch.from_numpy(image)).detach().numpy()

    @torch.no_grad()
    def run(image: NDArray[np.float32]) -> NDArray[np.floating]:
        found: NDArray[np.floating] = module(torch.from_numpy(image)).numpy()
        return found

    return run
