"""The component of the Mixing tab, and its server functions.

As in :mod:`dni.ui.effects.viewer` the server keeps no "current" anything: it answers, and the browser
decides.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr

from dni.errors import DniError
from dni.masks.automatic import detail_mask, luminance_mask
from dni.masks.files import encode_mask
from dni.rendering.control import Cancelled
from dni.serving.mixing.frames import compare, painted_frame
from dni.serving.mixing.mask_store import MaskStore, read_canvas
from dni.serving.mixing.measurements import Measures
from dni.serving.render_service import RenderService
from dni.serving.scheduler import Priority, Superseded
from dni.ui.mixing.scene import read_render_request
from dni.ui.protocol import mix_of, parse, text
from dni.ui.server_functions import answering, apart, encode
from dni.ui.web_component import web_component

__all__ = ["build_mixing_component"]

AUTO_MASKS = {"detail": detail_mask, "luminance": luminance_mask}

Answer = dict[str, Any]


def build_mixing_component(service: RenderService, masks: MaskStore, measures: Measures) -> gr.HTML:
    """The component; its value is a scene (see :mod:`dni.ui.mixing.scene`)."""
    slow = [frame_server(service, masks), compare_server(service, masks), curve_server(measures, masks)]
    quick = [*view_servers(service), *mask_servers(service, masks)]
    return web_component(
        "mixing",
        [
            *(apart(answering(superseded(function))) for function in slow),
            *(answering(function) for function in quick),
        ],
        elem_id="desk",
    )


def superseded(function: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Answer what nobody waits for any more with ``{"dropped": True}``."""

    @wraps(function)
    def answer(request: Any) -> Answer:
        try:
            return function(request)
        except (Superseded, Cancelled):
            return {"dropped": True}

    return answer


def frame_server(service: RenderService, masks: MaskStore) -> Callable[[Any], Answer]:
    def frame(request: Any) -> Answer:
        session = service.sessions.find(text(request, "session"))
        token, pair_id, region = parse(request)
        mix = mix_of(request)
        if request.get("mask") is None:
            priority = Priority.AHEAD if request.get("rank") == "ahead" else Priority.LIVE
            made = service.frame(token, pair_id, region, mix, session=session, priority=priority)
        else:
            render_request = read_render_request(request, masks, session)
            made = painted_frame(service, token, pair_id, render_request, session=session)
        milliseconds = round(made.milliseconds, 1)
        return {"jpeg": encode(made.jpeg), "milliseconds": milliseconds, "notice": made.notice}

    return frame


def compare_server(service: RenderService, masks: MaskStore) -> Callable[[Any], Answer]:
    def compare_pixels(request: Any) -> Answer:
        session = service.sessions.find(text(request, "session"))
        (token, pair_id, _), asked = parse(request), read_render_request(request, masks, session)
        return compare(service, token, pair_id, asked, session=session)

    compare_pixels.__name__ = "compare"
    return compare_pixels


def curve_server(measures: Measures, masks: MaskStore) -> Callable[[Any], Answer]:
    def curve(request: Any) -> Answer:
        session = measures.service.sessions.find(text(request, "session"))
        (token, pair_id, _), last = parse(request), read_render_request(request, masks, session)
        return measures.curve(token, pair_id, last, against=text(request, "against"), session=session)

    return curve


def view_servers(service: RenderService) -> list[Callable[[Any], Answer]]:
    def before(request: Any) -> Answer:
        session = service.sessions.find(text(request, "session"))
        return {"jpeg": encode(service.before(*parse(request), session=session))}

    def overview(request: Any) -> Answer:
        session = service.sessions.find(text(request, "session"))
        return {"jpeg": encode(service.overview(text(request, "token"), session=session))}

    return [before, overview]


def mask_servers(service: RenderService, masks: MaskStore) -> list[Callable[[Any], Answer]]:
    def mask(request: Any) -> Answer:
        session = service.sessions.find(text(request, "session"))
        return {"mask": masks.put(read_canvas(text(request, "png")), session=session)}

    def auto_mask(request: Any) -> Answer:
        session = service.sessions.find(text(request, "session"))
        make = AUTO_MASKS.get(text(request, "kind"))
        if make is None:
            raise DniError(f"Expected one of the masks {', '.join(AUTO_MASKS)}. Choose one.")
        return {"png": encode_mask(make(service.picture(text(request, "token"), session).rgb))}

    return [mask, auto_mask]
