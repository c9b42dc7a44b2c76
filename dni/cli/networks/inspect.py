"""``dni inspect``: whether networks can be blended, with the evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from dni.cli.common import EndFiles, PairName, choose_ends, local_ends
from dni.compatibility.correlation import correlation_by_group, mean_correlation
from dni.compatibility.midpoint import Midpoint
from dni.compatibility.verdict import Evidence, Verdict, inspect_networks

__all__ = ["inspect"]

BAR_WIDTH = 30


def inspect(
    ends: EndFiles = None,
    pair: PairName = None,
    picture: Annotated[
        Path | None, typer.Option(help="The picture to try; by default one of the app's examples.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
) -> None:
    """Say whether networks blend, and why. The exit status is 0 whatever the verdict."""
    chosen = choose_ends(pair, ends)
    verdict = inspect_networks(local_ends(chosen), labels=chosen.labels, picture=picture)
    if as_json:
        typer.echo(json.dumps(verdict.to_dict(), indent=2, allow_nan=False))
    else:
        typer.echo("\n".join(report_lines(verdict)))


def report_lines(verdict: Verdict) -> Iterator[str]:
    """The verdict for people: the verdict, the reason, the evidence."""
    evidence = verdict.evidence
    yield from (verdict.verdict, verdict.reason, "", "Networks")
    for facts in evidence.networks:
        yield (
            f"  {facts.name}: {facts.architecture} x{facts.scale}, {facts.input_channels} channels in, "
            f"{facts.output_channels} out, {facts.parameters:,} parameters, sha256 {facts.sha256[:12]}"
        )
    yield f"  lineage: {evidence.lineage}"
    if evidence.differing_names:
        yield f"  differ in: {', '.join(evidence.differing_names)}"
    yield from chart_lines(evidence)
    for test in evidence.midpoints:
        yield from midpoint_lines(test, evidence)


def chart_lines(evidence: Evidence) -> Iterator[str]:
    """A bar for the filters of every group of layers, for each network but the first."""
    for other, facts in enumerate(evidence.networks[1:] if evidence.correlations else ()):
        mean = mean_correlation(evidence.correlations, other)
        names = f"{facts.name} with {evidence.networks[0].name}"
        yield from ("", f"Correlation of the filters, {names} (mean {mean:.2f})")
        for group, value in correlation_by_group(evidence.correlations, other).items():
            filled = round(max(0.0, value) * BAR_WIDTH)
            yield f"  {group:<10}  {'█' * filled}{'·' * (BAR_WIDTH - filled)} {value:5.2f}"


def midpoint_lines(test: Midpoint, evidence: Evidence) -> Iterator[str]:
    """One test: the measures of the blend, and in brackets those of the ends."""
    names = " and ".join(evidence.networks[end].name for end in test.ends)
    yield from ("", f"Half-way between {names}, on {evidence.picture}: {test.quality}")
    for measure in ("brightness", "contrast", "texture"):
        ends = ", ".join(f"{getattr(look, measure):.4f}" for look in test.looks)
        yield f"  {measure:<10}  {getattr(test.blend, measure):.4f} (ends {ends})"
    if test.kept is not None:
        yield f"  kept        {test.kept:.2f} of what the ends add to plain enlargement"
    if test.stray is not None:
        yield f"  stray       {test.stray:.1f} levels that the blend adds and no end does"
    to_ends = ", ".join(map(decibels, test.psnr_to_ends))
    yield f"  PSNR        to the ends {to_ends}; between the ends {decibels(test.psnr_between_ends)}"
    yield f"              to the mean of the ends' pictures {decibels(test.psnr_to_pixel_blend)}"


def decibels(value: float | None) -> str:
    return "equal" if value is None else f"{value:.1f} dB"
