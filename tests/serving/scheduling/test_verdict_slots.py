"""The verdict takes turns, so that whoever drags a slider waits for one run of a network at most."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
import torch
from torch import Tensor

from dni.checkpoints.probe import PROBE_SIDES
from dni.compatibility.verdict import inspect_networks
from dni.pictures.picture import Picture
from dni.rendering.control import RenderControl
from dni.serving.render_service import RenderService
from dni.serving.scheduling.scheduler import Priority, Scheduler
from dni.serving.sessions import Session
from dni.ui.mixing.handlers import MixingHandlers
from dni.ui.mixing.scene import build_scene
from dni.ui.mixing.verdict_panel import inspect_in_slot
from models import RRDBNet

PATIENCE = 30


class Slots:
    """Counts slots, and the runs of a network in each and in none; not those of loading, on a few pixels."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs: list[int] = []
        self.outside = 0
        self.inside = False
        run = RRDBNet.forward

        def forward(network: RRDBNet, image: Tensor) -> Tensor:
            if self.inside:
                self.runs[-1] += 1
            elif image.shape[-1] > PROBE_SIDES[0]:
                self.outside += 1
            return run(network, image)

        monkeypatch.setattr(RRDBNet, "forward", forward)

    @contextmanager
    def slot(self) -> Iterator[None]:
        assert not self.inside, "slots are not to be nested"
        self.inside = True
        self.runs.append(0)
        yield
        self.inside = False


@pytest.mark.parametrize(("count", "pictures"), [(2, 3), (3, 7)])
def test_every_run_has_a_slot_of_its_own(
    tiny_ends: list[Path], monkeypatch: pytest.MonkeyPatch, count: int, pictures: int
) -> None:
    """Ends, every two ends' midpoint and the centre, and two runs that tell what a pixel takes."""
    slots = Slots(monkeypatch)
    paths = [*tiny_ends, tiny_ends[0]][:count]
    inspect_networks(paths, catalog={}, device=torch.device("cpu"), control=RenderControl(slot=slots.slot))
    assert slots.outside == 0
    assert max(slots.runs) == 1
    assert sum(slots.runs) == pictures + 2


def test_without_slots_the_verdict_is_the_same(
    tiny_ends: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = inspect_networks(tiny_ends, catalog={}, device=torch.device("cpu"))
    slots = Slots(monkeypatch)
    assert plain == inspect_networks(
        tiny_ends, catalog={}, device=torch.device("cpu"), control=RenderControl(slot=slots.slot)
    )


# In the app


class Watched(Scheduler):
    """Notes who had a turn, and lets another person ask for one while the first of the verdict's runs."""

    def __init__(self, judge: Session) -> None:
        super().__init__()
        self.judge = judge
        self.had: list[tuple[object, Priority]] = []
        self.dragging: Future[None] | None = None
        self._people = ThreadPoolExecutor(1)

    @contextmanager
    def slot(self, owner: Any, priority: Priority, **options: Any) -> Iterator[None]:
        with super().slot(owner, priority, **options):
            self.had.append((owner, priority))
            if self.dragging is None and owner == self.judge.key:
                self.dragging = self._people.submit(self.drag)
                self.wait_for("dragger")
            yield

    def drag(self) -> None:
        with self.slot("dragger", Priority.LIVE):
            pass

    def wait_for(self, owner: str) -> None:
        waiting = threading.Event()
        for _ in range(PATIENCE * 1000):
            if self.count(owner):
                return
            waiting.wait(0.001)
        pytest.fail(f"{owner} never asked")


def test_a_person_who_drags_comes_after_one_run(
    service: RenderService, tiny_ends: list[Path], ann: Session
) -> None:
    scheduler = service.queue.scheduler = Watched(ann)
    found = inspect_in_slot(service, tiny_ends, session=ann, labels=("one", "other"))
    assert scheduler.had[:2] == [(ann.key, Priority.EXPORT), ("dragger", Priority.LIVE)]
    assert set(scheduler.had[2:]) == {(ann.key, Priority.EXPORT)}
    assert [facts.name for facts in found.evidence.networks] == ["one", "other"]


def test_a_page_that_is_closed_gets_no_verdict(service: RenderService) -> None:
    tab, request = MixingHandlers(service), SimpleNamespace(session_hash="left")
    session, waiting = service.sessions.open("left"), threading.Event()
    service.keep("example-cat", Picture(torch.zeros(3, 30, 40, dtype=torch.uint8), None, "cat"))
    asked = {"mix": {"shares": [0.5, 0.5]}, "seen": {"left": 0, "top": 0, "width": 40, "height": 30}}
    scene = {**build_scene(service, session, token="example-cat", pair_id="tiny").to_dict(), **asked}
    with ThreadPoolExecutor(1) as pool, service.scheduler.slot("somebody", Priority.LIVE):
        judged = pool.submit(tab.judge, "tiny", scene, request)
        while not service.scheduler.count(session.key) and not judged.done():
            waiting.wait(0.001)
        service.sessions.close("left")
        assert judged.result(PATIENCE) == (gr.skip(), gr.skip())
    html, _ = tab.judge("tiny", scene, request)
    assert 'class="verdict' in html
