"""What the tests of rendering share: two small networks, pictures, and an oracle."""

from __future__ import annotations

import copy
import functools

import torch
from torch import nn

from dni.blending.interpolate import interpolate, shares_of
from dni.checkpoints.image_network import ImageNetwork
from dni.rendering.renderer import Renderer
from models import RRDBNet

__all__ = ["CPU", "difference", "make_networks", "make_picture", "make_renderer", "plain", "wrap"]

CPU = torch.device("cpu")


@functools.cache
def make_networks() -> tuple[RRDBNet, RRDBNet]:
    """Two related networks whose outputs fill the range, so that clipping hides no difference."""
    networks = []
    torch.manual_seed(0)
    ancestor = RRDBNet(num_filters=8, num_blocks=1).eval().requires_grad_(False)
    # Residual branches start near zero; stronger ones make every tap of the receptive field count.
    for parameter in ancestor.body.parameters():
        parameter.mul_(5)
    for seed in (1, 2):
        torch.manual_seed(seed)
        network = copy.deepcopy(ancestor)
        for parameter in network.parameters():
            parameter.add_(0.3 * parameter.std(correction=0) * torch.randn_like(parameter))
        output = network(make_picture(40, 40)[None].float() / 255)
        network.conv_last.weight.mul_(0.2 / output.std())
        network.conv_last.bias.copy_(
            0.5 - (output - network.conv_last.bias.view(1, 3, 1, 1)).mean() * 0.2 / output.std()
        )
        networks.append(network)
    return networks[0], networks[1]


def wrap(module: nn.Module, **changes: object) -> ImageNetwork:
    fields: dict[str, object] = {
        "module": module, "architecture": "test", "scale": 4, "input_channels": 3, "output_channels": 3,
        "minimum_size": 1, "multiple_of": 1, "square": False, "supports_bfloat16": True,
    }  # fmt: skip
    return ImageNetwork(**{**fields, **changes})  # type: ignore[arg-type]


def make_renderer(precision: str = "float32", **changes: object) -> Renderer:
    networks = make_networks()
    states = [network.state_dict() for network in networks]
    return Renderer(wrap(copy.deepcopy(networks[0]), **changes), states, device=CPU, precision=precision)  # type: ignore[arg-type]


def make_picture(height: int, width: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, height // 3 + 2, width // 3 + 2, generator=generator)
    smooth = nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)
    return (smooth[0] * 255).round().to(torch.uint8)


def plain(picture: torch.Tensor, alpha: float) -> torch.Tensor:
    """The oracle: blend the dictionaries, load them, run float32 on the whole picture."""
    networks = make_networks()
    expected = RRDBNet(num_filters=8, num_blocks=1).eval()
    expected.load_state_dict(interpolate([n.state_dict() for n in networks], shares_of(alpha)))
    with torch.no_grad():
        output = expected(picture[None].float() / 255)[0]
    return (output.clamp(0, 1) * 255).round().to(torch.uint8)


def difference(one: torch.Tensor, other: torch.Tensor) -> int:
    assert one.shape == other.shape
    return int((one.int() - other.int()).abs().max())
