"""The scene of the Mixing tab: the state that server and component exchange.

How much of the mix a group of layers gets is one number c: its shares are ``(1 - c) * first end + c * mix``.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from dni.blending.mix_paths import first_end
from dni.blending.shares import Mix
from dni.errors import DniError, shown
from dni.recipes.render_request import RenderRequest
from dni.serving.mixing.mask_store import MaskStore
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session
from dni.ui.pictures.scenes import common_scene
from dni.ui.protocol.mixing import MixingScene, MixingState, MixRequest, layer_groups_of

__all__ = ["build_scene", "layers_of", "name_of", "read_render_request", "request_of", "with_layers"]

LAYER_DIGITS = 2
TOLERANCE = 1e-6


def build_scene(
    service: RenderService,
    session: Session,
    *,
    token: str,
    pair_id: str,
    example: str = "",
    full: str = "",
    **restored: Any,
) -> MixingScene:
    """What the component needs to ask for frames.

    Args:
        service: Where picture and networks are.
        session: Whose page it is for.
        token: The picture's.
        pair_id: The networks'.
        example: The example's name, or empty.
        full: The token of what the picture was reduced from, or empty.
        restored: ``mix``, ``base``, ``png``, ``crop``, ``tile`` and ``levels`` of a recipe.
    """
    scene = common_scene(service, session, token=token, pair_id=pair_id, example=example, full=full)
    return MixingScene(
        **vars(scene),
        groups=layer_groups_of(service.renderer(pair_id, session).blend.groups, {}),
        pad=service.pair(pair_id, session).pad,
        **restored,
    )


def read_render_request(asked: MixRequest, masks: MaskStore, session: Session) -> RenderRequest:
    """A region at a mix, which is the brush where there is a mask.

    Raises:
        DniError: The mask is no longer held, or what is asked for contradicts itself.
    """
    if asked.mask is None:
        return RenderRequest(mix=asked.mix, crop=asked.region)
    base, mask = asked.base or first_end(asked.mix.num_ends), masks.get(asked.mask, session=session)
    return RenderRequest(mix=base, brush=asked.mix, mask=mask, levels=asked.levels, crop=asked.region)


def request_of(state: MixingState, *, mask: str | None, only_seen: bool) -> RenderRequest:
    """The render request for what is on screen; with a mask, the mix is where it is painted.

    Args:
        state: What is on screen.
        mask: The painted mask as text, or None.
        only_seen: Only the part that can be seen, or the whole picture.
    """
    crop, blend, tile = state.seen if only_seen else None, state.mix.blend, state.tile
    if mask is None:
        return RenderRequest(mix=blend, crop=crop, tile=tile)
    base = state.base or first_end(blend.num_ends)
    return RenderRequest(mix=base, brush=blend, mask=mask, levels=state.levels, crop=crop, tile=tile)


def with_layers(mix: Mix, layers: Mapping[str, float]) -> Mix:
    """The mix, of which some groups of layers get only a part, from 0 to 1."""
    first = first_end(mix.num_ends).shares
    groups = {
        name: [(1 - part) * start + part * share for start, share in zip(first, mix.shares, strict=True)]
        for name, part in layers.items()
    }
    return Mix.of(
        mix.shares, groups=groups, extrapolate=mix.extrapolate, repair=mix.repair, method=mix.method
    )


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
                f"Expected layers between the first network and the mix, but {shown(name)} has others, which "
                "the desk cannot show. Use dni render --recipe."
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


def name_of(render_request: RenderRequest) -> str:
    """What an order is called in the name of a file; no two orders are called alike."""
    mix = render_request.brush or render_request.mix
    shares = "-".join(f"{share:.4f}" for share in mix.shares[1:])
    name = f"alpha-{shares}" if len(mix.shares) == 2 else f"shares-{shares}"
    plain = render_request.mask is None and render_request.crop is None and not mix.groups
    return name if plain else f"{name}_{digest(render_request)}"


def digest(render_request: RenderRequest) -> str:
    """Six letters that stand for an order."""
    text = json.dumps(render_request.to_values(), sort_keys=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:6]
