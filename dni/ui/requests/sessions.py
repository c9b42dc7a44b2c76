"""Binds sessions to Gradio's connections: one for each open page, which ends when the page is closed."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

import gradio as gr
from starlette.types import Scope

from dni.serving.sessions import Session, SessionRegistry
from dni.ui.errors import errors_shown
from dni.ui.requests.addresses import address_of

__all__ = ["close_page", "close_with_page", "session_of"]

SESSIONS: WeakKeyDictionary[gr.Blocks, SessionRegistry] = WeakKeyDictionary()


def session_of(request: gr.Request, sessions: SessionRegistry) -> Session:
    """The session of the page that sent an event; an error in a box where there can be none."""
    with errors_shown():
        return sessions.open(request.session_hash, address=page_address(request))


def page_address(request: gr.Request) -> str | None:
    """Where the page is open."""
    client = getattr(request, "client", None)
    return address_of(client and client.host, getattr(request, "headers", None) or {})


def close_with_page(app: gr.Blocks, sessions: SessionRegistry) -> None:
    """End a page's session when the page is closed.

    Not by Gradio's ``unload``: that runs an event for every closed connection, whoever opened it, and
    hundreds of them at once held up everybody's frames for seconds.
    """
    SESSIONS[app] = sessions


def close_page(scope: Scope, connection: str) -> None:
    """The page of this connection was closed; ``scope`` is of its request to the app."""
    app = getattr(scope.get("app"), "blocks", None)
    if isinstance(app, gr.Blocks) and (sessions := SESSIONS.get(app)):
        asyncio.get_running_loop().run_in_executor(None, sessions.close, connection)
