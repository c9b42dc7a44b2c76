"""What the row of effects says: a card for each, and which one is chosen."""

from __future__ import annotations

from dataclasses import dataclass

from dni.ui.protocol.messages import Message

__all__ = ["EffectCard", "EffectChoice"]


@dataclass(frozen=True, kw_only=True)
class EffectCard(Message):
    """One effect.

    Attributes:
        pair: Id of the networks.
        name: In a word or two.
        line: What the slider does.
        bytes: To download; 0 where nobody knows.
        superseded: Shown only while it is chosen, by a link or after a reload.
        before, after: Addresses of pictures, relative to the page; empty where there are none.
    """

    pair: str
    name: str
    line: str
    bytes: int
    superseded: bool
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class EffectChoice(Message):
    """The value of the row.

    Attributes:
        serial: New for each value that the server makes, so that the page learns of a refusal too.
        pair: Id of the networks that are shown.
        here: Ids of all that need no download.
        wanted: Id of what a link asks for and is not here; or empty.
    """

    serial: str
    pair: str
    here: tuple[str, ...]
    wanted: str
