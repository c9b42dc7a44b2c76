"""The Mixing tab: any networks, any number of ends, anywhere in the picture."""

from __future__ import annotations

from typing import Any

import gradio as gr

from dni.catalog.catalog_file import listed_pairs
from dni.checkpoints.errors import SAFETENSORS_SUFFIX
from dni.checkpoints.files import PICKLE_SUFFIXES
from dni.examples import WHOLE
from dni.serving.render_service import RenderService
from dni.serving.scheduling.fair_gate import FairGate
from dni.ui.mixing.align_panel import AlignPanel
from dni.ui.mixing.api import build_mixing_endpoints
from dni.ui.mixing.component import build_mixing_component
from dni.ui.mixing.families_panel import build_families
from dni.ui.mixing.handlers import MixingHandlers
from dni.ui.mixing.recipe_panel import build_recipes
from dni.ui.mixing.sweep_panel import build_sweep
from dni.ui.pictures.batch import Batches, build_batch
from dni.ui.pictures.inputs import DECODES, example_gallery, own_picture, picture_input
from dni.ui.pictures.results import build_results, no_file

__all__ = ["build_mixing"]

INTRO = "**Mix any networks, in any layers, anywhere in the picture.** Bring your own networks and pictures."
HELP = """All networks here share one architecture. The mix is a network of its own: each of its numbers is
the sum of the networks' numbers, each times its share
([Deep Network Interpolation](https://arxiv.org/abs/1811.10515)).

- **Two** networks have a slider, **three** a triangle, **four** a square, more a slider each. The sum is 1.
  Looks are around the photograph that they redraw: the further from the middle, the more.
- **Task arithmetic** starts from the first network and adds what each other one learned, as much as you like
  ([Ilharco et al.](https://arxiv.org/abs/2212.04089)).
- **Layers** gives early layers (edges, noise) and late layers (texture) different parts of the mix;
  *Find the best mix* learns on your picture which parts serve a goal best.
- **Paint** puts the mix only where you paint. In between, networks are blended, not pictures.
- **Against pixels** shows that blending two networks is not blending their pictures.
- **Curve** measures what each blend loses in faithfulness and wins in texture: the perception-distortion
  trade-off ([Blau and Michaeli](https://arxiv.org/abs/1711.06077)).

A saved network holds the mix and its layers. What was painted is in pictures, recipes and sweeps: a sweep
runs where you painted, and the rest stands still.

While you move, the picture fades between ready-made frames (*preview*); when you rest, the network itself is
run (*exact*). Of a large picture only the outlined part is live.

Keys: arrows move the control, number keys go to a corner, **Ctrl+Z** and **Ctrl+Shift+Z** undo and redo,
hold **O** for the original; on the picture
**+ - 0 1** and arrows."""
QUIET: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
# One trial of networks runs at a time; more of them wait in Gradio's queue, not in its threads.
TRIES: dict[str, Any] = {"concurrency_limit": 2, "concurrency_id": "trying"}
HIDDEN: dict[str, Any] = {"show_progress": "hidden", **QUIET}


def build_mixing(service: RenderService, opened: gr.Tab, gate: FairGate, viewer: gr.HTML) -> None:
    """Add the desk to the page's context.

    Args:
        service: Pairs and pictures.
        opened: The desk starts when this tab is opened.
        gate: All tabs' one for several pictures.
        viewer: The Effects tab's: the desk starts with its picture.
    """
    tab = MixingHandlers(service)
    pairs = [(pair.title, pair_id) for pair_id, pair in listed_pairs(service.catalog).items()]
    pair = gr.Dropdown(
        pairs, value=None, label="Networks", interactive=True, elem_id="desk-pair", render=False
    )
    examples = example_gallery(elem_id="desk-examples", selected=WHOLE.index(tab.first_example), render=False)
    subject = gr.State()  # the networks that the verdict is on
    gr.Markdown(INTRO, elem_id="desk-intro")
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            board = build_mixing_component(service, tab.masks, tab.measures)
            result = build_results(tab.results, board, prefix="desk-")
            with gr.Accordion("Sweep", open=False):
                build_sweep(tab, board)
            with gr.Accordion("Recipe", open=False):
                build_recipes(tab, [board, pair, subject])
            with gr.Accordion("What am I seeing?", open=False):
                gr.Markdown(HELP)
        with gr.Column(scale=1, min_width=320):
            build_networks(tab, [board, pair, subject], (opened, viewer), examples, result)
            build_pictures(tab, board, examples)
            build_batch(Batches(tab.results, tab.everywhere, gate), board, prefix="desk-")
    build_mixing_endpoints(tab)


def build_networks(
    tab: MixingHandlers,
    scene: list[Any],
    before: tuple[gr.Tab, gr.HTML],
    examples: gr.Gallery,
    result: gr.File,
) -> None:
    """Where networks come from, and the verdict on them.

    Args:
        tab: The handlers.
        scene: The component, the chooser and whom the verdict is on.
        before: The desk starts when this tab is opened, with the picture of this viewer.
        examples: The gallery.
        result: The file that was made of what was on the desk.
    """
    (board, pair, subject), (opened, viewer) = scene, before
    pair.render()
    verdict, align = gr.HTML(elem_id="desk-verdict"), AlignPanel(tab)
    files, blend = build_own_networks()
    waited: dict[str, Any] = {"show_progress_on": [verdict], **QUIET}
    build_families(tab, scene, waited)
    opened.select(tab.start, [board, viewer], [*scene, examples], **HIDDEN)
    # Others can be chosen while some are being downloaded.
    pair.input(tab.choose_pair, [pair, board], scene, **{**waited, "trigger_mode": "multiple"})
    files.upload(tab.take_files, [files], [files], **{**QUIET, **TRIES})
    blend.click(tab.blend_files, [files, board], scene, **{**waited, **TRIES})
    board.resume(tab.resume, [board], [*scene, examples], **HIDDEN)
    align.connect(scene, api_visibility="private")
    # What stands there is on other networks.
    cleared = subject.change(lambda: ("", no_file()), None, [verdict, result], queue=False, **HIDDEN)
    hidden = cleared.success(align.hide, None, [align.offered], queue=False, **HIDDEN)
    cleared.success(align.forget, [subject, align.made], [align.note], queue=False, **HIDDEN)
    judge_after(hidden, tab, align, scene, verdict)


def build_own_networks() -> tuple[gr.File, gr.Button]:
    """The box for a person's own networks, and the button that blends them."""
    with gr.Accordion("Your own networks", open=False, elem_id="desk-own-networks"):
        files = gr.File(
            label="Two or more files",
            file_count="multiple",
            file_types=[SAFETENSORS_SUFFIX, *PICKLE_SUFFIXES],
            height=200,
            elem_id="desk-files",
        )
        return files, gr.Button("Blend these files", size="md", elem_id="desk-blend")


def judge_after(
    event: Any, tab: MixingHandlers, align: AlignPanel, scene: list[Any], verdict: gr.HTML
) -> None:
    """After an event that brought networks: the verdict on them, and the offer to align them."""
    board, _, subject = scene
    expected = event.success(tab.expect, [subject], [verdict], **{**HIDDEN, "concurrency_limit": 2})
    waited = {"show_progress_on": [verdict], **QUIET, "concurrency_limit": 1}
    judged = expected.success(tab.judge, [subject, board], [verdict, board], **waited)
    judged.success(align.offer, [subject], [align.offered], **HIDDEN)


def build_pictures(tab: MixingHandlers, board: gr.HTML, examples: Any) -> None:
    """Where pictures come from."""
    image = own_picture(elem_id="desk-picture", height=150)
    examples.render()
    with gr.Accordion("Reference (optional)", open=False):
        gr.Markdown("What the result should look like, for *Curve*: as large as the result.")
        reference = picture_input(
            label="The true picture", sources=["upload"], height=150, elem_id="desk-reference"
        )
    examples.select(tab.choose_example, [board], [board], **HIDDEN)
    board.reduce(tab.reduce, [board], [board], **{**HIDDEN, **DECODES})
    # As on the Effects tab: an empty box may come before a picture.
    uploaded = image.input(
        tab.upload, [image, board], [board, examples, image], trigger_mode="multiple", **{**HIDDEN, **DECODES}
    )
    uploaded.failure(lambda: None, None, [image], queue=False, **HIDDEN)
    for event in (reference.upload, reference.clear):
        event(tab.give_reference, [reference], None, **{**HIDDEN, **DECODES})
