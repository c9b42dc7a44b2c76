"""The scene of the Mixing tab: the state that server and component exchange.

How much of the mix a group of layers gets is one number c: its shares are ``(1 - c) * first end + c * mix``.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dni.blending.mix_paths import first_end
from dni.blending.shares import Mix
from dni.errors import DniError
from dni.pictures.rectangle import Rectangle
from dni.recipes.render_request import RenderRequest
from dni.serving.mixing.mask_store import MaskStore
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session
from dni.ui.protocol import mix_of, number, parse, text

__all__ = [
    "MixingState",
    "Scene",
    "base_of",
    "build_scene",
    "groups_of",
    "layers_of",
    "read_mixing_state",
    "read_render_request",
    "request_of",
    "with_layers",
]

Scene = dict[str, Any]

LAYER_DIGITS = 2
TOLERANCE = 1e-6


@dataclass(frozen=True)
class MixingState:
    """What a person's desk shows.

    Attributes:
        token: The picture's.
        pair: The id of the networks.
        example: The example's name; empty for a person's own picture.
        mix: How much of every end, also where nothing is painted yet.
        layers: How much of the mix a group of layers gets, where that is not all of it.
        base: The mix where nothing is painted, if that is not the first end.
        mask: The id of the painted mask, or None.
        crop: The part of the picture that can be seen.
        tile, levels: As of an order; those of a recipe that was put on the desk.
    """

    token: str
    pair: str
    example: str
    mix: Mix
    layers: dict[str, float]
    mask: str | None
    crop: Rectangle
    base: Mix | None = None
    tile: int | None = None
    levels: int | None = None


def build_scene(
    service: RenderService,
    session: Session,
    *,
    token: str,
    pair_id: str,
    example: str = "",
    **restored: Any,
) -> Scene:
    """What the component needs to ask for frames.

    Args:
        service: Where picture and networks are.
        session: Whose page it is for.
        token: The picture's.
        pair_id: The networks'.
        example: The example's name, or empty.
        restored: ``mix``, ``base``, ``png``, ``crop``, ``tile`` and ``levels`` of a recipe.
    """
    picture, pair = service.picture(token, session), service.pair(pair_id, session)
    renderer = service.renderer(pair_id, session)
    return {
        "serial": secrets.token_hex(4),
        "token": token,
        "name": picture.name,
        "width": picture.width,
        "height": picture.height,
        "scale": renderer.scale,
        "pair": pair_id,
        "labels": list(pair.labels),
        "live_pixels": service.live_pixels(pair_id, session=session),
        "session": session.token,
        "example": example,
        "groups": groups_of(renderer.blend.groups, {}),
        **restored,
    }


def groups_of(names: tuple[str, ...] | list[str], correlations: Mapping[str, float]) -> list[dict[str, Any]]:
    """The groups of layers in order of depth, with how alike the ends are there, where it is known."""
    return [{"name": name, "correlation": correlations.get(name)} for name in names]


def read_mixing_state(scene: Any) -> MixingState:
    """Read a scene that comes back from the browser, which may hold anything.

    Raises:
        DniError: There is none yet, or it is none of ours.
    """
    if not isinstance(scene, dict) or "mix" not in scene or "seen" not in scene:
        raise DniError("Nothing is on the desk yet. Open it and wait for the picture.")
    mask, layers = scene.get("mask"), scene["mix"].get("layers") if isinstance(scene["mix"], dict) else None
    left, top, width, height = (
        int(number(scene["seen"], side)) for side in ("left", "top", "width", "height")
    )
    return MixingState(
        token=text(scene, "token"),
        pair=text(scene, "pair"),
        example=text(scene, "example"),
        mix=mix_of(scene),
        layers={name: number(layers, name) for name in layers} if isinstance(layers, dict) else {},
        mask=None if mask is None else text(scene, "mask"),
        crop=Rectangle(left, top, width, height),
        base=base_of(scene),
        tile=whole(scene, "tile"),
        levels=whole(scene, "levels"),
    )


def base_of(request: Scene) -> Mix | None:
    """The mix where nothing is painted, of a scene or a request; None for the first end.

    Raises:
        DniError: It is no valid mix.
    """
    base = request.get("base")
    return None if base is None else mix_of({"mix": base})


def whole(scene: Scene, key: str) -> int | None:
    return None if scene.get(key) is None else int(number(scene, key))


def read_render_request(request: Any, masks: MaskStore, session: Session) -> RenderRequest:
    """A region at a mix, which is the brush where there is a mask.

    Raises:
        DniError: The request does not say, or the mask is no longer held.
    """
    (_, _, crop), mix = parse(request), mix_of(request)
    if request.get("mask") is None:
        return RenderRequest(mix=mix, crop=crop)
    base, mask = (
        base_of(request) or first_end(mix.num_ends),
        masks.get(text(request, "mask"), session=session),
    )
    return RenderRequest(mix=base, brush=mix, mask=mask, levels=whole(request, "levels"), crop=crop)


def request_of(desk: MixingState, *, mask: str | None, only_seen: bool) -> RenderRequest:
    """The order for what is on the desk; with a mask, the mix is where it is painted.

    Args:
        desk: What a person's desk shows.
        mask: The painted mask as text, or None.
        only_seen: Only the part that can be seen, or the whole picture.
    """
    crop = desk.crop if only_seen else None
    if mask is None:
        return RenderRequest(mix=desk.mix, crop=crop, tile=desk.tile)
    base = desk.base or first_end(desk.mix.num_ends)
    return RenderRequest(mix=base, brush=desk.mix, mask=mask, levels=desk.levels, crop=crop, tile=desk.tile)


def with_layers(mix: Mix, layers: Mapping[str, float]) -> Mix:
    """The mix, of which some groups of layers get only a part, from 0 to 1."""
    first = first_end(mix.num_ends).shares
    groups = {
        name: [(1 - part) * start + part * share for start, share in zip(first, mix.shares, strict=True)]
        for name, part in layers.items()
    }
    return Mix.of(mix.shares, groups=groups, extrapolate=mix.extrapolate)


def layers_of(mix: Mix) -> dict[str, float]:
    """The part of the mix that each group of layers gets; see :func:`with_layers`.

    Raises:
        DniError: A group has shares that lie on no line from the first end to the mix.
    """
    layers = {}
    for name, shares in mix.groups:
        part = part_of(mix.shares, shares)
        if part is None:
            raise DniError(
                f"Expected layers between the first network and the mix, but {name!r} has others, which the "
                "desk cannot show. Use dni render --recipe."
            )
        layers[name] = part
    return layers


def part_of(mix: tuple[float, ...], shares: tuple[float, ...]) -> float | None:
    """Where ``shares`` lie between the first end, at 0, and the mix, at 1; None where not between."""
    largest = max(range(1, len(mix)), key=lambda index: abs(mix[index]))
    part = shares[largest] / mix[largest] if mix[largest] else 1.0
    rounded = round(part, LAYER_DIGITS)
    for candidate in (rounded, part):
        fits = all(
            math.isclose(candidate * share, own, abs_tol=TOLERANCE)
            for share, own in zip(mix[1:], shares[1:], strict=True)
        )
        if fits and 0 <= candidate <= 1:
            return candidate
    return None
