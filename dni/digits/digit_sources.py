"""Sources of test digits (MNIST, or scikit-learn's offline) and of the photographs behind MNIST-M.

MNIST where it is on this machine; otherwise scikit-learn's digits (real handwriting, installed with it),
enlarged and placed as MNIST places its own, so that the app opens without any download.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from dni.catalog.cache_folder import default_cache
from dni.digits.domains import SIDE, Digits, in_colour, load_mnist
from dni.errors import DniError, in_words
from dni.pictures.photographs import load_photographs
from dni.temporary import partial_folder

__all__ = [
    "DigitSource",
    "Photographs",
    "default_data_root",
    "fetch_mnist",
    "find_digit_source",
    "find_photographs",
]

logger = logging.getLogger(__name__)

DATA_VARIABLE = "DNI_DATA"
# MNIST's digits fill a box of this size.
BOX = 20
# What scikit-learn's pixels count up to.
FULL_INK = 16
# Of the four compressed files, for the progress.
MNIST_BYTES = 11_594_722
POLL_SECONDS = 0.2
# torchvision itself waits for ever.
STALL_SECONDS = 60.0


@dataclass(frozen=True)
class DigitSource:
    """Grey digits, where they come from (a text to show), and whether that is MNIST."""

    digits: Digits
    title: str
    is_mnist: bool


@dataclass(frozen=True)
class Photographs:
    """uint8 (H, W, 3) arrays, and where they come from (a text to show)."""

    pixels: tuple[np.ndarray, ...]
    title: str


def default_data_root() -> Path:
    """``$DNI_DATA``, or ``data`` in the folder for downloads."""
    chosen = os.environ.get(DATA_VARIABLE)
    return Path(chosen).expanduser() if chosen else default_cache() / "data"


def find_digit_source(data_root: Path | None = None) -> DigitSource:
    """MNIST's test digits under ``data_root`` (or the default one) if there, else scikit-learn's digits.

    Downloads nothing; the title says so where MNIST is absent or damaged.
    """
    data_root = data_root or default_data_root()
    mnist = read_mnist(data_root)
    if mnist is not None:
        return DigitSource(mnist, "MNIST's test digits", is_mnist=True)
    why = "damaged" if (data_root / "MNIST" / "raw").is_dir() else "not on this machine"
    return DigitSource(sklearn_digits(), f"scikit-learn's digits, enlarged (MNIST is {why})", is_mnist=False)


def read_mnist(data_root: Path) -> Digits | None:
    """MNIST's test digits, or None if they are not all there."""
    try:
        return load_mnist(data_root, "test")
    except Exception:  # a damaged file makes torchvision raise almost anything
        return None


def sklearn_digits() -> Digits:
    """The 1797 digits of ``sklearn.datasets.load_digits`` in MNIST's form."""
    from sklearn.datasets import load_digits  # slow to import, and MNIST does not need it

    bunch = load_digits()
    ink = torch.from_numpy(bunch.images).float() / FULL_INK  # (N, 8, 8)
    ink = functional.interpolate(ink[:, None], size=(BOX, BOX), mode="bicubic")[:, 0].clamp(0, 1)
    grey = (255 * centre(ink)).round().to(torch.uint8)
    return Digits(in_colour(grey), torch.from_numpy(bunch.target).long())


def centre(ink: Tensor) -> Tensor:
    """Place boxes (N, 20, 20) so that their centre of mass is that of the field (N, 28, 28), as MNIST does,
    or as near as the box stays inside."""
    at = torch.arange(BOX) + 0.5
    mass = ink.sum(dim=(1, 2)).clamp_min(1e-6)
    rows, columns = (ink.sum(dim=axis) @ at / mass for axis in (2, 1))  # (N,) each
    top, left = ((SIDE / 2 - c).round().long().clamp(0, SIDE - BOX) for c in (rows, columns))
    inside = torch.arange(BOX)
    field = ink.new_zeros(len(ink), SIDE, SIDE)
    field[
        torch.arange(len(ink))[:, None, None],
        (top[:, None] + inside)[:, :, None],
        (left[:, None] + inside)[:, None, :],
    ] = ink
    return field


def find_photographs(examples: Path, data_root: Path | None = None) -> Photographs:
    """BSDS500's test photographs under ``data_root``, or else the pictures in the folder ``examples``.

    Raises:
        FileNotFoundError: ``examples`` is needed and holds none.
    """
    folder = (data_root or default_data_root()) / "bsds500" / "test"
    try:
        return Photographs(read_pixels(folder), "BSDS500's test photographs")
    except OSError:  # absent, or damaged
        title = "this app's example pictures (BSDS500 is not on this machine)"
        return Photographs(read_pixels(examples), title)


def read_pixels(folder: Path) -> tuple[np.ndarray, ...]:
    return tuple(np.asarray(photograph) for photograph in load_photographs([folder]))


def fetch_mnist(data_root: Path | None = None) -> Iterator[float]:
    """Fetch MNIST through torchvision; yields the share that is here, 0 to 1, several times a second.

    When the iteration ends, MNIST is there, whole (nothing is fetched if it was before). If it fails, or is
    given up, nothing is left; what a killed process left goes with the next call.

    Raises:
        DniError: While iterating; what happened, and that the app goes on with scikit-learn's digits.
    """
    data_root = data_root or default_data_root()
    if read_mnist(data_root) is not None:
        return
    try:
        data_root.mkdir(parents=True, exist_ok=True)
        with partial_folder(data_root / "MNIST") as folder:
            yield from download(folder)
            move_into_place(folder, data_root)
    except (OSError, RuntimeError) as error:
        logger.warning("MNIST could not be fetched.", exc_info=True)
        # torchvision names every mirror; what is wrong with the last one says it.
        causes = re.findall(r"<urlopen error ([^>]+)>", str(error))
        reason = in_words(" ".join((causes[-1] if causes else str(error)).split()), most=120)
        raise DniError(
            f"Expected to fetch MNIST, but that failed ({reason}). The app goes on with scikit-learn's "
            f"digits: try again when you are online, or put MNIST/raw into the folder {data_root} by hand."
        ) from error


def download(folder: Path) -> Iterator[float]:
    """Fetch into an empty folder; yields as above, raises OSError or RuntimeError."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            load_mnist(folder, "test", download=True)
        except Exception as error:
            failures.append(error.__cause__ or error)

    thread = Thread(target=work, daemon=True)  # in case it waits for ever
    thread.start()
    yield from watch(thread, folder)
    if failures:
        raise RuntimeError(str(failures[0]) or type(failures[0]).__name__) from failures[0]


def watch(thread: Thread, folder: Path) -> Iterator[float]:
    """torchvision tells nobody how far it is, but its files grow."""
    here, changed = 0, time.monotonic()
    while thread.is_alive():
        yield min(1.0, here / MNIST_BYTES)
        thread.join(POLL_SECONDS)
        before, here = here, sum(file.stat().st_size for file in folder.rglob("*.gz"))
        if here != before:
            changed = time.monotonic()
        elif time.monotonic() - changed > STALL_SECONDS:
            raise TimeoutError(f"nothing came for {STALL_SECONDS:.0f} seconds")


def move_into_place(folder: Path, data_root: Path) -> None:
    raw = data_root / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for file in (folder / "MNIST" / "raw").glob("*-ubyte"):
        os.replace(file, raw / file.name)
