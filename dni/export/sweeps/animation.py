"""Writes frames as a film: GIF, animated WebP or MP4 (H.264)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import torch
from PIL import ExifTags, Image
from torch import Tensor

from dni.checkpoints.atomic_write import atomic_write
from dni.errors import DniError
from dni.pictures.picture import to_pil

__all__ = ["FILM_SUFFIXES", "Playback", "write_film"]

# GIF counts in hundredths of a second, and browsers slow down what is shown for less than two of them.
MAX_FPS = 50.0
MAX_HOLD = 60.0
GIF_TICK_MS = 10
GIF_COLOURS = 256
PALETTE_PIXELS = 1_000_000
WEBP_QUALITY = 90
WEBP_MAX_SIDE = 16383
# Level 5.2 of H.264, the largest that decoders in browsers and telephones are commonly built for.
MP4_MAX_PIXELS = 36864 * 256
MP4_MAX_SIDE = 8192
# x264's own scale of quality, lower is better: 18 is where people stop seeing a difference.
MP4_CRF = "18"


@dataclass(frozen=True, kw_only=True)
class Playback:
    """How a film runs.

    Args:
        fps: Frames a second, from 0.5 to 50.
        hold: For how many seconds longer the first and the last frame are shown, from 0 to 60.
        there_and_back: Whether to run back to the start, without showing the end twice.

    Raises:
        DniError: A value is out of these bounds.
    """

    fps: float = 10.0
    hold: float = 0.5
    there_and_back: bool = False

    def __post_init__(self) -> None:
        if not 0.5 <= self.fps <= MAX_FPS:
            raise DniError(f"Expected 0.5 to {MAX_FPS:g} frames a second, but got {self.fps:g}. Change it.")
        if not 0 <= self.hold <= MAX_HOLD:
            raise DniError(
                f"Expected to hold the ends for 0 to {MAX_HOLD:g} seconds, but got {self.hold:g}. Change it."
            )

    def order(self, count: int) -> list[int]:
        """Which of ``count`` frames is shown when; the film then starts anew."""
        forwards = list(range(count))
        return forwards + forwards[-2:0:-1] if self.there_and_back else forwards

    def seconds(self, count: int) -> list[float]:
        """For how long each frame of :meth:`order` is shown."""
        ends = (0, count - 1)
        return [1 / self.fps + (self.hold if index in ends else 0) for index in self.order(count)]


def write_film(destination: Path, frames: Sequence[Tensor], playback: Playback, *, comment: str) -> None:
    """Write frames as a film that runs in a loop; it appears whole or not at all.

    Args:
        destination: A ``.gif``, ``.webp`` or ``.mp4`` file.
        frames: At least two, uint8 (3, H, W) of one shape, in order from start to end.
        playback: How it runs.
        comment: ASCII text for the file's metadata: GIF's comment, WebP's EXIF description, MP4's comment.

    Raises:
        DniError: An unknown ending, too few frames, frames too large for the format, or a place that cannot
            be written.
    """
    write = WRITERS.get(destination.suffix.lower())
    if write is None:
        raise DniError(
            f"Expected a name that ends in one of {', '.join(WRITERS)}, but got {destination.name}. "
            "Change the ending."
        )
    if len(frames) < 2:
        raise DniError(f"Expected at least 2 frames for a film, but got {len(frames)}. Ask for more.")
    check_size(destination.suffix.lower(), height=frames[0].shape[1], width=frames[0].shape[2])
    with atomic_write(destination) as partial:
        write(partial, frames, playback, comment)


def check_size(suffix: str, *, height: int, width: int) -> None:
    """Raise where the format, or what usually plays it, takes no frames of this size."""
    too_long = {".webp": WEBP_MAX_SIDE, ".mp4": MP4_MAX_SIDE}.get(suffix, 65535)
    if max(height, width) > too_long or (suffix == ".mp4" and height * width > MP4_MAX_PIXELS):
        limit = f"{too_long} pixels a side"
        if suffix == ".mp4":
            limit += f" and {MP4_MAX_PIXELS / 1e6:.1f} megapixels"
        raise DniError(
            f"Expected frames of at most {limit} for {suffix}, but got {width}x{height}. "
            "Cut a part out of the picture."
        )


def write_gif(path: Path, frames: Sequence[Tensor], playback: Playback, comment: str) -> None:
    """One palette for all frames, so that what does not change does not flicker."""
    count = len(frames)
    palette = common_palette(frames)
    first, *others = (
        to_pil(frames[index]).quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
        for index in playback.order(count)
    )
    durations = [round(seconds * 1000 / GIF_TICK_MS) * GIF_TICK_MS for seconds in playback.seconds(count)]
    first.save(
        path, "GIF", save_all=True, append_images=others, duration=durations, loop=0, comment=comment.encode()
    )


def common_palette(frames: Sequence[Tensor]) -> Image.Image:
    """An image whose palette of 256 colours fits all frames, as far as a sample of their pixels tells."""
    pixels = sum(frame[0].numel() for frame in frames)
    step = math.ceil(math.sqrt(pixels / PALETTE_PIXELS))
    sample = torch.cat([frame[:, ::step, ::step] for frame in frames], dim=1)
    return to_pil(sample).quantize(GIF_COLOURS)


def write_webp(path: Path, frames: Sequence[Tensor], playback: Playback, comment: str) -> None:
    first, *others = (to_pil(frames[index]) for index in playback.order(len(frames)))
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = comment
    first.save(
        path,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=[round(seconds * 1000) for seconds in playback.seconds(len(frames))],
        loop=0,
        quality=WEBP_QUALITY,
        exif=exif,
    )


def write_mp4(path: Path, frames: Sequence[Tensor], playback: Playback, comment: str) -> None:
    """H.264 in BT.709 colours, 4:2:0, at a constant rate: an end is held by showing it again."""
    import av
    from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

    height, width = even(frames[0]).shape[1:]
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        container.metadata["comment"] = comment
        rate = Fraction(playback.fps).limit_denominator(1000)
        stream = container.add_stream("libx264", rate=rate, options={"crf": MP4_CRF, "preset": "medium"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        codec = stream.codec_context
        codec.colorspace, codec.color_range = Colorspace.ITU709, ColorRange.MPEG
        codec.color_primaries, codec.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        for index in repeated(playback, len(frames)):
            pixels = even(frames[index]).permute(1, 2, 0).contiguous().numpy()
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def repeated(playback: Playback, count: int) -> list[int]:
    """:meth:`Playback.order`, each frame as many times as its seconds need at the film's rate."""
    times = [max(1, round(seconds * playback.fps)) for seconds in playback.seconds(count)]
    return [index for index, often in zip(playback.order(count), times, strict=True) for _ in range(often)]


def even(frame: Tensor) -> Tensor:
    """(3, H, W) to even sides, which 4:2:0 needs, by repeating the last row or column."""
    for dimension in (1, 2):
        if frame.shape[dimension] % 2:
            frame = torch.cat((frame, frame.narrow(dimension, -1, 1)), dim=dimension)
    return frame


Writer = Callable[[Path, Sequence[Tensor], Playback, str], None]
WRITERS: dict[str, Writer] = {".gif": write_gif, ".webp": write_webp, ".mp4": write_mp4}
FILM_SUFFIXES = tuple(WRITERS)
