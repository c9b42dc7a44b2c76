"""Trains and measures the view "From a teacher": small students of labels, of soft targets, and of logits.

Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, https://arxiv.org/abs/1503.02531; Ba and
Caruana, "Do Deep Nets Really Need to be Deep?", NIPS 2014, https://arxiv.org/abs/1312.6184. One teacher has
all 60,000 digits; the students see 16,000, or those of them that are not of a hidden class. All students of a
seed start from the same weights and see batches of the same numbers, so that they can be blended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from dni.checkpoints.files import read_state, save
from dni.training.transfer.digit_data import GreyDigits, load_grey
from dni.training.transfer.distillation import logit_loss, soft_target_loss
from dni.training.transfer.fit import Schedule, fit, seeded
from dni.training.transfer.views import Runs
from dni.transfer.teacher_setting import HIDDEN, KINDS, NUM_DIGITS, TEMPERATURE
from models.transfer import ConvolutionalTeacher, Student

__all__ = ["logits_of", "student_path", "teacher_network", "train", "train_student"]

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]

TEACHER = Schedule(steps=2500)
STUDENT = Schedule(steps=1500)
TEACHER_SEED = 0
# Of student's logits, the teacher's logits and labels.
LOSSES: Mapping[str, Loss] = {
    "hard": lambda logits, _, labels: functional.cross_entropy(logits, labels),
    "soft": lambda logits, wanted, _: soft_target_loss(logits, wanted, TEMPERATURE),
    "logits": lambda logits, wanted, _: logit_loss(logits, wanted),
}


@torch.no_grad()
def logits_of(network: torch.nn.Module, images: Tensor) -> Tensor:
    """Float32 digits (N, 1, 28, 28) to logits (N, 10)."""
    return torch.cat([network(chunk) for chunk in images.split(500)])


def teacher_network(runs: Runs) -> ConvolutionalTeacher:
    """The teacher in evaluation mode; trained where it is not there yet. All seeds of students share it."""
    path = runs.folder("teacher", TEACHER_SEED) / "teacher.safetensors"
    network = seeded(TEACHER_SEED, ConvolutionalTeacher)
    if not path.is_file():
        digits = load_grey(runs.data_root, "train")

        def loss_of(batch: Tensor) -> Tensor:
            return functional.cross_entropy(network(digits.images[batch]), digits.labels[batch])

        schedule = Schedule(max(1, TEACHER.steps // runs.shorten))
        fit(network.parameters(), loss_of, len(digits), schedule, TEACHER_SEED)
        save(path, network.state_dict(), {})
    network.load_state_dict(read_state(path))
    return network.eval()


def student_path(runs: Runs, seed: int, kind: str, hidden: int | None) -> Path:
    """Where the student of a kind is that never saw a digit, or saw all."""
    name = kind if hidden is None else f"{kind}-without-{hidden}"
    return runs.folder("teacher", seed) / f"{name}.safetensors"


def train_student(
    kind: str, digits: GreyDigits, wanted: Tensor, seed: int, schedule: Schedule = STUDENT
) -> Student:
    """One student of a kind (:data:`dni.transfer.teacher_setting.KINDS`).

    Args:
        kind: How it is taught.
        digits: What it sees.
        wanted: The teacher's logits for them, float32 (N, 10).
        seed: Of weights and batches.
        schedule: How long.
    """
    network, loss = seeded(seed, Student), LOSSES[kind]

    def loss_of(batch: Tensor) -> Tensor:
        return loss(network(digits.images[batch]), wanted[batch], digits.labels[batch])

    fit(network.parameters(), loss_of, len(digits), schedule, seed)
    return network.eval()


def train(runs: Runs, seed: int) -> None:
    """Train all students of a seed, and the teacher before them; what is there is kept when resuming."""
    teacher = teacher_network(runs)
    digits = load_grey(runs.data_root, "train").subset(slice(NUM_DIGITS))
    wanted = logits_of(teacher, digits.images)
    schedule = Schedule(max(1, STUDENT.steps // runs.shorten))
    for hidden in (None, *HIDDEN):
        seen = torch.ones(len(digits), dtype=torch.bool) if hidden is None else digits.labels != hidden
        for kind in KINDS:
            path = student_path(runs, seed, kind, hidden)
            if not (runs.resume and path.is_file()):
                student = train_student(kind, digits.subset(seen), wanted[seen], seed, schedule)
                save(path, student.state_dict(), {})
