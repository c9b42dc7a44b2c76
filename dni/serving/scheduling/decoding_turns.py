"""Whose picture is decoded next: in turns among addresses, and slow pictures one at a time.

A picture that takes seconds must not hold up those that take a tenth of one. So each has a short try first;
one that needs more waits for the only place of the slow ones, beside two for the others. Not too many may
wait there, as each holds a thread: the others are told to come later.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from dni.bounded_process import Limits
from dni.pictures.decoding.decode_apart import AT_ONCE, LIMITS, TooMuchError, open_picture_apart
from dni.pictures.normalize import PictureError
from dni.pictures.picture import Picture
from dni.serving.scheduling.fair_gate import FairGate
from dni.serving.sessions import Session

__all__ = ["DECODING_TURNS", "DecodingTurns"]

# Of the short try: enough for a photograph of 12 megapixels.
QUICK = Limits(memory_bytes=LIMITS.memory_bytes // 2, cpu_seconds=1, wall_seconds=5.0)
# With the one that is being read; fewer than may be decoded at once (:data:`dni.ui.pictures.inputs.DECODES`).
MAX_SLOW = 12


class DecodingTurns:
    """Lets sessions decode pictures; safe to share between threads.

    Args:
        decode: As :func:`dni.pictures.decoding.decode_apart.open_picture_apart`.
    """

    def __init__(self, decode: Callable[..., Picture] = open_picture_apart) -> None:
        self._decode = decode
        self._quick = FairGate(AT_ONCE - 1)
        self._slow = FairGate(1)
        self._num_slow = 0
        self._lock = threading.Lock()

    def open_picture(self, path: Path, session: Session | None) -> Picture:
        """Decode a picture when it is the session's turn.

        Args:
            path: Of a file that the session may read.
            session: Whose picture it is; None for all programs together.

        Raises:
            PictureError: As of :func:`dni.pictures.decoding.decode_apart.open_picture_apart`; or it is slow,
                and too many others are.
        """
        try:
            with enter(self._quick, session):
                return self._decode(path, limits=QUICK)
        except TooMuchError:
            with self._wait_among_slow(path, session):
                return self._decode(path, limits=LIMITS)

    @contextmanager
    def _wait_among_slow(self, path: Path, session: Session | None) -> Iterator[None]:
        """Hold the place of slow pictures for the block, or refuse where too many wait."""
        with self._lock:
            if self._num_slow >= MAX_SLOW:
                raise PictureError(
                    f"Expected a picture that can be read with {QUICK.cpu_seconds} second, since others are "
                    f"waiting, but {path.name} takes more. Try again in a minute, or make it smaller."
                )
            self._num_slow += 1
        try:
            with enter(self._slow, session):
                yield
        finally:
            with self._lock:
                self._num_slow -= 1


def enter(gate: FairGate, session: Session | None) -> AbstractContextManager[None]:
    if session is None:
        return gate.enter()
    return gate.enter(group=session.group, owner=session.key)


DECODING_TURNS = DecodingTurns()
"""Of this program."""
