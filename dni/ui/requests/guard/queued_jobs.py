"""What Gradio's queue holds: whose jobs, and for whom it has messages.

Gradio counts the jobs of all people together and has no public way to ask whose they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

from starlette.types import Scope

from dni.ui.requests.addresses import address_of, host_of

__all__ = ["MAX_QUEUED_JOBS", "has_messages", "is_share_used", "is_stream"]

# Of all people: a page queues one job at a time, a program as many as it likes.
MAX_QUEUED_JOBS = 256
# Of one address: a class behind one router may open its pages at once.
MAX_JOBS_OF_ADDRESS = 32
# Of one address while half of the queue is taken, so that the other half is there for everybody else.
MAX_JOBS_IN_CROWD = 2
JOBS_IN_CROWD = MAX_QUEUED_JOBS // 2


def is_share_used(scope: Scope, address: str, joining: int) -> bool:
    """Whether an address has as many jobs as it may have.

    Args:
        scope: Of a request that queues one more.
        address: Where it comes from.
        joining: How many other requests of this address are about to queue a job.
    """
    addresses = [address_of_job(job) for job in jobs(queue_of(scope))]
    most = MAX_JOBS_IN_CROWD if len(addresses) >= JOBS_IN_CROWD else MAX_JOBS_OF_ADDRESS
    return addresses.count(address) + joining >= most


def is_stream(path: str) -> bool:
    """Whether a GET of this path waits: for messages of the queue, an upload, or the page to be closed."""
    return any(part in path for part in ("/queue/data", "/call/", "/heartbeat/", "/upload_progress"))


def has_messages(scope: Scope) -> bool:
    """Whether a stream is one that the queue knows: Gradio says no only after its answer has begun."""
    queue, path = queue_of(scope), scope["path"].rstrip("/")
    if queue is None or "/heartbeat/" in path or path.endswith("/upload_progress"):
        return True
    if path.endswith("/queue/data"):
        names = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash")
        return names is None or names[-1] in queue.pending_messages_per_session
    event = path.rpartition("/")[2]
    waiting = (events for events in queue.pending_event_ids_session.values() if event in events)
    return event in queue.event_ids_to_events or any(waiting) or event in queue.pending_messages_per_session


def queue_of(scope: Scope) -> Any:
    """Gradio's queue; None in front of another app."""
    return getattr(getattr(scope.get("app"), "blocks", None), "_queue", None)


def jobs(queue: Any) -> Iterator[Any]:
    """Those that wait, and those that run."""
    if queue is None:
        return
    for waiting in queue.event_queue_per_concurrency_id.values():
        yield from waiting.queue
    for running in queue.active_jobs:
        yield from running or ()


def address_of_job(job: Any) -> str:
    return address_of(host_of(job.request.scope.get("client")), job.request.headers) or ""
