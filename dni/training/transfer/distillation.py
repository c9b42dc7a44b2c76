"""Losses that teach a student by a teacher's answers.

Soft targets: Hinton et al., "Distilling the Knowledge in a Neural Network", 2015,
https://arxiv.org/abs/1503.02531. Logits: Ba and Caruana, "Do Deep Nets Really Need to be Deep?", NIPS 2014,
https://arxiv.org/abs/1312.6184.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

__all__ = ["logit_loss", "soft_target_loss"]


def check_logits(student: Tensor, teacher: Tensor) -> None:
    if student.shape != teacher.shape or student.ndim != 2:
        raise ValueError(
            "Expected logits of student and teacher of one shape (B, C), but got "
            f"{tuple(student.shape)} and {tuple(teacher.shape)}."
        )


def soft_target_loss(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Cross entropy of both softened answers, less the teacher's own entropy, times the squared temperature.

    The factor keeps the gradients' size for all temperatures (section 2). As the temperature grows it becomes
    half the mean squared difference of the centred logits (section 2.1), which is :func:`logit_loss` / 2.

    Args:
        student: Logits, float32 (B, C).
        teacher: Logits, float32 (B, C).
        temperature: Above 0; the paper's T.

    Returns:
        A scalar, at least 0: the mean over the batch.

    Raises:
        ValueError: The shapes differ, or the temperature is not above 0.
    """
    check_logits(student, teacher)
    if not temperature > 0:
        raise ValueError(f"Expected a temperature above 0, but got {temperature}.")
    wanted = (teacher / temperature).softmax(dim=1)
    got = (student / temperature).log_softmax(dim=1)
    return functional.kl_div(got, wanted, reduction="batchmean") * temperature**2


def logit_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared difference of the logits, each centred over its classes, float32 (B, C) each; a scalar.

    Centred, since a constant that is added to all logits of a digit changes no answer.

    Raises:
        ValueError: The shapes differ.
    """
    check_logits(student, teacher)
    difference = student - teacher
    return (difference - difference.mean(dim=1, keepdim=True)).square().mean()
