"""Answers the page's question how far an upload is that it has not begun.

Gradio's camera asks while anything is awaited from its box: it sends no id, is refused after three seconds,
and asks again for as long as the page is open.
"""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dni.ui.requests.guard.routes import API

__all__ = ["NoUpload"]

DONE = 'data: {"msg": "done"}\n\n'


class NoUpload:
    """ASGI middleware: an upload without an id is done."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        if (
            scope["type"] == "http"
            and scope["path"] == f"{API}upload_progress"
            and scope["query_string"] == b"upload_id="
        ):
            await Response(DONE, media_type="text/event-stream")(scope, receive, send)
        else:
            await self.app(scope, receive, send)
