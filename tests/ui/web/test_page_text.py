"""What people read on the page names no folder of the server; the command line does."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import gradio as gr
import pytest

from dni.catalog.download import fetch
from dni.catalog.pairs import Pair, end_paths
from dni.checkpoints.atomic_write import atomic_write
from dni.checkpoints.errors import asks_to_run_code
from dni.checkpoints.networks import load_network
from dni.checkpoints.sandbox import too_much
from dni.errors import DniError
from dni.pictures.photographs import fetch_bsds500
from dni.pictures.read import open_picture
from dni.recipes.recipe_files import read_recipe
from dni.ui.errors import errors_shown, page_text
from dni.ui.protocol.frames import OverviewRequest
from dni.ui.server_functions import answering

UPLOAD = "a photo of mine.png"


def full_disk(folder: Path) -> None:
    with atomic_write(folder / UPLOAD):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder / UPLOAD))


def raise_(error: Exception) -> None:
    raise error


FAILURES: dict[str, Callable[[Path], object]] = {
    "a damaged picture": lambda folder: open_picture(folder / UPLOAD),
    "no picture": lambda folder: open_picture(folder / "absent.png"),
    "a damaged network": lambda folder: load_network(folder / "net.pth"),
    "a file of code": lambda folder: raise_(asks_to_run_code(folder / "net.pth", "os.system")),
    "a network that is too much": lambda folder: raise_(
        DniError(too_much(folder / "net.pth", limit="memory"))
    ),
    "an absent end": lambda folder: end_paths(Pair.from_paths([folder / "a.pth", folder / "b.pth"])),
    "no recipe": lambda folder: read_recipe(folder / "absent.json"),
    "a cache that is a file": lambda folder: fetch("http://127.0.0.1:1/x.pth", folder / "net.pth" / "x.pth"),
    "no connection": lambda folder: fetch("http://127.0.0.1:1/x.pth", folder / "x.pth"),
    "no BSDS500": lambda folder: fetch_bsds500(folder, url="http://127.0.0.1:1/b.tgz"),
    "a full disk": full_disk,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a server, with spaces in its name, and files in it that nobody can use."""
    folder = tmp_path / "data of ours"
    folder.mkdir()
    (folder / UPLOAD).write_bytes(b"x")
    (folder / "net.pth").write_bytes(b"x")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("DNI_CACHE", str(folder))
    return folder


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_an_error_reaches_the_page_without_folders(failure: Callable[[Path], object], folder: Path) -> None:
    with pytest.raises(DniError) as raised:
        failure(folder)
    boxed = pytest.raises(gr.Error)
    with boxed as shown, errors_shown():
        raise raised.value

    def overview(_: OverviewRequest) -> OverviewRequest:
        raise raised.value

    answered = answering(OverviewRequest, overview)({"token": "t", "session": "s"})["error"]
    for text in (str(shown.value), answered):
        assert not any(part in text for part in (str(folder), folder.name, str(folder.parent), "/tmp/"))
        assert len(text) > 40


def test_names_stay_and_so_do_addresses() -> None:
    text = page_text(
        "'/srv/4f/net.pth', (/srv/4f/my net.pth), file:///srv/x.png, C:\\\\Users\\\\me\\\\y.png: see "
        "https://example.org/a/b and/or /render, 1/2, ~/.cache/dni"
    )
    assert text == (
        "'net.pth', (my net.pth), x.png, y.png: see https://example.org/a/b and/or /render, 1/2, ~/.cache/dni"
    )
