"""Training and measuring the Transfer tab's first two views, on a few digits and steps."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from cases import case
from command_line import Run
from digit_files import some_digits, write_mnist

from dni.checkpoints.files import read_state, save
from dni.errors import DniError
from dni.training.transfer import depth, teacher
from dni.training.transfer.digit_data import GreyDigits
from dni.training.transfer.fit import Schedule, fit, seeded
from dni.training.transfer.resumable import run_to_end
from dni.training.transfer.views import Runs
from dni.transfer.depth import CUTS, KINDS, LABEL_COUNTS, layer_of
from dni.transfer.teacher import ALPHAS, BIASES, HIDDEN
from models.transfer import LAYERS, ConvolutionalTeacher

MARKS = "".join(f"<!-- {name} -->\n<!-- /{name} -->\n" for name in ("teacher", "depth", "layers"))


def grey(start: int, count: int) -> GreyDigits:
    digits = some_digits(start, count)
    return GreyDigits(digits.images[:, :1].float() / 255, digits.labels)


def test_few_labels_are_as_many_of_each_class() -> None:
    few = grey(0, 300).of_classes((5, 6, 7, 8, 9)).few(4, seed=0)
    assert torch.bincount(few.labels).tolist() == [4] * 5


@pytest.mark.parametrize("cut", [0, 2, 4])
def test_layers_below_the_cut_stay_bit_for_bit(cut: int) -> None:
    start = depth.new_state(0)
    digits = grey(0, 100).of_classes((5, 6, 7, 8, 9))
    trained = depth.train_cut(start, cut, digits, seed=1, schedule=Schedule(2, batch_size=8)).state_dict()
    changed = {layer_of(name) for name in start if not torch.equal(start[name], trained[name])}
    assert changed == set(LAYERS[cut:])


def test_a_training_that_diverges_gives_no_network(tmp_path: Path) -> None:
    parameter = torch.nn.Parameter(torch.ones(2))
    with pytest.raises(DniError, match="a network, but at step 3 some are NaN"):
        fit([parameter], lambda _: (parameter - 2).sqrt().sum(), 10, Schedule(3), seed=0)


class Steps:
    """A training of one number."""

    def __init__(self, values: list[float]) -> None:
        self.values, self.done = values, 0

    def step(self) -> float:
        self.done += 1
        return 0.0

    def state(self) -> dict[str, Any]:
        return {"network": {"bias": torch.tensor(self.values[self.done - 1])}}

    def restore(self, state: dict[str, Any]) -> None:
        raise AssertionError("nothing is resumed")


def test_no_state_of_a_training_that_diverges_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dni.training.transfer.resumable.SECONDS_BETWEEN_SAVES", -1.0)
    for values in ([1.0, math.nan, 3.0], [1.0, 2.0, math.inf]):
        with case(values):
            training, file = Steps(values), tmp_path / "run.pt"
            with pytest.raises(DniError, match="of run, but at step"):
                run_to_end(training, training.step, lambda t=training: t.done, 3, file=file, resume=False)
            kept = torch.load(file, weights_only=True)["network"]["bias"]
            assert kept == values[training.done - 2]


def test_joined_layers_come_from_both_networks() -> None:
    below, above = depth.new_state(0), depth.new_state(1)
    joined = depth.joined(below, above, 2)
    assert all(torch.equal(joined[name], below[name]) for name in below if layer_of(name) in LAYERS[:2])
    assert all(torch.equal(joined[name], above[name]) for name in above if layer_of(name) in LAYERS[2:])


def test_a_teacher_is_kept_only_when_resuming(tmp_path: Path) -> None:
    write_mnist(tmp_path, "train", 0, 200)
    write_mnist(tmp_path, "test", 0, 10)
    runs = Runs(tmp_path, tmp_path / "runs", shorten=teacher.TEACHER.steps)
    digits = grey(0, 20)
    older = seeded(7, ConvolutionalTeacher)
    for name, state in (
        ("teacher", older.state_dict()),
        ("logits-of-teacher", {"logits": torch.zeros(20, 10)}),
    ):
        save(runs.folder("teacher", 0) / f"{name}.safetensors", state, {})
    assert torch.equal(teacher.teacher_network(runs).out.weight, older.out.weight)
    assert not teacher.teacher_logits(runs, digits).any()
    anew = replace(runs, resume=False)
    assert teacher.teacher_logits(anew, digits).any()
    assert not torch.equal(teacher.teacher_network(runs).out.weight, older.out.weight)


@pytest.mark.slow
def test_reports_have_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mnist(tmp_path, "train", 0, 900)
    write_mnist(tmp_path, "test", 900, 200)
    folder = tmp_path / "weights" / "transfer"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text(MARKS)
    monkeypatch.setenv("DNI_WEIGHTS", str(tmp_path / "weights"))
    runs = Runs(tmp_path, tmp_path / "runs", num_seeds=2, shorten=200)
    teacher.evaluate(runs)
    depth.evaluate(runs)

    report = json.loads((folder / "teacher" / "report.json").read_text())
    assert set(report["curves"]) == set(report["blends"]) == {str(digit) for digit in HIDDEN}
    assert len(report["curves"]["3"]["soft"]["hidden"]) == len(BIASES)
    shipped = report["blends"]["3"]["shipped"]["all"]
    assert (len(shipped), len(shipped[0])) == (len(ALPHAS), len(BIASES))
    report = json.loads((folder / "depth" / "report.json").read_text())
    assert set(report["counts"]) == {str(count) for count in LABEL_COUNTS}
    assert all(len(report["counts"]["10"]["kinds"][kind]) == len(CUTS) for kind in KINDS)
    assert set(report["layers"][1]["only"]) == {"conv1", "conv2", "above"}
    card = (folder / "README.md").read_text()
    assert "| logits |" in card
    assert "| 10 | BnB+ |" in card

    shipped_state = read_state(folder / "teacher" / "soft-without-3.safetensors")
    assert {tensor.dtype for tensor in shipped_state.values()} == {torch.float16}
    # What an interrupted run has finished is kept.
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*.*")}
    teacher.train(runs, 1)
    depth.train(runs, 1)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*.*")} == before


def test_an_unknown_view_is_refused(run: Run, tmp_path: Path) -> None:
    result = run("train", "transfer", "sideways", "--data-root", tmp_path, "--run-root", tmp_path)
    assert result.code == 1
    assert "Expected one of the views teacher, depth" in result.err
