"""Groups of a network's layers, in order of depth, found from the parameter names in its state dict.

Ends of a blend share their architecture, so one division serves them all. It follows what super-resolution
networks have in common: a first layer, a trunk of equal blocks, upsampling, a last layer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor

__all__ = ["FIRST", "LAST", "MAX_TRUNK_GROUPS", "UPSAMPLING", "layer_groups"]

FIRST, UPSAMPLING, LAST = "first", "upsampling", "last"
MAX_TRUNK_GROUPS = 8
UP_NAME = re.compile(r"(^|[._])up")


@dataclass(frozen=True)
class Unit:
    """A part of the network: all tensors whose names start with ``prefix``, and those that joined it."""

    prefix: str
    names: list[str]
    is_layer: bool
    """Whether its tensors belong to it and not to parts of it."""


def layer_groups(state: Mapping[str, Tensor]) -> dict[str, tuple[str, ...]]:
    """Divide a network's floating tensors into groups of layers.

    The part of the network that holds more than half of its parameters is opened until no part does; that
    gives the blocks of the trunk. "first" and "last" are the outermost layers. Behind the trunk,
    "upsampling" starts at the first layer whose name says so ("up...") or, in a numbered sequence (old
    ESRGAN files), where a number is missing: only a layer without parameters has none. Norms and activations
    belong to the layer before them; a single layer between blocks (``conv_body``) to the block before it.

    Args:
        state: As the built network's ``state_dict()`` gives it, so that names come in the order in which
            the network lists its parts: the order of depth in all but a few architectures (NAFNet lists
            its last layer second). A file's own order, often alphabetical, will not do.

    Returns:
        The names of every group's tensors, in order of depth: "first", "trunk 1" to "trunk K" (K at most
        8, as equal as blocks allow), "upsampling", "last"; those that exist. Every floating tensor is in
        exactly one group.
    """
    opened, trunk = open_trunk(state)
    units = join(
        opened, small=lambda unit: all(state[name].ndim < 2 or name == unit.prefix for name in unit.names)
    )
    if not units:
        return {}
    first, *inner = units
    groups = {FIRST: first.names}
    if inner:
        *inner, last = inner
        start = upsampling_start(inner, trunk)
        for index, names in enumerate(even_parts(blocks(inner[:start])), start=1):
            groups[f"trunk {index}"] = names
        if inner[start:]:
            groups[UPSAMPLING] = [name for unit in inner[start:] for name in unit.names]
        groups[LAST] = last.names
    return {group: tuple(names) for group, names in groups.items()}


def open_trunk(state: Mapping[str, Tensor]) -> tuple[list[Unit], str]:
    """The parts of the network, and the module that was opened last: the trunk.

    No part holds more than half of the parameters, except a single layer or the upsampling.
    """
    sizes = {name: tensor.numel() for name, tensor in state.items() if tensor.is_floating_point()}
    units, trunk = parts(Unit("", list(sizes), False)), ""
    while True:
        large = [
            index
            for index, unit in enumerate(units)
            if not unit.is_layer
            and not UP_NAME.search(unit.prefix)
            and 2 * sum(sizes[name] for name in unit.names) > sum(sizes.values())
        ]
        if not large:
            return units, trunk
        trunk = units[large[0]].prefix
        units[large[0] : large[0] + 1] = parts(units[large[0]])


def parts(unit: Unit) -> list[Unit]:
    """The modules directly inside, in the order of their first tensors."""
    start = len(unit.prefix) + 1 if unit.prefix else 0
    inside: dict[str, list[str]] = {}
    for name in unit.names:
        end = name.find(".", start)
        inside.setdefault(name if end < 0 else name[:end], []).append(name)
    return [
        Unit(prefix, names, all("." not in name[len(prefix) + 1 :] for name in names))
        for prefix, names in inside.items()
    ]


def join(units: list[Unit], *, small: Callable[[Unit], bool]) -> list[Unit]:
    """Give small units to the unit before them; those in front of all others to the one behind."""
    joined: list[Unit] = []
    early: list[str] = []
    for unit in units:
        if joined and small(unit):
            joined[-1].names.extend(unit.names)
        elif small(unit):
            early += unit.names
        else:
            joined.append(Unit(unit.prefix, early + unit.names, unit.is_layer))
            early = []
    return joined or [Unit("", early, True)] * bool(early)


def blocks(trunk: list[Unit]) -> list[Unit]:
    """The trunk's blocks with the single layers between them; a trunk of single layers stays as it is."""
    if all(unit.is_layer for unit in trunk):
        return trunk
    return join(trunk, small=lambda unit: unit.is_layer)


def upsampling_start(inner: list[Unit], trunk: str) -> int:
    """The index of the first unit of the upsampling, or the number of units."""
    in_trunk = [index for index, unit in enumerate(inner) if trunk and unit.prefix.startswith(trunk + ".")]
    start = in_trunk[-1] + 1 if in_trunk else 0
    before = number_behind(trunk, inner[start].prefix) if start < len(inner) else None
    for index, unit in enumerate(inner[start:], start=start):
        number = unit.prefix.rpartition(".")[2]
        if UP_NAME.search(unit.prefix):
            return index
        if before is not None and number.isdecimal():
            if int(number) != before + 1:
                return index
            before = int(number)
    return len(inner)


def number_behind(trunk: str, prefix: str) -> int | None:
    """The trunk's own number in the sequence in which ``prefix`` is numbered, if they share one."""
    parent = prefix.rpartition(".")[0]
    inside = trunk[len(parent) + 1 :].partition(".")[0]
    return int(inside) if parent and trunk.startswith(parent + ".") and inside.isdecimal() else None


def even_parts(trunk: list[Unit]) -> list[list[str]]:
    """At most eight runs of consecutive units, as equal in number as possible."""
    count = min(MAX_TRUNK_GROUPS, len(trunk))
    edges = [len(trunk) * index // count for index in range(count + 1)] if count else [0]
    return [[name for unit in trunk[start:stop] for name in unit.names] for start, stop in pairwise(edges)]
