"""The card of a published blend: what the hub reads in its head, and what people read below."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dni.compatibility.verdict import Verdict
from dni.errors import in_words
from dni.publishing.ends import KnownEnd
from dni.recipes.recipe import Recipe

__all__ = ["Measured", "card_text"]

WEIGHTS, RECIPE, STRIP = "model.safetensors", "recipe.json", "along-alpha.png"


@dataclass(frozen=True)
class Measured:
    """One blend on the way from the first end to the last.

    Attributes:
        share: How far along, 0 to 1.
        to_first: PSNR in dB to the first end's picture, or None where they are equal.
        to_last: Likewise to the last end's.
    """

    share: float
    to_first: float | None
    to_last: float | None


def card_text(
    title: str,
    licence: str,
    ends: Sequence[KnownEnd],
    recipe: Recipe,
    verdict: Verdict,
    measured: Sequence[Measured],
    *,
    picture: str,
) -> str:
    """The text of ``README.md``."""
    lines = [
        *head_lines(licence, ends, recipe),
        "",
        f"# {plain(title)}",
        "",
        f"A blend of the parameters of {len(ends)} networks "
        "([Deep Network Interpolation](https://arxiv.org/abs/1811.10515)), made by dni "
        f"{plain(recipe.version)}: `theta = sum_i share_i * theta_i`.",
        "",
        *end_lines(ends, recipe),
        "",
        *use_lines(verdict),
        "",
        "## Along the mix",
        "",
        f"![The picture from the first end to the last]({STRIP})",
        "",
        *measured_lines(verdict, measured, picture),
        "",
        *licence_lines(licence, ends),
    ]
    return "\n".join(lines) + "\n"


def head_lines(licence: str, ends: Sequence[KnownEnd], recipe: Recipe) -> Iterator[str]:
    """YAML, all texts as JSON has them, which YAML reads alike."""
    repositories = list(dict.fromkeys(end.repository for end in ends if end.repository))
    yield "---"
    yield f"license: {licence}"
    if repositories:
        yield "base_model:"
        yield from (f"- {json.dumps(name)}" for name in repositories)
        yield "base_model_relation: merge"
    yield "pipeline_tag: image-to-image"
    tags = ["merge", "deep-network-interpolation", *(["super-resolution"] if recipe.scale > 1 else [])]
    yield f"tags: {json.dumps(tags)}"
    yield "---"


def end_lines(ends: Sequence[KnownEnd], recipe: Recipe) -> Iterator[str]:
    yield "| end | share | file | sha256 | from | licence |"
    yield "|---|---|---|---|---|---|"
    for end, share in zip(ends, recipe.shares, strict=True):
        place = end.repository or end.homepage or "-"
        cells = (end.label, f"{share:g}", end.file, f"{end.sha256[:16]}…", place, end.licence or "not stated")
        yield "| " + " | ".join(plain(cell) for cell in cells) + " |"
    for group, shares in recipe.mix.groups:
        yield ""
        yield f"Layers *{plain(group)}* have shares {', '.join(f'{share:g}' for share in shares)}."


def use_lines(verdict: Verdict) -> Iterator[str]:
    facts = verdict.evidence.networks[0]
    yield "## Use"
    yield ""
    yield (
        f"`{WEIGHTS}`: {plain(facts.architecture)}, x{facts.scale}, {facts.input_channels} channels in, "
        f"{facts.output_channels} out, {facts.parameters:,} parameters; RGB in [0, 1]. Its header and "
        f"`{RECIPE}` hold the recipe, with the hashes of the ends: with those files, dni makes it again."
    )


def measured_lines(verdict: Verdict, measured: Sequence[Measured], picture: str) -> Iterator[str]:
    yield f"On {plain(picture)}, luma PSNR in dB to the picture of either end (no measure of quality):"
    yield ""
    yield "| way from the first end to the last | to the first | to the last |"
    yield "|---|---|---|"
    for row in measured:
        yield f"| {row.share:g} | {decibels(row.to_first)} | {decibels(row.to_last)} |"
    yield ""
    yield f"Do the ends blend? *{verdict.verdict}*: {plain(verdict.reason)}"
    if verdict.evidence.lineage != "unknown":
        yield ""
        yield plain(verdict.evidence.lineage)


def licence_lines(licence: str, ends: Sequence[KnownEnd]) -> Iterator[str]:
    stated = ", ".join(sorted({end.licence for end in ends if end.licence})) or "not stated"
    yield "## Licence"
    yield ""
    yield (
        f"`{licence}`. The blend is adapted from its ends ({plain(stated)}) and keeps to the strictest "
        "of them; their authors are to be named as they ask."
    )


def decibels(value: float | None) -> str:
    return "equal" if value is None else f"{value:.1f}"


def plain(text: str) -> str:
    """A text from outside on one line of a table, without Markdown or HTML of its own."""
    cleaned = in_words(text, most=600)
    for sign in "\\`*_[]<>|#!":
        cleaned = cleaned.replace(sign, f"\\{sign}")
    return cleaned
