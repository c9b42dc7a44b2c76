"""Network interpolation against pixel interpolation, the central claim of Deep Network Interpolation.

Wang et al., CVPR 2019, https://arxiv.org/abs/1811.10515: blending the parameters of two networks gives other
pictures than blending the two networks' pictures. A mean of pictures weakens texture that the ends do not
share, and keeps what either draws wrongly; a blend of networks draws anew. Which has more texture depends on
the pair: this measures it.

Where a mask is painted, both blends are only there: the pixels' shares follow the mask pixel by pixel. Groups
of layers have no counterpart in pixels, which get the general shares.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dni.blending.shares import Mix, MixLike
from dni.errors import DniError
from dni.export.sweeps.sweep import sweep_frames
from dni.masks.files import decode_mask
from dni.metrics.distortion import psnr_y
from dni.metrics.spectra import fine_energy, fine_energy_map
from dni.pictures.picture import Picture
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import RenderControl
from dni.rendering.renderer import Renderer
from dni.tradeoff.part import mask_of_part

__all__ = ["CompareError", "Comparison", "compare_blends", "difference_map", "pixel_blend"]

DEFAULT_GAIN = 8.0


class CompareError(DniError):
    """Pictures or shares that cannot be compared."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """The same ends at the same shares, blended in two ways; pictures are uint8 (3, H, W) on the CPU.

    Attributes:
        network: The picture of the blended network, with its groups of layers.
        pixels: The blend of the ends' pictures.
        difference: Where the two differ; see :func:`difference_map`.
        gain: By how much the difference is amplified.
        psnr: Between the two, of luma, in dB; ``inf`` where they are equal.
        network_texture, pixels_texture: Energy of luma above half the Nyquist frequency, divided by the
            ends' own energies at the shares of every pixel: 1 keeps as much fine texture as the ends have on
            average. NaN where the ends have none.
    """

    network: Tensor
    pixels: Tensor
    difference: Tensor
    gain: float
    psnr: float
    network_texture: float
    pixels_texture: float


def pixel_blend(pictures: Sequence[Tensor], shares: Sequence[float | Tensor]) -> Tensor:
    """The weighted mean of finished pictures, ``sum_i shares_i * picture_i``, rounded.

    Args:
        pictures: uint8 (3, H, W) of one shape, at least one.
        shares: One number a picture, or one for every pixel as float (H, W), summing to 1; outside [0, 1] it
            extrapolates, cut to what 8 bits hold.

    Returns:
        uint8 (3, H, W).

    Raises:
        CompareError: Other dtypes or shapes, or another number of shares than of pictures.
    """
    if not pictures or len(pictures) != len(shares):
        raise CompareError(
            f"Expected one share for each of the {len(pictures)} pictures, but got {len(shares)}. "
            "Give as many of both, at least one."
        )
    for picture in pictures:
        check_alike(picture, pictures[0])
    total = torch.zeros(pictures[0].shape)
    for picture, share in zip(pictures, shares, strict=True):
        total.addcmul_(picture.float(), torch.as_tensor(share, dtype=torch.float32))
    return total.round_().clamp_(0, 255).to(torch.uint8)


def difference_map(one: Tensor, other: Tensor, *, gain: float = DEFAULT_GAIN) -> Tensor:
    """How far two pictures are apart, as heat: black where equal, then red, yellow, white.

    The absolute difference in 8-bit levels, the largest of the three channels, times ``gain``; from 0 to 85
    red rises, to 170 green, to 255 blue. The order of the pictures does not matter.

    Args:
        one, other: uint8 (3, H, W) of one shape.
        gain: Above 0. At 8 a difference of 32 levels is white.

    Returns:
        uint8 (3, H, W).

    Raises:
        CompareError: Other dtypes or shapes, or a gain of 0 or less.
    """
    check_alike(one, other)
    if one.ndim != 3 or one.shape[0] != 3:
        raise CompareError(f"Expected pictures of shape (3, H, W), but got {tuple(one.shape)}. Give RGB.")
    if not 0 < gain <= 255:
        raise CompareError(f"Expected a gain above 0 and up to 255, but got {gain}. Choose one between.")
    heat = (one.short() - other.short()).abs_().amax(dim=0).float().mul_(3 * gain)  # (H, W)
    channels = [(heat - start).clamp_(0, 255).round_() for start in (0, 255, 510)]
    return torch.stack(channels).to(torch.uint8)


def compare_blends(
    renderer: Renderer,
    rgb: Tensor,
    wanted: RenderRequest | MixLike,
    *,
    gain: float = DEFAULT_GAIN,
    control: RenderControl | None = None,
) -> Comparison:
    """Blend the networks, and blend their pictures, at the same shares.

    Args:
        rgb: uint8 (3, H, W) on the CPU.
        wanted: The mix, or one share an end, or all that a render request says: also the mask and the crop.
        gain: Of the difference map.
        control: Progress in tiles of all pictures (the blended network's and every end's), notices,
            cancellation and slots.

    Raises:
        DniError: The picture, mix, mask, crop or gain cannot be used.
        Cancelled: ``control.cancelled`` was set.
    """
    request = RenderRequest.of(wanted, num_ends=renderer.blend.num_ends)
    picture = Picture(rgb=rgb, opacity=None, name="")
    requests = [request, *pure_requests(request)]
    network, *ends = sweep_frames(picture, renderer, requests, control=control)
    shares = pixel_shares(request, picture, scale=renderer.scale)
    pixels = pixel_blend(ends, shares)
    available = sum(available_energy(end, share) for share, end in zip(shares, ends, strict=True))
    return Comparison(
        network=network,
        pixels=pixels,
        difference=difference_map(network, pixels, gain=gain),
        gain=gain,
        psnr=psnr_y(to_float(network), to_float(pixels), border=0),
        network_texture=ratio(energy(network), available),
        pixels_texture=ratio(energy(pixels), available),
    )


def pure_requests(request: RenderRequest) -> list[RenderRequest]:
    """What each end alone makes of the same part."""
    count = request.mix.num_ends
    pure = [Mix.of(float(end == index) for end in range(count)) for index in range(count)]
    return [RenderRequest(mix=mix, crop=request.crop, tile=request.tile) for mix in pure]


def pixel_shares(request: RenderRequest, picture: Picture, *, scale: int) -> list[float | Tensor]:
    """How much of every end's picture: a number, or with a mask float32 (H, W) of the output.

    At a pixel where the mask is m in [0, 1], it is ``(1 - m) * share outside + m * share of the brush``.
    """
    if request.mask is None or request.brush is None:
        return list(request.mix.shares)
    size = (picture.height, picture.width)
    part = request.crop or picture.whole
    painted = mask_of_part(decode_mask(request.mask), part, size=size, scale=scale) / 255
    outside, inside = torch.tensor(request.mix.shares), torch.tensor(request.brush.shares)
    return [torch.lerp(*ends, painted) for ends in zip(outside, inside, strict=True)]


def check_alike(one: Tensor, other: Tensor) -> None:
    if one.dtype != torch.uint8 or other.dtype != torch.uint8 or one.shape != other.shape:
        raise CompareError(
            f"Expected uint8 pictures of one shape, but got {one.dtype} {tuple(one.shape)} and {other.dtype} "
            f"{tuple(other.shape)}. Render both with the same network and crop."
        )


def to_float(picture: Tensor) -> Tensor:
    """uint8 (3, H, W) to float32 (1, 3, H, W) in [0, 1]."""
    return picture[None].float() / 255


def energy(picture: Tensor) -> float:
    """Energy of luma above half the Nyquist frequency."""
    return float(fine_energy(to_float(picture)))


def available_energy(picture: Tensor, share: float | Tensor) -> float:
    """The energy of the share of a picture, which may differ from pixel to pixel."""
    return float((share * fine_energy_map(to_float(picture))).sum())


def ratio(part: float, whole: float) -> float:
    """NaN where there is nothing to compare with."""
    return part / whole if whole > 0 else math.nan
