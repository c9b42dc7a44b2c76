"""What stands behind the live viewer: pictures that people hold, pairs that are loaded, frames.

A frame is the picture (or the visible region of a large one) at one mix, as a JPEG. It is known by the
picture's token, the pair, the region and the mix, and by nothing else: there is no "current" picture or
alpha on the server, so nobody can be shown another person's.

Everything that runs a network takes a turn (:mod:`dni.serving.scheduler`), and frames are rendered by one
thread: torch keeps threads and memory of their own for every thread that ever ran a network.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from weakref import WeakKeyDictionary

import torch

from dni.blending.shares import Mix
from dni.caches import ByteCache
from dni.checkpoints.catalog import Pair, ProgressOf
from dni.device import Precision, best_device, best_precision, release_freed_memory
from dni.export.networks import export_network
from dni.export.pictures import export_picture
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.pictures.resize import resize_bicubic
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import RenderControl
from dni.rendering.renderer import Renderer
from dni.serving.live_pixel_budget import live_pixel_budget
from dni.serving.pairs import Pairs, owner_of_pair
from dni.serving.preemption import Preempted, preemptible
from dni.serving.regions import Frame, RenderServiceError, check_region, frame_of, overview_of
from dni.serving.scheduler import Priority, Scheduler

__all__ = ["Frame", "RenderService", "RenderServiceError", "owner_of"]

PICTURE_BYTES = 1_000_000_000
FRAME_BYTES = 256_000_000
# A frame ahead that has given way so often is made at last: where many people drag, somebody always waits.
MAX_PREEMPTIONS = 3
QUIET_PATIENCE_SECONDS = 1.0

T = TypeVar("T")
FrameKey = tuple[str, str, Rectangle, Mix]


class RenderService:
    """Pictures, loaded pairs and frames, shared by all the people of one process.

    Args:
        catalog: The pairs that can be asked for, by id.
        device: Where networks run; the GPU if there is one.
        precision: Of the frames; bfloat16 where the hardware has it. Exports are float32.
        cache: Where downloaded ends are kept.
    """

    def __init__(
        self,
        catalog: Mapping[str, Pair],
        *,
        device: torch.device | None = None,
        precision: Precision | None = None,
        cache: Path | None = None,
    ) -> None:
        self.device = device or best_device()
        self.precision = precision or best_precision(self.device)
        self.cache = cache
        self.scheduler = Scheduler()
        self._pairs = Pairs(catalog, device=self.device, cache=cache)
        self._pictures: ByteCache[str, Picture] = ByteCache(PICTURE_BYTES, size_of=picture_bytes)
        self._kept: dict[str, Picture] = {}
        self._frames: ByteCache[FrameKey, bytes] = ByteCache(FRAME_BYTES, size_of=len)
        self._live_pixels: WeakKeyDictionary[Renderer, int] = WeakKeyDictionary()
        self._engine = ThreadPoolExecutor(1, thread_name_prefix="frames")

    @property
    def catalog(self) -> dict[str, Pair]:
        """The pairs that everybody can ask for, by id."""
        return self._pairs.catalog

    # Pictures

    def hold(self, picture: Picture, *, owner: str) -> str:
        """Keep a person's picture, in place of the last one; the token is the only way to it."""
        self._forget(lambda token, _: owner_of(token) == owner)
        token = f"{owner}.{secrets.token_urlsafe(12)}"
        self._pictures.put(token, picture)
        return token

    def keep(self, token: str, picture: Picture) -> None:
        """Keep a picture for everybody, for good: an example."""
        self._kept[token] = picture

    def release(self, owner: str) -> None:
        """Forget a person's picture, own pairs and frames, and drop what they wait for."""
        self.scheduler.leave(owner)
        self._pairs.release(owner)
        self._forget(lambda token, pair_id: owner in (owner_of(token), owner_of_pair(pair_id)))

    def picture(self, token: str) -> Picture:
        """The picture of a token.

        Raises:
            RenderServiceError: It is not held, or not any more.
        """
        picture = self._kept.get(token) or self._pictures.get(token)
        if picture is None:
            raise RenderServiceError(
                "This picture is no longer held here. Choose it again, or upload it again."
            )
        return picture

    # Pairs

    def pair(self, pair_id: str) -> Pair:
        """The pair of an id; see :meth:`dni.serving.pairs.Pairs.pair`."""
        return self._pairs.pair(pair_id)

    def hold_pair(self, pair: Pair, *, owner: str) -> str:
        """Keep a person's own pair until they leave; the id is the only way to it."""
        return self._pairs.hold(pair, owner=owner)

    def renderer(
        self, pair_id: str, *, precision: Precision | None = None, download: ProgressOf | None = None
    ) -> Renderer:
        """The pair, loaded; see :meth:`dni.serving.pairs.Pairs.renderer`."""
        return self._pairs.renderer(pair_id, precision or self.precision, download=download)

    def paths(self, pair_id: str, *, download: ProgressOf | None = None) -> list[Path]:
        """The files of a pair's ends."""
        return self._pairs.paths(pair_id, download=download)

    def live_pixels(self, pair_id: str, *, owner: str = "") -> int:
        """How many input pixels of a large picture the pair renders in some 100 ms on this machine.

        Measured once, in a turn, so that other people's work does not make it small.
        """
        renderer = self.renderer(pair_id)

        def measure() -> int:
            if renderer not in self._live_pixels:
                self._live_pixels[renderer] = live_pixel_budget(renderer)
            return self._live_pixels[renderer]

        if renderer in self._live_pixels:
            return measure()
        return self._in_slot(measure, owner, Priority.LIVE, coalesce_key=None)

    # Frames

    def frame(
        self,
        token: str,
        pair_id: str,
        region: Rectangle,
        mix: Mix,
        *,
        visitor: str = "",
        priority: Priority = Priority.LIVE,
    ) -> Frame:
        """The region at ``mix``; rendered when it is the visitor's turn, or remembered.

        Args:
            token: The picture's.
            pair_id: The pair's.
            region: What to render of it.
            mix: How much of every end.
            visitor: Who asks. A live frame takes the place of the one that they still wait for.
            rank: ``LIVE`` if somebody waits for it; ``AHEAD`` gives way to those, even half-way.

        Raises:
            DniError: The picture, pair, region or mix cannot be used.
            dni.serving.scheduler.Superseded: The visitor has asked for a newer one.
            dni.rendering.control.Cancelled: The visitor has left.
        """
        key = (token, pair_id, region, mix)
        picture, jpeg = self.picture(token), self._frames.get(key)
        if jpeg is not None:
            return Frame(jpeg, 0.0)
        check_region(region, picture)
        renderer = self.renderer(pair_id)

        def render() -> Frame:
            jpeg = self._frames.get(key)  # somebody else may have waited for the same
            if jpeg is not None:
                return Frame(jpeg, 0.0)
            frame = self.render_frame(picture, pair_id, region, mix)
            if self._is_held(token, pair_id):
                self._frames.put(key, frame.jpeg)
            return frame

        if priority is Priority.AHEAD:
            return self._when_idle(render, renderer, visitor)
        return self._in_slot(render, visitor, priority, coalesce_key="frame")

    def render_frame(self, picture: Picture, pair_id: str, region: Rectangle, mix: Mix) -> Frame:
        """The region at ``mix``, rendered anew and at once: for whoever has the turn."""
        check_region(region, picture)
        renderer = self.renderer(pair_id)
        notices: list[str] = []
        started = time.perf_counter()
        control = RenderControl(notice=notices.append)
        rgb = renderer.render_region(picture.rgb, mix, region, control=control)
        jpeg = frame_of(rgb, picture, region, renderer.scale)
        return Frame(jpeg, (time.perf_counter() - started) * 1000, " ".join(notices))

    def remember(self, token: str, pair_id: str, region: Rectangle, mix: Mix, jpeg: bytes) -> None:
        """Take in a frame that was rendered elsewhere (in the GPU process of a ZeroGPU Space)."""
        self._frames.put((token, pair_id, region, mix), jpeg)

    def before(self, token: str, pair_id: str, region: Rectangle) -> bytes:
        """The region enlarged by bicubic interpolation, as a JPEG, to compare with."""
        picture = self.picture(token)
        check_region(region, picture)
        scale = self.renderer(pair_id).scale
        return frame_of(resize_bicubic(region.cut(picture.rgb), scale), picture, region, scale)

    def overview(self, token: str) -> bytes:
        """The whole picture, at most 1280 pixels a side, as a JPEG."""
        return overview_of(self.picture(token))

    # Results to keep

    def export_picture(
        self,
        picture: Picture,
        pair_id: str,
        request: RenderRequest | Mix,
        destination: Path,
        *,
        control: RenderControl | None = None,
        owner: str = "",
    ) -> Path:
        """Render a picture, or the part that is asked for, in float32, each tile in a slot of the owner's.

        See :func:`dni.export.pictures.export_picture`; the control's own slot is not used.
        """
        renderer, control = self.renderer(pair_id, precision="float32"), control or RenderControl()

        def slot() -> AbstractContextManager[None]:
            return self.scheduler.slot(owner, Priority.EXPORT, cancelled=control.cancelled)

        try:
            export_picture(
                picture,
                renderer,
                request,
                destination,
                ends=self.paths(pair_id),
                pair_id=self.pair(pair_id).id,
                control=replace(control, slot=slot),
            )
        finally:
            release_freed_memory()
        return destination

    def export_network(self, pair_id: str, mix: Mix, destination: Path) -> Path:
        """Write the blended network; see :func:`dni.export.networks.export_network`."""
        export_network(self.paths(pair_id), mix, destination, pair_id=self.pair(pair_id).id)
        return destination

    def compute(self, work: Callable[[], T], *, owner: str, coalesce_key: str) -> T:
        """Do something else that somebody waits for on the networks' thread, when it is the owner's turn.

        Args:
            work: What to do; it must not ask for a turn.
            owner: Who waits for it.
            lane: Of what an owner asks for in one lane, only the newest is done.

        Raises:
            dni.serving.scheduler.Superseded: The owner has asked for something newer.
            dni.rendering.control.Cancelled: The owner has left.
        """
        return self._in_slot(work, owner, Priority.LIVE, coalesce_key=coalesce_key)

    def _in_slot(
        self,
        work: Callable[[], T],
        owner: str,
        priority: Priority,
        *,
        coalesce_key: str | None,
        within: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> T:
        with self.scheduler.slot(owner, priority, coalesce_key=coalesce_key), within():
            return self._engine.submit(work).result()

    def _when_idle(self, work: Callable[[], T], renderer: Renderer, owner: str) -> T:
        def within() -> AbstractContextManager[None]:
            return preemptible(renderer.network.module, self.scheduler.is_urgent)

        for _ in range(MAX_PREEMPTIONS):
            with suppress(Preempted):
                return self._in_slot(work, owner, Priority.AHEAD, coalesce_key=None, within=within)
            self.scheduler.wait_until_quiet(at_most=QUIET_PATIENCE_SECONDS)
        return self._in_slot(work, owner, Priority.AHEAD, coalesce_key=None)

    def _is_held(self, token: str, pair_id: str) -> bool:
        """Whether picture and pair are still there, for a frame that took its time."""
        try:
            return bool(self.picture(token) and self.pair(pair_id))
        except RenderServiceError:
            return False

    def _forget(self, matches: Callable[[str, str], bool]) -> None:
        """Forget the pictures, and the frames of pictures and pairs, that match."""
        self._pictures.drop(lambda token: matches(token, ""))
        self._frames.drop(lambda key: matches(key[0], key[1]))


def owner_of(token: str) -> str | None:
    """Whose picture it is, or None for one that is kept for everybody. The random part has no dot."""
    owner, dot, _ = token.rpartition(".")
    return owner if dot else None


def picture_bytes(picture: Picture) -> int:
    return picture.rgb.numel() + (0 if picture.opacity is None else picture.opacity.numel())
