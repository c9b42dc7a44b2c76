"""Measures the perception-distortion curve of what is in the Mixing tab."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from torch import Tensor

from dni.blending.mix_paths import first_end
from dni.caches import ByteCache
from dni.errors import DniError
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import RenderControl
from dni.serving.regions import check_region
from dni.serving.render_service import RenderService
from dni.serving.scheduling.scheduler import Priority
from dni.serving.sessions import Session
from dni.tradeoff.curve import Curve, Point, measure_curve
from dni.tradeoff.quality import MEASURES
from dni.tradeoff.question import TradeoffRequest
from dni.tradeoff.suggestion import suggest

__all__ = ["Measures"]

REFERENCE_BYTES = 300_000_000
# Measured pixels of the input: some seconds on two cores.
MEASURED_PIXELS = 96 * 96
# To wait for a reference that is being read; decoding ends sooner, one way or another.
READING_SECONDS = 60.0


class Measures:
    """Measures curves, one at a time for each person, against the references that people gave."""

    def __init__(self, service: RenderService) -> None:
        self.service = service
        self._references: ByteCache[int, Tensor] = ByteCache(REFERENCE_BYTES, size_of=Tensor.numel)
        self._lock = threading.Lock()
        self._reading: dict[int, threading.Event] = {}

    @contextmanager
    def reading(self, session: Session) -> Iterator[None]:
        """A session's reference is read and given inside of the block; a curve against it waits for that."""
        done = threading.Event()
        with self._lock:
            self._reading[session.key] = done
        try:
            yield
        finally:
            done.set()
            with self._lock:
                if self._reading.get(session.key) is done:
                    del self._reading[session.key]

    def give(self, reference: Tensor | None, *, session: Session) -> None:
        """Take a session's reference, uint8 (3, H, W), in place of the last one; None takes it away."""
        self._release(session)
        if reference is not None:
            self._references.put(session.key, reference)
            session.on_close(self._release)

    def curve(
        self, token: str, pair_id: str, last: RenderRequest, *, against: str, session: Session
    ) -> dict[str, Any]:
        """Measure eleven blends from the first end to the last mix, and suggest one.

        Args:
            token, pair_id: Of what to measure.
            last: The last of them: its mix or with a mask its brush, with its groups of layers, where it is
                painted, and the part to measure.
            against: "reduce" (the picture itself, reduced first), "reference" or "none".
            session: Who asks; what it asked for before is stopped.

        Raises:
            DniError: See :func:`dni.tradeoff.curve.measure_curve`; or there is no reference.
            Cancelled: The session has ended, or asks for another one.
        """
        reference = self.reference(session) if against == "reference" else None
        picture = self.service.picture(token, session)
        if last.crop is not None:
            check_region(last.crop, picture)
        renderer = self.service.renderer(pair_id, session)
        cancelled = session.cancellation("curve")

        def slot() -> AbstractContextManager[None]:
            return self.service.queue.slot(session, Priority.EXPORT, cancelled=cancelled)

        question = TradeoffRequest(
            reference=reference,
            reduce_first=against == "reduce",
            start=first_end(last.mix.num_ends),
            stop=last.brush or last.mix,
            mask=last.mask,
            levels=last.levels,
            outside=last.mix if last.brush else None,
            crop=last.crop,
            max_pixels=MEASURED_PIXELS,
        )
        control = RenderControl(cancelled=cancelled, slot=slot)
        return answer(measure_curve(picture, renderer, question, control=control))

    def _release(self, session: Session) -> None:
        """Forget a session's reference."""
        self._references.drop(lambda other: other == session.key)

    def reference(self, session: Session) -> Tensor:
        """The reference that a session gave, uint8 (3, H, W).

        Raises:
            DniError: It gave none.
        """
        with self._lock:
            reading = self._reading.get(session.key)
        if reading is not None and not reading.wait(READING_SECONDS):
            raise DniError("The reference picture is still being read. Measure again in a moment.")
        reference = self._references.get(session.key)
        if reference is None:
            raise DniError(
                "Expected a reference picture, but none was given. Put one under Reference; "
                "if you just did, measure again when it is on screen there."
            )
        return reference


def answer(curve: Curve) -> dict[str, Any]:
    """A curve for the browser; on both axes less is better."""
    advice = suggest(curve)
    return {
        "points": [point_values(curve, point) for point in curve.points],
        "axes": {"distortion": title(curve.distortion), "perception": title(curve.perception)},
        "note": f"{curve.title} Measured on {curve.crop.width}x{curve.crop.height} pixels of what is live. "
        "On both axes less is better.",
        "suggestion": {"alpha": advice.position, "reason": advice.reason},
    }


def point_values(curve: Curve, point: Point) -> dict[str, Any]:
    """A point for the browser; its text has SSIM too, where there is a reference."""
    shown = [curve.distortion, curve.perception, *({"ssim_y"} & point.measures.keys())]
    words = ", ".join(
        f"{MEASURES[name].name} {point.measures[name]:.3g} {MEASURES[name].unit}".rstrip() for name in shown
    )
    return {
        "alpha": point.position,
        "distortion": behind(curve, curve.distortion, point),
        "perception": behind(curve, curve.perception, point),
        "text": words,
    }


def behind(curve: Curve, name: str, point: Point) -> float:
    """How far a point is behind the best one in a measure where more is better; else the measure itself."""
    value = point.measures[name]
    if MEASURES[name].better != "higher":
        return MEASURES[name].badness(value)
    return max(other.measures[name] for other in curve.points) - value


def title(name: str) -> str:
    measure = MEASURES[name]
    if measure.better != "higher":
        return f"{measure.name}: {measure.detail}"
    return f"{measure.name} below the best" + (f" ({measure.unit})" if measure.unit else "")
