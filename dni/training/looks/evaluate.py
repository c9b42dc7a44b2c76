"""What a trained family is worth: PSNR along a ladder, and how a look moves along alpha."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from dni.training.looks.jpeg import compress
from models.look_unet import LookUNet

__all__ = ["blended", "contact_sheet", "degrade", "look_along_alpha", "psnr", "psnr_along_alpha", "render"]

State = Mapping[str, Tensor]


def blended(first: State, second: State, alpha: float) -> LookUNet:
    """The network at this share of the second end."""
    network = LookUNet()
    network.load_state_dict({name: torch.lerp(first[name], second[name], alpha) for name in first})
    return network.eval().requires_grad_(False)


def render(network: LookUNet, image: Tensor) -> Tensor:
    """A whole picture of any size through the network, in 8-bit steps; float32 (1, 3, H, W) in [0, 1]."""
    height, width = image.shape[2:]
    multiple = LookUNet.size_multiple
    padded = functional.pad(image, (0, -width % multiple, 0, -height % multiple), mode="replicate")
    output: Tensor = network(padded)[..., :height, :width]
    return (output.clamp(0, 1) * 255).round() / 255


def psnr(output: Tensor, reference: Tensor) -> float:
    """Peak signal-to-noise ratio over all three channels, in dB."""
    return float(-10 * torch.log10((output - reference).square().mean()))


def degrade(kind: str, image: Tensor, strength: int, *, seed: int) -> Tensor:
    """The image with noise (not clipped) or as JPEG; float32 (1, 3, H, W), multiples of 16 a side."""
    if kind == "jpeg":
        return compress(image, strength)
    generator = torch.Generator().manual_seed(seed)
    return image + torch.empty_like(image).normal_(generator=generator) * (strength / 255)


def psnr_along_alpha(
    kind: str, ends: tuple[State, State], images: Sequence[Tensor], strength: int, alphas: Sequence[float]
) -> list[float]:
    """Mean PSNR in dB at every alpha; photograph ``n`` gets the noise of seed ``n``."""
    cropped = [crop_to_multiple(image, 16) for image in images]
    inputs = [degrade(kind, image, strength, seed=seed) for seed, image in enumerate(cropped)]
    curve = []
    for alpha in alphas:
        network = blended(*ends, alpha)
        values = [psnr(render(network, given), image) for given, image in zip(inputs, cropped, strict=True)]
        curve.append(sum(values) / len(values))
    return curve


def crop_to_multiple(image: Tensor, multiple: int) -> Tensor:
    height, width = (length // multiple * multiple for length in image.shape[2:])
    return image[..., :height, :width]


def look_along_alpha(
    ends: tuple[State, State], images: Sequence[Tensor], alphas: Sequence[float]
) -> Iterator[dict[str, float]]:
    """At every alpha, means over the pictures: change against the photograph, step from the alpha before
    (both rms), brightness and contrast, in levels of 255."""
    before = list(images)
    for alpha in alphas:
        network = blended(*ends, alpha)
        now = [render(network, image) for image in images]
        yield {
            "alpha": alpha,
            "change": mean_of(rms, now, images),
            "step": mean_of(rms, now, before),
            "brightness": 255 * sum(float(output.mean()) for output in now) / len(now),
            "contrast": 255 * sum(float(output.std()) for output in now) / len(now),
        }
        before = now


def rms(output: Tensor, reference: Tensor) -> float:
    return 255 * float((output - reference).square().mean().sqrt())


def mean_of(
    measure: Callable[[Tensor, Tensor], float], outputs: Sequence[Tensor], references: Sequence[Tensor]
) -> float:
    pairs = list(zip(outputs, references, strict=True))
    return sum(measure(*pair) for pair in pairs) / len(pairs)


def contact_sheet(
    ends: tuple[State, State], images: Sequence[Tensor], alphas: Sequence[float], *, side: int = 320
) -> Tensor:
    """A row per picture (its middle, ``side`` pixels a side) and a column per alpha; float32 (1, 3, h, w)."""
    networks = [blended(*ends, alpha) for alpha in alphas]
    rows = [
        torch.cat([centre(render(network, image), side) for network in networks], dim=3) for image in images
    ]
    return torch.cat(rows, dim=2)


def centre(image: Tensor, side: int) -> Tensor:
    """The middle of the picture, repeated at the border where it is smaller; (1, 3, side, side)."""
    height, width = image.shape[2:]
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    window = image[..., top : top + side, left : left + side]
    missing_rows, missing_columns = side - window.shape[2], side - window.shape[3]
    return functional.pad(window, (0, missing_columns, 0, missing_rows), mode="replicate")
