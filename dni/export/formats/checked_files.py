"""What all exports share: pictures to compare on, limits, and files that appear only if they agree."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from dni.checkpoints.image_network import ImageNetwork
from dni.errors import DniError, in_words
from dni.export.formats.compare import example_input
from dni.export.formats.kinds import ExportOptions, Precision
from dni.recipes.recipe import METADATA_KEY
from dni.temporary import partial_folder
from dni.version import __version__

__all__ = ["MOST_LEVELS", "Exported", "example_inputs", "keep_if_alike", "texts_of"]

# How far a file's picture may be from ours, in levels of 8 bits. With numbers of 16 bits runtimes may round
# after every layer.
MOST_LEVELS = {Precision.FLOAT32: 1, Precision.FLOAT16: 8}
# (height, width): neither square nor multiples of anything, and one for networks that take multiples only.
CHECKED_SIZES = ((61, 75), (128, 64))


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        files: The named file first.
        levels: The largest difference to our picture in the file's own runtime, in levels of 8 bits.
    """

    files: tuple[Path, ...]
    levels: int


def example_inputs(network: ImageNetwork, options: ExportOptions) -> list[Tensor]:
    """Pictures to compare on, (1, C, H, W); of the one size if the file is for one.

    Raises:
        DniError: The network takes square pictures only, and no size was given.
    """
    if options.size:
        width, height = options.size
        return [example_input(network, height, width)]
    if network.square:
        raise DniError(
            f"Expected a size, since this {network.architecture} takes square pictures only, but got none. "
            "Choose onnx and give --size, like 256x256."
        )
    least = network.minimum_size
    return [example_input(network, max(height, least), max(width, least)) for height, width in CHECKED_SIZES]


def texts_of(network: ImageNetwork, metadata: Mapping[str, str]) -> dict[str, str]:
    """What a file says of itself: the recipe if there is one, and what a program must know to use it."""
    texts = {
        "made_by": f"dni {__version__}",
        "architecture": network.architecture,
        "scale": str(network.scale),
        "picture": "float32, NCHW, values from 0 to 1",
    }
    return texts | ({METADATA_KEY: metadata[METADATA_KEY]} if METADATA_KEY in metadata else {})


def keep_if_alike(
    destination: Path,
    write: Callable[[Path], list[Path]],
    compare: Callable[[list[Path]], int],
    precision: Precision,
    *,
    companions: Iterable[Path] = (),
) -> Exported:
    """Write files in a hidden folder, compare, and put them in place, all or none but for a crash between.

    Args:
        destination: Where the first file goes; others go beside it, with their own endings.
        write: Given a folder, writes files there.
        compare: Runs them: the difference in levels.
        precision: Which limit holds.
        companions: Files beside it of an earlier export; one that is not written anew goes.

    Raises:
        DniError: The difference is beyond the limit, or a file cannot be written.
    """
    try:
        with partial_folder(destination) as folder:
            files = write(folder)
            levels = compare(files)
            if levels > MOST_LEVELS[precision]:
                raise DniError(
                    f"Expected a file whose picture is within {MOST_LEVELS[precision]} of 255 levels of "
                    f"ours, but it is {levels} away in its own runtime: nothing was written. "
                    "Choose float32, or another format."
                )
            places = [destination, *(destination.with_suffix(file.suffix) for file in files[1:])]
            for file, place in reversed(list(zip(files, places, strict=True))):
                os.replace(file, place)
            for stale in set(companions).difference(places):
                stale.unlink(missing_ok=True)
    except OSError as error:
        raise DniError(
            f"Expected to write {destination}, but that failed ({in_words(error.strerror)}). "
            "Choose a folder that exists, has room, and that you may write to."
        ) from error
    return Exported(tuple(places), levels)
