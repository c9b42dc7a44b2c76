"""One training loop for all ends of a set of restoration networks.

End A ("psnr") minimises L1. End B ("texture") starts from A and minimises a DISTS-like distance (Ding et al.,
2020, https://arxiv.org/abs/2004.07728) beside a little L1; "gan" starts from A and adds ESRGAN's perceptual
and relativistic adversarial losses (Wang et al., 2018, https://arxiv.org/abs/1809.00219). The ends "clean",
"flat" and "careful" start from A too and minimise L1 on tasks of :mod:`dni.training.restoration.data.tasks`;
"bold" starts from "careful" and has its inputs and the losses of "texture". "detail" and "vivid" are
"texture" and "bold" with Real-ESRGAN's adversary (:mod:`dni.training.restoration.adversaries`). What is
exported is the exponential moving average of the parameters. A run can be stopped at any time and resumed:
batch ``n`` depends on the seed only, and everything else is in ``state.pt``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from dni.checkpoints.files import save
from dni.device import best_device, best_precision
from dni.errors import DniError, listed
from dni.metrics.distortion import psnr_y, quantize
from dni.metrics.dists import dists_distance, load_efficientnet_lite
from dni.metrics.perceptual import load_extractor, perceptual_distance
from dni.metrics.spectra import spectral_ratio
from dni.metrics.views import random_view
from dni.pictures.photographs import load_photographs
from dni.training.finite import check_finite
from dni.training.restoration.adversaries import balanced_gradient, new_adversary, same_crop
from dni.training.restoration.config import (
    TrainConfig,
    learning_rate_factor,
    progress_of,
    set_learning_rate,
)
from dni.training.restoration.data.patches import PatchSampler, batches_from, example
from dni.training.restoration.data.tasks import TASKS
from dni.training.restoration.losses import lattice_loss, spectrum_loss
from dni.training.restoration.sources import extractor_of, identity_of, identity_of_photographs
from dni.training.run_state import read_run_state
from models.compact import SRVGGNetCompact
from models.discriminator import PATCH_SIZE
from models.rrdbnet import RRDBNet

__all__ = ["Trainer"]

# Every 50th photograph is kept for the validation curve, cropped to this size.
VALIDATION_STRIDE = 50
VALIDATION_SIZE = 256


class Trainer:
    """Trains one end in ``run_folder``, which receives ``state.pt``, ``log.jsonl`` and the EMA weights.

    Args:
        config: What to train.
        photographs: Folders of training photographs.
        run_folder: Where to write; created if absent.
        ancestor: Weights to start from (end A), required for every other end.
        extractor: Of the "gan" end, ``"vgg19"`` or a Tiny Darknet file; of the "texture" end, ``"lite0"`` or
            such a network's file.
        held_back: Names of photographs, with or without a suffix, that nothing is trained on.
        workers: Processes that make batches ahead; 0 for this one.
        resume: Continue from ``state.pt`` if there is one.

    Raises:
        DniError: No ancestor, an extractor for an end that uses none, or a state of other settings, weights
            or photographs.
    """

    def __init__(
        self,
        config: TrainConfig,
        *,
        photographs: Sequence[Path],
        run_folder: Path,
        ancestor: Path | None = None,
        extractor: str | None = None,
        held_back: Sequence[str] = (),
        workers: int = 0,
        resume: bool = False,
    ) -> None:
        if config.end != "psnr" and ancestor is None:
            raise DniError(
                f"Expected the weights of end A as the ancestor of the end {config.end!r}, but got none. "
                "Give them as --ancestor."
            )
        extractor = extractor_of(config, extractor)
        self.config = config
        self.run_folder = run_folder
        run_folder.mkdir(parents=True, exist_ok=True)
        # The discriminator runs more than once a step; broadcasting its batch-norm statistics in between
        # would change them under the gradient.
        parallel = DistributedDataParallelKwargs(broadcast_buffers=False)
        mixed = "bf16" if best_precision(best_device()) == "bfloat16" else "no"
        self.accelerator = Accelerator(mixed_precision=mixed, kwargs_handlers=[parallel])
        torch.manual_seed(config.seed)
        self.generator = new_network(config)
        if ancestor is not None:
            self.generator.load_state_dict(load_file(ancestor))
        self._build(extractor)
        self._load_data(load_photographs(photographs, held_back=held_back))
        self.sources = {
            "ancestor": identity_of(ancestor or ""),
            "extractor": identity_of(extractor),
            "photographs": identity_of_photographs(photographs, held_back=held_back),
        }
        self.workers = workers
        self.batches: Iterator[tuple[Tensor, Tensor]] | None = None
        self.iteration, self.elapsed = 0, 0.0
        if resume and self.state_file.is_file():
            self._restore()

    @property
    def state_file(self) -> Path:
        return self.run_folder / "state.pt"

    @property
    def weights_file(self) -> Path:
        return self.run_folder / f"{self.config.end}.safetensors"

    @property
    def log_file(self) -> Path:
        return self.run_folder / "log.jsonl"

    def _build(self, extractor: str) -> None:
        prepare = self.accelerator.prepare
        self.ema = AveragedModel(self.generator, multi_avg_fn=ema_step(0.0)).to(self.accelerator.device)
        generator = self.generator.to(memory_format=torch.channels_last)
        self.network, self.optimizer = prepare(
            generator, torch.optim.Adam(generator.parameters(), betas=(0.9, 0.99))
        )
        if self.config.dists_weight:
            self.extractor = self._frozen(load_efficientnet_lite(extractor))
        self.adversary = new_adversary(self.config, self.accelerator)
        if self.config.perceptual_weight:
            self.extractor = self._frozen(load_extractor(extractor))

    def _frozen(self, extractor: nn.Module) -> nn.Module:
        return extractor.to(self.accelerator.device).to(memory_format=torch.channels_last)

    def _load_data(self, photographs: Sequence[Image.Image]) -> None:
        config, task = self.config, TASKS[self.config.end]
        self.validation = [
            example(
                centre(image), scale=self.generator.scale, task=task, generator=np.random.default_rng(number)
            )
            for number, image in enumerate(photographs[::VALIDATION_STRIDE])
        ]
        kept = [image for index, image in enumerate(photographs) if index % VALIDATION_STRIDE]
        self.sampler = PatchSampler(
            kept,
            patch_size=config.patch_size,
            batch_size=config.batch_size,
            scale=self.generator.scale,
            seed=config.seed,
            task=task,
        )

    def run(self) -> None:
        """Train to the last iteration, with a progress bar; validate, log and save on the way."""
        config, main = self.config, self.accelerator.is_main_process
        bar = tqdm(
            total=None if config.seconds else config.iterations,
            initial=self.iteration,
            disable=not main,
            mininterval=5,
        )
        if main:
            self._trim_log()
        last = time.perf_counter()
        done = progress_of(self.iteration, self.elapsed, config) >= 1
        while not done:
            losses = self.step()
            self.iteration += 1
            self.elapsed, last = self.elapsed + time.perf_counter() - last, time.perf_counter()
            bar.update()
            done = progress_of(self.iteration, self.elapsed, config) >= 1
            if main and (done or self.iteration % config.validate_every == 0):
                self._checkpoint({name: float(loss.detach()) for name, loss in losses.items()})
        bar.close()

    def step(self) -> dict[str, Tensor]:
        """One update of the generator (and of the discriminator); returns the losses."""
        low, high = self._next_batch()
        factor = learning_rate_factor(self.iteration, self.config, self.elapsed)
        set_learning_rate(self.optimizer, self.config.learning_rate * factor)
        output = self.network(low).float()
        losses = {"l1": functional.l1_loss(output, high)}
        total = self.config.l1_weight * losses["l1"]
        if self.config.dists_weight:
            losses["dists"] = self._dists_loss(output, high)
            total = total + self.config.dists_weight * losses["dists"]
        if self.config.spectrum_weight:
            losses["spectrum"] = spectrum_loss(output, high, power=self.config.spectrum_power)
            total = total + self.config.spectrum_weight * losses["spectrum"]
        if self.config.lattice_weight:
            losses["lattice"] = lattice_loss(output, high, scale=self.generator.scale)
            total = total + self.config.lattice_weight * losses["lattice"]
        if self.adversary is not None:
            losses |= self.adversary.losses(output, high, factor=factor, iteration=self.iteration)
        if self.config.perceptual_weight:
            losses["perceptual"] = self._perceptual_loss(output, high)
            total = total + self.config.perceptual_weight * losses["perceptual"]
        self.optimizer.zero_grad()
        self._backward(output, total, losses.get("adversarial"))
        self.accelerator.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        decay = min(self.config.ema_decay, (self.iteration + 1) / (self.iteration + 10))
        self.ema.multi_avg_fn = ema_step(decay)
        self.ema.update_parameters(self.accelerator.unwrap_model(self.network))
        return losses

    def _next_batch(self) -> tuple[Tensor, Tensor]:
        device = self.accelerator.device
        if self.batches is None:
            rank, world = self.accelerator.process_index, self.accelerator.num_processes
            self.batches = batches_from(
                self.sampler,
                self.iteration * world + rank,
                step=world,
                workers=self.workers,
                pinned=device.type == "cuda",
            )
        low, high = (
            patches.to(device, non_blocking=True).contiguous(memory_format=torch.channels_last)
            for patches in next(self.batches)
        )
        return low, high

    def _backward(self, output: Tensor, total: Tensor, adversarial: Tensor | None) -> None:
        """Send the gradient of all losses into the generator."""
        config = self.config
        if adversarial is None:
            self.accelerator.backward(total)
        elif config.adversarial_share:
            gradient = balanced_gradient(
                output, main=total, adversarial=adversarial, share=config.adversarial_share
            )
            self.accelerator.backward(output, gradient=gradient)
        else:
            self.accelerator.backward(total + config.adversarial_weight * adversarial)

    def _dists_loss(self, output: Tensor, high: Tensor) -> Tensor:
        """The DISTS-like distance of a random view."""
        generator = np.random.default_rng((self.config.seed, self.iteration, 2))
        views = (
            view.contiguous(memory_format=torch.channels_last)
            for view in random_view(output, high, generator)
        )
        with self.accelerator.autocast():
            return dists_distance(self.extractor, *views).mean()

    def _perceptual_loss(self, output: Tensor, high: Tensor) -> Tensor:
        """ESRGAN's, of the same crop that its discriminator sees."""
        generator = np.random.default_rng((self.config.seed, self.iteration, 1))
        generator.integers(2**31)
        output, high = same_crop(output, high, PATCH_SIZE, generator)
        with self.accelerator.autocast():
            return perceptual_distance(self.extractor, output, high)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Mean luma PSNR (dB) and spectral ratio of the EMA network on the held-out photographs."""
        psnr, ratio = 0.0, 0.0
        for low, high in self.validation:
            inputs = low[None].float().to(self.accelerator.device) / 255
            output = quantize(self.ema(inputs)).cpu()
            reference = high[None].float() / 255
            psnr += psnr_y(output, reference) / len(self.validation)
            ratio += spectral_ratio(output, reference) / len(self.validation)
        return {"psnr_y": psnr, "spectral_ratio": ratio}

    def _trim_log(self) -> None:
        """Drop what an earlier run logged after the state that this one starts from."""
        if self.log_file.is_file():
            lines = self.log_file.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [line for line in lines if json.loads(line)["iteration"] <= self.iteration]
            self.log_file.write_text("".join(kept), encoding="utf-8")

    def _checkpoint(self, losses: dict[str, float]) -> None:
        check_finite(self.config.end, losses, self.ema.state_dict(), step=self.iteration)
        record = {"iteration": self.iteration, "seconds": self.elapsed, **losses, **self.validate()}
        with self.log_file.open("a", encoding="utf-8") as log:
            log.write(json.dumps({key: round(value, 5) for key, value in record.items()}) + "\n")
        tqdm.write(" ".join(f"{key}={value:.4g}" for key, value in record.items()))
        state: dict[str, Any] = {
            "iteration": self.iteration,
            "elapsed": self.elapsed,
            "config": asdict(self.config),
            "sources": self.sources,
        }
        for name, part in self._parts().items():
            state[name] = part.state_dict()
        partial = self.state_file.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.state_file)

    def export(self) -> Path:
        """Write the averaged network as safetensors, with its architecture and settings as metadata.

        Raises:
            DivergedError: It has numbers that are none.
        """
        config = self.config
        check_finite(config.end, self.ema.state_dict(), step=self.iteration)
        metadata = {
            "architecture": config.network,
            "num_filters": str(config.num_filters),
            "num_blocks": str(config.num_blocks),
            "training": json.dumps(asdict(config), sort_keys=True),
            "steps": str(self.iteration),
        }
        save(self.weights_file, self.ema.module.state_dict(), metadata)
        return self.weights_file

    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        unwrap = self.accelerator.unwrap_model
        parts = {"network": unwrap(self.network), "ema": self.ema, "optimizer": self.optimizer}
        if self.adversary is not None:
            parts |= {
                "critic": unwrap(self.adversary.critic),
                "critic_optimizer": self.adversary.optimizer,
            }
        return parts

    def _restore(self) -> None:
        state = read_run_state(self.state_file, device=self.accelerator.device)
        if state["config"] != asdict(self.config):
            raise DniError(
                f"Expected to resume the run of {self.state_file} with its own settings "
                f"{state['config']}, but got {asdict(self.config)}."
            )
        kept = state.get("sources", self.sources)  # states did not always hold them
        if others := [name for name, identity in self.sources.items() if kept[name] != identity]:
            raise DniError(
                f"Expected to resume the run of {self.state_file} with what it began with, but got another "
                f"choice of {listed(others)}. Give the same, or choose another --run-folder."
            )
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.iteration, self.elapsed = state["iteration"], state.get("elapsed", 0.0)


def new_network(config: TrainConfig) -> RRDBNet | SRVGGNetCompact:
    if config.network == "RRDBNet":
        return RRDBNet(num_filters=config.num_filters, num_blocks=config.num_blocks)
    return SRVGGNetCompact(num_filters=config.num_filters, num_convs=config.num_blocks)


def ema_step(decay: float) -> Callable[..., None]:
    """How averaged parameters take in new ones."""
    step: Callable[..., None] = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    return step


def centre(image: Image.Image) -> Image.Image:
    if min(image.size) < VALIDATION_SIZE:
        raise DniError(
            f"Expected photographs of at least {VALIDATION_SIZE} pixels a side, but got one of {image.size}."
        )
    left = (image.width - VALIDATION_SIZE) // 2
    top = (image.height - VALIDATION_SIZE) // 2
    return image.crop((left, top, left + VALIDATION_SIZE, top + VALIDATION_SIZE))
