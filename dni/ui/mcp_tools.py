"""What other programs find when the app is an MCP server: four tools, by Gradio's own server.

A tool is an endpoint of the API, so its calls have the same queue, sessions and limits. Gradio's server
forwards a call to this app's own API; the request guard counts it for whoever sent it first.
"""

from __future__ import annotations

import importlib.util
import os
from typing import Any

import gradio as gr

from dni.checkpoints.sandbox import MAX_FILES
from dni.errors import DniError

__all__ = ["TOOLS", "is_mcp_wanted", "mend_schemas", "offer_tools", "require_mcp"]

TOOLS = ("render", "blend", "inspect", "sweep")
VARIABLE = "DNI_MCP"
# Gradio lists functions of the kind "tool", which is what those without a kind are.
NO_TOOL = "none"
FILE_FORMAT = "data: address, or that of an upload: POST to /gradio_api/upload, then /gradio_api/file=PATH"


def is_mcp_wanted() -> bool:
    """Whether the environment asks for the MCP server."""
    return os.environ.get(VARIABLE) == "1"


def require_mcp() -> None:
    """Raise where the MCP server's package is not installed; Gradio would start without it.

    Raises:
        DniError: Saying how to get it.
    """
    if importlib.util.find_spec("mcp") is None:
        raise DniError(
            "Expected the package mcp for the MCP server, but it is not installed. "
            "Run: pip install 'dni[mcp]'"
        )


def mend_schemas() -> None:
    """Let Gradio's server describe lists of files as JSON schema has it; a second call changes nothing.

    It leaves references to what it has moved, so that a call with files is refused as not fitting, and
    looks for the files of a list where the schema has them.
    """
    from gradio.mcp import GradioMCPServer

    simplify = GradioMCPServer.simplify_filedata_schema
    if getattr(simplify, "is_mended", False):
        return

    def simplify_and_mend(self: Any, schema: dict[str, Any]) -> tuple[dict[str, Any], list[list[str | int]]]:
        simplified, positions = simplify(self, schema)
        return without_definitions(simplified), [each for place in positions for each in places_of(place)]

    simplify_and_mend.is_mended = True  # type: ignore[attr-defined]
    GradioMCPServer.simplify_filedata_schema = simplify_and_mend  # type: ignore[method-assign]


def places_of(place: list[str | int]) -> list[list[str | int]]:
    """Where in a call the files are that a schema describes: of a list, as many as may come."""
    if place[-1:] != ["items"]:
        return [place]
    return [[*place[:-1], number] for number in range(MAX_FILES)]


def without_definitions(node: Any) -> Any:
    """A schema without ``$defs``, and without the ``$ref`` of what has become a text."""
    if isinstance(node, list):
        return [without_definitions(item) for item in node]
    if not isinstance(node, dict):
        return node
    left_out = {"$defs", "$ref"} if node.get("type") == "string" else {"$defs"}
    if str(node.get("format")).startswith("Gradio File Input"):  # which says any address
        node = {**node, "format": FILE_FORMAT}
    return {name: without_definitions(value) for name, value in node.items() if name not in left_out}


def offer_tools(app: gr.Blocks) -> None:
    """Let only the four main endpoints be listed as tools."""
    for block in app.fns.values():
        if block.api_name not in TOOLS and block.fn is not None:
            function: Any = getattr(block.fn, "__func__", block.fn)
            function._mcp_type = NO_TOOL
