"""Runs a network on a small picture: to find hidden copies of parameters, and the order of its layers."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from dni.checkpoints.errors import CheckpointError, does_not_fit

if TYPE_CHECKING:
    from dni.checkpoints.image_network import ImageNetwork

__all__ = ["check_nothing_hidden", "execution_order", "run_probe", "set_in_place"]

# Networks that shrink the picture need a larger one than they say; most take the first.
PROBE_SIDES = (16, 64, 128)
# Equal weights give equal pictures on one machine; this leaves room for another order of summation.
PROBE_TOLERANCE = 1e-4


@torch.no_grad()
def run_probe(network: ImageNetwork) -> Tensor:
    """The network's output for the smallest fixed picture that it takes; its random numbers are fixed too.

    Raises:
        CheckpointError: It fails on the pictures of all sizes.
    """
    sides = sorted({probe_side(side, network) for side in PROBE_SIDES})
    for side in sides:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            image = torch.rand(1, network.input_channels, side, side)
            try:
                output: Tensor = network.module(image)
            except Exception as error:  # third-party code on third-party weights
                if side == sides[-1]:
                    where = f"{network.architecture} on a {side}x{side} image"
                    raise does_not_fit("these files", where, error) from error
            else:
                return output
    raise AssertionError("there is at least one size")


def probe_side(least: int, network: ImageNetwork) -> int:
    return math.ceil(max(least, network.minimum_size) / network.multiple_of) * network.multiple_of


def check_nothing_hidden(networks: Sequence[ImageNetwork], states: Sequence[Mapping[str, Tensor]]) -> None:
    """Raise if the first network, given another end's state in place, does not become that end.

    That is what happens when a network keeps a fused or frozen copy of parameters outside its state: the
    slider would move and the picture would not. Asking the network is better than a list of architectures,
    since some rebuild such copies whenever they run (SPAN does in spandrel) and are fine. The first network
    has run before its state is changed, so that a copy made at first use is found too.

    Args:
        networks: Every end's network; the first is changed and changed back.
        states: Their states; the first must not share memory with its network.
    """
    first = networks[0]
    run_probe(first)
    for other, state in zip(networks[1:], states[1:], strict=True):
        if {name: tensor.shape for name, tensor in state.items()} != {
            name: tensor.shape for name, tensor in states[0].items()
        }:
            continue  # cannot be blended anyway, and dni.blending.interpolate says why
        set_in_place(first.module, state)
        expected = run_probe(other)
        atol = PROBE_TOLERANCE * float(expected.abs().max())
        if not torch.allclose(run_probe(first), expected, rtol=0, atol=atol, equal_nan=True):
            raise CheckpointError(
                f"Expected a network that its parameters alone describe, but this {first.architecture} keeps "
                "a fused or frozen copy of some, which a blend would not reach, or the ends are configured "
                "differently. Choose versions from before fusing, or ends of one training program."
            )
    set_in_place(first.module, states[0])


@torch.no_grad()
def set_in_place(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """What a live blend does: write into the parameters' memory, past any hook of ``load_state_dict``."""
    for name, tensor in module.state_dict().items():
        tensor.copy_(state[name])


def execution_order(network: ImageNetwork) -> dict[str, int]:
    """A network's tensors in the order in which one forward pass first uses them.

    A buffer that the pass does not use, such as the mask for pictures of another size, comes with the module
    that it belongs to, and so does an unused parameter of a layer that runs.

    Returns:
        All names of the state but those of layers that never run, each with how many numbers training
        changes there: none in buffers.

    Raises:
        CheckpointError: See :func:`run_probe`.
    """
    module, first_uses = network.module, FirstUses()
    before = {name: tensor.detach() for name, tensor in module.state_dict(keep_vars=True).items()}
    with first_uses:
        run_probe(network)
    state: dict[str, Tensor] = module.state_dict(keep_vars=True)
    times = {}
    for name, tensor in state.items():  # some networks put new memory behind a parameter as they run
        found = [
            first_uses.times[key]
            for key in map(storage_of, (before[name], tensor))
            if key in first_uses.times
        ]
        if found:
            times[name] = min(found)
    for name, tensor in state.items():
        if name not in times:
            time = time_of_module(name, times, is_buffer=not isinstance(tensor, nn.Parameter))
            if time is not None:
                times[name] = time
    return {
        name: state[name].numel() if isinstance(state[name], nn.Parameter) else 0
        for name in sorted(times, key=times.__getitem__)
    }


def time_of_module(name: str, times: Mapping[str, int], *, is_buffer: bool) -> int | None:
    """When the innermost module around an unused tensor first runs; for a parameter, only its own layer."""
    module = name.rpartition(".")[0]
    while module:
        inside = [time for used, time in times.items() if used.startswith(module + ".")]
        if not is_buffer:
            inside = [time for used, time in times.items() if used.rpartition(".")[0] == module]
        if inside or not is_buffer:
            return min(inside, default=None)
        module = module.rpartition(".")[0]
    return None


class FirstUses(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch has no types there
    """Notes which memory operations read, in the order of the first time."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.times: dict[int, int] = {}
        self._clock = count()

    def __torch_dispatch__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> object:
        for one in tree_leaves((args, kwargs)):
            if isinstance(one, Tensor) and (key := storage_of(one)) not in self.times:
                self.times[key] = next(self._clock)
                weakref.finalize(one.untyped_storage(), self.times.pop, key, None)
        return func(*args, **(kwargs or {}))


def storage_of(tensor: Tensor) -> int:
    key: int = tensor.untyped_storage()._cdata
    return key
