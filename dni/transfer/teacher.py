"""What stands behind the view "From a teacher": a teacher's answers, and students who never saw a digit.

Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, https://arxiv.org/abs/1503.02531,
section 3: a student that learned from soft targets reads digits that it never saw, once the bias of their
class is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dni.blending.blend import Blend
from dni.caches import ByteCache
from dni.digits.data.digit_sources import DigitSource
from dni.errors import DniError, listed
from dni.transfer.files import read_report, read_weights, shapes_of
from models.transfer import ConvolutionalTeacher, Student

__all__ = [
    "ALPHAS",
    "BIASES",
    "HIDDEN",
    "KINDS",
    "NUM_DIGITS",
    "TEMPERATURE",
    "Reading",
    "TeacherLive",
    "biased_accuracy",
    "check_teacher_choice",
    "sample_numbers",
]

# How the students are taught: by labels, by softened answers, or by the logits themselves.
KINDS = ("hard", "soft", "logits")
# The digit that a student never saw; its networks ship.
HIDDEN = (1, 3, 8)
# So many of MNIST's training digits are shown to a student, less those that are hidden.
NUM_DIGITS = 16_000
# Of the soft targets that the students learned from.
TEMPERATURE = 10.0
# What is added to the logit of the hidden class, and the share of the soft student, where they are measured.
BIASES = tuple(step / 2 for step in range(25))
ALPHAS = tuple(step / 8 for step in range(13))

VIEW = "teacher"
SAMPLES_PER_CLASS = 3
CHUNK = 1000
# The logits of all test digits at one alpha are 400 kB.
CACHED_BYTES = 8_000_000


@dataclass(frozen=True)
class Reading:
    """What is made of one digit.

    Attributes:
        teacher: Its logits, float32 (10,).
        students: Those of the blends at :data:`ALPHAS`, float32 (13, 10).
    """

    teacher: Tensor
    students: Tensor


def check_teacher_choice(hidden: int, alpha: float, bias: float) -> None:
    """Check what a person chose.

    Raises:
        DniError: No student ships that never saw this digit, or a number is outside its range.
    """
    if hidden not in HIDDEN:
        raise DniError(f"Expected a hidden digit out of {listed(map(str, HIDDEN))}, but got {hidden}.")
    for name, value, most in (("alpha", alpha, ALPHAS[-1]), ("bias", bias, BIASES[-1])):
        if not 0 <= value <= most:
            raise DniError(f"Expected {name} from 0 to {most:g}, but got {value:g}.")


def sample_numbers(labels: Tensor, per_class: int = SAMPLES_PER_CLASS) -> list[int]:
    """The first few digits of every class, class by class."""
    return [
        int(number) for label in torch.unique(labels) for number in (labels == label).nonzero()[:per_class, 0]
    ]


class TeacherLive:
    """Safe to share between threads.

    Args:
        source: The digits to measure on.

    Raises:
        DniError: A file that ships is missing or unusable.
    """

    def __init__(self, source: DigitSource) -> None:
        self.source = source
        self.report: dict[str, Any] = read_report(VIEW)
        grey = source.digits.images[:, :1]
        self.images, self.labels = grey.float().div(255), source.digits.labels  # (N, 1, 28, 28), (N,)
        self.samples = sample_numbers(self.labels)
        self._teacher = ConvolutionalTeacher().eval().requires_grad_(False)
        self._teacher.load_state_dict(read_weights(VIEW, "teacher", shapes_of(self._teacher)))
        self._blends = {hidden: load_blend(hidden) for hidden in HIDDEN}
        self._logits: ByteCache[tuple[int, float], Tensor] = ByteCache(
            CACHED_BYTES, size_of=lambda logits: logits.numel() * logits.element_size()
        )

    def read(self, hidden: int, ink: Tensor) -> Reading:
        """What the teacher and the students of all alphas answer to a digit, float32 (28, 28) in [0, 1].

        Raises:
            DniError: See :func:`check_teacher_choice`.
        """
        check_teacher_choice(hidden, 0.0, 0.0)
        students = [self.student(hidden, alpha, ink) for alpha in ALPHAS]
        return Reading(self.teacher(ink), torch.stack(students))

    def teacher(self, ink: Tensor) -> Tensor:
        """The teacher's logits (10,) for a digit, float32 (28, 28) in [0, 1]."""
        logits: Tensor = self._teacher(ink[None, None])[0]
        return logits

    def student(self, hidden: int, alpha: float, ink: Tensor) -> Tensor:
        """The logits (10,) of the blend at one alpha; raises as :meth:`read`."""
        check_teacher_choice(hidden, alpha, 0.0)
        return self._blended(hidden, alpha, ink[None, None])[0]

    def accuracy(self, hidden: int, alpha: float, bias: float) -> tuple[float, float]:
        """The shares of all test digits, and of those of the hidden class, that the blend reads rightly.

        Args:
            hidden: The digit that both ends never saw.
            alpha: The share of the soft student.
            bias: Added to the logit of the hidden class.

        Raises:
            DniError: See :func:`check_teacher_choice`.
        """
        check_teacher_choice(hidden, alpha, bias)
        logits = self._logits.get((hidden, alpha))
        if logits is None:
            logits = self._blended(hidden, alpha, self.images)
            self._logits.put((hidden, alpha), logits)
        return biased_accuracy(logits, self.labels, hidden, bias)

    def _blended(self, hidden: int, alpha: float, images: Tensor) -> Tensor:
        with self._blends[hidden].at_alpha(alpha, extrapolate=True) as network:
            return torch.cat([network(chunk) for chunk in torch.split(images, CHUNK)])


def load_blend(hidden: int) -> Blend:
    student = Student().eval().requires_grad_(False)
    names = (f"{kind}-without-{hidden}" for kind in ("hard", "soft"))
    return Blend(student, [read_weights(VIEW, name, shapes_of(student)) for name in names])


def biased_accuracy(logits: Tensor, labels: Tensor, hidden: int, bias: float) -> tuple[float, float]:
    """Of logits (N, 10) with a bias added to one class: the accuracy on all digits and on that class."""
    offset = torch.zeros(logits.shape[1])
    offset[hidden] = bias
    right = (logits + offset).argmax(dim=1) == labels
    return right.float().mean().item(), right[labels == hidden].float().mean().item()
