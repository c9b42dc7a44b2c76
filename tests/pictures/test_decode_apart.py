"""Pictures decoded in another process are the same; hostile ones end that process and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.attack_files import (
    chunk,
    gif_of_many_frames,
    jpeg_of_many_scans,
    png,
    tiff_of_many_directories,
)
from dni.bounded_process import Limits
from dni.examples import EXAMPLE_FOLDER
from dni.pictures.decoding.decode_apart import LIMITS, Decoders, open_picture_apart, read_recipe_apart
from dni.pictures.normalize import PictureError
from dni.pictures.read import open_picture, read_recipe
from dni.pictures.write import save_png

SHORT = Limits(memory_bytes=400_000_000, cpu_seconds=1, wall_seconds=20.0)
TOO_LONG = r"Expected a picture that can be read with 1 seconds, but .* takes more\. Make it smaller"
TOO_LARGE = r"Expected a picture that can be read with 0\.1 GB of memory, but .* takes more\. Make it smaller"


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    made = Decoders()
    yield made
    made.close()


LONG: dict[str, Callable[[], bytes]] = {
    "scans.jpg": lambda: jpeg_of_many_scans(1000),
    "chunks.png": lambda: png(4, 4, before=chunk(b"teSt", b"") * 3_000_000),
    "directories.tif": lambda: tiff_of_many_directories(400_000),
}


def test_the_same_pictures_come_out(tmp_path: Path, decoders: Decoders) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (37, 53, 4), dtype=np.uint8)
    files = sorted(EXAMPLE_FOLDER.glob("*.*g"))
    for name, image in {
        "colours.jpg": Image.fromarray(noise[..., :3]),
        "cmyk.jpg": Image.fromarray(noise, "CMYK"),
        "ghost.png": Image.fromarray(noise),
        "grey.webp": Image.fromarray(noise[..., 0]),
        "deep.png": Image.fromarray(noise[..., 0].astype(np.uint16) * 200),
        "palette.gif": Image.fromarray(noise[..., :3]).quantize(40),
    }.items():
        image.save(tmp_path / name)
        files.append(tmp_path / name)
    for file in files:
        apart, here = open_picture_apart(file, decoders=decoders), open_picture(file)
        assert (apart.rgb == here.rgb).all(), file.name
        assert (apart.opacity is None) == (here.opacity is None)
        assert here.opacity is None or (apart.opacity == here.opacity).all()
        assert (apart.name, apart.notices) == (here.name, here.notices)


def test_the_same_errors_come_out(tmp_path: Path, decoders: Decoders) -> None:
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "cut.png").write_bytes((EXAMPLE_FOLDER / "cat.png").read_bytes()[:20_000])
    for name in ("text.png", "cut.png", "gone.png"):
        with pytest.raises(PictureError) as here:
            open_picture(tmp_path / name)
        with pytest.raises(PictureError) as apart:
            open_picture_apart(tmp_path / name, decoders=decoders)
        assert str(apart.value) == str(here.value)


def test_the_recipe_in_a_picture(tmp_path: Path, decoders: Decoders) -> None:
    save_png(tmp_path / "a.png", open_picture(EXAMPLE_FOLDER / "cat.png").rgb, recipe="{}")
    assert read_recipe_apart(tmp_path / "a.png", decoders=decoders) == read_recipe(tmp_path / "a.png") == "{}"
    assert read_recipe_apart(EXAMPLE_FOLDER / "cat.png", decoders=decoders) is None


def test_frames_are_only_counted(tmp_path: Path, decoders: Decoders) -> None:
    (tmp_path / "frames.gif").write_bytes(gif_of_many_frames(60_000))
    picture = open_picture_apart(tmp_path / "frames.gif", decoders=decoders)
    assert picture.notices == ("Only number 1 of its 60000 frames is used.",)


def test_memory_is_limited(tmp_path: Path) -> None:
    small = Decoders(Limits(memory_bytes=100_000_000, cpu_seconds=10, wall_seconds=60.0))
    (tmp_path / "bomb.png").write_bytes(png(7000, 7000))
    with pytest.raises(PictureError, match=TOO_LARGE):
        open_picture_apart(tmp_path / "bomb.png", decoders=small)
    assert open_picture_apart(EXAMPLE_FOLDER / "cat.png", decoders=small).width
    small.close()


def test_time_on_the_clock_is_limited(tmp_path: Path) -> None:
    hasty = Decoders(Limits(memory_bytes=10**9, cpu_seconds=100, wall_seconds=0.05))
    (tmp_path / "bomb.png").write_bytes(png(7000, 7000))
    started = time.monotonic()
    with pytest.raises(PictureError, match="Expected a picture that can be read with"):
        open_picture_apart(tmp_path / "bomb.png", decoders=hasty)
    assert time.monotonic() - started < 10
    hasty.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_processor_time_is_limited(tmp_path: Path, name: str) -> None:
    short = Decoders(SHORT)
    (tmp_path / name).write_bytes(LONG[name]())
    with pytest.raises(PictureError, match=TOO_LONG):
        open_picture_apart(tmp_path / name, decoders=short)
    short.close()


@pytest.mark.slow
def test_endless_chunks_before_a_recipe(tmp_path: Path) -> None:
    short = Decoders(SHORT)
    (tmp_path / "chunks.png").write_bytes(LONG["chunks.png"]())
    with pytest.raises(PictureError, match=TOO_LONG):
        read_recipe_apart(tmp_path / "chunks.png", decoders=short)
    short.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["opaque", "translucent", "profile"])
def test_the_largest_good_pictures_fit(tmp_path: Path, kind: str) -> None:
    """Pictures of 49 megapixels: in colour, with hidden pixels, and in the colours of a profile with them."""
    from PIL import ImageCms

    made = Decoders(LIMITS)
    image = Image.radial_gradient("L").resize((7000, 7000)).convert("RGB")
    options = {}
    if kind != "opaque":
        image.putalpha(Image.linear_gradient("L").resize(image.size).point(lambda value: max(0, value - 99)))
    if kind == "profile":
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        # Under another name it is converted like any.
        options["icc_profile"] = profile.replace("sRGB".encode("utf-16-be"), "aRGB".encode("utf-16-be"))
    image.save(tmp_path / "large.png", compress_level=1, **options)
    picture = open_picture_apart(tmp_path / "large.png", decoders=made)
    made.close()
    assert (picture.width, picture.height) == (7000, 7000)
    assert len(picture.notices) == (kind == "profile")


def test_at_most_three_work_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    working, most = 0, 0

    class Counted:
        is_alive = True

        def __enter__(self) -> Counted:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def ask(self, *_: object, **__: object) -> tuple[dict[str, None], list[bytearray]]:
            nonlocal working, most
            working += 1
            most = max(most, working)
            time.sleep(0.05)
            working -= 1
            return {"recipe": None}, []

    monkeypatch.setattr("dni.pictures.decoding.decode_apart.start", Counted)
    crowded = Decoders()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: read_recipe_apart("a.png", decoders=crowded), range(8))) == [None] * 8
    assert most == 3
