"""A family of tiny networks, whose files a local server gives."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from dni.catalog.families import Families, Relative
from dni.checkpoints.files import sha256_of

__all__ = ["family_site", "relative"]


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def relative(name: str, path: Path, url: str, *, parent: str = "", scale: int = 4) -> Relative:
    """A network of the family of "calm"."""
    return Relative(
        id=name,
        name=f"The <{name}>",
        authors=("Ann",),
        licence="CC-BY-NC-4.0" if parent else "MIT",
        architecture="rrdb",
        size=("8nf", "1nb"),
        scale=scale,
        channels=(3, 3),
        parent=parent,
        purposes=("Denoise", "JPEG"),
        bytes=path.stat().st_size,
        sha256=sha256_of(path),
        suffix=path.suffix,
        urls=(url,) if url else (),
        root="calm",
    )


@contextmanager
def family_site(ends: Sequence[Path]) -> Iterator[tuple[Families, ThreadingHTTPServer]]:
    """The family of two files, one behind a page and one of another scale; the server ends with the block."""
    handler = functools.partial(QuietHandler, directory=str(ends[0].parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        site = f"http://127.0.0.1:{server.server_port}"
        every = [
            relative("calm", ends[0], f"{site}/{ends[0].name}"),
            relative("wild", ends[1], f"{site}/{ends[1].name}", parent="calm"),
            relative("paged", ends[1], "", parent="wild"),
            relative("double", ends[1], f"{site}/{ends[1].name}", parent="calm", scale=2),
        ]
        try:
            yield Families({one.id: one for one in every}), server
        finally:
            server.shutdown()
