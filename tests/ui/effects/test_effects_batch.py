"""Several pictures at once on the Effects tab: dropped on the picture, one archive of results."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from effects_page import PATIENCE, Desk
from PIL import Image
from playwright.sync_api import expect

from dni.errors import DniError
from dni.pictures.picture import to_tensor
from dni.pictures.read import open_picture
from dni.ui.pictures.batch import MAX_PICTURES, check_count

DROP = """(selector) => {
    const dataTransfer = new DataTransfer();
    for (const file of document.querySelector('#for-test').files) dataTransfer.items.add(file);
    const target = document.querySelector(selector);
    for (const kind of ['dragover', 'drop'])
        target.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
}"""
ADD_INPUT = """() => {
    const input = document.createElement('input');
    Object.assign(input, { type: 'file', multiple: true, id: 'for-test' });
    document.body.append(input);
}"""


def drop(desk: Desk, files: list[Path], selector: str) -> None:
    """Drop files as from a folder: the browser makes real ones of what a file input holds."""
    if not desk.page.locator("#for-test").count():
        desk.page.evaluate(ADD_INPUT)
    desk.page.locator("#for-test").set_input_files(files)
    desk.page.evaluate(DROP, selector)


def photo(path: Path, seed: int) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def test_several_pictures_are_one_archive_and_a_bad_one_is_named(desk: Desk, tmp_path: Path) -> None:
    files = [photo(tmp_path / f"{name}.png", seed) for seed, name in enumerate(("one", "two"))]
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture at all")
    desk.open("?alpha=0.3", complete=False)
    render = desk.page.locator("#batch-render")
    desk.page.get_by_role("button", name="Several pictures at once").click()
    render.click()
    desk.message("Expected pictures, but there are none")
    desk.page.locator(".toast-close").first.click()
    drop(desk, [*files, broken], "#viewer .stage")
    expect(render).to_be_visible(timeout=PATIENCE)
    expect(desk.page.locator("#batch-files")).to_contain_text("broken")
    render.click()
    link = desk.page.locator("#batch-result a[download]").first
    link.wait_for()
    expect(desk.page.locator(".toast-body")).to_contain_text(
        re.compile(r"1 of 3 could not be rendered.*broken\.png.*is none"), timeout=PATIENCE
    )
    with desk.page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "3-pictures_tiny_alpha-0.3000.zip"
    download.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        names = [f"{name}_tiny_alpha-0.3000.png" for name in ("one", "two")]
        assert archive.namelist() == [*names, "not rendered.txt"]
        archive.extractall(tmp_path)
    for file, name in zip(files, names, strict=True):
        renderer = desk.service.renderer("tiny", precision="float32")
        expected = renderer.render(open_picture(file).rgb, (0.7, 0.3))
        with Image.open(tmp_path / name) as image:
            assert torch.equal(to_tensor(image), expected)
    expect(render).to_be_visible()


def test_how_many_there_may_be() -> None:
    for paths, text in [(None, "there are none"), (["a"] * (MAX_PICTURES + 1), "at most 32 .* got 33")]:
        with pytest.raises(DniError, match=text):
            check_count(paths)
