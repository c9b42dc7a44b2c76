"""Answers calls of server functions, and requests for the page itself, past Gradio's own way.

A frame's request costs Gradio some 1.5 ms of the only thread that answers everybody, most of it for events
and states that server functions do not have; and with each new ``session_hash`` 18 ms more, whatever is asked
for. The page and its configuration take 30 ms each time, and are the same for all who ask the same address.
Apps with Gradio's own logins are left to Gradio.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dni.ui.requests.guard.routes import API

__all__ = ["DirectCalls"]

# What is the same for everybody, as long as the address that they ask is the same.
KEPT_PATHS = ("/", "/config", f"{API}info", "/theme.css", f"{API}openapi.json")
# Addresses are what a request says they are: so many answers are kept, of some 0.4 MB.
KEPT_ANSWERS = 24
# All that Gradio makes an app's address of.
ADDRESS_HEADERS = (b"host", b"x-gradio-server")
FORWARDED = b"x-forwarded-"
THREADS = ThreadPoolExecutor(16, thread_name_prefix="server functions")


class DirectCalls:
    """ASGI middleware between the guard and Gradio; what it does not know goes on to Gradio."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: OrderedDict[tuple[object, ...], list[Message]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        path = scope.get("path", "")
        if scope["type"] != "http" or has_logins(scope):
            await self.app(scope, receive, send)
        elif scope["method"] == "POST" and path.rstrip("/") == f"{API}component_server":
            response = await answer_call(scope, await whole_body(receive))
            await response(scope, receive, send)
        elif scope["method"] == "GET" and path in KEPT_PATHS and not scope["query_string"]:
            await self._answer_kept(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _answer_kept(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What was answered to the same request before."""
        place = (scope.get(part) for part in ("path", "scheme", "server", "root_path"))
        key = (*place, *address_headers(scope))
        kept = self._kept.get(key)
        if kept is None:
            kept = []
            await self.app(scope, receive, keeping(kept, send))
            if is_good(kept):
                self._kept[key] = kept
                while len(self._kept) > KEPT_ANSWERS:
                    self._kept.popitem(last=False)
            return
        self._kept.move_to_end(key)
        for message in kept:
            await send(message)


def has_logins(scope: Scope) -> bool:
    """Whether somebody has to log in, or whether this is no app of Gradio's."""
    app = scope.get("app")
    nobody = getattr(app, "auth", True) is None and getattr(app, "auth_dependency", True) is None
    return not nobody or getattr(app, "blocks", None) is None


async def whole_body(receive: Receive) -> bytes:
    """A body that the guard has bounded."""
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return b"".join(pieces)


async def answer_call(scope: Scope, body: bytes) -> Response:
    """Call the function that is asked for."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        return refusal(400, "Expected a call of a server function as JSON.")
    function = server_function(scope["app"].blocks, asked)
    if function is None:
        return refusal(404, "Function not found.")
    if inspect.iscoroutinefunction(function):
        answer = await function(asked.get("data"))
    else:
        answer = await asyncio.get_running_loop().run_in_executor(THREADS, function, asked.get("data"))
    return JSONResponse(answer)


def server_function(blocks: Any, asked: Any) -> Callable[[Any], Any] | None:
    """The server function of a component of the page, or None; what is asked may be anything."""
    if not isinstance(asked, dict):
        return None
    number, name = asked.get("component_id"), asked.get("fn_name")
    if not isinstance(number, int) or not isinstance(name, str):
        return None
    function = getattr(blocks.blocks.get(number), name, None)
    return function if getattr(function, "_is_server_fn", False) else None


def refusal(status: int, text: str) -> Response:
    return JSONResponse({"detail": text}, status)


def address_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    return [
        (name, value)
        for name, value in scope["headers"]
        if name in ADDRESS_HEADERS or name.startswith(FORWARDED)
    ]


def keeping(kept: list[Message], send: Send) -> Send:
    """Send, and keep what is sent."""

    async def send_and_keep(message: Message) -> None:
        kept.append(message)
        await send(message)

    return send_and_keep


def is_good(kept: list[Message]) -> bool:
    """Whether an answer is whole, and for everybody."""
    start = kept[0] if kept else {}
    names = {name.lower() for name, _ in start.get("headers", ())}
    return start.get("status") == 200 and b"set-cookie" not in names and not kept[-1].get("more_body", False)
