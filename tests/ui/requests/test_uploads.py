"""No endpoint opens a path that it was told, or lets on whether there is such a file."""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio.utils import get_upload_folder
from PIL import Image

from dni.errors import DniError
from dni.examples import example_paths
from dni.serving.render_service import RenderService
from dni.ui import build_app
from dni.ui.requests.uploads import REFUSED, keep_uploads_private, received_path

SHORT = {"text", "path", "file", "list of paths", "list of files"}  # shapes that reach a handler
META = {"_type": "gradio.FileData"}
# Components whose values are a text or a number: two shapes are enough for them.
PLAIN = {"textbox", "number", "checkbox", "radio", "dropdown", "slider"}
# Components whose values are JSON of ours: what is no message of ours is refused before anything is read.
OURS = {"html", "state", "json"}
FEW = {"text", "path"}
SHAPES_OF_OURS = {*FEW, "scene", "scene with picture"}
REGION = {"left": 0, "top": 0, "width": 16, "height": 16}
# What a page tells, so that a handler gets as far as the file that it is told with it.
SCENE = {
    **{"token": "example-cat", "pair": "tiny", "alpha": 0.5, "whole": "", "estimate": "", "example": "cat"},
    "prepares": False,
    **{"serial": "one", "name": "cat.png", "scale": 4, "labels": ["calm", "wild"], "live_pixels": 1000},
    **{"mix": {"shares": [0.5, 0.5]}, "seen": REGION, "region": REGION, "groups": [], "mask": None},
    **{"width": 168, "height": 112, "against": "none", "kind": "detail", "method": "dann", "strength": 1.0},
    **{"base": None, "ahead": False, "rank": "live", "png": "", "ink": "", "colour": [0, 0, 0]},
    "session": "",
}


@dataclass
class Watch:
    """The paths of a folder that this process opens."""

    folder: str
    opened: list[str] = field(default_factory=list)
    active: bool = True

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.active and event in {"open", "os.listdir", "os.scandir"}:
            path = arguments[0]
            if isinstance(path, str | bytes | os.PathLike) and os.fsdecode(path).startswith(self.folder):
                self.opened.append(os.fsdecode(path))


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Watch]:
    """A folder with a picture, of which every look into it is noted."""
    Image.new("RGB", (16, 16), (77, 77, 77)).save(tmp_path / "picture.png")
    (tmp_path / "folder").mkdir()
    watch = Watch(str(tmp_path))
    sys.addaudithook(watch)
    yield watch
    watch.active = False  # a hook cannot be taken away


def shapes(path: str, session: str = "") -> dict[str, Any]:
    """What a request may put in the place of a file."""
    scene = {**SCENE, "session": session}
    return {
        "text": path,
        "path": {"path": path},
        "file": {"path": path, "meta": META},
        "file with url": {"path": path, "url": path, "orig_name": "a.png", "meta": META},
        "url": {"path": "a.png", "url": f"file://{path}"},
        "only url": {"url": path},
        "list of text": [path],
        "list of paths": [{"path": path}],
        "list of files": [{"path": path, "meta": META}],
        "value": {"value": {"path": path}},
        "update": {"__type__": "update", "value": {"path": path}},
        "old file": {"name": path, "is_file": True, "data": None},
        "scene": {**scene, "token": path, "pair": path, "mask": path},
        "scene with picture": {**scene, "picture": {"path": path}, "png": path},
        "through the uploads": {"path": f"{get_upload_folder()}/..{'/..' * 9}{path}"},
    }


def call(url: str, client: httpx.Client, function: int, data: list[Any], event_data: Any = None) -> str:
    """What somebody learns from an event of the page: whether it worked, and every text."""
    body = {"data": data, "fn_index": function, "session_hash": uuid.uuid4().hex, "event_data": event_data}
    joined = client.post(f"{url}gradio_api/queue/join", json=body)
    if joined.status_code != 200:
        return joined.text
    told = []
    address = f"{url}gradio_api/queue/data?session_hash={body['session_hash']}"
    with client.stream("GET", address) as stream:
        for line in stream.iter_lines():
            message = json.loads(line.removeprefix("data: ")) if line else {}
            if message.get("msg") == "log":
                told.append(message["log"])
            if message.get("msg") == "process_completed":
                told += [str(message["success"]), str(message["output"].get("error"))]
            if message.get("msg") in {"process_completed", "close_stream", "unexpected_error"}:
                break
    return " ".join(told)


def told(answer: str, path: str) -> str:
    """An answer without the path, of which messages on the page say only the name."""
    return answer.replace(path, "<path>").replace(Path(path).name, "<path>")


def events_of(url: str) -> list[tuple[int, str, list[Any], list[str]]]:
    """All events that have inputs, public and private: number, name, ordinary values, types of components."""
    config = httpx.get(f"{url}config").json()
    components = {component["id"]: component for component in config["components"]}

    def ordinary(number: int) -> Any:
        component = components[number]
        is_scene = component["props"].get("elem_id") in {"viewer", "desk"}
        return SCENE if is_scene else component["props"].get("value")

    return [
        (
            event["id"],
            str(event["api_name"]),
            [ordinary(number) for number in event["inputs"]],
            [components[number]["type"] for number in event["inputs"]],
        )
        for event in config["dependencies"]
        if event["inputs"] and event["backend_fn"]
    ]


def shapes_for(component: str, *, whole: bool, link: bool) -> set[str]:
    """Which shapes are worth a request: all of them for files, where the path is there."""
    if component in PLAIN or link:
        return FEW
    if component in OURS:
        return SHAPES_OF_OURS if whole else FEW
    return set(shapes("/")) if whole else SHORT


@pytest.mark.slow
def test_no_event_opens_a_path_that_it_was_told(
    digit_app: tuple[str, Any], private: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every request reaches its event.
    monkeypatch.setattr("dni.ui.requests.guard.request_guard.TokenBuckets.take", lambda *_: True)
    monkeypatch.setattr("dni.ui.requests.guard.request_guard.TokenBuckets.owe", lambda *_: 0.0)
    url = digit_app[0]
    link = Path(get_upload_folder(), "link.png")
    link.symlink_to(Path(private.folder, "picture.png"))
    events = events_of(url)
    public = httpx.get(f"{url}gradio_api/info").json()["named_endpoints"]
    assert {name.strip("/") for name in public} <= {name for _, name, *_ in events}
    assert len(events) >= 20
    there, missing = (str(Path(private.folder, name)) for name in ("picture.png", "missing.png"))
    requests = [
        (name, function, [*values[:place], shape, *values[place + 1 :]], (label, place), path)
        for function, name, values, types in events
        for place in range(len(values))
        for path in (there, missing, str(link))
        for label, shape in shapes(path).items()
        if label in shapes_for(types[place], whole=path == there, link=path == str(link))
    ]
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda request: call(url, client, *request[1:3], SCENE), requests))
    assert private.opened == []
    assert not any("Too many jobs" in answer for answer in answers)
    answered: dict[Any, set[str]] = {}
    for (name, _, data, label, path), answer in zip(requests, answers, strict=True):
        others = str([value for value in data if path not in str(value)])
        answered.setdefault((name, label, others), set()).add(told(answer, path))
    assert {key: texts for key, texts in answered.items() if len(texts) > 1} == {}


def api_error(client: httpx.Client, name: str, data: list[Any]) -> Any:
    """What an endpoint says of values that it cannot take."""
    asked = client.post(f"/gradio_api/call{name}", json={"data": data}).json()
    answer = client.get(f"/gradio_api/call{name}/{asked['event_id']}").text
    assert answer.startswith("event: error\n"), (name, data, answer)
    return json.loads(answer.partition("data: ")[2])["error"]


def test_every_endpoint_says_in_one_sentence_that_it_takes_no_such_file(
    digit_app: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dni.ui.requests.guard.request_guard.TokenBuckets.take", lambda *_: True)
    url = digit_app[0]
    endpoints = httpx.get(f"{url}gradio_api/info").json()["named_endpoints"]
    link, fetched = "http://127.0.0.1:9/private.png", []
    monkeypatch.setattr("gradio.processing_utils.async_ssrf_protected_get", fetched.append)
    refused = [
        {"path": "HTTPS://example.com/large.png", "meta": META},
        {"path": link, "meta": META},
        {"path": "http://169.254.169.254/latest", "url": link, "meta": META},
        {"path": "ftp://127.0.0.1/a.png", "meta": META},
        {"path": "/etc/hostname", "meta": META},
        {"path": "/etc/hostname"},
        {"path": "", "url": link, "meta": META},
        {"url": link, "meta": META},
    ]
    texts, places = set(), 0
    with httpx.Client(base_url=url, timeout=60) as client:
        for name, endpoint in endpoints.items():
            parameters = endpoint["parameters"]
            values = [parameter.get("parameter_default") for parameter in parameters]
            for place, parameter in enumerate(parameters):
                if parameter["component"] not in {"Image", "File"}:
                    continue
                places += 1
                for file in refused:
                    given = [file, file] if parameter["type"].get("type") == "array" else file
                    texts.add(api_error(client, name, [*values[:place], given, *values[place + 1 :]]))
            if parameters:  # and of values that are missing, too
                assert api_error(client, name, []), name
    assert places >= 5
    assert texts == {REFUSED}
    assert fetched == []


def test_nobody_gets_past_the_queue(digit_app: tuple[str, Any]) -> None:
    """Gradio's ``/run/`` would call any function at once, as often as somebody likes."""
    answer = httpx.post(f"{digit_app[0]}gradio_api/run/blend", json={"data": ["tiny", 0.5]}, timeout=60)
    assert answer.status_code >= 400
    assert "safetensors" not in answer.text


@pytest.mark.slow
def test_no_server_function_opens_a_path_that_it_was_told(digit_app: tuple[str, Any], private: Watch) -> None:
    url, session = digit_app[0], digit_app[1].service.sessions.open("page").token
    components = httpx.get(f"{url}config").json()["components"]
    functions = [
        (component["id"], name)
        for component in components
        for name in component["props"].get("server_fns") or ()
    ]
    assert len(functions) >= 15
    with httpx.Client(timeout=60) as client:
        for component, name in functions:
            texts = set()
            for path in (str(Path(private.folder, "picture.png")), str(Path(private.folder, "missing.png"))):
                inks = {**SCENE, "ink": path, "png": path, "session": session}
                for shape in (*shapes(path, session).values(), inks, {**SCENE, "session": path}):
                    body = {"session_hash": "a", "component_id": component, "fn_name": name, "data": shape}
                    answer = client.post(f"{url}gradio_api/component_server", json=body)
                    texts.add(answer.text) if shape == path else None
            assert len({text.replace("picture", "missing") for text in texts}) <= 1, name
    assert private.opened == []


def test_programs_keep_uploads_in_a_folder_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", "/chosen")
    keep_uploads_private()
    assert os.environ["GRADIO_TEMP_DIR"] == "/chosen"
    monkeypatch.delenv("GRADIO_TEMP_DIR")
    keep_uploads_private()
    folder = Path(get_upload_folder())
    assert (folder.is_dir(), folder.stat().st_mode & 0o777, list(folder.iterdir())) == (True, 0o700, [])
    folder.rmdir()


def test_uploads_and_examples_are_received(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    upload = tmp_path / "uploads" / "a" / "photo.png"
    upload.parent.mkdir(parents=True)
    upload.write_bytes(b"a picture")
    assert received_path(str(upload)) == upload
    example = example_paths()[0][0]
    assert received_path(example) == example.resolve()


@pytest.mark.parametrize(
    "kind", ["outside", "missing", "folder", "link", "loop", "null", "long", "number", "up"]
)
def test_all_else_is_refused_in_the_same_words(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads, outside = tmp_path / "uploads", tmp_path / "outside.png"
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(uploads))
    uploads.mkdir()
    outside.write_bytes(b"private")
    (uploads / "link.png").symlink_to(outside)
    (uploads / "loop.png").symlink_to(uploads / "loop.png")
    path: Any = {
        "outside": outside,
        "missing": uploads / "missing.png",
        "folder": uploads,
        "link": uploads / "link.png",
        "loop": uploads / "loop.png",
        "null": f"{uploads}/a\0b",
        "long": f"{uploads}/{'a' * 5000}",
        "number": 3,
        "up": f"{uploads}/../outside.png",
    }[kind]
    with pytest.raises(DniError, match=r"^Expected a file that was uploaded to this app, but got something"):
        received_path(path)


def test_an_example_that_somebody_uploads_stays_for_all(
    tiny_service: RenderService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradio stores equal uploads once, and they go with the session; examples are no uploads."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    build_app(tiny_service)
    assert list(tmp_path.rglob("*.png")) == []
    own = tmp_path / "b" / "own.png"
    own.parent.mkdir()
    own.write_bytes(b"a picture")
    os.utime(own, (0, 0))
    with tiny_service.sessions.open("somebody") as session:
        assert received_path(str(own), session) == own
    assert not own.exists()
