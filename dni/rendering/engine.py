"""The inference engine: runs a blend on one window of a picture, in the device's best precision."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor, nn

from dni.blending.blend import Blend
from dni.blending.shares import Mix
from dni.checkpoints.image_network import ImageNetwork
from dni.device import DTYPES, Precision, best_device, best_precision
from dni.rendering.forward.channels import check_channels, from_output, to_input
from dni.rendering.forward.cpu_copy import copy_to_cpu, on_cpu
from dni.rendering.forward.inputs import fixed_random_numbers, pad, random_state
from dni.rendering.forward.memory_layout import choose_layout, set_layout
from dni.rendering.forward.network_errors import NETWORK_ERRORS
from dni.rendering.measuring.all_ends import depth_at_all_ends, surroundings_at_all_ends
from dni.rendering.measuring.receptive_field import LEAST_DEPTH, bytes_while, is_convolutional, reach
from dni.rendering.measuring.surroundings import Surroundings
from dni.rendering.repair import Repairer
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
# Networks with other layers than convolutions always get this much in one piece, and those that see the
# whole picture as much as fits: on the CPU into this memory.
WHOLE_PIXELS = 512 * 512
MAX_WHOLE_PIXELS = 1024 * 1024
CPU_WHOLE_BYTES = 2_500_000_000
MEMORY_PROBE_SIDE = 32


class Engine:
    """A blend of image networks on one device; runs windows of pictures.

    Args:
        network: The live network, as :mod:`dni.checkpoints.networks` built it; it belongs to the engine from
            then on.
        states: One state dict an end.
        device: Where to run; the GPU if there is one.
        precision: bfloat16 where the hardware has it, else float32. The layout is channels_last where the
            network runs so.

    Attributes:
        overlap: Input pixels around a part of a picture with which it equals that part of the whole, for any
            mix: what the convolutions read together, at most 48. For networks with other layers see
            :meth:`surroundings`.

    Raises:
        dni.blending.shares.BlendError: The states cannot be blended.
        dni.checkpoints.errors.CheckpointError: The network takes or gives other channels than a picture has.
    """

    def __init__(
        self,
        network: ImageNetwork,
        states: Sequence[Mapping[str, Tensor]],
        *,
        device: torch.device | None = None,
        precision: Precision | None = None,
    ) -> None:
        check_channels(network)
        self.network = network
        self.device = device or best_device()
        self.precision: Precision = precision or best_precision(self.device)
        if not network.supports_bfloat16:
            self.precision = "float32"
        self.dtype = DTYPES[self.precision]
        module = network.module.to(self.device, self.dtype)
        self._is_local = is_convolutional(module) and network.multiple_of == 1
        self._layout = self._choose_layout(module)
        farthest = min(MAX_OVERLAP, reach(module)) if self._is_local else MAX_OVERLAP
        self.overlap = round_up(farthest, network.multiple_of)
        self._measuring = threading.Lock()
        self._depth: int | None = None
        self._surroundings: Surroundings | None = None
        self._bytes_per_pixel: float | None = None
        self._window_pixels: int | None = None
        self.blend = Blend(module, states, execution_order=network.execution_order)
        self.repairer = Repairer(weakly(self), self.blend.lock)
        self.blend.corrections = self.repairer.corrections

    @property
    def scale(self) -> int:
        """Output pixels for an input pixel."""
        return self.network.scale

    @property
    def takes_opacity(self) -> bool:
        """Whether the network renders opacity too, as a fourth channel."""
        return self.network.input_channels == self.network.output_channels == 4

    @property
    def is_local(self) -> bool:
        """Whether all layers are convolutions without stride, or work on each pixel alone."""
        return self._is_local

    def overlap_at(self, mix: Mix) -> int:
        """How much tiles have to overlap at this mix; see :meth:`surroundings`."""
        return self.surroundings(mix).overlap

    def surroundings(self, mix: Mix, *, bits: int = 8) -> Surroundings:
        """What tiles need around them at this mix.

        Measured at first use, once for all mixes between the ends with all layers alike: :attr:`depth`, and
        for networks with other layers than convolutions :mod:`dni.rendering.measuring.surroundings`. Other
        mixes, and results of 16 bits, get :attr:`overlap` at least.
        """
        between = bits == 8 and not mix.groups and all(0 <= share <= 1 for share in mix.shares)
        if self._is_local:
            return Surroundings(self.depth if between else self.overlap)
        measured = self.measured()
        if between:
            return measured
        overlap = round_up(max(self.overlap, measured.overlap), measured.grid)
        return replace(measured, overlap=overlap)

    def measured(self) -> Surroundings:
        """What was measured, or is now, on the processor: what another engine of these ends may adopt."""
        if self._is_local:
            return Surroundings(self.depth)
        with self._measuring:
            if self._surroundings is None:
                self._surroundings = self._measure_surroundings()
            return self._surroundings

    def adopt(self, measured: Surroundings | None) -> None:
        """Take what another engine of these ends has measured instead of measuring at first use.

        Args:
            measured: See :meth:`measured`; None where it could not be measured: then parts overlap as far as
                the network can see, and get a notice where that may not be enough.
        """
        with self._measuring:
            if self._is_local:
                self._depth = measured.overlap if measured else self.overlap
            else:
                unknown = Surroundings.unknown(self.overlap, self.network.multiple_of)
                self._surroundings = measured or unknown

    @property
    def depth(self) -> int:
        """How far into a tile its cut border is seen; measured at first use.

        By :func:`dni.rendering.measuring.all_ends.depth_at_all_ends`, in float32 on the CPU, so that it is
        the same wherever the blend is rendered. Networks with other layers than convolutions keep
        :attr:`overlap`, and have :meth:`surroundings`.
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

    @property
    def whole_pixels(self) -> int:
        """The most input pixels to run at once where parts of a picture would differ from the whole."""
        if self._is_local:
            return self.window_pixels
        with self._measuring:
            budget = self._gpu_bytes() if self.device.type == "cuda" else CPU_WHOLE_BYTES
            fits = int(budget / self._measured_bytes_per_pixel())
        return max(WHOLE_PIXELS, min(MAX_WHOLE_PIXELS, fits))

    def on_cpu(self: E) -> E:
        """The same ends on the CPU in float32, with a network of their own; takes no memory on the device."""
        states = []
        for shares in torch.eye(self.blend.num_ends).tolist():
            with self.blend.at(shares) as module:
                states.append({name: on_cpu(tensor) for name, tensor in module.state_dict().items()})
                copied = copy_to_cpu(module)
        spare = type(self)(replace(self.network, module=copied), states, device=CPU, precision="float32")
        spare._surroundings = self._surroundings
        return spare

    @torch.inference_mode()
    def levels(self, module: nn.Module, window: Tensor) -> Tensor:
        """Run the network, as :attr:`blend` gave it, on a window.

        Networks that draw random numbers get the same ones at every call.

        Args:
            module: The network at some mix.
            window: uint8 or uint16 (3, h, w) on the CPU, or (4, h, w) with the opacity; any size.

        Returns:
            float32 (output channels, scale * h, scale * w) on the device, 0 to 255, not rounded; a network of
            one channel gives three, with the window's colours.
        """
        picture = window.to(self.device).unsqueeze(0).to(self.dtype)  # (1, 3 or 4, h, w)
        picture.div_(torch.iinfo(window.dtype).max)
        channels = self.network.input_channels
        padded = pad(to_input(picture, channels), self.network).contiguous(memory_format=self._layout)
        with fixed_random_numbers(self._is_local, self.device):
            outputs: Tensor = module(padded)
        height, width = window.shape[1] * self.scale, window.shape[2] * self.scale
        shown = from_output(outputs[..., :height, :width], picture, channels=channels)
        return shown[0].float().clamp_(0, 1).mul_(255)

    def _choose_layout(self, module: nn.Module) -> torch.memory_format:
        if self._is_local:
            set_layout(module, torch.channels_last)
            return torch.channels_last
        side = self._least_side()
        zeros = torch.zeros(1, self.network.input_channels, side, side, dtype=self.dtype, device=self.device)

        @torch.inference_mode()
        def run(layout: torch.memory_format) -> bool:
            with fixed_random_numbers(False, self.device):
                before = random_state(self.device)
                module(zeros.contiguous(memory_format=layout))
                return not torch.equal(before, random_state(self.device))

        return choose_layout(module, run)

    def _least_side(self) -> int:
        return round_up(max(MEMORY_PROBE_SIDE, self.network.minimum_size), self.network.multiple_of)

    def plain(self: E) -> E:
        """This engine, or a copy, where measurements are the same everywhere."""
        return self if self.device == CPU and self.precision == "float32" else self.on_cpu()

    def _measure_depth(self) -> int:
        if not self._is_local or self.overlap <= LEAST_DEPTH:
            return self.overlap
        plain = self.plain()
        return depth_at_all_ends(plain.blend, plain.levels, bound=plain.overlap)

    def _measure_surroundings(self) -> Surroundings:
        plain = self if self.precision == "float32" else self.on_cpu()
        try:
            return surroundings_at_all_ends(
                plain.blend, plain.levels, self.network, side=4 * self._least_side()
            )
        except NETWORK_ERRORS:  # it does not run on the test picture, or memory is too small for that
            return Surroundings.unknown(self.overlap, self.network.multiple_of)

    def _gpu_bytes(self) -> float:
        total = torch.cuda.get_device_properties(self.device).total_memory
        return min(GPU_WINDOW_BYTES, GPU_SHARE * total)

    def _measured_bytes_per_pixel(self) -> float:
        if self._bytes_per_pixel is None:
            side = self._least_side()
            picture = torch.zeros(3, side, side, dtype=torch.uint8)
            any_mix = [1 / self.blend.num_ends] * self.blend.num_ends
            with self.blend.at(any_mix) as module:
                self._bytes_per_pixel = bytes_while(lambda: self.levels(module, picture)) / side**2
        return self._bytes_per_pixel

    def _measure_window(self) -> int:
        bytes_per_pixel = self._measured_bytes_per_pixel()
        if self.device.type == "cuda":
            pixels = int(self._gpu_bytes() / bytes_per_pixel)
        else:
            pixels = min(CPU_WINDOW_PIXELS, int(CPU_WINDOW_BYTES / bytes_per_pixel))
        return pixels if self._is_local else min(pixels, WHOLE_PIXELS)


def weakly(engine: Engine) -> Callable[[], Engine]:
    """What gives an engine of the same ends in float32 on the CPU: itself, or one copy."""
    owner: weakref.ref[Engine] = weakref.ref(engine)
    copies: list[Engine] = []

    def plain() -> Engine:
        if copies:
            return copies[0]
        alive = owner()
        assert alive is not None, "it is the one whose blend asks"
        found = alive.plain()
        if found is not alive:
            copies.append(found)
        return found

    return plain
