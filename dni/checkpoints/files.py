"""Reading and writing weight files: safetensors, and PyTorch pickles that hold nothing but tensors.

Nothing here runs code from a file, and every problem with a file is a :class:`CheckpointError` that names it.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import zipfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from dni.checkpoints.atomic_write import atomic_write
from dni.checkpoints.errors import (
    MAX_BYTES,
    SAFETENSORS_SUFFIX,
    CheckpointError,
    asks_to_run_code,
    not_a_checkpoint,
    too_large,
    unusable_content,
)
from dni.checkpoints.state_dicts import Entries, checked_tensors, find_weights
from dni.checkpoints.tensor_kinds import header_problem
from dni.errors import in_words

__all__ = [
    "read_metadata",
    "read_state",
    "read_states",
    "save",
    "sha256_of",
]

PICKLE_SUFFIXES = (".pth", ".pt", ".ckpt")
HASH_CHUNK_BYTES = 1 << 20


def sha256_of(path: Path | str) -> str:
    """The SHA-256 of a file in hexadecimal, read in pieces.

    Raises:
        CheckpointError: The file cannot be read.
    """
    try:
        found = os.stat(path)
    except OSError as error:
        raise CheckpointError(f"Expected a readable file, but got {path} ({error.strerror}).") from error
    return hash_file(str(path), found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=64)
def hash_file(path: str, size: int, modified: int) -> str:
    """The hash of a file as it is now: size and time are there so that a changed file is read again."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while chunk := file.read(HASH_CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise CheckpointError(f"Expected a readable file, but got {path} ({error.strerror}).") from error
    return digest.hexdigest()


def save(path: Path | str, state: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write a ``.safetensors`` file so that it is either complete or not there.

    Args:
        path: Where to write; its folder must exist, and an older file is replaced.
        state: Tensors of any shape, dtype, device and memory order; written contiguous, from copies.
        metadata: Texts for the file's header.

    Raises:
        CheckpointError: Another suffix, no tensors, or a place that cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != SAFETENSORS_SUFFIX:
        raise CheckpointError(f"Expected a name that ends in {SAFETENSORS_SUFFIX}, but got {path.name}.")
    if not state:
        raise CheckpointError(f"Expected at least one tensor to write to {path}, but got none.")
    tensors = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in state.items()
    }
    with atomic_write(path, error_type=CheckpointError, failures=(OSError, SafetensorError)) as partial:
        save_file(tensors, partial, metadata=dict(metadata))


def read_metadata(path: Path | str) -> dict[str, str]:
    """The texts in the header of a ``.safetensors`` file; empty for other checkpoints.

    Raises:
        CheckpointError: The file is missing, too large or not a checkpoint.
    """
    path = check_file(Path(path))
    if path.suffix.lower() != SAFETENSORS_SUFFIX:
        return {}
    check_header(path)
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except Exception as error:  # whatever a hostile file makes the parser raise
        raise not_a_checkpoint(path, error) from error


def read_state(path: Path | str) -> dict[str, Tensor]:
    """The weights of one file; see :func:`read_states`."""
    return read_states([path])[0]


def read_states(paths: Sequence[Path | str]) -> list[dict[str, Tensor]]:
    """The weights of several files that are to be used together, on the CPU.

    A training checkpoint may hold several sets (``params_ema``, ``params``, ...). The best one that all
    files have is taken, so that averaged weights are not mixed with raw ones; where the files share none,
    each gives its own best. A ``module.`` or ``_orig_mod.`` before every name is removed.

    Args:
        paths: ``.safetensors``, or ``.pth``, ``.pt`` and ``.ckpt`` pickles, of at most 4 GiB each.

    Returns:
        For each file, its names and dense tensors, in the file's dtypes; floating ones all finite.

    Raises:
        CheckpointError: A file is missing, empty, damaged, too large, of an unknown kind or asks to run
            code; or its weights are not all finite tensors.
    """
    files = [Path(path) for path in paths]
    found = [find_weights(load_entries(path), path) for path in files]
    shared = [wrapper for wrapper in found[0] if all(wrapper in each for each in found)] if found else []
    states = []
    for path, each in zip(files, found, strict=True):
        chosen = shared[0] if shared else next(iter(each))
        states.append(checked_tensors(each[chosen], path))
    return states


def check_file(path: Path) -> Path:
    """The path itself if it is a file of a known kind and a possible size."""
    if path.suffix.lower() not in (SAFETENSORS_SUFFIX, *PICKLE_SUFFIXES):
        known = ", ".join((SAFETENSORS_SUFFIX, *PICKLE_SUFFIXES))
        raise CheckpointError(f"Expected a file that ends in one of {known}, but got {path}.")
    try:
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise CheckpointError(f"Expected a readable checkpoint, but got {path} ({error}).") from error
    if not path.is_file():
        raise CheckpointError(f"Expected a file, but {path} is a folder or a device. Name the file in it.")
    if size == 0:
        raise CheckpointError(f"Expected a checkpoint, but {path} is empty. Download or copy it again.")
    if size > MAX_BYTES:
        raise too_large(path, size)
    return path


def load_entries(path: Path) -> Entries:
    """Everything in a file, wrappers and all."""
    check_file(path)
    if path.suffix.lower() == SAFETENSORS_SUFFIX:
        check_header(path)
        try:
            return dict(load_file(path))
        except Exception as error:  # whatever a hostile file makes the parser raise
            raise not_a_checkpoint(path, error) from error
    check_archive(path)
    content = unpickle_tensors(path)
    if not isinstance(content, Mapping):
        kind = type(content).__name__
        raise CheckpointError(
            f"Expected {in_words(path)} to hold a dictionary of tensors, but it holds a {kind}."
        )
    return content


def check_header(path: Path) -> None:
    """Raise if a safetensors file describes what we could not use, before a parser trusts it."""
    try:
        problem = header_problem(path)
    except OSError as error:
        raise not_a_checkpoint(path, error.strerror) from error
    if problem:
        raise unusable_content(path, problem)


def check_archive(path: Path) -> None:
    """Refuse, before PyTorch opens it, an archive that is a program or unpacks to more than the limit."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise not_a_checkpoint(path, error) from error
    if any(member.filename.endswith("/constants.pkl") for member in members):
        raise asks_to_run_code(path, "a TorchScript program")
    unpacked = sum(member.file_size for member in members)
    if unpacked > MAX_BYTES:
        raise too_large(path, unpacked)
    if unpacked > path.stat().st_size:  # compressed, or parts that overlap
        raise unusable_content(
            path, f"Expected every value to be stored, but {path.stat().st_size} bytes unpack to {unpacked}"
        )


def unpickle_tensors(path: Path) -> object:
    try:
        return torch.load(path, weights_only=True, map_location="cpu")
    except pickle.UnpicklingError as error:
        wanted = re.search(r"GLOBAL ([\w.]+)", str(error))
        with path.open("rb") as file:
            is_pickle = file.read(1) == b"\x80" or zipfile.is_zipfile(file)
        if wanted or is_pickle:
            raise asks_to_run_code(
                path, wanted[1] if wanted else "something other than tensors, or damage"
            ) from error
        raise not_a_checkpoint(path, "neither a PyTorch file nor safetensors") from error
    except Exception as error:  # whatever a hostile file makes the parser raise
        raise not_a_checkpoint(path, error) from error
