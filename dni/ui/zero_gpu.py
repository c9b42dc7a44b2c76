"""ZeroGPU Spaces lend a GPU for the length of one queued call, in a process of its own.

https://huggingface.co/docs/hub/spaces-zerogpu. Everywhere else the decorator does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import torch

from dni.blending.shares import Mix
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import RenderControl
from dni.serving.render_service import RenderService
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
        self.frames: Callable[..., list[bytes]] = self._frames
        self._lent_export: Callable[..., Path] | None = None
        if IS_ZERO_GPU:
            self.service = RenderService(service.catalog, device=torch.device("cuda"), cache=service.cache)
            self.frames = lend_gpu(self._frames)
            self._lent_export = lend_gpu(self._export)

    def export(
        self,
        picture: Picture,
        pair_id: str,
        request: RenderRequest,
        path: Path,
        *,
        session: Session,
        control: RenderControl | None = None,
    ) -> Path:
        """Export a picture; see :meth:`dni.serving.render_service.RenderService.export_picture`.

        In ZeroGPU's process without session and control, which do not reach it.
        """
        if self._lent_export is None:
            return self.service.export_picture(
                picture, pair_id, request, path, session=session, control=control
            )
        return self._lent_export(picture, pair_id, request, path)

    # Only gradio's errors keep their text on the way back from ZeroGPU's process.

    def _frames(self, picture: Picture, pair_id: str, region: Rectangle, mixes: Sequence[Mix]) -> list[bytes]:
        with errors_shown():
            return [self.service.render_frame(picture, pair_id, region, mix).jpeg for mix in mixes]

    def _export(self, picture: Picture, pair_id: str, request: RenderRequest, path: Path) -> Path:
        with errors_shown(), Session() as session:
            return self.service.export_picture(picture, pair_id, request, path, session=session)


def lend_gpu(job: Callable[..., T]) -> Callable[..., T]:
    """Run ``job`` in ZeroGPU's process, which gets copies of its arguments."""
    import spaces

    lent: Callable[..., T] = spaces.GPU(job)
    return lent
