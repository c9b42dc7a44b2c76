"""The state-of-the-art row: pseudo-labels by hand, and who teaches whom."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from adaptation_methods import HALF, batch, make, network
from torch import Tensor
from torch.nn import functional

from dni.training.adaptation.augment import weak
from dni.training.adaptation.methods import adamatch as adamatch_module
from dni.training.adaptation.methods.adamatch import AdaMatch, ramp


def probabilities(*rows: dict[int, float]) -> Tensor:
    """(n, 10) from the given entries; the rest of each row's mass is spread evenly."""
    result = torch.zeros(len(rows), 10)
    for index, row in enumerate(rows):
        result[index] = (1 - sum(row.values())) / (10 - len(row))
        for label, value in row.items():
            result[index, label] = value
    return result


def test_distribution_alignment_and_threshold_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adamatch_module, "DISTRIBUTION_DECAY", 0.5)
    monkeypatch.setattr(adamatch_module, "RELATIVE_THRESHOLD", 0.9)
    method = make("adamatch")
    assert isinstance(method, AdaMatch)
    method.source_classes.copy_(probabilities({0: 0.1, 1: 0.3})[0])
    method.target_classes.copy_(probabilities({0: 0.5, 1: 0.1})[0])
    source = probabilities({0: 0.9}, {1: 0.7})  # mean confidence 0.8: the threshold is 0.72
    target = probabilities({0: 0.6, 1: 0.3}, {1: 0.6}, {7: 0.98})
    labels, trusted = method._pseudo_labels(source, target)
    # Half old, half the mean of this batch.
    ours = [
        0.5 * before + 0.5 * now for before, now in ((0.1, (0.9 + 0.3 / 9) / 2), (0.3, (0.1 / 9 + 0.7) / 2))
    ]
    assert method.source_classes[:2].tolist() == pytest.approx(ours)
    mean = target.mean(dim=0)
    assert method.target_classes[:2].tolist() == pytest.approx(
        [0.25 + 0.5 * float(mean[0]), 0.05 + 0.5 * float(mean[1])]
    )
    aligned = target * method.source_classes / method.target_classes
    aligned = aligned / aligned.sum(dim=1, keepdim=True)
    assert labels.tolist() == [1, 1, 7]  # the first was 0 before the alignment
    assert trusted.tolist() == [float(row.max() >= 0.72) for row in aligned]
    assert set(trusted.tolist()) == {0.0, 1.0}


def test_equal_distributions_need_no_alignment() -> None:
    method = make("adamatch")
    assert isinstance(method, AdaMatch)
    predictions = functional.softmax(torch.randn(40, 10, generator=torch.Generator().manual_seed(0)), dim=1)
    labels, _ = method._pseudo_labels(predictions, predictions.flip(0))
    assert torch.equal(labels, predictions.flip(0).argmax(dim=1))


def test_the_ramp() -> None:
    values = [ramp(progress) for progress in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert values == pytest.approx([0, 0.5, 1, 1, 1])
    losses = make("adamatch").losses(batch(), 0.0)
    assert losses["consistency"] == losses["mixup"] == 0


def test_the_teacher_is_the_moving_average() -> None:
    method, ancestor = make("adamatch"), network()
    assert isinstance(method, AdaMatch)
    assert all(
        torch.equal(a, b) for a, b in zip(method.result().parameters(), ancestor.parameters(), strict=True)
    )
    expected = None
    for step in range(4):
        with torch.no_grad():
            for parameter in method.network.parameters():
                parameter.add_(0.1 * (step + 1))
        method.after_step()
        now = [parameter.detach().clone() for parameter in method.network.parameters()]
        # The first call of PyTorch's average copies.
        decay = adamatch_module.TEACHER_DECAY
        expected = (
            now
            if expected is None
            else [decay * old + (1 - decay) * new for old, new in zip(expected, now, strict=True)]
        )
        for average, tensor in zip(method.teacher.module.parameters(), expected, strict=True):
            torch.testing.assert_close(average, tensor)
    assert method.result() is method.teacher.module
    assert not any(parameter.requires_grad for parameter in method.teacher.parameters())


def test_the_teacher_teaches_and_does_not_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    method = make("adamatch")
    assert isinstance(method, AdaMatch)
    teacher = network(7)
    method.teacher.module.load_state_dict(teacher.state_dict())
    before = copy.deepcopy(teacher.state_dict())
    taught: list[Tensor] = []
    monkeypatch.setattr(
        method,
        "_pseudo_labels",
        lambda *args: taught.extend(args) or (torch.arange(HALF) % 10, torch.ones(HALF)),
    )
    sum(method.losses(batch(), 1.0).values()).backward()
    generator = torch.Generator().manual_seed(0)
    for seen, images in zip(taught, (batch().source, weak(batch().target, generator)), strict=True):
        expected = teacher(images).softmax(dim=1)
        torch.testing.assert_close(seen, expected, atol=1e-5, rtol=1e-4)
    assert all(
        torch.equal(tensor, before[name]) for name, tensor in method.teacher.module.state_dict().items()
    )


def test_mixing_weighs_both_labels_by_their_share_of_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """With pictures left as they are and a network that always says the same, the losses are known."""
    method = make("adamatch")
    for name in ("weak", "strong"):
        monkeypatch.setattr(adamatch_module, name, lambda images, _: images)
    logits = torch.arange(10.0)
    seen: list[Tensor] = []
    monkeypatch.setattr(
        method.network, "forward", lambda images: seen.append(images) or logits.expand(len(images), 10)
    )
    method.generator.manual_seed(3)
    share = 0.5 + 0.5 * torch.rand(HALF, generator=torch.Generator().manual_seed(3))
    given = batch()
    taught = (torch.full((HALF,), 9), torch.ones(HALF))
    monkeypatch.setattr(method, "_pseudo_labels", lambda *_: taught)
    losses = method.losses(given, 1.0)
    cost = logits.logsumexp(0) - logits  # of every label
    assert losses["classify"].item() == pytest.approx((share * cost[given.labels]).mean().item(), rel=1e-5)
    assert losses["mixup"].item() == pytest.approx(((1 - share) * cost[9]).mean().item(), rel=1e-5)
    assert losses["consistency"].item() == pytest.approx(cost[9].item(), rel=1e-5)
    weight = share.view(-1, 1, 1, 1)
    torch.testing.assert_close(seen[0][:HALF], weight * given.source + (1 - weight) * given.target)


def test_adamatchs_augmentations_come_from_its_generator() -> None:
    losses = []
    for global_seed in (0, 1):
        method = make("adamatch")
        torch.manual_seed(global_seed)
        losses.append({name: loss.item() for name, loss in method.losses(batch(), 1.0).items()})
    assert losses[0] == losses[1]
    method = make("adamatch")
    method.generator.manual_seed(99)
    assert method.losses(batch(), 1.0)["classify"].item() != losses[0]["classify"]


def test_adamatchs_learning_rate_falls_as_a_cosine() -> None:
    method = make("adamatch")
    first = method.learning_rate(0)
    assert method.learning_rate(1) == pytest.approx(first * math.cos(7 * math.pi / 16))
    rates = [method.learning_rate(step / 10) for step in range(11)]
    assert rates == sorted(rates, reverse=True)
