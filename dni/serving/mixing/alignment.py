"""Aligns a session's networks in the sandbox: all in the channel order of the first."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from dni.alignment.align import write_aligned
from dni.alignment.errors import AlignmentError
from dni.alignment.outcome import Aligned
from dni.bounded_process import LimitError, ran_out_of_memory
from dni.checkpoints import sandbox
from dni.checkpoints.errors import SAFETENSORS_SUFFIX
from dni.errors import DniError
from dni.serving.mixing.uploaded_networks import UploadedNetworks
from dni.serving.sessions import Session

__all__ = ["align_for"]

MOST_OF_A_NAME = 60


def align_for(
    networks: UploadedNetworks, paths: Sequence[Path], held: Collection[int] = (0,), *, session: Session
) -> tuple[dict[int, Path], dict[int, Aligned]]:
    """Files of the session's with networks in the first one's order, and what was moved, by their numbers.

    They are kept as uploaded networks are. Made in another process with limits, one of which runs at a time.

    Args:
        networks: Where they are kept.
        paths: Two or more files.
        held: The numbers of those that stay as they are.
        session: Whose.

    Raises:
        DniError: The networks cannot be aligned, or that took too much memory or time.
    """
    done: dict[int, Aligned] = {}
    files: dict[int, Path] = {}

    def write(folder: Path) -> list[Path]:
        for number, path in enumerate(paths):
            if number not in held:
                own = folder / str(number)
                own.mkdir()
                files[number] = own / f"{path.stem[:MOST_OF_A_NAME]}-aligned{SAFETENSORS_SUFFIX}"
        done.update(align_apart(paths, files))
        return [files[number] for number in done]

    networks.make(write, session=session)
    return {number: files[number] for number in done}, done


def align_apart(paths: Sequence[Path], destinations: Mapping[int, Path]) -> dict[int, Aligned]:
    """:func:`dni.alignment.align.write_aligned`, in the sandbox."""
    request = {
        "paths": [os.path.abspath(path) for path in paths],
        "destinations": {str(number): os.path.abspath(path) for number, path in destinations.items()},
    }
    try:
        answer = sandbox.ask_apart(f"{__name__}:aligned_numbers", request)
    except LimitError as error:
        raise AlignmentError(
            "Expected networks that can be aligned in bounded memory and time, but these took too much. "
            "Use dni align on your own machine."
        ) from error
    if "problem" in answer:
        raise AlignmentError(str(answer["problem"]))
    return {int(number): Aligned(**values) for number, values in answer.items()}


def aligned_numbers(request: Mapping[str, Any]) -> tuple[dict[str, Any], list[int], list[bytes]]:
    """In the sandbox: what was moved, or what is wrong."""
    try:
        destinations = {int(number): Path(path) for number, path in request["destinations"].items()}
        found = write_aligned([Path(path) for path in request["paths"]], destinations)
    except Exception as error:  # third-party code on a stranger's file
        if ran_out_of_memory(error):
            raise MemoryError from error
        if isinstance(error, DniError):
            return {"problem": str(error)}, [], []
        return {"problem": f"These networks cannot be aligned ({type(error).__name__})."}, [], []
    return {str(number): vars(aligned) for number, aligned in found.items()}, [], []
