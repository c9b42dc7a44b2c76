"""Whose picture is decoded next: in turns among addresses, and slow pictures one at a time.

A picture that takes seconds must not hold up those that take a tenth of one. So each has a short try first;
one that needs longer waits for the only place of the slow ones, and another stays free for the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from dni.bounded_process import Limits
from dni.pictures.decoding.decode_apart import AT_ONCE, LIMITS, TooSlowError, open_picture_apart
from dni.pictures.picture import Picture
from dni.serving.scheduling.fair_gate import FairGate
from dni.serving.sessions import Session

__all__ = ["DECODING_TURNS", "DecodingTurns"]

# Of the short try: enough for a photograph of 24 megapixels.
QUICK = Limits(memory_bytes=LIMITS.memory_bytes, cpu_seconds=2, wall_seconds=20.0)


class DecodingTurns:
    """Lets sessions decode pictures; safe to share between threads.

    Args:
        decode: As :func:`dni.pictures.decoding.decode_apart.open_picture_apart`.
    """

    def __init__(self, decode: Callable[..., Picture] = open_picture_apart) -> None:
        self._decode = decode
        self._places = FairGate(AT_ONCE)
        self._slow = FairGate(1)

    def open_picture(self, path: Path, session: Session | None) -> Picture:
        """Decode a picture when it is the session's turn.

        Args:
            path: Of a file that the session may read.
            session: Whose picture it is; None for all programs together.

        Raises:
            dni.pictures.normalize.PictureError: As of
                :func:`dni.pictures.decoding.decode_apart.open_picture_apart`.
        """
        try:
            with enter(self._places, session):
                return self._decode(path, limits=QUICK)
        except TooSlowError:
            with enter(self._slow, session), enter(self._places, session):
                return self._decode(path, limits=LIMITS)


def enter(gate: FairGate, session: Session | None) -> AbstractContextManager[None]:
    if session is None:
        return gate.enter()
    return gate.enter(group=session.group, owner=session.key)


DECODING_TURNS = DecodingTurns()
"""Of this program."""
