"""Bad files are named, and do no harm to the others or to us."""

from __future__ import annotations

import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from dni.checkpoints import sandbox
from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.files import read_state
from dni.checkpoints.sandbox import LIMITS, MAX_FILES, check_size, unusable


class WritesAFile:
    """Unpickled without care, it leaves a file behind."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.victim,)


def describes_millions_of_blocks(good: Path, path: Path) -> Path:
    """A small file whose names ask for a network of five million blocks."""
    state = load_file(good)
    state["body.5000000.rdb1.conv1.weight"] = state["body.0.rdb1.conv1.weight"].clone()
    save_file(state, path)
    return path


@pytest.mark.slow
def test_each_file_is_tried_on_its_own(tiny_ends: list[Path], tmp_path: Path) -> None:
    huge = describes_millions_of_blocks(tiny_ends[0], tmp_path / "huge.safetensors")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(tiny_ends[0].read_bytes()[:-100])
    code = tmp_path / "code.pth"
    code.write_bytes(pickle.dumps({"params": WritesAFile(tmp_path / "victim")}, protocol=2))
    gone = tmp_path / "gone.pth"
    brought = [huge, tiny_ends[0], cut, code, gone, tiny_ends[1]]
    problems = unusable(brought, limits=replace(LIMITS, memory_bytes=40_000_000))
    assert list(problems) == [huge, cut, code, gone]
    for path, text in {
        huge: "took too much memory, so",
        cut: "is damaged, incomplete or something else",
        code: "asks to run code when opened",
        gone: "Expected a readable checkpoint",
    }.items():
        assert text in problems[path]
        assert str(path) in problems[path]
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize(
    "reason",
    [
        MemoryError(),
        RuntimeError("[enforce fail] . DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("[enforce fail a"),  # no memory even for the message
    ],
)
def test_memory_that_ran_out_is_told_from_its_cause(
    tiny_ends: list[Path], monkeypatch: pytest.MonkeyPatch, reason: Exception
) -> None:
    def load(_: str) -> None:
        raise CheckpointError("Expected the weights to fit, but they do not.") from reason

    monkeypatch.setattr(sandbox, "load_network", load)
    assert sandbox.problem_of(str(tiny_ends[0])) is None


@pytest.mark.slow
def test_time_is_limited_too(tiny_ends: list[Path], tmp_path: Path) -> None:
    huge = describes_millions_of_blocks(tiny_ends[0], tmp_path / "huge.safetensors")
    problems = unusable([huge, tiny_ends[0]], limits=replace(LIMITS, cpu_seconds=6))
    assert list(problems) == [huge]
    assert "took too much processor time, so" in problems[huge]


def test_a_large_file_is_not_opened(tiny_ends: list[Path]) -> None:
    size = tiny_ends[0].stat().st_size
    check_size(tiny_ends[0], size)
    with pytest.raises(CheckpointError, match=rf"of at most 0\.1 MB, but .*calm.* has {size / 1e6:.4g} MB"):
        check_size(tiny_ends[0], 100_000)
    problems = unusable([tiny_ends[0]], max_bytes=100_000)
    assert "Expected a file of at most 0.1 MB" in problems[tiny_ends[0]]


def test_nothing_brought() -> None:
    assert unusable([]) == {}


def test_nine_files_are_too_many(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"at most 8 networks at once, but got 9\. Leave some out"):
        unusable([tmp_path / f"{number}.pth" for number in range(MAX_FILES + 1)])


@pytest.mark.parametrize("repeats", ["one tensor", "all tensors", "compressed"])
def test_values_that_the_file_does_not_hold_are_refused(
    tiny_ends: list[Path], tmp_path: Path, repeats: str
) -> None:
    state, path = load_file(tiny_ends[0]), tmp_path / "claims.pth"
    if repeats == "one tensor":
        state["conv_first.weight"] = torch.zeros(1).expand(1000, 1000, 3, 3)
    elif repeats == "all tensors":
        block = torch.zeros(100_000)
        state = {f"{number}": block.view(100, 1000) for number in range(50)}
    torch.save(state, path)
    if repeats == "compressed":
        state["zeros"] = torch.zeros(1_000_000)
        torch.save(state, path)
        with zipfile.ZipFile(path) as plain, zipfile.ZipFile(tmp_path / "small.pth", "w") as packed:
            for member in plain.infolist():
                packed.writestr(member.filename, plain.read(member), zipfile.ZIP_DEFLATED)
        path = tmp_path / "small.pth"
    with pytest.raises(CheckpointError, match=r"Expected every value to be stored, but .* Choose another"):
        read_state(path)
