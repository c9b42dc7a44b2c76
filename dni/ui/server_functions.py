"""Wraps Python functions as server functions: errors become messages, slow ones get their own threads."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from dni.errors import DniError
from dni.rendering.control import Cancelled
from dni.serving.regions import Frame
from dni.serving.render_service import RenderService
from dni.serving.scheduling.scheduler import Superseded
from dni.ui.errors import page_text
from dni.ui.protocol.frames import BeforeRequest, FrameReply, OverviewRequest, PictureReply
from dni.ui.protocol.messages import Message

__all__ = ["ServerFunction", "answering", "apart", "encode", "frame_reply", "view_servers"]

# Requests for frames that wait at once, of all people; each is a thread that sleeps.
MAX_WAITING = 64

M = TypeVar("M", bound=Message)
Answer = dict[str, Any]
ServerFunction = Callable[[Any], Answer]


def answering(request_type: type[M], function: Callable[[M], Message]) -> ServerFunction:
    """What Gradio calls with a request that may be anything: parses it, and gives the reply as JSON.

    An error of ours becomes ``{"error": text}``, which the page shows while it keeps its picture; what nobody
    waits for any more becomes ``{"dropped": True}``.
    """

    def answer(request: Any) -> Answer:
        try:
            return function(request_type.parse(request)).to_dict()
        except (Superseded, Cancelled):
            return {"dropped": True}
        except DniError as error:
            return {"error": page_text(error)}
        except Exception as error:
            logging.getLogger(__name__).exception("A request of the viewer failed")
            return {"error": f"This went wrong on our side ({type(error).__name__}). Try again."}

    answer.__name__ = function.__name__
    return answer


def apart(
    function: ServerFunction, threads: ThreadPoolExecutor | None = None
) -> Callable[[Any], Awaitable[Answer]]:
    """Call ``function`` in other threads than Gradio's, by default in some of its own.

    Gradio calls server functions in the forty threads that also answer for the page and its files: people
    who wait for a slot to render, or for one another, would stop those.
    """
    threads = threads or ThreadPoolExecutor(MAX_WAITING, thread_name_prefix=function.__name__)

    async def answer(request: Any) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(threads, function, request)

    answer.__name__ = function.__name__
    return answer


def encode(jpeg: bytes) -> str:
    return base64.b64encode(jpeg).decode("ascii")


def frame_reply(made: Frame) -> FrameReply:
    return FrameReply(
        jpeg=encode(made.jpeg), milliseconds=round(made.milliseconds, 1), notice=page_text(made.notice)
    )


def view_servers(service: RenderService) -> list[ServerFunction]:
    """The functions of both viewers: the enlargement to compare with, and the picture as it was given."""

    def before(asked: BeforeRequest) -> PictureReply:
        session = service.sessions.find(asked.session)
        return PictureReply(
            jpeg=encode(service.before(asked.token, asked.pair, asked.region, session=session))
        )

    def overview(asked: OverviewRequest) -> PictureReply:
        session = service.sessions.find(asked.session)
        return PictureReply(jpeg=encode(service.overview(asked.token, asked.region, session=session)))

    return [answering(BeforeRequest, before), answering(OverviewRequest, overview)]
