"""A digit desk with made-up digits and seeded networks, for the tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dni.checkpoints.files import sha256_of
from dni.digits.data.digit_sources import DigitSource, Photographs
from dni.digits.data.domains import Digits
from dni.digits.live_view import LiveView, OwnPicture
from dni.examples import WHOLE
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


def ship_curves(folder: Path, methods: Sequence[str] = ("dann",)) -> dict[str, Any]:
    """Made-up accuracies of the networks in a folder, as ``dni evaluate digit-curves`` writes them."""
    generator = np.random.default_rng(0)
    alphas, picture_alphas, strengths = [0.0, 0.1, 1.0], [0.0, 0.5, 1.0], [step / 10 for step in range(11)]
    inks = {"white": [255, 255, 255], "yellow": [255, 255, 0], "blue": [0, 0, 255]}

    def some(*shape: int) -> Any:
        return generator.random(shape).round(4).tolist()

    def curves() -> dict[str, Any]:
        domains = {name: some(3) for name in ("mnist", "mnist_m", "inverted")}
        pictures = {name: some(3, 11) for name in WHOLE}
        return domains | {"pictures": pictures, "inks": some(3, 3), "brightness": some(3, 2)}

    ends = ("source_only", *methods)
    content = {
        "seed": 0,
        "counts": {"domains": 10000, "yours": 1000, "inks": 2000},
        "networks": {end: sha256_of(folder / f"{end}.safetensors") for end in ends},
        "alphas": alphas,
        "picture_alphas": picture_alphas,
        "strengths": strengths,
        "inks": inks,
        "brightness": {"edges": [0, 128, 256], "counts": [6000, 4000]},
        "channel_norms": {end: [1.0, 1.0, 2.0] for end in ends},
        "methods": {method: curves() for method in methods},
    }
    (folder / "curves.json").write_text(json.dumps(content))
    return content
