"""Sweeps in the service: their tiles."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from dni.blending.shares import Mix
from dni.export.sweeps.sweep import Sweep
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import RenderControl
from dni.serving.mixing.frames import compare
from dni.serving.mixing.sweeps import export_sweep_in_slots
from dni.serving.render_service import RenderService, RenderServiceError
from dni.serving.sessions import Session

PICTURE = Picture(rgb=torch.full((3, 24, 32), 90, dtype=torch.uint8), opacity=None, name="grey")
ENDS = (Mix.of((1.0, 0.0)), Mix.of((0.0, 1.0)))


def test_small_tiles_are_refused_for_sweeps_and_comparisons_too(
    service: RenderService, ann: Session, out: Path
) -> None:
    tiny = RenderRequest(mix=ENDS[0], tile=1, crop=Rectangle(0, 0, 8, 8))
    with pytest.raises(RenderServiceError, match=r"Expected tiles of at least .* but got 1"):
        export_sweep_in_slots(
            *(service, PICTURE, "tiny", Sweep(rows=(ENDS,), like=tiny), out / "sweep.png"),
            session=ann,
            control=RenderControl(),
        )
    assert not list(out.iterdir())
    token = service.hold(PICTURE, session=ann, tab="mixing")
    with pytest.raises(RenderServiceError, match=r"Expected tiles of at least .* but got 1"):
        compare(service, token, "tiny", tiny, session=ann)
