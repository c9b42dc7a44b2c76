"""The view "From a teacher"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dni.ui.server_functions import ServerFunction

__all__ = ["TeacherView"]


class TeacherView:
    """See :class:`dni.ui.transfer.view.TransferView`."""

    name = "teacher"
    title = "From a teacher"

    def __init__(self, data_root: Path | None = None) -> None:
        self.data_root = data_root

    def servers(self) -> list[ServerFunction]:
        return []

    def build_endpoints(self) -> None:
        return

    def start(self) -> dict[str, Any]:
        return {}
