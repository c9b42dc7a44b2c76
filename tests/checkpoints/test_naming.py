"""A blended network under the names, and in the numbers, of its ends' files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.files import read_state, save
from dni.checkpoints.naming import as_in_file
from dni.checkpoints.networks import build, load_network
from dni.export.networks import export_network
from models import RRDBNet

OLD_NAMES = {
    "rdb": "RDB",
    "conv_body": "trunk_conv",
    "body": "RRDB_trunk",
    "conv_up": "upconv",
    "conv_hr": "HRconv",
}


def real_esrgan(seed: int) -> dict[str, Tensor]:
    """Under Real-ESRGAN's names, which spandrel replaces."""
    torch.manual_seed(seed)
    return RRDBNet(num_filters=8, num_blocks=2).state_dict()


def bsrgan(seed: int) -> dict[str, Tensor]:
    renamed = {}
    for name, tensor in real_esrgan(seed).items():
        for new, old in OLD_NAMES.items():
            name = name.replace(new, old)
        renamed[name] = tensor
    return renamed


def write(folder: Path, *states: dict[str, Tensor]) -> list[Path]:
    paths = [folder / f"{number}.safetensors" for number in range(len(states))]
    for path, state in zip(paths, states, strict=True):
        save(path, state, {})
    return paths


def test_the_first_ends_names_come_back(tmp_path: Path) -> None:
    for kind in (real_esrgan, bsrgan):
        a, b = kind(0), real_esrgan(1)
        assert load_network(write(tmp_path, a)[0]).module.state_dict().keys() != a.keys()
        export_network(write(tmp_path, a, b), (0.7, 0.3), tmp_path / "c.safetensors")
        written = read_state(tmp_path / "c.safetensors")
        assert list(written) == sorted(a)
        for (_, one), (_, other), name in zip(a.items(), b.items(), a, strict=True):
            torch.testing.assert_close(written[name], torch.lerp(one, other, 0.3))


def test_equal_tensors_are_told_apart(tmp_path: Path) -> None:
    """In the first end all biases are 0: what is whose shows in the second only."""
    a, b = real_esrgan(0), real_esrgan(1)
    for name, tensor in a.items():
        if name.endswith("bias"):
            tensor.zero_()
    export_network(write(tmp_path, a, b), (0, 1), tmp_path / "c.safetensors")
    written = read_state(tmp_path / "c.safetensors")
    assert all(torch.equal(written[name], tensor) for name, tensor in b.items())


@pytest.mark.parametrize(("asked", "expected"), [(None, torch.bfloat16), (torch.float16, torch.float16)])
def test_the_dtype_is_the_one_asked_for(
    asked: torch.dtype | None, expected: torch.dtype, tmp_path: Path
) -> None:
    states = [{name: tensor.bfloat16() for name, tensor in real_esrgan(seed).items()} for seed in (0, 1)]
    export_network(write(tmp_path, *states), (0.7, 0.3), tmp_path / "c.safetensors", dtype=asked)
    written = read_state(tmp_path / "c.safetensors")
    assert {tensor.dtype for tensor in written.values()} == {expected}
    exact = torch.lerp(*(state["conv_first.weight"].float() for state in states), 0.3)
    assert torch.equal(written["conv_first.weight"], exact.to(expected))


def test_a_dtype_that_is_too_small_is_refused() -> None:
    file = real_esrgan(0)
    file["conv_last.bias"].fill_(1e6)
    network = build(file)
    with pytest.raises(CheckpointError, match=r"float16 can hold, but conv_last\.bias is too large"):
        as_in_file(network.module.state_dict(), network, file, {}, dtype=torch.float16)
