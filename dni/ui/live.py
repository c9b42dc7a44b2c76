"""The live viewer: one ``gr.HTML`` component with a canvas, a range input and three server functions.

Why not ``gr.Image``: a frame through it takes 42 to 256 ms of transport alone (see docs in
``benchmarks/README.md``), and it cannot keep frames in the browser. Here the browser holds
keyframes and cross-fades them while the thumb moves, and pulls what it needs, newest first.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gradio as gr

from dni.errors import DniError
from dni.render import Cancelled
from dni.serving.schedule import Rank, Superseded
from dni.serving.studio import Studio
from dni.ui.asked import mix_of, parse, text
from dni.ui.web_component import web_component

__all__ = ["answering", "apart", "build_viewer", "encode", "make_scene"]

# Requests for frames that wait at once, of all people; each is a thread that sleeps.
MAX_WAITING = 64

Answer = dict[str, Any]


def build_viewer(studio: Studio, *, elem_id: str = "viewer") -> gr.HTML:
    """The viewer component; its value is a scene (see :func:`make_scene`)."""

    def frame(request: Any) -> Answer:
        token, pair_id, region = parse(request)
        rank = Rank.AHEAD if request.get("ahead") is True else Rank.LIVE
        session = text(request, "session")
        try:
            made = studio.frame(token, pair_id, region, mix_of(request), visitor=session, rank=rank)
        except (Superseded, Cancelled):
            return {"dropped": True}
        return {
            "jpeg": encode(made.jpeg),
            "milliseconds": round(made.milliseconds, 1),
            "notice": made.notice,
        }

    def before(request: Any) -> Answer:
        return {"jpeg": encode(studio.before(*parse(request)))}

    def overview(request: Any) -> Answer:
        return {"jpeg": encode(studio.overview(text(request, "token")))}

    return web_component(
        "viewer",
        [apart(answering(frame)), answering(before), answering(overview)],
        events=["prepare"],
        elem_id=elem_id,
    )


def answering(function: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Turn our errors into ``{"error": text}``: the viewer shows it and keeps its picture."""

    def answer(request: Any) -> Answer:
        try:
            return function(request)
        except DniError as error:
            return {"error": str(error)}
        except Exception as error:
            logging.getLogger(__name__).exception("A request of the viewer failed")
            return {"error": f"This went wrong on our side ({type(error).__name__}). Try again."}

    answer.__name__ = function.__name__
    return answer


def apart(function: Callable[[Any], Answer]) -> Callable[[Any], Awaitable[Answer]]:
    """Call ``function`` in threads of its own.

    Gradio calls server functions in the forty threads that also answer for the page and its files: people
    who wait for their turn to render would stop those.
    """
    threads = ThreadPoolExecutor(MAX_WAITING, thread_name_prefix=function.__name__)

    async def answer(request: Any) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(threads, function, request)

    answer.__name__ = function.__name__
    return answer


def make_scene(
    studio: Studio,
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
        studio: Where picture and pair are.
        token: The picture's.
        pair_id: The pair's.
        alpha: Where the slider starts.
        live_pixels: The largest region that is cheap enough to be live, in input pixels.
        prepares: Whether a GPU job should fill the keyframes first (ZeroGPU).
        session: Who asks for frames, as an opaque text; what they wait for is dropped when they leave.
        example: Name of the example, for the link; empty for a person's own picture.
    """
    picture, pair = studio.picture(token), studio.pair(pair_id)
    return {
        "serial": secrets.token_hex(4),
        "token": token,
        "name": picture.name,
        "width": picture.width,
        "height": picture.height,
        "scale": studio.renderer(pair_id).scale,
        "pair": pair_id,
        "labels": list(pair.labels),
        "alpha": alpha,
        "live_pixels": live_pixels,
        "prepares": prepares,
        "session": session,
        "example": example,
    }


def encode(jpeg: bytes) -> str:
    return base64.b64encode(jpeg).decode("ascii")
