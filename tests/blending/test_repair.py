"""Repair of activations, on small networks, against statistics that torch measures by itself."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from dni.blending import repair
from dni.blending.blend import Blend
from dni.blending.repair import (
    Correction,
    Moments,
    between,
    correct,
    measure_moments,
    mix_moments,
    repairing,
)


class Small(nn.Module):
    """A stride, groups in a transposed convolution, a layer without bias, and one that runs twice."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.bare = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2, groups=2)
        self.twice = nn.Conv2d(4, 4, 3, padding=1)
        with torch.no_grad():  # nearly the identity: it is not repaired, and is not to hide what is behind it
            self.twice.weight.mul_(0.1).add_(nn.init.dirac_(torch.empty(4, 4, 3, 3)))
        self.last = nn.Conv2d(4, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.up(self.bare(self.first(x).relu()).relu()).relu()
        return self.last(self.twice(self.twice(x)))


REPAIRED = ("first", "bare", "up", "last")


def inputs() -> Tensor:
    return torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def statistics(module: nn.Module, layer: str) -> tuple[Tensor, Tensor]:
    """Mean and deviation of a layer's output, as torch has them."""
    seen: list[Tensor] = []
    hook = getattr(module, layer).register_forward_hook(lambda *given: seen.append(given[2]))
    module(inputs())
    hook.remove()
    return seen[0].mean(dim=(0, 2, 3)), seen[0].std(dim=(0, 2, 3))


def repaired(alpha: float, strength: float = 1.0) -> tuple[Small, list[Small]]:
    ends = [Small(1).eval(), Small(2).eval()]
    moments = [measure_moments(end, lambda module: module(inputs())) for end in ends]
    targets = mix_moments(moments, lambda _: (1 - alpha, alpha))
    network = Small(3).eval()
    blend = Blend(network, [end.state_dict() for end in ends])
    with blend.at_alpha(alpha) as live:
        corrections = repairing(live, lambda module: module(inputs()), targets, strength=strength)
        correct(live, corrections)
    return network, ends


@pytest.mark.parametrize("alpha", [0.3, 0.5])
def test_statistics_lie_between_those_of_the_ends(alpha: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "MOST_GAIN", 1e6)
    network, ends = repaired(alpha)
    for layer in REPAIRED:
        mean, deviation = statistics(network, layer)
        (mean_a, deviation_a), (mean_b, deviation_b) = (statistics(end, layer) for end in ends)
        wanted = torch.lerp(deviation_a, deviation_b, alpha)
        torch.testing.assert_close(deviation, wanted, rtol=1e-3, atol=1e-4, msg=layer)
        if layer != "bare":  # which has no bias to move
            torch.testing.assert_close(mean, torch.lerp(mean_a, mean_b, alpha), rtol=1e-3, atol=1e-4)


def test_a_channel_that_is_constant_in_the_blend_gets_no_wild_gain() -> None:
    targets = {"conv": Moments(torch.zeros(2), torch.ones(2))}
    module = nn.Sequential()
    module.add_module("conv", nn.Conv2d(3, 2, 1))
    nn.init.zeros_(module.conv.weight)
    found = repairing(module, lambda live: live(inputs()), targets)["conv"]
    assert found.gain.tolist() == [repair.MOST_GAIN] * 2


def test_a_layer_that_runs_twice_stays() -> None:
    network, ends = repaired(0.5)
    expected = torch.lerp(ends[0].twice.weight, ends[1].twice.weight, 0.5)
    assert torch.equal(network.twice.weight, expected)


def test_no_strength_changes_nothing() -> None:
    network, ends = repaired(0.5, strength=0.0)
    expected = torch.lerp(ends[0].first.weight, ends[1].first.weight, 0.5)
    torch.testing.assert_close(network.first.weight, expected)
    torch.testing.assert_close(network.last.bias, torch.lerp(ends[0].last.bias, ends[1].last.bias, 0.5))


def test_corrections_are_interpolated_between_points_of_a_grid() -> None:
    one = {"a": Correction(torch.tensor([4.0]), torch.tensor([1.0]))}
    other = {"a": Correction(torch.tensor([1.0]), torch.tensor([3.0])), "b": one["a"]}
    middle = between(one, other, 0.5)
    assert middle.keys() == {"a"}
    assert float(middle["a"].gain) == pytest.approx(2)  # the geometric mean
    assert float(middle["a"].shift) == pytest.approx(2)
    towards_an_end = between(None, one, 0.5)["a"]
    assert float(towards_an_end.gain) == pytest.approx(2)
    assert float(towards_an_end.shift) == pytest.approx(0.5)
    assert between(None, None, 0.5) == {}
