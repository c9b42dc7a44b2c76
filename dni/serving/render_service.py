"""The render service: pictures, loaded pairs and rendered frames behind the live viewers.

A frame is the picture (or the visible region of a large one) at one mix, as a JPEG. It is known by the
picture's token, the pair, the region and the mix, and by nothing else: there is no "current" picture or
alpha on the server, so nobody can be shown another person's. A token or an id of something that a session
holds is of use to that session only (:mod:`dni.serving.sessions`).

Everything that runs a network waits for a slot (:mod:`dni.serving.scheduling.scheduler`), and frames are
rendered by one thread: torch keeps threads and memory of their own for every thread that ever ran a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from weakref import WeakKeyDictionary

import torch

from dni.blending.shares import Mix
from dni.caches import ByteCache
from dni.catalog.pairs import Pair, ProgressOf
from dni.device import Precision, best_device, best_precision, release_freed_memory
from dni.export.networks import export_network
from dni.export.pictures import export_picture
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.pictures.resize import resize_bicubic
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import RenderControl, Slot
from dni.rendering.renderer import Renderer
from dni.serving.pairs import Pairs
from dni.serving.pictures import Held, HeldPictures
from dni.serving.regions import (
    Frame,
    RenderServiceError,
    check_region,
    check_tile,
    frame_of,
    render_frame,
)
from dni.serving.scheduling.live_pixel_budget import live_pixel_budget
from dni.serving.scheduling.render_queue import RenderQueue
from dni.serving.scheduling.scheduler import Priority, Scheduler
from dni.serving.sessions import Session, SessionRegistry
from dni.serving.whole_pictures import WholePictures

__all__ = ["Frame", "RenderService", "RenderServiceError"]

FRAME_BYTES = 256_000_000

FrameKey = tuple[Held, Held, Rectangle, Mix]


class RenderService:
    """Pictures, loaded pairs and frames, shared by all the people of one process.

    Args:
        catalog: The pairs that can be asked for, by id.
        device: Where networks run; the GPU if there is one.
        precision: Of the frames; bfloat16 where the hardware has it. Exports are float32.
        cache: Where downloaded ends are kept.
        sessions: Of those who may ask; by default a registry of its own.
    """

    def __init__(
        self,
        catalog: Mapping[str, Pair],
        *,
        device: torch.device | None = None,
        precision: Precision | None = None,
        cache: Path | None = None,
        sessions: SessionRegistry | None = None,
    ) -> None:
        self.device = device or best_device()
        self.precision = precision or best_precision(self.device)
        self.cache = cache
        self.sessions = sessions or SessionRegistry()
        self.queue = RenderQueue()
        self._pairs = Pairs(catalog, device=self.device, cache=cache)
        self.pictures = HeldPictures()
        self.whole_pictures = WholePictures(self.pictures, self.queue)
        self._frames: ByteCache[FrameKey, bytes] = ByteCache(FRAME_BYTES, size_of=len)
        self._live_pixels: WeakKeyDictionary[Renderer, int] = WeakKeyDictionary()

    @property
    def scheduler(self) -> Scheduler:
        """Of everything that runs a network."""
        return self.queue.scheduler

    @property
    def catalog(self) -> dict[str, Pair]:
        """The pairs that everybody can ask for, by id."""
        return self._pairs.catalog

    # Pictures

    def hold(self, picture: Picture, *, session: Session, tab: str) -> str:
        """Keep a session's picture, in place of the last one of that tab; gives its token."""
        token, former = self.pictures.hold(picture, session, tab=tab)
        self._frames.drop(lambda key: key[0] == former)
        self.whole_pictures.forget(former)
        session.on_close(self._release)
        return token

    def keep(self, token: str, picture: Picture) -> None:
        """Keep a picture for everybody, for good: an example."""
        self.pictures.keep(token, picture)

    def picture(self, token: str, session: Session | None = None) -> Picture:
        """The picture of a token: an example, or one of the session's own.

        Raises:
            RenderServiceError: It is not held, or not any more.
        """
        return self.pictures.get(token, session)

    # Pairs

    def pair(self, pair_id: str, session: Session | None = None) -> Pair:
        """The pair of an id: of the catalogue, or one of the session's own."""
        return self._pairs.pair(pair_id, session)

    def hold_pair(self, pair: Pair, *, session: Session, pair_id: str | None = None) -> str:
        """Keep a session's own pair until it ends; gives its id, by default a new one."""
        pair_id = self._pairs.hold(pair, session, pair_id)
        session.on_close(self._release)
        return pair_id

    def renderer(
        self,
        pair_id: str,
        session: Session | None = None,
        *,
        precision: Precision | None = None,
        download: ProgressOf | None = None,
    ) -> Renderer:
        """The pair, loaded; see :meth:`dni.serving.pairs.Pairs.renderer`."""
        return self._pairs.renderer(pair_id, session, precision or self.precision, download=download)

    def export_renderer(self, pair_id: str, session: Session) -> Renderer:
        """The pair in float32, on a network that renders no frames: exports pause while somebody waits."""
        return self._pairs.renderer(pair_id, session, "float32", for_export=True)

    def export_slot(self, session: Session, control: RenderControl) -> Slot:
        """What gives an export on :meth:`export_renderer` the slots of its tiles."""
        return partial(self.queue.slot, session, Priority.EXPORT, cancelled=control.cancelled, gives_way=True)

    def paths(
        self, pair_id: str, session: Session | None = None, *, download: ProgressOf | None = None
    ) -> list[Path]:
        """The files of a pair's ends."""
        return self._pairs.paths(pair_id, session, download=download)

    def live_pixels(self, pair_id: str, *, session: Session) -> int:
        """How many input pixels of a large picture the pair renders in some 100 ms on this machine.

        Measured once, in a slot, so that other people's work does not make it small.
        """
        renderer = self.renderer(pair_id, session)

        def measure() -> int:
            return self._live_pixels.get(renderer) or live_pixel_budget(renderer)

        if renderer not in self._live_pixels:
            self._live_pixels[renderer] = self.queue.compute(measure, session=session, coalesce_key=None)
        return self._live_pixels[renderer]

    # Frames

    def frame(
        self,
        token: str,
        pair_id: str,
        region: Rectangle,
        mix: Mix,
        *,
        session: Session,
        priority: Priority = Priority.LIVE,
    ) -> Frame:
        """The region at ``mix``; rendered in a slot of the session's, or remembered.

        Args:
            token: The picture's.
            pair_id: The pair's.
            region: What to render of it.
            mix: How much of every end.
            session: Who asks. A live frame takes the place of the one that it still waits for.
            priority: ``LIVE`` if somebody waits for it; ``AHEAD`` gives way to those, even half-way.

        Raises:
            DniError: The picture, pair, region or mix cannot be used.
            dni.serving.scheduling.scheduler.Superseded: The session has asked for a newer one.
            dni.rendering.control.Cancelled: The session has ended.
        """
        key = self._frame_key(token, pair_id, region, mix, session)
        picture, jpeg = self.picture(token, session), self._frames.get(key)
        if jpeg is not None:
            return Frame(jpeg, 0.0)
        check_region(region, picture)
        self.renderer(pair_id, session)  # loaded before there is a slot

        render = partial(self._render_once, picture, token, pair_id, region, mix, session)
        if priority is Priority.AHEAD:
            return self.queue.compute_ahead(render, session=session)
        return self.queue.compute(render, session=session, coalesce_key="frame", priority=priority)

    def _render_once(
        self, picture: Picture, token: str, pair_id: str, region: Rectangle, mix: Mix, session: Session
    ) -> Frame:
        """A frame that is rendered and remembered, unless somebody else has waited for the same."""
        jpeg = self._frames.get(self._frame_key(token, pair_id, region, mix, session))
        if jpeg is not None:
            return Frame(jpeg, 0.0)
        frame = self.render_frame(picture, pair_id, region, mix, session)
        self.remember(token, pair_id, region, mix, frame.jpeg, session=session)
        return frame

    def render_frame(
        self, picture: Picture, pair_id: str, region: Rectangle, mix: Mix, session: Session | None = None
    ) -> Frame:
        """The region at ``mix``, rendered anew and at once: for whoever has the slot."""
        return render_frame(self.renderer(pair_id, session), picture, region, mix)

    def remember(
        self, token: str, pair_id: str, region: Rectangle, mix: Mix, jpeg: bytes, *, session: Session
    ) -> None:
        """Keep a frame, unless picture or pair went while it was rendered (here, or on a lent GPU)."""
        key = self._frame_key(token, pair_id, region, mix, session)
        self._frames.put(key, jpeg)
        try:
            self.picture(token, session), self.pair(pair_id, session)
        except RenderServiceError:
            self._frames.drop(lambda other: other == key)

    def before(self, token: str, pair_id: str, region: Rectangle, *, session: Session) -> bytes:
        """The region enlarged by bicubic interpolation, as a JPEG, to compare with; made in a slot."""
        picture = self.picture(token, session)
        check_region(region, picture)
        scale = self.renderer(pair_id, session).scale

        def enlarge() -> bytes:
            return frame_of(resize_bicubic(region.cut(picture.rgb), scale), picture, region, scale)

        return self.queue.compute(enlarge, session=session, coalesce_key=None)

    def overview(self, token: str, region: Rectangle | None = None, *, session: Session) -> bytes:
        """The whole picture, or a region of it, at most 1600 pixels a side, as a JPEG."""
        return self.whole_pictures.overview(token, region, session=session)

    # Results to keep

    def export_picture(
        self,
        picture: Picture,
        pair_id: str,
        request: RenderRequest | Mix,
        destination: Path,
        *,
        session: Session,
        control: RenderControl | None = None,
    ) -> Path:
        """Render a picture, or the part that is asked for, in float32, each tile in a slot of the session's.

        See :func:`dni.export.pictures.export_picture`; the control's own slot is not used.

        Raises:
            RenderServiceError: The tiles are so small that they are nearly all overlap.
        """
        renderer = self.export_renderer(pair_id, session)
        control = control or RenderControl()
        check_tile(request, renderer)
        try:
            export_picture(
                picture,
                renderer,
                request,
                destination,
                ends=self.paths(pair_id, session),
                pair_id=self.pair(pair_id, session).id,
                control=replace(control, slot=self.export_slot(session, control)),
            )
        finally:
            release_freed_memory()
        return destination

    def export_network(self, pair_id: str, mix: Mix, destination: Path, *, session: Session) -> Path:
        """Write the blended network; see :func:`dni.export.networks.export_network`.

        Beside the frames, one at a time: loading, blending and hashing take both cores for a while.
        """
        pair, paths = self.pair(pair_id, session), self.paths(pair_id, session)

        def write() -> Path:
            export_network(paths, mix, destination, pair_id=pair.id)
            return destination

        return self.queue.compute_file(write, session=session)

    # What is forgotten

    def _frame_key(self, token: str, pair_id: str, region: Rectangle, mix: Mix, session: Session) -> FrameKey:
        return self.pictures.key(token, session), self._pairs.key(pair_id, session), region, mix

    def _release(self, session: Session) -> None:
        """Forget what a session held."""
        self._pairs.release(session)
        self.pictures.release(session)
        self._frames.drop(lambda key: session.key in (key[0][0], key[1][0]))
        self.whole_pictures.release(session)
