"""Uploaded networks: a session's own checkpoints, tried in the sandbox and kept until it ends.

Pairs that were made of them outlive their session by a moment: the same page, loaded anew, shows the token of
its former session and gets them again, while nobody else can name that token.
"""

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
from dni.serving.mixing.left_behind import LeftBehind
from dni.serving.network_trial import unusable
from dni.serving.pairs import MAX_OWN_PAIRS, new_pair_id
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session, SessionError
from dni.temporary import process_folder

__all__ = ["UploadedNetworks", "short_labels"]

MAX_LABEL = 24


@dataclass(frozen=True)
class HeldPair:
    """Files that are held as a pair under an id."""

    pair_id: str
    labels: tuple[str, ...]
    paths: tuple[Path, ...]


@dataclass
class PersonalFiles:
    """One person's files: copies, since gradio deletes what was uploaded after an hour."""

    folder: tempfile.TemporaryDirectory[str] = field(
        default_factory=lambda: tempfile.TemporaryDirectory(prefix="networks-", dir=process_folder())
    )
    kept: dict[Path, Path] = field(default_factory=dict)
    pairs: deque[HeldPair] = field(default_factory=lambda: deque(maxlen=MAX_OWN_PAIRS))
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
        held = {path for pair in self.pairs for path in pair.paths}
        for upload, own in list(self.kept.items()):
            if upload not in listed and own not in held:
                del self.kept[upload]
                shutil.rmtree(own.parent, ignore_errors=True)

    def only(self, pair_id: str) -> PersonalFiles | None:
        """A pair in files of its own; None where there is none of this id."""
        with self.lock:
            pair = next((pair for pair in self.pairs if pair.pair_id == pair_id), None)
            if pair is None:
                return None
            files = PersonalFiles()
            own = set(self.kept.values())
            paths = [copied(path, Path(files.folder.name)) if path in own else path for path in pair.paths]
        files.kept.update((path, path) for path, was in zip(paths, pair.paths, strict=True) if was in own)
        files.pairs.append(replace(pair, paths=tuple(paths)))
        return files

    def delete(self) -> None:
        """Delete all, after what is being copied."""
        with self.lock:
            self.pairs.clear()
            self.folder.cleanup()


class UploadedNetworks:
    """Everybody's own networks.

    Args:
        service: Where the pairs are held.
        left: Keeps those of pages that were closed; by default for two minutes.
    """

    def __init__(self, service: RenderService, left: LeftBehind[PersonalFiles] | None = None) -> None:
        self.service = service
        self.left = left or LeftBehind(PersonalFiles.delete)
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
        pair = HeldPair(new_pair_id(), tuple(short_labels(names)), tuple(paths))
        files = self._files_of.get(session.key)
        if files is not None:
            files.pairs.append(pair)
        self._hold(pair, session)
        return pair.pair_id

    def pairs(self, session: Session) -> list[str]:
        """The ids of a session's own pairs, of the same files only the latest."""
        files = self._files_of.get(session.key)
        pairs = [] if files is None else list(files.pairs)  # others may be held meanwhile
        return list({pair.paths: pair.pair_id for pair in pairs}.values())

    def _hold(self, pair: HeldPair, session: Session) -> None:
        # No catalogue knows it: recipes say so by an empty id.
        held = replace(Pair.from_paths(pair.paths, pair.labels), id="")
        self.service.hold_pair(held, session=session, pair_id=pair.pair_id)

    def reclaim(self, token: str, pair_id: str, *, session: Session) -> bool:
        """Hold a pair that another session held, or holds, for this one too: the same page, loaded anew.

        Args:
            token: The secret of the other session.
            pair_id: The pair's id there, and here from then on.
            session: The page's new one, which has no files yet.

        Returns:
            Whether the pair is there.
        """
        former = self.left.get(token) or self._files_of_token(token)
        files = None if former is None else former.only(pair_id)
        if files is None:
            return False
        with self._lock:
            is_first = self._files_of.setdefault(session.key, files) is files
        if not is_first:
            files.delete()
            return False
        session.on_close(self._release)
        self._hold(files.pairs[0], session)
        return True

    def _files_of_token(self, token: str) -> PersonalFiles | None:
        """The files of a page whose end has not been noticed yet."""
        try:
            return self._files_of.get(self.service.sessions.find(token).key)
        except SessionError:
            return None

    def make(self, write: Callable[[Path], Sequence[Path]], *, session: Session) -> None:
        """Keep files that are made for a session, as long as a pair that they are ends of is held.

        Args:
            write: Is given a folder of their own, and gives the files, each in a folder of its own in it.
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
            files.kept.update((path, path) for path in made)

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
        """Delete a session's files, but leave its pairs for the page that a reload makes of it."""
        with self._lock:
            files = self._files_of.pop(session.key, None)
        if files is None:
            return
        if files.pairs and session.connection is not None:
            self.left.leave(session.token, files)
        else:
            files.delete()


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
