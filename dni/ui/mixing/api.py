"""The API endpoints ``/desk_render``, ``/sweep`` and ``/inspect``.

Not ``gr.api``: it would take any path on this machine for an uploaded file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from dni.blending.mix_paths import along, first_end
from dni.blending.shares import Mix
from dni.compatibility.verdict import Verdict
from dni.errors import DniError, shown
from dni.export.sweeps.sweep import Sweep
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import RenderControl
from dni.serving.mixing.sweeps import export_sweep_in_slots
from dni.serving.network_trial import unusable
from dni.serving.sessions import Session
from dni.ui.mixing.handlers import MixingHandlers
from dni.ui.mixing.scene import name_of
from dni.ui.mixing.verdict_panel import inspect_in_slot
from dni.ui.pictures.inputs import picture_input
from dni.ui.pictures.results import ExportRequest
from dni.ui.requests.programs import answer_program
from dni.ui.requests.session_files import new_folder
from dni.ui.requests.uploads import open_upload, received_path

__all__ = ["build_mixing_endpoints"]

MAX_FRAMES = 24
EXAMPLE = {"shares": [0.5, 0.5]}


class MixingApi:
    """The handlers."""

    def __init__(self, tab: MixingHandlers) -> None:
        self.tab = tab

    async def desk_render(self, image: str | None, pair: str, mix: Any) -> str:
        """Render a picture through any mix of a pair: a PNG with its recipe in the metadata.

        ``mix`` is what a recipe says of it: ``shares``, and where wanted ``groups``, ``extrapolate``,
        ``brush`` with ``mask`` and ``levels``, ``crop`` and ``tile``.
        """

        def render(session: Session, control: RenderControl) -> str:
            if image is None:
                raise DniError("Expected a picture to render, but got none. Send a file.")
            if not isinstance(mix, dict):
                raise DniError(f"Expected the mix as an object with shares, but got {shown(mix)}. Send one.")
            request = RenderRequest.from_values(mix)
            wanted = ExportRequest("", pair, request, request.brush or request.mix, name_of(request))
            return self.tab.results.export(open_upload(image), wanted, session=session, control=control)

        return await answer_program(self.tab.service.sessions, render)

    async def inspect(self, files: list[str] | None, pair: str) -> dict[str, Any]:
        """Say whether networks can be blended, and why: the verdict and its evidence as JSON.

        Args:
            files: Two or more files of weights (.safetensors or .pth); none for a pair of the catalogue.
            pair: The id of a pair of the catalogue, such as "texture-x4"; empty for files.
        """

        def inspect(session: Session, _: RenderControl) -> dict[str, Any]:
            if bool(files) == bool(pair):
                raise DniError("Expected two or more files, or the id of a pair. Send one of the two.")
            if not files:
                return self.tab.verdicts.on(pair, session).to_dict()
            return self.verdict([received_path(file) for file in files], session=session).to_dict()

        return await answer_program(self.tab.service.sessions, inspect)

    async def sweep(self, image: str | None, pair: str, frames: float) -> str:
        """Render a picture from the first network of a pair to the last: one PNG, a labelled strip.

        Args:
            image: The picture; small ones are quick, as it is rendered once a frame.
            pair: The id of a pair of networks, such as "texture-x4".
            frames: How many, from 2 to 24.
        """

        def sweep(session: Session, control: RenderControl) -> str:
            if image is None:
                raise DniError("Expected a picture for the sweep, but got none. Send a file.")
            count = checked_frames(frames)
            service, picture = self.tab.service, open_upload(image)
            own = service.pair(pair, session)
            path = new_folder(session) / f"sweep_{own.id or 'own'}.png"
            num_ends = len(own.ends)
            last = Mix.of((*[0.0] * (num_ends - 1), 1.0))
            rows = (along(first_end(num_ends), last, count),)
            wanted: dict[str, Any] = {"session": session, "control": control}
            return str(export_sweep_in_slots(service, picture, pair, Sweep(rows=rows), path, **wanted))

        return await answer_program(self.tab.service.sessions, sweep)

    def verdict(self, files: list[Path], *, session: Session) -> Verdict:
        """The verdict on files, of which none may harm us."""
        for problem in unusable(files).values():
            raise DniError(problem)
        return inspect_in_slot(self.tab.service, files, session=session)


def checked_frames(frames: Any) -> int:
    """How many frames of a sweep."""
    if (
        isinstance(frames, bool)
        or not isinstance(frames, int | float)
        or frames not in range(2, MAX_FRAMES + 1)
    ):
        raise DniError(
            f"Expected 2 to {MAX_FRAMES} frames, a whole number, but got {shown(frames)}. Correct it."
        )
    return int(frames)


def build_mixing_endpoints(tab: MixingHandlers) -> None:
    """Add the endpoints to the page's context."""
    api = MixingApi(tab)
    first = next(iter(tab.service.catalog))
    with gr.Row(visible=False):
        image = picture_input(label="image")
        pair = gr.Textbox(first, label="pair")
        mix = gr.JSON(EXAMPLE, label="mix")
        picture = gr.File(label="result")
        files = gr.File([], label="files", file_count="multiple")
        judged = gr.Textbox("", label="pair")
        verdict = gr.JSON(label="verdict")
        gr.Button().click(
            api.desk_render, [image, pair, mix], [picture], api_name="desk_render", concurrency_limit=2
        )
        frames = gr.Number(5, label="frames")
        gr.Button().click(api.sweep, [image, pair, frames], [picture], api_name="sweep", concurrency_limit=1)
        gr.Button().click(api.inspect, [files, judged], [verdict], api_name="inspect", concurrency_limit=1)
