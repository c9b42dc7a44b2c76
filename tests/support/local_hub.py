"""As much of the hub's API as a push needs, on this machine; it keeps what it was sent."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class LocalHub(ThreadingHTTPServer):
    """One repository with its files; all come inside the commit, where the hub takes large ones by Xet."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.files: dict[str, bytes] = {}
        self.created: list[dict[str, Any]] = []
        self.tokens: set[str | None] = set()
        self.status_of_create = 200


class Handler(BaseHTTPRequestHandler):
    server: LocalHub

    def log_message(self, *_: object) -> None:
        pass

    def body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        pieces = []
        while size := int(self.rfile.readline().strip(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def answer(self, values: object, status: int = 200) -> None:
        content = json.dumps(values).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        self.answer({"id": "me/blend", "sha": "0" * 40, "siblings": [], "private": False})

    def do_POST(self) -> None:
        hub, content = self.server, self.body()
        hub.tokens.add(self.headers.get("authorization"))
        if self.path == "/api/repos/create":
            hub.created.append(json.loads(content))
            status = hub.status_of_create
            self.answer({"url": f"{hub.address}/me/blend", "error": "there already"}, status)
        elif self.path == "/api/validate-yaml":
            self.answer({"errors": [], "warnings": []})
        elif "/preupload/" in self.path:
            paths = [file["path"] for file in json.loads(content)["files"]]
            self.answer(
                {"files": [{"path": p, "uploadMode": "regular", "shouldIgnore": False} for p in paths]}
            )
        else:
            self.commit(content)

    def commit(self, content: bytes) -> None:
        for line in content.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                self.server.files[value["path"]] = base64.b64decode(value["content"])
        url = f"{self.server.address}/me/blend/commit/{'1' * 40}"
        self.answer({"success": True, "commitUrl": url, "commitOid": "1" * 40})


@contextmanager
def local_hub() -> Iterator[LocalHub]:
    """The server, until the block ends."""
    hub = LocalHub()
    thread = threading.Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()
