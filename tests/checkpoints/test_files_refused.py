"""Refusing what is no file of weights, or a hostile one."""

from __future__ import annotations

import json
import os
import pickle
import struct
import zipfile
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import case
from checkpoint_files import assert_same, tensors, write_pickle
from safetensors.torch import save_file
from torch import nn

from dni.checkpoints import files as checkpoints
from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.files import read_metadata, read_state, sha256_of


class WritesAFile:
    """Unpickled without care, it leaves a file behind."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[object, ...]:
        return (os.system, (f"touch {self.victim}",))


@pytest.mark.parametrize("how", ["new", "old", "wrapped", "bare", "protocol 0", "protocol 4"])
def test_a_pickle_that_runs_code_is_refused_and_not_run(tmp_path: Path, how: str) -> None:
    victim, path = tmp_path / "victim", tmp_path / "evil.pth"
    evil = WritesAFile(victim)
    if how == "new":
        torch.save(tensors() | {"evil": evil}, path)
    elif how == "old":
        torch.save(tensors() | {"evil": evil}, path, _use_new_zipfile_serialization=False)
    elif how == "wrapped":
        torch.save({"params": tensors(), "config": evil}, path)
    else:
        path.write_bytes(pickle.dumps(evil, protocol=int(how[-1]) if how[-1].isdigit() else 2))
    with pytest.raises(
        CheckpointError, match=r"Expected only tensors, but .*evil\.pth asks to run code"
    ) as caught:
        read_state(path)
    assert not victim.exists()
    assert "convert it on a machine where you trust" in str(caught.value)
    if how != "protocol 4":
        assert "(posix.system)" in str(caught.value) or "(nt.system)" in str(caught.value)
    # The test could fail: somebody who trusts the file does get its effect.
    if how == "bare":
        pickle.loads(path.read_bytes())
        assert victim.exists()


def test_a_whole_pickled_network_is_refused(tmp_path: Path) -> None:
    path = write_pickle(tmp_path / "a.pth", nn.Linear(2, 2))
    with pytest.raises(CheckpointError, match=r"run code when opened \(torch\.nn\.modules\.linear\.Linear\)"):
        read_state(path)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_a_torchscript_program_is_refused(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), str(tmp_path / "a.pt"))
    with pytest.raises(CheckpointError, match="a TorchScript program"):
        read_state(tmp_path / "a.pt")


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)) * 8


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    expected = {
        "absent": "Expected a readable checkpoint, but got",
        "folder": "is a folder or a device",
        "empty": "is empty. Download or copy it again",
    }
    for suffix in (".pth", ".safetensors"):
        (tmp_path / f"folder{suffix}").mkdir()
        (tmp_path / f"empty{suffix}").write_bytes(b"")
        for read, (name, text) in product((read_state, read_metadata), expected.items()):
            with case(suffix, read, name):
                with pytest.raises(CheckpointError, match=text) as caught:
                    read(tmp_path / f"{name}{suffix}")
                assert f"{name}{suffix}" in str(caught.value)


def test_a_truncated_pickle_is_damaged(tmp_path: Path) -> None:
    for kept in [0.02, 0.5, 0.999]:
        for old in [False, True]:
            with case(kept, old):
                path = tmp_path / "a.pth"
                torch.save({"a": torch.randn(500)}, path, _use_new_zipfile_serialization=not old)
                whole = path.read_bytes()
                path.write_bytes(whole[: int(len(whole) * kept)])
                with pytest.raises(CheckpointError, match=r"a\.pth is damaged"):
                    read_state(path)


def test_a_truncated_safetensors_is_damaged(tmp_path: Path) -> None:
    for kept in [4, 100, -4]:
        with case(kept):
            path = tmp_path / "a.safetensors"
            save_file(tensors(), path)
            path.write_bytes(path.read_bytes()[:kept])
            for read in (read_state, read_metadata):
                with pytest.raises(CheckpointError, match=r"a\.safetensors is damaged"):
                    read(path)


SOMETHING_ELSE = [JPEG, b"hello", b"version https://git-lfs.github.com/spec/v1\n"]


def test_something_else_by_that_name_is_not_a_checkpoint(tmp_path: Path) -> None:
    for content in SOMETHING_ELSE:
        for suffix in [".pth", ".safetensors"]:
            with case(content, suffix):
                path = tmp_path / f"a{suffix}"
                path.write_bytes(content)
                with pytest.raises(
                    CheckpointError, match=rf"Expected a checkpoint, but .*a\{suffix} is damaged, incomplete"
                ):
                    read_state(path)


def test_another_zip_is_not_a_checkpoint(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        archive.writestr("text", "hello")
    with pytest.raises(CheckpointError, match=r"a\.pth is damaged, incomplete or something else"):
        read_state(tmp_path / "a.pth")


def test_an_unknown_suffix_is_an_error(tmp_path: Path) -> None:
    for name in ["a.bin", "a.png", "a"]:
        with case(name):
            (tmp_path / name).write_bytes(b"x")
            with pytest.raises(CheckpointError, match=r"one of \.safetensors, \.pth, \.pt, \.ckpt, but got"):
                read_state(tmp_path / name)


def test_the_size_limit_is_checked_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_pickle(tmp_path / "a.pth", WritesAFile(tmp_path / "victim"))
    monkeypatch.setattr(checkpoints, "MAX_BYTES", 100)
    with pytest.raises(CheckpointError, match=r"Expected at most 4 GiB, but .*a\.pth has"):
        read_state(path)


def test_an_archive_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "MAX_BYTES", 1 << 20)
    with zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(1 << 21))
    assert (tmp_path / "a.pth").stat().st_size < 1 << 14
    with pytest.raises(CheckpointError, match="Expected at most"):
        read_state(tmp_path / "a.pth")


def test_a_tiny_file_that_describes_a_huge_tensor_is_refused(tmp_path: Path) -> None:
    path = write_pickle(tmp_path / "a.pth", {"a": torch.zeros(1).expand(10**6, 10**6)})
    with pytest.raises(CheckpointError, match=r"every value to be stored, but 'a' repeats 4 bytes"):
        read_state(path)


def test_tensors_without_plain_values_are_refused(tmp_path: Path) -> None:
    path = write_pickle(tmp_path / "a.pth", {"a": torch.eye(3).to_sparse()})
    with pytest.raises(CheckpointError, match=r"Expected plain dense tensors, but 'a' is sparse"):
        read_state(path)


WITHOUT_TENSORS = [{"epoch": 3, "ema": tensors()}, {"params_ema": {}}, {"params": {"a": 1}}, {}]


def test_no_tensors_are_an_error_that_lists_what_is_there(tmp_path: Path) -> None:
    for content in WITHOUT_TENSORS:
        with case(content):
            path = write_pickle(tmp_path / "a.pth", content)
            there = ", ".join(sorted(content)) or "nothing"
            with pytest.raises(CheckpointError, match=f"found no tensor there; it holds {there}"):
                read_state(path)


def test_a_list_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="dictionary of tensors, but it holds a list"):
        read_state(write_pickle(tmp_path / "a.pth", [torch.ones(2)]))


def test_anything_but_tensors_in_the_weights_is_an_error(tmp_path: Path) -> None:
    for name, value, kind in [("epoch", "1", "str"), (5, 1, "Tensor"), ("pro", 10**400, "int")]:
        with case(name):
            path = write_pickle(tmp_path / "a.pth", {"params": {**tensors(), name: value}})
            with pytest.raises(CheckpointError, match=rf"Expected only tensors .*{name!r} is a {kind}"):
                read_state(path)


def test_weights_that_are_not_finite_are_listed_ten_at_most(tmp_path: Path) -> None:
    for value in [float("nan"), float("inf"), -float("inf")]:
        with case(value):
            state = {
                f"bad{index:02}": torch.tensor([0.0, value]) for index in reversed(range(12))
            } | tensors()
            save_file(state, tmp_path / "a.safetensors")
            names = ", ".join(f"bad{index:02}" for index in range(10))
            with pytest.raises(CheckpointError, match=f"NaN or infinite values in {names} and 2 more"):
                read_state(tmp_path / "a.safetensors")


def test_weights_that_overflow_float32_are_not_finite(tmp_path: Path) -> None:
    save_file({"big": torch.tensor([1e300], dtype=torch.float64)}, tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match="infinite values in big"):
        read_state(tmp_path / "a.safetensors")


def test_other_weights_in_the_file_may_be_broken(tmp_path: Path) -> None:
    path = write_pickle(
        tmp_path / "a.pth", {"params_ema": tensors(), "params": {"a": torch.tensor(torch.nan)}}
    )
    assert_same(read_state(path), tensors())


def test_hashing_an_absent_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"Expected a readable file, but got .*absent"):
        sha256_of(tmp_path / "absent")


def write_header(path: Path, header: object, values: bytes = b"", length: int | None = None) -> Path:
    """A safetensors file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + values)
    return path


def of_dtype(dtype: str, size: int, name: str = "a") -> dict[str, object]:
    return {name: {"dtype": dtype, "shape": [16], "data_offsets": [0, size]}}


NAN = np.full(16, np.nan, dtype="float32").tobytes()
HEADERS = [
    (of_dtype("F4", 8), bytes(8), "'a' is of the type 'F4'"),
    (of_dtype("F6_E2M3", 12), bytes(12), "'a' is of the type 'F6_E2M3'"),
    (of_dtype("F8_E4M3", 16), bytes(16), "'a' is of the type 'F8_E4M3'"),
    (of_dtype("C64", 128), bytes(128), "'a' is of the type 'C64'"),
    (of_dtype("\x1b[2J" * 1000, 128), bytes(128), "is of the type"),
    (
        {"a": {"dtype": "F32", "shape": [1] * 5000, "data_offsets": [0, 4]}},
        bytes(4),
        "at most 16 dimensions, but 'a' has 5000",
    ),
    (of_dtype("F32", 64, "A" * 1_000_000), NAN, "at most 500 characters, but one has 1000000"),
    (of_dtype("F32", 64, "a\x1b[31m\n\u202e"), NAN, "infinite values in a\ufffd"),
    ({"n" * 25_000_000: {}}, b"", "a header of at most 24 MB, but it has 25 MB"),
    ({"a": [[]] * 300_000}, b"", "a header with at most 524,288 values, but it has about 600,00"),
    ({f"w{index}": {} for index in range(65_537)}, b"", "at most 65536 tensors, but there are 65537"),
    (b'{"a":{"dtype":"F32"},"a":{"dtype":"F32"}}', b"", "every tensor once, but 'a' is there again"),
    (b"[" * 100_000, b"", "damaged, incomplete or something else"),
]


@pytest.mark.parametrize(("header", "values", "message"), HEADERS, ids=range(len(HEADERS)))
def test_a_hostile_header_is_one_short_line(
    tmp_path: Path, header: object, values: bytes, message: str
) -> None:
    path = write_header(tmp_path / "a.safetensors", header, values)
    with pytest.raises(CheckpointError, match=message) as caught:
        read_state(path)
    said = str(caught.value).replace(str(path), "")
    assert said.isprintable()
    assert len(said) < 600


def test_a_header_longer_than_the_file_is_not_read(tmp_path: Path) -> None:
    for length in (2 << 30, 2**64 - 1):
        path = write_header(tmp_path / "a.safetensors", b"{}", length=length)
        with case(length), pytest.raises(CheckpointError, match="header too large"):
            read_state(path)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_tensors_that_nobody_can_blend_are_refused(tmp_path: Path) -> None:
    plain = torch.zeros(16, dtype=torch.uint8)
    expected = {
        "plain dense tensors": [
            torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)]),
            torch.quantize_per_tensor(torch.zeros(3), 1.0, 0, torch.qint8),
            torch.zeros(3, device="meta"),
        ],
        "is of the type": [
            torch.zeros(3, dtype=torch.complex64),
            plain.view(torch.float8_e5m2),
            plain.view(torch.float4_e2m1fn_x2),
        ],
    }
    for message, unusable in expected.items():
        for tensor in unusable:
            path = write_pickle(tmp_path / "a.pth", {"a": tensor})
            with case(tensor.dtype), pytest.raises(CheckpointError, match=message):
                read_state(path)
