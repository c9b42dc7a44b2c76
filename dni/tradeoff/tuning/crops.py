"""The pictures that auto-mix learns on: crops of what the network takes, and of what it should give."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dni.checkpoints.image_network import ImageNetwork
from dni.errors import DniError
from dni.pictures.resize import reduce_bicubic
from dni.rendering.batch_norms import to_inputs
from dni.rendering.tiles import round_up
from dni.tradeoff.tuning.goals import GoalName

__all__ = ["crops_against", "crops_alone", "crops_for", "crops_of", "crops_reduced"]

CROP_SIDE = 32
# Of what the network gives, for the perceptual goal: its views are smaller yet.
OUTPUT_SIDE = 128


def crops_for(
    goal: GoalName,
    pictures: Sequence[Tensor],
    reference: Tensor | None,
    network: ImageNetwork,
    *,
    count: int,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """What to learn on for a goal; without a reference, the pictures themselves, reduced.

    Raises:
        DniError: There is a reference that the goal does not use, or none where it needs one; or see below.
    """
    if goal == "noise":
        if reference is not None:
            raise DniError("Expected no reference for the goal noise, but got one. Leave it out.")
        return crops_alone(pictures, network, count=count, seed=seed)
    if reference is None:
        if goal == "reference":
            raise DniError("Expected a reference for the goal reference, but got none. Give one.")
        return crops_reduced(pictures, network, count=count, seed=seed)
    if len(pictures) != 1:
        raise DniError(f"Expected one picture for a reference, but got {len(pictures)}. Give a single file.")
    return crops_against([(pictures[0], reference)], network, count=count, seed=seed)


def crops_reduced(
    pictures: Sequence[Tensor], network: ImageNetwork, *, count: int, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Crops that are reduced first, so that the pictures themselves are the reference.

    Args:
        pictures: uint8 (3, H, W), at least 128x128 for a network that enlarges four times.
        network: One that enlarges.
        count: How many, drawn evenly over the pictures.
        seed: Of their places.

    Returns:
        What the network takes, float (count, C, side, side), and the reference (count, 3, scale * side, ...).

    Raises:
        DniError: The network keeps the size, or every picture is too small.
    """
    scale = network.scale
    if scale == 1:
        raise DniError(
            "Expected a network that enlarges, since reducing a picture first tests nothing of one that "
            "keeps the size. Give a reference, or the goal noise."
        )
    wanted = crops_of(pictures, side_of(network) * scale, count=count, seed=seed)
    given = torch.stack([reduce_bicubic(crop, scale) for crop in wanted])
    return to_inputs(given, network), wanted.float() / 255


def crops_against(
    pictures: Sequence[tuple[Tensor, Tensor]], network: ImageNetwork, *, count: int, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Crops of pictures with a reference for each.

    Args:
        pictures: Pairs of a picture, uint8 (3, H, W), and what it should become, (3, scale * H, scale * W).
        network: Any.
        count, seed: As of :func:`crops_reduced`.

    Raises:
        DniError: A reference has another size, or every picture is too small.
    """
    for rgb, reference in pictures:
        size = [side * network.scale for side in rgb.shape[1:]]
        if list(reference.shape[1:]) != size:
            raise DniError(
                f"Expected a reference of {size[1]}x{size[0]}, but got {reference.shape[2]}x"
                f"{reference.shape[1]}. Give the picture that the network should make of this one."
            )
    side, scale = side_of(network), network.scale
    places = draw([rgb.shape[1:] for rgb, _ in pictures], side, count=count, seed=seed)
    given = [pictures[n][0][:, top : top + side, left : left + side] for n, top, left in places]
    wanted = [
        pictures[n][1][:, top * scale : (top + side) * scale, left * scale : (left + side) * scale]
        for n, top, left in places
    ]
    return to_inputs(torch.stack(given), network), torch.stack(wanted).float() / 255


def crops_alone(
    pictures: Sequence[Tensor], network: ImageNetwork, *, count: int, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Crops of the pictures themselves, for a goal without a reference: the second is the first, enlarged.

    Enlarged by repeating pixels, so that it has the shape of an output.
    """
    crops = crops_of(pictures, side_of(network), count=count, seed=seed)
    enlarged = crops.repeat_interleave(network.scale, dim=2).repeat_interleave(network.scale, dim=3)
    return to_inputs(crops, network), enlarged.float() / 255


def crops_of(pictures: Sequence[Tensor], side: int, *, count: int, seed: int = 0) -> Tensor:
    """Crops from random places of uint8 (3, H, W), as many of each picture: uint8 (count, 3, side, side)."""
    places = draw([rgb.shape[1:] for rgb in pictures], side, count=count, seed=seed)
    return torch.stack([pictures[n][:, top : top + side, left : left + side] for n, top, left in places])


def draw(sizes: Sequence[Sequence[int]], side: int, *, count: int, seed: int) -> list[tuple[int, int, int]]:
    """Which picture, top and left of each crop; the pictures that are large enough take turns."""
    usable = [index for index, size in enumerate(sizes) if min(size) >= side]
    if not usable:
        height, width = max(sizes, key=min, default=(0, 0))
        raise DniError(
            f"Expected a picture of at least {side}x{side} pixels, but the largest has {width}x{height}. "
            "Give a larger one."
        )
    generator = torch.Generator().manual_seed(seed)
    places = []
    for number in range(count):
        index = usable[number % len(usable)]
        top, left = (
            int(torch.randint(0, length - side + 1, (1,), generator=generator)) for length in sizes[index]
        )
        places.append((index, top, left))
    return places


def side_of(network: ImageNetwork) -> int:
    """Of a crop that a network takes: so that it gives 128 pixels a side, if it enlarges."""
    least = CROP_SIDE if network.scale == 1 else -(-OUTPUT_SIDE // network.scale)
    return round_up(max(least, CROP_SIDE, network.minimum_size), network.multiple_of)
