"""The verdict panel: inspects the networks in a scheduling slot, and shows the evidence as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from html import escape
from pathlib import Path
from weakref import WeakKeyDictionary

from dni.compatibility.correlation import correlation_by_group, mean_correlation
from dni.compatibility.first_answer import FirstAnswer
from dni.compatibility.lineage import UNKNOWN
from dni.compatibility.midpoint import Midpoint
from dni.compatibility.verdict import Evidence, NetworkFacts, Verdict, inspect_networks
from dni.rendering.control import RenderControl
from dni.serving.render_service import RenderService
from dni.serving.scheduling.scheduler import Priority
from dni.serving.sessions import Session
from dni.ui.errors import page_text

__all__ = ["Verdicts", "first_html", "group_correlations", "inspect_in_slot", "verdict_html"]


def inspect_in_slot(
    service: RenderService,
    paths: Sequence[Path],
    *,
    session: Session,
    labels: Sequence[str] | None = None,
    crop: int | None = None,
) -> Verdict:
    """Judge networks while others use the machine: each run of a network waits for a slot.

    Ranked as an export: the verdict comes after the frames of the picture, and like an export it is never
    dropped for its session's newer wishes, as a frame made ahead would be. Nobody would ask for it again.

    Args:
        service: Whose catalogue and scheduler.
        paths: Two or more files of weights.
        session: Who asks.
        labels, crop: What to call the networks, and how much of the picture to render; see
            :func:`dni.compatibility.verdict.inspect_networks`.

    Raises:
        DniError: See there.
        dni.rendering.control.Cancelled: The session has ended.
    """
    control = RenderControl(slot=partial(service.queue.slot, session, Priority.EXPORT))
    return inspect_networks(paths, labels=labels, catalog=service.catalog, control=control, crop=crop)


class Verdicts:
    """What was said of networks: of the catalogue's for all, of a session's own until its next ones."""

    def __init__(self, service: RenderService) -> None:
        self.service = service
        self._listed: dict[str, Verdict] = {}
        self._own: WeakKeyDictionary[Session, tuple[str, Verdict]] = WeakKeyDictionary()

    def known(self, pair_id: str, session: Session) -> Verdict | None:
        """What was said already; None if nothing was."""
        own_id, own = self._own.get(session, ("", None))
        return own if own_id == pair_id else self._listed.get(pair_id)

    def on(self, pair_id: str, session: Session) -> Verdict:
        """The verdict, now or from before."""
        known = self.known(pair_id, session)
        if known is None:
            paths, labels = self.service.paths(pair_id, session), self.service.pair(pair_id, session).labels
            known = inspect_in_slot(self.service, paths, session=session, labels=labels)
            self.remember(pair_id, known, session)
        return known

    def remember(self, pair_id: str, verdict: Verdict, session: Session) -> None:
        if pair_id in self.service.catalog:
            self._listed[pair_id] = verdict
        else:
            self._own[session] = pair_id, verdict


def first_html(answer: FirstAnswer) -> str:
    """The first answer for people, until the verdict takes its place."""
    return (
        f'<div class="verdict first {answer.verdict.replace(" ", "-")}"><p>{escape(answer.reason)} '
        "The picture half-way is being tested.</p></div>"
    )


def verdict_html(verdict: Verdict, *, on_desk: bool = True) -> str:
    """A verdict for people. Names come from people's files: everything is escaped.

    Args:
        verdict: What was found.
        on_desk: Whether it is on the networks on the desk; else it says that these are others.
    """
    evidence = verdict.evidence
    names = " and ".join(facts.name for facts in evidence.networks)
    others = "" if on_desk else f"<p>On {escape(names)}, which are not on the desk.</p>"
    kind = verdict.verdict.replace(" ", "-")
    lineage = "" if evidence.lineage == UNKNOWN else f"<p>{escape(evidence.lineage)}</p>"
    return (
        f'<div class="verdict {kind}">{others}<p><b>{escape(verdict.verdict.capitalize())}.</b> '
        f"{escape(page_text(verdict.reason))}</p>{lineage}"
        f"<details><summary>Evidence</summary>{''.join(parts(evidence))}</details></div>"
    )


def group_correlations(verdict: Verdict) -> dict[str, float]:
    """How alike the filters are in each group of layers: the mean over all ends but the first."""
    correlations = verdict.evidence.correlations
    others = range(len(verdict.evidence.networks) - 1)
    each = [correlation_by_group(correlations, other) for other in others] if correlations else []
    return {group: sum(values[group] for values in each) / len(each) for group in (each[0] if each else {})}


def parts(evidence: Evidence) -> Iterator[str]:
    yield from map(network_words, evidence.networks)
    if evidence.differing_names:
        yield f"<p>They differ in {escape(', '.join(evidence.differing_names))}.</p>"
    for other, facts in enumerate(evidence.networks[1:] if evidence.correlations else ()):
        yield chart(evidence, other, facts)
    for test in evidence.midpoints:
        yield test_table(test, evidence)


def network_words(facts: NetworkFacts) -> str:
    return (
        f"<p><b>{escape(facts.name)}</b>: {escape(facts.architecture)}, enlarges {facts.scale} times, "
        f"{facts.parameters:,} parameters, {facts.bytes / 1e6:.1f} MB, sha256 "
        f"<code>{escape(facts.sha256[:12])}</code></p>"
    )


def chart(evidence: Evidence, other: int, facts: NetworkFacts) -> str:
    """Bars for how alike the filters are, a group of layers each."""
    rows = "".join(
        f'<tr><th scope="row">{escape(group)}</th><td class="bar">'
        f'<i style="width:{100 * max(0.0, value):.0f}%"></i></td><td>{value:.2f}</td></tr>'
        for group, value in correlation_by_group(evidence.correlations, other).items()
    )
    mean = mean_correlation(evidence.correlations, other)
    return (
        f"<table><caption>How alike the filters of {escape(facts.name)} and "
        f"{escape(evidence.networks[0].name)} are (mean {mean:.2f}; 1 is the same)</caption>{rows}</table>"
    )


def test_table(test: Midpoint, evidence: Evidence) -> str:
    """What the picture in the middle has, beside those of the ends."""
    names = [escape(evidence.networks[end].name) for end in test.ends]
    looks = [test.blend, *test.looks]
    rows = "".join(
        f'<tr><th scope="row">{title}</th>'
        + "".join(f"<td>{getattr(look, measure):.3f}</td>" for look in looks)
        + "</tr>"
        for title, measure in (
            ("brightness", "brightness"),
            ("contrast", "contrast"),
            ("fine texture", "texture"),
        )
    )
    if test.kept is not None:
        blank = "<td></td>" * len(names)
        rows += f'<tr><th scope="row">kept of what the ends add</th><td>{test.kept:.2f}</td>{blank}</tr>'
    between = "equal" if test.psnr_between_ends is None else f"{test.psnr_between_ends:.1f} dB apart"
    to_ends = ", ".join("equal" if each is None else f"{each:.1f} dB" for each in test.psnr_to_ends)
    header = "".join(f'<th scope="col">{name}</th>' for name in ("the blend", *names))
    return (
        f"<table><caption>Half-way between {' and '.join(names)}, on {escape(evidence.picture)}: "
        f"{escape(test.quality)}</caption><tr><td></td>{header}</tr>{rows}</table>"
        f"<p>The ends' pictures are {between} (PSNR); from the blend to each: {to_ends}.</p>"
    )
