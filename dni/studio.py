"""What stands behind the live viewer: pictures that people hold, pairs that are loaded, frames.

A frame is the picture (or the visible region of a large one) at one blend, as a JPEG. It is known by the
picture's token, the pair, the region and the shares, and by nothing else: there is no "current" picture or
alpha on the server, so nobody can be shown another person's.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from dni.cache import ByteCache
from dni.catalog import Pair, ProgressOf, end_paths
from dni.errors import DniError
from dni.export import export_network, export_picture
from dni.images import Picture, encode_jpeg, from_pil, resize_bicubic, to_pil
from dni.interpolate import shares_of
from dni.networks import load_ends
from dni.render import Precision, Progress, Renderer, best_device, best_precision

__all__ = ["Frame", "Region", "Studio", "StudioError"]

PICTURE_BYTES = 1_000_000_000
FRAME_BYTES = 256_000_000
LOADED_RENDERERS = 4
FRAME_QUALITY = 95
# The largest region that is rendered live, in input pixels.
MAX_REGION_PIXELS = 512 * 512
OVERVIEW_SIDE = 1280
# A region is at least this large, however slow the machine: smaller ones show too little.
MIN_LIVE_PIXELS = 160 * 128
LIVE_SECONDS = 0.1
PROBE_SIDE = 96
NEUTRAL_GREY = 128


class StudioError(DniError):
    """The studio does not hold what was asked for."""


@dataclass(frozen=True)
class Region:
    """A rectangle of a picture, in input pixels."""

    left: int
    top: int
    width: int
    height: int

    def check(self, picture: Picture) -> None:
        """Raise :class:`StudioError` unless the region lies in the picture and is small enough."""
        inside = (
            0 <= self.left < self.left + self.width <= picture.width
            and 0 <= self.top < self.top + self.height <= picture.height
        )
        if not inside or self.width * self.height > MAX_REGION_PIXELS:
            raise StudioError(
                f"Expected a region of at most {MAX_REGION_PIXELS} pixels inside the "
                f"{picture.width}x{picture.height} picture, but got {self.width}x{self.height} at "
                f"({self.left}, {self.top})."
            )

    def cut(self, pixels: Tensor) -> Tensor:
        """The region of (C, H, W) pixels."""
        return pixels[:, self.top : self.top + self.height, self.left : self.left + self.width]


@dataclass(frozen=True)
class Frame:
    """A rendered region as a JPEG, and the time that network and encoding took (0 if remembered)."""

    jpeg: bytes
    milliseconds: float


class Studio:
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
        self.catalog = dict(catalog)
        self.device = device or best_device()
        self.precision = precision or best_precision(self.device)
        self.cache = cache
        self._pictures: ByteCache[str, Picture] = ByteCache(PICTURE_BYTES, size_of=picture_bytes)
        self._kept: dict[str, Picture] = {}
        self._frames: ByteCache[tuple[str, str, Region, float], bytes] = ByteCache(FRAME_BYTES, size_of=len)
        # Here a renderer counts as one byte.
        self._renderers: ByteCache[tuple[str, Precision], Renderer] = ByteCache(
            LOADED_RENDERERS, size_of=lambda _: 1
        )
        self._live_pixels: WeakKeyDictionary[Renderer, int] = WeakKeyDictionary()
        self._loading = threading.Lock()

    # Pictures

    def hold(self, picture: Picture, *, owner: str) -> str:
        """Keep a person's picture, in place of the last one; the token is the only way to it."""
        self.release(owner)
        token = f"{owner}.{secrets.token_urlsafe(12)}"
        self._pictures.put(token, picture)
        return token

    def keep(self, token: str, picture: Picture) -> None:
        """Keep a picture for everybody, for good: an example."""
        self._kept[token] = picture

    def release(self, owner: str) -> None:
        """Forget a person's picture and its frames."""
        self._pictures.drop(lambda token: owner_of(token) == owner)
        self._frames.drop(lambda key: owner_of(key[0]) == owner)

    def picture(self, token: str) -> Picture:
        """The picture of a token.

        Raises:
            StudioError: It is not held, or not any more.
        """
        picture = self._kept.get(token) or self._pictures.get(token)
        if picture is None:
            raise StudioError("This picture is no longer held here. Choose it again, or upload it again.")
        return picture

    # Pairs

    def pair(self, pair_id: str) -> Pair:
        """The catalogue's pair.

        Raises:
            StudioError: There is none of that id.
        """
        if pair_id not in self.catalog:
            known = ", ".join(sorted(self.catalog))
            raise StudioError(f"Expected one of the pairs {known}, but got {pair_id!r}.")
        return self.catalog[pair_id]

    def renderer(
        self, pair_id: str, *, precision: Precision | None = None, download: ProgressOf | None = None
    ) -> Renderer:
        """The pair, loaded (and downloaded before, if need be); the last few stay loaded.

        Raises:
            DniError: The pair is unknown, or its files cannot be had or used.
        """
        key = (pair_id, precision or self.precision)
        loaded = self._renderers.get(key)
        if loaded is not None:
            return loaded
        paths = self.paths(pair_id, download=download)
        with self._loading:
            loaded = self._renderers.get(key)
            if loaded is None:
                network, states = load_ends(paths)
                loaded = Renderer(network, states, device=self.device, precision=key[1])
                self._renderers.put(key, loaded)
            return loaded

    # Frames

    def frame(self, token: str, pair_id: str, region: Region, alpha: float) -> Frame:
        """The region at ``alpha``; rendered, or remembered.

        Raises:
            DniError: The picture, pair, region or alpha cannot be used.
        """
        key = (token, pair_id, region, round(alpha, 4))
        picture, jpeg = self.picture(token), self._frames.get(key)
        if jpeg is not None:
            return Frame(jpeg, 0.0)
        frame = self.render_frame(picture, pair_id, region, key[-1])
        self._frames.put(key, frame.jpeg)
        return frame

    def render_frame(self, picture: Picture, pair_id: str, region: Region, alpha: float) -> Frame:
        """The region at ``alpha``, rendered anew; errors as of :meth:`frame`."""
        region.check(picture)
        renderer = self.renderer(pair_id)
        started = time.perf_counter()
        rgb = renderer.render_region(
            picture.rgb,
            shares_of(alpha),
            left=region.left,
            top=region.top,
            width=region.width,
            height=region.height,
        )
        jpeg = encode_jpeg(over_grey(rgb, picture, region, renderer.scale), quality=FRAME_QUALITY)
        return Frame(jpeg, (time.perf_counter() - started) * 1000)

    def remember(self, token: str, pair_id: str, region: Region, alpha: float, jpeg: bytes) -> None:
        """Take in a frame that was rendered elsewhere (in the GPU process of a ZeroGPU Space)."""
        self._frames.put((token, pair_id, region, round(alpha, 4)), jpeg)

    def before(self, token: str, pair_id: str, region: Region) -> bytes:
        """The region enlarged by bicubic interpolation, as a JPEG, to compare with."""
        picture = self.picture(token)
        region.check(picture)
        scale = self.renderer(pair_id).scale
        rgb = resize_bicubic(region.cut(picture.rgb), scale)
        return encode_jpeg(over_grey(rgb, picture, region, scale), quality=FRAME_QUALITY)

    def overview(self, token: str) -> bytes:
        """The whole picture, at most 1280 pixels a side, as a JPEG."""
        picture = self.picture(token)
        everything = Region(0, 0, picture.width, picture.height)
        image = to_pil(over_grey(picture.rgb, picture, everything, 1))
        image.thumbnail((OVERVIEW_SIDE, OVERVIEW_SIDE))
        return encode_jpeg(from_pil(image, name=picture.name).rgb, quality=FRAME_QUALITY)

    def live_pixels(self, pair_id: str) -> int:
        """How many input pixels of a large picture the pair renders in some 100 ms on this machine."""
        renderer = self.renderer(pair_id)
        if renderer not in self._live_pixels:
            probe = torch.zeros(3, PROBE_SIDE, PROBE_SIDE, dtype=torch.uint8)
            seconds = []
            for _ in range(3):  # the first run also prepares; the fastest is the machine's
                started = time.perf_counter()
                renderer.render(probe, shares_of(0.5))
                seconds.append(time.perf_counter() - started)
            pixels = int(LIVE_SECONDS / min(seconds) * PROBE_SIDE**2)
            self._live_pixels[renderer] = min(MAX_REGION_PIXELS, max(MIN_LIVE_PIXELS, pixels))
        return self._live_pixels[renderer]

    # Results to keep

    def export_picture(
        self,
        picture: Picture,
        pair_id: str,
        alpha: float,
        destination: Path,
        progress: Progress | None = None,
        cancelled: threading.Event | None = None,
    ) -> Path:
        """Render a whole picture in float32; see :func:`dni.export.export_picture`."""
        renderer = self.renderer(pair_id, precision="float32")
        export_picture(
            picture,
            renderer,
            shares_of(alpha),
            destination,
            ends=self.paths(pair_id),
            pair_id=pair_id,
            progress=progress,
            cancelled=cancelled,
        )
        return destination

    def export_network(self, pair_id: str, alpha: float, destination: Path) -> Path:
        """Write the blended network; see :func:`dni.export.export_network`."""
        export_network(self.paths(pair_id), shares_of(alpha), destination, pair_id=pair_id)
        return destination

    def paths(self, pair_id: str, *, download: ProgressOf | None = None) -> list[Path]:
        """The files of a pair's ends."""
        return end_paths(self.pair(pair_id), progress=download, cache=self.cache)


def owner_of(token: str) -> str | None:
    """Whose picture it is, or None for one that is kept for everybody. The random part has no dot."""
    owner, dot, _ = token.rpartition(".")
    return owner if dot else None


def picture_bytes(picture: Picture) -> int:
    return picture.rgb.numel() + (0 if picture.opacity is None else picture.opacity.numel())


def over_grey(rgb: Tensor, picture: Picture, region: Region, scale: int) -> Tensor:
    """Lay an enlarged region of a translucent picture over grey, since a JPEG has no opacity.

    ``rgb`` and the result are uint8 (3, scale * height, scale * width).
    """
    if picture.opacity is None:
        return rgb
    opacity = resize_bicubic(region.cut(picture.opacity), scale).float() / 255
    return (rgb * opacity + NEUTRAL_GREY * (1 - opacity)).round().to(torch.uint8)
