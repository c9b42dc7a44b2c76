"""The service that the app starts with."""

from __future__ import annotations

import torch

from dni.catalog.catalog_file import load_catalog
from dni.examples import EXAMPLE_FOLDER, EXAMPLES, example_token
from dni.pictures.decoding.decode_apart import DECODERS
from dni.pictures.read import open_picture
from dni.serving.render_service import RenderService
from dni.ui.zero_gpu import IS_ZERO_GPU

__all__ = ["MIDDLE", "default_service", "keep_examples"]

MIDDLE = 0.5


def keep_examples(service: RenderService) -> None:
    """Let everybody find the examples in ``service``, and get ready to decode people's own pictures."""
    DECODERS.prepare()
    for name, (file, _) in EXAMPLES.items():
        service.keep(example_token(name), open_picture(EXAMPLE_FOLDER / file))


def default_service() -> RenderService:
    """A service with the catalogue.

    In a ZeroGPU Space its frames are rendered on the CPU: the GPU is lent to queued events only, and those
    have a service of their own (see :mod:`dni.ui.zero_gpu`).
    """
    return RenderService(load_catalog(), device=torch.device("cpu") if IS_ZERO_GPU else None)
