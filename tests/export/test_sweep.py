"""Sweeps: which mixes, in which order, and what independent readers find in the files."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from cases import case
from PIL import Image, ImageSequence
from sweep_files import FILMS, comment_of, differences, holds, read_film

from dni.blending.interpolate import BlendError
from dni.blending.mix_paths import along, over_pad
from dni.blending.shares import Mix
from dni.checkpoints.networks import load_ends
from dni.errors import DniError
from dni.export.sweeps.animation import Playback, write_film
from dni.export.sweeps.sheet import compose_sheet, write_sheet
from dni.export.sweeps.sweep import Sweep, export_sweep, sweep_frames, swept
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import Cancelled, RenderControl
from dni.rendering.renderer import Renderer

COLOURS = [(200, 30, 30), (30, 160, 60), (40, 60, 200), (220, 200, 40), (128, 128, 128)]


@pytest.fixture(scope="module")
def renderer(tiny_ends: list[Path]) -> Renderer:
    return Renderer(*load_ends(tiny_ends), device=torch.device("cpu"), precision="float32")


@pytest.fixture(scope="module")
def picture() -> Picture:
    rgb = np.random.default_rng(0).integers(0, 256, (3, 20, 24), dtype=np.uint8)
    return Picture(rgb=torch.from_numpy(rgb), opacity=None, name="photo")


def plain_frames(count: int, height: int = 40, width: int = 50) -> list[torch.Tensor]:
    """One colour a frame, with a darker half so that no frame is flat."""
    frames = []
    for colour in COLOURS[:count]:
        frame = torch.tensor(colour, dtype=torch.uint8).view(3, 1, 1).expand(3, height, width).clone()
        frame[:, :, width // 2 :] //= 2
        frames.append(frame)
    return frames


def test_frames_are_those_of_the_renderer(renderer: Renderer, picture: Picture) -> None:
    mixes = along(Mix.of_alpha(0), Mix.of_alpha(1), 3)
    whole = list(sweep_frames(picture, renderer, [RenderRequest(mix=mix) for mix in mixes]))
    assert all(
        torch.equal(frame, renderer.render(picture.rgb, mix.shares))
        for frame, mix in zip(whole, mixes, strict=True)
    )
    requests = [RenderRequest(mix=mix, crop=Rectangle(6, 4, 10, 9)) for mix in mixes]
    crop = list(sweep_frames(picture, renderer, requests))
    for part, frame in zip(crop, whole, strict=True):
        difference = part.int() - frame[:, 16:52, 24:64].int()
        assert int(difference.abs().max()) <= 1


def test_progress_and_cancelling(renderer: Renderer, picture: Picture, out: Path) -> None:
    told: list[tuple[int, int]] = []
    sweep = Sweep(rows=(along(Mix.of_alpha(0), Mix.of_alpha(1), 3),))
    control = RenderControl(progress=lambda done, total: told.append((done, total)))
    export_sweep(picture, renderer, sweep, out / "a.gif", ends=(), control=control)
    assert told == sorted(told)
    assert (told[0], told[-1]) == ((0, 3), (3, 3))
    (out / "a.gif").unlink()
    cancelled = threading.Event()
    control = RenderControl(
        progress=lambda done, _: cancelled.set() if done == 2 else None, cancelled=cancelled
    )
    with pytest.raises(Cancelled):
        export_sweep(picture, renderer, sweep, out / "a.gif", ends=(), control=control)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("suffix", FILMS)
@pytest.mark.parametrize("there_and_back", [False, True])
def test_films_hold_the_frames_in_order(out: Path, suffix: str, there_and_back: bool) -> None:
    frames = plain_frames(5, height=41, width=51)
    playback = Playback(hold=0, there_and_back=there_and_back)
    write_film(out / f"film{suffix}", frames, playback, comment="{}")
    expected = [frames[index] for index in playback.order(5)]
    assert max(differences(out / f"film{suffix}", expected)) < 4
    assert [path.name for path in out.iterdir()] == [f"film{suffix}"]


@pytest.mark.parametrize("suffix", FILMS)
def test_how_long_films_are(out: Path, suffix: str) -> None:
    """Four frames at 5 a second and two ends held for a second: 2.8 seconds, and endlessly again."""
    path = out / f"film{suffix}"
    write_film(path, plain_frames(4), Playback(fps=5, hold=1), comment="{}")
    if suffix == ".mp4":
        with av.open(str(path)) as container:
            assert container.streams.video[0].average_rate == 5
            assert float(container.duration) / av.time_base == pytest.approx(2.8, abs=0.01)
        frames = plain_frames(4)
        assert max(differences(path, [frames[0]] * 6 + frames[1:3] + [frames[3]] * 6)) < 4
        return
    with Image.open(path) as film:
        durations = []
        for frame in ImageSequence.Iterator(film):
            frame.load()
            durations.append(frame.info["duration"])
        assert durations == [1200, 200, 200, 1200]
        assert film.info["loop"] == 0


def test_mp4_is_what_browsers_play(out: Path) -> None:
    """H.264 in 4:2:0 with even sides, in the colours that it says, and its index before its pictures."""
    path = out / "film.mp4"
    write_film(path, plain_frames(3, height=41, width=51), Playback(), comment="{}")
    with av.open(str(path)) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.name, codec.pix_fmt, codec.width, codec.height) == ("h264", "yuv420p", 52, 42)
        assert (codec.colorspace, codec.color_primaries, codec.color_trc, codec.color_range) == (1, 1, 1, 1)
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_what_does_not_change_does_not_flicker_in_a_gif(out: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    still = torch.randint(0, 256, (3, 30, 40), generator=generator, dtype=torch.uint8)
    frames = [still.clone() for _ in range(3)]
    for number, frame in enumerate(frames):
        frame[:, 25:] = 100 * number
    write_film(out / "film.gif", frames, Playback(), comment="{}")
    first, *others = read_film(out / "film.gif")
    assert all(np.array_equal(first[:25], other[:25]) for other in others)


@pytest.mark.parametrize("suffix", FILMS)
def test_a_sweep_from_end_to_end(
    renderer: Renderer, picture: Picture, tiny_ends: list[Path], out: Path, suffix: str
) -> None:
    path = out / f"sweep{suffix}"
    # Smooth, so that what is left is not what a codec throws away on purpose.
    smooth = Picture(rgb=torch.full((3, 20, 24), 90, dtype=torch.uint8), opacity=None, name="smooth")
    sweep = Sweep(rows=(along(Mix.of_alpha(0), Mix.of_alpha(1), 4),), playback=Playback(hold=0))
    export_sweep(smooth, renderer, sweep, path, ends=tiny_ends, pair_id="tiny")
    expected = [renderer.render(smooth.rgb, mix.shares) for mix in sweep.mixes]
    assert max(differences(path, expected)) < 6
    far = float((expected[0].float() - expected[-1].float()).abs().mean())
    assert far > 12, "the ends must differ by more than the codecs lose"
    recipe = json.loads(comment_of(path))["sweep"]
    assert recipe["pair"] == "tiny"
    assert recipe["rows"][0][3] == {"shares": [0, 1]}
    assert [name for name, _ in recipe["ends"]] == ["calm.safetensors", "wild.safetensors"]


def test_a_sheet_shows_every_frame_where_it_belongs(out: Path) -> None:
    frames = plain_frames(3, height=60, width=90)
    sheet = compose_sheet([[(frames[0], "one")], [(frames[1], "two"), (frames[2], "three")]])
    white = (sheet == 255).all(dim=0)
    assert white[:, :4].all()
    assert white[:4].all()
    found = []
    for frame in frames:
        inside = (sheet == frame[:, :1, :1]).all(dim=0).nonzero()
        top, left = inside.min(dim=0).values.tolist()
        assert torch.equal(sheet[:, top : top + 60, left : left + 90], frame)
        assert not white[top + 60 : top + 80, left : left + 90].all(), "the label is missing"
        found.append((top, left))
    (top, middle), (below, left), (same, right) = found
    assert top < below == same
    assert middle == pytest.approx((left + right) / 2, abs=1)


def test_narrow_frames_have_room_for_their_labels() -> None:
    frame = plain_frames(1, height=20, width=8)[0]
    sheet = compose_sheet([[(frame, "alpha 0.25"), (frame, "alpha 0.50")]])
    columns = (sheet[:, 24:] != 255).any(dim=0).any(dim=0)
    assert not columns[0]
    assert not columns[-1]
    assert not columns[sheet.shape[2] // 2]


def test_a_strip_and_a_grid(renderer: Renderer, picture: Picture, tiny_ends: list[Path], out: Path) -> None:
    cropped = RenderRequest(mix=Mix.of_alpha(0), crop=Rectangle(2, 2, 16, 16))
    strip = Sweep(rows=(along(Mix.of_alpha(0), Mix.of_alpha(1), 3),), like=cropped)
    export_sweep(picture, renderer, strip, out / "strip.png", ends=tiny_ends)
    pixels = torch.from_numpy(np.array(Image.open(out / "strip.png"))).permute(2, 0, 1)
    requests = [swept(mix, cropped) for mix in strip.mixes]
    for frame in sweep_frames(picture, renderer, requests):
        assert holds(pixels, frame)
    assert json.loads(comment_of(out / "strip.png"))["sweep"]["crop"] == [2, 2, 16, 16]
    four = [*tiny_ends, *reversed(tiny_ends)]
    corners = Renderer(*load_ends(four), device=torch.device("cpu"), precision="float32")
    export_sweep(picture, corners, Sweep(rows=over_pad(4, 2)), out / "grid.png", ends=four)
    pixels = torch.from_numpy(np.array(Image.open(out / "grid.png"))).permute(2, 0, 1)
    assert all(holds(pixels, renderer.render(picture.rgb, shares)) for shares in ((1, 0), (0, 1)))


def test_what_is_refused_before_the_work(renderer: Renderer, picture: Picture, out: Path) -> None:
    for name, count, text in [
        ("a.avi", 3, r"ends in one of .png, .gif, .webp, .mp4, but got a.avi"),
        ("none/a.gif", 3, "no folder that you may write to"),
        ("a.gif", 241, "Expected 2 to 240 frames, but got 241"),
        ("a.gif", 1, "Expected 2 to 240 frames, but got 1"),
    ]:
        with case(name, count):
            mixes = tuple(Mix.of_alpha(0.5) for _ in range(count))
            control = RenderControl(progress=lambda *_: pytest.fail("the work was begun"))
            with pytest.raises(DniError, match=text):
                export_sweep(picture, renderer, Sweep(rows=(mixes,)), out / name, ends=(), control=control)
            assert list(out.iterdir()) == []


def test_what_is_too_large(renderer: Renderer, out: Path) -> None:
    for suffix, count, size, text in [
        (".gif", 60, (1000, 750), "60 frames of 4000x3000 have 720. Ask for fewer frames"),
        (".mp4", 2, (1000, 750), "at most 8192 pixels a side and 9.4 megapixels for .mp4, but got 4000x3000"),
        (".webp", 2, (4096, 10), "at most 16383 pixels a side for .webp, but got 16384x40"),
        (".png", 40, (1000, 750), "Expected at most 150 megapixels in all frames together, but 40"),
    ]:
        with case(suffix, count, size):
            large = Picture(
                rgb=torch.zeros(3, size[1], size[0], dtype=torch.uint8), opacity=None, name="large"
            )
            sweep = Sweep(rows=(along(Mix.of_alpha(0), Mix.of_alpha(1), count),))
            with pytest.raises(DniError, match=text):
                export_sweep(large, renderer, sweep, out / f"a{suffix}", ends=())


def test_a_grid_is_no_film(renderer: Renderer, picture: Picture, out: Path) -> None:
    with pytest.raises(DniError, match=r"ends in .png for a grid, but got a.mp4"):
        export_sweep(picture, renderer, Sweep(rows=over_pad(4, 2)), out / "a.mp4", ends=())


def test_mixes_for_other_ends_are_refused(renderer: Renderer, picture: Picture, out: Path) -> None:
    with pytest.raises(BlendError, match="each of the 2 ends, but got 4"):
        export_sweep(picture, renderer, Sweep(rows=over_pad(4, 2)), out / "a.png", ends=())
    assert list(out.iterdir()) == []


def test_writers_refuse_other_endings_and_single_frames(out: Path) -> None:
    frames = plain_frames(2)
    with pytest.raises(DniError, match=r"one of \.gif, \.webp, \.mp4, but got a\.png"):
        write_film(out / "a.png", frames, Playback(), comment="")
    with pytest.raises(DniError, match="at least 2 frames for a film, but got 1"):
        write_film(out / "a.gif", frames[:1], Playback(), comment="")
    with pytest.raises(DniError, match=r"ends in \.png, but got a\.gif"):
        write_sheet(out / "a.gif", frames[0], comment="")
    with pytest.raises(DniError, match="Expected a frame in every row"):
        compose_sheet([[]])


def test_a_place_that_cannot_be_written(out: Path) -> None:
    (out / "folder.gif").mkdir()
    for path, reason in ((out / "none" / "a.gif", "No such file"), (out / "folder.gif", "directory")):
        with pytest.raises(DniError, match=f"(?i)Expected to write .*{reason}"):
            write_film(path, plain_frames(2), Playback(), comment="")
    assert [path.name for path in out.iterdir()] == ["folder.gif"]
