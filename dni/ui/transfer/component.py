"""The component of the Transfer tab: a switcher, and the views below it."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from dni.ui.transfer.view import TransferView
from dni.ui.web_component import WEB, web_component

__all__ = ["build_component"]


def build_component(views: Sequence[TransferView]) -> gr.HTML:
    """The component; a view's modules ask for nothing before the view is shown.

    Args:
        views: In the order of the switcher.
    """
    return web_component(
        "transfer",
        [function for view in views for function in view.servers()],
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
