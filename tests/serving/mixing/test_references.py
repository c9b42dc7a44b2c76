"""A curve against a reference waits for one that is being read, and says so where there is none."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import torch

from dni.blending.shares import Mix
from dni.errors import DniError
from dni.pictures.picture import Picture
from dni.recipes.render_request import RenderRequest
from dni.serving.mixing import measurements
from dni.serving.mixing.measurements import Measures
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session


def test_a_reference_that_is_being_read_is_waited_for(
    service: RenderService, ann: Session, bob: Session, monkeypatch: pytest.MonkeyPatch, tiny_ends: list[Path]
) -> None:
    measures = Measures(service)
    picture = Picture(rgb=torch.zeros(3, 12, 12, dtype=torch.uint8), opacity=None, name="a.png")
    seen: list[Any] = []
    monkeypatch.setattr(
        measurements, "measure_curve", lambda picture, renderer, question, control: seen.append(question)
    )
    monkeypatch.setattr(measurements, "answer", lambda curve: {})

    def ask(session: Session) -> None:
        token = service.hold(picture, session=session, tab="mixing")
        request = RenderRequest(mix=Mix.of_alpha(1.0))
        measures.curve(token, "tiny", request, against="reference", session=session)

    asking = threading.Thread(target=ask, args=(ann,))
    reference = torch.ones(3, 48, 48, dtype=torch.uint8)
    with measures.reading(ann):
        asking.start()
        with pytest.raises(DniError, match="none was given"):
            ask(bob)  # somebody else's is not waited for
        assert seen == []
        measures.give(reference, session=ann)
    asking.join()
    assert [question.reference is reference for question in seen] == [True]
    monkeypatch.setattr(measurements, "READING_SECONDS", 0.0)
    with measures.reading(ann), pytest.raises(DniError, match="still being read"):
        ask(ann)
    ask(ann)  # the last one is still there
    assert len(seen) == 2
