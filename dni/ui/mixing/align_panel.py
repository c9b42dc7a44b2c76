"""The align panel: where networks do not blend well, offers to reorder the channels of one."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from dni.alignment.align import Aligned, improves, is_worth_aligning
from dni.compatibility.verdict import Verdict
from dni.rendering.control import Cancelled
from dni.serving.mixing.alignment import align_for
from dni.serving.sessions import Session
from dni.ui.errors import afterwards, errors_shown, page_text
from dni.ui.mixing.handlers import MixingHandlers
from dni.ui.mixing.verdict_panel import inspect_in_slot
from dni.ui.protocol.mixing import MixingState

__all__ = ["AlignPanel"]

LABEL = "Align these networks"
WHY = (
    "The same filters in another order do not blend. Aligning reorders the hidden channels of the second "
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

    def connect(self, scene: list[Any], **options: Any) -> Any:
        """The event after which other networks may be on the desk.

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
        return aligned.success(self.show, [self.made, board], scene, **options)

    def hide(self) -> Any:
        """Until the next verdict there is nothing to offer."""
        return gr.Column(visible=False)

    def forget(self) -> Any:
        """What came of aligning other networks goes."""
        return gr.HTML("", visible=False)

    def offer(self, pair_id: str, request: gr.Request) -> Any:
        """Show the button under a verdict that aligning may make better."""
        session = self.tab.session(request)
        known = self.tab.known_verdict(pair_id, session)
        two = known is not None and len(known.evidence.networks) == 2
        shown = known is not None and two and is_worth_aligning(known)
        return gr.Column(visible=shown and self.tab.is_subject(pair_id, session))

    def align(self, pair_id: str, request: gr.Request) -> tuple[Any, Any]:
        """Align, judge anew, and hold the result as the session's own networks if it is better."""
        session, service = self.tab.session(request), self.tab.service
        try:
            with errors_shown():
                first, second = service.paths(pair_id, session)
                before = self.tab.verdict(pair_id, session=session)
                path, aligned = align_for(self.tab.networks, first, second, session=session)
                labels = service.pair(pair_id, session).labels
                crop = before.evidence.crop
                after = inspect_in_slot(service, [first, path], session=session, labels=labels, crop=crop)
                made = self.hold(first, path, after, session) if improves(before, after) else None
        except Cancelled:
            return gr.skip(), gr.skip()
        if not self.tab.is_subject(pair_id, session):
            return None, gr.skip()
        note = note_html(aligned, before, after, is_kept=made is not None)
        return made, gr.HTML(note, visible=True)

    def hold(self, first: Path, path: Path, after: Verdict, session: Session) -> str:
        pair_id = self.tab.networks.hold([first, path], session=session)
        self.tab.remember(pair_id, after, session)
        return pair_id

    def show(self, made: str | None, scene: Any, request: gr.Request) -> tuple[Any, ...]:
        """Put the aligned networks on the desk, under the picture that is there now."""
        session = self.tab.session(request)
        if made is None:
            return gr.skip(), gr.skip(), gr.skip()
        with errors_shown():
            desk = MixingState.parse(scene)
            return self.tab.scene_with(desk, made, session), None, self.tab.about(made, session)


def note_html(aligned: Aligned, before: Verdict, after: Verdict, *, is_kept: bool) -> str:
    """What was moved, and both verdicts. Names come from people's files: everything is escaped."""
    kind = after.verdict.replace(" ", "-")
    end = "" if is_kept else "<p>That is no better, so the networks stay as they were.</p>"
    return (
        f'<div class="verdict {kind}"><p><b>Aligned.</b> {escape(aligned.words)}</p>'
        f"<p>Before: {escape(verdict_words(before))}<br>After: {escape(verdict_words(after))}</p>{end}</div>"
    )


def verdict_words(verdict: Verdict) -> str:
    test = verdict.evidence.midpoints[0]
    kept = "" if test.kept is None else f", {100 * max(test.kept, 0.0):.0f} % of what the ends add is kept"
    return page_text(f"{verdict.verdict}{kept}.")
