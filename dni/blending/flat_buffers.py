"""Flat buffers: all parameters of one dtype, of every end and of the live network, in contiguous memory.

A blend of the ends is then one pass over memory, whatever the number of layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import torch
from torch import Tensor, nn

from dni.blending.methods.merge import is_merged, merge_tensors
from dni.blending.shares import BlendError, Mix

__all__ = ["FlatBuffers", "blend_rows", "build_rows"]

# Every tensor starts on a cache line, as the allocator would have placed it.
ALIGNMENT_BYTES = 64
# Elements of every end that are widened at a time. On the CPU they must stay in its caches, on a GPU there
# must be enough of them to keep it busy; measured at 3 and 8 ends.
WIDE_CHUNK = {"cpu": 2**17, "cuda": 2**22}


@dataclass(frozen=True)
class Span:
    """The tensors of one group of layers that follow each other in memory: elements ``start`` to ``stop``."""

    group: str
    start: int
    stop: int


@dataclass(frozen=True)
class Place:
    """Where one tensor lies, and in which group of layers it is."""

    group: str
    start: int
    like: Tensor


@dataclass(frozen=True)
class FlatBuffers:
    """All floating tensors of one dtype: ``ends`` is (N, n), ``live`` is (n,), on the device."""

    ends: Tensor
    live: Tensor
    spans: tuple[Span, ...]
    places: Mapping[str, Place]

    @property
    def nbytes(self) -> int:
        return self.ends.nbytes + self.live.nbytes

    @torch.no_grad()
    def set_mix(self, mix: Mix) -> None:
        """Overwrite ``live``; neighbours that have the same shares are blended in one go."""
        for shares, run in groupby(self.spans, key=lambda span: mix.shares_in(span.group)):
            first, *rest = run
            stop = rest[-1].stop if rest else first.stop
            blend_rows(self.ends[:, first.start : stop], shares, self.live[first.start : stop])
        if mix.method is not None:
            self._merge(mix)

    def _merge(self, mix: Mix) -> None:
        """Overwrite by the mix's method what is not just averaged, tensor by tensor."""
        assert mix.method is not None, "the caller has looked"
        for name, place in self.places.items():
            if is_merged(name):
                tensors = [view_like(end, place.like, place.start) for end in self.ends]
                merged = merge_tensors(name, tensors, mix.shares_in(place.group), mix.method)
                place.like.copy_(merged)


def blend_rows(ends: Tensor, shares: Sequence[float], out: Tensor) -> None:
    """``sum_i shares_i * ends_i``, summed in at least float32 and rounded once.

    Args:
        ends: (N, n), floating point, each row contiguous.
        shares: N numbers that sum to 1; they are not rounded to a dtype narrower than float32.
        out: (n,), of the dtype and device of ``ends``; overwritten. A single share of 1 copies its end.
    """
    used = [index for index, share in enumerate(shares) if share != 0]
    if len(used) == 1:
        out.copy_(ends[used[0]])
    elif len(used) == 2:
        torch.lerp(ends[used[0]], ends[used[1]], shares[used[1]], out=out)
    else:
        wide_dtype = torch.promote_types(ends.dtype, torch.float32)
        weights = torch.tensor(shares, dtype=wide_dtype, device=ends.device)
        if wide_dtype == ends.dtype:
            torch.mv(ends.T, weights, out=out)
        else:
            blend_widened(ends, weights, out)


def blend_widened(ends: Tensor, weights: Tensor, out: Tensor) -> None:
    """The sum for ends that are narrower than their weights, in pieces that fit the caches.

    torch would round the weights to the ends' dtype, and their sum would no longer be 1.
    """
    chunk = min(WIDE_CHUNK.get(ends.device.type, 2**17), len(out))
    wide = torch.empty(len(ends), chunk, dtype=weights.dtype, device=ends.device)
    total = torch.empty(chunk, dtype=weights.dtype, device=ends.device)
    for start in range(0, len(out), chunk):
        stop = min(start + chunk, len(out))
        size = stop - start
        wide[:, :size].copy_(ends[:, start:stop])
        torch.mv(wide[:, :size].T, weights, out=total[:size])
        out[start:stop].copy_(total[:size])


def build_rows(
    network: nn.Module,
    states: Sequence[Mapping[str, Tensor]],
    groups: Mapping[str, Sequence[str]],
    dtype: torch.dtype,
) -> FlatBuffers:
    """Move all tensors of one dtype into flat rows and make the network's own views of the live one.

    Raises:
        BlendError: A parameter does not fill its memory.
    """
    tensors = {name: t for name, t in network.state_dict(keep_vars=True).items() if t.dtype == dtype}
    starts, length = place(tensors)
    device = next(iter(tensors.values())).device
    ends = torch.zeros(len(states), length, dtype=dtype, device=device)
    live = torch.zeros(length, dtype=dtype, device=device)
    for name, tensor in tensors.items():
        if not is_dense(tensor):
            raise BlendError(f"Expected parameters that fill their memory, but {name} overlaps or has gaps.")
        for row, state in zip(ends, states, strict=True):
            view_like(row, tensor, starts[name]).copy_(state[name])
        tensor.data = view_like(live, tensor, starts[name])
    group_of = {name: group for group, names in groups.items() for name in names}
    places = {name: Place(group_of[name], starts[name], tensor.data) for name, tensor in tensors.items()}
    return FlatBuffers(ends, live, tuple(spans(starts, length, group_of)), places)


def place(tensors: Mapping[str, Tensor]) -> tuple[dict[str, int], int]:
    """Where each tensor starts, and the length of the row."""
    starts, length = {}, 0
    for name, tensor in tensors.items():
        starts[name] = length
        step = max(1, ALIGNMENT_BYTES // tensor.element_size())
        length += -(-tensor.numel() // step) * step
    return starts, length


def spans(starts: Mapping[str, int], length: int, group_of: Mapping[str, str]) -> Iterator[Span]:
    """The runs of neighbours of one group; together they cover the whole row."""
    runs = [(group, starts[next(names)]) for group, names in groupby(starts, key=group_of.__getitem__)]
    for (group, start), (_, stop) in pairwise([*runs, ("", length)]):
        if start < stop:  # not where all tensors of a run have no elements
            yield Span(group, start, stop)


def view_like(flat: Tensor, tensor: Tensor, start: int) -> Tensor:
    """A view into ``flat`` from ``start``, with the size and memory order of ``tensor``."""
    return flat.as_strided(tensor.size(), tensor.stride(), flat.storage_offset() + start)


def is_dense(tensor: Tensor) -> bool:
    """Whether the strides visit ``numel`` consecutive elements, each once, in some order of dimensions."""
    expected = 1
    if tensor.numel() == 0:
        return True
    for stride, size in sorted(zip(tensor.stride(), tensor.size(), strict=True)):
        if size != 1:
            if stride != expected:
                return False
            expected *= size
    return True
