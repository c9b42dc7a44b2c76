"""The digit service: opens the live view on first use, and holds people's pictures for it."""

from __future__ import annotations

import secrets
import threading
from pathlib import Path

from torch import Tensor

from dni.digits.data.digit_sources import find_digit_source, find_photographs
from dni.digits.live_view import LiveView, OwnPicture
from dni.examples import EXAMPLE_FOLDER, example_token
from dni.pictures.picture import Picture
from dni.pictures.strips import over_level
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session

__all__ = ["BACKGROUND", "DigitService", "opaque"]

BACKGROUND = "coffee"


class DigitService:
    """One digit desk for all people of one process.

    Args:
        service: Holds people's pictures.
        data_root: The folder with ``bsds500``, and ``MNIST/raw`` if not ours; by default that of
            :func:`dni.digits.data.digit_sources.default_data_root`.
    """

    def __init__(self, service: RenderService, data_root: Path | None = None) -> None:
        self.service = service
        self.data_root = data_root
        self._opened: tuple[str, LiveView] | None = None
        self._opening = threading.Lock()
        self._tokens: dict[int, str] = {}
        self._holding = threading.Lock()

    def open(self) -> tuple[str, LiveView]:
        """The desk, and a word that changes when its digits do."""
        with self._opening:
            if self._opened is None:
                self._opened = self._prepare()
            return self._opened

    def _prepare(self) -> tuple[str, LiveView]:
        desk = LiveView(
            find_digit_source(self.data_root),
            find_photographs(EXAMPLE_FOLDER, self.data_root),
            self.own(example_token(BACKGROUND), 1.0),
        )
        return secrets.token_hex(4), desk

    def own(self, token: str, strength: float, session: Session | None = None) -> OwnPicture:
        """A picture of the service, as the background of the domain "yours".

        Raises:
            DniError: It is not held for this session, or the strength is outside 0 to 1.
        """
        return OwnPicture(self.service.picture(token, session).rgb, token, strength)

    def hold(self, picture: Picture, *, session: Session) -> str:
        """Keep a session's picture for this tab, in place of the last one; gives its token."""
        with self._holding:
            former = self._tokens.get(session.key)
            token = self._tokens[session.key] = self.service.hold(picture, session=session, tab="adaptation")
        self._forget(former)
        session.on_close(self._release)
        return token

    def _release(self, session: Session) -> None:
        """Forget all that was made of a session's picture."""
        self._forget(self._tokens.pop(session.key, None))

    def _forget(self, token: str | None) -> None:
        opened = self._opened
        if token is not None and opened is not None:
            opened[1].forget(lambda other: other == token)


def opaque(picture: Picture) -> Tensor:
    """A picture's uint8 (3, H, W) over black, which is what MNIST's digits are on."""
    return over_level(picture.rgb, picture.opacity, 0)
