"""A stranger: somebody at an address of this machine who notes every answer of the app."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks.people import App, DroppedError, Person, RefusedError

__all__ = ["ADDRESSES", "Attack", "Stranger", "Tally", "TurnedAwayError", "require_local"]

ADDRESSES = 8
PATIENCE = 90
# Of an answer, for finding what it gives away.
READ_CHARACTERS = 100_000


class TurnedAwayError(Exception):
    """The app let no page be opened, so that a round ends."""


def require_local(address: str) -> None:
    """Raise ``SystemExit`` unless the address is this machine's own."""
    if urlsplit(address).hostname != "127.0.0.1":
        raise SystemExit(
            f"Expected an app on this machine (127.0.0.1), but got {address}. It is not attacked."
        )


@dataclass
class Tally:
    """What came of an attack.

    Attributes:
        answers: Counts by status: "ok", "refused" (in words), "dropped", HTTP's number, or an error's name.
        reached: How many answers show that what is attacked was reached.
        leaked: How many answers hold what only the server's files hold.
        longest: Characters of the longest refusal.
    """

    answers: Counter[str] = field(default_factory=Counter)
    reached: int = 0
    leaked: int = 0
    longest: int = 0

    def add(self, other: Tally) -> None:
        """Count another round in."""
        self.answers += other.answers
        self.reached += other.reached
        self.leaked += other.leaked
        self.longest = max(self.longest, other.longest)


class Stranger:
    """Somebody with an address, who notes every answer.

    Args:
        app: Whom to attack.
        files: The folder of :mod:`benchmarks.attack_files`.
        canary: A private file of this machine, whose content no other file holds.
        expected: A pattern of the answers that show that the attack reached its goal.
        number: One of each stranger, which decides on the address too.
    """

    def __init__(self, app: App, files: Path, canary: Path, expected: str, number: int) -> None:
        require_local(app.address)
        self.app, self.files, self.canary, self.number = app, files, canary, number
        self.address = f"127.0.1.{1 + number % ADDRESSES}"
        self.tally = Tally()
        self._secrets = (canary.read_text(), "root:x:0")
        self._expected = re.compile(expected)
        transport = httpx.AsyncHTTPTransport(
            limits=httpx.Limits(max_connections=None), local_address=self.address
        )
        self.http = httpx.AsyncClient(base_url=app.address, timeout=PATIENCE, transport=transport)

    def read(self, name: str) -> bytes:
        """One of the files."""
        return (self.files / name).read_bytes()

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Person]:
        """An open page of this address.

        Raises:
            TurnedAwayError: See there.
        """
        person = Person(self.app, own_address=self.address)
        try:
            if await self.note(asyncio.wait_for(person.__aenter__(), PATIENCE)) is None:
                raise TurnedAwayError
            yield person
        finally:
            await person.__aexit__()

    async def note(self, asked: Awaitable[Any]) -> Any:
        """Wait for an answer and count it; None where it is a refusal."""
        try:
            answer = await asked
        except DroppedError:
            self.count("dropped", "")
        except RefusedError as refusal:
            status = re.match(r"(\d{3}): ", str(refusal))
            self.count(status[1] if status else "refused", str(refusal))
        except (httpx.HTTPError, TimeoutError, asyncio.TimeoutError) as error:
            self.count(type(error).__name__, "")
        else:
            self.count("ok", str(answer)[:READ_CHARACTERS])
            return answer
        return None

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response | None:
        """A plain request."""
        try:
            response = await self.http.request(method, path, **options)
        except httpx.HTTPError as error:
            self.count(type(error).__name__, "")
            return None
        self.count(str(response.status_code), response.text[:READ_CHARACTERS])
        return response

    def count(self, status: str, text: str) -> None:
        """Note an answer."""
        self.tally.answers[status] += 1
        self.tally.reached += bool(self._expected.search(f"{status}: {text}"))
        self.tally.leaked += any(secret in text for secret in self._secrets)
        if status not in ("ok", "200"):
            self.tally.longest = max(self.tally.longest, len(text))


Round = Callable[[Stranger], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Attack:
    """A kind of attack: one round, what shows that it got there, how many at once do it, and for how long."""

    round: Round
    expected: str
    at_once: int = 2
    turns: int = 1
