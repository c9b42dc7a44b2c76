"""Sweeps for the Mixing tab and for programs, rendered in slots of the session's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dni.export.sweeps.sweep import Sweep, export_sweep
from dni.pictures.picture import Picture
from dni.rendering.control import RenderControl
from dni.serving.regions import check_tile
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session

__all__ = ["export_sweep_in_slots"]


def export_sweep_in_slots(
    service: RenderService,
    picture: Picture,
    pair_id: str,
    sweep: Sweep,
    destination: Path,
    *,
    session: Session,
    control: RenderControl,
) -> Path:
    """Render a sweep in float32, each tile in a slot; see :func:`dni.export.sweeps.sweep.export_sweep`.

    The control's own slot is not used.

    Raises:
        RenderServiceError: The tiles are so small that they are nearly all overlap.
    """
    renderer = service.export_renderer(pair_id, session)
    if sweep.like is not None:
        check_tile(sweep.like, renderer)
    export_sweep(
        picture,
        renderer,
        sweep,
        destination,
        ends=service.paths(pair_id, session),
        pair_id=service.pair(pair_id, session).id,
        control=replace(control, slot=service.export_slot(session, control)),
    )
    return destination
