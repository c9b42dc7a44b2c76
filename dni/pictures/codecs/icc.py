"""ICC profiles of matrix and curves, or of one grey curve, applied to 16 bits per channel.

Pillow's LittleCMS takes colours of 8 bits only. The profiles of working spaces (Adobe RGB, ProPhoto RGB,
Display P3) are of this kind: a tone curve a channel, then a matrix to XYZ at D50. ICC.1:2022, sections 8.3.3,
10.6 and 10.18.
"""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageCms

__all__ = ["profile_to_srgb"]

PEAK = 65535
LARGEST_CURVE = 65536
ROWS = 64
# The primaries of sRGB adapted to D50, as in its ICC profile: columns are red, green and blue.
SRGB_TO_XYZ = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]], np.float64
)
# Number of parameters of each kind of "para" curve.
PARAMETERS = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}
NOT_USABLE = "Its colour profile cannot be used, so it was left out."

Levels = NDArray[np.uint16]
Curve = NDArray[np.floating[Any]]


def profile_to_srgb(levels: Levels, profile: bytes) -> tuple[Levels, tuple[str, ...]] | None:
    """Colours in those of a profile to sRGB.

    Args:
        levels: uint16 (1 or 3, H, W).
        profile: The file's ICC profile.

    Returns:
        uint16 (1 or 3, H, W) in sRGB, and what is to be said about it; None where the profile has tables,
        which are not read here.
    """
    try:
        title = " ".join(ImageCms.getProfileDescription(io.BytesIO(profile)).split())[:60] or "unnamed"
        tags, space = read_tags(profile), profile[16:20]
        if space == b"RGB " and title.startswith("sRGB"):
            return levels, ()
        if space == b"CMYK" or any(tag in tags for tag in (b"A2B0", b"A2B1")):
            return None
        if space == b"GRAY":
            converted = apply_grey(levels, tone_curve(tags[b"kTRC"]))
        else:
            curves = [tone_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
            columns = [xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
            matrix = np.linalg.solve(SRGB_TO_XYZ, np.stack(columns, axis=1))
            converted = apply_matrix(levels, curves, matrix)
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError, KeyError, ArithmeticError, struct.error):
        return levels, (NOT_USABLE,)
    return converted, (f"Converted from the colour profile {title!r} to sRGB.",)


def read_tags(profile: bytes) -> dict[bytes, bytes]:
    """A profile's parts by their names."""
    (count,) = struct.unpack_from(">I", profile, 128)
    entries = [struct.unpack_from(">4sII", profile, 132 + 12 * index) for index in range(min(count, 100))]
    return {name: profile[start : start + size] for name, start, size in entries}


def xyz(tag: bytes) -> Curve:
    return np.array(struct.unpack_from(">3i", tag, 8), np.float64) / 65536


def tone_curve(tag: bytes) -> Curve:
    """Linear light in [0, 1] for every level of 16 bits: (65536,)."""
    x = np.arange(PEAK + 1) / PEAK
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return x
        if count == 1:
            return np.asarray(x ** (struct.unpack_from(">H", tag, 12)[0] / 256))
        if count > LARGEST_CURVE:
            raise ValueError(f"A curve of {count} values.")
        values = np.frombuffer(tag, ">u2", count, 12) / PEAK
        return np.interp(x, np.linspace(0, 1, count), values)
    if tag[:4] != b"para":
        raise ValueError(f"A curve of the kind {tag[:4]!r}.")
    (kind,) = struct.unpack_from(">H", tag, 8)
    return np.clip(
        parametric(kind, np.array(struct.unpack_from(f">{PARAMETERS[kind]}i", tag, 12)) / 65536, x), 0, 1
    )


def parametric(kind: int, numbers: Curve, x: Curve) -> Curve:
    """Table 68 of the standard: a power above a threshold, a line or a constant below it."""
    gamma, a, b, c, d, e, f = np.pad(numbers, (0, 7 - numbers.size)).tolist()
    if kind == 0:
        return np.asarray(x**gamma)
    if kind in (1, 2):
        power, threshold, below = c, -b / a, np.full_like(x, c)
    else:
        power, threshold, below = e, d, c * x + f
    return np.asarray(np.where(x >= threshold, np.maximum(a * x + b, 0) ** gamma + power, below))


def apply_grey(levels: Levels, curve: Curve) -> Levels:
    """One tone curve for all channels: light to the level that sRGB has for it."""
    table = encode(curve).round().astype(np.uint16)
    converted: Levels = table[levels]
    return converted


def apply_matrix(levels: Levels, curves: list[Curve], matrix: Curve) -> Levels:
    """Curves, then the matrix between linear lights; some rows at a time, for the memory."""
    tables = [curve.astype(np.float32) for curve in curves]
    wide = np.broadcast_to(levels, (3, *levels.shape[1:]))
    converted = np.empty(wide.shape, np.uint16)
    for top in range(0, wide.shape[1], ROWS):
        rows = slice(top, top + ROWS)
        light = np.stack([table[plane[rows]] for table, plane in zip(tables, wide, strict=True)])
        mixed = np.tensordot(matrix.astype(np.float32), light, axes=1)
        converted[:, rows] = encode(mixed).round()
    return converted


def encode(light: Curve) -> Curve:
    """Linear light to sRGB levels of 16 bits, not rounded; light beyond [0, 1] is clipped."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * PEAK
