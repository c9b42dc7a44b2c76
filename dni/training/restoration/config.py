"""The settings of a training run, and those that the shipped ends were trained with."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

from torch.optim import Optimizer

from dni.errors import DniError

__all__ = [
    "PRESETS",
    "TrainConfig",
    "learning_rate_factor",
    "preset",
    "progress_of",
    "set_learning_rate",
]


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides what a run computes; stored in the checkpoint's metadata.

    ``seconds``, where it is not 0, ends a run instead of ``iterations``, and the learning rate follows the
    time; such a run can be resumed, but not repeated to the last bit.

    ``num_blocks`` are residual blocks of an RRDBNet, convolutions of a compact network.
    Loss weights multiply, in order, the L1 distance, the perceptual distance, the DISTS-like distance, the
    adversarial loss, the distance of power spectra, of which ``spectrum_power`` is the share that is
    wanted, and the loss on lattices. ``adversarial_share`` is of the U-net's gradient
    (:mod:`dni.training.restoration.adversaries`), in lengths of the other losses' gradient.
    """

    end: Literal["psnr", "texture", "detail", "gan", "clean", "flat", "careful", "bold", "vivid"] = "psnr"
    network: Literal["RRDBNet", "SRVGGNetCompact"] = "RRDBNet"
    num_filters: int = 32
    num_blocks: int = 2
    iterations: int = 15000
    seconds: float = 0.0
    batch_size: int = 8
    patch_size: int = 160
    learning_rate: float = 5e-4
    critic_learning_rate: float = 5e-5
    warmup: int = 500
    ema_decay: float = 0.999
    l1_weight: float = 1.0
    perceptual_weight: float = 0.0
    dists_weight: float = 0.0
    adversarial_weight: float = 0.0
    adversarial_share: float = 0.0
    spectrum_weight: float = 0.0
    spectrum_power: float = 1.0
    lattice_weight: float = 0.0
    instance_noise: float = 0.0
    seed: int = 0
    validate_every: int = 500


# The GAN end's discriminator weighs little beside the perceptual distance: with more, that distance fell for
# 1,500 steps and then rose again, as the discriminator won and asked for ever more texture. Without the
# spectrum's loss a lattice shows in fur and grass; asking for less than the true power keeps the
# texture that cannot be known from being invented at full strength.
PRESETS: dict[str, TrainConfig] = {
    "psnr": TrainConfig(iterations=14000),
    "texture": TrainConfig(
        end="texture",
        iterations=3000,
        patch_size=136,
        learning_rate=2e-4,
        warmup=100,
        ema_decay=0.998,
        l1_weight=0.1,
        dists_weight=1.0,
        validate_every=100,
    ),
    "gan": TrainConfig(
        end="gan",
        iterations=1800,
        patch_size=136,
        learning_rate=3e-4,
        critic_learning_rate=1e-4,
        warmup=100,
        perceptual_weight=8.0,
        adversarial_weight=0.0015,
        spectrum_weight=0.2,
        spectrum_power=0.65,
        instance_noise=0.04,
    ),
    "clean": TrainConfig(
        end="clean", iterations=4000, patch_size=128, learning_rate=2e-4, warmup=100, validate_every=200
    ),
    "flat": TrainConfig(
        end="flat", iterations=4000, patch_size=128, learning_rate=2e-4, warmup=100, validate_every=200
    ),
    "careful": TrainConfig(end="careful", iterations=2400, warmup=100, validate_every=250),
}
PRESETS["bold"] = replace(PRESETS["texture"], end="bold", iterations=1600)
# L1 counts more than for the end "texture", since the discriminator pulls away from the truth.
PRESETS["detail"] = replace(
    PRESETS["texture"],
    end="detail",
    iterations=10000,
    batch_size=16,
    patch_size=128,
    critic_learning_rate=2e-4,
    ema_decay=0.999,
    l1_weight=1.0,
    adversarial_share=0.5,
    spectrum_weight=0.02,
    instance_noise=0.02,
    validate_every=500,
)
PRESETS["vivid"] = replace(PRESETS["detail"], end="vivid")


NETWORKS: dict[str, dict[str, Any]] = {
    "rrdb": {},
    "compact": {"network": "SRVGGNetCompact", "num_filters": 40, "num_blocks": 12},
    "compact-64": {"network": "SRVGGNetCompact", "num_filters": 64, "num_blocks": 16},
}


def preset(
    end: str,
    *,
    network: str = "rrdb",
    iterations: int | None = None,
    seconds: float = 0.0,
    batch_size: int | None = None,
    adversarial_share: float | None = None,
    spectrum_weight: float | None = None,
    spectrum_power: float | None = None,
    lattice_weight: float | None = None,
    seed: int = 0,
) -> TrainConfig:
    """The settings that the shipped ends were trained with, but for what is given.

    Raises:
        DniError: There is no such end or network, the end has no loss on its spectrum or no adversary, or
            both iterations and seconds are given.
    """
    if end not in PRESETS:
        raise DniError(f"Expected one of the ends {', '.join(PRESETS)}, but got {end!r}.")
    if network not in NETWORKS:
        raise DniError(f"Expected one of the networks {', '.join(NETWORKS)}, but got {network!r}.")
    if iterations is not None and seconds:
        raise DniError(
            f"Expected a run's length in iterations or in seconds, but got {iterations} and {seconds:g}. "
            "Leave one out."
        )
    config = replace(PRESETS[end], seed=seed, seconds=seconds, **NETWORKS[network])
    weight = config.spectrum_weight if spectrum_weight is None else spectrum_weight
    if spectrum_power is not None and not weight:
        raise DniError(
            f"Expected a spectrum's power for an end with a loss on it only, but got one for {end!r}."
        )
    if adversarial_share is not None and not config.adversarial_share:
        raise DniError(f"Expected an adversary's share for detail and vivid only, but got one for {end!r}.")
    given = {
        "iterations": iterations,
        "batch_size": batch_size,
        "adversarial_share": adversarial_share,
        "spectrum_weight": spectrum_weight,
        "spectrum_power": spectrum_power,
        "lattice_weight": lattice_weight,
    }
    return replace(config, **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]


def progress_of(iteration: int, elapsed: float, config: TrainConfig) -> float:
    """How much of a run is done, 1 at its end; ``elapsed`` is in seconds."""
    if config.seconds:
        return elapsed / config.seconds
    return iteration / config.iterations


def learning_rate_factor(iteration: int, config: TrainConfig, elapsed: float = 0.0) -> float:
    """Linear warm-up, then a cosine to 1 % of the peak."""
    if iteration < config.warmup:
        return (iteration + 1) / config.warmup
    if config.seconds:
        progress = progress_of(iteration, elapsed, config)
    else:
        progress = (iteration - config.warmup) / max(1, config.iterations - config.warmup)
    return 0.01 + 0.99 * (1 + math.cos(math.pi * min(progress, 1.0))) / 2


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
