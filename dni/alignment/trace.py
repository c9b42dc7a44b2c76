"""Follows a network's channels through one forward pass, operation by operation.

The groups come from what the network computes, not from what its layers are called: each operation that
torch carries out on a small picture unites or fixes channels (:mod:`dni.alignment.operations`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from dni.alignment.channel_sets import Axes, ChannelSets
from dni.alignment.operations import RULES
from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.probe import run_probe

__all__ = ["Trace", "trace_channels"]


@dataclass(frozen=True)
class Trace:
    """What one forward pass does to the channels.

    Attributes:
        sets: Which channels move together.
        axes: For each tensor of the state, the labels of its axes.
        unknown: Operations without a rule that read channels, and how often.
    """

    sets: ChannelSets
    axes: Mapping[str, Axes]
    unknown: Mapping[str, int]


def trace_channels(network: ImageNetwork) -> Trace:
    """Run the network once on a small picture, and follow its channels.

    Raises:
        dni.checkpoints.errors.CheckpointError: The network fails on pictures of all sizes.
    """
    state = network.module.state_dict(keep_vars=True)
    follower = Follower({name: tensor.detach() for name, tensor in state.items()})
    with follower:
        output = run_probe(network)
    follower.sets.fix(follower.axes_of(output))
    return Trace(follower.sets, follower.state_axes, follower.unknown)


class Follower(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch has no types there
    """Knows the labels of every tensor that was computed, while it lives."""

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.sets = ChannelSets()
        self.unknown: Counter[str] = Counter()
        self.state_axes: dict[str, Axes] = {}
        self._of_memory: dict[tuple[Any, ...], Axes] = {}
        for name, tensor in state.items():
            key = memory_of(tensor)
            if key not in self._of_memory:  # two names for one tensor move together
                self._of_memory[key] = tuple(self.sets.new(size) for size in tensor.shape)
            self.state_axes[name] = self._of_memory[key]
        # Held, so that no other tensor takes the place of one in memory.
        self._of_tensor: dict[int, tuple[Tensor, Axes]] = {}

    def axes_of(self, tensor: Tensor) -> Axes:
        """The labels of a tensor; one from elsewhere, such as the picture, has none."""
        found = self._of_tensor.get(id(tensor))
        if found is not None:
            return found[1]
        known = self._of_memory.get(memory_of(tensor))
        return known if known is not None else (None,) * tensor.ndim

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        name: str = func.__name__.partition(".")[0]
        # Before it runs: what works in place gives its result the shape of its input anyhow.
        result = func(*args, **(kwargs or {}))
        if name in SPLITS:
            self._split(name, result, args)
        elif isinstance(result, (tuple, list)):
            self._follow(name, result[0], args, kwargs)
            for other in result[1:]:
                if isinstance(other, Tensor):
                    self._note(other, (None,) * other.ndim)
        elif isinstance(result, Tensor):
            self._follow(name, result, args, kwargs)
        else:
            self._unknown(name, args, kwargs)
        return result

    def _follow(self, name: str, result: Tensor, args: Sequence[Any], kwargs: Any) -> None:
        rule = RULES.get(name)
        if rule is None:
            self._unknown(name, args, kwargs)
            self._note(result, (None,) * result.ndim)
        else:
            self._note(result, rule(self.sets, self.axes_of, result, args))

    def _split(self, name: str, parts: Sequence[Tensor], args: Sequence[Any]) -> None:
        """``split``, ``chunk`` and ``unbind`` give views of the axis in order."""
        dim = SPLITS[name](args)
        axes, start = self.axes_of(args[0]), 0
        if name == "unbind":
            self.sets.fix([axes[dim]])
            rest = tuple(labels for axis, labels in enumerate(axes) if axis != dim % len(axes))
            for part in parts:
                self._note(part, rest)
            return
        for part in parts:
            own, labels = list(axes), axes[dim]
            if labels is not None:
                own[dim] = labels[start : start + part.shape[dim]]
            start += part.shape[dim]
            self._note(part, tuple(own))

    def _unknown(self, name: str, args: Sequence[Any], kwargs: Any) -> None:
        for tensor in tree_leaves((args, kwargs)):
            if isinstance(tensor, Tensor):
                labels = [each for each in self.axes_of(tensor) if each is not None]
                self.unknown[name] += bool(labels)
                self.sets.fix(labels)

    def _note(self, tensor: Tensor, axes: Axes) -> None:
        self._of_tensor[id(tensor)] = tensor, axes


SPLITS: dict[str, Callable[[Sequence[Any]], int]] = {
    "split": lambda args: args[2] if len(args) > 2 else 0,
    "split_with_sizes": lambda args: args[2] if len(args) > 2 else 0,
    "chunk": lambda args: args[2] if len(args) > 2 else 0,
    "unbind": lambda args: args[1] if len(args) > 1 else 0,
}


def memory_of(tensor: Tensor) -> tuple[Any, ...]:
    """What tells a tensor of the state from others in its memory, and from its own transpose."""
    return tensor.untyped_storage()._cdata, tensor.storage_offset(), tuple(tensor.shape), tensor.stride()
