"""What the Adaptation tab's server functions and endpoints answer, without a browser."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from adaptation_page import EXAMPLE, MEASURES, SNAPSHOTS, write_networks
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from live_view_samples import ship_curves
from PIL import Image

import dni.ui
from dni.cli import main as command_line
from dni.digits.live_view import ALPHAS, DOMAINS, STRENGTHS
from dni.digits.methods import ANCESTOR, METHODS
from dni.pictures.picture import to_pil, to_tensor
from dni.pictures.read import open_picture
from dni.serving.digit_service import DigitService, opaque
from dni.serving.render_service import RenderService, RenderServiceError
from dni.ui.adaptation.component import Answers
from dni.ui.adaptation.tab import ABOUT, choices
from dni.ui.protocol.messages import Message

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "dni/examples"
ASKED = {"method": "dann", "token": EXAMPLE, "strength": 0.5, "alpha": 0.3}


@pytest.fixture(scope="module")
def digit_service(digit_app: tuple[str, DigitService]) -> DigitService:
    return digit_app[1]


@pytest.fixture(scope="module")
def ask(digit_service: DigitService) -> Callable[..., dict[str, Any]]:
    """Ask a server function as the browser does."""
    functions = {function.__name__: function for function in Answers(digit_service).servers()}
    return lambda name, **request: functions[name]({**ASKED, **request})


def numbers(text: str, kind: str, *shape: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), kind).reshape(shape)


def ink_text(ink: np.ndarray) -> str:
    return base64.b64encode(ink.tobytes()).decode("ascii")


def assert_shares(text: str, expected: torch.Tensor) -> None:
    seen = numbers(text, "u1", *expected.shape) / 255
    np.testing.assert_allclose(seen, expected.numpy(), atol=0.5 / 255 + 1e-6)


def assert_positions(text: str, expected: torch.Tensor) -> None:
    seen = numbers(text, "<i2", *expected.shape) / 32767
    np.testing.assert_allclose(seen, expected.clamp(-1, 1).numpy(), atol=1e-4)


def test_desk(ask: Callable[..., dict[str, Any]], digit_service: DigitService) -> None:
    reply, (serial, desk) = ask("desk"), digit_service.open()
    own = digit_service.own(EXAMPLE, 0.5)
    assert (reply["serial"], reply["method"], tuple(reply["alphas"])) == (serial, "dann", ALPHAS)
    assert reply["source"] == {"title": desk.digit_source.title, "isMnist": True}
    assert (tuple(reply["counts"]), reply["measured"]) == ((310, 310), None)
    assert reply["labels"] == desk.labels.tolist()
    assert len(reply["titles"]) == len(reply["notes"]) == len(DOMAINS)
    pixels = torch.from_numpy(numbers(reply["pixels"], "u1", 4, 40, 28, 28, 3).copy())
    assert torch.equal(pixels.permute(0, 1, 4, 2, 3), desk.grid(own))
    assert_shares(reply["probs"], desk.strip("dann", own))
    assert_positions(reply["map"]["positions"], desk.feature_map("dann"))
    assert np.shape(reply["map"]["labels"]) == (2, 150)


def test_exact_and_curves(ask: Callable[..., dict[str, Any]], digit_service: DigitService) -> None:
    serial, desk = digit_service.open()
    own, reply = digit_service.own(EXAMPLE, 0.5), ask("exact")
    assert_shares(reply["probs"], desk.exact_grid("dann", 0.3, own))
    assert_positions(reply["map"], desk.exact("dann", 0.3, own).positions)
    assert tuple(reply["accuracy"]) == desk.accuracy("dann", 0.3, own)
    assert reply["milliseconds"] >= 0
    curve = ask("curve")
    np.testing.assert_allclose(curve["accuracy"], desk.accuracy_curve("dann", own))
    strengths = ask("strengths", strength="not needed")
    assert tuple(strengths["strengths"]) == STRENGTHS
    assert list(strengths["accuracy"]) == ["source", "blend", "adapted"]
    expected = desk.strengths_curve("dann", 0.3, own)
    np.testing.assert_allclose(list(strengths["accuracy"].values()), expected)
    assert {answer["serial"] for answer in (reply, curve, strengths)} == {serial}


def test_draw(ask: Callable[..., dict[str, Any]], digit_service: DigitService) -> None:
    ink = np.zeros((28, 28), np.uint8)
    ink[4:24, 12:16] = 255
    reply, desk = ask("draw", ink=ink_text(ink), colour=[255, 128, 0], strength=0.0), digit_service.open()[1]
    pixels = numbers(reply["pixels"], "u1", 28, 28, 3)
    assert pixels[10, 13].tolist() == [255, 128, 0]
    assert pixels[0, 0].tolist() == [0, 0, 0]
    image = torch.from_numpy(pixels.copy()).permute(2, 0, 1)
    assert_shares(reply["probs"], desk.drawn("dann", image))
    over = numbers(ask("draw", ink=ink_text(ink), colour=[255, 128, 0])["pixels"], "u1", 28, 28, 3)
    assert over[:4].any()  # the picture shows beside the digit


def test_run(ask: Callable[..., dict[str, Any]], digit_service: DigitService) -> None:
    reply = ask("run")
    assert list(reply["iterations"]) == list(SNAPSHOTS)
    assert [set(row) for row in reply["metrics"]] == [{"iteration", *MEASURES}] * 21
    assert_positions(reply["positions"], digit_service.open()[1].dann_run().positions)


@pytest.mark.parametrize(
    ("name", "request_", "text"),
    [
        ("desk", {"method": "magic"}, "Expected one of the methods"),
        ("desk", {"method": None}, "text 'method'"),
        ("desk", {"token": "somebody.else"}, "session has ended"),
        ("desk", {"strength": 2}, "strength from 0 to 1"),
        ("desk", {"strength": "half"}, "number 'strength'"),
        ("exact", {"alpha": 1.5}, "0"),
        ("exact", {"alpha": None}, "number 'alpha'"),
        ("curve", {"token": 7}, "text 'token'"),
        ("strengths", {"alpha": True}, "number 'alpha'"),
        ("draw", {"ink": "???", "colour": [0, 0, 0]}, "ink in base64"),
        ("draw", {"ink": "AAAA", "colour": [0, 0, 0]}, "28x28 bytes"),
        ("draw", {"ink": ink_text(np.zeros(784, np.uint8)), "colour": [0, 0, 256]}, "colour of three"),
        ("draw", {"ink": ink_text(np.zeros(784, np.uint8)), "colour": "red"}, "'colour' as a list"),
    ],
)
def test_errors_are_answers(
    ask: Callable[..., dict[str, Any]], name: str, request_: dict[str, Any], text: str
) -> None:
    reply = ask(name, **request_)
    assert set(reply) == {"error"}
    assert text in reply["error"]


@pytest.mark.parametrize("request_", [None, 7, [], "desk"])
def test_nonsense_is_answered(digit_service: DigitService, request_: Any) -> None:
    answers = Answers(digit_service)
    for function in answers.servers():
        assert "Expected a message with named fields" in function(request_)["error"]


def test_networks_that_are_missing(
    tiny_service: RenderService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DNI_WEIGHTS", str(tmp_path))
    answers = Answers(DigitService(tiny_service, tmp_path))
    assert "source_only" in answers.servers()[0](ASKED)["error"]
    run = answers.run(Message())
    assert (len(run.iterations), len(run.metrics)) == (0, 0)
    assert run.note


def test_what_ships_is_told(
    ask: Callable[..., dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tiny_service: RenderService,
) -> None:
    write_networks(tmp_path)
    curves = ship_curves(tmp_path / "digits")
    seeds = {"mean": {"mnist_m": 0.8, "domain_accuracy": 0.9}, "std": {"mnist_m": 0.02}, "runs": [{}] * 5}
    (tmp_path / "digits" / "report.json").write_text(json.dumps({"methods": {"dann": seeds}}))
    monkeypatch.setenv("DNI_WEIGHTS", str(tmp_path))
    functions = {one.__name__: one for one in Answers(DigitService(tiny_service, tmp_path)).servers()}
    reply, dann = functions["desk"](ASKED), curves["methods"]["dann"]
    facts = reply["measured"]
    assert tuple(reply["counts"]) == (10000, 1000)
    assert facts["seed"] == 0
    assert facts["seeds"] == {"count": 5, "mean": 0.8, "std": 0.02, "domain_accuracy": 0.9}
    assert facts["pictureAlphas"] == curves["picture_alphas"]
    assert (facts["alphas"], facts["inks"]["accuracy"]) == (curves["alphas"], dann["inks"])
    assert facts["brightness"] == {**curves["brightness"], "accuracy": dann["brightness"]}
    accuracy = functions["curve"](ASKED)["accuracy"]
    assert [row[0] for row in (accuracy[0], accuracy[20])] == pytest.approx(
        [dann["mnist"][0], dann["mnist"][2]]
    )
    assert functions["exact"]({**ASKED, "alpha": 1.0})["accuracy"] == pytest.approx(accuracy[20])
    assert functions["desk"]({**ASKED, "method": "coral"})["measured"] is None


def test_every_method_is_described() -> None:
    found = {choice.id: choice for choice in choices()}
    assert set(found) == set(ABOUT) == set(METHODS) - {ANCESTOR}
    assert found["dann"].paper == "https://arxiv.org/abs/1505.07818"
    assert "had no labels" in found["dann"].about
    assert "with the colour digits' labels" in found["target_only"].about
    assert "no labels" not in found["target_only"].about
    groups = [choice.group for choice in choices()]
    assert sorted(groups, key=groups.index) == groups  # those of one heading follow one another


def test_serve_takes_a_folder_of_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started = []

    class App:
        def launch(self, **options: Any) -> None:
            started.append(options["server_port"])

    monkeypatch.setattr(dni.ui, "build_app", lambda data_root: started.append(data_root) or App())
    command_line.serve(port=7999, data_root=tmp_path)
    assert started == [tmp_path, 7999]


# Own pictures


def test_opaque_pictures_lie_on_black() -> None:
    picture = open_picture(EXAMPLES / "cat.png")
    assert opaque(picture) is picture.rgb
    opacity = torch.zeros(1, picture.height, picture.width, dtype=torch.uint8)
    opacity[:, 5] = 128
    seen = opaque(replace(picture, opacity=opacity))
    assert not seen[:, :5].any()
    assert (seen[:, 5].float() - picture.rgb[:, 5].float() * 128 / 255).abs().max() <= 0.5


def test_a_picture_needs_its_token_and_its_session(
    ask: Callable[..., dict[str, Any]], digit_service: DigitService
) -> None:
    sessions = digit_service.service.sessions
    ann, bob = sessions.open("ann"), sessions.open("bob")
    token = digit_service.hold(open_picture(EXAMPLES / "cat.png"), session=ann)
    assert "error" not in ask("desk", token=token, session=ann.token)
    assert "no longer held" in ask("desk", token=token[:-1], session=ann.token)["error"]
    assert "no longer held" in ask("desk", token=token, session=bob.token)["error"]
    assert "session has ended" in ask("desk", token=token)["error"]
    ann.close()
    assert "session has ended" in ask("desk", token=token, session=ann.token)["error"]
    assert "error" not in ask("desk", session=ann.token)  # an example needs none
    with pytest.raises(RenderServiceError):
        digit_service.own(token, 1.0, ann)


# The API


@pytest.fixture(scope="module")
def client(digit_app: tuple[str, DigitService]) -> Client:
    folder = str(Path(os.environ["GRADIO_TEMP_DIR"]) / "digit-client")
    return Client(digit_app[0], verbose=False, download_files=folder)


def test_api_predicts(client: Client, digit_service: DigitService, tmp_path: Path) -> None:
    digit = digit_service.open()[1].grid()[1, 7]
    Image.fromarray(digit.permute(1, 2, 0).numpy()).save(tmp_path / "digit.png")
    answer = client.predict(handle_file(str(tmp_path / "digit.png")), "dann", 0.3, api_name="/digits_predict")
    assert list(answer) == [str(number) for number in range(10)]
    expected = digit_service.open()[1].predict("dann", 0.3, digit[None])[0]
    np.testing.assert_allclose(list(answer.values()), expected, atol=1e-5)


def test_api_predicts_from_any_picture(client: Client, digit_service: DigitService) -> None:
    path = EXAMPLES / "rocket.png"
    answer = client.predict(handle_file(str(path)), "coral", 1, api_name="/digits_predict")
    small = to_tensor(to_pil(open_picture(path).rgb).resize((28, 28), Image.Resampling.LANCZOS))
    expected = digit_service.open()[1].predict("coral", 1.0, small[None])[0]
    np.testing.assert_allclose(list(answer.values()), expected, atol=1e-5)


def test_api_tells_accuracy(client: Client, digit_service: DigitService) -> None:
    answer = client.predict("dann", 0.5, api_name="/digits_accuracy")
    assert tuple(answer) == DOMAINS
    assert tuple(answer.values()) == pytest.approx(digit_service.open()[1].accuracy("dann", 0.5))


@pytest.mark.parametrize(
    ("method", "alpha", "text"),
    [("magic", 0.5, "Expected one of the methods"), ("dann", 7, "alpha to be a number from 0 to 1")],
)
def test_api_refuses(client: Client, method: str, alpha: float, text: str) -> None:
    with pytest.raises(AppError, match=text):
        client.predict(method, alpha, api_name="/digits_accuracy")
    with pytest.raises(AppError, match=text):
        client.predict(handle_file(str(EXAMPLES / "cat.png")), method, alpha, api_name="/digits_predict")


def test_api_refuses_what_is_no_picture(client: Client, tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("no picture")
    with pytest.raises(AppError, match=r"notes\.png is none"):
        client.predict(handle_file(str(tmp_path / "notes.png")), "dann", 0.5, api_name="/digits_predict")
    with pytest.raises(AppError, match="Expected a picture of a digit"):
        client.predict(None, "dann", 0.5, api_name="/digits_predict")
