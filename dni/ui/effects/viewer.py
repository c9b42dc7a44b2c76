"""The live viewer: one ``gr.HTML`` component with a canvas, a range input and three server functions.

Why not ``gr.Image``: a frame through it takes 42 to 256 ms of transport alone (see docs in
``benchmarks/README.md``), and it cannot keep frames in the browser. Here the browser holds
keyframes and cross-fades them while the thumb moves, and pulls what it needs, newest first.
"""

from __future__ import annotations

import secrets
from typing import Any

import gradio as gr

from dni.rendering.control import Cancelled
from dni.serving.render_service import RenderService
from dni.serving.scheduler import Priority, Superseded
from dni.ui.protocol import mix_of, parse, text
from dni.ui.server_functions import Answer, answering, apart, encode
from dni.ui.web_component import web_component

__all__ = ["build_viewer", "make_scene"]


def build_viewer(service: RenderService, *, elem_id: str = "viewer") -> gr.HTML:
    """The viewer component; its value is a scene (see :func:`make_scene`)."""

    def frame(request: Any) -> Answer:
        token, pair_id, region = parse(request)
        priority = Priority.AHEAD if request.get("ahead") is True else Priority.LIVE
        session = text(request, "session")
        try:
            made = service.frame(token, pair_id, region, mix_of(request), visitor=session, priority=priority)
        except (Superseded, Cancelled):
            return {"dropped": True}
        return {
            "jpeg": encode(made.jpeg),
            "milliseconds": round(made.milliseconds, 1),
            "notice": made.notice,
        }

    def before(request: Any) -> Answer:
        return {"jpeg": encode(service.before(*parse(request)))}

    def overview(request: Any) -> Answer:
        return {"jpeg": encode(service.overview(text(request, "token")))}

    return web_component(
        "viewer",
        [apart(answering(frame)), answering(before), answering(overview)],
        events=["prepare"],
        elem_id=elem_id,
    )


def make_scene(
    service: RenderService,
    *,
    token: str,
    pair_id: str,
    alpha: float,
    live_pixels: int,
    prepares: bool,
    session: str,
    example: str = "",
) -> dict[str, Any]:
    """What the viewer needs to know to ask for frames of a picture through a pair.

    Args:
        service: Where picture and pair are.
        token: The picture's.
        pair_id: The pair's.
        alpha: Where the slider starts.
        live_pixels: The largest region that is cheap enough to be live, in input pixels.
        prepares: Whether a GPU job should fill the keyframes first (ZeroGPU).
        session: Who asks for frames, as an opaque text; what they wait for is dropped when they leave.
        example: Name of the example, for the link; empty for a person's own picture.
    """
    picture, pair = service.picture(token), service.pair(pair_id)
    return {
        "serial": secrets.token_hex(4),
        "token": token,
        "name": picture.name,
        "width": picture.width,
        "height": picture.height,
        "scale": service.renderer(pair_id).scale,
        "pair": pair_id,
        "labels": list(pair.labels),
        "alpha": alpha,
        "live_pixels": live_pixels,
        "prepares": prepares,
        "session": session,
        "example": example,
    }
