"""Refuses HTTP requests that an open page never sends, before Gradio reads them.

Only the routes that this app uses are there (:mod:`dni.ui.requests.guard.routes`). Limits for one address:
how large a request is and how slow (:mod:`dni.ui.requests.guard.bodies`), how many are open at once
(without a request: :mod:`dni.ui.requests.guard.idle_connections`), how many
jobs are queued at once and in a short time, how many pages in a short time, how much is uploaded. Calls that
come too fast wait, and a flood of requests that are refused is answered late. On this machine alone: no other
site may drive the app through a browser (cross-site requests, DNS rebinding).
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dni.ui.requests.addresses import address_of, host_of, is_behind_proxy, is_loopback
from dni.ui.requests.guard.answers import NotTaken, allow_many_connections, while_taken
from dni.ui.requests.guard.bodies import FilesOnly, Refused, few_values, length_of, limited
from dni.ui.requests.guard.door import Door, leaving
from dni.ui.requests.guard.idle_connections import close_silent_connections
from dni.ui.requests.guard.queued_jobs import has_messages, is_share_used, is_stream
from dni.ui.requests.guard.routes import check_names, is_used, without_odd_ranges
from dni.ui.requests.guard.token_buckets import TokenBuckets
from dni.ui.requests.session_files import delete_unheld_uploads
from dni.ui.requests.session_states import forget_old_uploads, use_light_states
from dni.ui.requests.sessions import close_page
from dni.ui.requests.uploads import delete_partial_uploads, free_upload_bytes

__all__ = ["RequestGuard"]

MAX_BODY_BYTES = 8_000_000  # a painted mask takes some 0.4 MB
MAX_UPLOAD_BYTES = 1_000_000_000  # eight networks of 100 MB
SPARE_DISK_BYTES = 500_000_000
CLEARING_SECONDS = 5.0  # from one look for uploads that can go to the next
MAX_OPEN_CALLS = 128  # of one address; a page has some ten
MAX_OPEN_UPLOADS = 8
MAX_OPEN_STREAMS = 160  # a page has two, and an address at most 64 pages
MAX_OPEN_PICTURES = 256  # or other files and pages; a browser asks for six at once
MAX_OPEN = {"upload": MAX_OPEN_UPLOADS, "stream": MAX_OPEN_STREAMS, "get": MAX_OPEN_PICTURES}
# What a broken promise of more may take from others: the rest of an upload is reserved up to this.
RESERVED_BYTES = 50_000_000
QUEUED_AT_ONCE = 60  # jobs that one address may queue in a burst,
QUEUED_PER_SECOND = 5.0  # and from then on
UPLOADED_AT_ONCE = 3_000_000_000  # bytes that one address may upload in a burst,
UPLOADED_PER_SECOND = 1_000_000.0  # and from then on
FILE_BYTES = 50_000  # what a file counts for at least: it also takes a folder
SENT_AT_ONCE = 30_000_000  # bytes of other requests that one address sends in a burst: each is parsed,
SENT_PER_SECOND = 1_000_000.0  # and from then on; a painted mask takes some 0.4 MB
CALLS_AT_ONCE = 400  # that one address makes in a burst; what comes faster from then on has to wait
CALLS_PER_SECOND = 100.0  # a class behind one router drags its sliders
PAGES_AT_ONCE = 64  # that one address opens in a burst,
PAGES_PER_SECOND = 1.0  # and from then on
REFUSALS_AT_ONCE = 20  # that are said at once; more in a short time are said late
REFUSALS_PER_SECOND = 5.0
LONGEST_WAIT = 3.0  # seconds
# What queues a job, also by way of a tool of the MCP server.
QUEUEING_PATHS = ("/queue/join", "/call/", "/gradio_api/mcp")
TOO_MANY_OPEN = "Too many requests of yours are open. Wait for their answers."
TOO_MANY_JOBS = "Too many jobs of yours are waiting or running. Wait for their results."
TOO_MANY_PAGES = "Too many pages of yours were opened in a short time. Wait some seconds, then reload."
UPLOADED_MUCH = "You have uploaded very much in a short time. Wait some minutes."
SENT_MUCH = "You have sent very much in a short time. Wait some seconds."
NO_SESSION = "Expected a session with a job of its own. Start one, then ask for its messages."
NO_SUCH_PARAMETERS = "Expected the parameters that /gradio_api/info names for this endpoint. Send those."
NO_ROOM = "There is too little room on the disk here for this file. Try again later."
UPLOADS = itertools.count()
LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}


class RequestGuard:
    """ASGI middleware around the whole app.

    Args:
        app: What it guards.
        clock: Seconds that only rise.
        sleep: Lets so many seconds pass.
        free_bytes: How much room is left for uploads.
        mcp: Whether the app is an MCP server, too.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        free_bytes: Callable[[], int] | None = None,
        mcp: bool = False,
    ) -> None:
        self.app = app
        self._mcp = mcp
        self._clock = clock
        self._sleep = sleep
        self._free_bytes = free_bytes or free_upload_bytes
        self._open: Counter[tuple[str, str]] = Counter()
        self._uploading: Counter[int] = Counter()
        self._jobs = TokenBuckets(QUEUED_AT_ONCE, QUEUED_PER_SECOND, clock)
        self._uploads = TokenBuckets(UPLOADED_AT_ONCE, UPLOADED_PER_SECOND, clock)
        self._next_clearing = -math.inf
        self._door = Door()
        self._sent = TokenBuckets(SENT_AT_ONCE, SENT_PER_SECOND, clock)
        self._calls = TokenBuckets(CALLS_AT_ONCE, CALLS_PER_SECOND, clock)
        self._pages = TokenBuckets(PAGES_AT_ONCE, PAGES_PER_SECOND, clock)
        self._refusals = TokenBuckets(REFUSALS_AT_ONCE, REFUSALS_PER_SECOND, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with one line."""
        if scope["type"] == "lifespan":
            await self._pass_lifespan(scope, receive, send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope, send = without_odd_ranges(scope), while_taken(send)
        headers = Headers(scope=scope)
        address = address_of(host_of(scope.get("client")), headers) or ""
        try:
            if is_loopback(host_of(scope.get("server"))) and not is_behind_proxy():
                check_site(scope, headers)
            if not is_used(scope["method"], scope["path"], mcp=self._mcp):
                raise Refused(404, "There is nothing here.")
            check_names(scope)
            if scope["method"] == "POST":
                await self._pass_post(scope, receive, send, headers, address)
            elif scope["method"] == "GET" and is_stream(scope["path"]):
                await self._pass_stream(scope, receive, send, address)
            else:
                with self._held(address, "get"):
                    await self._enter(scope, receive, send, address)
        except Refused as refused:
            await self._refuse(scope, receive, send, refused, address)
        except NotTaken:
            return  # uvicorn closes the connection

    async def _pass_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """From the start of the app until its end."""
        allow_many_connections()
        use_light_states(scope.get("app"))
        looking = asyncio.create_task(close_silent_connections(scope.get("app")))
        try:
            await self.app(scope, receive, send)
        finally:
            looking.cancel()

    async def _enter(self, scope: Scope, receive: Receive, send: Send, address: str) -> None:
        """Let Gradio answer, when it is the address's turn; frames do not wait for that."""
        if scope["path"].rstrip("/").endswith("/component_server"):
            await self.app(scope, receive, send)
            return
        leave = await self._door.enter(address)
        try:
            await self.app(scope, receive, leaving(send, leave))
        finally:
            leave()

    async def _refuse(
        self, scope: Scope, receive: Receive, send: Send, refused: Refused, address: str
    ) -> None:
        """Say why; late where many were refused in a short time, so that a flood of them costs little."""
        wait = self._refusals.owe(address, LONGEST_WAIT)
        if wait and self._open[address, "refusal"] < MAX_OPEN_CALLS:
            with self._held(address, "refusal"):
                await self._sleep(wait)
        await PlainTextResponse(str(refused), refused.status)(scope, receive, send)

    async def _pass_post(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers, address: str
    ) -> None:
        path = scope["path"]
        is_upload = path.rstrip("/").endswith("/upload")
        most = MAX_UPLOAD_BYTES if is_upload else MAX_BODY_BYTES
        length = length_of(headers, most)
        if is_upload:
            await self._find_room(scope, length)
        self._check_body(headers, length, address, is_upload=is_upload)
        kinds = ["upload" if is_upload else "call"]
        if any(part in path for part in QUEUEING_PATHS):
            if not self._jobs.take(address, 1):
                raise Refused(429, "Too many jobs in a short time. Wait some seconds, then go on.")
            if is_share_used(scope, address, self._open[address, "job"]):
                raise Refused(429, TOO_MANY_JOBS)
            kinds.append("job")
        with self._held(address, *kinds):
            await self._sleep(self._calls.owe(address, LONGEST_WAIT))
            if is_upload:
                check = self._files_only(headers.get("content-type", ""), address)
                await self._pass_upload(scope, receive, send, length, check)
            else:
                receive = limited(receive, most, check=few_values(), clock=self._clock)
                await self._pass_call(scope, receive, send, address)

    async def _pass_call(self, scope: Scope, receive: Receive, send: Send, address: str) -> None:
        try:
            await self._enter(scope, receive, send, address)
        except (KeyError, TypeError, ValueError) as error:
            if "/call/v2/" not in scope["path"]:
                raise
            raise Refused(400, NO_SUCH_PARAMETERS) from error

    def _check_body(self, headers: Headers, length: int, address: str, *, is_upload: bool) -> None:
        """Raise :class:`Refused` where an address sends too much, or what nobody reads."""
        if is_upload:
            if not self._uploads.take(address, length):
                raise Refused(429, UPLOADED_MUCH)
        elif not headers.get("content-type", "application/json").startswith("application/json"):
            raise Refused(415, "Expected a request as JSON.")
        elif not self._sent.take(address, length):
            raise Refused(429, SENT_MUCH)

    def _files_only(self, content_type: str, address: str) -> Callable[[bytes], None]:
        """A check that a body holds files only, each of which counts."""
        check = FilesOnly(content_type)

        def check_and_count(piece: bytes) -> None:
            before = check.count
            check(piece)
            if not self._uploads.take(address, (check.count - before) * FILE_BYTES):
                raise Refused(429, UPLOADED_MUCH)

        return check_and_count

    async def _find_room(self, scope: Scope, length: int) -> None:
        """Raise :class:`Refused` where an upload has no room, even without the uploads that no page holds.

        Those are looked for now and then only, and beside all else, since there may be very many.
        """

        def missing() -> int:
            return self._uploading.total() + length + SPARE_DISK_BYTES - self._free_bytes()

        if (lacking := missing()) > 0 and self._clock() >= self._next_clearing:
            self._next_clearing = self._clock() + CLEARING_SECONDS
            blocks = getattr(scope.get("app"), "blocks", None)
            uploads = list(getattr(blocks, "upload_file_set", ()))
            await run_in_threadpool(delete_unheld_uploads, uploads, lacking)
        if missing() > 0:
            raise Refused(507, NO_ROOM)

    async def _pass_stream(self, scope: Scope, receive: Receive, send: Send, address: str) -> None:
        if not has_messages(scope):
            raise Refused(404, NO_SESSION)
        _, is_page, connection = scope["path"].rstrip("/").partition("/heartbeat/")
        if is_page and not self._pages.take(address, 1):
            raise Refused(429, TOO_MANY_PAGES)
        with self._held(address, "stream"):
            try:
                await self._enter(scope, receive, send, address)
            finally:
                forget_old_uploads()
                if is_page:
                    close_page(scope, connection)

    @contextmanager
    def _held(self, address: str, *kinds: str) -> Iterator[None]:
        """Count a request as open, unless too many of its kind are."""
        if any(self._open[address, kind] >= MAX_OPEN.get(kind, MAX_OPEN_CALLS) for kind in kinds):
            raise Refused(429, TOO_MANY_OPEN)
        keys = [(address, kind) for kind in kinds]
        self._open.update(keys)
        try:
            yield
        finally:
            self._open.subtract(keys)
            for key in keys:
                if not self._open[key]:
                    del self._open[key]

    async def _pass_upload(
        self, scope: Scope, receive: Receive, send: Send, length: int, check: Callable[[bytes], None]
    ) -> None:
        """Nothing stays of an upload that breaks off, whether its sender or the disk is the cause."""
        number, started, arrived = next(UPLOADS), False, 0

        async def note_start(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        def note_piece(piece: bytes) -> None:
            nonlocal arrived
            check(piece)
            arrived += len(piece)
            self._uploading[number] = min(RESERVED_BYTES, max(0, length - arrived))

        note_piece(b"")
        receive = limited(receive, MAX_UPLOAD_BYTES, check=note_piece, clock=self._clock)
        try:
            await self.app(scope, receive, note_start)
        except OSError as error:
            if started or error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise Refused(507, NO_ROOM) from error
        finally:
            del self._uploading[number]
            forget_old_uploads()
            delete_partial_uploads(any_running=bool(self._uploading))


def check_site(scope: Scope, headers: Headers) -> None:
    """Only for connections to this machine's own loopback address.

    Raises:
        Refused: The request was made by another site, or under another name of this machine.
    """
    host = headers.get("host", "")
    if urlsplit(f"//{host}").hostname not in LOCAL_NAMES:
        raise Refused(
            421,
            "Expected localhost as the address of this app. Behind a proxy, set DNI_BEHIND_PROXY=1.",
        )
    origin = headers.get("origin")
    is_call = scope["method"] != "GET" or "/gradio_api/" in scope["path"]
    is_foreign = origin is not None and urlsplit(origin).netloc != host
    if is_call and (is_foreign or headers.get("sec-fetch-site") == "cross-site"):
        raise Refused(403, "Expected a request of this app's own page, but another site sent it.")
