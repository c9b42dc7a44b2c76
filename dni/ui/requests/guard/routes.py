"""The routes of Gradio that a page or a program of ours uses; the others are refused.

Gradio has routes for what this app does not do: recordings that ffmpeg cuts, streams, reloading while one
develops, monitoring, links to states. Each is a way in that nobody looks after here.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from starlette.types import Scope

from dni.serving.sessions import MAX_CONNECTION_LENGTH
from dni.ui.requests.guard.bodies import Refused

__all__ = ["API", "check_names", "is_used", "without_odd_ranges"]

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
# Gradio fails at others.
RANGE = re.compile(rb"bytes=\d{0,15}-\d{0,15}")
MAX_QUERY_BYTES = 16_384  # a link to the Mixing desk names the shares of its layers
# Names that Gradio keeps in memory; its own have some ten letters, those of programs 36.
KEPT_NAMES = ("session_hash", "upload_id")
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


def check_names(scope: Scope) -> None:
    """Raise :class:`Refused` where a request's address is very long, or names what Gradio keeps at length."""
    query: bytes = scope.get("query_string", b"")
    if len(query) > MAX_QUERY_BYTES:
        raise Refused(414, f"Expected an address with at most {MAX_QUERY_BYTES:,} letters behind the '?'.")
    named = parse_qs(query.decode("latin-1"), keep_blank_values=True) if query else {}
    names = [name for kept in KEPT_NAMES for name in named.get(kept, ())]
    _, is_page, connection = scope["path"].rstrip("/").partition("/heartbeat/")
    if any(len(name) > MAX_CONNECTION_LENGTH for name in (*names, *([connection] if is_page else ()))):
        raise Refused(400, f"Expected names of at most {MAX_CONNECTION_LENGTH} letters. Use shorter ones.")


def without_odd_ranges(scope: Scope) -> Scope:
    """The request without a ``Range`` of several parts: Gradio fails at one, and a server may ignore it."""
    headers = scope["headers"]
    fitting = [(name, value) for name, value in headers if name != b"range" or RANGE.fullmatch(value)]
    return scope if len(fitting) == len(headers) else {**scope, "headers": fitting}
