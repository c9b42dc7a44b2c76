"""``dni serve``: the app."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["serve"]


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for everybody.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="Port; by default the first free one from 7860.")] = None,
    link_pictures: Annotated[
        bool, typer.Option(help="Fetch the public pictures that links name (?picture=https://...).")
    ] = False,
    mcp: Annotated[
        bool, typer.Option(help="Be an MCP server, too, at /gradio_api/mcp/; needs the extra 'mcp'.")
    ] = False,
    data_root: Annotated[
        Path | None, typer.Option(help="Folder with bsds500; by default $DNI_DATA, or one in the cache.")
    ] = None,
) -> None:
    """Start the app in the browser."""
    from dni.ui import build_app, keep_uploads_private, launch_options

    if link_pictures:
        os.environ["DNI_LINK_PICTURES"] = "1"
    keep_uploads_private()
    build_app(data_root=data_root).launch(
        server_name=host, server_port=port, **launch_options(mcp=mcp or None)
    )
