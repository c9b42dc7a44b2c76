"""Writes the folder of a hub repository for a blend: weights, card, recipe and pictures, and nothing else."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dni.blending.mix_paths import along, first_end
from dni.blending.shares import Mix
from dni.catalog.pairs import Pair
from dni.checkpoints.files import read_metadata, read_state, save
from dni.checkpoints.networks import load_ends
from dni.compatibility.verdict import Verdict, inspect_networks
from dni.errors import DniError, in_words
from dni.examples import EXAMPLE_FOLDER
from dni.export.networks import export_network
from dni.export.sweeps.sheet import compose_sheet
from dni.export.sweeps.sweep import sweep_frames
from dni.metrics.distortion import psnr_y
from dni.pictures.picture import Picture, to_pil
from dni.pictures.read import open_picture
from dni.publishing.card import RECIPE, STRIP, WEIGHTS, Measured, card_text
from dni.publishing.ends import KnownEnd, known_ends
from dni.publishing.licences import blend_licence
from dni.recipes.recipe import METADATA_KEY, Recipe
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import RenderControl
from dni.rendering.renderer import Renderer
from dni.temporary import partial_folder

__all__ = ["FILES", "Publication", "write_folder"]

CARD = "README.md"
FILES = (CARD, WEIGHTS, RECIPE, STRIP)
# Of the ends' headers only what the loader reads: the rest may say where somebody keeps their data.
KEPT_TEXTS = ("architecture", "num_filters", "num_blocks", METADATA_KEY)
STEPS = 5
SIDE = 160


@dataclass(frozen=True, kw_only=True)
class Publication:
    """What is published.

    Attributes:
        paths: The files of the ends.
        pair: The ends as the catalogue knows them, or :meth:`dni.catalog.pairs.Pair.from_paths`.
        mix: How much of each.
        title: Of the card.
        licence: What the publisher chose, or None for what the ends' licences give.
        repositories: See :func:`dni.publishing.ends.known_ends`.
        picture: What to show the mix on, or None for an example; its middle is used.
        dtype: Of the weights.
    """

    paths: Sequence[Path]
    pair: Pair
    mix: Mix
    title: str
    licence: str | None = None
    repositories: Sequence[str] = ()
    picture: Path | None = None
    dtype: torch.dtype = torch.float32


def write_folder(
    wanted: Publication,
    destination: Path,
    *,
    catalog: Mapping[str, Pair],
    control: RenderControl | None = None,
) -> str:
    """Write the folder; it appears whole or not at all.

    Returns:
        The blend's licence.

    Raises:
        DniError: The folder is there already; the ends cannot be used, or not be published together; or the
            picture cannot be read.
    """
    control = control or RenderControl()
    check_new(destination)
    ends = known_ends(wanted.paths, wanted.pair.labels, catalog=catalog, repositories=wanted.repositories)
    origins = [licence for end in ends for licence in end.origin_licences]
    licence = blend_licence([end.licence for end in ends], wanted.licence, origins=origins)
    picture = open_picture(wanted.picture or EXAMPLE_FOLDER / "cat.png")
    verdict = inspect_networks(wanted.paths, labels=wanted.pair.labels, picture=wanted.picture)
    for notice in notices_of(verdict, ends):
        control.notify(notice)
    try:
        with partial_folder(destination) as folder:
            recipe = write_weights(wanted, folder, licence, control)
            measured = write_strip(wanted, folder, picture, control)
            name = "a picture of the publisher's" if wanted.picture else "the example cat.png"
            text = card_text(wanted.title, licence, ends, recipe, verdict, measured, picture=name)
            (folder / CARD).write_text(text, encoding="utf-8")
            put_in_place(folder, destination)
    except OSError as error:
        raise DniError(
            f"Expected to write {destination}, but that failed ({in_words(error.strerror)}). Choose another."
        ) from error
    return licence


def put_in_place(folder: Path, destination: Path) -> None:
    """Move the files that are to be published, and no others, all at once."""
    whole = folder / "whole"
    whole.mkdir()
    for file in FILES:
        os.rename(folder / file, whole / file)
    if destination.exists():
        destination.rmdir()  # empty: Windows replaces no folder
    os.replace(whole, destination)


def check_new(destination: Path) -> None:
    """Raise where something is there already, or the folder around it is not."""
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise DniError(
            f"Expected a new or empty folder, but {destination} is there with content: nothing was "
            "overwritten. Choose another name, or delete it first."
        )
    if not destination.parent.is_dir():
        raise DniError(
            f"Expected to make {destination}, but {destination.parent} is no folder: make it first."
        )


def notices_of(verdict: Verdict, ends: Sequence[KnownEnd]) -> Iterator[str]:
    """What a publisher should know of the card before anybody else does."""
    if verdict.verdict != "blends well":
        yield f"These networks: {verdict.verdict}. {verdict.reason} The card says so."
    if not any(end.repository for end in ends):
        yield "No end is on the hub, so the card has no base_model: the hub will show no family tree."


def write_weights(wanted: Publication, folder: Path, licence: str, control: RenderControl) -> Recipe:
    """The blend, with no more in its header than is needed, and its recipe once more as a file."""
    raw = folder / "raw.safetensors"
    pair_id = "" if wanted.pair.id == "files" else wanted.pair.id
    recipe = export_network(
        wanted.paths, wanted.mix, raw, pair_id=pair_id, dtype=wanted.dtype, control=control
    )
    texts = {name: text for name, text in read_metadata(raw).items() if name in KEPT_TEXTS}
    save(folder / WEIGHTS, read_state(raw), {**texts, "license": licence})
    (folder / RECIPE).write_text(recipe.to_json() + "\n", encoding="utf-8")
    return recipe


def write_strip(
    wanted: Publication, folder: Path, picture: Picture, control: RenderControl
) -> list[Measured]:
    """The picture along the way from the first end to the last, with how far each is from both."""
    network, states = load_ends(wanted.paths)
    renderer = Renderer(network, states, precision="float32")
    num_ends = len(states)
    last = Mix.of((*[0.0] * (num_ends - 1), 1.0))
    mixes = along(first_end(num_ends), last, STEPS)
    small = middle_of(picture)
    requests = [RenderRequest(mix=mix) for mix in mixes]
    frames = list(sweep_frames(small, renderer, requests, control=control))
    labels = [f"{mix.shares[-1]:g}" for mix in mixes]
    sheet = compose_sheet([list(zip(frames, labels, strict=True))])
    to_pil(sheet).save(folder / STRIP)
    return [
        Measured(mix.shares[-1], distance(frame, frames[0]), distance(frame, frames[-1]))
        for mix, frame in zip(mixes, frames, strict=True)
    ]


def middle_of(picture: Picture) -> Picture:
    """The middle of a picture, without its name and what else it knows of itself."""
    rgb = picture.rgb
    height, width = (min(SIDE, side) for side in rgb.shape[1:])
    top, left = (rgb.shape[1] - height) // 2, (rgb.shape[2] - width) // 2
    return Picture(
        rgb=rgb[:, top : top + height, left : left + width].contiguous(), opacity=None, name="picture"
    )


def distance(frame: Tensor, other: Tensor) -> float | None:
    """PSNR of luma in dB; None where they are equal."""
    found = psnr_y(frame[None] / 255, other[None] / 255, border=0)
    return found if math.isfinite(found) else None
