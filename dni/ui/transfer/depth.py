"""The view "How deep?"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dni.ui.server_functions import ServerFunction

__all__ = ["DepthView"]


class DepthView:
    """See :class:`dni.ui.transfer.view.TransferView`."""

    name = "depth"
    title = "How deep?"

    def __init__(self, data_root: Path | None = None) -> None:
        self.data_root = data_root

    def servers(self) -> list[ServerFunction]:
        return []

    def build_endpoints(self) -> None:
        return

    def start(self) -> dict[str, Any]:
        return {}
