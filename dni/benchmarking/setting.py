"""The cost of setting a new alpha relative to one pass over the same memory."""

from __future__ import annotations

import torch
from torch import Tensor

from dni.benchmarking.clock import Row, alternate, median_of, ratio_of
from dni.benchmarking.frame import mixes
from dni.blending.blend import Blend
from dni.device import DTYPES, Precision
from models import RRDBNet

__all__ = ["random_rrdb", "setting_row"]

TARGET = 1.5


def random_rrdb(
    num_ends: int, *, num_filters: int = 64, num_blocks: int = 23
) -> tuple[RRDBNet, list[dict[str, Tensor]]]:
    """ESRGAN's network (16.7 million parameters by default) with random weights, and ends around it."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        network = RRDBNet(num_filters=num_filters, num_blocks=num_blocks).eval().requires_grad_(False)
        states = [
            {name: tensor + 0.01 * torch.randn_like(tensor) for name, tensor in network.state_dict().items()}
            for _ in range(num_ends)
        ]
    return network, states


def setting_row(
    network: RRDBNet,
    states: list[dict[str, Tensor]],
    *,
    precision: Precision,
    device: torch.device,
    rounds: int = 20,
) -> Row:
    """Set a new mix of all ends: against reading and writing as much memory once.

    The reference adds the first third of a buffer as large as all ends and the network to the second third,
    into the last: for two ends that reads two rows and writes one, as the blend does.

    Args:
        network: It is converted and does not come back.
        states: Its ends.
        precision: Of the network and of the reference.
        device: Where both are.
        rounds: How often to time both, in turn.
    """
    module = network.to(device, DTYPES[precision]).to(memory_format=torch.channels_last)
    blend = Blend(module, states)
    wanted = mixes(len(states), rounds + 1)

    def set_mix(number: int) -> None:
        with blend.at(wanted[number]):
            pass

    thirds = torch.ones(3, blend.nbytes // (3 * DTYPES[precision].itemsize), dtype=DTYPES[precision])
    first, second, third = thirds.to(device)
    jobs = {"set": set_mix, "pass": lambda _: torch.add(first, second, out=third)}
    times = alternate(jobs, rounds=rounds, device=device)
    return Row(
        f"setting alpha / one pass over the memory: RRDB, {len(states)} ends, {precision}",
        ratio_of(times, "set", "pass"),
        f"{median_of(times, 'set'):.2f} ms / {median_of(times, 'pass'):.2f} ms, {blend.nbytes / 1e6:.0f} MB",
        TARGET if len(states) == 2 else None,
    )
