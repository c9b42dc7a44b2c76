"""An app behind the guard of requests, with a clock that stands still and pauses that are only noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from dni.ui.requests.guard.request_guard import RequestGuard

__all__ = ["PAGE", "Clock", "Site"]

PAGE = "http://localhost:7860"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


class Site:
    """A guarded app, and requests to it."""

    def __init__(self, *, free_bytes: Callable[[], int] = lambda: 10**12) -> None:
        self.clock = Clock()
        self.waited: list[float] = []

        async def sleep(seconds: float) -> None:
            self.waited.append(seconds)

        options: dict[str, Any] = {"clock": self.clock, "sleep": sleep, "free_bytes": free_bytes}

        def guard(app: ASGIApp) -> RequestGuard:
            self.guard = RequestGuard(app, **options)
            return self.guard

        self.app = Starlette(
            routes=[Route("/{path:path}", echo, methods=["GET", "POST"])], middleware=[Middleware(guard)]
        )

    async def ask(
        self, method: str, path: str, *, client: str = "127.0.0.1", server: str = PAGE, **options: Any
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, client=(client, 5))
        async with httpx.AsyncClient(transport=transport, base_url=server) as http:
            return await http.request(method, path, **options)
