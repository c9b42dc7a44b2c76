"""Real-ESRGAN's compact generator: agreement with spandrel's network, and its errors."""

from __future__ import annotations

import pytest
import torch
from spandrel import ModelLoader

from models.compact import SRVGGNetCompact


def test_it_is_spandrels_network() -> None:
    torch.manual_seed(0)
    network = SRVGGNetCompact(num_filters=8, num_convs=3)
    theirs = ModelLoader().load_from_state_dict(network.state_dict())
    assert (theirs.architecture.id, theirs.scale) == ("Compact", 4)
    x = torch.rand(2, 3, 9, 7)
    with torch.no_grad():
        torch.testing.assert_close(network(x), theirs.model(x))
        assert (network(x) - torch.nn.functional.interpolate(x, scale_factor=4.0)).std() < 0.3


def test_wrong_sizes_and_inputs() -> None:
    with pytest.raises(
        ValueError, match="at least one filter and one convolution, but got num_filters=0 and"
    ):
        SRVGGNetCompact(num_filters=0)
    with pytest.raises(
        ValueError, match=r"Expected an input of shape \(B, 3, H, W\), but got \(1, 4, 8, 8\)"
    ):
        SRVGGNetCompact(num_filters=4, num_convs=1)(torch.rand(1, 4, 8, 8))
