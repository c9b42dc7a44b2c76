"""Pairs of local files, and files of related networks."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn

from dni.catalog.pairs import End, Pair, Source
from dni.checkpoints.files import save


def make_pair(pair_id: str, paths: Iterable[Path]) -> Pair:
    """A pair of local files, labelled by their names."""
    return Pair(pair_id, pair_id, tuple(End(path.stem, Source(path=path)) for path in paths))


def write_related(folder: Path, ancestor: nn.Module, last: nn.Module, metadata: dict[str, str]) -> list[Path]:
    """The files of two descendants of a network whose pictures have a contrast of 0.2 around the middle grey,
    from what their ``last`` convolution adds."""
    position = next(name for name, module in ancestor.named_modules() if module is last)
    probe = torch.rand(1, 3, 40, 40)
    with torch.no_grad():
        for name in ("calm", "wild"):
            network = copy.deepcopy(ancestor)
            for parameter in network.parameters():
                parameter.add_(0.3 * parameter.std(correction=0) * torch.randn_like(parameter))
            last = network.get_submodule(position)
            weight, bias = last.get_parameter("weight"), last.get_parameter("bias")
            bias.zero_()
            output, kept = network(probe), weight.clone()
            weight.zero_()
            skipped = network(probe)
            gain = 0.2 / (output - skipped).std()
            weight.copy_(kept * gain)
            bias.fill_(0.5 - float(network(probe).mean()))
            save(folder / f"{name}.safetensors", network.state_dict(), {**metadata, "training": name})
    return [folder / "calm.safetensors", folder / "wild.safetensors"]
