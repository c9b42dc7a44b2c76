"""Trains and measures the view "From a teacher": small students of labels, of soft targets, and of logits.

Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, https://arxiv.org/abs/1503.02531; Ba and
Caruana, "Do Deep Nets Really Need to be Deep?", NIPS 2014, https://arxiv.org/abs/1312.6184. One teacher has
all 60,000 digits; the students see 16,000, or those of them that are not of a hidden class. All students of a
seed start from the same weights and see batches of the same numbers, so that they can be blended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from dni.blending.interpolate import interpolate
from dni.blending.shares import shares_of
from dni.checkpoints.files import read_state, save
from dni.training.transfer.digit_data import GreyDigits, load_grey
from dni.training.transfer.distillation import logit_loss, soft_target_loss
from dni.training.transfer.fit import Schedule, fit, seeded
from dni.training.transfer.report import measured, measured_text, ship, write_report
from dni.training.transfer.views import Runs
from dni.transfer.teacher import ALPHAS, BIASES, HIDDEN, KINDS, NUM_DIGITS, TEMPERATURE, biased_accuracy
from models.transfer import ConvolutionalTeacher, Student

__all__ = ["evaluate", "logits_of", "student_path", "teacher_network", "train", "train_student"]

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]

TEACHER = Schedule(steps=4000)
STUDENT = Schedule(steps=4000, batch_size=64)
TEACHER_SEED = 0
# All test digits, and those of the hidden class.
PARTS = ("all", "hidden")
# Of student's logits, the teacher's logits and labels.
LOSSES: Mapping[str, Loss] = {
    "hard": lambda logits, _, labels: functional.cross_entropy(logits, labels),
    "soft": lambda logits, wanted, _: soft_target_loss(logits, wanted, TEMPERATURE),
    "logits": lambda logits, wanted, _: logit_loss(logits, wanted),
}


@torch.no_grad()
def logits_of(network: torch.nn.Module, images: Tensor) -> Tensor:
    """Float32 digits (N, 1, 28, 28) to logits (N, 10)."""
    return torch.cat([network(chunk) for chunk in torch.split(images, 500)])


def teacher_network(runs: Runs) -> ConvolutionalTeacher:
    """The teacher in evaluation mode; when resuming, trained only where it is not there yet.

    All seeds of students share it.
    """
    path = runs.folder("teacher", TEACHER_SEED) / "teacher.safetensors"
    network = seeded(TEACHER_SEED, ConvolutionalTeacher)
    if not (runs.resume and path.is_file()):
        digits = load_grey(runs.data_root, "train")

        def loss_of(batch: Tensor) -> Tensor:
            return functional.cross_entropy(network(digits.images[batch]), digits.labels[batch])

        schedule = Schedule(max(1, TEACHER.steps // runs.shorten))
        fit(network.parameters(), loss_of, len(digits), schedule, TEACHER_SEED)
        save(path, network.state_dict(), {})
    network.load_state_dict(read_state(path))
    return network.eval()


def teacher_logits(runs: Runs, digits: GreyDigits) -> Tensor:
    """What the teacher answers to the students' digits, (N, 10); kept with its run."""
    path = runs.folder("teacher", TEACHER_SEED) / "logits-of-teacher.safetensors"
    if not (runs.resume and path.is_file()):
        save(path, {"logits": logits_of(teacher_network(runs), digits.images)}, {})
    return read_state(path)["logits"]


def student_path(runs: Runs, seed: int, kind: str, hidden: int | None) -> Path:
    """Where the student of a kind is that never saw a digit, or saw all."""
    name = kind if hidden is None else f"{kind}-without-{hidden}"
    return runs.folder("teacher", seed) / f"{name}.safetensors"


def train_student(
    kind: str, digits: GreyDigits, wanted: Tensor, seed: int, schedule: Schedule = STUDENT
) -> Student:
    """One student of a kind (:data:`dni.transfer.teacher.KINDS`).

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
    digits = load_grey(runs.data_root, "train").subset(slice(NUM_DIGITS))
    wanted = teacher_logits(runs, digits)
    schedule = Schedule(max(1, STUDENT.steps // runs.shorten), STUDENT.batch_size)
    for hidden in (None, *HIDDEN):
        seen = torch.ones(len(digits), dtype=torch.bool) if hidden is None else digits.labels != hidden
        for kind in KINDS:
            path = student_path(runs, seed, kind, hidden)
            if not (runs.resume and path.is_file()):
                student = train_student(kind, digits.subset(seen), wanted[seen], seed, schedule)
                save(path, student.state_dict(), {})


def evaluate(runs: Runs) -> None:
    """Train what is missing and measure all students; writes ``weights/transfer/teacher`` and its tables."""
    for seed in range(runs.num_seeds):
        train(runs, seed)
    test = load_grey(runs.data_root, "test")
    found = {
        "teacher": biased_accuracy(logits_of(teacher_network(runs), test.images), test.labels, 0, 0.0)[0],
        "students": {"digits": NUM_DIGITS, "steps": STUDENT.steps, "temperature": TEMPERATURE},
        "all": {kind: measured(accuracies(runs, kind, None, test)) for kind in KINDS},
        "curves": {str(hidden): curves(runs, hidden, test) for hidden in HIDDEN},
        "blends": {str(hidden): blends(runs, hidden, test) for hidden in HIDDEN},
    }
    ship("teacher", "teacher", teacher_network(runs).state_dict())
    for hidden in HIDDEN:
        for kind in ("hard", "soft"):
            ship("teacher", f"{kind}-without-{hidden}", read_state(student_path(runs, 0, kind, hidden)))
    write_report("teacher", runs, found, {"teacher": card_table(found)})


def student_logits(state: Mapping[str, Tensor], test: GreyDigits) -> Tensor:
    student = Student()
    student.load_state_dict(dict(state))
    return logits_of(student, test.images)


def accuracies(runs: Runs, kind: str, hidden: int | None, test: GreyDigits) -> list[float]:
    """Of each seed, on all test digits."""
    states = [read_state(student_path(runs, seed, kind, hidden)) for seed in range(runs.num_seeds)]
    return [
        biased_accuracy(student_logits(state, test), test.labels, hidden or 0, 0.0)[0] for state in states
    ]


def over_biases(logits: Tensor, hidden: int, test: GreyDigits) -> list[tuple[float, float]]:
    return [biased_accuracy(logits, test.labels, hidden, bias) for bias in BIASES]


def curves(runs: Runs, hidden: int, test: GreyDigits) -> dict[str, Any]:
    """Of each kind, the accuracies on all digits and on the hidden class, for each bias."""
    found = {}
    for kind in KINDS:
        states = [read_state(student_path(runs, seed, kind, hidden)) for seed in range(runs.num_seeds)]
        rows = [over_biases(student_logits(state, test), hidden, test) for state in states]
        found[kind] = by_part(
            [[measured(values) for values in zip(*at, strict=True)] for at in zip(*rows, strict=True)]
        )
    return found


def by_part(pairs: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    """A list of pairs as two lists, named as in :data:`PARTS`."""
    return {part: [pair[index] for pair in pairs] for index, part in enumerate(PARTS)}


def blended_logits(runs: Runs, seed: int, hidden: int, test: GreyDigits) -> list[Tensor]:
    """Of the blends of a seed, at each alpha; as they ship, in half precision."""
    ends = [
        {
            name: tensor.half().float()
            for name, tensor in read_state(student_path(runs, seed, kind, hidden)).items()
        }
        for kind in ("hard", "soft")
    ]
    mixes = (shares_of(alpha) for alpha in ALPHAS)
    return [student_logits(interpolate(ends, shares, extrapolate=True), test) for shares in mixes]


def blends(runs: Runs, hidden: int, test: GreyDigits) -> dict[str, Any]:
    """Of the blends between hard and soft students: ``seeds``, the accuracies at each alpha without a bias;
    ``shipped``, those of the blends that ship (alphas, biases)."""
    rows = []
    for seed in range(runs.num_seeds):
        each = [over_biases(logits, hidden, test) for logits in blended_logits(runs, seed, hidden, test)]
        rows.append([by_part(pairs) for pairs in each])  # (alphas,) of lists over the biases
    return {
        "seeds": {
            part: [measured(row[at][part][0] for row in rows) for at in range(len(ALPHAS))] for part in PARTS
        },
        "shipped": {part: [[round(value, 4) for value in one[part]] for one in rows[0]] for part in PARTS},
    }


def card_table(found: Mapping[str, Any]) -> str:
    """Per cent: students that saw all digits; for each hidden digit, that class with a bias of 0 and 4."""
    lines = [
        "| student of | all digits seen | "
        + " | ".join(f"never saw {digit}: bias 0, 4" for digit in HIDDEN)
        + " |"
    ]
    lines.append("|---" * (2 + len(HIDDEN)) + "|")
    for kind in KINDS:
        cells = [
            ", ".join(
                measured_text(found["curves"][str(digit)][kind]["hidden"][BIASES.index(bias)])
                for bias in (0, 4)
            )
            for digit in HIDDEN
        ]
        lines.append(f"| {kind} | {measured_text(found['all'][kind])} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
