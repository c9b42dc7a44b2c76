"""A person at the app, without a browser: the HTTP requests that gradio's page sends, and the viewer's.

What is sent was read off the page (gradio 6: ``gradio/routes.py``) and ``dni/ui/web/viewer/viewer.js``.
"""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

__all__ = ["API", "App", "DroppedError", "Person", "RefusedError", "Reply", "connect"]

API = "/gradio_api"
# Longer than any answer should take, so that a slow one is measured and not cut off.
PATIENCE = 120
LINES_OF_DATA = "data:"

Scene = dict[str, Any]
Region = dict[str, int]


class RefusedError(Exception):
    """The app answered with an error."""


class DroppedError(Exception):
    """The app dropped the request, since the same person has asked for something newer."""


@dataclass(frozen=True)
class Reply:
    """A frame: the JPEG, and the milliseconds that the server says it took (0 if it was remembered)."""

    jpeg: bytes
    milliseconds: float


@dataclass(frozen=True)
class App:
    """Where the app is, and how its parts are known: events by function, the viewers by their numbers."""

    address: str
    events: dict[str, int]
    viewer: int
    desk: int


def connect(address: str) -> App:
    """Read how the app at this address is put together."""
    address = address.rstrip("/")
    config = httpx.get(f"{address}/config", timeout=PATIENCE).json()
    events = {event["api_name"]: event["id"] for event in config["dependencies"]}
    numbers = {part["props"].get("elem_id"): part["id"] for part in config["components"]}
    return App(address, events, numbers["viewer"], numbers["desk"])


class Person:
    """One open page. ``async with Person(app) as person``: the app holds what is theirs until the end.

    Args:
        app: Where the page is from.
        own_address: From where the person connects, e.g. "127.0.0.2"; the system's choice by default.
    """

    def __init__(self, app: App, *, own_address: str | None = None) -> None:
        self.app = app
        self.session = uuid.uuid4().hex[:10]
        self.scene: Scene | None = None
        transport = httpx.AsyncHTTPTransport(
            limits=httpx.Limits(max_connections=None), local_address=own_address
        )
        self._http = httpx.AsyncClient(base_url=app.address, timeout=PATIENCE, transport=transport)
        self._heart: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Person:
        opened = asyncio.Event()
        self._heart = asyncio.create_task(self._beat(opened))
        await opened.wait()
        self.scene = (await self.call("start"))[0]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._heart is not None
        self._heart.cancel()  # closes the connection, by which the app notices
        await asyncio.wait([self._heart])
        await self._http.aclose()

    async def _beat(self, opened: asyncio.Event) -> None:
        """The open connection that tells the app that the page is there."""
        async with self._http.stream("GET", f"{API}/heartbeat/{self.session}", timeout=None) as response:
            async for _ in response.aiter_lines():
                opened.set()

    # What the person does

    async def upload(self, name: str, content: bytes) -> Scene:
        """Show a picture of their own; from the answer on it is this person's scene."""
        assert self.scene is not None
        self.scene = (await self.call("upload", await self.send_file(name, content), self.scene))[0]
        assert self.scene is not None
        return self.scene

    async def send_file(self, name: str, content: bytes) -> dict[str, Any]:
        """Upload a file; gives what events take in its place."""
        sent = await self._post(f"{API}/upload", files={"files": (name, content)})
        return {"path": sent[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    async def frame(self, scene: Scene, region: Region, alpha: float, *, ahead: bool = False) -> Reply:
        """The region at ``alpha``; ``ahead``: a keyframe, which nobody waits for.

        Raises:
            DroppedError, RefusedError: See there.
        """
        request = {
            "token": scene["token"],
            "pair": scene["pair"],
            "region": region,
            "alpha": alpha,
            "session": scene["session"],
            "ahead": ahead,
        }
        reply = await self.ask_part("frame", request)
        return Reply(base64.b64decode(reply["jpeg"]), float(reply["milliseconds"]))

    async def overview(self, scene: Scene) -> bytes:
        """The whole picture, reduced.

        Raises:
            DroppedError, RefusedError: See there.
        """
        asked = {"token": scene["token"], "session": scene["session"]}
        return base64.b64decode((await self.ask_part("overview", asked))["jpeg"])

    async def render_whole(self, alpha: float, *, cancel_after: float | None = None) -> bytes | None:
        """The whole picture as a PNG, or None if it was cancelled, which is tried after so many seconds."""
        assert self.scene is not None
        await self.call_at_once("ask", {**self.scene, "alpha": alpha})
        rendering = asyncio.create_task(self.call("save_picture", None))
        if cancel_after is not None:
            await asyncio.wait([rendering], timeout=cancel_after)
            await self.call_at_once("cancel")
        file = (await rendering)[0]
        await self.call_at_once("finish")
        path = (file.get("value") or {}).get("path") if file.get("__type__") == "update" else file["path"]
        if path is None:
            return None
        response = await self._http.get(f"{API}/file={path}")
        return response.raise_for_status().content

    # How gradio is spoken to

    async def call(self, event: str, *data: Any) -> list[Any]:
        """A queued event: its outputs."""
        joined = await self._post(f"{API}/queue/join", json=self._event(event, data))
        async for message in self._messages():
            if message["msg"] == "process_completed" and message["event_id"] == joined["event_id"]:
                return outputs(message["output"], good=message["success"])
            if message["msg"] in {"unexpected_error", "close_stream"}:
                raise RefusedError(message.get("message") or "The stream of answers was closed.")
        raise RefusedError("The stream of answers ended.")

    async def call_at_once(self, event: str, *data: Any) -> list[Any]:
        """An event that does not queue: its outputs."""
        return outputs(await self._post(f"{API}/run/predict", json=self._event(event, data)), good=True)

    def _event(self, event: str, data: Sequence[Any]) -> dict[str, Any]:
        return {"data": list(data), "fn_index": self.app.events[event], "session_hash": self.session}

    async def _messages(self) -> AsyncIterator[dict[str, Any]]:
        parameters = {"session_hash": self.session}
        async with self._http.stream("GET", f"{API}/queue/data", params=parameters) as response:
            async for line in response.aiter_lines():
                if line.startswith(LINES_OF_DATA):
                    yield json.loads(line.removeprefix(LINES_OF_DATA))

    async def ask_part(
        self, function: str, data: dict[str, Any], *, part: int | None = None
    ) -> dict[str, Any]:
        """Call a server function of a component, by default of the viewer.

        Raises:
            DroppedError, RefusedError: See there.
        """
        number = self.app.viewer if part is None else part
        body = {"session_hash": self.session, "component_id": number, "fn_name": function}
        reply: dict[str, Any] = await self._post(f"{API}/component_server", json={**body, "data": data})
        if reply.get("dropped"):
            raise DroppedError
        if "error" in reply:
            raise RefusedError(reply["error"])
        return reply

    async def _post(self, path: str, **content: Any) -> Any:
        try:
            response = await self._http.post(path, **content)
        except httpx.ReadError:  # an idle connection that the server has just closed: browsers ask again
            response = await self._http.post(path, **content)
        if response.is_error:
            raise RefusedError(f"{response.status_code}: {response.text[:200]}")
        return response.json()


def outputs(output: dict[str, Any], *, good: bool) -> list[Any]:
    if not good or output.get("error"):
        raise RefusedError(str(output.get("error")))
    data: list[Any] = output["data"]
    return data
