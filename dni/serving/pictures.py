"""The pictures that people hold, each for its own session, and those that everybody sees."""

from __future__ import annotations

import secrets
import threading

from dni.caches import ByteCache
from dni.pictures.picture import Picture
from dni.serving.regions import RenderServiceError
from dni.serving.sessions import Session

__all__ = ["EVERYBODY", "Held", "HeldPictures"]

# Of three pictures of the largest size, or of fifty photographs of 3 megapixels; those unused for longest
# are forgotten first.
PICTURE_BYTES = 450_000_000
# In the place of a session's key.
EVERYBODY = 0

Held = tuple[int, str]
"""The key of a session, or :data:`EVERYBODY`, and the token or id of what it holds."""


class HeldPictures:
    """Finds pictures by token; one of a session is found for that session only."""

    def __init__(self) -> None:
        self._pictures: ByteCache[Held, Picture] = ByteCache(PICTURE_BYTES, size_of=picture_bytes)
        self._kept: dict[str, Picture] = {}
        self._tokens: dict[tuple[int, str], str] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._pictures)

    def hold(self, picture: Picture, session: Session, *, tab: str) -> tuple[str, Held | None]:
        """Keep a session's picture of one tab; the last one of that tab is forgotten.

        Returns:
            The token, and the key of the picture that was forgotten.
        """
        token = secrets.token_urlsafe(16)
        with self._lock:
            former = self._tokens.get((session.key, tab))
            self._tokens[session.key, tab] = token
        self._pictures.put((session.key, token), picture)
        if former is None:
            return token, None
        self._pictures.drop(lambda key: key == (session.key, former))
        return token, (session.key, former)

    def keep(self, token: str, picture: Picture) -> None:
        """Keep a picture for everybody, for good: an example."""
        self._kept[token] = picture

    def release(self, session: Session) -> None:
        """Forget a session's pictures."""
        with self._lock:
            for place in [place for place in self._tokens if place[0] == session.key]:
                del self._tokens[place]
        self._pictures.drop(lambda key: key[0] == session.key)

    def is_shared(self, token: str) -> bool:
        """Whether everybody can find the picture of this token."""
        return token in self._kept

    def key(self, token: str, session: Session | None) -> Held:
        """What tells the picture of this token from all others."""
        return (EVERYBODY if session is None or token in self._kept else session.key), token

    def get(self, token: str, session: Session | None) -> Picture:
        """The picture of a token.

        Raises:
            RenderServiceError: It is not held for this session, or not any more.
        """
        picture = self._kept.get(token) or self._pictures.get(self.key(token, session))
        if picture is None:
            raise RenderServiceError(
                "This picture is no longer held here. Choose it again, or upload it again."
            )
        return picture


def picture_bytes(picture: Picture) -> int:
    return picture.rgb.numel() + (0 if picture.opacity is None else picture.opacity.numel())
