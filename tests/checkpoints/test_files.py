"""Reading and writing weight files."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from cases import case
from checkpoint_files import assert_same, tensors, write_pickle
from safetensors.torch import load_file
from torch import nn

from dni.checkpoints import files as checkpoints
from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.files import read_metadata, read_state, read_states, save, sha256_of

# Writing


def test_what_is_saved_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save(path, tensors(), {"architecture": "Test", "note": "naïve"})
    assert_same(read_state(path), tensors())
    assert read_metadata(path) == {"architecture": "Test", "note": "naïve"}
    assert_same(load_file(path), tensors())
    assert sha256_of(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_saving_takes_views_shared_memory_and_channels_last(tmp_path: Path) -> None:
    weight = tensors()["conv.weight"]
    state = {
        "last": weight.contiguous(memory_format=torch.channels_last),
        "turned": weight[0, 0].T,
        "again": weight,
        "parameter": nn.Parameter(weight),
    }
    save(tmp_path / "a.safetensors", state, {})
    assert_same(read_state(tmp_path / "a.safetensors"), {name: t.detach() for name, t in state.items()})


def test_saving_wants_the_suffix(tmp_path: Path) -> None:
    for name in ["a.pth", "a", "a.safetensors.tmp"]:
        with (
            case(name),
            pytest.raises(CheckpointError, match=r"Expected a name that ends in \.safetensors, but got a"),
        ):
            save(tmp_path / name, tensors(), {})


def test_saving_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="at least one tensor"):
        save(tmp_path / "a.safetensors", {}, {})


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in ("absent", "file"):
        with pytest.raises(CheckpointError, match=f"Expected to write .*{folder}.*, but that failed"):
            save(tmp_path / folder / "a.safetensors", tensors(), {})


def test_a_failed_save_keeps_the_old_file_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.safetensors"
    save(path, tensors(0), {})

    def write_half(_: object, target: Path, **__: object) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "save_file", write_half)
    with pytest.raises(CheckpointError, match="No space left"):
        save(path, tensors(1), {})
    assert os.listdir(tmp_path) == ["a.safetensors"]
    assert_same(read_state(path), tensors(0))


# Reading


def test_a_plain_pickle_is_read(tmp_path: Path) -> None:
    for suffix in [".pth", ".pt", ".ckpt", ".PTH"]:
        with case(suffix):
            path = write_pickle(tmp_path / f"a{suffix}", OrderedDict(tensors()))
            assert_same(read_state(path), tensors())
            assert read_metadata(path) == {}


def test_an_old_pickle_and_parameters_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    state = {name: nn.Parameter(t, requires_grad=t.is_floating_point()) for name, t in tensors().items()}
    torch.save(state, path, _use_new_zipfile_serialization=False)
    assert_same(read_state(path), tensors())
    assert not any(tensor.requires_grad for tensor in read_state(path).values())


WRAPPED = [
    {"params_ema": tensors(), "params": tensors(1)},
    {"params": tensors()},
    {"state_dict": tensors(), "epoch": 3, "optimizer": {"lr": 0.1, "state": {0: tensors(1)}}},
    {"model": {"generator": {"params_ema": tensors()}, "params": "none"}},
    {"params-ema": tensors(), "params": tensors(1)},
    {"g": tensors(1), "g_ema": {"state_dict": tensors()}},
    {"anything": {"at all": tensors()}},
    {"iterations": torch.tensor(5), "params": tensors()},
]


def test_wrappers_are_opened(tmp_path: Path) -> None:
    for wrapped in WRAPPED:
        with case(wrapped):
            assert_same(read_state(write_pickle(tmp_path / "a.pth", wrapped)), tensors())


PREFIXES = ["module.", "netG.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.module."]


def test_a_plain_number_is_a_tensor(tmp_path: Path) -> None:
    """Real-CUGAN's "pro" networks have one."""
    state = read_state(write_pickle(tmp_path / "a.pth", {**tensors(), "pro": 1}))
    assert_same(state, {**tensors(), "pro": torch.tensor(1.0)})


def test_prefixes_of_every_name_are_removed(tmp_path: Path) -> None:
    for prefix in PREFIXES:
        with case(prefix):
            state = {prefix + name: tensor for name, tensor in tensors().items()}
            assert_same(read_state(write_pickle(tmp_path / "a.pth", state)), tensors())
            save(tmp_path / "a.safetensors", state, {})
            assert_same(read_state(tmp_path / "a.safetensors"), tensors())


def test_a_prefix_of_some_names_stays(tmp_path: Path) -> None:
    state = {"module.a": torch.ones(1), "b": torch.ones(1)}
    assert_same(read_state(write_pickle(tmp_path / "a.pth", state)), state)


def test_all_ends_take_the_best_wrapper_they_share(tmp_path: Path) -> None:
    both = write_pickle(tmp_path / "both.pth", {"params": tensors(1), "params_ema": tensors(2)})
    raw = write_pickle(tmp_path / "raw.pth", {"params": tensors(3)})
    averaged = write_pickle(tmp_path / "averaged.pth", {"params_ema": tensors(4)})
    bare = write_pickle(tmp_path / "bare.pth", tensors(5))

    def seeds(*paths: Path) -> list[int]:
        known = {float(tensors(seed)["conv.bias"][0]): seed for seed in range(6)}
        return [known[float(state["conv.bias"][0])] for state in read_states(paths)]

    assert seeds(both, both) == [2, 2]
    assert seeds(both, raw) == [1, 3]
    assert seeds(raw, both) == [3, 1]
    assert seeds(both, averaged) == [2, 4]
    assert seeds(averaged, raw) == [4, 3]
    assert seeds(both, bare, raw) == [2, 5, 3]


def test_no_files_give_no_states() -> None:
    assert read_states([]) == []
