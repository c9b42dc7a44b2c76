"""Repairs the blends of a loaded set of ends, with corrections measured on the bundled examples.

What to correct is measured (:mod:`dni.blending.repair`) on crops of one half of each example, in float32 on
the CPU, so that it is the same wherever the blend is rendered. On crops of the other half it is decided once
for a set of ends how strong the correction is, or that there is none: a good blend has nothing to repair,
and few pictures' statistics would only change its colours.

Between two ends, where all layers have the same alpha, corrections are measured on a grid of alphas, each
when it is first needed, and interpolated. Any other mix is measured itself.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
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
from dni.examples import WHOLE, example_paths
from dni.pictures.read import open_picture
from dni.rendering.batch_norms import to_inputs
from dni.rendering.forward.inputs import fixed_random_numbers
from dni.rendering.tiles import round_up

if TYPE_CHECKING:
    from dni.rendering.engine import Engine

__all__ = ["Repairer", "Trial"]

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
# And of two ends it may not take it further away by more than this, in dB, at these points of the grid.
MOST_LOSS = 0.05
ALSO_TRIED = (GRID_STEPS // 4, GRID_STEPS - GRID_STEPS // 4)

Corrections = Mapping[str, Correction]


class Trial:
    """What the repair does to the blend in equal shares, on pictures that it was not measured on.

    Attributes:
        plain: PSNR in dB between the blend's pictures and the mean of the ends'.
        repaired: Likewise, by the strength of the repair.
        elsewhere: Likewise (plain, repaired) at other alphas, with the best strength.
        strength: The best one, or 0 where none is worth it, or it harms the blend elsewhere.
    """

    def __init__(
        self,
        plain: float,
        repaired: Mapping[float, float],
        elsewhere: Mapping[float, tuple[float, float]] | None = None,
    ) -> None:
        self.plain = plain
        self.repaired = dict(repaired)
        self.elsewhere = dict(elsewhere or {})
        best = max(repaired, key=repaired.__getitem__, default=0.0)
        helps = bool(repaired) and repaired[best] >= plain + LEAST_GAIN
        harms = any(after < before - MOST_LOSS for before, after in self.elsewhere.values())
        self.strength = best if helps and not harms else 0.0

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
        self._trial: Trial | None = None
        self._nodes: dict[int, Corrections] = {}
        self._others: OrderedDict[Mix, Corrections] = OrderedDict()

    def corrections(self, mix: Mix) -> Corrections:
        """What to correct at a mix; nothing at an end, outside the ends, or where repair is off.

        Measured where that has not been done yet: some passes of small pictures through the network.
        """
        if not mix.repair or mix.is_end or mix.extrapolates:
            return {}
        with self._lock:
            strength = self.trial().strength
            if not strength:
                return {}
            plain = replace(mix, repair=False)
            if mix.alpha is not None and mix.method is None:
                return self._on_grid(mix.alpha, strength)
            if plain not in self._others:
                self._others[plain] = self._measure(plain, strength)
                while len(self._others) > KEPT_MIXES:
                    self._others.popitem(last=False)
            self._others.move_to_end(plain)
            return self._others[plain]

    def trial(self) -> Trial:
        """Whether and how strongly blends of these ends are repaired; measured at first use."""
        with self._lock:
            if self._trial is None:
                self._trial = self._try()
            return self._trial

    @property
    def summary(self) -> str:
        """What the repair does to these ends' blends, in one sentence; measured at first use."""
        return self.trial().summary

    def _on_grid(self, alpha: float, strength: float) -> Corrections:
        node = min(int(alpha * GRID_STEPS), GRID_STEPS - 1)
        left, right = (self._node(index, strength) for index in (node, node + 1))
        return between(left, right, alpha * GRID_STEPS - node)

    def _node(self, index: int, strength: float) -> Corrections | None:
        """The corrections at a point of the grid; None at its ends, where there are none."""
        if index in (0, GRID_STEPS):
            return None
        if index not in self._nodes:
            self._nodes[index] = self._measure(Mix.of_alpha(index / GRID_STEPS), strength)
        return self._nodes[index]

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

    def _try(self) -> Trial:
        engine = self._engine()
        looks = Looks(engine, self._both_crops(engine)[1])
        count = engine.blend.num_ends
        middle = Mix.of([1 / count] * count)
        plain = looks.psnr(middle)
        if plain >= GOOD_ENOUGH:
            return Trial(plain, {})
        measured = {strength: self._measure(middle, strength) for strength in STRENGTHS}
        repaired = {strength: looks.psnr(middle, own) for strength, own in measured.items()}
        trial = Trial(plain, repaired)
        if count != 2 or not trial.strength:
            return trial
        self._nodes = {GRID_STEPS // 2: measured[trial.strength]}
        elsewhere = {}
        for index in ALSO_TRIED:
            mix, corrections = Mix.of_alpha(index / GRID_STEPS), self._node(index, trial.strength)
            elsewhere[index / GRID_STEPS] = looks.psnr(mix), looks.psnr(mix, corrections)
        return Trial(plain, repaired, elsewhere)

    def _both_crops(self, engine: Engine) -> tuple[Tensor, Tensor]:
        if self._crops is None:
            self._crops = calibration_crops(engine)
        return self._crops


class Looks:
    """Compares blends with the mean of their ends' pictures, on crops uint8 (N, 3, side, side)."""

    def __init__(self, engine: Engine, crops: Tensor) -> None:
        self._engine, self._run = engine, runner(engine, crops)
        self._ends = [self._look(end, None) for end in ends_of(engine)]

    def psnr(self, mix: Mix, corrections: Corrections | None = None) -> float:
        """PSNR in dB, of the blend as it is or corrected."""
        mean = sum(share * end for share, end in zip(mix.shares, self._ends, strict=True))
        return mean_psnr(self._look(mix, corrections), torch.as_tensor(mean))

    @torch.no_grad()
    def _look(self, mix: Mix, corrections: Corrections | None) -> Tensor:
        with self._engine.blend.changed(mix, partial(correct, corrections=corrections or {})) as module:
            return self._run(module).clamp(0, 1)


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


def calibration_crops(engine: Engine) -> tuple[Tensor, Tensor]:
    """A crop of the upper left and one of the lower right of each example: uint8 (8, 3, side, side)."""
    network = engine.network
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


def mean_psnr(output: Tensor, mean: Tensor) -> float:
    """The mean over pictures (N, C, H, W) of PSNR in dB, values clipped to [0, 1]; at most 100."""
    errors = (output.clamp(0, 1) - mean).square().flatten(start_dim=1).mean(dim=1)
    return float((-10 * torch.log10(errors.clamp_min(1e-10))).mean())
