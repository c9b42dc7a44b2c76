"""Several pictures at once: the box for them, and one archive with all their results."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import gradio as gr

from dni.errors import DniError
from dni.export.archive import ArchiveItem, ArchiveReport, write_archive
from dni.rendering.control import Cancelled, RenderControl
from dni.serving.scheduling.fair_gate import FairGate
from dni.serving.sessions import Session
from dni.ui.errors import afterwards, errors_shown, notify, page_text, warn
from dni.ui.pictures.results import Begun, ExportRequest, Results, what_was_asked
from dni.ui.requests.session_files import new_folder
from dni.ui.requests.uploads import open_upload, received_path

__all__ = ["MAX_PICTURES", "Batches", "batch_gate", "build_batch"]

MAX_PICTURES = 32
# Of everybody, at once: each holds a decoded picture and its result. Other people's come in between.
PICTURES_IN_MEMORY = 2
# Of everybody: those beyond it wait in Gradio's queue.
RUNNING_BATCHES = 8
MAX_SHOWN = 5


class Batches:
    """The handlers; what is rendered is the mix on screen at the moment of the click.

    Args:
        results: Of the tab, which renders one picture.
        read: What to render of each, from the tab's scene.
        gate: All tabs' one, from :func:`batch_gate`.
    """

    def __init__(
        self, results: Results, read: Callable[[Any, Session], ExportRequest], gate: FairGate
    ) -> None:
        self.results = results
        self.read = read
        self.gate = gate
        self.job = f"{results.job}, several"
        self._last: WeakKeyDictionary[Session, Path] = WeakKeyDictionary()

    def take(self, paths: list[str] | None, request: gr.Request) -> Any:
        """Files were dropped: hold them with the page, and open the box."""
        session = self.results.session(request)
        with errors_shown():
            for path in paths or ():
                received_path(path, session)
            check_count(paths)
        return gr.Accordion(open=True)

    def ask(self, paths: list[str] | None, scene: Any, request: gr.Request) -> tuple[Any, ...]:
        """Note what was asked for, and put the cancel button in the place of the render button."""
        begun: Begun
        try:
            session = self.results.session(request)
            check_count(paths)
            begun = (self.read(scene, session), session.cancellation(self.job))
        except DniError as error:
            begun = error
        return begun, gr.Button(visible=False), gr.Button(visible=True), gr.File(None, visible=True)

    def render_all(
        self,
        paths: list[str] | None,
        begun: Begun | None,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - this is how gradio hands it over
    ) -> Any:
        """Render all of them; the cancel button keeps what is finished."""
        with errors_shown():
            session, (wanted, cancelled) = self.results.session(request), what_was_asked(begun)
            files = [received_path(path, session) for path in check_count(paths)]

            def report(done: int, total: int) -> None:
                share = done / total
                number = min(len(files), int(share * len(files)) + 1)
                progress(share, desc=f"Picture {number} of {len(files)}: {files[number - 1].name}")

            try:
                with session.busy():
                    control = RenderControl(progress=report, cancelled=cancelled)
                    path, came = self.archive(files, wanted, session=session, control=control)
            except Cancelled:
                notify("Cancelled: nothing was written.")
                return gr.File(None, visible=False)
            say_what_came(came, len(files))
            return gr.File(str(path), visible=True)

    def archive(
        self, files: Sequence[Path], wanted: ExportRequest, *, session: Session, control: RenderControl
    ) -> tuple[Path, ArchiveReport]:
        """The archive of a session's files, in the place of its last one."""
        former = self._last.pop(session, None)
        if former is not None:
            shutil.rmtree(former, ignore_errors=True)
        folder = new_folder(session)
        self._last[session] = folder
        items = [ArchiveItem(file.name, partial(self.make, file, wanted, session)) for file in files]
        pair = self.results.service.pair(wanted.pair, session).id or "own"
        path = folder / f"{len(files)}-pictures_{pair}_{wanted.name}.zip"
        return path, write_archive(items, path, control=control, explain=page_text)

    def make(self, file: Path, wanted: ExportRequest, session: Session, control: RenderControl) -> Path:
        """One result, in a folder of its own; one or two of all people's are made at once."""
        with self.gate.enter(control.cancelled):
            session.require_open()
            picture = open_upload(file, session)
            return Path(self.results.export(picture, wanted, session=session, control=control))

    def cancel(self, request: gr.Request) -> Any:
        self.results.session(request).cancel(self.job)
        return gr.Button("Cancelling…", interactive=False)

    def finish(self) -> tuple[Any, ...]:
        """Whatever came of it: the render button is back."""
        return gr.Button(visible=True), gr.Button("Cancel", visible=False, interactive=True)


def batch_gate() -> FairGate:
    """What lets one picture after the other of all people's in."""
    return FairGate(PICTURES_IN_MEMORY)


def check_count(paths: list[str] | None) -> list[str]:
    """The files, if there are some and not too many.

    Raises:
        DniError: There are none, or too many.
    """
    if not paths:
        raise DniError("Expected pictures, but there are none. Drop some into the box first.")
    if len(paths) > MAX_PICTURES:
        raise DniError(
            f"Expected at most {MAX_PICTURES} pictures at once, but got {len(paths)}. Remove some, or "
            "render a folder with the command line, which has no limit."
        )
    return paths


def say_what_came(report: ArchiveReport, count: int) -> None:
    """Name what is not in the archive, and why."""
    if report.is_cancelled:
        notify(f"Cancelled: the archive has the {len(report.written)} of {count} that were finished.")
    if report.problems:
        shown = [f"{name}: {text}" for name, text in report.problems[:MAX_SHOWN]]
        more = len(report.problems) - len(shown)
        rest = [f"And {more} more; the archive has a list."] if more else []
        warn(f"{len(report.problems)} of {count} could not be rendered. " + " ".join([*shown, *rest]))


def build_batch(batches: Batches, viewer: gr.HTML, *, prefix: str = "") -> None:
    """The box, closed until pictures are dropped; ``prefix`` is that of the elements' ids."""
    with gr.Accordion("Several pictures at once", open=False, elem_id=f"{prefix}batch-panel") as panel:
        files = gr.File(
            label=f"Up to {MAX_PICTURES} pictures",
            file_count="multiple",
            height=160,
            elem_id=f"{prefix}batch-files",
        )
        render = gr.Button("Render these (ZIP)", elem_id=f"{prefix}batch-render")
        cancel = gr.Button("Cancel", variant="stop", visible=False, elem_id=f"{prefix}batch-cancel")
        result = gr.File(
            label="Your archive", interactive=False, visible=False, height=90, elem_id=f"{prefix}batch-result"
        )
        begun = gr.State()
    quiet: dict[str, Any] = {"api_visibility": "private"}
    files.upload(batches.take, [files], [panel], show_progress="hidden", concurrency_limit=None, **quiet)
    click = render.click(batches.ask, [files, viewer], [begun, render, cancel, result], queue=False, **quiet)
    rendered = click.success(
        batches.render_all,
        [files, begun],
        [result],
        concurrency_limit=RUNNING_BATCHES,
        concurrency_id="batches",
        scroll_to_output=True,
        **quiet,
    )
    afterwards(rendered, batches.finish, None, [render, cancel])
    rendered.failure(lambda: gr.File(None, visible=False), None, [result], queue=False, **quiet)
    cancel.click(batches.cancel, None, [cancel], queue=False, show_progress="hidden", **quiet)
