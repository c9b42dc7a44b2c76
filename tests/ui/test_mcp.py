"""The app as an MCP server: four tools, behind the same guard as everything else."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from dni.errors import DniError
from dni.examples import EXAMPLE_FOLDER
from dni.serving.render_service import RenderService
from dni.ui.mcp_tools import TOOLS, require_mcp
from dni.ui.requests.guard.routes import is_used

pytest.importorskip("mcp.types")


@pytest.fixture(scope="module")
def server(serve: Callable[..., str], tiny_service: RenderService) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DNI_MCP", "1")
        return serve(tiny_service)


def ask(url: str, method: str, **parameters: Any) -> dict[str, Any]:
    """One message of the protocol, as a program sends it."""
    answer = httpx.post(
        f"{url.rstrip('/')}/gradio_api/mcp/",
        json={"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters},
        headers={"accept": "application/json, text/event-stream"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    line = next(line for line in answer.text.splitlines() if line.startswith("data: {"))
    found: dict[str, Any] = json.loads(line.removeprefix("data: "))["result"]
    return found


@pytest.mark.slow
def test_four_tools_are_listed_and_described(server: str) -> None:
    tools = {tool["name"]: tool for tool in ask(server, "tools/list")["tools"]}
    assert sorted(tools) == sorted(TOOLS)
    for name, tool in tools.items():
        assert len(tool["description"]) > 40, name
        for parameter, schema in tool["inputSchema"]["properties"].items():
            assert schema.get("description"), (name, parameter)


@pytest.mark.slow
def test_a_tool_blends_and_says_what_is_wrong(server: str) -> None:
    done = ask(server, "tools/call", name="blend", arguments={"pair": "tiny", "alpha": 0.25})
    assert not done.get("isError"), done
    assert ".safetensors" in json.dumps(done["content"])
    wrong = ask(server, "tools/call", name="blend", arguments={"pair": "tiny", "alpha": 7})
    assert wrong["isError"]
    assert "Expected alpha to be a number from 0 to 1" in json.dumps(wrong["content"])


@pytest.mark.slow
def test_a_tool_takes_uploads_and_nothing_from_elsewhere(server: str, tiny_ends: list[Path]) -> None:
    parts = [("files", (end.name, end.read_bytes())) for end in tiny_ends]
    uploaded = httpx.post(f"{server.rstrip('/')}/gradio_api/upload", files=parts).json()
    files = [f"{server.rstrip('/')}/gradio_api/file={path}" for path in uploaded]
    for arguments in ({"files": files, "pair": ""}, {"pair": "tiny"}):
        done = ask(server, "tools/call", name="inspect", arguments=arguments)
        assert not done.get("isError"), done
        assert "verdict" in json.dumps(done["content"])
    picture = EXAMPLE_FOLDER / "cat.png"
    (cat,) = httpx.post(
        f"{server.rstrip('/')}/gradio_api/upload", files={"files": (picture.name, picture.read_bytes())}
    ).json()
    for image, is_refused in (
        (f"https://elsewhere.example/gradio_api/file={cat}", False),  # is not asked
        (f"data:image/png;base64,{b64encode(picture.read_bytes()).decode()}", False),
        ("https://elsewhere.example/cat.png", True),
        (f"{server.rstrip('/')}/gradio_api/file={Path(__file__)}", True),
    ):
        done = ask(server, "tools/call", name="render", arguments={"image": image, "pair": "tiny"})
        assert bool(done.get("isError")) == is_refused, done
        expected = "Expected a file that was uploaded" if is_refused else '"type": "image"'
        assert expected in json.dumps(done["content"])


@pytest.mark.slow
def test_only_the_one_address_is_there(server: str, app: str) -> None:
    assert is_used("POST", "/gradio_api/mcp/", mcp=True)
    for method, path in (
        ("GET", "mcp/sse"),
        ("POST", "mcp/messages/"),
        ("GET", "mcp/schema"),
        ("GET", "mcp/"),
    ):
        assert not is_used(method, f"/gradio_api/{path}", mcp=True), path
    assert not is_used("POST", "/gradio_api/mcp/")
    assert httpx.get(f"{server.rstrip('/')}/gradio_api/mcp/schema").status_code == 404
    assert httpx.post(f"{app.rstrip('/')}/gradio_api/mcp/", json={}).status_code == 404
    foreign = {"origin": "https://elsewhere.example"}
    refused = httpx.post(f"{server.rstrip('/')}/gradio_api/mcp/", json={}, headers=foreign)
    assert refused.status_code == 403


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(DniError, match=r"pip install 'dni\[mcp\]'"):
        require_mcp()
