"""Groups of channels that can be reordered, found from what networks compute."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dni.alignment.errors import AlignmentError
from dni.alignment.groups import find_groups, reordered
from dni.checkpoints.image_network import ImageNetwork
from models import LookUNet, RRDBNet, SRVGGNetCompact


def wrapped(module: nn.Module) -> ImageNetwork:
    """A network as the loader gives it, seeded."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in module.parameters():
            spread = max(1, parameter[0].numel()) ** -0.5
            parameter.copy_(spread * torch.randn(parameter.shape, generator=generator))
        for buffer in module.buffers():  # a batch norm's
            if buffer.is_floating_point():
                buffer.copy_(0.5 + torch.rand(buffer.shape, generator=generator))
    return ImageNetwork(module.eval().requires_grad_(False), "Tiny", 1, 3, 3, 1, 8, False, True)


class Gated(nn.Module):
    """A depthwise convolution, a gate of halves, attention over channels, and a norm: as in NAFNet."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.deep = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.norm, self.squeeze, self.last = nn.BatchNorm2d(4), nn.Linear(4, 4), nn.Conv2d(4, 12, 1)

    def forward(self, x: Tensor) -> Tensor:
        one, other = self.deep(self.first(x)).chunk(2, dim=1)
        gated = self.norm(one * other)
        attention = self.squeeze(gated.mean(dim=(2, 3))).sigmoid()
        return nn.functional.pixel_shuffle(self.last(gated * attention[:, :, None, None]), 2)


@pytest.mark.parametrize(
    ("module", "sizes"),
    [
        (SRVGGNetCompact(8, 2), [8, 8, 8]),
        (RRDBNet(num_filters=8, num_blocks=1), [8] + 3 * [32, 32, 32, 32] + [8, 8, 8]),
        # Channels i and i + 4 are multiplied, and attention multiplies the same four.
        (Gated(), [4]),
    ],
    ids=["plain", "dense blocks in residual ones", "gated"],
)
def test_everything_hidden_can_be_reordered(module: nn.Module, sizes: list[int]) -> None:
    network = wrapped(module)
    found = find_groups(network)
    assert sorted(group.size for group in found.groups) == sorted(sizes)
    assert found.dropped == 0
    state, generator = module.state_dict(), np.random.default_rng(2)
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    wanted, shuffled = module(picture), dict(state)
    for group in found.groups:
        shuffled = reordered(shuffled, group, generator.permutation(group.size))
    unmoved = {name for name in state if torch.equal(state[name], shuffled[name])}
    assert unmoved <= {name for name in state if name.endswith("num_batches_tracked")} | {list(state)[-1]}
    module.load_state_dict(shuffled)
    torch.testing.assert_close(module(picture), wanted, rtol=1e-4, atol=1e-5)


def test_a_network_with_skips_between_scales() -> None:
    found = find_groups(wrapped(LookUNet()))
    assert found.covered > 0.999


class Ordered(nn.Module):
    """Reads its hidden channels by their places, in a way that the trace does not see, or that it does."""

    def __init__(self, *, sorts: bool) -> None:
        super().__init__()
        self.first, self.sorts = nn.Conv2d(3, 8, 1), sorts

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.first(x)
        if self.sorts:
            return x * hidden.cumsum(dim=1).mean(dim=1, keepdim=True)
        one, other = hidden.chunk(2, dim=1)
        return x * (one.mean(dim=1, keepdim=True) - 2 * other.mean(dim=1, keepdim=True))


def test_what_cannot_be_followed_is_refused_and_named() -> None:
    with pytest.raises(AlignmentError, match=r"this Tiny has none that could be followed: cumsum cannot be"):
        find_groups(wrapped(Ordered(sorts=True)))


def test_a_group_that_changes_the_output_is_dropped() -> None:
    with pytest.raises(AlignmentError, match=r"has none that could be followed\. Networks of convolutions"):
        find_groups(wrapped(Ordered(sorts=False)))
