"""Tries the networks of strangers in the sandbox: loading, probing, measuring and a small picture."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import torch

from dni.blending.mix_paths import first_end
from dni.bounded_process import LimitError, ran_out_of_memory
from dni.checkpoints import sandbox
from dni.checkpoints.networks import load_ends
from dni.rendering.measuring.surroundings import Surroundings
from dni.rendering.renderer import Renderer

__all__ = ["measure_apart", "try_network", "unusable"]

# Larger than the tile, so that the receptive field is measured too.
PICTURE_SIDE, TILE = 96, 64


def unusable(paths: Sequence[Path | str]) -> dict[Path, str]:
    """The files that cannot be used; see :func:`dni.checkpoints.sandbox.unusable` and :func:`try_network`."""
    return sandbox.unusable(paths, trial=f"{__name__}:try_network")


def try_network(path: str) -> None:
    """All that the app will do with a network before its first frame, and a small picture.

    Raises:
        DniError: The file cannot be loaded.
        MemoryError: Running it takes too much. What else goes wrong then is told when a picture is rendered.
    """
    network, states = load_ends([path, path])
    renderer = Renderer(network, states, device=torch.device("cpu"), precision="float32")
    picture = torch.zeros(3, PICTURE_SIDE, PICTURE_SIDE, dtype=torch.uint8)
    mix = first_end(2)
    try:
        renderer.render(picture, mix)
        renderer.render(picture, mix, tile=TILE)
    except Exception as error:
        if ran_out_of_memory(error):
            raise MemoryError from error


def measure_apart(paths: Sequence[Path]) -> Surroundings | None:
    """What :meth:`dni.rendering.engine.Engine.measured` gives for a blend of files, measured in the sandbox.

    On the frames' thread it would let everybody wait, half a minute for a slow network.

    Returns:
        None where measuring took too much, or failed.
    """
    request = {"paths": [os.path.abspath(path) for path in paths]}
    try:
        answer = sandbox.ask_apart(f"{__name__}:measured_numbers", request)
    except LimitError:
        return None
    return Surroundings(*answer) if answer else None


def measured_numbers(request: Mapping[str, Any]) -> tuple[Any, list[int], list[bytes]]:
    """In the sandbox: the numbers of the surroundings, or None."""
    try:
        network, states = load_ends(request["paths"])
        renderer = Renderer(network, states, device=torch.device("cpu"), precision="float32")
        return astuple(renderer.measured()), [], []
    except Exception as error:  # third-party code on a stranger's file; a render will say what is wrong
        if ran_out_of_memory(error):
            raise MemoryError from error
        return None, [], []
