"""Groups of a network's layers, in order of depth, found from its tensors' names and the order of their use.

Ends of a blend share their architecture, so one division serves them all. It follows what super-resolution
networks have in common: a first layer, a trunk of equal blocks, upsampling, a last layer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor

__all__ = ["FIRST", "LAST", "MAX_TRUNK_GROUPS", "UNUSED", "UPSAMPLING", "layer_groups"]

FIRST, TRUNK, UPSAMPLING, LAST, UNUSED = "first", "trunk", "upsampling", "last", "unused"
MAX_TRUNK_GROUPS = 8
# A layer with fewer only shifts the picture's mean.
FEW_PARAMETERS = 16
# A group may hold so much of all parameters; one that holds more is split.
LARGE_SHARE = 0.6
# The first and the last group may hold so much, unless they are one layer.
END_SHARE = 0.125
UP_NAME = re.compile(r"(^|[._])up")


@dataclass(frozen=True)
class Unit:
    """A part of the network: all tensors whose names start with ``prefix``, and those that joined it."""

    prefix: str
    names: list[str]
    is_layer: bool
    """Whether its tensors belong to it and not to parts of it."""


def layer_groups(
    state: Mapping[str, Tensor], execution_order: Mapping[str, int] | None = None
) -> dict[str, tuple[str, ...]]:
    """Divide a network's floating tensors into groups of layers.

    The part of the network that holds more than half of its parameters is opened until no part does; that
    gives the blocks of the trunk. Parts that take turns, as the levels of a U-Net and what scales between
    them, are opened too. "first" and "last" are the outermost layers. Behind the trunk, "upsampling" starts
    at the first layer whose name says so ("up...") or, in a numbered sequence (old ESRGAN files), where a
    number is missing: only a layer without parameters has none. Norms and other small layers belong to the
    one before them; a single layer between blocks (``conv_body``) to the block before it. A group that then
    holds more than 60 % of all parameters is split.

    Args:
        state: As the built network's ``state_dict()`` gives it.
        execution_order: The names in the order in which the network first uses them, with numbers of
            parameters (:func:`dni.checkpoints.probe.execution_order`). By default all of ``state`` in its
            order, in which most networks list their parts by depth; a file's own order, often alphabetical,
            will not do.

    Returns:
        The names of every group's tensors, in order of depth: "first", "trunk 1" to "trunk K" (K at most
        8, as equal as blocks allow), "upsampling" ("upsampling 1", ... where it was split), "last", and
        "unused" for those that ``execution_order`` lacks; those that exist. Every floating tensor is in
        exactly one group.
    """
    floating = {name: tensor.numel() for name, tensor in state.items() if tensor.is_floating_point()}
    order = floating if execution_order is None else execution_order
    groups = depth_groups(state, {name: size for name, size in order.items() if name in floating})
    if unused := tuple(name for name in floating if name not in order):
        groups[UNUSED] = unused
    return groups


def depth_groups(state: Mapping[str, Tensor], sizes: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """The groups of the tensors in ``sizes``, which has their numbers of parameters in the order of use."""

    def is_small(unit: Unit) -> bool:
        vectors = all(state[name].ndim < 2 or name == unit.prefix for name in unit.names)
        return vectors or size_of([unit], sizes) < FEW_PARAMETERS

    opened, trunk = open_trunk(sizes)
    units = join(open_ends(opened, is_small, sizes), small=is_small)
    if not units:
        return {}
    first, *inner = units
    last = [inner.pop()] if inner else []
    start = upsampling_start(inner, trunk)
    sections = {
        FIRST: split_large([[first]], sizes),
        TRUNK: fewer(split_large(even_parts(blocks(inner[:start])), sizes), sizes),
        UPSAMPLING: split_large([inner[start:]], sizes),
        LAST: split_large([last], sizes),
    }
    return {
        group: tuple(name for unit in part for name in unit.names)
        for section, parts in sections.items()
        for group, part in named(section, parts)
    }


def named(section: str, parts: list[list[Unit]]) -> Iterator[tuple[str, list[Unit]]]:
    """The parts with their names: numbered in the trunk, and elsewhere if there are several."""
    for number, part in enumerate(parts, start=1):
        yield section if len(parts) == 1 and section != TRUNK else f"{section} {number}", part


def open_trunk(sizes: Mapping[str, int]) -> tuple[list[Unit], str]:
    """The parts of the network, and the module that was opened last for its size: the trunk.

    No part holds more than half of the parameters, except a single layer or the upsampling; and no two take
    turns, except single layers.
    """
    units, trunk = parts(Unit("", list(sizes), False)), ""
    while True:
        large = [
            index
            for index, unit in enumerate(units)
            if not unit.is_layer and not UP_NAME.search(unit.prefix) and is_large([unit], sizes)
        ]
        if not large:
            return in_order(units, sizes), trunk
        trunk = units[large[0]].prefix
        units[large[0] : large[0] + 1] = parts(units[large[0]])


def open_ends(units: list[Unit], is_small: Callable[[Unit], bool], sizes: Mapping[str, int]) -> list[Unit]:
    """The units, with the outermost ones opened until each is a single layer, or holds few parameters."""
    most = END_SHARE * sum(sizes.values())
    for end in (0, -1):
        while outer := [unit for unit in units if not is_small(unit)]:
            unit = outer[end]
            if unit.is_layer or size_of([unit], sizes) <= most:
                break
            index = units.index(unit)
            units = [*units[:index], *parts(unit), *units[index + 1 :]]
    return units


def is_large(units: Iterable[Unit], sizes: Mapping[str, int]) -> bool:
    """Whether these hold more than half of all parameters."""
    return 2 * size_of(units, sizes) > sum(sizes.values())


def size_of(units: Iterable[Unit], sizes: Mapping[str, int]) -> int:
    return sum(sizes[name] for unit in units for name in unit.names)


def in_order(units: list[Unit], sizes: Mapping[str, int]) -> list[Unit]:
    """The units sorted by first use; those between whose tensors others are used are opened."""
    places = {name: place for place, name in enumerate(sizes)}
    while True:
        units.sort(key=lambda unit: places[unit.names[0]])
        wide = [unit for unit in units if not unit.is_layer and is_interrupted(unit, places)]
        if not wide:
            return units
        units = [part for unit in units for part in (parts(unit) if unit in wide else [unit])]


def is_interrupted(unit: Unit, places: Mapping[str, int]) -> bool:
    return places[unit.names[-1]] - places[unit.names[0]] >= len(unit.names)


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


def even_parts(trunk: list[Unit]) -> list[list[Unit]]:
    """At most eight runs of consecutive units, as equal in number as possible."""
    count = min(MAX_TRUNK_GROUPS, len(trunk))
    edges = [len(trunk) * index // count for index in range(count + 1)] if count else [0]
    return [trunk[start:stop] for start, stop in pairwise(edges)]


def split_large(groups: list[list[Unit]], sizes: Mapping[str, int]) -> list[list[Unit]]:
    """The groups that are not empty; one that holds too much of all parameters is split."""
    return [part for group in groups if group for part in quarters(group, sizes)]


def quarters(group: list[Unit], sizes: Mapping[str, int]) -> Iterator[list[Unit]]:
    """The group, or its runs of about a quarter of all parameters if it holds too many."""
    total, own = sum(sizes.values()), size_of(group, sizes)
    if own <= LARGE_SHARE * total:
        yield group
        return
    units = open_large(group, sizes)
    count, before = math.ceil(4 * own / total), 0
    runs: dict[int, list[Unit]] = {}
    for unit in units:
        middle = before + size_of([unit], sizes) / 2
        runs.setdefault(int(count * middle / own), []).append(unit)
        before += size_of([unit], sizes)
    yield from runs.values()


def open_large(units: list[Unit], sizes: Mapping[str, int]) -> list[Unit]:
    """The units, with those that hold more than a quarter of all parameters opened down to single layers."""
    quarter = sum(sizes.values()) / 4
    while large := [unit for unit in units if not unit.is_layer and size_of([unit], sizes) > quarter]:
        units = [part for unit in units for part in (parts(unit) if unit in large else [unit])]
    return units


def fewer(groups: list[list[Unit]], sizes: Mapping[str, int]) -> list[list[Unit]]:
    """At most eight groups: the neighbours that are smallest together are joined."""
    while len(groups) > MAX_TRUNK_GROUPS:
        index = min(
            range(len(groups) - 1), key=lambda index: size_of(groups[index] + groups[index + 1], sizes)
        )
        groups = [*groups[:index], groups[index] + groups[index + 1], *groups[index + 2 :]]
    return groups
