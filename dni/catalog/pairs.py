"""Pairs and ladders of networks, and where their files are: bundled, downloadable, or local."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from dni.catalog.bundled import WEIGHTS_VARIABLE
from dni.catalog.cache_folder import default_cache
from dni.catalog.download import fetch, fetch_hub, hub_copy, is_right
from dni.catalog.ladders import Ladder
from dni.catalog.transfer import DownloadError, Progress
from dni.errors import DniError

__all__ = [
    "CatalogError",
    "End",
    "Pair",
    "ProgressOf",
    "Source",
    "end_paths",
]

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
        description: One sentence on what the slider does.
        line: The same in a few words, for its card; empty for the description.
        ends: End A, end B, and for a ladder the rest.
        lineage: Why the ends can be blended: which descends from which, and whether that is documented.
        licence: An SPDX identifier, or empty if unknown.
        homepage: Where the weights come from.
        scale: Output pixels for an input pixel, if known.
        architecture: As :class:`dni.checkpoints.image_network.ImageNetwork` names it, or empty if unknown.
        layout: How the original files arrange their names.
        ladder: Where the slider belongs for a picture, if that can be told.
        pad: How the desk arranges four ends: on the "corners" of a square, or "around" the first, from which
            the others were fine-tuned.
        examples: Names of the example pictures on which it shows; empty for those that suit its scale.
        superseded_by: The id of the pair that is better at the same. Such a pair is in no list, but recipes
            and links still find it.
    """

    id: str
    title: str
    ends: tuple[End, ...]
    description: str = ""
    line: str = ""
    lineage: str = ""
    licence: str = ""
    homepage: str = ""
    scale: int | None = None
    architecture: str = ""
    layout: str = ""
    ladder: Ladder | None = None
    pad: str = "corners"
    examples: tuple[str, ...] = ()
    superseded_by: str = ""

    @property
    def name(self) -> str:
        """The title without what its ends are called."""
        return self.title.split(":")[0]

    @property
    def download_bytes(self) -> int:
        """What all ends take to download; 0 where nobody knows."""
        sizes = [end.source.size for end in self.ends]
        return sum(size for size in sizes if size) if all(sizes) else 0

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
                labels = distinct(f"{file.resolve().parent.name}/{file.stem}" for file in files)
        if len(labels) != len(files):
            raise CatalogError(f"Expected a label for each of {len(files)} files, but got {len(labels)}.")
        ends = tuple(End(label, Source(path=file)) for label, file in zip(labels, files, strict=True))
        return cls(id="files", title=" / ".join(labels), ends=ends)

    def is_local(self, cache: Path | None = None) -> bool:
        """Whether all ends are on this machine, judged by their names and sizes."""
        return all(local_copy(self, number, cache) is not None for number in range(len(self.ends)))


def distinct(labels: Iterable[str]) -> list[str]:
    """The labels, of which those that repeat are numbered."""
    given = list(labels)
    return [
        f"{label} ({given[: index + 1].count(label)})" if given.count(label) > 1 else label
        for index, label in enumerate(given)
    ]


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
