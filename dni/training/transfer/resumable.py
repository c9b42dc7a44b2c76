"""Runs a training to its end, step by step, so that it can be interrupted and goes on where it was."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import torch
from tqdm import tqdm

from dni.training.finite import check_finite
from dni.training.run_state import read_run_state

__all__ = ["Resumable", "run_to_end"]

SECONDS_BETWEEN_SAVES = 30.0


class Resumable(Protocol):
    """A training whose every step depends on its settings, its number and the state before."""

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: dict[str, Any]) -> None: ...


def run_to_end(
    training: Resumable,
    step: Callable[[], float],
    done: Callable[[], int],
    total: int,
    *,
    file: Path,
    resume: bool,
) -> None:
    """Call ``step`` until ``done`` steps are ``total``, saving to ``file`` every half minute; at the end the
    file is removed.

    Raises:
        DivergedError: The training's numbers are none any more, before a save or at the end.
        DniError: The file to resume from is damaged.
    """
    if resume and file.is_file():
        training.restore(read_run_state(file))
    saved = time.monotonic()
    bar = tqdm(total=total, initial=done(), desc=file.stem, mininterval=5)
    while done() < total:
        bar.set_postfix(loss=f"{step():.4f}", refresh=False)
        bar.update()
        if time.monotonic() - saved > SECONDS_BETWEEN_SAVES:
            partial = file.with_suffix(".partial")
            check_finite(file.stem, state := training.state(), step=done())
            torch.save(state, partial)
            partial.replace(file)
            saved = time.monotonic()
    bar.close()
    check_finite(file.stem, training.state(), step=done())
    file.unlink(missing_ok=True)
