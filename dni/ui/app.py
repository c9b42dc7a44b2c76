"""Builds the app from its tabs, and the options of its launch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from dni.serving.digit_service import DigitService
from dni.serving.render_service import RenderService
from dni.ui.adaptation.tab import build_adaptation
from dni.ui.effects.tab import build_effects
from dni.ui.mcp_tools import is_mcp_wanted, mend_schemas, offer_tools, require_mcp
from dni.ui.mixing.tab import build_mixing
from dni.ui.pictures.batch import batch_gate
from dni.ui.requests.browser_cache import BrowserCache
from dni.ui.requests.direct_calls import DirectCalls
from dni.ui.requests.guard.queued_jobs import MAX_QUEUED_JOBS
from dni.ui.requests.guard.request_guard import RequestGuard
from dni.ui.requests.no_upload import NoUpload
from dni.ui.requests.refusals import answer_in_sentences
from dni.ui.requests.sessions import close_with_page
from dni.ui.start import default_service
from dni.ui.transfer.tab import build_transfer, transfer_views
from dni.ui.web_component import page_head

__all__ = ["build_app", "launch_options"]

TITLE = "dni: the mixing desk for image networks"
INTRO = """# dni: the mixing desk for image networks
Two networks, one slider: it blends their **parameters**, and the picture changes smoothly from one to the
other ([Deep Network Interpolation](https://arxiv.org/abs/1811.10515), CVPR 2019)."""
# Uploaded and rendered files are deleted after an hour.
CACHE_SECONDS = 3600
MAX_FILE_SIZE = "100mb"
COMPONENTS = ("viewer", "cards", "mixing", "adaptation", "transfer")
STYLES = (
    "css/theme.css",
    "css/page.css",
    "css/controls.css",
    "cards/cards.css",
    "viewer/viewer.css",
    "mixing/mixing.css",
    "adaptation/adaptation.css",
    "transfer/transfer.css",
    "transfer/maps.css",
)


def build_app(service: RenderService | None = None, data_root: Path | None = None) -> gr.Blocks:
    """The whole app, ready for ``launch(**launch_options())``.

    Args:
        service: Pairs and pictures; by default the catalogue.
        data_root: The folder with ``MNIST/raw``; by default ``$DNI_DATA``, or one in the user's cache.
    """
    service = service or default_service()
    # Otherwise Gradio summarises all past events at the end of every one, for a page that we do not have.
    os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**9))
    app: gr.Blocks
    with gr.Blocks(
        title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=(CACHE_SECONDS, CACHE_SECONDS)
    ) as app:
        gr.Markdown(INTRO)
        gate = batch_gate()
        with gr.Tabs():
            with gr.Tab("Effects", id="effects"):
                viewer = build_effects(app, service, gate)
            with gr.Tab("Mixing desk", id="desk") as opened:
                build_mixing(service, opened, gate, viewer)
            with gr.Tab("Adaptation", id="adaptation"):
                build_adaptation(DigitService(service, data_root))
            with gr.Tab("Transfer", id="transfer"):
                build_transfer(transfer_views(data_root))
    offer_tools(app)
    answer_in_sentences(app)
    close_with_page(app, service.sessions)
    # Without "api_open" nobody gets past the queue.
    app.queue(max_size=MAX_QUEUED_JOBS, api_open=False)
    return app


def launch_options(*, mcp: bool | None = None) -> dict[str, Any]:
    """What ``launch`` needs: limits, style, and a theme with the system's fonts (no outside requests).

    Args:
        mcp: Whether the app is an MCP server for other programs; by default if ``$DNI_MCP`` is 1.

    Raises:
        DniError: It shall be one, and the extra "mcp" is not installed.
    """
    mcp = is_mcp_wanted() if mcp is None else mcp
    if mcp:
        require_mcp()
        mend_schemas()
    fonts: dict[str, Any] = {"font": ["system-ui", "sans-serif"], "font_mono": ["ui-monospace", "monospace"]}
    theme = gr.themes.Default(primary_hue="indigo", **fonts)
    return {
        # Dark enough for white letters, as gradio's own orange is not, and dark enough to read on white.
        "theme": theme.set(
            body_text_color_subdued="*neutral_600",
            body_text_color_subdued_dark="*neutral_300",
            button_primary_background_fill="*primary_600",
            button_primary_background_fill_hover="*primary_700",
        ),
        # Not as "css", which gradio confines to a part of the page.
        "head": page_head(COMPONENTS, STYLES),
        "max_file_size": MAX_FILE_SIZE,
        "enable_monitoring": False,
        "app_kwargs": {
            "middleware": [
                Middleware(RequestGuard, mcp=mcp),
                Middleware(BrowserCache),
                Middleware(NoUpload),
                Middleware(DirectCalls),
            ]
        },
        "mcp_server": mcp,
        # Else an app that does not answer itself within 3 s, on a machine that is busy, ends at once.
        "_frontend": False,
    }
