"""What the soak has seen, and its table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.subjects import Verdict
from benchmarks.table import median, p95

__all__ = ["COLUMNS", "Log", "Pulse", "describe", "rows_of"]

COLUMNS = (
    "person",
    "visits",
    "frames",
    "frames/s",
    "median, ms",
    "p95, ms",
    "longest, ms",
    "within a round",
    "dropped",
    "stale",
    "wrong",
    "errors",
    "whole pictures",
    "cancelled",
)
MINUTE = 60.0
HEALTHY_SECONDS = 1.0
SHOWN_ERRORS = 5


@dataclass
class Log:
    """What one person has seen.

    Attributes:
        latencies: Milliseconds from asking to getting, of every frame that was waited for.
        rendering: Those of them that the server needed for network and encoding, of frames it did not have.
        verdicts: Of all frames, keyframes too.
        errors: What was answered instead of a frame or picture.
        visits: How often they came.
        dropped: Requests that the server dropped for a newer one.
        stale: Frames that came after a frame that was asked for later.
        exports: Whole pictures.
        cancelled: Whole pictures that were cancelled in time.
        not_forgotten: How often their last visit's picture was still there when they were back.
    """

    latencies: list[float] = field(default_factory=list)
    rendering: list[float] = field(default_factory=list)
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    visits: int = 0
    dropped: int = 0
    stale: int = 0
    exports: int = 0
    cancelled: int = 0
    not_forgotten: int = 0

    @property
    def wrong(self) -> int:
        """How many frames were of another picture or alpha, or damaged."""
        return sum(self.verdicts.values()) - self.verdicts[Verdict.GOOD]


@dataclass
class Pulse:
    """The app as a whole: (seconds since the start, seconds or bytes) each.

    Attributes:
        health: How long a health check took; infinite if it failed.
        memory: Resident bytes.
    """

    health: list[tuple[float, float]] = field(default_factory=list)
    memory: list[tuple[float, int]] = field(default_factory=list)


def rows_of(logs: Sequence[Log], pulse: Pulse) -> list[list[str]]:
    """One row a person, and one of them all."""
    seconds, limit = pulse.memory[-1][0], round_of(logs)
    rows = [row_of(str(number), [log], seconds, limit) for number, log in enumerate(logs, start=1)]
    return [*rows, row_of("all", logs, seconds, limit)]


def row_of(name: str, logs: Sequence[Log], seconds: float, limit: float) -> list[str]:
    latencies = [latency for log in logs for latency in log.latencies] or [float("nan")]
    frames = sum(sum(log.verdicts.values()) for log in logs)
    counts = (
        sum(log.dropped for log in logs),
        sum(log.stale for log in logs),
        sum(log.wrong for log in logs),
    )
    return [
        name,
        str(sum(log.visits for log in logs)),
        str(frames),
        f"{frames / seconds:.2f}",
        f"{median(latencies):.0f}",
        f"{p95([*latencies, *latencies]):.0f}",
        f"{max(latencies):.0f}",
        f"{share_within(latencies, limit):.1%}",
        *(str(count) for count in counts),
        str(sum(len(log.errors) for log in logs)),
        str(sum(log.exports for log in logs)),
        str(sum(log.cancelled for log in logs)),
    ]


def round_of(logs: Sequence[Log]) -> float:
    """Milliseconds of one frame for everybody: people x the median time of a frame."""
    return len(logs) * median([time for log in logs for time in log.rendering] or [float("nan")])


def share_within(latencies: Sequence[float], limit: float) -> float:
    return sum(latency <= limit for latency in latencies) / len(latencies)


def describe(logs: Sequence[Log], pulse: Pulse) -> str:
    """What holds for the app as a whole, as Markdown."""
    waits = [wait for _, wait in pulse.health]
    rendering = [time for log in logs for time in log.rendering] or [float("nan")]
    wrong = sum((log.verdicts for log in logs), Counter[Verdict]())
    del wrong[Verdict.GOOD]
    errors = Counter(error for log in logs for error in log.errors)
    return "\n".join(
        [
            "Times are from asking to getting, of frames that somebody waits for; a round is one frame for "
            f"each person: {len(logs)} x {median(rendering):.0f} ms = {round_of(logs):.0f} ms.",
            "",
            f"- Health checks, one a second: {len(waits)}, median {median(waits) * 1000:.0f} ms, longest "
            f"{max(waits) * 1000:.0f} ms; {sum(wait > HEALTHY_SECONDS for wait in waits)} above one second.",
            f"- Memory of the app: {memory_line(pulse)}.",
            f"- Pictures still held after their owner had left: {sum(log.not_forgotten for log in logs)}.",
            *(f"- Frames {verdict.value}: {count}." for verdict, count in wrong.items()),
            *(f"- {count} x {error}" for error, count in errors.most_common(SHOWN_ERRORS)),
        ]
    )


def memory_line(pulse: Pulse) -> str:
    """At the first minute, or at half of a shorter run, and at the end; the median of what is near."""
    end = pulse.memory[-1][0]
    early = min(MINUTE, end / 2)
    first, last = memory_near(pulse, early), memory_near(pulse, end)
    highest = max(size for _, size in pulse.memory) / 1e6
    return (
        f"{first:.0f} MB after {early:.0f} s, {last:.0f} MB at the end ({last - first:+.0f} MB), at most "
        f"{highest:.0f} MB"
    )


def memory_near(pulse: Pulse, moment: float) -> float:
    """Megabytes, the median of the five measurements nearest in time."""
    nearest = sorted(pulse.memory, key=lambda measured: abs(measured[0] - moment))[:5]
    return median([size for _, size in nearest]) / 1e6
