"""Aligns a session's two networks in the sandbox: the second in the channel order of the first."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dni.alignment.align import Aligned, write_aligned
from dni.alignment.errors import AlignmentError
from dni.bounded_process import LimitError, ran_out_of_memory
from dni.checkpoints import sandbox
from dni.checkpoints.errors import SAFETENSORS_SUFFIX
from dni.errors import DniError
from dni.serving.mixing.uploaded_networks import UploadedNetworks
from dni.serving.sessions import Session

__all__ = ["align_for"]

MOST_OF_A_NAME = 60


def align_for(
    networks: UploadedNetworks, first: Path, second: Path, *, session: Session
) -> tuple[Path, Aligned]:
    """A file of the session's with the second network in the first's order, and what was moved.

    It is kept as an uploaded network is. Made in another process with limits, one of which runs at a time.

    Raises:
        DniError: The networks cannot be aligned, or that took too much memory or time.
    """
    done: list[Aligned] = []

    def write(folder: Path) -> Path:
        path = folder / f"{second.stem[:MOST_OF_A_NAME]}-aligned{SAFETENSORS_SUFFIX}"
        done.append(align_apart(first, second, path))
        return path

    return networks.make(write, session=session), done[0]


def align_apart(first: Path, second: Path, destination: Path) -> Aligned:
    """:func:`dni.alignment.align.write_aligned`, in the sandbox."""
    request = {"paths": [os.path.abspath(path) for path in (first, second, destination)]}
    try:
        answer = sandbox.ask_apart(f"{__name__}:aligned_numbers", request)
    except LimitError as error:
        raise AlignmentError(
            "Expected networks that can be aligned in bounded memory and time, but these took too much. "
            "Use dni align on your own machine."
        ) from error
    if "problem" in answer:
        raise AlignmentError(str(answer["problem"]))
    return Aligned(**answer)


def aligned_numbers(request: Mapping[str, Any]) -> tuple[dict[str, Any], list[int], list[bytes]]:
    """In the sandbox: what was moved, or what is wrong."""
    try:
        found = write_aligned(*map(Path, request["paths"]))
    except Exception as error:  # third-party code on a stranger's file
        if ran_out_of_memory(error):
            raise MemoryError from error
        if isinstance(error, DniError):
            return {"problem": str(error)}, [], []
        return {"problem": f"These networks cannot be aligned ({type(error).__name__})."}, [], []
    return vars(found), [], []
