"""What can be wrong with a weight file, in words."""

from __future__ import annotations

from pathlib import Path

from dni.errors import DniError, in_words

__all__ = [
    "MAX_BYTES",
    "SAFETENSORS_SUFFIX",
    "CheckpointError",
    "asks_to_run_code",
    "does_not_fit",
    "not_a_checkpoint",
    "too_large",
    "unusable_content",
]

MAX_BYTES = 4 * 1024**3
SAFETENSORS_SUFFIX = ".safetensors"


class CheckpointError(DniError):
    """A weight file, or what is in it, cannot be used."""


def too_large(path: Path, size: int) -> CheckpointError:
    limit = MAX_BYTES / 1024**3
    return CheckpointError(f"Expected at most {limit:.0f} GiB, but {path} has {size / 1024**3:.1f} GiB.")


def not_a_checkpoint(path: Path, reason: object) -> CheckpointError:
    line = in_words(str(reason).strip().split("\n")[0]) or "it ends too early"
    return CheckpointError(
        f"Expected a checkpoint, but {path} is damaged, incomplete or something else ({line}). "
        "Download or copy it again, and check that it is a weight file."
    )


def unusable_content(path: Path, problem: str) -> CheckpointError:
    return CheckpointError(f"{problem} ({in_words(path)}). Choose another file, or save it again.")


def asks_to_run_code(path: Path, wanted: str) -> CheckpointError:
    return CheckpointError(
        f"Expected only tensors, but {path} asks to run code when opened ({in_words(wanted)}), so it was "
        f"refused. Get a {SAFETENSORS_SUFFIX} version, or convert it on a machine where you trust the file."
    )


def does_not_fit(source: str, architecture: str, error: Exception) -> CheckpointError:
    reason = " ".join(str(error).split())[:300] or type(error).__name__
    return CheckpointError(
        f"Expected the weights of {source} to fit {architecture}, but they do not ({reason}). "
        "The file may be incomplete, or of a variant that nobody has taught us."
    )
