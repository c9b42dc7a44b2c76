"""One training loop for ancestor, looks, paintings and ladders.

All but paintings minimise L1, up to the crop's edge: with a border left out, whole pictures get dark frames.
With ``middle_share`` the network half-way, ``ancestor + a (end - ancestor)`` with a from 0.25 to 0.75, is
trained too, to give the mix of photograph and target: then every part of the slider moves, but it is no
longer plain Deep Network Interpolation (Wang et al., CVPR 2019), which knows nothing of the middle. What is
kept is the exponential moving average of the parameters. A run can be stopped and resumed: batch ``n``
depends on the seed only, and everything else is in ``state.pt``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional
from torch.optim.swa_utils import get_ema_multi_avg_fn

from dni.device import training_autocast
from dni.errors import DniError
from dni.training.finite import check_finite
from dni.training.looks.config import LookConfig, learning_rate_factor
from dni.training.looks.photograph_pool import PhotographPool
from dni.training.looks.style import MAX_OFFSET, PaintingLoss
from dni.training.looks.tasks import draw_batch
from dni.training.run_state import read_run_state
from models.look_unet import LookUNet

__all__ = ["Budget", "LookTrainer"]

MIDDLE = (0.25, 0.75)
# In steps: a run that has diverged need not go on to its next checkpoint.
CHECK_EVERY = 50


@dataclass(frozen=True)
class Budget:
    """When a run ends: after a number of steps or, where that is None, of seconds."""

    steps: int | None = None
    seconds: float = 0.0

    def progress(self, step: int, elapsed: float) -> float:
        """From 0 to 1 at the end of the run."""
        return step / self.steps if self.steps is not None else elapsed / self.seconds


class LookTrainer:
    """Trains one network.

    Args:
        config: What to train.
        pool: Photographs, on the device to train on.
        ancestor: Parameters to start from; needed where the configuration names an ancestor.
        painting_loss: For paintings.

    Attributes:
        log: A record for each checkpoint.

    Raises:
        DniError: The ancestor or the painting's loss is missing.
    """

    def __init__(
        self,
        config: LookConfig,
        pool: PhotographPool,
        *,
        ancestor: Mapping[str, Tensor] | None = None,
        painting_loss: PaintingLoss | None = None,
    ) -> None:
        if config.ancestor is not None and ancestor is None:
            raise DniError(f"Expected the weights of {config.ancestor} to train {config.name}, but got none.")
        if config.task == "painting" and painting_loss is None:
            raise DniError(f"Expected a painting and an extractor to train {config.name}, but got none.")
        self.config, self.pool, self.painting_loss = config, pool, painting_loss
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            network = LookUNet()
        if ancestor is not None:
            network.load_state_dict(ancestor)
        self.network = network.to(pool.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.start = {name: p.detach().clone() for name, p in self.network.named_parameters()}
        self.average = {name: p.detach().clone() for name, p in self.network.named_parameters()}
        self.optimizer = torch.optim.Adam(self.network.parameters(), betas=(0.9, 0.99), fused=True)
        self.generator = torch.Generator(pool.device)
        self.steps, self.elapsed = 0, 0.0
        self.loss = torch.zeros((), device=pool.device)
        self.log: list[dict[str, float]] = []

    def run(
        self,
        budget: Budget,
        *,
        checkpoint: Callable[[LookTrainer], None],
        checkpoint_seconds: float = 60.0,
    ) -> None:
        """Train to the end of the budget; ``checkpoint`` is called on the way and at the end.

        Raises:
            DivergedError: The loss or the averaged parameters are no longer numbers; no checkpoint gets them.
        """
        last = saved = time.perf_counter()
        while budget.progress(self.steps, self.elapsed) < 1:
            self.step(budget.progress(self.steps, self.elapsed))
            if self.steps % CHECK_EVERY == 0:
                self._check()
            now = time.perf_counter()
            self.elapsed, last = self.elapsed + now - last, now
            if now - saved > checkpoint_seconds:
                self._keep(checkpoint)
                saved = time.perf_counter()
        self._keep(checkpoint)

    def _keep(self, checkpoint: Callable[[LookTrainer], None]) -> None:
        self._check()
        self._record()
        checkpoint(self)

    def _check(self) -> None:
        check_finite(self.config.name, self.loss, self.average, step=self.steps)

    def step(self, progress: float) -> None:
        """One update of the parameters and of their average."""
        config = self.config
        decisions = np.random.default_rng((config.seed, self.steps))
        self.generator.manual_seed(int(decisions.integers(2**62)))
        for group in self.optimizer.param_groups:
            group["lr"] = config.learning_rate * learning_rate_factor(self.steps, progress, config)
        inputs, targets = draw_batch(config, self.pool, self.generator, decisions)
        loss = self._loss(inputs, targets, decisions)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self._update_average()
        loss = loss.detach()
        self.loss = loss if self.steps == 0 else self.loss.lerp(loss, 0.02)
        self.steps += 1

    def _loss(self, inputs: Tensor, targets: Tensor, decisions: np.random.Generator) -> Tensor:
        with training_autocast(inputs.device):
            output = self.network(inputs)
            if self.painting_loss is not None:
                top, left = (int(offset) for offset in decisions.integers(MAX_OFFSET + 1, size=2))
                painted: Tensor = self.painting_loss(output, targets, offset=(top, left))
                return painted
        loss = functional.l1_loss(output.float(), targets)
        if decisions.random() < self.config.middle_share:
            loss = loss + self._middle_loss(inputs, targets, float(decisions.uniform(*MIDDLE)))
        return loss

    def _middle_loss(self, inputs: Tensor, targets: Tensor, share: float) -> Tensor:
        """L1 of the network at this share of the end to the pixels' mix at the same share."""
        middle = {name: torch.lerp(self.start[name], p, share) for name, p in self.network.named_parameters()}
        with training_autocast(inputs.device):
            output: Tensor = functional_call(self.network, middle, (inputs,))
        return functional.l1_loss(output.float(), torch.lerp(inputs, targets, share))

    def _update_average(self) -> None:
        decay = min(self.config.ema_decay, (self.steps + 1) / (self.steps + 10))
        average: Callable[..., None] = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        average(list(self.average.values()), list(self.network.parameters()), self.steps)

    def _record(self) -> None:
        record = {"step": self.steps, "seconds": self.elapsed, "loss": float(self.loss), **self.activity()}
        self.log.append({name: float(f"{value:.5g}") for name, value in record.items()})

    @torch.no_grad()
    def activity(self) -> dict[str, float]:
        """How far the averaged network changes a batch (rms, in levels of 255), and how alive it is: the
        smallest share of channels in a layer whose output varies at all."""
        network = LookUNet().to(self.pool.device)
        network.load_state_dict(self.average)
        alive: list[float] = []
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                layer.register_forward_hook(
                    lambda _, __, output: alive.append(
                        float((output.std(dim=(0, 2, 3)) > 1e-4).float().mean())
                    )
                )
        self.generator.manual_seed(0)
        inputs, _ = draw_batch(self.config, self.pool, self.generator, np.random.default_rng(0))
        change = 255 * (network(inputs[:4]) - inputs[:4]).square().mean().sqrt()
        return {"change": float(change), "alive": min(alive)}

    def state(self) -> dict[str, object]:
        """Everything that a resumed run needs."""
        return {
            "config": asdict(self.config),
            "network": self.network.state_dict(),
            "start": self.start,
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "loss": self.loss,
            "steps": self.steps,
            "elapsed": self.elapsed,
            "log": self.log,
        }

    def resume(self, file: Path) -> None:
        """Go on from a written :meth:`state`.

        Raises:
            DniError: It is damaged, or another run's.
        """
        state = read_run_state(file, device=self.pool.device)
        if state["config"] != asdict(self.config):
            raise DniError(
                f"Expected to resume the run of {file} with its own settings {state['config']}, "
                f"but got {asdict(self.config)}."
            )
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.start, self.average = state["start"], state["average"]
        self.steps, self.elapsed, self.log = state["steps"], state["elapsed"], state["log"]
        # States did not always hold the loss; their log has it, rounded.
        loss = state["loss"] if "loss" in state else self.log[-1]["loss"]
        self.loss = torch.as_tensor(loss, device=self.pool.device)
