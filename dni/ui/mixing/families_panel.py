"""Families of the community's networks: who shares a root with whom, and putting some on the desk."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from dni.catalog.families import Relative, fetch_relative, load_families, local_relative
from dni.checkpoints.sandbox import MAX_FILES
from dni.errors import DniError
from dni.ui.errors import errors_shown
from dni.ui.mixing.handlers import MixingHandlers
from dni.ui.progress import SupersededError, download_progress
from dni.ui.protocol.mixing import MixingState

__all__ = ["FamilyHandlers", "build_families", "check_relatives", "family_html", "label_of"]

INTRO = """Networks that were trained from one another, as [OpenModelDB](https://openmodeldb.info) knows
them (GPL-3.0). Those of one root and one size can often be blended; the verdict says whether these can."""
BEHIND_A_PAGE = "Behind a page: get the file there, and drop it under <i>Your own networks</i>"
UNLIKE = "Listed with another architecture, size or scale: hardly a blend"
# Downloads of everybody: one at a time, the others wait in Gradio's queue.
FETCHES: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "families"}


class FamilyHandlers:
    """The handlers of the panel; the list comes with the program.

    Args:
        tab: The desk's.
    """

    def __init__(self, tab: MixingHandlers) -> None:
        self.tab = tab
        self.families = load_families()

    @property
    def cache(self) -> Path | None:
        return self.tab.service.cache

    def is_here(self, relative: Relative) -> bool:
        return local_relative(relative, cache=self.cache) is not None

    def names(self, *, only_here: bool = False) -> list[tuple[str, str]]:
        """What can be chosen: a label and an id each."""
        every = self.families.relatives.values()
        listed = sorted(every, key=lambda one: (one.name.casefold(), one.id))
        return [(title_of(one), one.id) for one in listed if not only_here or self.is_here(one)]

    def narrow(self, only_here: bool, name: str | None) -> Any:
        """Show all networks in the chooser, or those whose files are on this machine."""
        names = self.names(only_here=bool(only_here))
        return gr.Dropdown(names, value=name if name in {key for _, key in names} else None)

    def show(self, name: str | None) -> tuple[Any, Any]:
        """The family of a network: those that can be put on the desk, and a text on all others."""
        if name is None:
            return gr.CheckboxGroup([], value=[], visible=False), ""
        with errors_shown():
            own, *others = self.families.of(name)
        alike = [one for one in (own, *others) if one.is_like(own)]
        usable = [one for one in alike if one.urls or self.is_here(one)]
        choices = [(label_of(one, is_here=self.is_here(one)), one.id) for one in usable]
        chosen = [own.id] if own in usable else []
        text = family_html(own, [one for one in (own, *others) if one not in usable])
        return gr.CheckboxGroup(choices, value=chosen, visible=bool(choices)), text

    def put(
        self,
        names: list[str] | None,
        scene: dict[str, Any],
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - this is how gradio hands it over
    ) -> tuple[Any, ...]:
        """Fetch the chosen ones and put them on the desk; on failure all stays as it is."""
        session = self.tab.session(request)
        with errors_shown():
            desk = MixingState.parse(scene)
            relatives = check_relatives([self.families.find(name) for name in names or ()])
            choice = self.tab.pairs.begin(session)
            try:
                with session.busy():
                    show = download_progress(progress, choice.is_superseded)
                    paths = [fetch_relative(one, cache=self.cache, progress=show) for one in relatives]
                    pair_id = self.tab.networks.pair(paths, session=session)
            except SupersededError:
                return gr.skip(), gr.skip(), gr.skip()
        return self.tab.put(pair_id, desk, session, choice)


def check_relatives(relatives: Sequence[Relative]) -> Sequence[Relative]:
    """Networks that can be tried together.

    Raises:
        DniError: They are too few or too many, or not of one family and shape.
    """
    if not 2 <= len(relatives) <= MAX_FILES:
        raise DniError(
            f"Expected 2 to {MAX_FILES} networks of a family, but got {len(relatives)}. Tick as many."
        )
    first = relatives[0]
    if not all(one.root == first.root and one.is_like(first) for one in relatives):
        raise DniError("Expected networks of one family and size, but got several. Choose the network again.")
    return relatives


def title_of(relative: Relative) -> str:
    """A network in the chooser."""
    return f"{relative.name} ({relative.scale}x, {relative.architecture}, {', '.join(relative.authors)})"


def label_of(relative: Relative, *, is_here: bool) -> str:
    """A network in its family: its name, what it is for, its licence and its size."""
    size = "here already" if is_here else f"{max(relative.bytes / 1e6, 1):.0f} MB"
    purposes = ", ".join(relative.purposes[:3]) or "no purpose given"
    return f"{relative.name}: {purposes}. {licence_of(relative)}, {size}"


def licence_of(relative: Relative) -> str:
    if not relative.licence:
        return "licence unknown"
    return relative.licence + (" (not for commercial use)" if "-NC" in relative.licence else "")


def family_html(own: Relative, others: Sequence[Relative]) -> str:
    """The root, and the relatives that cannot be fetched or are of another size, each with its page."""
    root = link(own.root, f"https://openmodeldb.info/models/{own.root}")
    lines = [f"<p>Root of the family: {root}. The pages say how each was made and show pictures.</p>"]
    for title, alike in ((BEHIND_A_PAGE, True), (UNLIKE, False)):
        part = [one for one in others if one.is_like(own) is alike]
        if part:
            items = "".join(
                f"<li>{link(one.name, one.page)}: {html.escape(', '.join(one.purposes[:3]))}. "
                f"{html.escape(licence_of(one))}, {one.bytes / 1e6:.0f} MB</li>"
                for one in part
            )
            lines.append(f"<details><summary>{title} ({len(part)})</summary><ul>{items}</ul></details>")
    return "".join(lines)


def link(text: str, address: str) -> str:
    return (
        f'<a href="{html.escape(address)}" target="_blank" rel="noopener noreferrer">{html.escape(text)}</a>'
    )


def build_families(tab: MixingHandlers, scene: list[Any], waited: dict[str, Any]) -> None:
    """The panel.

    Args:
        tab: The handlers of the rest.
        scene: The component, the chooser of networks and whom the verdict is on.
        waited: Options of an event that puts networks on the desk.
    """
    handlers, board = FamilyHandlers(tab), scene[0]
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    with gr.Accordion("Families of the community's networks", open=False, elem_id="desk-families"):
        gr.Markdown(INTRO)
        name = gr.Dropdown(handlers.names(), value=None, label="A network", elem_id="desk-family-of")
        only_here = gr.Checkbox(label="Only what is on this machine", elem_id="desk-family-here")
        relatives = gr.CheckboxGroup(
            [], label="Put on the desk, in this order", visible=False, elem_id="desk-relatives"
        )
        put = gr.Button("Blend the ticked ones", size="md", elem_id="desk-family-put")
        about = gr.HTML(elem_id="desk-family-about")
    name.change(handlers.show, [name], [relatives, about], **quiet)
    only_here.input(handlers.narrow, [only_here, name], [name], **quiet)
    put.click(handlers.put, [relatives, board], scene, **{**waited, **FETCHES})
