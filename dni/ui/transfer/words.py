"""The view "Words as a map": the words near ``king + t (woman - man)``, for the Bible, Shakespeare, and
blends of both."""

from __future__ import annotations

import time
from typing import Any

import gradio as gr

from dni.caches import Lazy
from dni.transfer.files import read_report
from dni.transfer.word_vectors import read_words
from dni.ui.errors import errors_shown
from dni.ui.pictures.results import check_alpha
from dni.ui.protocol.messages import Message
from dni.ui.protocol.transfer_maps import WordsOpenReply, WordsReply, WordsRequest
from dni.ui.server_functions import ServerFunction, answering

__all__ = ["WordsView"]

VIEW = "words"
SHOWN = 12


class WordsView:
    """See :class:`dni.ui.transfer.view.TransferView`."""

    name = VIEW
    title = "Words as a map"

    def __init__(self) -> None:
        self.live = Lazy(read_words)

    def servers(self) -> list[ServerFunction]:
        return [answering(Message, self.words_open), answering(WordsRequest, self.words_near)]

    def start(self) -> dict[str, Any]:
        return {}

    def words_open(self, _: Message) -> WordsOpenReply:
        """What was measured."""
        return WordsOpenReply(report=read_report(VIEW))

    def words_near(self, asked: WordsRequest) -> WordsReply:
        """The nearest words, by the blended vectors themselves."""
        started = time.perf_counter()
        found = self.live.get().neighbours(
            asked.start, asked.minus, asked.plus, t=asked.t, alpha=check_alpha(asked.alpha), count=SHOWN
        )
        return WordsReply(
            words=[each.word for each in found],
            cosines=[round(each.cosine, 4) for each in found],
            given=[each.given for each in found],
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
        )

    def build_endpoints(self) -> None:
        """``/transfer_words``."""
        start, minus, plus = (
            gr.Textbox(word, label=label)
            for label, word in (("start", "king"), ("minus", "man"), ("plus", "woman"))
        )
        t, alpha = gr.Number(1.0, label="t"), gr.Number(0.5, label="alpha")
        gr.Button().click(
            self.api_words,
            [start, minus, plus, t, alpha],
            [gr.JSON(label="result")],
            api_name="transfer_words",
        )

    def api_words(self, start: str, minus: str, plus: str, t: float, alpha: float) -> dict[str, Any]:
        """The words nearest to start + t (plus - minus), with their cosines; alpha is Shakespeare's share."""
        with errors_shown():
            fields = {"start": start, "minus": minus, "plus": plus, "t": t, "alpha": alpha}
            return self.words_near(WordsRequest.parse(fields)).to_dict()
