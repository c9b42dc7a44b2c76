"""What :mod:`benchmarks.abuse` has measured: its table, and which limits were broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.soak_log import Log
from benchmarks.strangers import Tally
from benchmarks.table import median

__all__ = ["COLUMNS", "QUIET", "TOGETHER", "Phase", "Remains", "broken_limits", "describe", "rows_of"]

COLUMNS = (
    "attack",
    "seconds",
    "frames",
    "median, ms",
    "longest, ms",
    "new page, s",
    "memory, MB",
    "cores",
    "answers",
    "reached",
)
QUIET, TOGETHER = "none", "all together"
TIMES_QUIET = 2.0
LONGEST_MS = 3000.0
MOST_BYTES = 4e9
SHOWN_ANSWERS = 6


@dataclass
class Phase:
    """Some seconds with some attacks, or none.

    Attributes:
        name: Of the attack.
        logs: What each of the people saw.
        pages: Seconds until somebody new had a page, a picture and a frame; infinite where that was refused.
        memory: Resident bytes of the app and all of its processes.
        seconds: How long.
        cpu: Processor seconds of the app and all of its processes.
        tallies: By attack.
    """

    name: str
    logs: list[Log]
    pages: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    seconds: float = 0.0
    cpu: float = 0.0
    tallies: dict[str, Tally] = field(default_factory=dict)

    @property
    def latencies(self) -> list[float]:
        """Milliseconds of every frame that was waited for."""
        return [latency for log in self.logs for latency in log.latencies]


@dataclass(frozen=True)
class Remains:
    """The app after the attacks.

    Attributes:
        alive: Whether its process still ran.
        serves: Whether somebody new got a page, their picture and a frame.
        files: Temporary files after all pages were closed, and ``held_bytes``: their size.
        after_end: Temporary files after the app was stopped.
    """

    alive: bool
    serves: bool
    files: int
    held_bytes: int
    after_end: int


def rows_of(phases: Sequence[Phase]) -> list[list[str]]:
    """One row a phase."""
    return [row_of(phase) for phase in phases]


def row_of(phase: Phase) -> list[str]:
    latencies = phase.latencies or [float("nan")]
    tally = total(phase)
    return [
        phase.name,
        f"{phase.seconds:.0f}",
        str(len(phase.latencies)),
        f"{median(latencies):.0f}",
        f"{max(latencies):.0f}",
        f"{max(phase.pages):.1f}" if phase.pages else "",
        f"{max(phase.memory, default=0) / 1e6:.0f}",
        f"{phase.cpu / max(phase.seconds, 1e-9):.2f}",
        ", ".join(f"{count} {status}" for status, count in tally.answers.most_common(SHOWN_ANSWERS)),
        str(tally.reached) if phase.tallies else "",
    ]


def total(phase: Phase) -> Tally:
    whole = Tally()
    for tally in phase.tallies.values():
        whole.add(tally)
    return whole


def by_attack(phases: Sequence[Phase]) -> dict[str, Tally]:
    """All that came of every attack, alone and together with others."""
    found: dict[str, Tally] = {}
    for phase in phases:
        for name, tally in phase.tallies.items():
            found.setdefault(name, Tally()).add(tally)
    return found


def broken_limits(phases: Sequence[Phase], remains: Remains) -> list[str]:
    """The limits that were broken, a sentence each; the first phase is the quiet one."""
    quiet, attacked = phases[0], phases[1:]
    usual = median(quiet.latencies or [float("nan")])
    during = [latency for phase in attacked for latency in phase.latencies] or [float("inf")]
    together = attacked[-1].latencies or [float("inf")]
    memory = max((size for phase in phases for size in phase.memory), default=0)
    logs = [log for phase in phases for log in phase.logs]
    tallies = by_attack(phases)
    held = {
        f"The median frame took {median(during):.0f} ms under attack, more than {TIMES_QUIET:g} times the "
        f"quiet {usual:.0f} ms.": median(during) <= TIMES_QUIET * usual,
        f"The median frame took {median(together):.0f} ms with all attacks together.": median(together)
        <= TIMES_QUIET * usual,
        f"The longest frame took {max(during):.0f} ms.": max(during) <= LONGEST_MS,
        f"The app took {memory / 1e9:.2f} GB.": memory < MOST_BYTES,
        f"{sum(log.wrong for log in logs)} frames were wrong.": not any(log.wrong for log in logs),
        f"{sum(len(log.errors) for log in logs)} frames were refused.": not any(log.errors for log in logs),
        "The app ended.": remains.alive,
        "The app did not serve somebody new afterwards.": remains.serves,
        f"{remains.after_end} temporary files outlived the app.": remains.after_end == 0,
        f"{sum(tally.leaked for tally in tallies.values())} answers held a private file.": not any(
            tally.leaked for tally in tallies.values()
        ),
        **{f"The attack {name!r} did not get there.": tally.reached > 0 for name, tally in tallies.items()},
    }
    return [sentence for sentence, fine in held.items() if not fine]


def describe(phases: Sequence[Phase], remains: Remains, broken: Sequence[str]) -> str:
    """What the table does not say, as Markdown."""
    tallies = by_attack(phases)
    longest = max((tally.longest for tally in tallies.values()), default=0)
    errors = [error for phase in phases for log in phase.logs for error in log.errors]
    pages = [seconds for phase in phases[1:] for seconds in phase.pages]
    opened = [seconds for seconds in pages if seconds < float("inf")]
    return "\n".join(
        [
            "Three people drag their sliders all the time, from three addresses; the strangers have eight, "
            "and run on the same cores at a lower priority, since theirs would be other computers. Frames "
            "are those that somebody waits for. A new page is somebody new who uploads a picture and gets a "
            "frame: the longest. Memory is resident, summed over all processes of the app. An answer is an "
            'HTTP status, or "ok" and "refused" in words. Reached counts the answers that show that an '
            "attack got to what it is meant for.",
            "",
            f"- New pages under attack: {len(opened)} of {len(pages)}"
            + (f", median {median(opened):.1f} s." if opened else "."),
            f"- Answers with a private file in them: {sum(tally.leaked for tally in tallies.values())}; "
            f"longest refusal: {longest} characters.",
            f"- Afterwards: {'somebody new is served' if remains.serves else 'nobody is served'}; "
            f"{remains.files} temporary files ({remains.held_bytes / 1e6:.1f} MB) two and a half minutes "
            f"after all pages were closed, {remains.after_end} after the app was stopped.",
            *(f"- Frame refused: {error}" for error in errors[:5]),
            *([f"- **Broken:** {sentence}" for sentence in broken] or ["- All limits held."]),
        ]
    )
