"""The inference engine: runs a blend on one window of a picture, in the device's best precision."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from dni.blending.blend import Blend
from dni.blending.shares import Mix
from dni.checkpoints.image_network import ImageNetwork
from dni.device import DTYPES, Precision, best_device, best_precision
from dni.rendering.receptive_field import LEAST_DEPTH, bytes_while, cut_depth, is_convolutional, reach
from dni.rendering.tiles import round_up

__all__ = ["Engine"]

E = TypeVar("E", bound="Engine")

CPU = torch.device("cpu")
# What a convolution reads beyond this is too faint to change an 8-bit level (tests measure it).
MAX_OVERLAP = 48
# For the tensors of one window on the CPU, and its most pixels: less than a second of work on two cores,
# as others wait for their frames meanwhile. Measured: benchmarks/large.md.
CPU_WINDOW_BYTES = 700_000_000
CPU_WINDOW_PIXELS = 420_000
# On a GPU at most this, so that no tensor has the 2^31 elements at which some kernels fail; and of the
# card's memory (not of what is free just then, so that a picture is always cut alike).
GPU_WINDOW_BYTES = 4_000_000_000
GPU_SHARE = 1 / 3
# For networks that may compare all pixels of a window with each other.
OTHER_WINDOW_PIXELS = 480 * 480
MEMORY_PROBE_SIDE = 32


class Engine:
    """A blend of image networks on one device; runs windows of pictures.

    Args:
        network: The live network, as :mod:`dni.checkpoints.networks` built it; it belongs to the engine from
            then on.
        states: One state dict an end.
        device: Where to run; the GPU if there is one.
        precision: bfloat16 where the hardware has it, else float32. The layout is always channels_last.

    Attributes:
        overlap: Input pixels around a part of a picture with which it equals that part of the whole, for any
            mix: what the convolutions read together, at most 48; always 48 for networks with other layers.

    Raises:
        dni.blending.shares.BlendError: The states cannot be blended.
    """

    def __init__(
        self,
        network: ImageNetwork,
        states: Sequence[Mapping[str, Tensor]],
        *,
        device: torch.device | None = None,
        precision: Precision | None = None,
    ) -> None:
        self.network = network
        self.device = device or best_device()
        self.precision: Precision = precision or best_precision(self.device)
        if not network.supports_bfloat16:
            self.precision = "float32"
        self.dtype = DTYPES[self.precision]
        module = network.module.to(self.device, self.dtype)
        module = module.to(memory_format=torch.channels_last)
        self._is_local = is_convolutional(module) and network.multiple_of == 1
        farthest = min(MAX_OVERLAP, reach(module)) if self._is_local else MAX_OVERLAP
        self.overlap = round_up(farthest, network.multiple_of)
        self._measuring = threading.Lock()
        self._depth: int | None = None
        self._window_pixels: int | None = None
        self.blend = Blend(module, states, execution_order=network.execution_order)

    @property
    def scale(self) -> int:
        """Output pixels for an input pixel."""
        return self.network.scale

    def overlap_at(self, mix: Mix) -> int:
        """How much tiles have to overlap at this mix.

        :attr:`depth` where it was measured: all layers at one mix between the ends. Else :attr:`overlap`.
        """
        between = not mix.groups and all(0 <= share <= 1 for share in mix.shares)
        return self.depth if between else self.overlap

    @property
    def depth(self) -> int:
        """How far into a tile its cut border is seen; measured at first use.

        By :func:`dni.rendering.receptive_field.cut_depth` at every end and in the middle, in float32 on the
        CPU, so that it is the same wherever the blend is rendered. Networks with other layers than
        convolutions keep :attr:`overlap`.
        """
        with self._measuring:
            if self._depth is None:
                self._depth = self._measure_depth()
            return min(self._depth, self.overlap)

    @property
    def window_pixels(self) -> int:
        """The most input pixels to run at once, by the memory that one takes; measured at first use."""
        with self._measuring:
            if self._window_pixels is None:
                self._window_pixels = self._measure_window()
            return self._window_pixels

    def on_cpu(self: E) -> E:
        """The same ends on the CPU in float32, with a network of their own; takes no memory on the device."""
        states = []
        for shares in torch.eye(self.blend.num_ends).tolist():
            with self.blend.at(shares) as module:
                states.append({name: on_cpu(tensor) for name, tensor in module.state_dict().items()})
                copied = copy_to_cpu(module)
        return type(self)(replace(self.network, module=copied), states, device=CPU, precision="float32")

    @torch.inference_mode()
    def levels(self, module: nn.Module, window: Tensor) -> Tensor:
        """Run the network, as :attr:`blend` gave it, on a window.

        Args:
            module: The network at some mix.
            window: uint8 or uint16 (3, h, w) on the CPU; any size.

        Returns:
            float32 (output channels, scale * h, scale * w) on the device, 0 to 255, not rounded.
        """
        inputs = window.to(self.device).unsqueeze(0).to(self.dtype)  # (1, 3, h, w)
        inputs.div_(torch.iinfo(window.dtype).max)
        if self.network.input_channels == 1:
            inputs = inputs.mean(dim=1, keepdim=True)
        padded = pad(inputs, self.network).contiguous(memory_format=torch.channels_last)
        outputs: Tensor = module(padded)
        height, width = window.shape[1] * self.scale, window.shape[2] * self.scale
        return outputs[0, :, :height, :width].float().clamp_(0, 1).mul_(255)

    def _measure_depth(self) -> int:
        if not self._is_local or self.overlap <= LEAST_DEPTH:
            return self.overlap
        plain = self if self.device == CPU and self.precision == "float32" else self.on_cpu()
        count, deepest = self.blend.num_ends, 0
        for shares in [*torch.eye(count).tolist(), [1 / count] * count]:
            with plain.blend.at(shares) as module:
                depth = cut_depth(partial(plain.levels, module), bound=plain.overlap)
            deepest = max(deepest, depth)
        return deepest

    def _measure_window(self) -> int:
        side = round_up(max(MEMORY_PROBE_SIDE, self.network.minimum_size), self.network.multiple_of)
        picture = torch.zeros(3, side, side, dtype=torch.uint8)
        any_mix = [1 / self.blend.num_ends] * self.blend.num_ends
        with self.blend.at(any_mix) as module:
            bytes_per_pixel = bytes_while(lambda: self.levels(module, picture)) / side**2
        if self.device.type == "cuda":
            total = torch.cuda.get_device_properties(self.device).total_memory
            pixels = int(min(GPU_WINDOW_BYTES, GPU_SHARE * total) / bytes_per_pixel)
        else:
            pixels = min(CPU_WINDOW_PIXELS, int(CPU_WINDOW_BYTES / bytes_per_pixel))
        return pixels if self._is_local else min(pixels, OTHER_WINDOW_PIXELS)


def pad(inputs: Tensor, network: ImageNetwork) -> Tensor:
    """Extend to the right and below to a size that the network accepts, by repeating the edge."""
    height, width = inputs.shape[-2:]
    target_height, target_width = (
        round_up(max(side, network.minimum_size), network.multiple_of) for side in (height, width)
    )
    if network.square:
        target_height = target_width = max(target_height, target_width)
    if (target_height, target_width) == (height, width):
        return inputs
    padding = (0, target_width - width, 0, target_height - height)
    return functional.pad(inputs, padding, mode="replicate")


def copy_to_cpu(module: nn.Module) -> nn.Module:
    """The module in float32 on the CPU, without a copy on its own device in between."""
    copies: dict[int, object] = {id(buffer): on_cpu(buffer) for buffer in module.buffers()}
    for parameter in module.parameters():
        copies[id(parameter)] = nn.Parameter(on_cpu(parameter.detach()), requires_grad=False)
    return copy.deepcopy(module, copies)


def on_cpu(tensor: Tensor) -> Tensor:
    """A copy on the CPU, in float32 where it has floating point."""
    dtype = torch.float32 if tensor.is_floating_point() else tensor.dtype
    return tensor.to("cpu", dtype, copy=True)
