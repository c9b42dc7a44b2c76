"""The row of effects above the viewer: one ``gr.HTML`` component without server functions."""

from __future__ import annotations

import secrets
from typing import Any

import gradio as gr

from dni.catalog.pairs import Pair
from dni.serving.render_service import RenderService
from dni.ui.effects.link import one_slider_pairs
from dni.ui.protocol.effects import EffectCard, EffectChoice
from dni.ui.web_component import WEB, url_of, web_component

__all__ = ["build_cards", "choice_of"]

PICTURES = "cards/pictures"


def build_cards(service: RenderService) -> gr.HTML:
    """The component; its value is :func:`choice_of` a pair, and it triggers ``choose`` with a ``pair``."""
    cards = [card_of(service.pair(pair_id)).to_dict() for pair_id in one_slider_pairs(service.catalog)]
    return web_component("cards", [], events=["choose"], elem_id="effects-cards", cards=cards)


def choice_of(service: RenderService, pair_id: str, *, wanted: str = "") -> dict[str, Any]:
    """The value that shows a pair as the chosen one, and perhaps another as the one that a link asks for."""
    here = (pair_id for pair_id in one_slider_pairs(service.catalog) if is_here(service, pair_id))
    choice = EffectChoice(serial=secrets.token_hex(4), pair=pair_id, here=tuple(here), wanted=wanted)
    return choice.to_dict()


def is_here(service: RenderService, pair_id: str) -> bool:
    return service.pair(pair_id).is_local(service.cache)


def card_of(pair: Pair) -> EffectCard:
    return EffectCard(
        pair=pair.id,
        name=pair.name,
        line=pair.line or pair.description,
        bytes=pair.download_bytes,
        superseded=bool(pair.superseded_by),
        before=picture_of(pair, "before"),
        after=picture_of(pair, "after"),
    )


def picture_of(pair: Pair, which: str) -> str:
    file = f"{PICTURES}/{pair.id}-{which}.webp"
    return url_of(file) if (WEB / file).is_file() else ""
