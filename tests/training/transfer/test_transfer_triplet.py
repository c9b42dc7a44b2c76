"""Triplets of letters: mining against a plain search, deformation, and training that can be resumed."""

from __future__ import annotations

import pytest
import torch

from dni.errors import DniError
from dni.training.transfer.letters.triplet import (
    MARGIN,
    LetterConfig,
    LetterTrainer,
    deformed,
    mine_semi_hard,
    with_rotations,
)


def letters(number: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    strokes = torch.rand(number, 1, 28, 28, generator=generator) > 0.8
    return (strokes * 255).to(torch.uint8).expand(-1, 20, -1, -1).contiguous()


@pytest.mark.parametrize("seed", range(3))
def test_mining_is_a_plain_search(seed: int) -> None:
    points = torch.nn.functional.normalize(
        torch.randn(12, 3, generator=torch.Generator().manual_seed(seed)), dim=1
    )
    labels = torch.arange(4).repeat_interleave(3)
    expected = set()
    for a in range(12):
        for p in range(12):
            if a == p or labels[a] != labels[p]:
                continue
            reach = float((points[a] - points[p]).norm())
            others = {n: float((points[a] - points[n]).norm()) for n in range(12) if labels[n] != labels[a]}
            farther = {n: distance for n, distance in others.items() if distance > reach}
            n = min(farther, key=farther.__getitem__) if farther else max(others, key=others.__getitem__)
            if others[n] < reach + MARGIN:
                expected.add((a, p, n))
    assert (
        set(zip(*(each.tolist() for each in mine_semi_hard(points, labels, MARGIN)), strict=True)) == expected
    )


def test_rotations_are_letters_of_their_own() -> None:
    images = letters(2)
    rotated = with_rotations(images)
    assert rotated.shape == (8, 20, 28, 28)
    assert torch.equal(rotated[:2], images)
    assert torch.equal(rotated[2], torch.rot90(images[0], 1, (1, 2)))


def test_deformed_letters_keep_most_of_their_ink() -> None:
    square = torch.zeros(50, 1, 28, 28)
    square[:, :, 10:18, 10:18] = 1
    changed = deformed(square, torch.Generator().manual_seed(0))
    assert changed.shape == square.shape
    assert not torch.equal(changed, square)
    ink = changed.sum(dim=(1, 2, 3)) / 64
    assert ink.min() > 0.6
    assert ink.max() < 1.7


@pytest.mark.parametrize("loss", ["classifier", "triplet"])
def test_training_learns_and_resumes_the_same(loss: str) -> None:
    config = LetterConfig(loss, iterations=30, letters=4, drawings=3, learning_rate=3e-3)
    whole = LetterTrainer(config, letters())
    losses = [whole.step() for _ in range(30)]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
    first, second = LetterTrainer(config, letters()), LetterTrainer(config, letters())
    for _ in range(10):
        first.step()
    second.restore(first.state())
    for _ in range(20):
        second.step()
    for ours, theirs in zip(whole.network.parameters(), second.network.parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-6)


def test_other_settings_are_refused() -> None:
    with pytest.raises(DniError, match="Expected the loss 'classifier' or 'triplet', but got 'contrastive'"):
        LetterConfig("contrastive")  # type: ignore[arg-type]
    with pytest.raises(DniError, match="at least two drawings of two letters"):
        LetterConfig("triplet", drawings=1)
