"""Gradio's states of pages without what they hold for deep links, which this app has none of.

For those Gradio describes all components anew for every ``session_hash`` that anybody makes up: 18 ms of the
only thread that answers everybody, and 0.2 MB that stays, ten thousand times.
"""

from __future__ import annotations

import os
from copy import copy
from typing import Any

from gradio.state_holder import SessionState, StateHolder

__all__ = ["LightStates", "use_light_states"]

CLOSED_SECONDS = 3600


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
        if session_id not in self.session_data:
            self.session_data[session_id] = LightState(self.blocks)
        return super().__getitem__(session_id)


def use_light_states(app: Any) -> None:
    """Let a running app of Gradio's keep such states; nothing for another app."""
    if type(getattr(app, "state_holder", None)) is StateHolder:
        states = LightStates()  # type: ignore[no-untyped-call]
        states.set_blocks(app.get_blocks())
        app.state_holder = states
