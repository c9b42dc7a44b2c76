"""Decodes the pictures of strangers in processes of their own, at most three at once.

A small file can hold a picture of any size, or take any time: frames, directories, scans or chunks without
end. See :mod:`dni.bounded_process`. The same pictures come out as of :func:`dni.pictures.read.open_picture`.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dni.bounded_process import BoundedProcess, LimitError, Limits
from dni.pictures.normalize import PictureError
from dni.pictures.read import MAX_PIXELS

if TYPE_CHECKING:
    from dni.pictures.picture import Picture

__all__ = [
    "AT_ONCE",
    "DECODERS",
    "LIMITS",
    "Decoders",
    "TooMuchError",
    "open_picture_apart",
    "read_recipe_apart",
]

# Measured: a picture of 50 megapixels with opacity and a colour profile, the most that any takes, fits.
LIMITS = Limits(memory_bytes=1_200_000_000, cpu_seconds=15, wall_seconds=45.0)
AT_ONCE = 3
SECONDS_FOR_FRAMES = 2.0
# As of a recipe in a file of its own.
MAX_RECIPE_BYTES = 4_000_000
JOB = "dni.pictures.decoding.decode_worker:decode_request"


class TooMuchError(PictureError):
    """A picture took more time or memory than it may."""


def open_picture_apart(
    path: str | Path,
    *,
    max_pixels: int = MAX_PIXELS,
    limits: Limits | None = None,
    decoders: Decoders | None = None,
) -> Picture:
    """Read a picture file, decoding it in another process.

    Args:
        path: The file.
        max_pixels: Larger pictures are refused.
        limits: By default those of ``decoders``.
        decoders: By default those of this program.

    Raises:
        TooMuchError: Decoding takes too much memory or time.
        PictureError: As of :func:`dni.pictures.read.open_picture`.
    """
    import torch

    from dni.pictures.picture import Picture

    request = {"path": str(path), "max_pixels": max_pixels}
    answer, blocks = (decoders or DECODERS).ask(request, max_bytes=4 * max_pixels, limits=limits)
    rgb, *opacity = (torch.frombuffer(block, dtype=torch.uint8) for block in blocks)
    size = answer["size"]
    return Picture(
        rgb=rgb.view(3, *size),
        opacity=opacity[0].view(1, *size) if opacity else None,
        name=Path(path).name,
        notices=tuple(answer["notices"]),
        jpeg_quality=answer["jpeg_quality"],
    )


def read_recipe_apart(path: str | Path, *, decoders: Decoders | None = None) -> str | None:
    """The recipe in a PNG file; see :func:`dni.pictures.read.read_recipe`.

    Raises:
        PictureError: As there; or reading takes too much memory or time.
    """
    request = {"path": str(path), "recipe": True}
    recipe: str | None = (decoders or DECODERS).ask(request, max_bytes=MAX_RECIPE_BYTES)[0]["recipe"]
    return recipe


class Decoders:
    """Processes that decode; one is started ahead, so that nobody waits until it has imported Pillow.

    Args:
        limits: For each picture.
        at_once: How many may work at the same time; others wait.
    """

    def __init__(self, limits: Limits = LIMITS, *, at_once: int = AT_ONCE) -> None:
        self.limits = limits
        self._places = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._spare: BoundedProcess | None = None
        self._soon: threading.Timer | None = None

    def prepare(self) -> None:
        """Start a process ahead, unless there is one."""
        with self._lock:
            if self._spare is None or not self._spare.is_alive:
                self._spare = start()

    def ask(
        self, request: Mapping[str, Any], *, max_bytes: int, limits: Limits | None = None
    ) -> tuple[Any, list[bytearray]]:
        """Let a process do what :mod:`dni.pictures.decoding.decode_worker` does, when it is this one's turn.

        Args:
            request: What to do.
            max_bytes: Of the answer's blocks.
            limits: Other than those of all.

        Raises:
            TooMuchError: It takes too much memory or time.
            PictureError: The picture cannot be used.
        """
        limits = limits or self.limits
        try:
            with self._places, self._take() as process:
                answer, blocks = process.ask(request, limits, max_bytes=max_bytes)
        except LimitError as error:
            raise too_much(Path(request["path"]).name, error.limit, limits) from error
        finally:
            self._prepare_soon()
        if "error" in answer:
            raise PictureError(answer["error"])
        return answer, blocks

    def close(self) -> None:
        """End the process that was started ahead."""
        with self._lock:
            spare, self._spare = self._spare, None
            if self._soon is not None:
                self._soon.cancel()
        if spare is not None:
            spare.close()

    def _prepare_soon(self) -> None:
        """Start a process ahead when the picture's first frames are on screen: it would take from them."""
        with self._lock:
            if self._soon is None or not self._soon.is_alive():
                self._soon = threading.Timer(SECONDS_FOR_FRAMES, self.prepare)
                self._soon.daemon = True
                self._soon.start()

    def _take(self) -> BoundedProcess:
        with self._lock:
            spare, self._spare = self._spare, None
        return spare if spare is not None and spare.is_alive else start()


def too_much(name: str, limit: str, limits: Limits) -> TooMuchError:
    most = (
        f"{limits.cpu_seconds} seconds"
        if limit == "time"
        else f"{limits.memory_bytes / 1e9:.2g} GB of memory"
    )
    return TooMuchError(
        f"Expected a picture that can be read with {most}, but {name} takes more. "
        "Make it smaller, or save it again as a plain PNG or JPEG."
    )


def start() -> BoundedProcess:
    return BoundedProcess(JOB, threads=1)


DECODERS = Decoders()
"""Of this program."""
atexit.register(DECODERS.close)
