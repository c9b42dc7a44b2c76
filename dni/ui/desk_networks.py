"""People's own networks: files that they drop on the desk, tried safely and kept until they leave."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dni.catalog import Pair
from dni.checkpoints import sha256_of
from dni.errors import DniError
from dni.inspection.lineage import known_label
from dni.inspection.quarantine import unusable
from dni.serving.studio import Studio

__all__ = ["OwnNetworks", "short_labels"]

MAX_FILES = 8
MAX_LABEL = 24


@dataclass
class Shelf:
    """One person's files: copies, since gradio deletes what was uploaded after an hour."""

    folder: tempfile.TemporaryDirectory[str] = field(
        default_factory=lambda: tempfile.TemporaryDirectory(prefix="dni-networks-")
    )
    kept: dict[Path, Path] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, uploads: Sequence[Path]) -> dict[Path, str]:
        """Keep the files that can be used; see :meth:`OwnNetworks.take`."""
        new = [path for path in uploads if path not in self.kept]
        room = MAX_FILES - len(uploads) + len(new)
        problems = {
            path: f"Expected at most {MAX_FILES} files, but {path.name} is one more. Remove others first."
            for path in new[room:]
        }
        found = unusable(new[:room]) if new[:room] else {}
        problems |= {path: named(problem, path) for path, problem in found.items()}
        for path in new[:room]:
            if path not in problems:
                self.kept[path] = copied(path, Path(self.folder.name))
        return problems


class OwnNetworks:
    """Everybody's own networks."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self._shelves: dict[str, Shelf] = {}

    def take(self, uploads: Sequence[Path], *, owner: str) -> dict[Path, str]:
        """Keep the files that can be used.

        Args:
            uploads: All files that the person has listed.
            owner: Whose.

        Returns:
            For each file that cannot be used, why; its name stands in the text.
        """
        shelf = self._shelves.setdefault(owner, Shelf())
        with shelf.lock:  # a button may be quicker than the first look at the files
            return shelf.take(uploads)

    def files(self, owner: str) -> list[Path]:
        """A person's files, in the order in which they came."""
        return list(self._shelves[owner].kept.values()) if owner in self._shelves else []

    def pair(self, uploads: Sequence[Path], *, owner: str) -> str:
        """Put listed files together, in their order, and give the id of the pair.

        Raises:
            DniError: Fewer than two, or one that cannot be used.
        """
        for problem in self.take(uploads, owner=owner).values():
            raise DniError(problem)
        kept = self._shelves[owner].kept
        return self.hold([kept[path] for path in uploads], owner=owner)

    def hold(self, paths: Sequence[Path], *, owner: str) -> str:
        """Hold files of the person's as a pair; see :meth:`dni.serving.studio.Studio.hold_pair`."""
        if len(paths) < 2:
            raise DniError(f"Expected at least two networks to blend, but got {len(paths)}. Drop another.")
        names = [known_label(path, self.studio.catalog) or path.stem for path in paths]
        pair = Pair.from_paths(paths, short_labels(names))
        # No catalogue knows it: recipes say so by an empty id.
        return self.studio.hold_pair(replace(pair, id=""), owner=owner)

    def find(self, sha256: str, *, owner: str) -> Path | None:
        """A person's file of this hash."""
        return next((path for path in self.files(owner) if sha256_of(path) == sha256), None)

    def plain(self, problem: object, *, owner: str) -> str:
        """A text about a person's files with their names in the place of where we keep them."""
        text = str(problem)
        for path in self.files(owner):
            text = text.replace(str(path), path.name)
        return text

    def leave(self, owner: str) -> None:
        """Delete a person's files."""
        if shelf := self._shelves.pop(owner, None):
            shelf.folder.cleanup()


def copied(path: Path, folder: Path) -> Path:
    """A copy under the same name, in a folder of its own."""
    own = Path(tempfile.mkdtemp(dir=folder)) / path.name
    shutil.copyfile(path, own)
    return own


def named(problem: str, path: Path) -> str:
    """The problem with the file's name in the place of where we keep it."""
    text = problem.replace(str(path), path.name)
    return text if path.name in text else f"{path.name}: {text}"


def short_labels(names: Sequence[str]) -> list[str]:
    """A short label for each network, from its name; no two alike."""
    labels: list[str] = []
    for name in names:
        short = name if len(name) <= MAX_LABEL else f"{name[: MAX_LABEL - 1]}…"
        number = 1
        label = short
        while label in labels:
            number += 1
            label = f"{short} ({number})"
        labels.append(label)
    return labels
