"""Binds sessions to Gradio's connections: one for each open page, which ends when the page is closed."""

from __future__ import annotations

import gradio as gr

from dni.serving.sessions import Session, SessionRegistry
from dni.ui.errors import errors_shown
from dni.ui.requests.addresses import address_of

__all__ = ["close_with_page", "session_of"]


def session_of(request: gr.Request, sessions: SessionRegistry) -> Session:
    """The session of the page that sent an event; an error in a box where there can be none."""
    with errors_shown():
        return sessions.open(request.session_hash, address=page_address(request))


def page_address(request: gr.Request) -> str | None:
    """Where the page is open."""
    client = getattr(request, "client", None)
    return address_of(client and client.host, getattr(request, "headers", None) or {})


def close_with_page(app: gr.Blocks, sessions: SessionRegistry) -> None:
    """End a page's session when the page is closed; to be called inside the app's context."""

    def leave(request: gr.Request) -> None:
        sessions.close(request.session_hash)

    app.unload(leave)
