"""Learns the shares of every group of layers, by gradients through the blend.

The network runs with interpolated parameters (``torch.func.functional_call``), so that the gradient of a goal
reaches the shares of each group; they stay shares: not negative, with a sum of 1. The idea of learned
coefficients per layer is AdaMerging's (Yang et al., "AdaMerging: Adaptive Model Merging for Multi-Task
Learning", ICLR 2024, https://arxiv.org/abs/2310.02575); the goals are ours.

A goal that may not cost PSNR is learned with a multiplier (dual ascent; Bertsekas, "Constrained Optimization
and Lagrange Multiplier Methods", 1982): it rises while the steps' crops lose more PSNR than they may, and
falls while they do not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.func import functional_call

from dni.blending.interpolate import check_blendable, check_groups
from dni.blending.layer_groups import layer_groups
from dni.blending.shares import Mix
from dni.checkpoints.image_network import ImageNetwork
from dni.errors import DniError
from dni.metrics.distortion import luma
from dni.rendering.control import RenderControl
from dni.tradeoff.tuning.goals import Goal, GoalName

__all__ = ["MOST_BEYOND", "TuneConfig", "Tuned", "learn_mix", "preset"]

SHARE_DIGITS = 4
# In dB, of what the perceptual goal may cost.
MOST_LOSS = 0.01
MOST_BEYOND = 4.0
# Where there is a reference, which shows when a blend breaks.
BEYOND = 1.0
# Of the multiplier, in parts of the goal for a decibel: about where it ends up, and how fast it moves.
FIRST_PRICE = 0.25
PRICE_RATE = 0.05
# The mean over the last steps is less noisy than the last one.
AVERAGED = 0.1


@dataclass(frozen=True, kw_only=True)
class TuneConfig:
    """How to learn.

    Attributes:
        steps: Of Adam.
        batch: Crops a step.
        learning_rate: Of the shares.
        seed: Of the order of crops.
        fixed: Groups of layers that keep the plain mix's shares.
        most_loss: How much PSNR to the reference the result may lose, in dB; None where that does not matter.
        beyond: How far shares may lie below 0 and above 1.
        is_straight: Whether each group's shares stay on the line from the first end through the plain mix, as
            far as that is between the ends: so that they are a curve over the layers.
        seconds: After how long to stop in any case.
    """

    steps: int = 70
    batch: int = 3
    learning_rate: float = 0.1
    seed: int = 0
    fixed: Sequence[str] = ()
    most_loss: float | None = None
    beyond: float = 0.0
    is_straight: bool = False
    seconds: float = math.inf

    def __post_init__(self) -> None:
        for name, value in (("steps", self.steps), ("batch", self.batch)):
            if value < 1:
                raise DniError(f"Expected at least 1 for {name}, but got {value}. Give more.")
        if not 0 < self.learning_rate <= 1:
            raise DniError(
                f"Expected a learning rate above 0 and at most 1, but got {self.learning_rate}. Try 0.1."
            )
        if not 0 <= self.beyond <= MOST_BEYOND:
            raise DniError(
                f"Expected shares at most {MOST_BEYOND:g} beyond the ends, but got {self.beyond:g}. Try 0.5."
            )


def preset(goal: GoalName) -> TuneConfig:
    """How to learn for a goal: as benchmarks/tune.md found it best."""
    if goal == "noise":
        return TuneConfig()
    return TuneConfig(most_loss=MOST_LOSS if goal == "perceptual" else None, beyond=BEYOND)


@dataclass(frozen=True)
class Tuned:
    """What was learned.

    Attributes:
        mix: With shares for every group of layers.
        goals: The goal's value at every step, on that step's crops; the plain mix has 1 or about it.
        position: How far from the plain mix (0) to what was learned (1): less where that lost too much PSNR,
            and 0 where it does not serve the goal better.
        change: Of the goal, with the mix against the plain one, on all crops: 0 where it stayed as it was.
    """

    mix: Mix
    goals: tuple[float, ...] = field(repr=False)
    position: float = 1.0
    change: float = 0.0


class Interpolated:
    """A network whose parameters are interpolated by shares that gradients flow to.

    Args:
        network: Its parameters stay as they are.
        states: One an end.
        groups: The names of the tensors that share shares; by default the groups of layers.
    """

    def __init__(
        self,
        network: ImageNetwork,
        states: Sequence[Mapping[str, Tensor]],
        groups: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        check_blendable(states)
        self.module, self.states = network.module, states
        own = network.module.state_dict(keep_vars=True)
        self.groups = groups or layer_groups(own, network.execution_order)
        inside = {id(t): name for name, t in (*self.module.named_parameters(), *self.module.named_buffers())}
        self.names = {name: inside[id(tensor)] for name, tensor in own.items() if id(tensor) in inside}

    def __call__(self, shares: Tensor, inputs: Tensor) -> Tensor:
        """The output for (B, C, H, W), with shares (groups, ends)."""
        tensors = {}
        for row, names in zip(shares, self.groups.values(), strict=True):
            for name in names:
                if name in self.names:
                    ends = [state[name] for state in self.states]
                    tensors[self.names[name]] = sum(s * end for s, end in zip(row, ends, strict=True))
        output: Tensor = functional_call(self.module, tensors, (inputs,))
        return output


def learn_mix(
    network: ImageNetwork,
    states: Sequence[Mapping[str, Tensor]],
    start: Mix,
    goal: Goal,
    pictures: tuple[Tensor, Tensor],
    *,
    config: TuneConfig | None = None,
    control: RenderControl | None = None,
) -> Tuned:
    """Learn a mix from a plain one.

    Args:
        network: In float32 on the CPU; its parameters stay as they are.
        states: One state dict an end.
        start: The plain mix, not outside the ends and without a merge method.
        goal: See :mod:`dni.tradeoff.tuning.goals`.
        pictures: Crops as the network takes them, float (N, C, h, w), and what they should become, float
            (N, 3, scale * h, scale * w); both in [0, 1].
        config: How to learn.
        control: Progress in steps, cancellation.

    Raises:
        DniError: The mix is not one to start from, or a fixed group is not one of the network's.
        Cancelled: ``control.cancelled`` was set.
    """
    config, control = config or TuneConfig(), control or RenderControl()
    check_start(start, config)
    blend = Interpolated(network, states)
    check_groups(Mix.of(start.shares, groups={name: start.shares for name in config.fixed}), blend.groups)
    plain = torch.tensor([start.shares_in(group) for group in blend.groups])
    search = Search(blend, plain, torch.tensor(start.shares), goal, pictures, config, control)
    learned, goals = search.run()
    final, position, change = search.best(learned)
    shares = {group: rounded(row) for group, row in zip(blend.groups, final.tolist(), strict=True)}
    is_outside = any(not 0 <= share <= 1 for row in shares.values() for share in row)
    mix = Mix.of(start.shares, groups=shares, extrapolate=is_outside, repair=start.repair)
    return Tuned(mix, tuple(goals), position, change)


def check_start(start: Mix, config: TuneConfig) -> None:
    """Raise :class:`DniError` where there is nothing to learn from a mix."""
    if start.extrapolates or start.method is not None:
        raise DniError("Expected a plain mix between the ends to start from, but got another one.")
    if config.is_straight and start.shares[0] == 1:
        raise DniError("Expected a mix to start from, but got the first end alone. Add some of another one.")


@dataclass(frozen=True, eq=False)
class Search:
    """One search for shares."""

    blend: Interpolated
    plain: Tensor
    direction: Tensor
    goal: Goal
    pictures: tuple[Tensor, Tensor]
    config: TuneConfig
    control: RenderControl

    def run(self) -> tuple[Tensor, list[float]]:
        """Adam, each step brought back to shares; gives them as (groups, ends), and the goal's values."""
        free = torch.tensor([name not in self.config.fixed for name in self.blend.groups])[:, None]
        shares, mean = self.plain.clone().requires_grad_(), self.plain.clone()
        optimizer = torch.optim.Adam([shares], lr=self.config.learning_rate)
        generator = torch.Generator().manual_seed(self.config.seed)
        usual, goals, price = self.outputs(self.plain), [], FIRST_PRICE
        end = time.monotonic() + self.config.seconds
        for step in range(self.config.steps):
            if time.monotonic() >= end:
                break
            self.control.raise_if_cancelled()
            self.control.report(step, self.config.steps)
            chosen = torch.randperm(len(usual), generator=generator)[: self.config.batch]
            inputs, wanted = (part[chosen] for part in self.pictures)
            output = self.blend(shares, inputs)
            value = self.goal(output, usual[chosen], wanted)
            total = value
            if self.config.most_loss is not None:
                loss = (psnr_of(usual[chosen], wanted) - psnr_of(output, wanted)).mean()
                total = value + price * loss
                price = max(0.0, price + PRICE_RATE * (float(loss.detach()) - self.config.most_loss))
            optimizer.zero_grad()
            total.backward()  # type: ignore[no-untyped-call]
            assert shares.grad is not None, "the goal depends on the shares"
            # Only what keeps their sum counts: else Adam's even steps of all ends would cancel each other.
            shares.grad -= shares.grad.mean(dim=1, keepdim=True)
            optimizer.step()
            with torch.no_grad():
                shares.copy_(torch.where(free, self.allowed(shares), self.plain))
                mean.lerp_(shares, AVERAGED)
            goals.append(float(value.detach()))
        self.control.report(self.config.steps, self.config.steps)
        return mean, goals

    def allowed(self, shares: Tensor) -> Tensor:
        """The nearest shares that the configuration allows, or about them."""
        if not self.config.is_straight:
            return onto_shares(shares, beyond=self.config.beyond)
        first = torch.zeros_like(self.direction)
        first[0] = 1.0
        way = self.direction - first
        # Where the first end has no share left.
        farthest = 1 / (1 - float(self.direction[0]))
        parts = ((shares - first) @ way / way.square().sum()).clamp(0, farthest)
        return first + parts[:, None] * way

    def best(self, learned: Tensor) -> tuple[Tensor, float, float]:
        """The shares as near to what was learned as PSNR allows, how near, and the goal's change with them.

        The plain mix where that serves the goal no better.
        """
        position = self.affordable(learned)
        final = torch.lerp(self.plain, learned, position)
        change = self.change(final) if position else 0.0
        return (final, position, change) if change < 0 else (self.plain, 0.0, 0.0)

    @torch.no_grad()
    def outputs(self, shares: Tensor) -> Tensor:
        """The pictures at some shares, a batch at a time."""
        found = []
        for part in torch.split(self.pictures[0], self.config.batch):
            self.control.raise_if_cancelled()
            found.append(self.blend(shares, part))
        return torch.cat(found)

    @torch.no_grad()
    def change(self, shares: Tensor) -> float:
        """By how much the goal is lower than with the plain mix, over all crops; a share."""
        parts = (self.outputs(self.plain), self.outputs(shares), self.pictures[1])
        batches = zip(*(torch.split(part, self.config.batch) for part in parts), strict=True)
        values = [len(ours) * float(self.goal(ours, plain, wanted)) for plain, ours, wanted in batches]
        return sum(values) / len(self.pictures[1]) - 1

    def affordable(self, learned: Tensor) -> float:
        """The farthest position towards what was learned that loses no more PSNR than may be lost."""
        if self.config.most_loss is None:
            return 1.0
        usual = self.psnr(self.plain)
        for tenths in range(10, 0, -1):
            if self.psnr(torch.lerp(self.plain, learned, tenths / 10)) >= usual - self.config.most_loss:
                return tenths / 10
        return 0.0

    def psnr(self, shares: Tensor) -> float:
        """The mean over all crops, of luma, in dB."""
        return float(psnr_of(self.outputs(shares), self.pictures[1]).mean())


def psnr_of(outputs: Tensor, wanted: Tensor) -> Tensor:
    """Of luma, one a picture, in dB."""
    errors = (luma(outputs.clamp(0, 1)) - luma(wanted)).square().flatten(1).mean(dim=1)
    return 10 * torch.log10(255**2 / errors.clamp_min(1e-6))


def onto_shares(shares: Tensor, *, beyond: float = 0.0) -> Tensor:
    """Each row of (groups, ends) to the nearest one of the sum 1 with no share lower than ``-beyond``.

    Held, Wolfe and Crowder, "Validation of subgradient optimization", Mathematical Programming 1974.
    """
    raised = shares + beyond
    ordered = raised.sort(dim=1, descending=True).values
    sums = ordered.cumsum(dim=1) - (1 + beyond * shares.shape[1])
    counts = torch.arange(1, shares.shape[1] + 1)
    used = (ordered - sums / counts > 0).sum(dim=1, keepdim=True)
    return (raised - sums.gather(1, used - 1) / used).clamp_min(0) - beyond


def rounded(row: Sequence[float]) -> tuple[float, ...]:
    """Shares of few digits that still have the sum 1: the largest takes what is left."""
    shares = [round(share, SHARE_DIGITS) for share in row]
    largest = shares.index(max(shares))
    others = sum(share for index, share in enumerate(shares) if index != largest)
    shares[largest] = round(1 - others, SHARE_DIGITS)
    return tuple(shares)
