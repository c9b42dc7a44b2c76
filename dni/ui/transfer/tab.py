"""The Transfer tab: what a network takes along from one task to another, one view an idea."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from dni.ui.transfer.component import build_component
from dni.ui.transfer.depth import DepthView
from dni.ui.transfer.letters import LettersView
from dni.ui.transfer.teacher import TeacherView
from dni.ui.transfer.unlabelled import UnlabelledView
from dni.ui.transfer.view import TransferView
from dni.ui.transfer.words import WordsView

__all__ = ["build_transfer", "transfer_views"]

INTRO = """**What does a network take along to another task?** Trained networks, blends between them, and
numbers that were all measured here."""


def transfer_views(data_root: Path | None = None) -> list[TransferView]:
    """All views, in the order of the switcher.

    Args:
        data_root: The folder with ``MNIST/raw``; by default as for the Adaptation tab.
    """
    return [
        TeacherView(data_root),
        DepthView(data_root),
        UnlabelledView(data_root),
        LettersView(),
        WordsView(),
    ]


def build_transfer(views: Sequence[TransferView]) -> None:
    """Add the tab to the page's context."""
    gr.Markdown(INTRO)
    build_component(views)
    with gr.Row(visible=False):
        for view in views:
            view.build_endpoints()
