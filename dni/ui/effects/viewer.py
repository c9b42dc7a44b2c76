"""The live viewer of the Effects tab: one ``gr.HTML`` component and its server functions.

Why not ``gr.Image``: a frame through it takes 42 to 256 ms of transport alone (see docs in
``benchmarks/README.md``), and it cannot keep frames in the browser. Here the browser holds
keyframes and cross-fades them while the thumb moves, and pulls what it needs, newest first.
"""

from __future__ import annotations

import gradio as gr

from dni.serving.render_service import RenderService
from dni.serving.scheduling.live_pixel_budget import export_seconds
from dni.serving.scheduling.scheduler import Priority
from dni.serving.sessions import Session
from dni.ui.pictures.scenes import common_scene
from dni.ui.protocol.frames import FrameReply, ViewerFrameRequest, ViewerScene
from dni.ui.server_functions import ServerFunction, answering, apart, frame_reply, view_servers
from dni.ui.web_component import web_component

__all__ = ["build_viewer", "make_scene", "viewer_servers"]


def build_viewer(service: RenderService, *, elem_id: str = "viewer") -> gr.HTML:
    """The viewer component; its value is a scene (see :func:`make_scene`)."""
    servers = [*map(apart, viewer_servers(service))]
    return web_component("viewer", servers, events=["prepare", "reduce"], elem_id=elem_id)


def viewer_servers(service: RenderService) -> list[ServerFunction]:
    """The server functions: a frame, the enlargement to compare with, and the whole picture."""

    def frame(asked: ViewerFrameRequest) -> FrameReply:
        session = service.sessions.find(asked.session)
        priority = Priority.AHEAD if asked.ahead else Priority.LIVE
        made = service.frame(
            asked.token, asked.pair, asked.region, asked.mix, session=session, priority=priority
        )
        return frame_reply(made)

    return [answering(ViewerFrameRequest, frame), *view_servers(service)]


def make_scene(
    service: RenderService,
    session: Session,
    *,
    token: str,
    pair_id: str,
    alpha: float,
    estimate: str = "",
    starts: bool = False,
    live_pixels: int,
    prepares: bool,
    example: str = "",
    full: str = "",
) -> ViewerScene:
    """What the viewer needs to know to ask for frames of a picture through a pair.

    Args:
        service, session: Where picture and pair are, and whose page it is for.
        token, pair_id: The picture's and the pair's.
        alpha, estimate: Where the slider starts, and why it goes there now, if it does.
        starts: Whether it goes there if the networks are others than before.
        live_pixels: The largest region that is cheap enough to be live, in input pixels.
        prepares: Whether a GPU job should fill the keyframes first (ZeroGPU).
        example: Name of the example, for the link; empty for a person's own picture.
        full: The token of what the picture was reduced from, or empty.
    """
    subject = {"token": token, "pair_id": pair_id, "example": example, "full": full}
    scene = common_scene(service, session, **subject, live_pixels=live_pixels)
    seconds = export_seconds(scene.width * scene.height, live_pixels, precision=service.precision)
    return ViewerScene(
        **vars(scene),
        alpha=alpha,
        whole=whole_in_words(scene.width * scene.scale, scene.height * scene.scale, seconds),
        estimate=estimate,
        starts=starts,
        prepares=prepares,
    )


def whole_in_words(width: int, height: int, seconds: float) -> str:
    """How large the rendered picture will be, and how long it takes, before anybody clicks."""
    if seconds < 2:
        time = "in a moment"
    elif seconds < 90:
        time = f"in about {seconds:.0f} s"
    else:
        time = f"in about {seconds / 60:.0f} minutes"
    return f"The whole picture: {width:,} x {height:,} pixels, {time}."
