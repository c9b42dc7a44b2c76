"""The renderer: pictures through a blend, tile by tile, with fallbacks when memory runs out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from dni.blending.shares import MixLike, as_mix
from dni.errors import DniError
from dni.pictures.rectangle import Rectangle
from dni.rendering.control import RenderControl
from dni.rendering.engine import Engine
from dni.rendering.forward.network_errors import NETWORK_ERRORS, RenderError, check_numbers, network_failed
from dni.rendering.jobs import DTYPES_OF_BITS, Bits, Job, cut_notice, part_of, plan_job, surroundings_of
from dni.rendering.tiles import Tile, halves

__all__ = ["MAX_OUTPUT_PIXELS", "RenderError", "Renderer"]

MAX_OUTPUT_PIXELS = 400_000_000
LEVELS_OF_16_BITS = 65535 / 255  # for one of 8 bits
OUT_OF_MEMORY_TEXTS = ("can't allocate memory", "out of memory", "ALLOC_FAILED")
SMALLER_TILES = "There is too little free memory for tiles of the usual size: this render uses smaller ones."
ON_THE_CPU = (
    "The graphics card has too little free memory: this render runs on the processor, in float32. "
    "It takes longer."
)


class TooLittleMemoryError(RenderError):
    """Not even a small tile fits into the memory that is free."""


class Renderer(Engine):
    """A blend of image networks on one device, ready to turn pictures into pictures.

    Pictures that are too large for one pass are cut into tiles. How much these overlap is measured once on
    the network, and their size follows from the memory that it takes for a pixel. Neither depends on what is
    free just then, so the same picture gives the same bytes, unless memory runs out.

    When memory runs out, tiles are halved; when that does not help on a GPU, the picture is rendered anew on
    the CPU in float32. Both give a notice. Smaller tiles change an 8-bit level by one at most.

    Networks that see the whole picture get it in one piece as long as memory allows; where it does not,
    their tiles differ from the whole, and a notice says by how much.
    """

    def render(
        self,
        rgb: Tensor,
        mix: MixLike,
        *,
        extrapolate: bool = False,
        tile: int | None = None,
        bits: Bits = 8,
        control: RenderControl | None = None,
    ) -> Tensor:
        """Run the blended network on a picture.

        Other renders may come between two tiles; each sets its own mix.

        Args:
            rgb: uint8 or uint16 (3, H, W) on the CPU; with the opacity (4, H, W) where the network takes it.
            mix: How much of every end: a mix, or one share an end.
            extrapolate: Allow plain shares outside [0, 1].
            tile: Side of square tiles in input pixels, about, without their overlap; by default as few tiles
                as memory allows.
            bits: Per channel of the result; 16 in float32 only, and tiles overlap as far as it sees then.
            control: Progress in tiles, notices, cancellation, and the slots that tiles run in.

        Returns:
            uint8, or uint16 for 16 bits, (3 or 4, scale * H, scale * W) on the CPU.

        Raises:
            RenderError: The picture has another shape or dtype, is too large, also for the memory, or the
                network fails on it.
            dni.blending.shares.BlendError: The mix is not one for these ends.
            Cancelled: ``control.cancelled`` was set.
        """
        self._check(rgb, tile)
        if bits == 16 and self.precision != "float32":
            raise RenderError(f"Expected float32 for 16 bits, but this renderer has {self.precision}.")
        wanted = as_mix(mix, num_ends=self.blend.num_ends, extrapolate=extrapolate)
        make_job = partial(plan_job, rgb=rgb, mix=wanted, tile=tile, bits=bits)
        return self._or_on_cpu(make_job, control or RenderControl())

    def render_region(
        self,
        rgb: Tensor,
        mix: MixLike,
        region: Rectangle,
        *,
        control: RenderControl | None = None,
    ) -> Tensor:
        """Run the blended network on a region of a picture, in one piece.

        The region is rendered with the surroundings that the network sees, so it equals that part of the
        whole render, within one 8-bit level.

        Args:
            rgb: The whole picture, uint8 (3, H, W) on the CPU.
            mix: How much of every end: a mix, or one share an end.
            region: In input pixels, inside the picture.
            control: As of :meth:`render`.

        Returns:
            uint8 (3, scale * height, scale * width) of the region, on the CPU.

        Raises:
            RenderError: The picture has another shape or dtype, the region is empty or not inside it, or
                memory is too small.
            dni.blending.shares.BlendError: The mix is not one for these ends.
            Cancelled: ``control.cancelled`` was set.
        """
        self._check(rgb, None)
        height, width = rgb.shape[1:]
        region.check_inside(width, height, name="region", error_type=RenderError)
        wanted = as_mix(mix, num_ends=self.blend.num_ends)

        def make_job(renderer: Renderer) -> Job:
            around = surroundings_of(renderer, region, height, width, wanted)
            return Job(rgb, wanted, [part_of(region, height, width, around)], around)

        return self._or_on_cpu(make_job, control or RenderControl())

    def _check(self, rgb: Tensor, tile: int | None) -> None:
        channels = (3, 4) if self.takes_opacity else (3,)
        is_picture = rgb.dtype in DTYPES_OF_BITS.values() and rgb.ndim == 3 and rgb.shape[0] in channels
        if not is_picture or 0 in rgb.shape:
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

    def _or_on_cpu(self, make_job: Callable[[Renderer], Job], control: RenderControl) -> Tensor:
        """Do the job here, or if memory is too small on the CPU.

        There all of it is done anew: parts in another precision could show.
        """
        try:
            return self._do(make_job, control)
        except (RuntimeError, MemoryError, TooLittleMemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if self.device.type == "cpu":
                raise TooLittleMemoryError(
                    "Expected enough free memory for one small tile, but there is less. "
                    "Close other programs, or take a smaller picture."
                ) from error
        forget_freed_memory()
        control.notify(ON_THE_CPU)
        with control.slot():
            spare = self.on_cpu()
        return spare._or_on_cpu(make_job, control)

    def _do(self, make_job: Callable[[Renderer], Job], control: RenderControl) -> Tensor:
        """All tiles of a job; those that do not fit into memory in halves."""
        control.raise_if_cancelled()
        with control.slot():
            job = make_job(self)
        if job.is_cut:
            self._notify_of_cuts(job, control)
        output = self._empty(job)
        waiting, done, too_large = deque(job.tiles), 0, float("inf")
        control.report(0, len(waiting))
        while waiting:
            tile = waiting.popleft()
            if tile.pixels < too_large:
                with control.slot():
                    control.raise_if_cancelled()
                    fits = self._try_tile(job, tile, output)
                if fits:
                    done += 1
                    control.report(done, done + len(waiting))
                    continue
                if too_large == float("inf"):
                    control.notify(SMALLER_TILES)
                    job = self._to_be_cut(job, control)
                too_large = tile.pixels
            waiting.extendleft(reversed(self._halves(job, tile)))
        return output

    def _notify_of_cuts(self, job: Job, control: RenderControl) -> None:
        if job.surroundings and job.surroundings.is_global:
            control.notify(cut_notice(self.network.architecture, job.surroundings))

    def _to_be_cut(self, job: Job, control: RenderControl) -> Job:
        """The job with what its tiles need around them, now that they get smaller."""
        if job.surroundings and (job.is_cut or not job.surroundings.is_global):
            return job
        with control.slot():
            job = replace(job, surroundings=job.surroundings or self.surroundings(job.mix, bits=job.bits))
        self._notify_of_cuts(job, control)
        return job

    def _empty(self, job: Job) -> Tensor:
        area = job.area.scaled(self.scale)
        return torch.empty(len(job.rgb), area.height, area.width, dtype=DTYPES_OF_BITS[job.bits])

    def _try_tile(self, job: Job, tile: Tile, output: Tensor) -> bool:
        """Render a tile into its place; False if it does not fit into memory."""
        try:
            self._render_tile(job, tile, output)
        except DniError:
            raise
        except NETWORK_ERRORS as error:
            if not is_out_of_memory(error):
                raise network_failed(self.network, tile.window, error) from error
        else:
            return True
        # Only here: the error keeps alive what was being computed.
        forget_freed_memory()
        return False

    @torch.inference_mode()
    def _render_tile(self, job: Job, tile: Tile, output: Tensor) -> None:
        with self.blend.at(job.mix) as module:
            levels = self.levels(module, tile.window.cut(job.rgb))
            check_numbers(levels, self.network)
            core = tile.core.relative_to(tile.window).scaled(self.scale).cut(levels)
            if job.bits == 16:
                core.mul_(LEVELS_OF_16_BITS)
            # (1, 3 or 4, scale * height, scale * width) of the core
            pixels = core.round_().to(DTYPES_OF_BITS[job.bits])
        tile.core.relative_to(job.area).scaled(self.scale).cut(output).copy_(pixels)

    def _halves(self, job: Job, tile: Tile) -> list[Tile]:
        height, width = job.rgb.shape[1:]
        around = job.surroundings
        assert around is not None, "a job that is to be cut has them"
        parts = halves(tile, height, width, overlap=around.overlap, multiple=around.grid)
        if not parts:
            raise TooLittleMemoryError(f"{tile.pixels} pixels are too many.")
        return parts


def is_out_of_memory(error: Exception) -> bool:
    """torch says it in many ways: CUDA's allocator, the CPU's, and libraries' own."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError, TooLittleMemoryError)):
        return True
    return any(text in str(error) for text in OUT_OF_MEMORY_TEXTS)


def forget_freed_memory() -> None:
    """Give what torch keeps for later back to the GPU."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
