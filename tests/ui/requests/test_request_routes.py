"""Which of Gradio's routes answer."""

from __future__ import annotations

import gradio as gr
from gradio.routes import App

from dni.ui.requests.guard.routes import is_used


def test_a_browser_may_ask_before_it_posts_from_elsewhere() -> None:
    assert is_used("OPTIONS", "/gradio_api/call/render")
    assert not is_used("OPTIONS", "/gradio_api/process_recording")


def test_a_new_route_of_gradios_is_refused_until_somebody_has_looked_at_it() -> None:
    routes = App.create_app(gr.Blocks()).openapi()["paths"]
    posts = {path.rstrip("/") for path, methods in routes.items() if "post" in methods}
    assert "/gradio_api/process_recording" in posts
    assert {path.removeprefix("/gradio_api/") for path in posts if is_used("POST", path)} == {
        *("upload", "queue/join", "component_server", "cancel", "reset"),
        *("call/{api_name}", "call/v2/{api_name}", "run/{api_name}"),
    }
