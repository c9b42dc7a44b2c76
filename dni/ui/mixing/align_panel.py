"""The align panel: where networks do not blend well, offers to reorder the channels of one."""

from __future__ import annotations

from collections.abc import Collection
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from dni.alignment.align import in_best_order
from dni.alignment.outcome import Aligned, Alignment, is_worth_aligning, settle
from dni.compatibility.verdict import Verdict
from dni.rendering.control import Cancelled
from dni.serving.mixing.alignment import align_for
from dni.serving.sessions import Session
from dni.ui.errors import afterwards, errors_shown, page_text
from dni.ui.mixing.handlers import MixingHandlers
from dni.ui.mixing.verdict_panel import inspect_in_slot
from dni.ui.pictures.shown_picture import ShownPicture
from dni.ui.protocol.mixing import MixingState

__all__ = ["AlignPanel"]

LABEL = "Align these networks"
WHY = (
    "The same filters in another order do not blend. Aligning reorders the hidden channels of each other "
    "network until they match the first; it computes the same as before "
    "([Git Re-Basin](https://arxiv.org/abs/2209.04836))."
)


class AlignPanel:
    """A button that appears under a verdict, and what came of it."""

    def __init__(self, tab: MixingHandlers) -> None:
        self.tab = tab
        with gr.Column(visible=False) as self.offered:
            gr.Markdown(WHY, elem_id="desk-align-why")
            self.button = gr.Button(LABEL, size="md", elem_id="desk-align")
        self.note = gr.HTML(visible=False, elem_id="desk-aligned")
        self.made = gr.State()

    def connect(self, scene: list[Any], **options: Any) -> None:
        """Align at a click, and put what came of it on the desk.

        Args:
            scene: The component, the chooser and whom the verdict is on.
            options: Of Gradio's events.
        """
        board, _, subject = scene
        busy = self.button.click(
            lambda: gr.Button("Aligning …", interactive=False), None, [self.button], queue=False, **options
        )
        aligned = busy.success(
            self.align,
            [subject],
            [self.made, self.note],
            concurrency_limit=1,
            concurrency_id="trying",
            **options,
        )
        afterwards(aligned, lambda: gr.Button(LABEL, interactive=True), None, [self.button])
        aligned.success(self.show, [self.made, board], scene, **options)

    def hide(self) -> Any:
        """Until the next verdict there is nothing to offer."""
        return gr.Column(visible=False)

    def forget(self, pair_id: str, made: str | None) -> Any:
        """What came of aligning other networks goes; of aligning these it stays."""
        return gr.skip() if pair_id == made else gr.HTML("", visible=False)

    def offer(self, pair_id: str, request: gr.Request) -> Any:
        """Show the button under a verdict that aligning may make better."""
        session = self.tab.session(request)
        known = self.tab.verdicts.known(pair_id, session)
        shown = known is not None and is_worth_aligning(known)
        return gr.Column(visible=shown and self.tab.is_subject(pair_id, session))

    def align(self, pair_id: str, request: gr.Request) -> tuple[Any, Any]:
        """Align, judge anew, and hold the result as the session's own networks if it is better."""
        session = self.tab.session(request)
        try:
            with errors_shown():
                found, made = self.try_orders(pair_id, session)
        except Cancelled:
            return gr.skip(), gr.skip()
        if not self.tab.is_subject(pair_id, session):
            return None, gr.skip()
        return made, gr.HTML(note_html(found), visible=True)

    def try_orders(self, pair_id: str, session: Session) -> tuple[Alignment, str | None]:
        """What aligning does to a pair, and the id of the aligned one where it is better."""
        service = self.tab.service
        paths, labels = service.paths(pair_id, session), service.pair(pair_id, session).labels
        before, written = self.tab.verdicts.on(pair_id, session), dict[int, Path]()

        def write(held: Collection[int]) -> dict[int, Aligned]:
            nonlocal written
            written, aligned = align_for(self.tab.networks, paths, held, session=session)
            return aligned

        def current() -> list[Path]:
            return [written.get(number, path) for number, path in enumerate(paths)]

        def judge(_: Collection[int]) -> Verdict:
            crop = before.evidence.crop
            return inspect_in_slot(service, current(), session=session, labels=labels, crop=crop)

        found = settle(write, judge, before)
        if not found.aligned:
            raise in_best_order(paths)
        if not found.is_better:
            return found, None
        made = self.tab.networks.hold(current(), session=session)
        self.tab.verdicts.remember(made, found.after, session)
        return found, made

    def show(self, made: str | None, scene: Any, request: gr.Request) -> tuple[Any, ...]:
        """Put the aligned networks on the desk, under the picture that is there now."""
        session = self.tab.session(request)
        if made is None:
            return gr.skip(), gr.skip(), gr.skip()
        with errors_shown():
            desk = MixingState.parse(scene)
            after = self.tab.scene(ShownPicture.of(desk), made, session)
            self.tab.pairs.note(session, made)
            return after, self.tab.chooser(made, session), self.tab.about(made, session)


def note_html(found: Alignment) -> str:
    """What was moved, and both verdicts. Names come from people's files: everything is escaped."""
    kind = found.after.verdict.replace(" ", "-")
    names = [facts.name for facts in found.after.evidence.networks]
    moved = " ".join(
        f"{escape(names[number])}: {escape(aligned.words)}" if len(names) > 2 else escape(aligned.words)
        for number, aligned in found.aligned.items()
    )
    end = "" if found.is_better else "<p>That is no better, so the networks stay as they were.</p>"
    words = [escape(verdict_words(verdict)) for verdict in (found.before, found.after)]
    return (
        f'<div class="verdict {kind}"><p><b>Aligned.</b> {moved}</p>'
        f"<p>Before: {words[0]}<br>After: {words[1]}</p>{end}</div>"
    )


def verdict_words(verdict: Verdict) -> str:
    test = verdict.evidence.midpoints[0]
    kept = "" if test.kept is None else f", {100 * max(test.kept, 0.0):.0f} % of what the ends add is kept"
    return page_text(f"{verdict.verdict}{kept}.")
