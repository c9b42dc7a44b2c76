"""ZeroGPU Spaces lend a GPU for the length of one queued call, in a process of its own.

https://huggingface.co/docs/hub/spaces-zerogpu. Everywhere else the decorator does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch

from dni.blending.shares import Mix
from dni.pictures.picture import Picture
from dni.recipes.render_request import RenderRequest
from dni.serving.render_service import Region, RenderService
from dni.serving.sessions import Session
from dni.ui.errors import errors_shown

__all__ = ["IS_ZERO_GPU", "GpuJobs"]

IS_ZERO_GPU = bool(os.environ.get("SPACES_ZERO_GPU"))

T = TypeVar("T")


class GpuJobs:
    """The two jobs that a queued event gives to the GPU.

    In a ZeroGPU Space they run in another process, which knows nothing of this one's pictures: it is given
    the picture, and has a service of its own that loads its networks onto the GPU there.
    """

    def __init__(self, service: RenderService) -> None:
        self.service = service
        self.export: Callable[..., Path] = service.export_picture
        self.frames: Callable[..., list[bytes]] = self._frames
        if IS_ZERO_GPU:
            self.service = RenderService(service.catalog, device=torch.device("cuda"), cache=service.cache)
            self.export = lend_gpu(self._export_unwatched)
            self.frames = lend_gpu(self._frames)

    # Only gradio's errors keep their text on the way back from ZeroGPU's process.

    def _frames(self, picture: Picture, pair_id: str, region: Region, mixes: Sequence[Mix]) -> list[bytes]:
        with errors_shown():
            return [self.service.render_frame(picture, pair_id, region, mix).jpeg for mix in mixes]

    def _export_unwatched(self, picture: Picture, pair_id: str, request: RenderRequest, path: Path) -> Path:
        with errors_shown(), Session() as session:
            return self.service.export_picture(picture, pair_id, request, path, session=session)


def lend_gpu(job: Callable[..., T]) -> Callable[..., T]:
    """Run ``job`` in ZeroGPU's process, without progress, cancellation and session, which do not reach it."""
    import spaces

    decorated: Callable[..., T] = spaces.GPU(job)

    def run(*arguments: Any, **_: Any) -> T:
        return decorated(*arguments[:4])

    return run
