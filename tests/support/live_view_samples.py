"""A digit desk with made-up digits and seeded networks, for the tests."""

from __future__ import annotations

from typing import Any

import torch

from dni.digits.digit_sources import DigitSource, Photographs
from dni.digits.domains import Digits
from dni.digits.live_view import LiveView, OwnPicture
from models.digits import DigitNetwork

State = dict[str, torch.Tensor]


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, shape, dtype=torch.uint8, generator=generator)


def picture(seed: int = 0, strength: float = 1.0) -> OwnPicture:
    return OwnPicture(noise(3, 40, 50, seed=seed), f"picture-{seed}", strength)


def network_state(seed: int) -> State:
    """A network whose answers depend on the digit."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        state = DigitNetwork().state_dict()
    for name in ("fc1.weight", "fc2.weight", "fc3.weight"):
        state[name] *= 4
    return state


def make_desk(**options: Any) -> LiveView:
    """A desk with 300 "digits", of which 110 are held out."""
    digits = Digits(noise(300, 1, 28, 28).expand(-1, 3, -1, -1).contiguous(), torch.arange(300) % 10)
    photograph = noise(50, 60, 3, seed=1).numpy()
    options = {"precision": "float32", **options}
    return LiveView(
        DigitSource(digits, "noise", is_mnist=False), Photographs((photograph,), "snow"), picture(), **options
    )
