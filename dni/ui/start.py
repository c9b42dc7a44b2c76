"""The service that the app starts with."""

from __future__ import annotations

import sys
from contextlib import suppress

import torch

from dni.catalog.catalog_file import load_catalog
from dni.errors import DniError
from dni.examples import EXAMPLE_FOLDER, EXAMPLES, example_token
from dni.pictures.decoding.decode_apart import DECODERS
from dni.pictures.read import open_picture
from dni.serving.render_service import RenderService
from dni.ui.zero_gpu import IS_ZERO_GPU

__all__ = ["MIDDLE", "default_service", "keep_examples"]

MIDDLE = 0.5
# How long another thread may keep the interpreter from the one that runs a network, which asks for it again
# before each of a network's operations: Python's 5 ms each time would make many frames of one.
SWITCH_SECONDS = 0.0005


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
    sys.setswitchinterval(SWITCH_SECONDS)
    service = RenderService(load_catalog(), device=torch.device("cpu") if IS_ZERO_GPU else None)
    measure_first(service)
    return service


def measure_first(service: RenderService) -> None:
    """Load and measure what the page opens on, before a browser takes the processor's time from it."""
    with suppress(DniError), service.sessions.open_api() as session:
        service.live_pixels(next(iter(service.catalog)), session=session)
