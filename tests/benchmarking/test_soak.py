"""What the soak's people do and see: the requests of a page, and how frames are judged."""

from __future__ import annotations

import asyncio
import io
import mmap
import os
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from cases import case
from PIL import Image

from benchmarks.people import Person, RefusedError, connect
from benchmarks.server import memory_of
from benchmarks.soak import forgotten
from benchmarks.soak_log import COLUMNS, Log, Pulse, describe, rows_of
from benchmarks.subjects import Subject, Verdict, judge, make_subjects, psnr
from dni.examples import EXAMPLE_FOLDER
from dni.export.pictures import export_picture
from dni.pictures.read import open_picture
from dni.pictures.rectangle import Rectangle
from dni.pictures.write import encode_jpeg
from dni.rendering.control import RenderControl
from dni.serving.render_service import RenderService

REGION = {"left": 4, "top": 2, "width": 40, "height": 30}
CAT = EXAMPLE_FOLDER / "cat.png"

Visit = Callable[[Person], Coroutine[Any, Any, Any]]


def meet(address: str, visit: Visit) -> Any:
    """Run one person's visit."""

    async def run() -> Any:
        async with Person(connect(address)) as person:
            return await visit(person)

    return asyncio.run(run())


def test_a_person_gets_frames_of_the_own_picture(app: str, tiny_service: RenderService) -> None:
    async def visit(person: Person) -> tuple[bytes, bytes, str]:
        scene = await person.upload("cat.png", CAT.read_bytes())
        live = await person.frame(scene, REGION, 0.3)
        ahead = await person.frame(scene, REGION, 0.8, ahead=True)
        return live.jpeg, ahead.jpeg, scene["name"]

    live, ahead, name = meet(app, visit)
    assert name == "cat.png"
    renderer, rgb = tiny_service.renderer("tiny"), open_picture(CAT).rgb
    for jpeg, alpha in ((live, 0.3), (ahead, 0.8)):
        fresh = renderer.render_region(rgb, (1 - alpha, alpha), Rectangle(**REGION)).permute(1, 2, 0).numpy()
        assert psnr(np.asarray(Image.open(io.BytesIO(jpeg)), np.float32), fresh.astype(np.float32)) > 35


def test_a_refusal_tells_why(app: str) -> None:
    async def visit(person: Person) -> None:
        assert person.scene is not None
        with pytest.raises(RefusedError, match="Expected a region"):
            await person.frame(person.scene, {**REGION, "width": 10_000}, 0.3)
        with pytest.raises(RefusedError, match="Expected a picture"):
            await person.upload("notes.png", b"no picture")

    meet(app, visit)


def test_a_whole_picture(app: str) -> None:
    async def visit(person: Person) -> bytes | None:
        await person.upload("cat.png", CAT.read_bytes())
        return await person.render_whole(0.25)

    result = meet(app, visit)
    assert result is not None
    with Image.open(io.BytesIO(result)) as image, Image.open(CAT) as original:
        assert image.size == (4 * original.width, 4 * original.height)
        assert '"shares": [0.75, 0.25]' in image.text["dni"]


def test_a_cancelled_picture(app: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def until_cancelled(*arguments: Any, control: RenderControl, **options: Any) -> Any:
        assert control.cancelled is not None
        assert control.cancelled.wait(20)
        return export_picture(*arguments, control=control, **options)

    monkeypatch.setattr("dni.serving.render_service.export_picture", until_cancelled)

    async def visit(person: Person) -> tuple[bytes | None, ...]:
        await person.upload("cat.png", CAT.read_bytes())
        return await person.render_whole(0.25, cancel_after=0), await person.render_whole(0.5, cancel_after=0)

    assert meet(app, visit) == (None, None)


def test_who_leaves_is_forgotten(app: str) -> None:
    subject = Subject(CAT.read_bytes(), REGION, torch.zeros(0))

    async def upload(person: Person) -> dict[str, Any]:
        scene = await person.upload("cat.png", subject.png)
        await person.frame(scene, REGION, 0.5)  # still there
        return scene

    scene = meet(app, upload)
    assert meet(app, lambda person: forgotten(person, scene, subject))


# Judging


@pytest.fixture(scope="module")
def subjects(tiny_service: RenderService) -> list[Subject]:
    return make_subjects(tiny_service.renderer("tiny"), 2)


def frame_of(service: RenderService, subject: Subject, alpha: float) -> bytes:
    """As the app makes it."""
    rgb = torch.from_numpy(np.array(Image.open(io.BytesIO(subject.png)))).permute(2, 0, 1)
    return encode_jpeg(service.renderer("tiny").render(rgb, (1 - alpha, alpha)), quality=95)


@pytest.mark.slow
def test_a_right_frame_is_good(tiny_service: RenderService, subjects: list[Subject]) -> None:
    for alpha in [0.0, 0.33, 0.475, 1.0]:
        with case(alpha):
            own, other = subjects
            assert judge(frame_of(tiny_service, own, alpha), alpha, own, [other]) is Verdict.GOOD


@pytest.mark.slow
def test_wrong_frames_are_found(tiny_service: RenderService, subjects: list[Subject]) -> None:
    own, other = subjects
    frame = frame_of(tiny_service, own, 0.4)
    for alpha in (0.2, 0.6, 1.0):
        assert judge(frame, alpha, own, [other]) is Verdict.WRONG_ALPHA
    assert judge(frame_of(tiny_service, other, 0.4), 0.4, own, [other]) is Verdict.WRONG_PICTURE
    assert judge(frame[:40], 0.4, own, [other]) is Verdict.DAMAGED
    smaller = replace(own, references=own.references[..., :-1])
    assert judge(frame, 0.4, smaller, []) is Verdict.WRONG_ALPHA


def test_psnr() -> None:
    zeros = np.zeros((4, 4, 3), np.float32)
    assert psnr(zeros, zeros) == float("inf")
    assert psnr(zeros, zeros + 25.5) == pytest.approx(20)
    assert psnr(zeros, zeros[:2]) == float("-inf")


# The table


def test_the_table() -> None:
    quick = Log(latencies=[100.0] * 19 + [500.0], rendering=[100.0] * 20, visits=2, dropped=3)
    quick.verdicts.update({Verdict.GOOD: 20})
    slow = Log(latencies=[300.0] * 10, rendering=[100.0] * 10, stale=1, errors=["ouch"], not_forgotten=4)
    slow.verdicts.update({Verdict.GOOD: 9, Verdict.WRONG_PICTURE: 1})
    pulse = Pulse(
        health=[(0.0, 0.1), (1.0, 1.5), (2.0, 0.2)],
        memory=[(float(second), 1_000_000 * (100 + second)) for second in range(201)],
    )
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in rows_of([quick, slow], pulse)]
    assert [row["person"] for row in rows] == ["1", "2", "all"]
    assert [row["frames"] for row in rows] == ["20", "10", "30"]
    assert [row["frames/s"] for row in rows] == ["0.10", "0.05", "0.15"]
    assert [row["median, ms"] for row in rows] == ["100", "300", "100"]
    assert [row["longest, ms"] for row in rows] == ["500", "300", "500"]
    assert [row["within a round"] for row in rows] == ["95.0%", "0.0%", "63.3%"]
    assert [row["dropped"] for row in rows] == ["3", "0", "3"]
    assert [row["stale"] for row in rows] == ["0", "1", "1"]
    assert [row["wrong"] for row in rows] == ["0", "1", "1"]
    assert [row["errors"] for row in rows] == ["0", "1", "1"]
    note = describe([quick, slow], pulse)
    assert "2 x 100 ms = 200 ms" in note
    assert "longest 1500 ms; 1 above one second" in note
    assert "160 MB after 60 s, 298 MB at the end (+138 MB), at most 300 MB" in note
    assert "still held after their owner had left: 4" in note
    assert "of another picture: 1" in note
    assert "1 x ouch" in note


def test_memory_is_that_of_the_process() -> None:
    before = memory_of(os.getpid())
    with mmap.mmap(-1, 50_000_000) as held:  # new pages, where an array might get pages freed before
        held.write(b"x" * len(held))
        assert 40_000_000 < memory_of(os.getpid()) - before < 150_000_000
    assert memory_of(2**30) == 0
