"""What the tab asks of each of its views."""

from __future__ import annotations

from typing import Any, Protocol

from dni.ui.server_functions import ServerFunction

__all__ = ["TransferView"]


class TransferView(Protocol):
    """One view of the Transfer tab.

    Attributes:
        name: Also that of ``web/transfer/views/<name>.js`` and ``.html``, and of ``weights/transfer/<name>``.
        title: As the switcher shows it.
    """

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    def servers(self) -> list[ServerFunction]:
        """What the page can call; the names start with the view's name."""
        ...

    def build_endpoints(self) -> None:
        """Add the endpoints for programs to the page's context; their names start with ``transfer_``."""
        ...

    def start(self) -> dict[str, Any]:
        """What the page needs before it asks for anything, as JSON can hold it."""
        ...
