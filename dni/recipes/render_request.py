"""A render request: what the app, the command line or a recipe asks a renderer for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dni.blending.methods.merge_method import method_values, read_method
from dni.blending.shares import Mix, MixLike, as_mix
from dni.errors import DniError, shown
from dni.masks.files import decode_mask
from dni.pictures.rectangle import Rectangle

__all__ = ["RenderRequest", "RenderRequestError", "mix_values", "read_mix"]

# No extrapolation is meant beyond this, and the sum of larger shares is no longer exact enough to check.
LARGEST_SHARE = 1000
MAX_LEVELS = 255
# Beyond what any picture has; a whole number of thousands of digits would only cost time.
LARGEST_SIDE = 2**31 - 1
MIX_FIELDS = {"shares", "groups", "extrapolate", "repair", "method"}
WANTED_CROP = "a crop as (left, top, width, height) in pixels"


class RenderRequestError(DniError):
    """What is asked of a render contradicts itself or is out of bounds."""


@dataclass(frozen=True, kw_only=True)
class RenderRequest:
    """Which blend, where in the picture, and which part of it.

    Args:
        mix: The blend of the ends; with a mask, where nothing is painted.
        brush: With a mask, the blend where it is white; None without one.
        mask: Where the brush was, as :func:`dni.masks.files.encode_mask` writes it, over the whole
            picture.
        levels: Steps between ``mix`` and ``brush``, 1 to 255; None lets the mask decide.
        crop: The part of the picture to render, in input pixels, or None for all of it.
        tile: Side of the tiles in input pixels, or None for what suits the network.
        recompute_statistics: Whether the statistics of batch norms are measured on the picture, and not
            interpolated.
        bits: Per channel of the result, 8 or 16; for 16 the picture is read with all that it has, too.

    Raises:
        RenderRequestError: A value is out of these bounds, or a mask or a brush is there without the other.
        MaskError: The mask cannot be read.
    """

    mix: Mix
    brush: Mix | None = None
    mask: str | None = None
    levels: int | None = None
    crop: Rectangle | None = None
    tile: int | None = None
    recompute_statistics: bool = False
    bits: Literal[8, 16] = 8

    def __post_init__(self) -> None:
        expect(is_whole(self.bits) and self.bits in (8, 16), "8 or 16 bits", self.bits)
        expect(self.tile is None or is_whole(self.tile), "a tile of at least 1 or none", self.tile)
        fine = self.crop is None or (isinstance(self.crop, Rectangle) and are_sides(self.crop.values))
        expect(fine, WANTED_CROP, self.crop)
        expect(self.mask is None or isinstance(self.mask, str), "a mask as text", self.mask)
        fine = isinstance(self.recompute_statistics, bool)
        expect(fine, "recompute_statistics to be true or false", self.recompute_statistics)
        expect((self.mask is None) == (self.brush is None), "a mask and a brush, or neither", self.brush)
        fine = self.levels is None or is_whole(self.levels, most=MAX_LEVELS)
        expect(fine, f"1 to {MAX_LEVELS} levels", self.levels)
        if self.mask is None or self.brush is None:
            expect(self.levels is None, "a mask for its levels", None)
            return
        same = self.brush.num_ends == self.mix.num_ends
        expect(same, f"a brush of {self.mix.num_ends} ends, as the mix has", self.brush.shares)
        decode_mask(self.mask)

    @classmethod
    def of(cls, wanted: RenderRequest | MixLike, *, num_ends: int) -> RenderRequest:
        """A request for this number of ends: one as it is, or a mix for the whole picture.

        Raises:
            BlendError: The mix is for another number of ends, or plain shares are not valid.
        """
        if isinstance(wanted, RenderRequest):
            as_mix(wanted.mix, num_ends=num_ends)
            return wanted
        return cls(mix=as_mix(wanted, num_ends=num_ends))

    def to_values(self) -> dict[str, Any]:
        """What JSON can hold. Values that are as by default are left out, ``tile`` excepted."""
        optional = {
            "brush": None if self.brush is None else mix_values(self.brush),
            "mask": self.mask,
            "levels": self.levels,
            "crop": None if self.crop is None else list(self.crop.values),
            "recompute_statistics": self.recompute_statistics or None,
            "bits": None if self.bits == 8 else self.bits,
        }
        given = {name: value for name, value in optional.items() if value is not None}
        return {**mix_values(self.mix), "tile": self.tile, **given}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> RenderRequest:
        """Read :meth:`to_values`; other keys are not looked at.

        Raises:
            RenderRequestError: A value is out of bounds.
            BlendError: Shares are not valid.
            MaskError: The mask cannot be read.
        """
        brush, crop = values.get("brush"), values.get("crop")
        expect(brush is None or is_mix(brush), f"a brush with no more than {sorted(MIX_FIELDS)}", brush)
        return cls(
            mix=read_mix(values),
            brush=None if brush is None else read_mix(brush),
            mask=values.get("mask"),
            levels=values.get("levels"),
            crop=None if crop is None else read_crop(crop),
            tile=values.get("tile"),
            recompute_statistics=values.get("recompute_statistics", False),
            bits=values.get("bits", 8),
        )


def mix_values(mix: Mix) -> dict[str, Any]:
    """A mix as JSON can hold it; all but the shares only where it is not as by default.

    Returns:
        ``{"shares": [...], "groups": {name: [...]}, "extrapolate": true, "repair": true, "method": {...}}``.
    """
    values: dict[str, Any] = {"shares": list(mix.shares)}
    if mix.groups:
        values["groups"] = {name: list(shares) for name, shares in mix.groups}
    if mix.extrapolate:
        values["extrapolate"] = True
    if mix.repair:
        values["repair"] = True
    if mix.method is not None:
        values["method"] = method_values(mix.method)
    return values


def read_mix(values: Mapping[str, Any]) -> Mix:
    """Read :func:`mix_values`; other keys are not looked at.

    Where nothing is said of extrapolation, the shares tell: recipes did not record it at first.

    Raises:
        RenderRequestError: A value is not of its kind.
        BlendError: Shares are not valid.
    """
    shares: Any = values.get("shares")
    groups: Any = values.get("groups", {})
    expect(are_numbers(shares), "shares as a list of numbers", shares)
    fine = isinstance(groups, dict) and all(are_numbers(group) for group in groups.values())
    expect(fine, "groups of layers with a list of numbers each", groups)
    extrapolate = values.get("extrapolate", any(not 0 <= share <= 1 for share in shares))
    expect(isinstance(extrapolate, bool), "extrapolate to be true or false", extrapolate)
    repair = values.get("repair", False)
    expect(isinstance(repair, bool), "repair to be true or false", repair)
    method = read_method(values.get("method"))
    return Mix.of(shares, groups=groups, extrapolate=extrapolate, repair=repair, method=method)


def read_crop(values: Any) -> Rectangle:
    """A crop from ``[left, top, width, height]``."""
    expect(are_sides(values), WANTED_CROP, values)
    return Rectangle(*values)


def expect(fine: bool, wanted: str, found: object) -> None:
    if not fine:
        raise RenderRequestError(f"Expected {wanted}, but got {shown(found)}: correct it.")


def is_whole(value: object, *, least: int = 1, most: int = LARGEST_SIDE) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_mix(value: object) -> bool:
    return isinstance(value, dict) and value.keys() <= MIX_FIELDS


def are_sides(value: object) -> bool:
    """Whether they are left, top, width and height of a crop."""
    if not isinstance(value, list | tuple) or len(value) != 4:
        return False
    return all(is_whole(start, least=0) for start in value[:2]) and all(is_whole(side) for side in value[2:])


def are_numbers(value: object) -> bool:
    """Whether it is a list of numbers that shares could be."""
    return isinstance(value, list) and all(
        isinstance(share, int | float) and not isinstance(share, bool) and not abs(share) > LARGEST_SHARE
        for share in value
    )
