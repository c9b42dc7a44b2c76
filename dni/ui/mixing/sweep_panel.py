"""The sweep panel: a strip, a grid or a film of the current mix."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from dni.blending.mix_paths import along, first_end, over_pad
from dni.blending.shares import Mix
from dni.errors import DniError, shown
from dni.export.sweeps.animation import Playback
from dni.export.sweeps.sweep import Sweep
from dni.rendering.control import Cancelled, RenderControl
from dni.serving.mixing.sweeps import export_sweep_in_slots
from dni.serving.sessions import Session
from dni.ui.errors import afterwards, errors_shown, notify
from dni.ui.mixing.handlers import MixingHandlers
from dni.ui.mixing.scene import request_of, with_layers
from dni.ui.protocol.mixing import MixingState
from dni.ui.requests.session_files import new_folder

__all__ = ["build_sweep", "sweep_rows"]

WAYS = {
    "From the first network to the last": "ends",
    "From the first network to the mix on screen": "mix",
    "All over the pad, as a grid (three or four networks)": "pad",
}
FORMATS = {"Strip or grid (PNG)": ".png", "GIF": ".gif", "WebP": ".webp", "MP4": ".mp4"}
FRAMES = 9
JOB = "sweep"
# Of a control that fills a telephone's screen instead of half of it.
PHONE_WIDTH = 280


class SweepHandlers:
    """The handlers of the sweep panel."""

    def __init__(self, tab: MixingHandlers) -> None:
        self.tab = tab

    def ask(self, request: gr.Request) -> tuple[Any, ...]:
        """Put the cancel button in the place of the other."""
        cancelled = self.tab.session(request).cancellation(JOB)
        return cancelled, gr.Button(visible=False), gr.Button(visible=True)

    def make(
        self,
        cancelled: threading.Event | None,
        scene: Any,
        way: str,
        suffix: str,
        frames: float,
        fps: float,
        there_and_back: bool,
        only_seen: bool,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - this is how gradio hands it over
    ) -> tuple[Any, ...]:
        """Render the sweep, with progress; the cancel button stops it."""
        with errors_shown():
            session = self.tab.session(request)
            control = self.control(cancelled or session.cancellation(JOB), progress)
            desk = MixingState.parse(scene)
            sweep = Sweep(
                rows=sweep_rows(desk, way, int(frames)),
                like=request_of(desk, mask=self.tab.mask_text(desk, session), only_seen=only_seen),
                playback=Playback(fps=fps, there_and_back=there_and_back),
            )
            try:
                path = self.export(desk, sweep, suffix, session, control)
            except Cancelled:
                notify("Cancelled: nothing was written.")
                return gr.skip(), gr.skip(), gr.skip()
        is_film = suffix == ".mp4"
        return (
            gr.File(path, visible=True),
            gr.Image(None if is_film else path, visible=not is_film),
            gr.Video(path if is_film else None, visible=is_film),
        )

    def control(self, cancelled: threading.Event, progress: gr.Progress) -> RenderControl:
        def report(done: int, total: int) -> None:
            progress((done, total), desc="Rendering", unit="tiles")

        return RenderControl(progress=report, cancelled=cancelled, notice=notify)

    def export(
        self, desk: MixingState, sweep: Sweep, suffix: str, session: Session, control: RenderControl
    ) -> str:
        service = self.tab.service
        picture, pair = service.picture(desk.token, session), service.pair(desk.pair, session)
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(picture.name).stem).strip("-")[:60] or "picture"
        path = new_folder(session) / f"{stem}_{pair.id or 'own'}_sweep{suffix}"
        wanted: dict[str, Any] = {"session": session, "control": control}
        return str(export_sweep_in_slots(service, picture, desk.pair, sweep, path, **wanted))

    def cancel(self, request: gr.Request) -> Any:
        self.tab.session(request).cancel(JOB)
        return gr.Button("Cancelling…", interactive=False)

    def finish(self) -> tuple[Any, ...]:
        """Whatever came of it: the button is back."""
        return gr.Button(visible=True), gr.Button("Cancel", visible=False, interactive=True)


def sweep_rows(desk: MixingState, way: str, count: int) -> tuple[tuple[Mix, ...], ...]:
    """The mixes of a sweep, with the desk's layers.

    Args:
        desk: What is on screen.
        way: "ends" (from the first network to the last), "mix" (to the mix on screen) or "pad".
        count: Frames; of a pad along an edge.

    Raises:
        DniError: There is no such way with this number of networks, or too few frames.
    """
    num_ends = desk.mix.blend.num_ends
    if way == "pad":
        return tuple(layered(row, desk) for row in over_pad(num_ends, count))
    last = Mix.of((*[0.0] * (num_ends - 1), 1.0))
    blend = desk.mix.blend
    stop = {"ends": replace(blend, shares=last.shares, groups=()), "mix": replace(blend, groups=())}.get(way)
    if stop is None:
        raise DniError(
            f"Expected one of the ways ends, mix and pad, but got {shown(way, most=50)}. Choose one."
        )
    return (layered(along(first_end(num_ends), stop, count), desk),)


def layered(mixes: Sequence[Mix], desk: MixingState) -> tuple[Mix, ...]:
    return tuple(with_layers(mix, desk.mix.layers) for mix in mixes)


def build_sweep(tab: MixingHandlers, board: gr.HTML) -> None:
    """The sweep panel."""
    handlers = SweepHandlers(tab)
    gr.Markdown("Pictures in a row, or a film. If you painted, only that runs, and the rest stands still.")
    choices = build_choices()
    make = gr.Button("Make the sweep", size="md", elem_id="sweep-make")
    cancel = gr.Button("Cancel", variant="stop", visible=False, size="md", elem_id="sweep-cancel")
    hidden: dict[str, Any] = {"label": "The sweep", "interactive": False, "visible": False}
    result = gr.File(**hidden, height=90, elem_id="sweep-file")
    # Their labels would lie over the first frame.
    image = gr.Image(**hidden, show_label=False, type="filepath", elem_id="sweep-image")
    film = gr.Video(**hidden, show_label=False, loop=True, autoplay=True, elem_id="sweep-film")
    quiet: dict[str, Any] = {"api_visibility": "private"}
    cancelled = gr.State()
    asked = make.click(
        handlers.ask, None, [cancelled, make, cancel], queue=False, show_progress="hidden", **quiet
    )
    made = asked.then(
        handlers.make,
        [cancelled, board, *choices],
        [result, image, film],
        show_progress_on=[make],
        concurrency_limit=2,
        **quiet,
    )
    afterwards(made, handlers.finish, None, [make, cancel])
    cancel.click(handlers.cancel, None, [cancel], queue=False, show_progress="hidden", **quiet)


def build_choices() -> list[gr.components.Component]:
    """What can be chosen, in the order of :meth:`SweepDesk.make`."""
    wide: dict[str, Any] = {"min_width": PHONE_WIDTH}
    with gr.Row():
        way = gr.Dropdown(
            list(WAYS.items()), value="ends", label="What to run through", elem_id="sweep-way", **wide
        )
        suffix = gr.Radio(list(FORMATS.items()), value=".png", label="Format", elem_id="sweep-format", **wide)
    with gr.Row():
        frames = gr.Slider(
            2, 60, value=FRAMES, step=1, label="Frames (of a grid: along an edge)", elem_id="sweep-frames"
        )
        fps = gr.Slider(1, 30, value=10, step=1, label="Frames a second")
    with gr.Row():
        back = gr.Checkbox(True, label="There and back", elem_id="sweep-back")
        seen = gr.Checkbox(False, label="Only what is on screen", elem_id="sweep-seen")
    return [way, suffix, frames, fps, back, seen]
