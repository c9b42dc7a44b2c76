"""Training several networks in one sitting, and the file that holds a family of them.

A file names every tensor ``<network>/<parameter>``; its metadata hold settings and logs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from dni.checkpoints.files import read_state, save
from dni.errors import DniError
from dni.training.looks.config import FAMILIES, LookConfig
from dni.training.looks.photograph_pool import PhotographPool
from dni.training.looks.style import PaintingLoss
from dni.training.looks.train import Budget, LookTrainer

__all__ = ["FamilyRun", "read_network", "write_family"]

State = Mapping[str, Tensor]


def write_family(
    path: Path, networks: Mapping[str, State], configs: Mapping[str, LookConfig], logs: Mapping[str, object]
) -> None:
    """Write networks into one safetensors file, those whose settings say so in half precision."""
    tensors = {
        f"{name}/{parameter}": tensor.half() if configs[name].half else tensor.float()
        for name, state in networks.items()
        for parameter, tensor in state.items()
    }
    metadata = {
        "architecture": "LookUNet",
        "configs": json.dumps({name: asdict(configs[name]) for name in networks}, sort_keys=True),
        "logs": json.dumps({name: logs[name] for name in networks}),
    }
    save(path, tensors, metadata)


def read_network(path: Path, name: str) -> dict[str, Tensor]:
    """One network's parameters, float32.

    Args:
        path: A family's file, or a folder with a file for each network.
        name: Of the network.

    Raises:
        DniError: It is not there.
    """
    if path.is_dir():
        return {key: tensor.float() for key, tensor in read_state(path / f"{name}.safetensors").items()}
    with safe_open(path, framework="pt") as file:
        state = {
            key.removeprefix(f"{name}/"): file.get_tensor(key).float()
            for key in file.keys()  # noqa: SIM118 - not a dictionary
            if key.startswith(f"{name}/")
        }
        held = sorted({key.split("/")[0] for key in file.keys()})  # noqa: SIM118
    if not state:
        raise DniError(f"Expected {name} in {path}, but it holds {', '.join(held)}.")
    return state


@dataclass
class FamilyRun:
    """Trains families one network after the other; each gets its share of the time that is left.

    A network whose training fails, and those that descend from it, are left out; the others go on.

    Args:
        pool: Photographs.
        folder: Receives ``<family>.safetensors``, written again at every checkpoint.
        painting_loss: Makes the loss of a painting by its name.
        changes: To every network's settings, such as a smaller batch.
        say: Is told what happens.
    """

    pool: PhotographPool
    folder: Path
    painting_loss: Callable[[str], PaintingLoss]
    changes: Callable[[LookConfig], LookConfig] = lambda config: config
    say: Callable[[str], None] = print
    networks: dict[str, dict[str, State]] = field(default_factory=dict)
    logs: dict[str, object] = field(default_factory=dict)

    def run(self, families: Sequence[str], *, seconds: float, checkpoint_seconds: float = 60.0) -> None:
        """Train all networks of the families in ``seconds``."""
        deadline = time.perf_counter() + seconds
        queue = [(family, self.changes(config)) for family in families for config in FAMILIES[family]]
        for place, (family, config) in enumerate(queue):
            waiting = sum(other.share for _, other in queue[place:])
            budget = Budget(seconds=max(1.0, (deadline - time.perf_counter()) * config.share / waiting))
            try:
                self._train(family, config, budget, checkpoint_seconds)
            except (DniError, RuntimeError) as error:  # out of memory, a loss that is no number
                self._drop(family, config.name)
                self.say(f"{config.name}: {error}")

    def _train(self, family: str, config: LookConfig, budget: Budget, checkpoint_seconds: float) -> None:
        trainer = LookTrainer(
            config,
            self.pool,
            ancestor=self._trained(config.ancestor),
            painting_loss=self.painting_loss(config.subject) if config.task == "painting" else None,
        )

        def checkpoint(trainer: LookTrainer) -> None:
            # A copy: the average goes on changing.
            copied = {name: tensor.detach().cpu().clone() for name, tensor in trainer.average.items()}
            self.networks.setdefault(family, {})[config.name] = copied
            self.logs[config.name] = trainer.log
            self._write(family)
            self.say(f"{config.name}: {json.dumps(trainer.log[-1])}{memory_used(self.pool.device)}")

        trainer.run(budget, checkpoint=checkpoint, checkpoint_seconds=checkpoint_seconds)

    def _drop(self, family: str, name: str) -> None:
        """Take back what the checkpoints of a network wrote."""
        networks = self.networks.get(family, {})
        if networks.pop(name, None) is None:
            return
        if networks:
            self._write(family)
        else:
            self._file(family).unlink()

    def _trained(self, name: str | None) -> State | None:
        if name is None:
            return None
        for networks in self.networks.values():
            if name in networks:
                return networks[name]
        raise DniError(f"Expected {name} to be trained before its descendants, but it is missing.")

    def _write(self, family: str) -> None:
        configs = {config.name: self.changes(config) for config in FAMILIES[family]}
        write_family(self._file(family), self.networks[family], configs, self.logs)

    def _file(self, family: str) -> Path:
        return self.folder / f"{family}.safetensors"


def memory_used(device: torch.device) -> str:
    """The peak of the device's memory as text; empty on a CPU."""
    if device.type != "cuda":
        return ""
    return f" peak {torch.cuda.max_memory_allocated(device) / 2**30:.2f} GiB"
