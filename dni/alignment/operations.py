"""What each operation of a network does to the channels that it reads; see :mod:`dni.alignment.trace`.

An operation that has no rule here fixes what it reads. So a rule may be missing, but must not be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from torch import Tensor

from dni.alignment.channel_sets import Axes, ChannelSets, Labels

__all__ = ["RULES", "Rule"]

AxesOf = Callable[[Tensor], Axes]
# The sets, what is known of a tensor's axes, the result, and the operation's arguments.
Rule = Callable[[ChannelSets, AxesOf, Tensor, Sequence[Any]], Axes]


def keeps_channels(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """Works along axes without labels: those of other sizes than before lose them."""
    before, source = axes_of(args[0]), args[0]
    kept: list[Labels | None] = []
    for axis, labels in enumerate(before):
        if axis < out.ndim and out.shape[axis] == source.shape[axis]:
            kept.append(labels)
        else:
            sets.fix([labels])
            kept.append(None)
    return tuple(kept[: out.ndim])


def elementwise(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """One or more tensors, number by number, after broadcasting."""
    tensors = [each for each in args if isinstance(each, Tensor)]
    result: list[Labels | None] = []
    for axis in range(-out.ndim, 0):
        taking = [each for each in tensors if each.ndim >= -axis and each.shape[axis] == out.shape[axis]]
        result.append(sets.unite_axes([axes_of(each)[axis] for each in taking]))
    return tuple(result)


def prelu(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """A slope for each channel, or one for all."""
    axes, slopes = axes_of(args[0]), axes_of(args[1])
    if args[1].numel() > 1:
        axis = 1 if args[1].ndim == 1 else next(n for n, size in enumerate(args[1].shape) if size > 1)
        slope = slopes[0] if args[1].ndim == 1 else slopes[axis]
        sets.unite_axes([axes[axis], slope])
    return axes


def convolution(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """``convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups)``."""
    inputs, weight, bias, transposed, groups = *args[:3], args[6], args[8]
    ours, axes = axes_of(inputs)[1], axes_of(weight)
    sets.fix(axes[2:])
    if groups == 1:
        incoming, outgoing = (axes[0], axes[1]) if transposed else (axes[1], axes[0])
        sets.unite_axes([ours, incoming])
    elif groups == len(weight) == out.shape[1]:  # one filter a channel
        outgoing = sets.unite_axes([ours, axes[0]])
        sets.fix(axes[1:2])
    else:
        sets.fix([ours, *axes[:2]])
        outgoing = sets.new(out.shape[1], fixed=True)
    if bias is not None:
        outgoing = sets.unite_axes([outgoing, axes_of(bias)[0]])
    return (None, outgoing, *(None for _ in range(out.ndim - 2)))


def matrix_product(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """``mm(A, B)`` and ``bmm(A, B)``: the axis that is summed over may be reordered in both."""
    ours, theirs = axes_of(args[0]), axes_of(args[1])
    sets.unite_axes([ours[-1], theirs[-2]])
    batch = [sets.unite_axes(list(pair)) for pair in zip(ours[:-2], theirs[:-2], strict=True)]
    return *batch, ours[-2], theirs[-1]


def affine(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """``addmm(bias, A, B)``."""
    rows, columns = matrix_product(sets, axes_of, out, args[1:])
    bias = axes_of(args[0])[-1]
    return rows, columns if len(args[0]) == 1 < out.shape[-1] else sets.unite_axes([columns, bias])


def linear(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """``linear(input, weight, bias)``."""
    before, weight = axes_of(args[0]), axes_of(args[1])
    sets.unite_axes([before[-1], weight[1]])
    outgoing = weight[0]
    if len(args) > 2 and args[2] is not None:
        outgoing = sets.unite_axes([outgoing, axes_of(args[2])[0]])
    return *before[:-1], outgoing


def concatenation(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """``cat(tensors, dim)``."""
    tensors = [each for each in args[0] if each.numel() or each.ndim > 1]
    dim = (args[1] if len(args) > 1 else 0) % out.ndim
    axes = [axes_of(each) for each in tensors]
    result = [
        sets.unite_axes([each[axis] for each in axes]) if axis != dim else None for axis in range(out.ndim)
    ]
    along = [each[dim] for each in axes]
    if any(labels is not None for labels in along):
        result[dim] = np.concatenate(
            [
                sets.new(tensor.shape[dim], fixed=True) if labels is None else labels
                for tensor, labels in zip(tensors, along, strict=True)
            ]
        )
    return tuple(result)


def sliced(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """``slice(input, dim, start, end, step)``."""
    dim, axes = args[1] if len(args) > 1 else 0, list(axes_of(args[0]))
    if (labels := axes[dim]) is not None:
        start, end, step = (args[place] if len(args) > place else None for place in (2, 3, 4))
        axes[dim] = labels[slice(start, end, step)]
    return tuple(axes)


def selected(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """``select(input, dim, index)``: what is taken by its place stays in its place."""
    axes = list(axes_of(args[0]))
    sets.fix([axes.pop(args[1])])
    return tuple(axes)


def flipped(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """``flip(input, dims)`` and ``roll(input, shifts, dims)``: channels that are moved are fixed."""
    axes, dims = list(axes_of(args[0])), args[-1]
    for dim in range(len(axes)) if len(args) > 2 and not dims else dims:
        sets.fix([axes[dim]])
        axes[dim] = None
    return tuple(axes)


def permuted(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """``permute(input, dims)``."""
    axes = axes_of(args[0])
    return tuple(axes[dim] for dim in args[1])


def transposed(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """``transpose(input, dim0, dim1)`` and ``t(input)``."""
    axes = list(axes_of(args[0]))
    if len(axes) > 1:
        one, other = args[1:3] if len(args) > 2 else (0, 1)
        axes[one], axes[other] = axes[other], axes[one]
    return tuple(axes)


def viewed(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """``view``, ``squeeze``, ``unsqueeze``: an axis that is neither split nor merged keeps its labels."""
    source, before = args[0], axes_of(args[0])
    places = {prod(source.shape[:axis]): axis for axis in range(source.ndim) if source.shape[axis] > 1}
    result: list[Labels | None] = [None] * out.ndim
    kept = set()
    for axis in range(out.ndim):
        origin = places.get(prod(out.shape[:axis]))
        if out.shape[axis] > 1 and origin is not None and source.shape[origin] == out.shape[axis]:
            result[axis] = before[origin]
            kept.add(origin)
    sets.fix(labels for axis, labels in enumerate(before) if axis not in kept and source.shape[axis] > 1)
    return tuple(result)


def expanded(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """``expand(input, size)`` and ``repeat(input, times)``: what is repeated has no labels."""
    source, new = args[0], out.ndim - args[0].ndim
    result: list[Labels | None] = [None] * new
    for labels, size, wanted in zip(axes_of(source), source.shape, out.shape[new:], strict=True):
        if size not in (1, wanted):
            sets.fix([labels])
        result.append(labels if size == wanted else None)
    return tuple(result)


def reduced(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """``mean(input, dims, keepdim)`` and sums: over channels, their order does not matter."""
    before = list(axes_of(args[0]))
    dims = args[1] if len(args) > 1 else None
    every = range(len(before)) if not dims and dims != 0 else [dims] if isinstance(dims, int) else dims
    gone = {dim % len(before) for dim in every}
    if out.ndim == len(before):
        return tuple(None if axis in gone else labels for axis, labels in enumerate(before))
    return tuple(labels for axis, labels in enumerate(before) if axis not in gone)


def layer_norm(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """``native_layer_norm(input, normalized_shape, weight, bias, eps)``."""
    axes, count = list(axes_of(args[0])), len(args[1])
    for tensor in args[2:4]:
        if tensor is not None:
            for axis in range(-count, 0):
                axes[axis] = sets.unite_axes([axes[axis], axes_of(tensor)[axis]])
    return tuple(axes)


def batch_norm(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """``native_batch_norm(input, weight, bias, running_mean, running_var, ...)``."""
    axes = list(axes_of(args[0]))
    for tensor in args[1:5]:
        if isinstance(tensor, Tensor) and tensor.numel():
            axes[1] = sets.unite_axes([axes[1], axes_of(tensor)[0]])
    return tuple(axes)


def pixels_shuffled(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """``pixel_shuffle(input, factor)``: the channels that become one move as one."""
    labels = axes_of(args[0])[-3]
    if labels is not None:
        blocks = labels.reshape(out.shape[-3], args[1] ** 2)
        for column in range(1, blocks.shape[1]):
            sets.unite(blocks[:, 0], blocks[:, column])
        labels = blocks[:, 0]
    return *axes_of(args[0])[:-3], labels, None, None


def pixels_unshuffled(sets: ChannelSets, axes_of: AxesOf, out: Tensor, args: Sequence[Any]) -> Axes:
    """``pixel_unshuffle(input, factor)``: the channels that one becomes move as one."""
    labels = axes_of(args[0])[-3]
    repeated = None if labels is None else np.repeat(labels, args[1] ** 2)
    return *axes_of(args[0])[:-3], repeated, None, None


NAMES: dict[Rule, str] = {
    keeps_channels: "upsample_nearest1d upsample_nearest2d _upsample_nearest_exact2d upsample_bilinear2d "
    "upsample_bicubic2d _upsample_bilinear2d_aa _upsample_bicubic2d_aa constant_pad_nd reflection_pad2d "
    "replication_pad2d avg_pool2d max_pool2d_with_indices _adaptive_avg_pool2d adaptive_max_pool2d",
    elementwise: "alias clone contiguous detach lift_fresh _to_copy relu relu_ leaky_relu leaky_relu_ elu "
    "elu_ gelu silu silu_ sigmoid sigmoid_ tanh tanh_ hardtanh hardtanh_ hardswish hardswish_ hardsigmoid "
    "mish softplus exp sqrt rsqrt reciprocal neg abs square erf sin cos round floor pow clamp clamp_ "
    "clamp_min clamp_max copy_ _softmax add add_ sub sub_ rsub mul mul_ div div_ maximum minimum where "
    "addcmul lerp",
    prelu: "_prelu_kernel prelu",
    convolution: "convolution _convolution",
    matrix_product: "mm bmm",
    affine: "addmm",
    linear: "linear",
    concatenation: "cat",
    sliced: "slice",
    selected: "select",
    flipped: "flip roll",
    permuted: "permute",
    transposed: "transpose t",
    viewed: "view _unsafe_view reshape _reshape_alias squeeze unsqueeze",
    expanded: "expand repeat",
    reduced: "mean sum var amax amin",
    layer_norm: "native_layer_norm",
    batch_norm: "native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training "
    "_batch_norm_no_update cudnn_batch_norm",
    pixels_shuffled: "pixel_shuffle",
    pixels_unshuffled: "pixel_unshuffle",
}
RULES: dict[str, Rule] = {name: rule for rule, names in NAMES.items() for name in names.split()}
