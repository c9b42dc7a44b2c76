"""Network and image to image: precision, memory format, tiles, progress and cancellation."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from dni.blend import Blend
from dni.errors import DniError
from dni.networks import ImageNetwork

__all__ = ["Cancelled", "Precision", "RenderError", "Renderer", "best_device", "best_precision"]

Precision = Literal["bfloat16", "float32"]
Progress = Callable[[int, int], None]

DTYPES: dict[Precision, torch.dtype] = {"bfloat16": torch.bfloat16, "float32": torch.float32}
# Sides of a tile's core in input pixels; a tile of the bundled pair then takes some 0.7 GB.
DEFAULT_TILE = 384
# What a convolution reads beyond this is too faint to change an 8-bit level (tests measure it).
MAX_OVERLAP = 48
MAX_OUTPUT_PIXELS = 400_000_000


class RenderError(DniError):
    """This picture cannot be rendered by this network."""


class Cancelled(Exception):  # noqa: N818 - not an error: somebody asked for it
    """The render was cancelled; nothing was produced."""


def best_device() -> torch.device:
    """The GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def best_precision(device: torch.device) -> Precision:
    """bfloat16 where the hardware multiplies it natively, else float32."""
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        # Private, but the only test that does not count oneDNN's slow emulation; absent means float32.
        native = getattr(torch.cpu, "_is_avx512_bf16_supported", bool)()
    return "bfloat16" if native else "float32"


@dataclass(frozen=True)
class Span:
    """One tile along one axis: the core it is responsible for, inside the window it reads."""

    start: int
    stop: int
    window_start: int
    window_stop: int


def spans(length: int, *, tile: int, overlap: int) -> list[Span]:
    """Cut an axis into equal cores of at most ``tile``, each with ``overlap`` to read on either side."""
    count = math.ceil(length / tile)
    edges = [length * index // count for index in range(count + 1)]
    return [span(start, stop, length=length, overlap=overlap) for start, stop in pairwise(edges)]


def span(start: int, stop: int, *, length: int, overlap: int) -> Span:
    """One core of an axis, with what it may read of its surroundings."""
    return Span(start, stop, max(0, start - overlap), min(length, stop + overlap))


def reach(module: nn.Module) -> int:
    """How far, in input pixels, a convolutional network can see: the sum over its convolutions.

    An upper bound, since parallel branches and convolutions after upsampling count in full.
    """
    total = 0
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            total += max(
                (size - 1) // 2 * dilation
                for size, dilation in zip(layer.kernel_size, layer.dilation, strict=True)
            )
    return total


class Renderer:
    """A blend of image networks on one device, ready to turn pictures into pictures.

    Args:
        network: The live network, as :mod:`dni.networks` built it; it belongs to the renderer from then on.
        states: One state dict an end.
        device: Where to run; the GPU if there is one.
        precision: bfloat16 where the hardware has it, else float32. The layout is always channels_last.

    Raises:
        dni.interpolate.BlendError: The states cannot be blended.
    """

    def __init__(
        self,
        network: ImageNetwork,
        states: Sequence[Mapping[str, Tensor]],
        *,
        device: torch.device | None = None,
        precision: Precision | None = None,
    ) -> None:
        self.network = network
        self.device = device or best_device()
        self.precision: Precision = precision or best_precision(self.device)
        if not network.supports_bfloat16:
            self.precision = "float32"
        self.dtype = DTYPES[self.precision]
        module = network.module.to(self.device, self.dtype)
        module = module.to(memory_format=torch.channels_last)
        self.overlap = min(MAX_OVERLAP, reach(module))
        self.blend = Blend(module, states)

    @property
    def scale(self) -> int:
        """Output pixels for an input pixel."""
        return self.network.scale

    def render(
        self,
        rgb: Tensor,
        shares: Iterable[float],
        *,
        extrapolate: bool = False,
        tile: int | None = None,
        progress: Progress | None = None,
        cancelled: threading.Event | None = None,
    ) -> Tensor:
        """Run the blended network on a picture.

        Other people's renders may come between two tiles; each sets its own shares.

        Args:
            rgb: uint8 (3, H, W) on the CPU.
            shares: One share an end, summing to 1.
            extrapolate: Allow shares outside [0, 1].
            tile: Side of a tile in input pixels, without its overlap; 384 by default.
            progress: Called with (tiles done, tiles in all), first with (0, n).
            cancelled: When set, the render stops before its next tile.

        Returns:
            uint8 (3, scale * H, scale * W) on the CPU.

        Raises:
            RenderError: The picture has another shape or dtype, or is too large.
            Cancelled: ``cancelled`` was set.
        """
        height, width = self._check(rgb, tile)
        shares = tuple(shares)
        side = tile or DEFAULT_TILE
        tiles = [
            (row, column)
            for row in spans(height, tile=side, overlap=self.overlap)
            for column in spans(width, tile=side, overlap=self.overlap)
        ]
        scale = self.scale
        output = torch.empty(3, height * scale, width * scale, dtype=torch.uint8)
        for done, (row, column) in enumerate(self._watch(tiles, progress, cancelled)):
            with self.blend.at(shares, extrapolate=extrapolate) as module:
                rendered = self._render_tile(module, rgb, row, column)
            output[:, row.start * scale : row.stop * scale, column.start * scale : column.stop * scale] = (
                rendered
            )
            if progress:
                progress(done + 1, len(tiles))
        return output

    def render_region(
        self, rgb: Tensor, shares: Iterable[float], *, left: int, top: int, width: int, height: int
    ) -> Tensor:
        """Run the blended network on a region of a picture, in one piece.

        The region is rendered with the surroundings that the network sees, so it equals that part of the
        whole render.

        Args:
            rgb: The whole picture, uint8 (3, H, W) on the CPU.
            shares: One share an end, summing to 1.
            left, top, width, height: The region, in input pixels, inside the picture.

        Returns:
            uint8 (3, scale * height, scale * width) on the CPU.

        Raises:
            RenderError: The picture has another shape or dtype, or the region is empty or not inside it.
        """
        picture_height, picture_width = self._check(rgb, None)
        fits_across = 0 <= left < left + width <= picture_width
        fits_down = 0 <= top < top + height <= picture_height
        if not (fits_across and fits_down):
            raise RenderError(
                f"Expected a region inside the {picture_width}x{picture_height} picture, but got "
                f"{width}x{height} at ({left}, {top})."
            )
        row = span(top, top + height, length=picture_height, overlap=self.overlap)
        column = span(left, left + width, length=picture_width, overlap=self.overlap)
        with self.blend.at(shares) as module:
            return self._render_tile(module, rgb, row, column)

    def _check(self, rgb: Tensor, tile: int | None) -> tuple[int, int]:
        if rgb.dtype != torch.uint8 or rgb.ndim != 3 or rgb.shape[0] != 3 or 0 in rgb.shape:
            raise RenderError(f"Expected uint8 of shape (3, H, W), but got {rgb.dtype} {tuple(rgb.shape)}.")
        if tile is not None and tile < 16:
            raise RenderError(f"Expected a tile of at least 16 pixels, but got {tile}.")
        height, width = rgb.shape[1:]
        pixels = height * width * self.scale**2
        if pixels > MAX_OUTPUT_PIXELS:
            raise RenderError(
                f"Expected an output of at most {MAX_OUTPUT_PIXELS / 1e6:.0f} megapixels, but "
                f"{width}x{height} enlarged {self.scale} times has {pixels / 1e6:.0f}. "
                "Crop the picture or reduce it first."
            )
        return height, width

    @staticmethod
    def _watch(
        tiles: list[tuple[Span, Span]], progress: Progress | None, cancelled: threading.Event | None
    ) -> Iterator[tuple[Span, Span]]:
        """The tiles, until somebody cancels."""
        if progress:
            progress(0, len(tiles))
        for tile in tiles:
            if cancelled is not None and cancelled.is_set():
                raise Cancelled
            yield tile

    def _render_tile(self, module: nn.Module, rgb: Tensor, row: Span, column: Span) -> Tensor:
        """Render a tile's window and keep its core: uint8 (3, scale * rows, scale * columns)."""
        window = rgb[:, row.window_start : row.window_stop, column.window_start : column.window_stop]
        rendered, scale = self._forward(module, window), self.scale
        top, left = (row.start - row.window_start) * scale, (column.start - column.window_start) * scale
        height, width = (row.stop - row.start) * scale, (column.stop - column.start) * scale
        return rendered[:, top : top + height, left : left + width]

    @torch.inference_mode()
    def _forward(self, module: nn.Module, window: Tensor) -> Tensor:
        """uint8 (3, h, w) to uint8 (3, scale * h, scale * w), both on the CPU."""
        inputs = window.to(self.device).unsqueeze(0).to(self.dtype).div_(255)  # (1, 3, h, w)
        if self.network.input_channels == 1:
            inputs = inputs.mean(dim=1, keepdim=True)
        padded = pad(inputs, self.network).contiguous(memory_format=torch.channels_last)
        outputs: Tensor = module(padded)
        height, width = window.shape[1] * self.scale, window.shape[2] * self.scale
        outputs = outputs[0, :, :height, :width].float().clamp_(0, 1).mul_(255).round_()
        return outputs.to(torch.uint8).expand(3, -1, -1).cpu()


def pad(inputs: Tensor, network: ImageNetwork) -> Tensor:
    """Extend to the right and below to a size that the network accepts, by repeating the edge."""
    height, width = inputs.shape[-2:]
    multiple = network.multiple_of
    target_height, target_width = (
        math.ceil(max(side, network.minimum_size) / multiple) * multiple for side in (height, width)
    )
    if network.square:
        target_height = target_width = max(target_height, target_width)
    if (target_height, target_width) == (height, width):
        return inputs
    padding = (0, target_width - width, 0, target_height - height)
    return functional.pad(inputs, padding, mode="replicate")
