"""Times jobs alternately, so that background load affects all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import torch

__all__ = ["Row", "Times", "alternate", "median_of", "ratio_of", "skipped"]

Job = Callable[[int], object]
Times = Mapping[str, list[float]]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: What was measured.
        value: The number, mostly a ratio; None if it was not measured.
        detail: How it came about, or why it was not measured.
        target: What it should reach, if anything.
        at_most: Whether the target is an upper bound (and not a lower one).
    """

    what: str
    value: float | None
    detail: str
    target: float | None = None
    at_most: bool = True

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None without a number or a target."""
        if self.value is None or self.target is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target


def skipped(what: str, reason: str) -> Row:
    """A line for what was not measured."""
    return Row(what, None, f"not measured: {reason}")


def alternate(jobs: Mapping[str, Job], *, rounds: int, device: torch.device) -> dict[str, list[float]]:
    """Run all jobs in turn, again and again.

    Args:
        jobs: Each is called with the number of the round.
        rounds: How often to time each; one more round comes first and does not count.
        device: Whose work a job has to wait for.

    Returns:
        For each job its milliseconds, round by round.
    """
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for number in range(rounds + 1):
        for name, job in jobs.items():
            wait_for(device)
            started = time.perf_counter()
            job(number)
            wait_for(device)
            times[name].append((time.perf_counter() - started) * 1000)
    return {name: values[1:] for name, values in times.items()}


def wait_for(device: torch.device) -> None:
    """Until the device has done all that it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def median_of(times: Times, name: str) -> float:
    """Median milliseconds of a job."""
    return median(times[name])


def ratio_of(times: Times, name: str, reference: str) -> float:
    """The median over the rounds of one job's time divided by the other's."""
    return median(value / other for value, other in zip(times[name], times[reference], strict=True))
