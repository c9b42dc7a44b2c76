"""The effects tab: a picture, a pair, the live viewer, and the results to take away."""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import ImageData

from dni.download import Progress
from dni.errors import DniError
from dni.images import Picture, open_picture
from dni.render import Cancelled
from dni.studio import Region, Studio
from dni.ui.gpu import IS_ZERO_GPU, GpuJobs
from dni.ui.live import build_viewer, make_scene
from dni.ui.start import DEFAULT_EXAMPLE, DEFAULT_PAIR, EXAMPLE_FOLDER, EXAMPLES, example_token

__all__ = ["build_effects"]

Scene = dict[str, Any]

MIDDLE = 0.5
KEYFRAMES = tuple(index / 10 for index in range(11))
HELP = """**What am I seeing?** Left of the slider is a network trained to make few errors; right of it, one
trained to look real. In between, every number in the network is `(1 - alpha) * left + alpha * right`. While
you drag, the picture fades between ready-made frames (*preview*); when you rest, the network itself is run
(*exact*). Keys: arrows move the slider, hold **O** for the original; on the picture **+ - 0 1** and arrows."""

from gradio.events import Dependency

class PictureInput(gr.Image):
    """``gr.Image`` that hands over the file as it was uploaded, for :mod:`dni.images` to judge."""

    is_template = True  # gradio's own way to say: the same browser component as the parent class

    def preprocess(self, payload: ImageData | None) -> str | None:  # type: ignore[override]
        return payload.path if payload else None
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show our errors as gradio shows errors: in a box, with everything else left as it is."""
    try:
        yield
    except DniError as error:
        raise gr.Error(str(error), duration=15, title="That did not work", print_exception=False) from error


class EffectsTab:
    """The handlers of the tab's events; everything a person chose is in the viewer's scene."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.jobs = GpuJobs(studio)
        self.cancellations: dict[str, threading.Event] = {}

    def scene(self, *, token: str, pair_id: str, alpha: float, example: str = "") -> Scene:
        return make_scene(
            self.studio,
            token=token,
            pair_id=pair_id,
            alpha=alpha,
            live_pixels=self.studio.live_pixels(pair_id),
            prepares=IS_ZERO_GPU,
            example=example,
        )

    def start(self, request: gr.Request) -> tuple[Scene, str, str]:
        """What the link asks for; anything in it that we do not have is replaced by the default."""
        query = request.query_params
        pair_id, example = query.get("pair", DEFAULT_PAIR), query.get("example", DEFAULT_EXAMPLE)
        alpha = MIDDLE
        try:
            alpha = min(1.0, max(0.0, float(query.get("alpha", MIDDLE))))
        except ValueError:
            gr.Warning("The link's alpha is not a number: starting in the middle.")
        if example not in EXAMPLES:
            gr.Warning("The link's picture is not one of the examples: starting with the cat.")
            example = DEFAULT_EXAMPLE
        if pair_id not in self.studio.catalog or not self.studio.pair(pair_id).is_local(self.studio.cache):
            if pair_id != DEFAULT_PAIR:
                gr.Warning("The link's pair is not here yet: choose it from the list to download it.")
            pair_id = DEFAULT_PAIR
        scene = self.scene(token=example_token(example), pair_id=pair_id, alpha=alpha, example=example)
        return scene, pair_id, self.describe(pair_id)

    def describe(self, pair_id: str) -> str:
        pair = self.studio.pair(pair_id)
        return (
            f"{pair.description} \n\n**{pair.ends[0].label}** to **{pair.ends[1].label}**. {pair.lineage} "
            f"Licence: {pair.licence}. [Source]({pair.homepage})"
        )

    def choose_pair(self, pair_id: str, scene: Scene, progress: gr.Progress = gr.Progress()) -> Any:  # noqa: B008
        """Load the pair, after downloading it if need be; on failure the old one stays chosen."""

        @contextmanager
        def download(name: str) -> Iterator[Progress]:
            def report(done: int, total: int | None) -> None:
                size = f"{done / 1e6:.0f} of {total / 1e6:.0f} MB" if total else f"{done / 1e6:.0f} MB"
                progress(done / total if total else 0.0, desc=f"Downloading {name}: {size}")

            yield report

        try:
            self.studio.renderer(pair_id, download=download)
            moved = self.scene(
                token=scene["token"], pair_id=pair_id, alpha=scene["alpha"], example=scene["example"]
            )
        except DniError as error:
            gr.Warning(str(error), duration=20, title="This pair cannot be used")
            return gr.skip(), scene["pair"], gr.skip()
        return moved, gr.skip(), self.describe(pair_id)

    def choose_example(self, scene: Scene, event: gr.SelectData) -> tuple[Scene, None]:
        name = list(EXAMPLES)[int(event.index)]
        chosen = self.scene(
            token=example_token(name), pair_id=scene["pair"], alpha=scene["alpha"], example=name
        )
        return chosen, None

    def upload(self, path: str | None, scene: Scene, request: gr.Request) -> Any:
        """Show the person's own picture; one that cannot be read leaves the last one in place."""
        if path is None:
            return gr.skip()
        with errors_shown():
            picture = open_picture(path)
        for notice in picture.notices:
            gr.Info(notice)
        token = self.studio.hold(picture, owner=str(request.session_hash))
        return self.scene(token=token, pair_id=scene["pair"], alpha=scene["alpha"])

    def leave(self, request: gr.Request) -> None:
        """Free what a person held when the page is closed."""
        self.studio.release(str(request.session_hash))
        self.cancellations.pop(str(request.session_hash), None)

    def prepare(self, scene: Scene, event: gr.EventData) -> Scene:
        """Fill the keyframes of a region in one GPU call (ZeroGPU only)."""
        token, pair_id, region = scene["token"], scene["pair"], Region(**event.region)
        with errors_shown():
            jpegs = self.jobs.frames(self.studio.picture(token), pair_id, region, KEYFRAMES)
            for alpha, jpeg in zip(KEYFRAMES, jpegs, strict=True):
                self.studio.remember(token, pair_id, region, alpha, jpeg)
        return {**scene, "prepared": True}

    def save_picture(
        self,
        scene: Scene,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - this is how gradio hands it over
    ) -> Any:
        """Render everything at the slider's alpha, with progress; the cancel button stops it."""
        cancelled = self.cancellations.setdefault(str(request.session_hash), threading.Event())
        cancelled.clear()

        def report(done: int, total: int) -> None:
            progress((done, total), desc="Rendering", unit="tiles")

        with errors_shown():
            picture = self.studio.picture(scene["token"])
            try:
                path = self.export(picture, scene["pair"], scene["alpha"], report, cancelled)
            except Cancelled:
                gr.Info("Cancelled: nothing was written.")
                return gr.skip()
        return gr.File(path, visible=True)

    def cancel(self, request: gr.Request) -> None:
        if cancelled := self.cancellations.get(str(request.session_hash)):
            cancelled.set()

    def save_network(self, scene: Scene) -> Any:
        return gr.File(self.api_blend(scene["pair"], scene["alpha"]), visible=True)

    def export(self, picture: Picture, pair_id: str, alpha: float, *watch: Any) -> str:
        path = new_folder() / f"{file_name(picture.name, pair_id, alpha)}.png"
        return str(self.jobs.export(picture, pair_id, alpha, path, *watch))

    def api_render(self, image: FileData, pair: str = DEFAULT_PAIR, alpha: float = MIDDLE) -> FileData:
        """Render a picture through a pair at alpha: a PNG with its recipe in the metadata."""
        with errors_shown():
            return FileData(path=self.export(open_picture(image["path"]), pair, alpha))

    def api_blend(self, pair: str = DEFAULT_PAIR, alpha: float = MIDDLE) -> str:
        """Blend a pair's parameters at alpha: a safetensors file with its recipe in the metadata."""
        with errors_shown():
            path = new_folder() / f"{file_name('network', pair, alpha)}.safetensors"
            return str(self.studio.export_network(pair, alpha, path))


def new_folder() -> Path:
    """A folder of its own for one result, in the place that gradio serves and cleans."""
    root = Path(os.environ.get("GRADIO_TEMP_DIR", Path(tempfile.gettempdir()) / "gradio"))
    root.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=root))


def file_name(name: str, pair_id: str, alpha: float) -> str:
    """A file name that says what is in it; every alpha has its own."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(name).stem).strip("-")[:60] or "picture"
    return f"{stem}_{pair_id}_alpha-{alpha:.4f}"


def build_effects(app: gr.Blocks, studio: Studio) -> None:
    """Add the tab to ``app``, inside its context."""
    tab = EffectsTab(studio)
    pairs = [(pair.title, pair_id) for pair_id, pair in studio.catalog.items()]
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            viewer = build_viewer(studio)
        with gr.Column(scale=1, min_width=300):
            pair = gr.Dropdown(pairs, value=DEFAULT_PAIR, label="Pair of networks", interactive=True)
            about = gr.Markdown()
            examples = gr.Gallery(
                [(EXAMPLE_FOLDER / file, title) for file, title in EXAMPLES.values()],
                label="Example photographs (public domain)",
                columns=3,
                height="auto",
                allow_preview=False,
                interactive=False,
                buttons=[],
                elem_id="examples",
            )
            image = PictureInput(
                label="Your own picture",
                sources=["upload", "clipboard", "webcam"],
                type="filepath",
                image_mode=None,
                height=200,
                buttons=[],
                elem_id="own-picture",
            )
    build_results(tab, viewer)
    with gr.Accordion("What am I seeing?", open=False):
        gr.Markdown(HELP)

    quiet: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
    app.load(tab.start, None, [viewer, pair, about], **quiet)
    pair.input(tab.choose_pair, [pair, viewer], [viewer, pair, about], **quiet)
    examples.select(tab.choose_example, [viewer], [viewer, image], show_progress="hidden", **quiet)
    image.input(tab.upload, [image, viewer], [viewer], show_progress="hidden", **quiet)
    viewer.prepare(tab.prepare, [viewer], [viewer], show_progress="hidden", **quiet)
    app.unload(tab.leave)
    gr.api(tab.api_render, api_name="render")
    gr.api(tab.api_blend, api_name="blend")


def build_results(tab: EffectsTab, viewer: gr.HTML) -> None:
    """The buttons below the viewer, and the file they make."""
    with gr.Row():
        picture = gr.Button("Render the whole picture (PNG)", variant="primary", elem_id="save-picture")
        cancel = gr.Button("Cancel", visible=False, elem_id="cancel")
        network = gr.Button("Save the blended network (.safetensors)", elem_id="save-network")
    result = gr.File(label="Your file", interactive=False, visible=False, elem_id="result")
    quiet: dict[str, Any] = {"api_visibility": "private"}
    shown = picture.click(lambda: (gr.Button(visible=True), gr.File(visible=True)), None, [cancel, result], **quiet)
    rendered = shown.then(tab.save_picture, [viewer], [result], concurrency_limit=2, **quiet)
    rendered.then(lambda: gr.Button(visible=False), None, [cancel], **quiet)
    cancel.click(tab.cancel, None, None, queue=False, **quiet)
    network.click(tab.save_network, [viewer], [result], **quiet)