"""Folders of photographs for training and measuring, and fetching BSDS500.

Arbelaez et al., "Contour Detection and Hierarchical Image Segmentation", PAMI 2011: 500 photographs, for
research use.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from dni.catalog.download import fetch
from dni.catalog.transfer import Progress
from dni.errors import DniError, in_words
from dni.temporary import partial_folder

__all__ = ["SPLITS", "fetch_bsds500", "load_photographs", "photograph_files"]

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
BSDS500_URL = "http://www.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/BSR/BSR_bsds500.tgz"
# How many photographs each part of BSDS500 has.
SPLITS = {"train": 200, "val": 100, "test": 200}


def load_photographs(folders: Iterable[Path], *, held_back: Iterable[str] = ()) -> list[Image.Image]:
    """All photographs of the folders, as RGB, in the order of their names.

    Args:
        folders: Where JPEG, PNG and WebP files lie.
        held_back: Names, with or without a folder and a suffix, that are left out.

    Raises:
        FileNotFoundError: A folder holds none.
        DniError: One is damaged.
    """
    return [read_photograph(file) for file in photograph_files(folders, held_back=held_back)]


def photograph_files(folders: Iterable[Path], *, held_back: Iterable[str] = ()) -> list[Path]:
    """The files of :func:`load_photographs`.

    Raises:
        FileNotFoundError: A folder holds none.
    """
    left_out = {Path(name).stem for name in held_back}
    photographs: list[Path] = []
    for folder in folders:
        files = sorted(file for file in Path(folder).glob("*") if file.suffix.lower() in SUFFIXES)
        if not files:
            raise FileNotFoundError(f"Expected photographs (.jpg, .png, .webp) in {folder}, but found none.")
        photographs += [file for file in files if file.stem not in left_out]
    return photographs


def read_photograph(file: Path) -> Image.Image:
    try:
        return Image.open(file).convert("RGB")
    except Exception as error:  # whatever a damaged file makes Pillow raise
        raise DniError(
            f"Expected a photograph in {file}, but it cannot be read ({in_words(error)}). "
            "Put a whole one there."
        ) from error


def fetch_bsds500(data_root: Path, *, url: str = BSDS500_URL, progress: Progress | None = None) -> Path:
    """``data_root/bsds500`` with its folders train, val and test; downloaded (70 MB) if it is not there.

    Raises:
        DniError: It cannot be fetched, or what came is another archive.
    """
    folder = data_root / "bsds500"
    if folder.is_dir():
        return folder
    archive = fetch(url, data_root / "BSR_bsds500.tgz", progress=progress)
    with partial_folder(folder) as partial:
        for split, count in SPLITS.items():
            unpack(archive, f"BSR/BSDS500/data/images/{split}/", partial / "bsds500" / split, count=count)
        if not folder.is_dir():  # another program may have been quicker
            (partial / "bsds500").rename(folder)
    archive.unlink(missing_ok=True)
    return folder


def unpack(archive: Path, prefix: str, folder: Path, *, count: int) -> None:
    """Write the photographs of an archive that lie in one of its folders, by their bare names."""
    try:
        folder.mkdir(parents=True)
        with tarfile.open(archive) as opened:
            for member in opened:
                name = Path(member.name)
                if member.isfile() and member.name.startswith(prefix) and name.suffix.lower() in SUFFIXES:
                    content = opened.extractfile(member)
                    assert content is not None
                    (folder / name.name).write_bytes(content.read())
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise DniError(
                f"Expected room and permission to unpack {archive}, but got: {error.strerror}. "
                "Free some space and try again: the archive is kept."
            ) from error
        reason = " ".join(str(error).split())
        raise DniError(f"Expected BSDS500, but {archive} is no archive ({reason}). Delete it.") from error
    found = len(list(folder.iterdir()))
    if found != count:
        raise DniError(f"Expected {count} photographs in {prefix} of {archive}, but got {found}. Delete it.")
