"""What all tests share."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from command_line import Result, Run, plain
from effects_page import Desk, Gate, tiny_pairs
from hypothesis import settings
from pair_files import make_pair, write_related
from playwright.sync_api import Browser, sync_playwright
from visitors import Visitors

from benchmarks.browser import CHROMIUM, FLAGS
from dni.cli.main import main
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session
from models import RRDBNet
from models.compact import SRVGGNetCompact

# How often an app looks whether there is a job, in seconds: a person does not notice that.
QUEUE_PAUSE = 0.005


def pytest_configure() -> None:
    """Share the cores out among the processes of ``pytest -n``; and time decides no property."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    torch.set_num_threads(max(1, torch.get_num_threads() // workers))
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs Chromium, so that ``-m "not browser"`` leaves it out."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture
def shared() -> Path:
    """The folder of third-party data: ``$DNI_SHARED``, or ``shared`` next to the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("DNI_SHARED") or beside)
    if not folder.is_dir():
        reason = f"Expected the third-party data at {folder}, but it is absent; set DNI_SHARED to its folder."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def tiny_ends(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The files of two related tiny networks of ours whose pictures differ and fill the range."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        ancestor = RRDBNet(num_filters=8, num_blocks=1)
        metadata = {"architecture": "RRDBNet", "num_filters": "8", "num_blocks": "1"}
        return write_related(tmp_path_factory.mktemp("tiny"), ancestor, ancestor.conv_last, metadata)


@pytest.fixture(scope="session")
def page_ends(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """As :func:`tiny_ends`, but of a network that renders in a tenth of the time: a page asks for dozens of
    frames."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        ancestor = SRVGGNetCompact(8, 3)
        last = ancestor.body[-1]
        with torch.no_grad():  # what is added to the pixels is alike: a film has no room for noise
            weight = last.get_parameter("weight")
            weight.copy_(weight[:1].expand_as(weight).clone())
        return write_related(tmp_path_factory.mktemp("page"), ancestor, last, {})


@pytest.fixture(scope="session")
def digits_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few digits in MNIST's files, and a few photographs to put behind them."""
    from digit_files import write_data_root

    return write_data_root(tmp_path_factory.mktemp("data"))


@pytest.fixture
def service(tiny_ends: list[Path]) -> RenderService:
    """A service with the tiny pair, and with the same in the other order."""
    pairs = [make_pair("tiny", tiny_ends), make_pair("reversed", reversed(tiny_ends))]
    return RenderService({pair.id: pair for pair in pairs}, device=torch.device("cpu"), precision="float32")


@pytest.fixture
def ann() -> Session:
    """A session."""
    return Session()


@pytest.fixture
def bob() -> Session:
    """Somebody else's."""
    return Session()


@pytest.fixture
def tiny_catalogue(tmp_path: Path, tiny_ends: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue with the pair "tiny", and nothing that the person who runs the tests has set."""
    monkeypatch.delenv("DNI_WEIGHTS", raising=False)
    ends = [
        {"label": label, "source": {"path": str(path)}}
        for label, path in zip(("calm", "wild"), tiny_ends, strict=True)
    ]
    file = tmp_path / "catalogue.json"
    file.write_text(json.dumps({"pairs": [{"id": "tiny", "title": "A tiny pair", "ends": ends}]}))
    monkeypatch.setenv("DNI_CATALOG", str(file))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line in this process; an exception that it does not turn into a message fails the test."""

    def run(*words: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["dni", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return Result(int(left.value.code or 0), plain(out), plain(err))

    return run


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An empty folder for results."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; without it tests that need it are skipped, but not in CI.

    Not for the whole session: Playwright occupies the thread's event loop while it runs.
    """
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail(f"Expected Chromium at {CHROMIUM}: apt-get install chromium-headless-shell.")
        pytest.skip(f"Chromium is not at {CHROMIUM}.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[RenderService], str]]:
    """Start the app on a service at a free port and give its address; all are stopped in the end."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(tmp_path_factory.mktemp("gradio"))
    from dni.ui import build_app, launch_options

    started = []

    def serve(service: RenderService) -> str:
        app = build_app(service)
        started.append(app)
        options = {"prevent_thread_lock": True, "quiet": True, "server_name": "127.0.0.1", **launch_options()}
        # Gradio looks a thousand times a second whether there is a job: 6 % of a core for each app.
        app._queue.sleep_when_free = QUEUE_PAUSE
        return str(app.launch(**options)[1])

    yield serve
    for app in started:
        app.close(verbose=False)


@pytest.fixture(scope="session")
def tiny_service(page_ends: list[Path], tmp_path_factory: pytest.TempPathFactory) -> RenderService:
    """Tiny networks, in float32 so that a frame is the same wherever and whenever it is rendered."""
    cache = tmp_path_factory.mktemp("cache")
    return RenderService(tiny_pairs(page_ends), device=torch.device("cpu"), precision="float32", cache=cache)


@pytest.fixture(scope="session")
def app(tiny_service: RenderService, serve: Callable[[RenderService], str]) -> str:
    """The address of the app with the tiny networks."""
    return serve(tiny_service)


@pytest.fixture(scope="module")
def visitors(browser: Browser) -> Visitors:
    """Contexts of the browser that the tests of a file share, since a cached page opens in half the time."""
    return Visitors(browser)


@pytest.fixture
def new_desk(visitors: Visitors, tiny_service: RenderService, app: str) -> Iterator[Callable[..., Desk]]:
    """Make pages, each of a person of its own; console errors or requests to outside fail the test."""
    desks: list[Desk] = []

    def new_desk(*, service: RenderService = tiny_service, url: str = app, **options: Any) -> Desk:
        # The slider stands still when the page opens.
        options = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **options}
        desks.append(Desk(visitors.enter(**options), service, url))
        return desks[-1]

    yield new_desk
    visitors.leave()
    assert [problem for desk in desks for problem in desk.problems] == []


@pytest.fixture
def desk(new_desk: Callable[..., Desk]) -> Desk:
    """The app in a browser, not opened yet."""
    return new_desk()


@pytest.fixture
def gate(tiny_service: RenderService, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """What the browser asks of the service, to watch and to delay."""
    return Gate(tiny_service, monkeypatch)


@pytest.fixture(scope="module")
def digit_weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tiny networks of all methods of adaptation, in place of those that we ship."""
    from adaptation_page import write_networks

    folder = tmp_path_factory.mktemp("digit-weights")
    write_networks(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DNI_WEIGHTS", str(folder))
        yield


@pytest.fixture(scope="module")
def new_digit_service(
    digit_weights: None, serve: Callable[[RenderService], str], tiny_service: RenderService
) -> Callable[[Path], tuple[str, Any]]:
    """Start an app on a folder of data: its address, and the room behind its Adaptation tab."""

    def new_digit_service(data_root: Path) -> tuple[str, Any]:
        from dni.serving.digit_service import DigitService

        digit_service = DigitService(tiny_service, data_root)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("dni.ui.app.DigitService", lambda *_: digit_service)
            return serve(tiny_service), digit_service

    return new_digit_service


@pytest.fixture(scope="module")
def digit_app(
    new_digit_service: Callable[[Path], tuple[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Any]:
    """An app that finds some digits in MNIST's files, and few photographs."""
    from adaptation_page import write_digits
    from digit_files import write_photographs

    folder = tmp_path_factory.mktemp("digits")
    write_digits(folder)
    write_photographs(folder, "test", range(3))
    return new_digit_service(folder)


@pytest.fixture
def new_page(new_desk: Callable[..., Desk], digit_app: tuple[str, Any]) -> Callable[..., Any]:
    """Make pages on the Adaptation tab, not opened yet."""
    from adaptation_page import DigitPage

    def new_page(app: tuple[str, Any] = digit_app, **options: Any) -> DigitPage:
        return DigitPage(new_desk(url=app[0], **options), app[1])

    return new_page


@pytest.fixture(scope="session")
def mixing_ends(page_ends: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The files of five related tiny networks."""
    from mixing_page import more_ends

    return more_ends(page_ends, tmp_path_factory.mktemp("more"))


@pytest.fixture(scope="session")
def mixing_app(mixing_ends: list[Path], serve: Callable[[RenderService], str]) -> tuple[str, RenderService]:
    """The address of an app with entries of two to five ends, and its service."""
    from mixing_page import mixing_service

    service = mixing_service(mixing_ends)
    return serve(service), service


@pytest.fixture
def new_mixing(new_desk: Callable[..., Desk], mixing_app: tuple[str, RenderService]) -> Callable[..., Any]:
    """Make pages on the Mixing desk, not opened yet, each of a person of its own."""
    from mixing_page import MixingPage

    def new_mixing(**options: Any) -> MixingPage:
        url, service = mixing_app
        return MixingPage(
            new_desk(service=service, url=url, **{"viewport": {"width": 1280, "height": 1200}, **options})
        )

    return new_mixing


@pytest.fixture
def mixing(new_mixing: Callable[..., Any]) -> Any:
    """The Mixing desk in a browser, opened."""
    return new_mixing().open()
