"""People's own networks: files that they drop on the desk, tried safely and kept until they leave."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dni.checkpoints.catalog import Pair
from dni.checkpoints.files import sha256_of
from dni.checkpoints.sandbox import unusable
from dni.compatibility.lineage import known_label
from dni.errors import DniError
from dni.serving.render_service import RenderService

__all__ = ["UploadedNetworks", "short_labels"]

MAX_FILES = 8
MAX_LABEL = 24


@dataclass
class PersonalFiles:
    """One person's files: copies, since gradio deletes what was uploaded after an hour."""

    folder: tempfile.TemporaryDirectory[str] = field(
        default_factory=lambda: tempfile.TemporaryDirectory(prefix="dni-networks-")
    )
    kept: dict[Path, Path] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, uploads: Sequence[Path]) -> dict[Path, str]:
        """Keep the files that can be used; see :meth:`UploadedNetworks.take`."""
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


class UploadedNetworks:
    """Everybody's own networks."""

    def __init__(self, service: RenderService) -> None:
        self.service = service
        self._files_of: dict[str, PersonalFiles] = {}

    def take(self, uploads: Sequence[Path], *, owner: str) -> dict[Path, str]:
        """Keep the files that can be used.

        Args:
            uploads: All files that the person has listed.
            owner: Whose.

        Returns:
            For each file that cannot be used, why; its name stands in the text.
        """
        files = self._files_of.setdefault(owner, PersonalFiles())
        with files.lock:  # a button may be quicker than the first look at the files
            return files.take(uploads)

    def files(self, owner: str) -> list[Path]:
        """A person's files, in the order in which they came."""
        return list(self._files_of[owner].kept.values()) if owner in self._files_of else []

    def pair(self, uploads: Sequence[Path], *, owner: str) -> str:
        """Put listed files together, in their order, and give the id of the pair.

        Raises:
            DniError: Fewer than two, or one that cannot be used.
        """
        for problem in self.take(uploads, owner=owner).values():
            raise DniError(problem)
        kept = self._files_of[owner].kept
        return self.hold([kept[path] for path in uploads], owner=owner)

    def hold(self, paths: Sequence[Path], *, owner: str) -> str:
        """Hold files of the person's as a pair; see :meth:`RenderService.hold_pair`."""
        if len(paths) < 2:
            raise DniError(f"Expected at least two networks to blend, but got {len(paths)}. Drop another.")
        names = [known_label(path, self.service.catalog) or path.stem for path in paths]
        pair = Pair.from_paths(paths, short_labels(names))
        # No catalogue knows it: recipes say so by an empty id.
        return self.service.hold_pair(replace(pair, id=""), owner=owner)

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
        if files := self._files_of.pop(owner, None):
            files.folder.cleanup()


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
