"""What the processes of :mod:`dni.pictures.decoding.decode_apart` run; imports no PyTorch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from dni.pictures.codecs.formats import opened_formats
from dni.pictures.normalize import PictureError
from dni.pictures.read import decode, read_recipe

__all__ = ["decode_request"]

# Now, while nobody waits: the decoders of all formats.
Image.init()
opened_formats()


def decode_request(
    request: Mapping[str, Any],
) -> tuple[dict[str, Any], list[int], Iterable[bytes | memoryview]]:
    """Decode a picture, or read the recipe in one; what is wrong with it is an answer too."""
    try:
        if "recipe" in request:
            return {"recipe": read_recipe(request["path"])}, [], ()
        found = decode(Path(request["path"]), max_pixels=request["max_pixels"])
    except PictureError as error:
        return {"error": str(error)}, [], ()
    arrays = [found.rgb] if found.opacity is None else [found.rgb, found.opacity]
    answer = {"size": found.rgb.shape[1:], "notices": found.notices, "jpeg_quality": found.jpeg_quality}
    return answer, [array.nbytes for array in arrays], [array.data for array in arrays]
