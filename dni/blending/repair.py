"""Repair of a blend's activations, by its convolutions' gains and biases.

Jordan, Sedghi, Saukh, Entezari and Neyshabur, "REPAIR: REnormalizing Permuted Activations for Interpolation
Repair", ICLR 2023, https://arxiv.org/abs/2211.08403: what the layers of a blend give varies less than what
those of its ends give, the more so the deeper they are. So each convolution's output is moved and stretched,
channel by channel, to the mean and the standard deviation that lie between those of the ends, and that is
folded into its weights and biases: the result is an ordinary network.

We deviate in three points. There are no batch norms to borrow: one pass corrects each layer's output before
the next one sees it. The correction can be weakened (``strength``), since statistics of few pictures are
not those of all. And a layer without a bias is stretched only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Correction", "Moments", "between", "correct", "measure_moments", "mix_moments", "repairing"]

# Statistics from fewer values say little: such a layer, behind a pooling, stays as it is.
MIN_VALUES = 64
# A channel that is nearly constant in the blend tells no gain.
MOST_GAIN = 4.0

Convolution = nn.Conv2d | nn.ConvTranspose2d


@dataclass(frozen=True, eq=False)
class Moments:
    """Of a layer's output, for each channel: its mean and standard deviation, float32 (C,)."""

    mean: Tensor
    deviation: Tensor


@dataclass(frozen=True, eq=False)
class Correction:
    """Of a layer: its output is to be multiplied by ``gain``, then ``shift`` is added; both float32 (C,)."""

    gain: Tensor
    shift: Tensor


def convolutions(module: nn.Module) -> dict[str, Convolution]:
    """The layers that can be corrected: with a weight of their own that no other layer uses."""
    found = {name: layer for name, layer in module.named_modules() if isinstance(layer, Convolution)}
    users = Counter(id(layer.weight) for layer in found.values())
    return {
        name: layer
        for name, layer in found.items()
        if isinstance(layer._parameters.get("weight"), nn.Parameter) and users[id(layer.weight)] == 1
    }


@contextmanager
def watching(module: nn.Module, watch: Callable[[str, Convolution, Tensor], Tensor | None]) -> Iterator[None]:
    """Inside, every convolution's output goes through ``watch``, which may give another one."""

    def hook_of(name: str) -> Callable[..., Tensor | None]:
        return lambda layer, _, output: watch(name, layer, output)

    hooks = [layer.register_forward_hook(hook_of(name)) for name, layer in convolutions(module).items()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def moments_of(output: Tensor) -> Moments:
    values = output.detach().transpose(0, 1).flatten(start_dim=1).float()  # (C, n)
    return Moments(values.mean(dim=1).clone(), values.std(dim=1).clone())


def has_enough(output: Tensor) -> bool:
    return output[:, 0].numel() >= MIN_VALUES


@torch.no_grad()
def measure_moments(module: nn.Module, run: Callable[[nn.Module], object]) -> dict[str, Moments]:
    """The moments of every convolution's output.

    Args:
        module: The network of an end.
        run: Runs it once on calibration pictures.

    Returns:
        By the layers' names; without those that run several times, or give fewer than 64 values a channel.
    """
    found: dict[str, Moments] = {}
    calls: Counter[str] = Counter()

    def watch(name: str, _: Convolution, output: Tensor) -> None:
        calls[name] += 1
        if has_enough(output):
            found[name] = moments_of(output)

    with watching(module, watch):
        run(module)
    return {name: moments for name, moments in found.items() if calls[name] == 1}


def mix_moments(
    ends: Sequence[Mapping[str, Moments]], shares_of_layer: Callable[[str], Sequence[float]]
) -> dict[str, Moments]:
    """The moments that a blend should have: means and deviations between those of the ends.

    Args:
        ends: Of every end, as :func:`measure_moments` gives them.
        shares_of_layer: The shares that hold in a layer, by its name; not outside [0, 1].
    """
    common = [name for name in ends[0] if all(name in end for end in ends)]
    mixed = {}
    for name in common:
        shares = shares_of_layer(name)
        mean = sum(share * end[name].mean for share, end in zip(shares, ends, strict=True))
        deviation = sum(share * end[name].deviation for share, end in zip(shares, ends, strict=True))
        mixed[name] = Moments(torch.as_tensor(mean), torch.as_tensor(deviation))
    return mixed


@torch.no_grad()
def repairing(
    module: nn.Module,
    run: Callable[[nn.Module], object],
    targets: Mapping[str, Moments],
    *,
    strength: float = 1.0,
) -> dict[str, Correction]:
    """What brings every layer of a blend to its targets, each measured behind the corrected ones before it.

    Args:
        module: The network at the blend; it is left as it is.
        run: Runs it once on the pictures that the targets were measured on.
        targets: By the layers' names, see :func:`mix_moments`; other layers stay.
        strength: 1 reaches the targets, 0 changes nothing.
    """
    corrections: dict[str, Correction] = {}

    def watch(name: str, layer: Convolution, output: Tensor) -> Tensor | None:
        if name not in targets:
            return None
        corrections[name] = correction = correction_to(
            targets[name], moments_of(output), has_bias=layer.bias is not None, strength=strength
        )
        shape = (1, -1, *[1] * (output.ndim - 2))
        gain, shift = (part.to(output).view(shape) for part in (correction.gain, correction.shift))
        corrected: Tensor = output * gain + shift
        return corrected

    with watching(module, watch):
        run(module)
    return corrections


def correction_to(target: Moments, found: Moments, *, has_bias: bool, strength: float) -> Correction:
    """From the moments found towards the target."""
    device = found.mean.device
    ratio = target.deviation.to(device) / found.deviation.clamp_min(torch.finfo(torch.float32).tiny)
    gain = ratio.nan_to_num(1.0).clamp(1 / MOST_GAIN, MOST_GAIN) ** strength
    mean = torch.lerp(found.mean, target.mean.to(device), strength)
    shift = mean - gain * found.mean if has_bias else torch.zeros_like(mean)
    return Correction(gain, shift)


def between(
    first: Mapping[str, Correction] | None, second: Mapping[str, Correction] | None, position: float
) -> dict[str, Correction]:
    """The corrections at a position from ``first`` (0) to ``second`` (1): gains as logarithms.

    None stands for no correction. Layers that only one of two has are left out.
    """
    known = first or second or {}
    names = [
        name for name in known if (first is None or name in first) and (second is None or name in second)
    ]

    def part(corrections: Mapping[str, Correction] | None, name: str) -> Correction:
        if corrections is not None:
            return corrections[name]
        like = known[name].gain
        return Correction(torch.ones_like(like), torch.zeros_like(like))

    mixed = {}
    for name in names:
        one, other = part(first, name), part(second, name)
        gain = torch.lerp(one.gain.log(), other.gain.log(), position).exp()
        mixed[name] = Correction(gain, torch.lerp(one.shift, other.shift, position))
    return mixed


@torch.no_grad()
def correct(module: nn.Module, corrections: Mapping[str, Correction]) -> None:
    """Fold corrections into the weights and biases, in place."""
    for name, layer in convolutions(module).items():
        if name in corrections:
            gain, shift = corrections[name].gain, corrections[name].shift
            layer.weight.copy_(stretched(layer, gain.to(layer.weight.device)))
            if layer.bias is not None:
                wide = layer.bias.float()
                layer.bias.copy_(wide * gain.to(wide.device) + shift.to(wide.device))


def stretched(layer: Any, gain: Tensor) -> Tensor:
    """A convolution's weight with each output channel multiplied by its gain; at least float32."""
    weight: Tensor = layer.weight.float()
    if not isinstance(layer, nn.ConvTranspose2d):
        return weight * gain.view(-1, 1, 1, 1)
    # (in, out / groups, kH, kW): the first dimension holds the groups one after the other.
    by_group = weight.reshape(layer.groups, -1, *weight.shape[1:])
    return (by_group * gain.view(layer.groups, 1, -1, 1, 1)).reshape(weight.shape)
