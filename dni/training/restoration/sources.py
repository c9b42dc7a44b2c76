"""What a restoration run begins with, beside its settings: what tells it from another choice."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from dni.checkpoints.files import sha256_of
from dni.errors import DniError
from dni.pictures.photographs import photograph_files
from dni.training.restoration.config import TrainConfig

__all__ = ["extractor_of", "identity_of", "identity_of_photographs"]


def extractor_of(config: TrainConfig, wanted: str | None) -> str:
    """The extractor that the losses use, by default the usual one; "" where they use none.

    Raises:
        DniError: One is wanted that no loss uses.
    """
    uses_one = config.dists_weight or config.perceptual_weight
    if wanted is not None and not uses_one:
        raise DniError(
            f"Expected no extractor for the end {config.end!r}, whose losses use none, but got "
            f"{wanted}. Leave out --extractor."
        )
    return wanted or ("vgg19" if config.perceptual_weight else "lite0" if uses_one else "")


def identity_of(weights: Path | str) -> str:
    """What tells weights from others: the hash of their file, or the name of an extractor that is no file."""
    return sha256_of(Path(weights)) if Path(weights).is_file() else str(weights)


def identity_of_photographs(folders: Sequence[Path], *, held_back: Sequence[str]) -> str:
    """A hash of the names and sizes of the files; their folders may be moved."""
    files = photograph_files(folders, held_back=held_back)
    return sha256("\n".join(f"{file.name} {file.stat().st_size}" for file in files).encode()).hexdigest()
