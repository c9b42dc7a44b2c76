"""What both viewers say: a picture through networks, and frames of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dni.blending.shares import Mix
from dni.pictures.rectangle import Rectangle
from dni.ui.protocol.messages import Message, ProtocolError, secret

__all__ = [
    "BeforeRequest",
    "FrameReply",
    "OverviewRequest",
    "PictureReply",
    "Reduction",
    "Scene",
    "ViewerFrameRequest",
    "ViewerScene",
]

# Frames of the same alpha to four decimals are one and the same.
ALPHA_DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class Reduction(Message):
    """What can be done about a picture's size: by which factor to reduce it, why, and the button's text.

    The factor 1 goes back to the full picture.
    """

    factor: int
    text: str
    button: str


@dataclass(frozen=True, kw_only=True)
class Scene(Message):
    """A picture through a set of networks.

    Attributes:
        serial: New for each scene that the server makes.
        token: The picture's.
        name: The picture's.
        width, height: The picture's, in pixels.
        scale: Of the enlargement.
        pair: Id of the networks.
        labels: Of the ends.
        live_pixels: The largest region that is cheap enough to be live, in input pixels.
        session: The token of the session whose page it is for.
        example: Name of the example, for the link; empty for a person's own picture.
        full: The token of what the picture was reduced from, or empty.
        reduction: What is offered of its size, if anything.
    """

    serial: str
    token: str
    name: str
    width: int
    height: int
    scale: int
    pair: str
    labels: tuple[str, ...]
    live_pixels: int
    session: str = secret()
    example: str
    full: str = ""
    reduction: Reduction | None = None


@dataclass(frozen=True, kw_only=True)
class ViewerScene(Scene):
    """The value of the Effects tab's viewer; the page adds ``region``, and ``alpha`` as it is now.

    Attributes:
        alpha: Where the slider is.
        whole: What rendering the whole picture gives, and about how long that takes.
        estimate: Why it is to be at ``alpha`` for this picture, where it was elsewhere before; or empty.
        starts: Whether ``alpha`` is where these networks start, wherever the slider was with others.
        prepares: Whether a GPU job should fill the keyframes first (ZeroGPU), and ``prepared``: it has.
        region: The live one.
    """

    alpha: float
    whole: str
    estimate: str
    starts: bool = False
    prepares: bool
    prepared: bool | None = None
    region: Rectangle | None = None

    @classmethod
    def parse(cls, value: Any) -> ViewerScene:
        """Read a scene that comes back from the browser.

        Raises:
            DniError: There is none yet, or it is none of ours.
        """
        if value is None:
            raise ProtocolError(
                "Nothing is on screen yet. Wait for the first picture, or choose a pair of networks first."
            )
        return super().parse(value)


@dataclass(frozen=True, kw_only=True)
class ViewerFrameRequest(Message):
    """Asks for a frame of the viewer; ``ahead`` where nobody waits for it yet."""

    token: str
    pair: str
    region: Rectangle
    alpha: float
    session: str = secret()
    ahead: bool

    @property
    def mix(self) -> Mix:
        """The mix of two ends."""
        return Mix.of_alpha(round(self.alpha, ALPHA_DIGITS))


@dataclass(frozen=True, kw_only=True)
class BeforeRequest(Message):
    """Asks for a region enlarged by bicubic interpolation."""

    token: str
    pair: str
    region: Rectangle
    session: str = secret()


@dataclass(frozen=True, kw_only=True)
class OverviewRequest(Message):
    """Asks for the whole picture, or a region of it, made small."""

    token: str
    session: str = secret()
    region: Rectangle | None = None


@dataclass(frozen=True, kw_only=True)
class FrameReply(Message):
    """A frame: a JPEG in base64, the milliseconds it took (0 if remembered), and a notice or nothing."""

    jpeg: str
    milliseconds: float
    notice: str


@dataclass(frozen=True, kw_only=True)
class PictureReply(Message):
    """A JPEG in base64."""

    jpeg: str
