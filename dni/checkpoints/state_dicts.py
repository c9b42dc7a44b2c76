"""Finds the weights in what a training program stored, and checks that they are finite tensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dni.checkpoints.errors import (
    MAX_BYTES,
    SAFETENSORS_SUFFIX,
    CheckpointError,
    too_large,
    unusable_content,
)
from dni.checkpoints.tensor_kinds import tensor_problem
from dni.errors import in_words, listed, shown

__all__ = ["Entries", "checked_tensors", "find_weights"]

# Names under which training programs store the weights, best first.
WRAPPERS = (
    "params_ema", "params-ema", "g_ema", "params", "state_dict", "model_state_dict", "model", "net",
    "generator",
)  # fmt: skip
MAX_NESTING = 4
# What DataParallel, torch.compile and training programs put before every name.
PREFIXES = ("module.", "_orig_mod.", "netG.")
# Layers that are one and the same have several names; a few of them, not many.
MOST_SHARED = 4
LARGEST_NUMBER = 2**24

WrapperPath = tuple[str, ...]
Entries = Mapping[Any, object]


def find_weights(entries: Entries, path: Path) -> dict[WrapperPath, Entries]:
    """The sets of weights in a file by the wrappers around them, best first; at least one."""
    found = weights_below(entries, ())
    if found:
        return found
    names = sorted(in_words(name) for name in entries)
    raise CheckpointError(
        f"Expected weights in {path}, bare or under one of {', '.join(WRAPPERS)}, but found no tensor there; "
        f"it holds {listed(names) or 'nothing'}. Extract the weights and save them as {SAFETENSORS_SUFFIX}."
    )


def weights_below(entries: Entries, wrappers: WrapperPath) -> dict[WrapperPath, Entries]:
    found: dict[WrapperPath, Entries] = {}
    # A dictionary around nothing but another one may have any name.
    names = [name for name in entries if isinstance(name, str)] if len(entries) == 1 else WRAPPERS
    for name in names:
        inner = entries.get(name)
        if isinstance(inner, Mapping) and len(wrappers) < MAX_NESTING:
            found |= weights_below(inner, (*wrappers, name))
    if not found and any(isinstance(entry, Tensor) for entry in entries.values()):
        found[wrappers] = entries
    return found


def checked_tensors(entries: Entries, path: Path) -> dict[str, Tensor]:
    """The chosen weights under their plain names, or an error if they are anything but finite tensors."""
    state: dict[str, Tensor] = {}
    for name, entry in entries.items():
        tensor = number_as_tensor(entry)
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            kind = type(tensor).__name__
            raise CheckpointError(
                f"Expected only tensors in the weights of {in_words(path)}, but {shown(name)} is a {kind}."
            )
        if problem := tensor_problem(name, tensor):
            raise unusable_content(path, problem)
        state[name] = tensor.detach()
    # A tiny file can describe a huge tensor by repeating one value; look before touching any.
    described = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
    if described > MAX_BYTES:
        raise too_large(path, described)
    storages = [tensor.untyped_storage() for tensor in state.values()]
    stored = sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())
    if described > MOST_SHARED * stored:
        raise unusable_content(
            path, f"Expected every value to be stored, but {stored} bytes make {described}"
        )
    state = without_prefixes(state)
    wrong = sorted(name for name, tensor in state.items() if not is_finite(tensor))
    if wrong:
        raise CheckpointError(
            f"Expected finite weights, but {path} has NaN or infinite values in {listed(wrong)}. "
            "Its training went wrong or the file is damaged: choose another."
        )
    return state


def number_as_tensor(entry: object) -> object:
    """Real-CUGAN marks its "pro" networks with a plain number, where everybody else has tensors."""
    if isinstance(entry, (bool, int, float)) and abs(entry) < LARGEST_NUMBER:
        return torch.tensor(float(entry))
    return entry


def is_finite(tensor: Tensor) -> bool:
    """Whether every value is, and stays so in the float32 that networks are built in.

    By NumPy, on one thread: of hundreds of short looks, PyTorch's threads wait for one another in each.
    """
    return not tensor.is_floating_point() or bool(np.isfinite(tensor.detach().float().numpy()).all())


def without_prefixes(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Remove prefixes that every name has, however many there are."""
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in state):
            return without_prefixes({name.removeprefix(prefix): tensor for name, tensor in state.items()})
    return state
