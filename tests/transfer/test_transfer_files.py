"""Files of the Transfer tab that can be read, but are not what they should be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from digit_files import some_digits
from safetensors.torch import load_file, save_file
from transfer_files import write_transfer

from dni.digits.data.digit_sources import DigitSource
from dni.errors import DniError
from dni.transfer.depth import DepthLive
from dni.transfer.files import read_report
from dni.transfer.letter_map import read_letter_map
from dni.transfer.self_taught import read_self_taught
from dni.transfer.teacher import TeacherLive

DIGITS = DigitSource(some_digits(0, 20), "some digits", is_mnist=False)
READERS: dict[str, Callable[[], object]] = {
    "teacher": lambda: TeacherLive(DIGITS),
    "depth": lambda: DepthLive(DIGITS),
    "letters": read_letter_map,
    "unlabelled": read_self_taught,
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_transfer(tmp_path)
    monkeypatch.setenv("DNI_WEIGHTS", str(tmp_path))
    return tmp_path / "transfer"


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("teacher/teacher", "letters/triplet"),
        ("teacher/soft-without-3", "teacher/teacher"),
        ("depth/frozen-1", "teacher/teacher"),
        ("letters/triplet", "teacher/teacher"),
        ("letters/gallery", "teacher/teacher"),
        ("unlabelled/dictionaries", "unlabelled/probes"),
        ("unlabelled/probes", "unlabelled/dictionaries"),
    ],
)
def test_another_file_is_refused_by_name(folder: Path, name: str, other: str) -> None:
    (folder / f"{name}.safetensors").write_bytes((folder / f"{other}.safetensors").read_bytes())
    with pytest.raises(DniError, match="but got"):
        READERS[name.partition("/")[0]]()


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("unlabelled/dictionaries", "random"),
        ("unlabelled/probes", "mnist/10/0.5/bias"),
        ("depth/tuned-4", "out.bias"),
    ],
)
def test_a_tensor_that_is_missing_is_named(folder: Path, name: str, key: str) -> None:
    path = folder / f"{name}.safetensors"
    save_file({own: tensor for own, tensor in load_file(path).items() if own != key}, path)
    with pytest.raises(DniError, match=rf"Expected .* to hold {key} as \(.*\), but got None: .*1 tensors"):
        READERS[name.partition("/")[0]]()


def test_a_report_without_its_numbers_is_refused(folder: Path) -> None:
    (folder / "depth" / "report.json").write_text('{"seeds": 3}')
    with pytest.raises(DniError, match=r"Expected counts, layers in .*report\.json"):
        read_report("depth")
