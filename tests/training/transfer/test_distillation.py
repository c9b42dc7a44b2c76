"""The losses of distillation, against naive computations and the paper's limit."""

from __future__ import annotations

import math

import pytest
import torch

from dni.training.transfer.distillation import logit_loss, soft_target_loss


def logits(seed: int) -> torch.Tensor:
    return 3 * torch.randn(6, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def naive_soft_loss(student: torch.Tensor, teacher: torch.Tensor, temperature: float) -> float:
    """Digit by digit and class by class."""
    total = 0.0
    for own, wanted in zip(student.tolist(), teacher.tolist(), strict=True):
        softened = [[math.exp(logit / temperature) for logit in row] for row in (own, wanted)]
        got, target = ([power / sum(row) for power in row] for row in softened)
        total += sum(p * math.log(p / q) for p, q in zip(target, got, strict=True))
    return temperature**2 * total / len(student)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 10.0])
def test_soft_targets_against_a_naive_computation(temperature: float) -> None:
    student, teacher = logits(0), logits(1)
    found = soft_target_loss(student, teacher, temperature).item()
    assert found == pytest.approx(naive_soft_loss(student, teacher, temperature))


def test_at_a_high_temperature_soft_targets_are_logits() -> None:
    student, teacher = logits(0).requires_grad_(), logits(1)
    losses = soft_target_loss(student, teacher, 1e6), logit_loss(student, teacher) / 2
    assert losses[0].item() == pytest.approx(losses[1].item(), rel=1e-3)
    gradients = [torch.autograd.grad(loss, student)[0] for loss in losses]
    torch.testing.assert_close(*gradients, rtol=2e-3, atol=1e-5)


def test_logits_by_hand() -> None:
    # Differences 1 and 3 have the mean 2, so both are 1 from it.
    found = logit_loss(torch.tensor([[2.0, 5.0]]), torch.tensor([[1.0, 2.0]]))
    assert found.item() == pytest.approx(1.0)


def test_an_equal_answer_costs_nothing_whatever_is_added_to_all_its_logits() -> None:
    teacher = logits(1)
    assert soft_target_loss(teacher + 5, teacher, 10.0).item() == pytest.approx(0, abs=1e-9)
    assert logit_loss(teacher + 5, teacher).item() == pytest.approx(0, abs=1e-9)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one shape \(B, C\), but got \(6, 4\) and \(5, 4\)"):
        logit_loss(logits(0), logits(1)[:5])
    with pytest.raises(ValueError, match="Expected a temperature above 0, but got 0"):
        soft_target_loss(logits(0), logits(1), 0)
