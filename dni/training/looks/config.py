"""The settings of each network of the family, and the order in which they are trained."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from dni.errors import DniError

__all__ = ["FAMILIES", "PRESETS", "LookConfig", "learning_rate_factor", "preset"]

Task = Literal["photograph", "filter", "noise", "jpeg", "painting"]


@dataclass(frozen=True)
class LookConfig:
    """Everything that decides what a run computes, but for its length; stored in the weights' metadata.

    Attributes:
        name: Of the network.
        task: What it learns.
        subject: The filter's or the painting's name.
        strength: Standard deviation of the noise in levels of 255, or JPEG quality.
        ancestor: The network that this one is fine-tuned from.
        middle_share: In how many of the steps the network half-way is trained too.
        batch_size: Crops per step.
        crop_size: Side of a crop, a multiple of 16.
        learning_rate: Peak; a warm-up before it and a cosine after it.
        warmup: Steps.
        ema_decay: Of the average of the parameters, which is what is kept.
        share: Of the family's time, relative to the other networks'.
        half: Whether a family's file may hold it in half precision.
        seed: Of the weights and of every batch.
    """

    name: str
    task: Task
    subject: str = ""
    strength: int = 0
    ancestor: str | None = None
    middle_share: float = 0.0
    batch_size: int = 16
    crop_size: int = 192
    learning_rate: float = 1e-3
    warmup: int = 100
    ema_decay: float = 0.999
    share: float = 1.0
    half: bool = False
    seed: int = 0


def look(subject: str, *, middle: bool) -> LookConfig:
    """A filter's end, plain or with the middle trained in 60 % of the steps."""
    return LookConfig(
        name=f"{subject}-middle" if middle else subject,
        task="filter",
        subject=subject,
        ancestor="photograph",
        middle_share=0.6 if middle else 0.0,
        share=1.5 if middle else 1.0,
        half=not middle,
    )


def noise(sigma: int) -> LookConfig:
    """A rung of the noise ladder; those above 15 are fine-tuned from it with one and the same budget."""
    first = sigma == 15
    return LookConfig(
        name=f"noise{sigma}",
        task="noise",
        strength=sigma,
        ancestor=None if first else "noise15",
        learning_rate=1e-3 if first else 7e-4,
        share=1.6 if first else 1.0,
        half=sigma in (25, 35),
    )


def jpeg(quality: int) -> LookConfig:
    """A rung of the JPEG ladder; quality 40 starts from noise15, the others from 40."""
    return LookConfig(
        name=f"jpeg{quality}",
        task="jpeg",
        strength=quality,
        ancestor="noise15" if quality == 40 else "jpeg40",
        learning_rate=7e-4,
        share=0.8,
        half=True,
    )


def painting(subject: str) -> LookConfig:
    """A painting's end: fewer and larger crops, since Gram matrices want area."""
    return LookConfig(
        name=subject,
        task="painting",
        subject=subject,
        ancestor="photograph",
        batch_size=8,
        crop_size=256,
        share=1.8,
        half=True,
    )


LOOKS = ("pencil", "comic", "neon")
# In the order in which they are trained: an ancestor before its descendants. A family is one file.
FAMILIES: dict[str, tuple[LookConfig, ...]] = {
    "looks": (
        LookConfig(name="photograph", task="photograph", share=0.7),
        *(look(subject, middle=True) for subject in LOOKS),
    ),
    "variants": (
        *(look(subject, middle=False) for subject in LOOKS),
        *(painting(subject) for subject in ("starry-night", "great-wave")),
    ),
    "ladders": (*(noise(sigma) for sigma in (15, 50, 25, 35)), *(jpeg(quality) for quality in (40, 10))),
}
PRESETS = {config.name: config for family in FAMILIES.values() for config in family}


def preset(name: str, **changes: object) -> LookConfig:
    """The settings of a network, with what is given changed.

    Raises:
        DniError: There is no such network.
    """
    if name not in PRESETS:
        raise DniError(f"Expected one of {', '.join(PRESETS)}, but got {name!r}.")
    return replace(PRESETS[name], **changes)  # type: ignore[arg-type]


def learning_rate_factor(step: int, progress: float, config: LookConfig) -> float:
    """Linear warm-up over steps, then a cosine over the run's progress (0 to 1) to 1 % of the peak."""
    warmup = min(1.0, (step + 1) / config.warmup)
    return warmup * (0.01 + 0.99 * (1 + math.cos(math.pi * min(progress, 1.0))) / 2)
