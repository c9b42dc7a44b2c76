"""What the server functions and endpoints of the Transfer tab answer, without a browser."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from transfer_files import transfer_root

from dni.catalog.bundled import weights_folder
from dni.transfer.teacher import ALPHAS
from dni.ui.server_functions import ServerFunction
from dni.ui.transfer.component import ANSWERED_AT_ONCE, build_component
from dni.ui.transfer.depth import DepthView
from dni.ui.transfer.tab import transfer_views
from dni.ui.web_component import WEB

Ask = Callable[..., dict[str, Any]]

INK = base64.b64encode(bytes(28 * 28)).decode()
TEACHER = {"hidden": 3, "alpha": 0.5, "bias": 2.0, "ink": INK}
DEPTH = {"cut": 1, "alphas": {"conv1": 0.5, "above": 1}, "measure": True}


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with transfer_root(tmp_path_factory.mktemp("transfer")) as folder:
        yield folder


@pytest.fixture(scope="module")
def ask(data_root: Path) -> Ask:
    """Ask a server function as the browser does."""
    views = transfer_views(data_root)
    functions = {function.__name__: function for view in views for function in view.servers()}
    return lambda name, request: functions[name](request)


def test_the_page_opens_with_samples_and_what_was_measured(ask: Ask) -> None:
    for view, count in (("teacher", 200), ("depth", 100)):
        reply = ask(f"{view}_open", {})
        assert reply["source"] == {"title": "MNIST's test digits", "isMnist": True, "count": count}
        assert len(base64.b64decode(reply["pixels"])) == 28 * 28 * len(reply["labels"])
        assert reply["report"]["seeds"] == 3


def test_what_is_exact_is_also_what_is_read_at_a_measured_alpha(ask: Ask) -> None:
    reading = ask("teacher_read", {"hidden": 3, "ink": INK})
    exact = ask("teacher_exact", TEACHER)
    assert np.allclose(reading["students"][ALPHAS.index(0.5)], exact["logits"], atol=1e-5)
    assert 0 <= exact["accuracy"]["hidden"] <= 1


def test_a_pair_is_read_and_measured(ask: Ask) -> None:
    reply = ask("depth_read", DEPTH)
    assert set(reply["answers"]) <= {5, 6, 7, 8, 9}
    assert 0 <= reply["accuracy"] <= 1
    assert ask("depth_read", {**DEPTH, "measure": False})["accuracy"] is None


@pytest.mark.parametrize(
    ("name", "request_", "words"),
    [
        ("teacher_read", {"hidden": 3, "ink": "A" * 5000}, "at most 1048 letters of ink, but got 5000"),
        ("teacher_read", {"hidden": 3, "ink": "AAAA"}, "Expected 28x28 bytes of ink, but got 3 bytes"),
        ("teacher_read", {"hidden": 3, "ink": "!"}, "Expected ink in base64"),
        ("teacher_exact", {**TEACHER, "hidden": 1e8}, "Expected a hidden digit out of 1, 3"),
        ("teacher_exact", {**TEACHER, "alpha": float("nan")}, "Expected a sensible 'alpha'"),
        ("teacher_exact", {**TEACHER, "bias": 1e6}, "Expected bias from 0 to 12"),
        ("teacher_exact", [], "Expected a message with named fields"),
        ("depth_read", {**DEPTH, "cut": -1}, "Expected a cut after layer 1 to 4, but got -1"),
        ("depth_read", {**DEPTH, "alphas": {str(n): 0 for n in range(2000)}}, "'alphas' as an object"),
        ("depth_read", {**DEPTH, "alphas": {"conv1": "0"}}, "number 'alphas.conv1'"),
        ("depth_read", {**DEPTH, "measure": 1}, "Expected 'measure' as true or false"),
    ],
)
def test_a_hostile_request_gets_one_line(ask: Ask, name: str, request_: Any, words: str) -> None:
    reply = ask(name, request_)
    assert words in reply["error"]
    assert len(reply["error"]) < 400


def test_the_endpoint_of_how_deep(data_root: Path) -> None:
    view = DepthView(data_root)
    found = view.api_depth(1, {"conv1": 0.5, "above": 1.0})
    assert found["accuracy"] is not None
    with pytest.raises(gr.Error, match="Expected an alpha for each of conv1, above"):
        view.api_depth(1, {"above": 1.0})


class Crowded:
    """A view that notes how many are in it at once."""

    name, title = "teacher", "Crowded"

    def __init__(self) -> None:
        self.inside, self.most, self.threads = 0, 0, set[str]()
        self.lock = threading.Lock()

    def servers(self) -> list[ServerFunction]:
        return [self.read]

    def read(self, _: object) -> dict[str, Any]:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.threads.add(threading.current_thread().name)
        time.sleep(0.01)
        with self.lock:
            self.inside -= 1
        return {}

    def build_endpoints(self) -> None:
        """None."""

    def start(self) -> dict[str, Any]:
        return {}


def test_however_many_ask_few_are_answered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """And none in the threads in which Gradio answers for the page and its files."""
    view, given = Crowded(), []
    monkeypatch.setattr(
        "dni.ui.transfer.component.web_component", lambda _, functions, **__: given.extend(functions)
    )
    build_component([view])

    async def crowd() -> None:
        await asyncio.gather(*(given[0]({}) for _ in range(40)))

    asyncio.run(crowd())
    assert view.most == ANSWERED_AT_ONCE
    assert all(name.startswith("transfer") for name in view.threads)


@pytest.mark.parametrize("view", ["teacher", "depth", "letters"])
def test_sentences_name_what_the_shipped_report_has(view: str) -> None:
    html = (WEB / "transfer" / "views" / f"{view}.html").read_text(encoding="utf-8")
    paths = re.findall(r'data-measured="([^"]*)"', html)
    assert paths
    report = json.loads((weights_folder() / "transfer" / view / "report.json").read_text(encoding="utf-8"))
    for path in paths:
        found: Any = report
        for name in path.split("."):
            found = found[int(name) if isinstance(found, list) else name]
        assert found.keys() == {"mean", "deviation"}, path
