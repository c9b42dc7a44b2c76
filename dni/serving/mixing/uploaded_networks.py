"""Uploaded networks: a session's own checkpoints, tried in the sandbox and kept until it ends."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dni.catalog.pairs import Pair
from dni.checkpoints.files import sha256_of
from dni.checkpoints.sandbox import MAX_FILES, check_count
from dni.compatibility.lineage import known_label
from dni.errors import DniError
from dni.serving.network_trial import unusable
from dni.serving.pairs import MAX_OWN_PAIRS
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session
from dni.temporary import process_folder

__all__ = ["UploadedNetworks", "short_labels"]

MAX_LABEL = 24


@dataclass
class PersonalFiles:
    """One person's files: copies, since gradio deletes what was uploaded after an hour."""

    folder: tempfile.TemporaryDirectory[str] = field(
        default_factory=lambda: tempfile.TemporaryDirectory(prefix="networks-", dir=process_folder())
    )
    kept: dict[Path, Path] = field(default_factory=dict)
    pairs: deque[tuple[Path, ...]] = field(default_factory=lambda: deque(maxlen=MAX_OWN_PAIRS))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, uploads: Sequence[Path]) -> dict[Path, str]:
        """Keep the files that can be used; see :meth:`UploadedNetworks.take`."""
        self.drop_unused(uploads)
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

    def drop_unused(self, listed: Sequence[Path]) -> None:
        """Delete what is neither listed any more, nor an end of a pair that is held."""
        held = {path for pair in self.pairs for path in pair}
        for upload, own in list(self.kept.items()):
            if upload not in listed and own not in held:
                del self.kept[upload]
                shutil.rmtree(own.parent, ignore_errors=True)


class UploadedNetworks:
    """Everybody's own networks."""

    def __init__(self, service: RenderService) -> None:
        self.service = service
        self._lock = threading.Lock()
        self._files_of: dict[int, PersonalFiles] = {}

    def take(self, uploads: Sequence[Path], *, session: Session) -> dict[Path, str]:
        """Keep the files that can be used.

        Args:
            uploads: All files that the person has listed.
            session: Whose.

        Returns:
            For each file that cannot be used, why; its name stands in the text.

        Raises:
            SessionError: The session has ended.
        """
        return self._take(uploads, session)[1]

    def _take(self, uploads: Sequence[Path], session: Session) -> tuple[PersonalFiles, dict[Path, str]]:
        files = self._personal(session)
        with session.busy(), files.lock:  # a button may be quicker than the first look at the files
            session.require_open()
            return files, files.take(uploads)

    def _personal(self, session: Session) -> PersonalFiles:
        with self._lock:
            files = self._files_of.setdefault(session.key, PersonalFiles())
        session.on_close(self._release)
        return files

    def files(self, session: Session) -> list[Path]:
        """A session's files, in the order in which they came."""
        files = self._files_of.get(session.key)
        return list(files.kept.values()) if files else []

    def pair(self, uploads: Sequence[Path], *, session: Session) -> str:
        """Put listed files together, in their order, and give the id of the pair.

        Raises:
            DniError: Fewer than two, or one that cannot be used.
        """
        files, problems = self._take(uploads, session)
        for problem in problems.values():
            raise DniError(problem)
        return self.hold([files.kept[path] for path in uploads], session=session)

    def hold(self, paths: Sequence[Path], *, session: Session) -> str:
        """Hold files of the session's as a pair; see :meth:`RenderService.hold_pair`."""
        check_count(len(paths))
        if len(paths) < 2:
            raise DniError(f"Expected at least two networks to blend, but got {len(paths)}. Drop another.")
        names = [known_label(path, self.service.catalog) or path.stem for path in paths]
        pair = Pair.from_paths(paths, short_labels(names))
        files = self._files_of.get(session.key)
        if files is not None:
            files.pairs.append(tuple(paths))
        # No catalogue knows it: recipes say so by an empty id.
        return self.service.hold_pair(replace(pair, id=""), session=session)

    def make(self, write: Callable[[Path], Path], *, session: Session) -> Path:
        """Keep a file that is made for a session, as long as a pair that it is an end of is held.

        Args:
            write: Is given a folder of the file's own, and gives the file.
            session: Whose.

        Raises:
            SessionError: The session has ended.
        """
        files = self._personal(session)
        with session.busy(), files.lock:
            session.require_open()
            files.drop_unused([upload for upload, own in files.kept.items() if upload != own])
            folder = Path(tempfile.mkdtemp(dir=files.folder.name))
            try:
                made = write(folder)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            files.kept[made] = made
            return made

    def find(self, sha256: str, *, session: Session) -> Path | None:
        """A session's file of this hash."""
        return next((path for path in self.files(session) if sha256_of(path) == sha256), None)

    def plain(self, problem: object, *, session: Session) -> str:
        """A text about a session's files with their names in the place of where we keep them."""
        text = str(problem)
        for path in self.files(session):
            text = text.replace(str(path), path.name)
        return text

    def _release(self, session: Session) -> None:
        """Delete a session's files, after what is being copied into their folder."""
        with self._lock:
            files = self._files_of.pop(session.key, None)
        if files is not None:
            with files.lock:
                files.folder.cleanup()


def copied(path: Path, folder: Path) -> Path:
    """The file once more under the same name, in a folder of its own; without taking room where that goes."""
    own = Path(tempfile.mkdtemp(dir=folder)) / path.name
    try:
        os.link(path, own)
    except OSError:  # another file system, or one without hard links
        try:
            shutil.copyfile(path, own)
        except OSError as error:
            shutil.rmtree(own.parent, ignore_errors=True)
            raise DniError(
                f"Expected room for {path.name} on this server, but there is none ({error.strerror}). "
                "Try again later."
            ) from error
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
