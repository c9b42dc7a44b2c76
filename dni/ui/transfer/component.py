"""The component of the Transfer tab: a switcher, and the views below it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import gradio as gr

from dni.ui.server_functions import apart
from dni.ui.transfer.view import TransferView
from dni.ui.web_component import WEB, web_component

__all__ = ["build_component"]

ANSWERED_AT_ONCE = 2


def build_component(views: Sequence[TransferView]) -> gr.HTML:
    """The component; a view's modules ask for nothing before the view is shown.

    However many ask, few are answered at once: the processor is for everybody's frames too.

    Args:
        views: In the order of the switcher.
    """
    threads = ThreadPoolExecutor(ANSWERED_AT_ONCE, thread_name_prefix="transfer")
    return web_component(
        "transfer",
        [apart(function, threads) for view in views for function in view.servers()],
        elem_id="transfer",
        views=[
            {
                "name": view.name,
                "title": view.title,
                "markup": (WEB / "transfer" / "views" / f"{view.name}.html").read_text(encoding="utf-8"),
                "start": view.start(),
            }
            for view in views
        ],
    )
