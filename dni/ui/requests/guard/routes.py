"""The routes of Gradio that a page or a program of ours uses; the others are refused.

Gradio has routes for what this app does not do: recordings that ffmpeg cuts, streams, reloading while one
develops, monitoring, links to states. Each is a way in that nobody looks after here.
"""

from __future__ import annotations

import re

__all__ = ["API", "is_used"]

API = "/gradio_api/"
POSTS = ("upload", "queue/join", "component_server", "cancel", "reset")
POST_GROUPS = ("call/", "run/")
MCP = "mcp"
GETS = (
    *("info", "app_id", "startup-events", "theme.css", "openapi.json", "queue/data", "queue/status"),
    *("upload_progress", "login_check", "token", "user"),
)
GET_GROUPS = ("file=", "call/", "heartbeat/")
# Gradio fetches a "file" that is an address and passes it on. One letter is a drive of Windows.
ADDRESS = re.compile(r"file=\s*[a-z][a-z0-9+.-]+:", re.IGNORECASE)
# Outside of the API.
REFUSED = ("/monitoring", "/login", "/logout")


def is_used(method: str, path: str, *, mcp: bool = False) -> bool:
    """Whether this app answers requests of this method and path at all; ``mcp``: whether it is such a server.

    Of the MCP server only its one address for messages (streamable HTTP, without sessions) is there: no event
    streams that stay open, and no list of what the protocol says anyway.
    """
    _, is_api, rest = path.partition(API)
    rest = rest.rstrip("/")
    is_post = bool(is_api) and (rest in POSTS or rest.startswith(POST_GROUPS) or (mcp and rest == MCP))
    if method == "POST" or (method == "OPTIONS" and is_post):  # a browser asks before it posts elsewhere
        return is_post
    if not is_api:
        return not any(part in f"{path}/" for part in (f"{refused}/" for refused in REFUSED))
    return rest in GETS or (rest.startswith(GET_GROUPS) and not ADDRESS.match(rest))
