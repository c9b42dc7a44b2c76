"""What a file of weights may hold: limits on headers and names, and the kinds of tensors that can be blended.

A header of a few bytes can describe anything, so it is looked at before a parser or PyTorch acts on it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dni.errors import shown

__all__ = ["MAX_NAME", "MAX_TENSORS", "header_problem", "tensor_problem"]

MAX_NAME = 500
MAX_TENSORS = 65_536
# Parsing many takes seconds and a gigabyte; a tensor has some seven.
MAX_HEADER_VALUES = 8 * MAX_TENSORS
# PyTorch computes with at most 64; no layer has more than 6.
MAX_DIMENSIONS = 16
# The names of so many tensors, and a recipe with a mask.
MAX_HEADER_BYTES = 24_000_000
LENGTH_BYTES = 8
# By safetensors' names; what else its format knows (F4, F6, F8, C64) nobody can blend.
DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8,
    "U64": torch.uint64, "U32": torch.uint32, "U16": torch.uint16, "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip
USABLE = "tensors of float64, float32, float16, bfloat16, integers or bool"


def header_problem(path: Path) -> str:
    """What is wrong with the header of a safetensors file, or ""; damage is for its parser to find.

    Args:
        path: A file that is there.

    Returns:
        Expectation and finding, of which the second follows "but ...".

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        size, start = os.fstat(file.fileno()).st_size, file.read(LENGTH_BYTES)
        length = int.from_bytes(start, "little")
        if len(start) < LENGTH_BYTES or length > size - LENGTH_BYTES:
            return ""
        if length > MAX_HEADER_BYTES:
            most, found = MAX_HEADER_BYTES / 1e6, length / 1e6
            return f"Expected a header of at most {most:.0f} MB, but it has {found:.4g} MB"
        content = file.read(length)
    values = sum(content.count(mark) for mark in (b",", b"[", b"{"))
    if values > MAX_HEADER_VALUES:
        return f"Expected a header with at most {MAX_HEADER_VALUES:,} values, but it has about {values:,}"
    try:
        entries = json.loads(content, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return ""
    return entries_problem(entries)


def entries_problem(entries: Any) -> str:
    """What is wrong with a header's entries, which are pairs of a name and again pairs."""
    if not isinstance(entries, list) or not all(isinstance(entry, tuple) for entry in entries):
        return ""
    names = [name for name, _ in entries]
    if len(names) > MAX_TENSORS:
        return f"Expected at most {MAX_TENSORS} tensors, but there are {len(names)}"
    if len(set(names)) < len(names):
        twice = next(
            name for name, before in zip(sorted(names)[1:], sorted(names), strict=False) if name == before
        )
        return f"Expected every tensor once, but {shown(twice)} is there again"
    for name, fields in entries:
        described = (
            dict(fields) if isinstance(fields, list) and all(isinstance(f, tuple) for f in fields) else {}
        )
        if name != "__metadata__" and (
            problem := name_problem(name) or dtype_problem(name, described.get("dtype"))
        ):
            return problem
    return ""


def name_problem(name: str) -> str:
    if len(name) <= MAX_NAME:
        return ""
    return (
        f"Expected names of at most {MAX_NAME} characters, but one has {len(name)} and begins with "
        f"{shown(name, most=60)}"
    )


def dtype_problem(name: str, dtype: object) -> str:
    if isinstance(dtype, str) and dtype in DTYPES:
        return ""
    return f"Expected {USABLE}, but {shown(name, most=100)} is of the type {shown(dtype, most=40)}"


def tensor_problem(name: object, value: object) -> str:
    """What is wrong with an entry of a file, or ""; as of :func:`header_problem`."""
    if not isinstance(name, str) or not isinstance(value, Tensor):
        return f"Expected only tensors, but {shown(name, most=100)} is a {type(value).__name__}"
    if problem := name_problem(name):
        return problem
    where = shown(name, most=100)
    special = value.is_nested or value.is_quantized or value.layout != torch.strided
    if special or value.device.type != "cpu":
        return f"Expected plain dense tensors, but {where} is sparse, nested, quantised or without values"
    if value.dtype not in DTYPES.values():
        return f"Expected {USABLE}, but {where} is of the type {str(value.dtype).removeprefix('torch.')}"
    if value.dim() > MAX_DIMENSIONS:
        return f"Expected tensors of at most {MAX_DIMENSIONS} dimensions, but {where} has {value.dim()}"
    needed, stored = value.numel() * value.element_size(), value.untyped_storage().nbytes()
    if needed > stored:
        return f"Expected every value to be stored, but {where} repeats {stored} bytes to make {needed}"
    return ""
