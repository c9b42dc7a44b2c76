"""Families: the community's networks by the root that they were trained from, and fetching one.

What descends from one root can often be blended. The list is made from OpenModelDB's public data
(:mod:`dni.catalog.make_families`) and comes with the program, so it can be looked at without a connection.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dni.catalog.cache_folder import default_cache
from dni.catalog.download import fetch, is_right
from dni.catalog.pairs import ProgressOf
from dni.catalog.transfer import DownloadError
from dni.errors import DniError, shown

__all__ = [
    "FAMILIES_FILE",
    "FIELDS",
    "FORMAT",
    "Families",
    "Relative",
    "fetch_relative",
    "load_families",
    "local_relative",
    "root_of",
]

FAMILIES_FILE = Path(__file__).with_name("families.json")
FORMAT = 1
FIELDS = (
    *("id", "name", "authors", "licence", "architecture", "size", "scale", "channels"),
    *("parent", "purposes", "bytes", "sha256", "suffix", "urls", "root"),
)
PAGE = "https://openmodeldb.info/models/"
# Of all networks of families that are kept here; a page that everybody may open must not fill the disk.
MAX_KEPT_BYTES = 4_000_000_000


@dataclass(frozen=True)
class Relative:
    """One network of a family.

    Attributes:
        id, name, authors: What it is called in OpenModelDB, and by whom.
        licence: An SPDX identifier, or empty if unknown.
        architecture, size, scale, channels: What networks that blend have in common; see :meth:`is_like`.
        parent: The id of the network that it was trained from; empty for the root.
        purposes: What it is for, in a word or two each.
        bytes, sha256, suffix: Of its file.
        urls: Where the file is, https; empty where it is behind a page.
        root: The id of the network that the family begins with.
    """

    id: str
    name: str
    authors: tuple[str, ...]
    licence: str
    architecture: str
    size: tuple[str, ...]
    scale: int
    channels: tuple[int, int]
    parent: str
    purposes: tuple[str, ...]
    bytes: int
    sha256: str
    suffix: str
    urls: tuple[str, ...]
    root: str

    @property
    def page(self) -> str:
        """Where to read about it, and to get it by hand."""
        return PAGE + self.id

    def is_like(self, other: Relative) -> bool:
        """Whether both are listed with one architecture, scale and size, as networks that blend are.

        Where the list has no size, it may be the same.
        """
        mine, others = (
            (one.architecture, one.scale, one.channels, one.size if self.size and other.size else ())
            for one in (self, other)
        )
        return mine == others


class Families:
    """All networks that have relatives.

    Args:
        relatives: The networks.
    """

    def __init__(self, relatives: Mapping[str, Relative]) -> None:
        self.relatives = dict(relatives)

    def find(self, name: object) -> Relative:
        """The network of an id.

        Raises:
            DniError: There is none.
        """
        found = self.relatives.get(name) if isinstance(name, str) else None
        if found is None:
            raise DniError(f"Expected a network of the list of families, but got {shown(name)}.")
        return found

    def of(self, name: str) -> list[Relative]:
        """The family of a network: itself, then those like it, then the others.

        Raises:
            DniError: There is no such network.
        """
        own = self.find(name)
        family = [one for one in self.relatives.values() if one.root == own.root and one.id != own.id]
        return [own, *sorted(family, key=lambda one: (not one.is_like(own), one.name.casefold(), one.id))]


def root_of(name: str, parents: Mapping[str, str]) -> str:
    """The first ancestor of a network; an entry in a circle is its own root."""
    seen = [name]
    while (parent := parents.get(seen[-1], "")) in parents:
        if parent in seen:
            return name
        seen.append(parent)
    return seen[-1]


@functools.cache
def load_families(path: Path = FAMILIES_FILE) -> Families:
    """The list that comes with the program.

    Raises:
        DniError: The file is not one that :mod:`dni.catalog.make_families` wrote.
    """
    data = json.loads(path.read_text("utf-8"))
    if data.get("format") != FORMAT or tuple(data.get("fields", ())) != FIELDS:
        raise DniError(f"Expected {path.name} of format {FORMAT}, but it is another. Install dni again.")
    frozen: list[list[Any]] = [
        [tuple(value) if isinstance(value, list) else value for value in row] for row in data["networks"]
    ]
    return Families({row[0]: Relative(**dict(zip(FIELDS, row, strict=True))) for row in frozen})


def kept_folder(cache: Path | None) -> Path:
    return (cache or default_cache()) / "families"


def kept_path(relative: Relative, cache: Path | None) -> Path:
    """Where a network's file is kept; its hash is part of the place, so that two of a name are two files."""
    return kept_folder(cache) / relative.sha256[:16] / f"{relative.id}{relative.suffix}"


def local_relative(relative: Relative, *, cache: Path | None = None) -> Path | None:
    """Where the file is on this machine, by its size; None if it is not."""
    path = kept_path(relative, cache)
    return path if is_right(path, size=relative.bytes, sha256=None) else None


def fetch_relative(
    relative: Relative,
    *,
    cache: Path | None = None,
    progress: ProgressOf | None = None,
    max_bytes: int = MAX_KEPT_BYTES,
) -> Path:
    """The file of a network, fetched where it is not here yet; its size and hash are those of the list.

    Args:
        relative: Of :func:`load_families`.
        cache: The folder for downloads, ``default_cache()`` if None.
        progress: As of :func:`dni.catalog.pairs.end_paths`.
        max_bytes: Of all that is kept of families.

    Raises:
        DownloadError: It is behind a page, there is no connection, no room, or what came is another file.
    """
    destination = kept_path(relative, cache)
    if is_right(destination, size=relative.bytes, sha256=relative.sha256):
        return destination
    if not relative.urls:
        raise DownloadError(
            f"Expected an address of the file of {relative.id}, but it is behind a page: get it from "
            f"{relative.page} and open that file."
        )
    check_room(relative, kept_folder(cache), max_bytes)
    errors: list[DownloadError] = []
    for url in relative.urls:
        try:
            if progress is None:
                return fetch(url, destination, size=relative.bytes, sha256=relative.sha256)
            with progress(destination.name) as report:
                return fetch(url, destination, size=relative.bytes, sha256=relative.sha256, progress=report)
        except DownloadError as error:
            errors.append(error)
    raise errors[0]


def check_room(relative: Relative, folder: Path, max_bytes: int) -> None:
    """Raise :class:`DownloadError` where a network would make what is kept too much."""
    kept = kept_bytes(folder)
    if kept + relative.bytes > max_bytes:
        raise DownloadError(
            f"Expected room for {relative.id} ({relative.bytes / 1e6:.0f} MB), but {kept / 1e9:.1f} GB of "
            f"families are here already, of {max_bytes / 1e9:.1f}. Delete some in {folder}."
        )


def kept_bytes(folder: Path) -> int:
    """What all files in a folder take."""
    return sum(
        os.lstat(os.path.join(place, name)).st_size for place, _, files in os.walk(folder) for name in files
    )
