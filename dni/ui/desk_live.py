"""The component of the mixing desk, and what it can ask of the server.

As in :mod:`dni.ui.live` the server keeps no "current" anything: it answers, and the browser decides.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr

from dni.errors import DniError
from dni.masking.auto_masks import detail_mask, luminance_mask
from dni.masking.mask_files import encode_mask
from dni.render import Cancelled
from dni.serving.schedule import Rank, Superseded
from dni.serving.studio import Studio
from dni.ui.asked import mix_of, parse, text
from dni.ui.desk_frames import compare, painted_frame
from dni.ui.desk_masks import MaskStore, read_canvas
from dni.ui.desk_measures import Measures
from dni.ui.desk_scene import order_asked
from dni.ui.live import answering, apart, encode
from dni.ui.web_component import web_component

__all__ = ["build_board"]

AUTO_MASKS = {"detail": detail_mask, "luminance": luminance_mask}

Answer = dict[str, Any]


def build_board(studio: Studio, masks: MaskStore, measures: Measures) -> gr.HTML:
    """The component; its value is a scene (see :mod:`dni.ui.desk_scene`)."""
    slow = [frame_server(studio, masks), compare_server(studio, masks), curve_server(measures, masks)]
    quick = [*view_servers(studio), *mask_servers(studio, masks)]
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


def frame_server(studio: Studio, masks: MaskStore) -> Callable[[Any], Answer]:
    def frame(request: Any) -> Answer:
        token, pair_id, region = parse(request)
        mix, session = mix_of(request), text(request, "session")
        if request.get("mask") is None:
            rank = Rank.AHEAD if request.get("rank") == "ahead" else Rank.LIVE
            made = studio.frame(token, pair_id, region, mix, visitor=session, rank=rank)
        else:
            made = painted_frame(studio, token, pair_id, order_asked(request, masks), visitor=session)
        milliseconds = round(made.milliseconds, 1)
        return {"jpeg": encode(made.jpeg), "milliseconds": milliseconds, "notice": made.notice}

    return frame


def compare_server(studio: Studio, masks: MaskStore) -> Callable[[Any], Answer]:
    def compare_pixels(request: Any) -> Answer:
        (token, pair_id, _), session = parse(request), text(request, "session")
        return compare(studio, token, pair_id, order_asked(request, masks), visitor=session)

    compare_pixels.__name__ = "compare"
    return compare_pixels


def curve_server(measures: Measures, masks: MaskStore) -> Callable[[Any], Answer]:
    def curve(request: Any) -> Answer:
        (token, pair_id, _), last = parse(request), order_asked(request, masks)
        against, session = text(request, "against"), text(request, "session")
        return measures.curve(token, pair_id, last, against=against, visitor=session)

    return curve


def view_servers(studio: Studio) -> list[Callable[[Any], Answer]]:
    def before(request: Any) -> Answer:
        return {"jpeg": encode(studio.before(*parse(request)))}

    def overview(request: Any) -> Answer:
        return {"jpeg": encode(studio.overview(text(request, "token")))}

    return [before, overview]


def mask_servers(studio: Studio, masks: MaskStore) -> list[Callable[[Any], Answer]]:
    def mask(request: Any) -> Answer:
        studio.picture(text(request, "token"))
        painted = read_canvas(text(request, "png"))
        return {"mask": masks.put(painted, owner=text(request, "session"))}

    def auto_mask(request: Any) -> Answer:
        make = AUTO_MASKS.get(text(request, "kind"))
        if make is None:
            raise DniError(f"Expected one of the masks {', '.join(AUTO_MASKS)}. Choose one.")
        return {"png": encode_mask(make(studio.picture(text(request, "token")).rgb))}

    return [mask, auto_mask]
