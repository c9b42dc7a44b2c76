"""The live viewer of the Effects tab: one ``gr.HTML`` component and its server functions.

Why not ``gr.Image``: a frame through it takes 42 to 256 ms of transport alone (see docs in
``benchmarks/README.md``), and it cannot keep frames in the browser. Here the browser holds
keyframes and cross-fades them while the thumb moves, and pulls what it needs, newest first.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import gradio as gr

from dni.rendering.control import Cancelled
from dni.serving.render_service import RenderService
from dni.serving.scheduler import Priority, Superseded
from dni.serving.sessions import Session
from dni.ui.protocol import mix_of, parse, text
from dni.ui.server_functions import Answer, answering, apart, encode
from dni.ui.web_component import web_component

__all__ = ["build_viewer", "make_scene", "viewer_servers"]


def build_viewer(service: RenderService, *, elem_id: str = "viewer") -> gr.HTML:
    """The viewer component; its value is a scene (see :func:`make_scene`)."""
    frame, before, overview = viewer_servers(service)
    return web_component(
        "viewer",
        [apart(answering(frame)), answering(before), answering(overview)],
        events=["prepare"],
        elem_id=elem_id,
    )


def viewer_servers(service: RenderService) -> tuple[Callable[[Any], Answer], ...]:
    """The server functions: a frame, the enlargement to compare with, and the whole picture."""

    def frame(request: Any) -> Answer:
        session = service.sessions.find(text(request, "session"))
        token, pair_id, region = parse(request)
        priority = Priority.AHEAD if request.get("ahead") is True else Priority.LIVE
        try:
            made = service.frame(token, pair_id, region, mix_of(request), session=session, priority=priority)
        except (Superseded, Cancelled):
            return {"dropped": True}
        return {
            "jpeg": encode(made.jpeg),
            "milliseconds": round(made.milliseconds, 1),
            "notice": made.notice,
        }

    def before(request: Any) -> Answer:
        session = service.sessions.find(text(request, "session"))
        return {"jpeg": encode(service.before(*parse(request), session=session))}

    def overview(request: Any) -> Answer:
        session = service.sessions.find(text(request, "session"))
        return {"jpeg": encode(service.overview(text(request, "token"), session=session))}

    return frame, before, overview


def make_scene(
    service: RenderService,
    session: Session,
    *,
    token: str,
    pair_id: str,
    alpha: float,
    live_pixels: int,
    prepares: bool,
    example: str = "",
) -> dict[str, Any]:
    """What the viewer needs to know to ask for frames of a picture through a pair.

    Args:
        service: Where picture and pair are.
        session: Whose page it is for.
        token: The picture's.
        pair_id: The pair's.
        alpha: Where the slider starts.
        live_pixels: The largest region that is cheap enough to be live, in input pixels.
        prepares: Whether a GPU job should fill the keyframes first (ZeroGPU).
        example: Name of the example, for the link; empty for a person's own picture.
    """
    picture, pair = service.picture(token, session), service.pair(pair_id, session)
    return {
        "serial": secrets.token_hex(4),
        "token": token,
        "name": picture.name,
        "width": picture.width,
        "height": picture.height,
        "scale": service.renderer(pair_id, session).scale,
        "pair": pair_id,
        "labels": list(pair.labels),
        "alpha": alpha,
        "live_pixels": live_pixels,
        "prepares": prepares,
        "session": session.token,
        "example": example,
    }
