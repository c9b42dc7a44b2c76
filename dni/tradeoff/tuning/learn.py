"""Learns the shares of every group of layers, by gradients through the blend.

The network runs with interpolated parameters (``torch.func.functional_call``), so that the gradient of a goal
reaches the shares of each group; they stay shares: not negative, with a sum of 1. The idea of learned
coefficients per layer is AdaMerging's (Yang et al., "AdaMerging: Adaptive Model Merging for Multi-Task
Learning", ICLR 2024, https://arxiv.org/abs/2310.02575); the goals are ours.
"""

from __future__ import annotations

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
from dni.tradeoff.tuning.goals import Goal

__all__ = ["TuneConfig", "Tuned", "learn_mix"]

SHARE_DIGITS = 4


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
    """

    steps: int = 90
    batch: int = 4
    learning_rate: float = 0.03
    seed: int = 0
    fixed: Sequence[str] = ()
    most_loss: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("steps", self.steps), ("batch", self.batch)):
            if value < 1:
                raise DniError(f"Expected at least 1 for {name}, but got {value}. Give more.")
        if not 0 < self.learning_rate <= 1:
            raise DniError(
                f"Expected a learning rate above 0 and at most 1, but got {self.learning_rate}. Try 0.03."
            )


@dataclass(frozen=True)
class Tuned:
    """What was learned.

    Attributes:
        mix: With shares for every group of layers.
        goals: The goal's value at every step, on that step's crops; the plain mix has 1 or about it.
        position: How far from the plain mix (0) to what was learned (1): less where that lost too much PSNR.
    """

    mix: Mix
    goals: tuple[float, ...] = field(repr=False)
    position: float = 1.0


class Interpolated:
    """A network whose parameters are interpolated by shares that gradients flow to."""

    def __init__(self, network: ImageNetwork, states: Sequence[Mapping[str, Tensor]]) -> None:
        check_blendable(states)
        self.module, self.states = network.module, states
        own = network.module.state_dict(keep_vars=True)
        self.groups = layer_groups(own, network.execution_order)
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
    if start.extrapolates or start.method is not None:
        raise DniError("Expected a plain mix between the ends to start from, but got another one.")
    blend = Interpolated(network, states)
    check_groups(Mix.of(start.shares, groups={name: start.shares for name in config.fixed}), blend.groups)
    plain = torch.tensor([start.shares_in(group) for group in blend.groups])
    search = Search(blend, plain, goal, pictures, config, control)
    learned, goals = search.run()
    position = search.affordable(learned)
    final = torch.lerp(plain, learned, position)
    shares = {group: rounded(row) for group, row in zip(blend.groups, final.tolist(), strict=True)}
    return Tuned(Mix.of(start.shares, groups=shares, repair=start.repair), tuple(goals), position)


@dataclass(frozen=True, eq=False)
class Search:
    """One search for shares."""

    blend: Interpolated
    plain: Tensor
    goal: Goal
    pictures: tuple[Tensor, Tensor]
    config: TuneConfig
    control: RenderControl

    def run(self) -> tuple[Tensor, list[float]]:
        """Adam, each step brought back to shares; gives them as (groups, ends), and the goal's values."""
        free = torch.tensor([name not in self.config.fixed for name in self.blend.groups])[:, None]
        shares = self.plain.clone().requires_grad_()
        optimizer = torch.optim.Adam([shares], lr=self.config.learning_rate)
        generator = torch.Generator().manual_seed(self.config.seed)
        usual, goals = self.outputs(self.plain), []
        for step in range(self.config.steps):
            self.control.raise_if_cancelled()
            self.control.report(step, self.config.steps)
            chosen = torch.randperm(len(usual), generator=generator)[: self.config.batch]
            inputs, wanted = (part[chosen] for part in self.pictures)
            value = self.goal(self.blend(shares, inputs), usual[chosen], wanted)
            optimizer.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            with torch.no_grad():
                shares.copy_(torch.where(free, onto_shares(shares), self.plain))
            goals.append(float(value.detach()))
        self.control.report(self.config.steps, self.config.steps)
        return shares.detach(), goals

    @torch.no_grad()
    def outputs(self, shares: Tensor) -> Tensor:
        """The pictures at some shares, a batch at a time."""
        return torch.cat(
            [self.blend(shares, part) for part in torch.split(self.pictures[0], self.config.batch)]
        )

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


def onto_shares(shares: Tensor) -> Tensor:
    """Each row of (groups, ends) to the nearest one that is not negative and has the sum 1.

    Held, Wolfe and Crowder, "Validation of subgradient optimization", Mathematical Programming 1974.
    """
    ordered = shares.sort(dim=1, descending=True).values
    sums = ordered.cumsum(dim=1) - 1
    counts = torch.arange(1, shares.shape[1] + 1)
    used = (ordered - sums / counts > 0).sum(dim=1, keepdim=True)
    return (shares - sums.gather(1, used - 1) / used).clamp_min(0)


def rounded(row: Sequence[float]) -> tuple[float, ...]:
    """Shares of few digits that still have the sum 1: the largest takes what is left."""
    shares = [round(share, SHARE_DIGITS) for share in row]
    largest = shares.index(max(shares))
    others = sum(share for index, share in enumerate(shares) if index != largest)
    shares[largest] = round(1 - others, SHARE_DIGITS)
    return tuple(shares)
