"""Lets browsers keep the files whose addresses change with their content.

Gradio answers some two hundred requests for a page, nearly all for scripts and styles, and lets browsers ask
for each again at every visit. Names of its own files hold a hash of their content, and so does our folder of
modules.
"""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dni.ui.requests.guard.routes import API
from dni.ui.web_component import served_folder

__all__ = ["BrowserCache"]

ASSET = re.compile(r"/assets/(?:.*/)?[^/]+-[\w-]{8}\.\w+")
OURS = re.compile(r"web-[0-9a-f]{12}")  # another name has the source folder, during development
YEAR = 365 * 24 * 3600
KEEP = (b"cache-control", f"public, max-age={YEAR}, immutable".encode())


def never_changes(path: str) -> bool:
    """Whether a path's content is always the same: a file of Gradio's, or one of our folder."""
    folder = served_folder()
    ours = OURS.fullmatch(folder.name) and path.startswith(f"{API}file={folder.as_posix()}/")
    return bool(ours or ASSET.fullmatch(path))


class BrowserCache:
    """ASGI middleware: answers with such a file say that it never changes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or not never_changes(scope["path"]):
            await self.app(scope, receive, send)
            return

        async def send_to_keep(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in {200, 304}:
                headers = [header for header in message["headers"] if header[0].lower() != KEEP[0]]
                message = {**message, "headers": [*headers, KEEP]}
            await send(message)

        await self.app(scope, receive, send_to_keep)
