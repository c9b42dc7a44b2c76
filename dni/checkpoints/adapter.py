"""spandrel's networks as plain modules: one picture in, one picture out."""

from __future__ import annotations

from typing import Any

import spandrel
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Adapter"]


class Adapter(nn.Module):
    """One picture in, one picture out, under the network's own parameter names.

    Some architectures need more than a call: a noise level, a change of range, the first of several
    results. spandrel knows what, but only says it together with clipping and padding, hence the private name.
    """

    def __init__(self, descriptor: spandrel.ImageModelDescriptor[nn.Module]) -> None:
        super().__init__()
        self.network = descriptor.model
        self.call = descriptor._call_fn
        self.multiple, self.scale = windows_behind_unshuffle(descriptor), descriptor.scale

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        below, right = -height % self.multiple, -width % self.multiple
        if below or right:
            image = functional.pad(image, (0, right, 0, below), mode="reflect")
        output: Tensor = self.call(self.network, image)
        return output[..., : height * self.scale, : width * self.scale] if below or right else output

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        return self.network.state_dict(*args, **kwargs)

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        return self.network.load_state_dict(*args, **kwargs)


def windows_behind_unshuffle(descriptor: spandrel.ImageModelDescriptor[nn.Module]) -> int:
    """What SwinIR's sizes must be divisible by when it unshuffles: it pads to windows before, not after."""
    if descriptor.architecture.id != "SwinIR":
        return 1
    unshuffle, window = (getattr(descriptor.model, name, 1) for name in ("start_unshuffle", "window_size"))
    return int(unshuffle * window) if unshuffle > 1 else 1
