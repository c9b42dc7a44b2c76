"""The view "How deep?": which layers of one task serve another one, and how much of them must change."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import gradio as gr

from dni.caches import Lazy
from dni.digits.data.digit_sources import find_digit_source
from dni.transfer.depth import CUTS, KINDS, LABEL_COUNTS, LIVE_COUNT, DepthLive
from dni.ui.errors import errors_shown
from dni.ui.protocol.messages import Message
from dni.ui.protocol.transfer_depth import DepthOpenReply, DepthReadReply, DepthReadRequest
from dni.ui.server_functions import ServerFunction, answering
from dni.ui.transfer.ink import first_samples
from models.transfer import LAYERS

__all__ = ["DepthView"]


class DepthView:
    """See :class:`dni.ui.transfer.view.TransferView`.

    Args:
        data_root: The folder with ``MNIST/raw``.
    """

    name = "depth"
    title = "How deep?"

    def __init__(self, data_root: Path | None = None) -> None:
        self.live = Lazy(lambda: DepthLive(find_digit_source(data_root)))

    def servers(self) -> list[ServerFunction]:
        return [answering(Message, self.depth_open), answering(DepthReadRequest, self.depth_read)]

    def start(self) -> dict[str, Any]:
        return {
            "cuts": CUTS,
            "counts": LABEL_COUNTS,
            "liveCount": LIVE_COUNT,
            "kinds": KINDS,
            "layers": LAYERS,
        }

    def depth_open(self, _: Message) -> DepthOpenReply:
        """The samples, and what was measured."""
        return DepthOpenReply(**first_samples(self.live.get()))

    def depth_read(self, asked: DepthReadRequest) -> DepthReadReply:
        """What a pair reads, blended layer by layer."""
        started = time.perf_counter()
        found = self.live.get().read(asked.cut, asked.alphas, measure=asked.measure)
        return DepthReadReply(
            answers=found.answers,
            accuracy=found.accuracy,
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
        )

    def build_endpoints(self) -> None:
        """``/transfer_depth``."""
        cut, alphas = gr.Number(CUTS[-1], label="cut"), gr.JSON(label="alphas")
        gr.Button().click(
            self.api_depth,
            [cut, alphas],
            [gr.JSON(label="result")],
            api_name="transfer_depth",
            concurrency_limit=2,
        )

    def api_depth(self, cut: float, alphas: Any) -> dict[str, float | None]:
        """Accuracy on the digits 5 to 9 of the pair of a cut; ``alphas`` is {"conv1": 0.5, ..., "above": 1}.

        Each layer below the cut has an alpha, and all layers above it have one, "above": 0 is the network
        with frozen layers of 0 to 4 (AnB), 1 the one whose layers were trained on (AnB+).
        """
        with errors_shown():
            asked = DepthReadRequest.parse({"cut": cut, "alphas": alphas, "measure": True})
            return {"accuracy": self.depth_read(asked).accuracy}
