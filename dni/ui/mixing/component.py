"""The component of the Mixing tab, and its server functions.

As in :mod:`dni.ui.effects.viewer` the server keeps no "current" anything: it answers, and the browser
decides.
"""

from __future__ import annotations

import gradio as gr

from dni.masks.automatic import detail_mask, luminance_mask
from dni.masks.files import encode_mask
from dni.pictures.picture import Picture
from dni.serving.mixing.best_mix import BestMixes
from dni.serving.mixing.frames import compare as compare_pixels
from dni.serving.mixing.frames import painted_frame
from dni.serving.mixing.mask_store import MaskStore, read_canvas
from dni.serving.mixing.measurements import Measures
from dni.serving.render_service import RenderService
from dni.serving.scheduling.scheduler import Priority
from dni.ui.mixing.scene import read_render_request
from dni.ui.protocol.frames import FrameReply
from dni.ui.protocol.mixing import (
    AutoMaskReply,
    AutoMaskRequest,
    BestMixReply,
    BestMixRequest,
    BestMixSteps,
    BestMixStepsRequest,
    CompareReply,
    CurveReply,
    CurveRequest,
    MaskReply,
    MaskRequest,
    MixFrameRequest,
    MixRequest,
)
from dni.ui.server_functions import ServerFunction, answering, apart, frame_reply, view_servers
from dni.ui.web_component import web_component

__all__ = ["best_mix_servers", "build_mixing_component", "mask_servers", "slow_servers"]

AUTO_MASKS = {"detail": detail_mask, "luminance": luminance_mask}


def build_mixing_component(service: RenderService, masks: MaskStore, measures: Measures) -> gr.HTML:
    """The component; its value is a scene (see :mod:`dni.ui.mixing.scene`)."""
    slow = [*slow_servers(service, masks, measures), *best_mix_servers(service, measures)]
    servers = [*slow, *view_servers(service), *mask_servers(service, masks)]
    return web_component("mixing", [*map(apart, servers)], events=["reduce", "resume"], elem_id="desk")


def slow_servers(service: RenderService, masks: MaskStore, measures: Measures) -> list[ServerFunction]:
    """The server functions that run networks: a frame, a comparison with blended pixels, and a curve."""

    def frame(asked: MixFrameRequest) -> FrameReply:
        session = service.sessions.find(asked.session)
        if asked.mask is None:
            priority = Priority.AHEAD if asked.rank == "ahead" else Priority.LIVE
            made = service.frame(
                asked.token, asked.pair, asked.region, asked.mix, session=session, priority=priority
            )
        else:
            wanted = read_render_request(asked, masks, session)
            made = painted_frame(service, asked.token, asked.pair, wanted, session=session)
        return frame_reply(made)

    def compare(asked: MixRequest) -> CompareReply:
        session = service.sessions.find(asked.session)
        wanted = read_render_request(asked, masks, session)
        return CompareReply(**compare_pixels(service, asked.token, asked.pair, wanted, session=session))

    def curve(asked: CurveRequest) -> CurveReply:
        session = service.sessions.find(asked.session)
        last = read_render_request(asked, masks, session)
        return CurveReply.of(
            measures.curve(asked.token, asked.pair, last, against=asked.against, session=session)
        )

    return [answering(MixFrameRequest, frame), answering(MixRequest, compare), answering(CurveRequest, curve)]


def best_mix_servers(service: RenderService, measures: Measures) -> list[ServerFunction]:
    """The server functions of the search for the best mix: start it; ask how far it is, or stop it."""
    mixes = BestMixes(service, measures)

    def best_mix(asked: BestMixRequest) -> BestMixReply:
        session = service.sessions.find(asked.session)
        found = mixes.find(asked.token, asked.pair, asked.mix, goal=asked.goal, session=session)
        return BestMixReply(shares=found.shares, layers=found.layers, note=found.note)

    def best_mix_steps(asked: BestMixStepsRequest) -> BestMixSteps:
        session = service.sessions.find(asked.session)
        if asked.stop:
            mixes.stop(session)
        done, total = mixes.steps(session)
        return BestMixSteps(done=done, total=total)

    return [answering(BestMixRequest, best_mix), answering(BestMixStepsRequest, best_mix_steps)]


def mask_servers(service: RenderService, masks: MaskStore) -> list[ServerFunction]:
    """The server functions for masks: one that is painted, and one made from the picture."""

    def mask(asked: MaskRequest) -> MaskReply:
        session = service.sessions.find(asked.session)
        service.picture(asked.token, session)

        def store() -> str:
            return masks.put(read_canvas(asked.png), session=session)

        return MaskReply(mask=service.queue.compute(store, session=session, coalesce_key=None))

    def auto_mask(asked: AutoMaskRequest) -> AutoMaskReply:
        session, kind = service.sessions.find(asked.session), asked.kind

        def make(picture: Picture) -> bytes:
            return encode_mask(AUTO_MASKS[kind](picture.rgb)).encode("ascii")

        made = service.whole_pictures.get(asked.token, f"{kind} mask", make, session=session)
        return AutoMaskReply(png=made.decode("ascii"))

    return [answering(MaskRequest, mask), answering(AutoMaskRequest, auto_mask)]
