"""A network stops between two layers, and runs again as if nothing had been."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from dni.serving.scheduling.preemption import Preempted, preemptible
from models import RRDBNet


def test_it_runs_on_while_nothing_is_urgent() -> None:
    network, looks = RRDBNet(num_filters=8, num_blocks=1).eval(), []
    inputs = torch.rand(1, 3, 9, 7)
    expected = network(inputs)
    with preemptible(lambda: bool(looks.append(1))):
        assert torch.equal(network(inputs), expected)
    convolutions = sum(isinstance(layer, nn.Conv2d) for layer in network.modules())
    assert len(looks) >= convolutions


def test_it_stops_before_the_next_layer() -> None:
    ran: list[int] = []

    class Layer(nn.Module):
        def forward(self, number: int) -> int:
            ran.append(number)
            return number + 1

    network = nn.Sequential(*(Layer() for _ in range(5)))
    with preemptible(lambda: len(ran) == 3), pytest.raises(Preempted):
        network(0)
    assert ran == [0, 1, 2]
    assert network(0) == 5  # nobody looks any more


def test_an_error_of_the_network_is_its_own() -> None:
    network = nn.Linear(2, 1)
    with preemptible(lambda: False), pytest.raises(RuntimeError, match="shapes"):
        network(torch.rand(1, 3))


def test_other_threads_are_not_stopped() -> None:
    network, inputs = nn.Linear(2, 1), torch.rand(1, 2)
    with ThreadPoolExecutor(1) as pool, preemptible(lambda: True):
        assert pool.submit(network, inputs).result().shape == (1, 1)
        with pytest.raises(Preempted):
            network(inputs)
