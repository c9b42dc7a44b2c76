"""Copies of a network with its hidden channels in another order: the same function, other parameters."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import torch
from torch import Tensor

__all__ = ["permuted_compact", "permuted_rrdb"]

GROWTH = 32


class Shuffle:
    """Reorders layers of a copy of a state; every layer's inputs must follow the order of its source."""

    def __init__(self, state: Mapping[str, Tensor], seed: int) -> None:
        self.state = {name: tensor.clone() for name, tensor in state.items()}
        self.generator = torch.Generator().manual_seed(seed)

    def order(self, count: int) -> Tensor:
        return torch.randperm(count, generator=self.generator)

    def layer(self, name: str, inputs: Tensor | None, outputs: Tensor | None) -> None:
        """Reorder one convolution's input and output channels; None leaves them."""
        weight, bias = self.state[f"{name}.weight"], self.state[f"{name}.bias"]
        if inputs is not None:
            weight = weight[:, inputs]
        if outputs is not None:
            weight, bias = weight[outputs], bias[outputs]
        self.state[f"{name}.weight"], self.state[f"{name}.bias"] = weight, bias


def permuted_rrdb(
    state: Mapping[str, Tensor], *, seed: int = 0, only_block: str | None = None
) -> dict[str, Tensor]:
    """A copy of an RRDBNet with its hidden channels reordered: all, or only those grown in one block.

    Args:
        state: As :class:`models.RRDBNet` gives it.
        seed: Of the order.
        only_block: Reorder only inside one dense block, such as "body.0.rdb1".
    """
    shuffle = Shuffle(state, seed)
    num_filters = len(state["conv_first.bias"])
    unmoved = torch.arange(num_filters)
    trunk = unmoved if only_block else shuffle.order(num_filters)
    blocks = sorted({match[1] for name in state if (match := re.match(r"(body\.\d+\.rdb\d)\.", name))})
    for block in [only_block] if only_block else blocks:
        seen = trunk
        for number in range(1, 5):
            outputs = shuffle.order(GROWTH)
            shuffle.layer(f"{block}.conv{number}", seen, outputs)
            seen = torch.cat((seen, outputs + len(seen)))
        shuffle.layer(f"{block}.conv5", seen, trunk)
    if only_block:
        return shuffle.state
    shuffle.layer("conv_first", None, trunk)
    shuffle.layer("conv_body", trunk, trunk)
    inputs = trunk
    for name in ("conv_up1", "conv_up2", "conv_hr"):
        outputs = shuffle.order(num_filters)
        shuffle.layer(name, inputs, outputs)
        inputs = outputs
    shuffle.layer("conv_last", inputs, None)
    return shuffle.state


def permuted_compact(
    state: Mapping[str, Tensor], *, seed: int = 0, only: Collection[int] | None = None
) -> dict[str, Tensor]:
    """A copy of a Compact network (``body.N``, like Real-ESRGAN general) with its hidden channels reordered.

    Args:
        state: With names as the authors' files have them.
        seed: Of the order.
        only: Reorder only the outputs of these convolutions, counted from 0; by default of all.
    """
    shuffle = Shuffle(state, seed)
    layers = sorted({int(name.split(".")[1]) for name in state})
    order: Tensor | None = None
    for number in layers:
        name = f"body.{number}"
        if state[f"{name}.weight"].ndim == 1:  # PReLU has one slope a channel
            if order is not None:
                shuffle.state[f"{name}.weight"] = state[f"{name}.weight"][order]
            continue
        moves = number != layers[-1] and (only is None or number // 2 in only)
        outputs = shuffle.order(len(state[f"{name}.weight"])) if moves else None
        shuffle.layer(name, order, outputs)
        order = outputs
    return shuffle.state
