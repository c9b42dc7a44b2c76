"""Results to download: the buttons below a viewer, and the endpoints ``/render`` and ``/blend``."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from dni.blending.shares import Mix
from dni.errors import DniError, shown
from dni.pictures.picture import Picture
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import Cancelled, RenderControl
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session
from dni.ui.errors import afterwards, errors_shown, notify
from dni.ui.pictures.inputs import picture_input
from dni.ui.protocol.frames import ViewerScene
from dni.ui.requests.programs import answer_program
from dni.ui.requests.session_files import new_folder
from dni.ui.requests.sessions import session_of
from dni.ui.requests.uploads import open_upload
from dni.ui.start import MIDDLE
from dni.ui.zero_gpu import GpuJobs

__all__ = [
    "Begun",
    "ExportRequest",
    "Results",
    "at_alpha",
    "build_endpoints",
    "build_results",
    "no_file",
    "of_viewer",
    "what_was_asked",
]


@dataclass(frozen=True)
class ExportRequest:
    """What a person wants to take away.

    Attributes:
        token: The picture's.
        pair: The networks' id.
        render_request: What to render of it.
        mix: The network to save.
        name: What the mix is called in the name of a file.
    """

    token: str
    pair: str
    render_request: RenderRequest
    mix: Mix
    name: str


# What was asked for, and what cancels it; or why nothing can come of it. An event that passes Gradio's queue
# has no box to show an error in: the next one raises it.
Begun = tuple[ExportRequest, threading.Event] | DniError


def what_was_asked(begun: Begun | None) -> tuple[ExportRequest, threading.Event]:
    """What is to be rendered.

    Raises:
        DniError: Nothing, and why.
    """
    if begun is None:
        raise DniError("Expected something to render, but got nothing. Click the button once more.")
    if isinstance(begun, DniError):
        raise begun
    return begun


class Results:
    """The handlers; what to render is what was on screen at the moment of the click.

    Args:
        service: Where pictures and networks are.
        jobs: What renders whole pictures.
        read: What a person wants, from the viewer's scene.
        read_part: Likewise, of only the part that is on screen; None where that is not offered.
        job: What a session's running render is called there; one of each tab.
    """

    def __init__(
        self,
        service: RenderService,
        jobs: GpuJobs,
        read: Callable[[Any, Session], ExportRequest],
        read_part: Callable[[Any, Session], ExportRequest] | None = None,
        *,
        job: str,
    ) -> None:
        self.service = service
        self.jobs = jobs
        self.read = read
        self.read_part = read_part
        self.job = job

    def ask(self, scene: Any, request: gr.Request) -> tuple[Any, ...]:
        """Note what was asked for, and put the cancel button in the place of the render button."""
        return self._begin(self.read, scene, request)

    def ask_part(self, scene: Any, request: gr.Request) -> tuple[Any, ...]:
        """The same for what is on screen."""
        assert self.read_part is not None, "else there is no button for it"
        return self._begin(self.read_part, scene, request)

    def _begin(
        self, read: Callable[[Any, Session], ExportRequest], scene: Any, request: gr.Request
    ) -> tuple[Any, ...]:
        begun: Begun
        try:
            session = self.session(request)
            begun = (read(scene, session), session.cancellation(self.job))
        except DniError as error:
            begun = error
        return begun, gr.Button(visible=False), gr.Button(visible=True), gr.File(None, visible=True)

    def save_picture(
        self,
        begun: Begun | None,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - this is how gradio hands it over
    ) -> Any:
        """Render it, with progress; the cancel button stops it."""

        def report(done: int, total: int) -> None:
            progress((done, total), desc="Rendering", unit="tiles")

        with errors_shown():
            session, (wanted, cancelled) = self.session(request), what_was_asked(begun)
            picture = self.service.picture(wanted.token, session)
            try:
                control = RenderControl(progress=report, cancelled=cancelled, notice=notify)
                path = self.export(picture, wanted, session=session, control=control)
                return gr.File(path, visible=True)
            except Cancelled:
                notify("Cancelled: nothing was written.")
        return gr.File(None, visible=False)

    def cancel(self, request: gr.Request) -> Any:
        self.session(request).cancel(self.job)
        return gr.Button("Cancelling…", interactive=False)

    def finish(self) -> tuple[Any, ...]:
        """Whatever came of it: the render button is back."""
        return gr.Button(visible=True), gr.Button("Cancel", visible=False, interactive=True)

    def save_network(self, scene: Any, request: gr.Request) -> Any:
        with errors_shown():
            session = self.session(request)
            wanted = self.read(scene, session)
            return gr.File(self.export_network(wanted, session=session), visible=True)

    def session(self, request: gr.Request) -> Session:
        return session_of(request, self.service.sessions)

    def export(
        self,
        picture: Picture,
        wanted: ExportRequest,
        *,
        session: Session,
        control: RenderControl | None = None,
    ) -> str:
        path = new_folder(session) / f"{self.file_name(picture.name, wanted, session)}.png"
        # A GPU that is lent (ZeroGPU) is in another process, where people's own networks are not.
        ours = wanted.pair in self.service.catalog
        export = self.jobs.export if ours else self.service.export_picture
        return str(
            export(picture, wanted.pair, wanted.render_request, path, session=session, control=control)
        )

    def export_network(self, wanted: ExportRequest, *, session: Session) -> str:
        path = new_folder(session) / f"{self.file_name('network', wanted, session)}.safetensors"
        return str(self.service.export_network(wanted.pair, wanted.mix, path, session=session))

    def file_name(self, name: str, wanted: ExportRequest, session: Session) -> str:
        """A file name that says what is in it; every mix has its own."""
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(name).stem).strip("-")[:60] or "picture"
        return f"{stem}_{self.service.pair(wanted.pair, session).id or 'own'}_{wanted.name}"

    async def render(self, image: str | None, pair: str, alpha: float) -> str:
        """Render a picture through a blend of two image networks: a PNG with its recipe in the metadata.

        Args:
            image: The picture, any size up to 50 megapixels.
            pair: The id of a pair: "texture-x4" enlarges, "denoise", "jpeg-repair" and "look-comic" repaint.
            alpha: The share of the pair's second network, from 0 (the first alone) to 1 (the second alone).
        """

        def render(session: Session, control: RenderControl) -> str:
            if image is None:
                raise DniError("Expected a picture to render, but got none. Send a file.")
            wanted = at_alpha("", pair, check_alpha(alpha))
            return self.export(open_upload(image), wanted, session=session, control=control)

        return await answer_program(self.service.sessions, render)

    async def blend(self, pair: str, alpha: float) -> str:
        """Blend the parameters of two image networks into one: a safetensors file with its recipe.

        Args:
            pair: The id of a pair of networks, such as "texture-x4".
            alpha: The share of the pair's second network, from 0 to 1.
        """

        def blend(session: Session, _: RenderControl) -> str:
            return self.export_network(at_alpha("", pair, check_alpha(alpha)), session=session)

        return await answer_program(self.service.sessions, blend)


def at_alpha(token: str, pair_id: str, alpha: float) -> ExportRequest:
    """A whole picture at one alpha."""
    mix = Mix.of_alpha(alpha)
    return ExportRequest(token, pair_id, RenderRequest(mix=mix), mix, f"alpha-{alpha:.4f}")


def of_viewer(scene: Any, _: Session) -> ExportRequest:
    """What the viewer with the one slider shows."""
    asked = ViewerScene.parse(scene)
    return at_alpha(asked.token, asked.pair, asked.alpha)


def check_alpha(alpha: Any) -> float:
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 <= alpha <= 1:
        raise DniError(f"Expected alpha to be a number from 0 to 1, but got {shown(alpha)}.")
    return float(alpha)


def build_results(results: Results, viewer: gr.HTML, *, prefix: str = "") -> gr.File:
    """The buttons below the viewer, and the file they make; ``prefix`` is that of the elements' ids."""
    size: Any = "lg" if results.read_part is None else "md"
    with gr.Row():
        render = gr.Button(
            "Render the whole picture (PNG)", variant="primary", size=size, elem_id=f"{prefix}save-picture"
        )
        part = gr.Button(
            "Render what is on screen",
            visible=results.read_part is not None,
            size=size,
            elem_id=f"{prefix}save-part",
        )
        cancel = gr.Button("Cancel", variant="stop", visible=False, size=size, elem_id=f"{prefix}cancel")
        network = gr.Button("Save the blended network", size=size, elem_id=f"{prefix}save-network")
    result = gr.File(
        label="Your file", interactive=False, visible=False, height=90, elem_id=f"{prefix}result"
    )
    asked = gr.State()
    quiet: dict[str, Any] = {"api_visibility": "private"}
    # The file is below the buttons, and on small screens below what can be seen.
    shown: dict[str, Any] = {**quiet, "scroll_to_output": True}
    events = [network.click(results.save_network, [viewer], [result], **shown)]
    for button, ask in ((render, results.ask), (part, results.ask_part)):
        click = button.click(ask, [viewer], [asked, render, cancel, result], queue=False, **quiet)
        rendered = click.success(results.save_picture, [asked], [result], concurrency_limit=2, **shown)
        afterwards(rendered, results.finish, None, [render, cancel])
        events.append(rendered)
    cancel.click(results.cancel, None, [cancel], queue=False, show_progress="hidden", **quiet)
    for event in events:
        event.failure(no_file, None, [result], queue=False, **quiet)
    return result


def no_file() -> gr.File:
    """No result: there is none, or what there was is of other networks."""
    return gr.File(None, visible=False)


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
        gr.Button().click(results.render, [image, pair, alpha], [result], api_name="render", **limits)
        gr.Button().click(results.blend, [pair, alpha], [result], api_name="blend", **limits)
