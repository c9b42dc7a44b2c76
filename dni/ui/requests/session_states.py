"""What Gradio keeps in memory under names that anybody makes up, with bounds.

Its states of pages are without what they hold for deep links, which this app has none of: for those Gradio
describes all components anew for every ``session_hash``, 18 ms of the only thread that answers everybody, and
0.2 MB that stays, ten thousand times. The names themselves are short, or 8 MB each would stay as well. And of
each upload it keeps how far it is until somebody asks.
"""

from __future__ import annotations

import os
from copy import copy
from typing import Any

from gradio.routes import file_upload_statuses
from gradio.state_holder import SessionState, StateHolder
from starlette.exceptions import HTTPException

from dni.serving.sessions import MAX_CONNECTION_LENGTH

__all__ = ["LightStates", "forget_old_uploads", "use_light_states"]

CLOSED_SECONDS = 3600
# Uploads whose progress is known: more than run at once.
MAX_UPLOADS_FOLLOWED = 256
LONG_NAME = f"Expected a session_hash of at most {MAX_CONNECTION_LENGTH} letters. Use a shorter one."


class LightState(SessionState):
    """Values and components of a page, and no description of those that have not changed."""

    def __init__(self, blocks: Any) -> None:
        # As in Gradio, but for ``config_values``, which only deep links read.
        self.blocks_config = copy(blocks.default_config)
        self.config_values = {}
        self.state_data = {}
        self._state_ttl = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = 1 if os.getenv("GRADIO_IS_E2E_TEST") else CLOSED_SECONDS


class LightStates(StateHolder):
    """The states of all pages."""

    def __getitem__(self, session_id: str) -> SessionState:
        if len(session_id) > MAX_CONNECTION_LENGTH:
            raise HTTPException(400, LONG_NAME)
        if session_id not in self.session_data:
            self.session_data[session_id] = LightState(self.blocks)
        return super().__getitem__(session_id)


def use_light_states(app: Any) -> None:
    """Let a running app of Gradio's keep such states; nothing for another app."""
    if type(getattr(app, "state_holder", None)) is StateHolder:
        states = LightStates()  # type: ignore[no-untyped-call]
        states.set_blocks(app.get_blocks())
        app.state_holder = states
        refuse_long_names(app.get_blocks()._queue)


def refuse_long_names(queue: Any) -> None:
    """Let Gradio's queue take no job of a session with a long name."""
    push = queue.push

    async def push_if_short(body: Any, **others: Any) -> Any:
        if len(body.session_hash or "") > MAX_CONNECTION_LENGTH:
            return False, LONG_NAME, "error"
        return await push(body=body, **others)

    queue.push = push_if_short


def forget_old_uploads() -> None:
    """Of the uploads that Gradio follows, keep the latest."""
    for kept in (file_upload_statuses._statuses, file_upload_statuses._signals):
        for name in list(kept)[:-MAX_UPLOADS_FOLLOWED]:
            del kept[name]
