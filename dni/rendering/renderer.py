"""The renderer: pictures through a blend, tile by tile, with fallbacks when memory runs out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from dni.blending.shares import Mix, MixLike, as_mix
from dni.errors import DniError
from dni.pictures.rectangle import Rectangle
from dni.rendering.control import RenderControl
from dni.rendering.engine import Engine
from dni.rendering.network_errors import NETWORK_ERRORS, RenderError, check_numbers, network_failed
from dni.rendering.surroundings import Surroundings
from dni.rendering.tiles import Tile, cut_square, halves, plan, tile_of

__all__ = ["RenderError", "Renderer", "cut_notice", "part_of"]

MAX_OUTPUT_PIXELS = 400_000_000
OUT_OF_MEMORY_TEXTS = ("can't allocate memory", "out of memory", "ALLOC_FAILED")
SMALLER_TILES = "There is too little free memory for tiles of the usual size: this render uses smaller ones."
ON_THE_CPU = (
    "The graphics card has too little free memory: this render runs on the processor, in float32. "
    "It takes longer."
)


class TooLittleMemoryError(RenderError):
    """Not even a small tile fits into the memory that is free."""


@dataclass(frozen=True, eq=False)
class Job:
    """What to render: tiles of a picture, together a rectangle, from its top left to its bottom right.

    ``surroundings`` are those of the tiles; None for one tile around which nothing was measured.
    """

    rgb: Tensor
    mix: Mix
    tiles: list[Tile]
    surroundings: Surroundings | None

    @property
    def is_cut(self) -> bool:
        """Whether a tile reads less than the whole picture."""
        return self.tiles[0].pixels < self.rgb[0].numel()

    @property
    def area(self) -> Rectangle:
        """What the tiles are responsible for together."""
        return self.tiles[0].core.around(self.tiles[-1].core)


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
        control: RenderControl | None = None,
    ) -> Tensor:
        """Run the blended network on a picture.

        Other renders may come between two tiles; each sets its own mix.

        Args:
            rgb: uint8 (3, H, W) on the CPU; with the opacity (4, H, W) where the network takes it.
            mix: How much of every end: a mix, or one share an end.
            extrapolate: Allow plain shares outside [0, 1].
            tile: Side of square tiles in input pixels, about, without their overlap; by default as few tiles
                as memory allows.
            control: Progress in tiles, notices, cancellation, and the slots that tiles run in.

        Returns:
            uint8 (3 or 4, scale * H, scale * W) on the CPU.

        Raises:
            RenderError: The picture has another shape or dtype, is too large, also for the memory, or the
                network fails on it.
            dni.blending.shares.BlendError: The mix is not one for these ends.
            Cancelled: ``control.cancelled`` was set.
        """
        self._check(rgb, tile)
        wanted = as_mix(mix, num_ends=self.blend.num_ends, extrapolate=extrapolate)
        make_job = partial(plan_job, rgb=rgb, mix=wanted, tile=tile)
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
            around = renderer.surroundings_of(region, height, width, wanted)
            return Job(rgb, wanted, [part_of(region, height, width, around)], around)

        return self._or_on_cpu(make_job, control or RenderControl())

    def surroundings_of(self, region: Rectangle, height: int, width: int, mix: Mix) -> Surroundings | None:
        """What has to be around a part of a picture of this size; None where all of it has to be.

        Networks with other layers than convolutions are measured at first use.
        """
        if self.is_local:
            return Surroundings(self.overlap)
        if region == Rectangle.whole(width, height):
            return None
        around = self.surroundings(mix)
        return None if around.is_global and height * width <= self.whole_pixels else around

    def _check(self, rgb: Tensor, tile: int | None) -> None:
        channels = (3, 4) if self.takes_opacity else (3,)
        if rgb.dtype != torch.uint8 or rgb.ndim != 3 or rgb.shape[0] not in channels or 0 in rgb.shape:
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
                too_large = tile.pixels
            waiting.extendleft(reversed(self._halves(job, tile)))
        return output

    def _notify_of_cuts(self, job: Job, control: RenderControl) -> None:
        if job.is_cut and job.surroundings and job.surroundings.is_global:
            control.notify(cut_notice(self.network.architecture, job.surroundings))

    def _empty(self, job: Job) -> Tensor:
        area = job.area.scaled(self.scale)
        return torch.empty(len(job.rgb), area.height, area.width, dtype=torch.uint8)

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
            pixels = core.round_().to(torch.uint8)  # (1, 3 or 4, scale * height, scale * width) of the core
        tile.core.relative_to(job.area).scaled(self.scale).cut(output).copy_(pixels)

    def _halves(self, job: Job, tile: Tile) -> list[Tile]:
        height, width = job.rgb.shape[1:]
        around = job.surroundings or self.surroundings(job.mix)
        parts = halves(tile, height, width, overlap=around.overlap, multiple=around.grid)
        if not parts:
            raise TooLittleMemoryError(f"{tile.pixels} pixels are too many.")
        return parts


def plan_job(renderer: Renderer, *, rgb: Tensor, mix: Mix, tile: int | None) -> Job:
    """The whole picture, in one piece, in square tiles or in what suits the network."""
    height, width = rgb.shape[1:]
    in_one_piece = height * width <= renderer.window_pixels if tile is None else max(height, width) <= tile
    if in_one_piece and not renderer.is_local:
        return Job(rgb, mix, [part_of(Rectangle.whole(width, height), height, width, None)], None)
    # Nothing overlaps in one tile: no need to measure how much.
    few = renderer.is_local and height * width <= (renderer.window_pixels if tile is None else tile**2)
    around = Surroundings(renderer.overlap) if few else renderer.surroundings(mix)
    overlap, multiple = around.overlap, around.grid
    if tile is None:
        budget = renderer.whole_pixels if around.is_global else renderer.window_pixels
        square = renderer.network.square
        tiles = plan(height, width, overlap=overlap, budget=budget, multiple=multiple, square=square)
    else:
        tiles = cut_square(height, width, tile=tile, overlap=overlap, multiple=multiple)
    return Job(rgb, mix, tiles, around)


def part_of(part: Rectangle, height: int, width: int, around: Surroundings | None) -> Tile:
    """A part of a picture with its surroundings; with all of the picture where there are none."""
    overlap, multiple = (around.overlap, around.grid) if around else (max(height, width), 1)
    return tile_of(part, width=width, height=height, overlap=overlap, multiple=multiple)


def cut_notice(architecture: str, around: Surroundings) -> str:
    """What to know about parts of a picture where the network sees all of it."""
    return (
        f"{architecture} looks at the whole picture, and this one is too large for one piece: parts of it "
        f"are rendered apart, which changed a test picture by up to {around.difference:.2g} of 255 levels."
    )


def is_out_of_memory(error: Exception) -> bool:
    """torch says it in many ways: CUDA's allocator, the CPU's, and libraries' own."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError, TooLittleMemoryError)):
        return True
    return any(text in str(error) for text in OUT_OF_MEMORY_TEXTS)


def forget_freed_memory() -> None:
    """Give what torch keeps for later back to the GPU."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
