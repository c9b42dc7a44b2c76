"""Repairs the blends of a loaded set of ends, with corrections measured on the bundled examples.

What to correct is measured (:mod:`dni.blending.repair`) on crops of one half of each example, in float32 on
the CPU, so that it is the same wherever the blend is rendered. On crops of the other half it is decided
how strong the correction is, or that there is none: a good blend has nothing to repair, and few pictures'
statistics would only change its colours. The blend in equal shares decides whether a set of ends is repaired
at all; then it is decided again for each mix.

Between two ends, where all layers have the same alpha, corrections are measured on a grid of alphas, each
when it is first needed, and interpolated. Any other mix is measured itself.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean
from threading import RLock
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from dni.blending.layer_groups import layer_groups
from dni.blending.repair import (
    Correction,
    Moments,
    between,
    correct,
    measure_moments,
    mix_moments,
    repairing,
)
from dni.blending.shares import Mix
from dni.checkpoints.image_network import ImageNetwork
from dni.examples import WHOLE, example_paths
from dni.pictures.read import open_picture
from dni.rendering.batch_norms import to_inputs
from dni.rendering.forward.inputs import fixed_random_numbers
from dni.rendering.tiles import round_up

if TYPE_CHECKING:
    from dni.rendering.engine import Engine

__all__ = ["Repairer", "Trial", "calibration_crops"]

CROP_SIDE = 64
# Steps between the two ends; both are exact.
GRID_STEPS = 8
# Other mixes whose corrections are kept; some 0.1 MB each.
KEPT_MIXES = 32
STRENGTHS = (1.0, 0.6)
# A repair has to bring the blend nearer to its ends' mean picture by so much, in dB, on pictures that it was
# not measured on; and where it is as near as this already, nobody sees what is left.
LEAST_GAIN = 0.5
GOOD_ENOUGH = 40.0
# A mean says little of eight pictures: at most this share of them may lose more than so many dB.
MOST_LOSS = 0.5
MOST_LOSERS = 1 / 8
# Where layers differ, or by another method than the straight line, there is no mean picture to come nearer
# to: between two ends the repair then has to help at all these points of the grid.
ALSO_TRIED = (GRID_STEPS // 4, GRID_STEPS // 2, GRID_STEPS - GRID_STEPS // 4)
OFF_HERE = "Repair is off at this mix: on test pictures it brought it no nearer to its ends."
OFF_BEYOND = "Repair is off at this mix: it lies beyond the ends."

Corrections = Mapping[str, Correction]


class Trial:
    """What the repair does to one blend, on pictures that it was not measured on.

    Attributes:
        plain: PSNR in dB between the blend's pictures and the mean of the ends', the mean over pictures.
        repaired: Likewise, by the strength of the repair.
        strength: The best one, or 0 where none is worth it: each gains too little, or loses too much on too
            many of the pictures.
    """

    def __init__(self, plain: Sequence[float], repaired: Mapping[float, Sequence[float]]) -> None:
        self.plain = fmean(plain)
        self.repaired = {strength: fmean(each) for strength, each in repaired.items()}
        gains = {
            strength: [after - before for before, after in zip(plain, each, strict=True)]
            for strength, each in repaired.items()
        }
        worth = {strength: fmean(each) for strength, each in gains.items() if is_worth_it(each)}
        self.strength = max(worth, key=worth.__getitem__, default=0.0)

    @property
    def summary(self) -> str:
        """One sentence for a person."""
        if self.strength:
            return (
                f"Repair brings the middle of this blend from {self.plain:.1f} to "
                f"{self.repaired[self.strength]:.1f} dB of the mean of its ends' pictures."
            )
        if self.plain >= GOOD_ENOUGH:
            return (
                f"Repair is off: this blend is good as it is ({self.plain:.1f} dB of its ends' mean picture)."
            )
        return "Repair is off: on test pictures it brought this blend no nearer to its ends."


def is_worth_it(gains: Sequence[float]) -> bool:
    """Whether the repair gains enough in the mean, and loses a lot on few pictures only; in dB."""
    losers = sum(gain < -MOST_LOSS for gain in gains)
    return fmean(gains) >= LEAST_GAIN and losers <= MOST_LOSERS * len(gains)


@dataclass(frozen=True, eq=False)
class Tried:
    """A trial, and the corrections that were the best in it; None where none are worth it."""

    trial: Trial
    corrections: Corrections | None


class Repairer:
    """Repairs blends of one engine's ends.

    Args:
        engine: Gives the ends in float32 on the CPU, a network of their own or the live one; asked for when
            something is to be measured.
        lock: That of the live network, which whoever asks for corrections may hold.
    """

    def __init__(self, engine: Callable[[], Engine], lock: RLock) -> None:
        self._engine = engine
        self._lock = lock
        self._crops: tuple[Tensor, Tensor] | None = None
        self._moments: list[dict[str, Moments]] | None = None
        self._looks: Looks | None = None
        self._equal: Tried | None = None
        self._nodes: dict[int, Tried] = {}
        self._others: OrderedDict[Mix, Corrections] = OrderedDict()

    def corrections(self, mix: Mix) -> Corrections:
        """What to correct at a mix; nothing at an end, outside the ends, or where repair is off.

        Measured where that has not been done yet: some passes of small pictures through the network.
        """
        if not mix.repair or mix.is_end or mix.extrapolates:
            return {}
        with self._lock:
            if not self.trial().strength:
                return {}
            if mix.alpha is not None and mix.method is None:
                return self._on_grid(mix.alpha)
            plain = replace(mix, repair=False)
            if plain not in self._others:
                self._others[plain] = self._of_other(plain)
                while len(self._others) > KEPT_MIXES:
                    self._others.popitem(last=False)
            self._others.move_to_end(plain)
            return self._others[plain]

    def trial(self) -> Trial:
        """Whether and how strongly the blend in equal shares is repaired; measured at first use."""
        with self._lock:
            return self._in_equal_shares().trial

    @property
    def summary(self) -> str:
        """What the repair does to these ends' blends, in one sentence; measured at first use."""
        return self.trial().summary

    def notice(self, mix: Mix) -> str:
        """Why a mix that is to be repaired is not; empty where it is, or is not to be."""
        if not mix.repair or mix.is_end or self.corrections(mix):
            return ""
        if not self.trial().strength:
            return self.summary
        return OFF_BEYOND if mix.extrapolates else OFF_HERE

    def _in_equal_shares(self) -> Tried:
        if self._equal is None:
            count = self._engine().blend.num_ends
            self._equal = self._try(Mix.of([1 / count] * count))
        return self._equal

    def _on_grid(self, alpha: float) -> Corrections:
        node = min(int(alpha * GRID_STEPS), GRID_STEPS - 1)
        position = alpha * GRID_STEPS - node
        left = self._node(node)
        return between(left, self._node(node + 1), position) if position else left or {}

    def _node(self, index: int) -> Corrections | None:
        """The corrections at a point of the grid; None where there are none, as at its ends."""
        return None if index in (0, GRID_STEPS) else self._tried_at(index).corrections

    def _tried_at(self, index: int) -> Tried:
        if 2 * index == GRID_STEPS:
            return self._in_equal_shares()
        if index not in self._nodes:
            strengths = (self.trial().strength,)  # trying the others too takes twice as long
            self._nodes[index] = self._try(Mix.of_alpha(index / GRID_STEPS), strengths)
        return self._nodes[index]

    def _of_other(self, mix: Mix) -> Corrections:
        """Of a mix of more than two ends, or with layers or a method of its own."""
        if not mix.groups and mix.method is None:
            return self._try(mix, (self.trial().strength,)).corrections or {}
        strength = self.trial().strength
        if len(mix.shares) == 2:
            strength = min(self._tried_at(index).trial.strength for index in ALSO_TRIED)
        return self._measure(mix, strength) if strength else {}

    def _measure(self, mix: Mix, strength: float) -> Corrections:
        engine = self._engine()
        run = runner(engine, self._both_crops(engine)[0])
        moments = self._moments_of_ends(engine, run)
        targets = mix_moments(moments, shares_by_layer(engine, mix))
        with engine.blend.at(mix) as module:
            return repairing(module, run, targets, strength=strength)

    def _moments_of_ends(
        self, engine: Engine, run: Callable[[nn.Module], Tensor]
    ) -> list[dict[str, Moments]]:
        if self._moments is None:
            measured = []
            for end in ends_of(engine):
                with engine.blend.at(end) as module:
                    measured.append(measure_moments(module, run))
            self._moments = measured
        return self._moments

    def _try(self, mix: Mix, strengths: Sequence[float] = STRENGTHS) -> Tried:
        """Whether a mix with the same shares in all layers is nearer to the mean of its ends' pictures."""
        engine = self._engine()
        if self._looks is None:
            self._looks = Looks(engine, self._both_crops(engine)[1])
        plain = self._looks.psnr(engine, mix)
        if fmean(plain) >= GOOD_ENOUGH:
            return Tried(Trial(plain, {}), None)
        measured = {strength: self._measure(mix, strength) for strength in strengths}
        trial = Trial(
            plain, {strength: self._looks.psnr(engine, mix, own) for strength, own in measured.items()}
        )
        return Tried(trial, measured[trial.strength] if trial.strength else None)

    def _both_crops(self, engine: Engine) -> tuple[Tensor, Tensor]:
        if self._crops is None:
            self._crops = calibration_crops(engine.network)
        return self._crops


class Looks:
    """Compares blends with the mean of their ends' pictures, on crops uint8 (N, 3, side, side)."""

    def __init__(self, engine: Engine, crops: Tensor) -> None:
        self._crops = crops
        self._ends = [self._look(engine, end, None) for end in ends_of(engine)]

    def psnr(self, engine: Engine, mix: Mix, corrections: Corrections | None = None) -> list[float]:
        """PSNR in dB of each picture, of the blend as it is or corrected."""
        mean = sum(share * end for share, end in zip(mix.shares, self._ends, strict=True))
        return psnr_of(self._look(engine, mix, corrections), torch.as_tensor(mean)).tolist()

    @torch.no_grad()
    def _look(self, engine: Engine, mix: Mix, corrections: Corrections | None) -> Tensor:
        run = runner(engine, self._crops)
        with engine.blend.changed(mix, partial(correct, corrections=corrections or {})) as module:
            return run(module).clamp(0, 1)


def runner(engine: Engine, crops: Tensor) -> Callable[[nn.Module], Tensor]:
    """Runs a network on uint8 (N, 3, side, side)."""
    inputs = to_inputs(crops, engine.network)

    def run(module: nn.Module) -> Tensor:
        with fixed_random_numbers(engine.is_local, torch.device("cpu")):
            output: Tensor = module(inputs)
        return output

    return run


def ends_of(engine: Engine) -> list[Mix]:
    count = engine.blend.num_ends
    return [Mix.of(float(index == end) for index in range(count)) for end in range(count)]


def shares_by_layer(engine: Engine, mix: Mix) -> Callable[[str], Sequence[float]]:
    """The shares that hold for a layer's weight, by the layer's name in ``named_modules``."""
    with engine.blend.at(ends_of(engine)[0]) as module:
        state = module.state_dict(keep_vars=True)
        groups = layer_groups(state, engine.network.execution_order)
        group_of = {id(state[name]): group for group, names in groups.items() for name in names}
        weights = {
            name: id(weight)
            for name, layer in module.named_modules()
            if isinstance(weight := getattr(layer, "weight", None), nn.Parameter)
        }
    return lambda name: mix.shares_in(group_of.get(weights[name], ""))


def calibration_crops(network: ImageNetwork) -> tuple[Tensor, Tensor]:
    """A crop of the upper left and one of the lower right of each example: uint8 (8, 3, side, side)."""
    side = round_up(max(CROP_SIDE, network.minimum_size), network.multiple_of)
    pictures = [open_picture(path).rgb for path, _ in example_paths(WHOLE)]
    return torch.stack([crop_at(rgb, side, 0.25) for rgb in pictures]), torch.stack(
        [crop_at(rgb, side, 0.75) for rgb in pictures]
    )


def crop_at(rgb: Tensor, side: int, position: float) -> Tensor:
    """The crop of uint8 (3, H, W) around a position on the diagonal; a small picture is repeated."""
    repeats = [1, *(-(-side // length) for length in rgb.shape[1:])]
    whole = rgb.repeat(repeats)
    top, left = (min(max(0, int(position * length) - side // 2), length - side) for length in whole.shape[1:])
    return whole[:, top : top + side, left : left + side]


def psnr_of(output: Tensor, mean: Tensor) -> Tensor:
    """PSNR in dB of each picture of (N, C, H, W), values clipped to [0, 1]; at most 100."""
    errors = (output.clamp(0, 1) - mean).square().flatten(start_dim=1).mean(dim=1)
    return -10 * torch.log10(errors.clamp_min(1e-10))
