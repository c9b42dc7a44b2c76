"""What other programs find when the app is an MCP server: four tools, by Gradio's own server.

A tool is an endpoint of the API, so its calls have the same queue, sessions and limits. Gradio's server
forwards a call to this app's own API; the request guard counts it for whoever sent it first.
"""

from __future__ import annotations

import importlib.util
import os
from typing import Any

import gradio as gr

from dni.errors import DniError

__all__ = ["TOOLS", "is_mcp_wanted", "offer_tools", "require_mcp"]

TOOLS = ("render", "blend", "inspect", "sweep")
VARIABLE = "DNI_MCP"
# Gradio lists functions of the kind "tool", which is what those without a kind are.
NO_TOOL = "none"


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


def offer_tools(app: gr.Blocks) -> None:
    """Let only the four main endpoints be listed as tools."""
    for block in app.fns.values():
        if block.api_name not in TOOLS and block.fn is not None:
            function: Any = getattr(block.fn, "__func__", block.fn)
            function._mcp_type = NO_TOOL
