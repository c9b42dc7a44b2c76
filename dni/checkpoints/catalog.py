"""The catalogue of known pairs and ladders: bundled, downloadable, or local.

``catalog.json`` lists them, and ``$DNI_CATALOG`` names a second file of the same form. A bundled path is
relative to the ``weights`` folder (or ``$DNI_WEIGHTS``), a path in another catalogue to that catalogue.
"""

from __future__ import annotations

import difflib
import json
import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from dni.checkpoints.bundled import WEIGHTS_VARIABLE, weights_folder
from dni.checkpoints.download import (
    DownloadError,
    Progress,
    default_cache,
    fetch,
    fetch_hub,
    hub_copy,
    is_right,
)
from dni.checkpoints.files import PICKLE_SUFFIXES, SAFETENSORS_SUFFIX
from dni.errors import DniError, in_words, listed, shown

__all__ = [
    "CatalogError",
    "End",
    "Pair",
    "ProgressOf",
    "Source",
    "end_paths",
    "find_pair",
    "load_catalog",
]

BUNDLED_CATALOG = Path(__file__).with_name("catalog.json")
CATALOG_VARIABLE = "DNI_CATALOG"

# The keys of catalog.json and their types; null means that nobody knows.
PAIR_REQUIRED: dict[str, type] = {"id": str, "title": str, "ends": list}
PAIR_OPTIONAL: dict[str, type] = {"scale": int} | dict.fromkeys(
    ("description", "lineage", "licence", "homepage", "architecture", "layout"), str
)
END_REQUIRED: dict[str, type] = {"label": str, "source": dict}
END_OPTIONAL: dict[str, type] = {"mirrors": list}
SOURCE_OPTIONAL: dict[str, type] = dict.fromkeys(("url", "hub_repo", "hub_file", "path", "sha256"), str) | {
    "size": int,
    "verified": bool,
}

logger = logging.getLogger(__name__)

ProgressOf = Callable[[str], AbstractContextManager[Progress]]


class CatalogError(DniError):
    """A catalogue is not well formed, or does not have what was asked for."""


@dataclass(frozen=True)
class Source:
    """One place to get a file: a local path, an address, or a file in a repository of the hub."""

    url: str | None = None
    hub_repo: str | None = None
    hub_file: str | None = None
    path: Path | None = None
    size: int | None = None
    sha256: str | None = None
    verified: bool = True
    """Whether anybody has seen the file there."""

    @property
    def file_name(self) -> str:
        return (
            self.path.name
            if self.path
            else PurePosixPath(self.hub_file or urlsplit(self.url or "").path).name
        )

    def is_right(self, path: Path) -> bool:
        """Whether the file there is the one this source promises."""
        return is_right(path, size=self.size, sha256=self.sha256)


@dataclass(frozen=True)
class End:
    """One end of a pair, labelled by what it does, with its sources: mirrors are for when the first fails."""

    label: str
    source: Source
    mirrors: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Pair:
    """Two or more networks to blend, in the order that gives alpha its meaning.

    Attributes:
        id: What to call it on the command line; also a folder name.
        title: What to call it in the app.
        description: One line on what the slider does.
        ends: End A, end B, and for a ladder the rest.
        lineage: Why the ends can be blended: which descends from which, and whether that is documented.
        licence: An SPDX identifier, or empty if unknown.
        homepage: Where the weights come from.
        scale: Output pixels for an input pixel, if known.
        architecture: As :class:`dni.checkpoints.networks.ImageNetwork` names it, or empty if unknown.
        layout: How the original files arrange their names.
    """

    id: str
    title: str
    ends: tuple[End, ...]
    description: str = ""
    lineage: str = ""
    licence: str = ""
    homepage: str = ""
    scale: int | None = None
    architecture: str = ""
    layout: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(end.label for end in self.ends)

    @classmethod
    def from_paths(cls, paths: Sequence[Path | str], labels: Sequence[str] | None = None) -> Pair:
        """A pair of local files that no catalogue knows.

        Args:
            paths: At least two files.
            labels: One for each; by default the files' names, with their folders where names repeat.

        Raises:
            CatalogError: Fewer than two files, or another number of labels.
        """
        files = [Path(path) for path in paths]
        if len(files) < 2:
            raise CatalogError(f"Expected at least two files to blend, but got {len(files)}.")
        if labels is None:
            labels = [file.stem for file in files]
            if len(set(labels)) < len(labels):
                labels = [f"{file.parent.name}/{file.stem}" for file in files]
        if len(labels) != len(files):
            raise CatalogError(f"Expected a label for each of {len(files)} files, but got {len(labels)}.")
        ends = tuple(End(label, Source(path=file)) for label, file in zip(labels, files, strict=True))
        return cls(id="files", title=" / ".join(labels), ends=ends)

    def is_local(self, cache: Path | None = None) -> bool:
        """Whether all ends are on this machine, judged by their names and sizes."""
        return all(local_copy(self, number, cache) is not None for number in range(len(self.ends)))


def load_catalog(path: Path | None = None) -> dict[str, Pair]:
    """All pairs by their id.

    Args:
        path: One catalogue; by default the bundled one and that of ``$DNI_CATALOG``.

    Raises:
        CatalogError: A file is missing or malformed, or an id is there twice.
    """
    if path is not None:
        return read_catalog(path, folder=path.parent)
    catalog = read_catalog(BUNDLED_CATALOG, folder=weights_folder())
    extra = os.environ.get(CATALOG_VARIABLE)
    if extra:
        for pair in read_catalog(Path(extra), folder=Path(extra).parent).values():
            add(catalog, pair, Path(extra))
    return catalog


def find_pair(pair_id: str, *, catalog: Mapping[str, Pair] | None = None) -> Pair:
    """One pair of the catalogue, by default of :func:`load_catalog`.

    Raises:
        CatalogError: There is no such pair; the text names the nearest ones.
    """
    if catalog is None:
        catalog = load_catalog()
    if pair_id in catalog:
        return catalog[pair_id]
    near = difflib.get_close_matches(pair_id, catalog, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(sorted(catalog))}."
    raise CatalogError(f"Expected the name of a known pair, but got {shown(pair_id)}. {hint}")


def end_paths(pair: Pair, *, progress: ProgressOf | None = None, cache: Path | None = None) -> list[Path]:
    """The local files of a pair's ends, in order, fetched where they are not here yet.

    Args:
        pair: From a catalogue, or :meth:`Pair.from_paths`.
        progress: Given a file's name, the context that shows its progress, such as ``tqdm_progress``.
        cache: The folder for downloads, ``default_cache()`` if None; files of the hub stay in the hub's own.

    Raises:
        CatalogError: A local file is missing, or not the one it should be.
        DownloadError: A file could be fetched from none of its sources.
    """
    return [end_path(pair, number, progress, cache) for number in range(len(pair.ends))]


def end_path(pair: Pair, number: int, progress: ProgressOf | None, cache: Path | None) -> Path:
    end = pair.ends[number]
    here = local_copy(pair, number, cache)
    if here is not None and here[0].is_right(here[1]):
        return here[1]
    if end.source.path is not None:
        problem = "is not the file the catalogue knows" if here else "is not there"
        raise CatalogError(
            f"Expected the end {end.label!r} of {pair.id} at {end.source.path}, but it {problem}. "
            f"Check the path; bundled weights are looked for in ${WEIGHTS_VARIABLE} if it is set."
        )
    errors: list[DownloadError] = []
    for source in (end.source, *end.mirrors):
        if not source.verified:
            logger.warning("Nobody has verified %s as a source of %s yet.", source.file_name, pair.id)
        try:
            return fetch_source(source, cached_path(pair, number, source, cache), progress)
        except DownloadError as error:
            errors.append(error)
    raise errors[0]


def fetch_source(source: Source, destination: Path, progress: ProgressOf | None) -> Path:
    if source.hub_repo and source.hub_file:
        return fetch_hub(source.hub_repo, source.hub_file, size=source.size, sha256=source.sha256)
    assert source.url is not None, "the catalogue has checked that a source is somewhere"
    with progress(source.file_name) if progress else nullcontext() as report:
        return fetch(source.url, destination, size=source.size, sha256=source.sha256, progress=report)


def cached_path(pair: Pair, number: int, source: Source, cache: Path | None) -> Path:
    """Where a download goes; a folder for each end, since two ends may have one file name."""
    return (cache or default_cache()) / pair.id / f"end-{number + 1}" / source.file_name


def local_copy(pair: Pair, number: int, cache: Path | None) -> tuple[Source, Path] | None:
    """The first source of an end whose file is on this machine; its hash is not looked at."""
    end = pair.ends[number]
    for source in (end.source, *end.mirrors):
        if source.hub_repo and source.hub_file:
            path = hub_copy(source.hub_repo, source.hub_file)
        else:
            path = source.path or cached_path(pair, number, source, cache)
        if path is not None and is_right(path, size=source.size, sha256=None):
            return source, path
    return None


def read_catalog(path: Path, *, folder: Path) -> dict[str, Pair]:
    """The pairs of one file, whose local paths are relative to ``folder``."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CatalogError(f"Expected a catalogue in JSON, but got {path} ({in_words(error)}).") from error
    top = checked(content, str(path), required={"pairs": list}, optional={})
    catalog: dict[str, Pair] = {}
    for index, entry in enumerate(top["pairs"]):
        add(catalog, parse_pair(entry, f"{path}, pair {index + 1}", folder), path)
    return catalog


def add(catalog: dict[str, Pair], pair: Pair, path: Path) -> None:
    if pair.id in catalog:
        raise CatalogError(f"Expected every pair once, but {pair.id} is there again in {path}. Rename one.")
    catalog[pair.id] = pair


def parse_pair(entry: object, where: str, folder: Path) -> Pair:
    fields = checked(entry, where, required=PAIR_REQUIRED, optional=PAIR_OPTIONAL)
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", fields["id"]):
        raise CatalogError(
            "Expected an id of small letters, digits, dots and hyphens, but got "
            f"{shown(fields['id'])} in {where}."
        )
    entries = enumerate(fields.pop("ends"), start=1)
    ends = tuple(parse_end(end, f"{where}, end {number}", folder) for number, end in entries)
    if len(ends) < 2 or len({end.label for end in ends}) < len(ends):
        labels = ", ".join(end.label for end in ends) or "none"
        raise CatalogError(f"Expected two or more ends with different labels in {where}, but got {labels}.")
    return Pair(ends=ends, **fields)


def parse_end(entry: object, where: str, folder: Path) -> End:
    fields = checked(entry, where, required=END_REQUIRED, optional=END_OPTIONAL)
    mirrors = tuple(parse_source(mirror, where, folder) for mirror in fields.get("mirrors", ()))
    return End(fields["label"], parse_source(fields["source"], where, folder), mirrors)


def parse_source(entry: object, where: str, folder: Path) -> Source:
    fields = checked(entry, where, required={}, optional=SOURCE_OPTIONAL)
    places = [fields.keys() & keys for keys in ({"url"}, {"path"}, {"hub_repo", "hub_file"})]
    if [len(place) for place in places] not in ([1, 0, 0], [0, 1, 0], [0, 0, 2]):
        raise CatalogError(
            f"Expected one place in {where}, url or path or hub_repo with hub_file, but got "
            f"{', '.join(sorted(set().union(*places))) or 'none'}."
        )
    if not re.fullmatch(r"[0-9a-f]{64}", fields.get("sha256", "0" * 64)):
        raise CatalogError(f"Expected sha256 as 64 hexadecimal digits in {where}, or null if it is unknown.")
    if "path" in fields:
        fields["path"] = folder / fields["path"]
    source = Source(**fields)
    suffixes = (SAFETENSORS_SUFFIX, *PICKLE_SUFFIXES)
    if not source.file_name.endswith(suffixes):
        raise CatalogError(f"Expected a file that ends in one of {', '.join(suffixes)} in {where}.")
    return source


def checked(
    entry: object, where: str, *, required: Mapping[str, type], optional: Mapping[str, type]
) -> dict[str, Any]:
    """The entry without its nulls, if it is an object with all of these keys, no others, and their types."""
    if not isinstance(entry, dict):
        raise CatalogError(f"Expected a JSON object in {where}, but got {type(entry).__name__}.")
    kinds = {**required, **optional}
    wrong = sorted(entry.keys() - kinds.keys()) or sorted(required.keys() - entry.keys())
    if wrong:
        problem = "has unknown ones:" if wrong[0] in entry else "lacks"
        raise CatalogError(f"Expected the keys {', '.join(kinds)}, but {where} {problem} {listed(wrong)}.")
    for key, value in entry.items():
        kind = kinds[key]
        if type(value) is not kind and not (value is None and key in optional):
            raise CatalogError(f"Expected {key} in {where} to be {kind.__name__}, but got {shown(value)}.")
    return {key: value for key, value in entry.items() if value is not None}
