"""One training loop for every method of adaptation.

The protocol of DANN (Ganin et al., JMLR 2016, https://arxiv.org/abs/1505.07818): stochastic gradient descent
with momentum 0.9, batches of half source and half target. No target label is read unless the method is the
upper bound, nothing is measured here, and what is kept is the last step's network. A run can be stopped and
resumed: batch ``n`` depends on the seed only, and everything else is in ``state.pt``.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from tqdm import tqdm

from dni.checkpoints.files import save
from dni.device import best_device, training_autocast
from dni.digits.classifiers import NETWORK_CLASSES, read_network
from dni.digits.data.domains import Digits
from dni.digits.methods import ANCESTOR, METHODS
from dni.errors import DniError, shown
from dni.training.adaptation.methods import METHOD_CLASSES, Method
from dni.training.adaptation.methods.aligning import AligningMethod
from dni.training.adaptation.methods.base import Batch, Setting
from dni.training.adaptation.methods.ddc import Ddc, Place
from dni.training.adaptation.methods.target_only import TargetOnly
from dni.training.finite import check_finite
from dni.training.run_state import read_run_state
from models.digits import DigitClassifier

__all__ = ["AdaptationConfig", "AdaptationTrainer"]

# Networks kept on the way, evenly spaced, for the report and the scrubber; the first is before any training.
NUM_SNAPSHOTS = 20
LOG_EVERY = 100


@dataclass(frozen=True)
class AdaptationConfig:
    """Everything that decides what a run computes, beside the data.

    ``batch_size`` counts both halves; ``iterations`` of 0 means the method's own number; ``setting`` is of
    the methods that align activations, and by default their first candidate; ``place`` is DDC's; ``size`` is
    that of the network, "small" or "large".
    """

    method: str
    iterations: int = 0
    batch_size: int = 128
    seed: int = 0
    place: Place | None = None
    setting: Setting | None = None
    size: str = "small"

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise DniError(f"Expected one of the methods {', '.join(METHODS)}, but got {self.method!r}.")
        if self.size not in NETWORK_CLASSES:
            raise DniError(
                f"Expected one of the networks {', '.join(NETWORK_CLASSES)}, but got {shown(self.size)}."
            )
        if self.iterations < 0 or self.batch_size < 4 or self.batch_size % 2:
            raise DniError(
                "Expected 0 or more iterations and an even batch size of at least 4, "
                f"but got {self.iterations} and {self.batch_size}."
            )

    @property
    def total(self) -> int:
        return self.iterations or METHOD_CLASSES[self.method].steps(self.size)


class AdaptationTrainer:
    """Trains one method with one seed in ``run_folder``, which receives ``state.pt``, ``log.jsonl``,
    ``snapshots.safetensors`` and the network.

    Args:
        config: What to train.
        source: Labelled digits.
        target: Digits whose labels are dropped here, unless the method is the upper bound.
        run_folder: Where to write; created if absent.
        ancestor: Weights to start from; required for every method but source-only.
        resume: Continue from ``state.pt`` if there is one.

    Raises:
        DniError: No ancestor or a damaged one; a state that is damaged, of other settings, or of another
            ancestor or other digits.
    """

    def __init__(
        self,
        config: AdaptationConfig,
        *,
        source: Digits,
        target: Digits,
        run_folder: Path,
        ancestor: Path | None = None,
        resume: bool = False,
    ) -> None:
        if config.method != ANCESTOR and ancestor is None:
            raise DniError(
                f"Expected the {ANCESTOR} weights for {config.method} to start from, but got none."
            )
        self.config = config
        self.run_folder = run_folder
        run_folder.mkdir(parents=True, exist_ok=True)
        self.device = best_device()
        self.source = source
        self.target_images = target.images
        self.target_labels = target.labels if METHOD_CLASSES[config.method].needs_target_labels else None
        # Read before the seed is set, since a network that is built draws numbers.
        self._start = {} if ancestor is None else read_network(ancestor).state_dict()
        torch.manual_seed(config.seed)
        network = NETWORK_CLASSES[config.size]()
        if self._start:
            network.load_state_dict(self._start)
        self.method = build_method(config, network).to(self.device)
        self.method.to(memory_format=torch.channels_last)
        self.optimizer = self.method.optimizer()
        self.iteration, self.seconds = 0, 0.0
        self.snapshots: dict[str, Tensor] = {}
        if resume and self.state_file.is_file():
            self._restore()
        self._trim_log()

    @cached_property
    def origin(self) -> dict[str, str]:
        """Digests of what the run starts from: a state of another ancestor or other digits is not gone on
        with."""
        labels = [] if self.target_labels is None else [self.target_labels]
        return {
            "ancestor": digest_of(self._start.values()),
            "digits": digest_of([self.source.images, self.source.labels, self.target_images, *labels]),
        }

    @property
    def state_file(self) -> Path:
        return self.run_folder / "state.pt"

    @property
    def log_file(self) -> Path:
        return self.run_folder / "log.jsonl"

    @property
    def weights_file(self) -> Path:
        return self.run_folder / f"{self.config.method}.safetensors"

    @property
    def snapshots_file(self) -> Path:
        return self.run_folder / "snapshots.safetensors"

    def run(self) -> Path:
        """Train to the last iteration, with a progress bar; log, take snapshots and save on the way.

        Returns:
            The network's file.

        Raises:
            DivergedError: The parameters are no longer numbers; they are not written.
        """
        total = self.config.total
        bar = tqdm(
            total=total,
            initial=self.iteration,
            desc=f"{self.config.method} {self.config.seed}",
            mininterval=5,
        )
        if not self.snapshots:
            self._take_snapshot()
        while self.iteration < total:
            started = time.perf_counter()
            losses = self.step()
            self.seconds += time.perf_counter() - started
            self.iteration += 1
            bar.update()
            if self.iteration % LOG_EVERY == 0 or self.iteration == total:
                self._log(losses)
            if self.iteration * NUM_SNAPSHOTS // total > (self.iteration - 1) * NUM_SNAPSHOTS // total:
                self._check()
                self._take_snapshot()
                self._save_state()
        bar.close()
        self._check()
        self._export()
        return self.weights_file

    def step(self) -> Mapping[str, Tensor]:
        """One update; returns the losses."""
        progress = self.iteration / self.config.total
        for group in self.optimizer.param_groups:
            group["lr"] = self.method.learning_rate(progress)
        batch = self.batch(self.iteration)
        with training_autocast(self.device):
            losses = self.method.losses(batch, progress)
        self.optimizer.zero_grad()
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        self.optimizer.step()
        self.method.after_step()
        return losses

    def batch(self, number: int) -> Batch:
        """Batch ``number``, and the seed of its augmentations; both depend on the run's seed only."""
        seeds = np.random.SeedSequence((self.config.seed, number)).generate_state(2)
        self.method.generator.manual_seed(int(seeds[1]))
        generator = torch.Generator().manual_seed(int(seeds[0]))
        half = self.config.batch_size // 2
        source = torch.randint(len(self.source), (half,), generator=generator)
        target = torch.randint(len(self.target_images), (half,), generator=generator)
        return Batch(
            self._images(self.source.images[source]),
            self.source.labels[source].to(self.device),
            self._images(self.target_images[target]),
            None if self.target_labels is None else self.target_labels[target].to(self.device),
        )

    def _images(self, images: Tensor) -> Tensor:
        return images.to(self.device, memory_format=torch.channels_last).float() / 255

    def _log(self, losses: Mapping[str, Tensor]) -> None:
        record = {"iteration": self.iteration, "seconds": round(self.seconds, 1)}
        record |= {name: round(float(loss.detach()), 5) for name, loss in losses.items()}
        with self.log_file.open("a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")

    def _trim_log(self) -> None:
        """Drop what an earlier run logged after the state that this one starts from, and a line that it was
        stopped in."""
        if self.log_file.is_file():
            lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
            kept = [line for line in lines if logged_iteration(line) <= self.iteration]
            self.log_file.write_text("".join(kept), encoding="utf-8")

    def _take_snapshot(self) -> None:
        for name, tensor in self.method.result().state_dict().items():
            self.snapshots[f"{self.iteration}/{name}"] = tensor.detach().cpu().clone().contiguous()

    def _check(self) -> None:
        check_finite(self.config.method, self.method.state_dict(), step=self.iteration)

    def _save_state(self) -> None:
        state = {
            "iteration": self.iteration,
            "seconds": self.seconds,
            "config": asdict(self.config),
            "origin": self.origin,
            "method": self.method.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "snapshots": self.snapshots,
        }
        partial = self.state_file.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.state_file)

    def _restore(self) -> None:
        state = read_run_state(self.state_file, device=self.device)
        known = {"size": "small", **state["config"]}  # of runs from before there were two
        if known != asdict(self.config):
            raise DniError(
                f"Expected to resume the run of {self.state_file} with its own settings "
                f"{state['config']}, but got {asdict(self.config)}. Delete {self.run_folder} to train it "
                "anew, or give another folder of runs."
            )
        origin = state.get("origin", self.origin)  # none in states of before
        if other := [name for name, digest in self.origin.items() if origin[name] != digest]:
            raise DniError(
                f"Expected to resume the run of {self.state_file} with the {' and the '.join(other)} that it "
                f"started from, but got others. Delete {self.run_folder} to train it anew."
            )
        self.method.load_state_dict(state["method"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.iteration, self.seconds, self.snapshots = (
            state["iteration"],
            state["seconds"],
            state["snapshots"],
        )

    def _export(self) -> None:
        config = replace(self.config, iterations=self.config.total)  # a method's own number may change
        metadata = {
            "architecture": type(self.method.network).__name__,
            "method": self.config.method,
            "training": json.dumps(asdict(config), sort_keys=True),
            "seconds": f"{self.seconds:.1f}",
        }
        save_file(self.snapshots, self.snapshots_file)
        save(self.weights_file, self.method.result().state_dict(), metadata)


def digest_of(tensors: Iterable[Tensor]) -> str:
    """sha256 of the bytes of tensors, in their order."""
    state = hashlib.sha256()
    for tensor in tensors:
        state.update(tensor.contiguous().numpy().data)
    return state.hexdigest()


def logged_iteration(line: str) -> float:
    """Of a line of the log; infinite where it cannot be read."""
    try:
        return int(json.loads(line)["iteration"])
    except (ValueError, TypeError, KeyError):
        return math.inf


def build_method(config: AdaptationConfig, network: DigitClassifier) -> Method:
    method = METHOD_CLASSES[config.method]
    if issubclass(method, Ddc) and config.place is not None:
        return method(network, config.setting, config.place)
    if issubclass(method, TargetOnly):
        return method(network, augmented=config.size == "large")
    return method(network, config.setting) if issubclass(method, AligningMethod) else method(network)
