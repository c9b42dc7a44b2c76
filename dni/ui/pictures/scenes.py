"""What the viewers of both tabs know of a picture through a set of networks."""

from __future__ import annotations

import secrets

from dni.serving.render_service import RenderService
from dni.serving.sessions import Session
from dni.ui.pictures.reduction import reduction_of
from dni.ui.protocol.frames import Scene

__all__ = ["common_scene"]


def common_scene(
    service: RenderService,
    session: Session,
    *,
    token: str,
    pair_id: str,
    example: str,
    full: str,
    live_pixels: int | None = None,
) -> Scene:
    """What a scene of either tab has.

    Args:
        service, session: Where picture and networks are, and whose page it is for.
        token, pair_id: The picture's and the networks'.
        example: The example's name, or empty.
        full: The token of what the picture was reduced from, or empty.
        live_pixels: The largest region that is cheap enough to be live, in input pixels; measured by default.
    """
    picture, pair = service.picture(token, session), service.pair(pair_id, session)
    scale = service.renderer(pair_id, session).scale
    if live_pixels is None:
        live_pixels = service.live_pixels(pair_id, session=session)
    return Scene(
        serial=secrets.token_hex(4),
        token=token,
        name=picture.name,
        width=picture.width,
        height=picture.height,
        scale=scale,
        pair=pair_id,
        labels=pair.labels,
        live_pixels=live_pixels,
        session=session.token,
        example=example,
        full=full,
        reduction=reduction_of(picture, pair, scale, full=service.picture(full, session) if full else None),
    )
