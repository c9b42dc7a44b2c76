"""Sweeps: one picture through many mixes, written as a labelled sheet or a film.

Where a mask is painted, the swept mix is inside of it, and what is outside stands still.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from dni.blending.interpolate import check_groups
from dni.blending.shares import Mix
from dni.checkpoints.atomic_write import check_destination
from dni.errors import DniError
from dni.export.sweeps.animation import FILM_SUFFIXES, Playback, check_size, write_film
from dni.export.sweeps.sheet import SHEET_SUFFIX, compose_sheet, write_sheet
from dni.pictures.picture import Picture
from dni.recipes.recipe_files import hashed_ends
from dni.recipes.render_request import RenderRequest, mix_values
from dni.rendering.control import RenderControl
from dni.rendering.renderer import Renderer
from dni.rendering.requests import Kept, render_request
from dni.version import __version__

__all__ = ["SWEEP_SUFFIXES", "Sweep", "export_sweep", "sweep_frames", "swept"]

SWEEP_SUFFIXES = (SHEET_SUFFIX, *FILM_SUFFIXES)
MAX_FRAMES = 240
# All frames are kept until they are written, twice for a moment: then some 0.9 GB.
MAX_TOTAL_PIXELS = 150_000_000
DEFAULT_PLAYBACK = Playback()


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What to show.

    Attributes:
        rows: The mixes (see :mod:`dni.blending.mix_paths`): one row for a strip or a film, more for a sheet
            only.
        like: What all frames have in common: the crop, tiles, and the mask with what is outside of it. See
            :func:`swept`; by default the whole picture is shown.
        playback: How a film runs.
    """

    rows: tuple[tuple[Mix, ...], ...]
    like: RenderRequest | None = None
    playback: Playback = DEFAULT_PLAYBACK

    @property
    def mixes(self) -> list[Mix]:
        return [mix for row in self.rows for mix in row]


def swept(mix: Mix, like: RenderRequest | None) -> RenderRequest:
    """The request for one frame: ``like`` with ``mix`` as its brush where it has a mask, else as its mix.

    Raises:
        RenderRequestError: The mix and what is outside of the mask have different numbers of ends.
    """
    if like is None:
        return RenderRequest(mix=mix)
    return replace(like, mix=mix) if like.mask is None else replace(like, brush=mix)


def sweep_frames(
    picture: Picture,
    renderer: Renderer,
    requests: Sequence[RenderRequest],
    *,
    control: RenderControl | None = None,
) -> Iterator[Tensor]:
    """Render one request after the other; opacity is left out.

    Each frame is what :func:`dni.rendering.requests.render_request` makes of its request, to the byte. What
    is outside of a mask is rendered once for all frames, so each costs no more than the painted area at every
    level.

    Args:
        picture: What to render.
        renderer: The loaded ends.
        requests: One a frame, see :func:`swept`.
        control: Progress in tiles of all frames, notices, cancellation and slots.

    Yields:
        uint8 (3, scale * height, scale * width) of the crop or the whole picture, on the CPU.

    Raises:
        DniError: The picture or a request cannot be used.
        Cancelled: ``control.cancelled`` was set.
    """
    control, opaque, kept = control or RenderControl(), replace(picture, opacity=None), Kept()
    for index, request in enumerate(requests):
        own = control.for_part(index, len(requests))
        rgb, _ = render_request(opaque, renderer, request, control=own, kept=kept)
        yield rgb.contiguous()


def export_sweep(
    picture: Picture,
    renderer: Renderer,
    sweep: Sweep,
    destination: Path,
    *,
    ends: Sequence[Path],
    pair_id: str = "",
    control: RenderControl | None = None,
) -> None:
    """Render a sweep and write it as a labelled sheet (PNG) or as a film (GIF, WebP, MP4).

    Args:
        picture: What to render; opacity is left out.
        renderer: The loaded ends.
        sweep: What to show.
        destination: A file that ends in one of ``SWEEP_SUFFIXES``; it appears whole or not at all.
        ends: The files that the renderer was made from, for the recipe in the file's metadata.
        pair_id: The pair's id in the catalogue, or "".
        control: Progress in tiles of all frames, notices, cancellation and slots.

    Raises:
        DniError: The mixes, picture, mask, crop or destination cannot be used, or the frames are too many
            or too large.
        Cancelled: ``control.cancelled`` was set.
    """
    check_sweep(sweep, picture, destination, renderer)
    requests = [swept(mix, sweep.like) for mix in sweep.mixes]
    frames = list(sweep_frames(picture, renderer, requests, control=control))
    comment = describe(sweep, renderer, ends=ends, pair_id=pair_id)
    if destination.suffix.lower() == SHEET_SUFFIX:
        shown = iter(zip(frames, map(label, sweep.mixes), strict=True))
        rows = [[next(shown) for _ in row] for row in sweep.rows]
        write_sheet(destination, compose_sheet(rows), comment=comment)
    else:
        write_film(destination, frames, sweep.playback, comment=comment)


def check_sweep(sweep: Sweep, picture: Picture, destination: Path, renderer: Renderer) -> None:
    """Raise before the work and not after it."""
    suffix = destination.suffix.lower()
    if suffix not in SWEEP_SUFFIXES:
        raise DniError(
            f"Expected a name that ends in one of {', '.join(SWEEP_SUFFIXES)}, but got {destination.name}. "
            "Change the ending."
        )
    check_destination(destination, suffix)
    if suffix in FILM_SUFFIXES and len(sweep.rows) != 1:
        raise DniError(
            f"Expected a name that ends in {SHEET_SUFFIX} for a grid, but got {destination.name}. "
            "Change the ending."
        )
    for mix in sweep.mixes:
        check_groups(mix, renderer.blend.groups)
    crop = None if sweep.like is None else sweep.like.crop
    frame = (crop or picture.whole).scaled(renderer.scale)
    check_amount(suffix, len(sweep.mixes), height=frame.height, width=frame.width)


def check_amount(suffix: str, count: int, *, height: int, width: int) -> None:
    """``height`` and ``width`` are those of a frame."""
    if suffix in FILM_SUFFIXES:
        check_size(suffix, height=height, width=width)
    if not 2 <= count <= MAX_FRAMES:
        raise DniError(f"Expected 2 to {MAX_FRAMES} frames, but got {count}. Change their number.")
    total = count * height * width
    if total > MAX_TOTAL_PIXELS:
        raise DniError(
            f"Expected at most {MAX_TOTAL_PIXELS / 1e6:.0f} megapixels in all frames together, but {count} "
            f"frames of {width}x{height} have {total / 1e6:.0f}. Ask for fewer frames, or cut a part out of "
            "the picture."
        )


def label(mix: Mix) -> str:
    """What to write under a frame."""
    if mix.alpha is not None:
        return f"alpha {mix.alpha:.2f}"
    return " / ".join(f"{100 * share:.0f}" for share in mix.shares) + " %"


def describe(sweep: Sweep, renderer: Renderer, *, ends: Sequence[Path], pair_id: str) -> str:
    """How the sweep was made, as one line of JSON in ASCII."""
    recipe = {
        "pair": pair_id,
        "ends": hashed_ends(ends),
        "precision": renderer.precision,
        "scale": renderer.scale,
        "version": __version__,
        "rows": [[mix_values(mix) for mix in row] for row in sweep.rows],
        "playback": asdict(sweep.playback),
        **common_values(sweep.like),
    }
    return json.dumps({"sweep": recipe}, sort_keys=True, allow_nan=False)


def common_values(like: RenderRequest | None) -> dict[str, Any]:
    """What all frames have in common, by the names of a request; ``outside`` is the mix outside of a mask."""
    if like is None:
        return {"crop": None}
    crop = None if like.crop is None else like.crop.values
    values = {"crop": crop, "tile": like.tile}
    if like.mask is None:
        return values
    return {**values, "mask": like.mask, "levels": like.levels, "outside": mix_values(like.mix)}
