"""Uploads that no page holds make room for others where the disk is full, and only those."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from guarded_site import Site

from dni.serving.sessions import Session
from dni.ui.requests.session_files import delete_unheld_uploads, hold_upload

OLD, OLDER = 1_000, 2_000


def upload(folder: Path, name: str, *, age: float) -> Path:
    """A file of 100 bytes in a folder of its own, as Gradio stores it."""
    file = folder / f"hash-of-{name}" / name
    file.parent.mkdir()
    file.write_bytes(b"0" * 100)
    written = time.time() - age
    os.utime(file, (written, written))
    return file


def test_the_oldest_go_first_and_no_more_than_are_needed(tmp_path: Path) -> None:
    older, old = (upload(tmp_path, str(age), age=age) for age in (OLDER, OLD))
    delete_unheld_uploads([str(old), str(older)], 100)
    assert not older.parent.exists()
    assert old.exists()
    delete_unheld_uploads([str(old), str(older)], 1)
    assert not old.parent.exists()


def test_what_a_page_holds_stays_until_it_is_closed(tmp_path: Path) -> None:
    file, page = upload(tmp_path, "picture.png", age=OLD), Session("a connection")
    linked = tmp_path / "link"
    linked.symlink_to(file.parent)
    hold_upload(file, page)
    delete_unheld_uploads([str(file), str(linked / file.name)], 10**9)
    assert file.exists()
    page.close()
    assert not file.exists()


def test_what_came_just_now_stays(tmp_path: Path) -> None:
    file = upload(tmp_path, "new.png", age=5)
    delete_unheld_uploads([str(file)], 10**9)
    assert file.exists()


@pytest.mark.anyio
async def test_who_fills_the_disk_keeps_nobody_out(tmp_path: Path) -> None:
    abandoned = upload(tmp_path, "abandoned.bin", age=OLD)
    site = Site(free_bytes=lambda: 500_000_000 if abandoned.exists() else 600_000_000)
    site.app.blocks = SimpleNamespace(upload_file_set={str(abandoned)})
    answer = await site.ask("POST", "/gradio_api/upload", files={"files": ("a.bin", b"0" * 9000)})
    assert answer.status_code == 200
    assert not abandoned.exists()
