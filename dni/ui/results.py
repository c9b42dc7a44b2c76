"""The results to take away: buttons below the viewer, and the same two jobs as named API endpoints."""

from __future__ import annotations

import os
import re
import tempfile
import threading
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import ImageData

from dni.errors import DniError
from dni.images import Picture, open_picture
from dni.render import Cancelled
from dni.studio import Studio
from dni.ui.errors import afterwards, errors_shown, notify
from dni.ui.gpu import GpuJobs
from dni.ui.live import chosen
from dni.ui.start import MIDDLE

__all__ = ["Results", "build_endpoints", "build_results", "picture_input"]


def picture_input(**options: Any) -> gr.Image:
    """A ``gr.Image`` that hands over the file as it was uploaded, for :mod:`dni.images` to judge.

    Not a subclass: gradio would write a stub file next to this one.
    """
    image = gr.Image(type="filepath", image_mode=None, **options)

    def path_of(payload: ImageData | None) -> str | None:
        return payload.path if payload else None

    image.preprocess = path_of  # type: ignore[method-assign]
    return image


class Results:
    """The handlers; what to render is the viewer's scene at the moment of the click."""

    def __init__(self, studio: Studio, jobs: GpuJobs) -> None:
        self.studio = studio
        self.jobs = jobs
        self.cancellations: dict[str, threading.Event] = {}

    def ask(self, scene: Any, request: gr.Request) -> tuple[Any, ...]:
        """Note what was asked for, and put the cancel button in the place of the render button."""
        self.cancellations[str(request.session_hash)] = threading.Event()
        return scene, gr.Button(visible=False), gr.Button(visible=True), gr.File(None, visible=True)

    def save_picture(
        self,
        scene: Any,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - this is how gradio hands it over
    ) -> Any:
        """Render everything, with progress; the cancel button stops it."""

        def report(done: int, total: int) -> None:
            progress((done, total), desc="Rendering", unit="tiles")

        cancelled = self.cancellations.get(str(request.session_hash))
        with errors_shown():
            asked = chosen(scene)
            picture = self.studio.picture(asked.token)
            try:
                return gr.File(self.export(picture, asked.pair, asked.alpha, report, cancelled), visible=True)
            except Cancelled:
                notify("Cancelled: nothing was written.")
        return gr.File(None, visible=False)

    def cancel(self, request: gr.Request) -> Any:
        if cancelled := self.cancellations.get(str(request.session_hash)):
            cancelled.set()
        return gr.Button("Cancelling…", interactive=False)

    def finish(self, request: gr.Request) -> tuple[Any, ...]:
        """Whatever came of it: the render button is back."""
        self.cancellations.pop(str(request.session_hash), None)
        return gr.Button(visible=True), gr.Button("Cancel", visible=False, interactive=True)

    def save_network(self, scene: Any) -> Any:
        with errors_shown():
            asked = chosen(scene)
        return gr.File(self.api_blend(asked.pair, asked.alpha), visible=True)

    def leave(self, owner: str) -> None:
        """Stop what a person who has left was waiting for."""
        if cancelled := self.cancellations.pop(owner, None):
            cancelled.set()

    def export(self, picture: Picture, pair_id: str, alpha: float, *watch: Any) -> str:
        path = new_folder() / f"{file_name(picture.name, self.studio.pair(pair_id).id, alpha)}.png"
        return str(self.jobs.export(picture, pair_id, alpha, path, *watch))

    def api_render(self, image: str | None, pair: str, alpha: float) -> str:
        """Render a picture through a pair at alpha: a PNG with its recipe in the metadata."""
        with errors_shown():
            if image is None:
                raise DniError("Expected a picture to render, but got none. Send a file.")
            return self.export(open_picture(image), pair, check_alpha(alpha))

    def api_blend(self, pair: str, alpha: float) -> str:
        """Blend a pair's parameters at alpha: a safetensors file with its recipe in the metadata."""
        with errors_shown():
            name = file_name("network", self.studio.pair(pair).id, check_alpha(alpha))
            return str(self.studio.export_network(pair, alpha, new_folder() / f"{name}.safetensors"))


def check_alpha(alpha: Any) -> float:
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 <= alpha <= 1:
        raise DniError(f"Expected alpha to be a number from 0 to 1, but got {alpha!r}.")
    return float(alpha)


def new_folder() -> Path:
    """A folder of its own for one result, in the place that gradio serves and cleans."""
    root = Path(os.environ.get("GRADIO_TEMP_DIR", Path(tempfile.gettempdir()) / "gradio"))
    root.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=root))


def file_name(name: str, pair_id: str, alpha: float) -> str:
    """A file name that says what is in it; every alpha has its own."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(name).stem).strip("-")[:60] or "picture"
    return f"{stem}_{pair_id}_alpha-{alpha:.4f}"


def build_results(results: Results, viewer: gr.HTML) -> None:
    """The buttons below the viewer, and the file they make."""
    with gr.Row():
        render = gr.Button("Render the whole picture (PNG)", variant="primary", elem_id="save-picture")
        cancel = gr.Button("Cancel", variant="stop", visible=False, elem_id="cancel")
        network = gr.Button("Save the blended network (.safetensors)", elem_id="save-network")
    result = gr.File(label="Your file", interactive=False, visible=False, height=90, elem_id="result")
    asked = gr.State()
    quiet: dict[str, Any] = {"api_visibility": "private"}
    click = render.click(results.ask, [viewer], [asked, render, cancel, result], queue=False, **quiet)
    rendered = click.then(results.save_picture, [asked], [result], concurrency_limit=2, **quiet)
    afterwards(rendered, results.finish, None, [render, cancel])
    cancel.click(results.cancel, None, [cancel], queue=False, show_progress="hidden", **quiet)
    saved = network.click(results.save_network, [viewer], [result], **quiet)
    for event in (rendered, saved):
        event.failure(lambda: gr.File(None, visible=False), None, [result], queue=False, **quiet)


def build_endpoints(results: Results, pair_id: str) -> None:
    """``/render`` and ``/blend`` for programs, on components that nobody sees.

    Not ``gr.api``: it would take any path on this machine for an uploaded file.
    """
    with gr.Row(visible=False):
        image = picture_input(label="image")
        pair = gr.Textbox(pair_id, label="pair")
        alpha = gr.Number(MIDDLE, label="alpha")
        result = gr.File(label="result")
        limits: dict[str, Any] = {"concurrency_limit": 2}
        gr.Button().click(results.api_render, [image, pair, alpha], [result], api_name="render", **limits)
        gr.Button().click(results.api_blend, [pair, alpha], [result], api_name="blend", **limits)
