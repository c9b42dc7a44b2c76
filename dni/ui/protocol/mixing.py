"""What the Mixing tab and the server say to each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dni.blending.shares import Mix
from dni.pictures.rectangle import Rectangle
from dni.tradeoff.tuning.goals import GoalName
from dni.ui.protocol.frames import Scene
from dni.ui.protocol.messages import LayeredMix, Message, ProtocolError, long_text, secret

__all__ = [
    "AutoMaskReply",
    "AutoMaskRequest",
    "BestMixReply",
    "BestMixRequest",
    "BestMixSteps",
    "BestMixStepsRequest",
    "CompareReply",
    "CurvePoint",
    "CurveReply",
    "CurveRequest",
    "LayerGroup",
    "MaskReply",
    "MaskRequest",
    "MixFrameRequest",
    "MixRequest",
    "MixingScene",
    "MixingState",
    "layer_groups_of",
    "with_correlations",
]


@dataclass(frozen=True, kw_only=True)
class LayerGroup(Message):
    """A group of layers, and how alike the ends' filters are in it; None where that is not known."""

    name: str
    correlation: float | None = None


@dataclass(frozen=True, kw_only=True)
class MixingScene(Scene):
    """The value of the component, from the server; ``mix``, ``base``, ``png`` and ``crop`` are of a recipe.

    Attributes:
        groups: The networks' groups of layers, in order of depth.
        levels, tile: See :class:`dni.recipes.render_request.RenderRequest`.
        pad: How the ends are arranged, see :class:`dni.catalog.pairs.Pair`.
        mix: The mix to start with, and ``base``: that outside of the mask.
        png: The mask, as recipes hold it.
        crop: The part of the picture to show.
    """

    groups: tuple[LayerGroup, ...]
    levels: int | None = None
    tile: int | None = None
    pad: str = "corners"
    mix: LayeredMix | None = None
    base: Mix | None = None
    png: str | None = long_text(default=None)
    crop: Rectangle | None = None


@dataclass(frozen=True, kw_only=True)
class MixingState(Scene):
    """What is on screen, as the component says it.

    Attributes:
        groups, levels, tile: As in :class:`MixingScene`.
        mix: How much of every end, also where nothing is painted yet.
        base: The mix where nothing is painted; None for the first end.
        mask: The id of the painted mask; None where nothing is painted, empty where it has not arrived yet.
        region: The live part of the picture, and ``seen``: the part that can be seen.
    """

    groups: tuple[LayerGroup, ...]
    levels: int | None = None
    tile: int | None = None
    mix: LayeredMix
    base: Mix | None
    mask: str | None
    region: Rectangle | None
    seen: Rectangle

    @classmethod
    def parse(cls, value: Any) -> MixingState:
        """Read what comes back from the browser.

        Raises:
            DniError: There is nothing yet, or it is nothing of ours.
        """
        if not isinstance(value, dict) or "mix" not in value or "seen" not in value:
            raise ProtocolError("Nothing is on the desk yet. Open it and wait for the picture.")
        return super().parse(value)


@dataclass(frozen=True, kw_only=True)
class MixRequest(Message):
    """Asks about a region; with ``mask``, the mix is where it is painted and ``base`` elsewhere."""

    token: str
    pair: str
    region: Rectangle
    mix: Mix
    session: str = secret()
    mask: str | None = None
    base: Mix | None = None
    levels: int | None = None


@dataclass(frozen=True, kw_only=True)
class MixFrameRequest(MixRequest):
    """Asks for a frame; ``rank`` is "ahead" where nobody waits for it yet."""

    rank: Literal["live", "ahead"]


@dataclass(frozen=True, kw_only=True)
class CurveRequest(MixRequest):
    """Asks for the curve up to a mix, against the picture itself reduced, a given reference, or neither."""

    against: Literal["reduce", "reference", "none"]


@dataclass(frozen=True, kw_only=True)
class BestMixRequest(MixRequest):
    """Asks for the layers with which a mix serves a goal best, on the picture that is on the desk."""

    goal: GoalName


@dataclass(frozen=True, kw_only=True)
class BestMixStepsRequest(Message):
    """Asks how far the search for the best mix is; with ``stop``, it is given up."""

    session: str = secret()
    stop: bool = False


@dataclass(frozen=True, kw_only=True)
class BestMixSteps(Message):
    """How many steps of the search are done, and of how many; none at all while it waits for others'."""

    done: int
    total: int


@dataclass(frozen=True, kw_only=True)
class BestMixReply(Message):
    """The mix that was found, how much of it each group of layers gets (0 to 1), and a note on it."""

    shares: tuple[float, ...]
    layers: dict[str, float]
    note: str


@dataclass(frozen=True, kw_only=True)
class MaskRequest(Message):
    """Hands over what is painted: a PNG in base64."""

    token: str
    png: str = long_text()
    session: str = secret()


@dataclass(frozen=True, kw_only=True)
class AutoMaskRequest(Message):
    """Asks for a mask made from the picture."""

    token: str
    kind: Literal["detail", "luminance"]
    session: str = secret()


@dataclass(frozen=True, kw_only=True)
class MaskReply(Message):
    """The id of a mask."""

    mask: str


@dataclass(frozen=True, kw_only=True)
class AutoMaskReply(Message):
    """A mask, as recipes hold it."""

    png: str


@dataclass(frozen=True, kw_only=True)
class CompareReply(Message):
    """JPEGs in base64 of network, blended pixels and their difference, and a note on them."""

    network: str
    pixels: str
    difference: str
    note: str


@dataclass(frozen=True, kw_only=True)
class CurvePoint(Message):
    """A blend and what was measured of it."""

    alpha: float
    distortion: float
    perception: float
    text: str


@dataclass(frozen=True, kw_only=True)
class CurveReply(Message):
    """A curve, the titles of its two axes, and the blend that is suggested."""

    points: tuple[CurvePoint, ...]
    axes: dict[str, str]
    note: str
    suggestion: dict[str, Any]

    @classmethod
    def of(cls, measured: Mapping[str, Any]) -> CurveReply:
        """The reply of what :meth:`dni.serving.mixing.measurements.Measures.curve` gives."""
        return cls(**{**measured, "points": tuple(CurvePoint(**point) for point in measured["points"])})


def layer_groups_of(names: Iterable[str], correlations: Mapping[str, float]) -> tuple[LayerGroup, ...]:
    """The groups of layers, with how alike the ends are there, where it is known."""
    return tuple(LayerGroup(name=name, correlation=correlations.get(name)) for name in names)


def with_correlations(
    value: Any, correlations: Mapping[str, float], *, pair_id: str, session: str
) -> dict[str, Any] | None:
    """A scene or state with what became known of its networks; None if it shows others, or nothing.

    All else is as it came, so that the page, which knows it by its serial, takes only what is new.
    """
    if value is None:
        return None
    scene = MixingScene.parse(value)
    if scene.pair != pair_id:
        return None
    groups = layer_groups_of((group.name for group in scene.groups), correlations)
    return {**value, "groups": [group.to_dict() for group in groups], "session": session}
