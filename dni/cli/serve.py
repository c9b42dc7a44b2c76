"""``dni serve``: the app."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["serve"]


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for everybody.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="Port; by default the first free one from 7860.")] = None,
    data_root: Annotated[
        Path | None, typer.Option(help="Folder with bsds500; by default $DNI_DATA, or one in the cache.")
    ] = None,
) -> None:
    """Start the app in the browser."""
    from dni.ui import build_app, keep_uploads_private, launch_options

    keep_uploads_private()
    build_app(data_root=data_root).launch(server_name=host, server_port=port, **launch_options())
