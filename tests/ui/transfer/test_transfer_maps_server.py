"""What the server functions and endpoints of unlabelled data, letters and words answer, without a browser."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from transfer_map_files import WORDS, write_maps

from dni.ui.transfer.letters import LettersView
from dni.ui.transfer.unlabelled import UnlabelledView
from dni.ui.transfer.words import WordsView

Ask = Callable[..., dict[str, Any]]

INK = base64.b64encode(bytes(200) + bytes([255] * 120) + bytes(464)).decode()
LETTER = {"start": "untrained", "ink": INK}
WORD = {"start": "king", "minus": "man", "plus": "woman", "t": 1.0, "alpha": 0.5}


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Ask a server function as the browser does."""
    folder = tmp_path_factory.mktemp("maps")
    write_maps(folder / "weights")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DNI_WEIGHTS", str(folder / "weights"))
        views = (UnlabelledView(folder), LettersView(), WordsView())
        functions = {function.__name__: function for view in views for function in view.servers()}
        yield lambda name, request: functions[name](request)


def test_pages_open_with_samples_and_what_was_measured(ask: Ask) -> None:
    unlabelled, letters, words = (ask(f"{view}_open", {}) for view in ("unlabelled", "letters", "words"))
    assert len(base64.b64decode(unlabelled["atoms"])) == 11 * 64 * 49
    assert len(base64.b64decode(unlabelled["samples"])) == 10 * 28 * 28
    assert len(base64.b64decode(letters["gallery"])) == len(letters["letters"]) * 28 * 28 == 40 * 28 * 28
    assert [each["report"]["seeds"] for each in (unlabelled, letters, words)] == [3, 3, 3]


def test_a_digit_is_read_at_every_alpha_and_number_of_labels(ask: Ask) -> None:
    reply = ask("unlabelled_read", {"source": "usps", "ink": INK})
    assert np.array(reply["raw"]).shape == (4, 10)
    assert np.array(reply["scores"]).shape == (11, 4, 10)
    assert len(base64.b64decode(reply["pictures"])) == 11 * 28 * 28


def test_what_is_exact_is_also_what_is_read_at_a_prepared_alpha(ask: Ask) -> None:
    reading, exact = ask("letters_read", LETTER), ask("letters_exact", {**LETTER, "alpha": 0.3})
    assert reading["neighbours"][3] == exact["neighbours"]
    assert np.allclose(reading["position"][3], exact["position"], atol=1e-5)
    placed, row = (
        np.frombuffer(base64.b64decode(text), "<i2")
        for text in (ask("letters_map", {"start": "untrained"})["positions"], exact["positions"])
    )
    assert np.array_equal(placed.reshape(11, -1)[3], row)


def test_words_near_a_point(ask: Ask) -> None:
    reply = ask("words_near", {**WORD, "t": 0, "start": " King "})
    assert (reply["words"][0], reply["cosines"][0], reply["given"][0]) == ("king", 1.0, True)
    assert len(reply["words"]) == 12
    assert set(reply["words"]) <= set(WORDS)


@pytest.mark.parametrize(
    ("name", "request_", "words"),
    [
        ("unlabelled_read", {"source": "svhn", "ink": INK}, "'source' as one of mnist, usps"),
        (
            "unlabelled_read",
            {"source": "mnist", "ink": "A" * 5000},
            "1048 letters of ink, but got 5000",
        ),
        ("letters_read", {"start": "untrained", "ink": "!"}, "Expected ink in base64"),
        ("letters_map", {"start": ["untrained"]}, "'start' as one of untrained, classifier"),
        (
            "letters_exact",
            {**LETTER, "alpha": 1.01},
            "a number from 0 to 1, but got 1.01",
        ),
        ("letters_exact", {**LETTER, "alpha": float("nan")}, "Expected a sensible 'alpha'"),
        ("words_near", {**WORD, "start": "x" * 499}, "Expected a word of 1 to 32 letters"),
        ("words_near", {**WORD, "start": "x" * 501}, "'start' with at most 500 characters"),
        ("words_near", {**WORD, "plus": "<b>q\u202e</b>"}, "at least five times in the texts"),
        ("words_near", {**WORD, "plus": None}, "with a text 'plus'"),
        ("words_near", {**WORD, "t": 1e9}, "Expected t between -2 and 2"),
        ("words_near", {**WORD, "alpha": -0.1}, "Expected alpha to be a number from 0 to 1"),
        ("words_near", "king", "Expected a message with named fields"),
    ],
)
def test_a_hostile_request_gets_one_line(ask: Ask, name: str, request_: Any, words: str) -> None:
    error = ask(name, request_)["error"]
    assert words in error
    assert len(error) < 400
    assert error.isprintable()


def test_endpoints_refuse_what_pages_refuse(ask: Ask) -> None:
    assert WordsView().api_words("king", "man", "woman", 0.0, 1.0)["words"][0] == "king"
    with pytest.raises(gr.Error, match="Expected t between -2 and 2"):
        WordsView().api_words("king", "man", "woman", 3.0, 1.0)
    with pytest.raises(gr.Error, match="Expected a picture of a letter, but got none"):
        LettersView().api_letters(None, "untrained", 0.5)
    with pytest.raises(gr.Error, match="number of labels as one of 1, 3, 10, 30, but got 7"):
        UnlabelledView().api_unlabelled("digit.png", "mnist", 7, 0.5)


def test_what_does_not_ship_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNI_WEIGHTS", str(tmp_path))
    functions = {function.__name__: function for function in WordsView().servers()}
    assert "Expected report.json of the view 'words'" in functions["words_open"]({})["error"]
