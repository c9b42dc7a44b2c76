"""The recorded run of DANN on the Adaptation tab, and what becomes of a damaged one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from cases import case
from live_view_samples import make_desk, network_state

from dni.checkpoints.files import save

METRICS = ("reversal", "mnist", "mnist_m", "domain_accuracy", "a_distance")


@pytest.fixture
def run_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three snapshots of a run of DANN, and the report of it."""
    folder = tmp_path / "digits"
    folder.mkdir()
    states = {0: network_state(0), 300: network_state(1), 2000: network_state(2)}
    tensors = {f"{step}/{name}": t.half() for step, state in states.items() for name, t in state.items()}
    save(folder / "dann-run.safetensors", tensors, {})
    write_report(folder, list(states))
    monkeypatch.setenv("DNI_WEIGHTS", str(tmp_path))
    return folder


def write_report(folder: Path, iterations: list[int]) -> None:
    rows = [{"iteration": step, **dict.fromkeys(METRICS, 0.5)} for step in iterations]
    (folder / "report.json").write_text(json.dumps({"dann_run": rows}))


def test_a_run_of_dann(run_weights: Path) -> None:
    desk = make_desk()
    run = desk.dann_run()
    assert run.iterations == (0, 300, 2000)
    assert run.positions.shape == (3, 2, 150, 2)
    assert float(run.positions.abs().max()) == 1
    assert [row["iteration"] for row in run.metrics] == [0, 300, 2000]
    assert set(run.metrics[0]) == {"iteration", *METRICS}
    assert run.note.startswith("Measured on test digits")


def break_report(folder: Path) -> None:
    (folder / "report.json").write_text("{")


def forget_report(folder: Path) -> None:
    (folder / "report.json").unlink()


def exchange_report(folder: Path) -> None:
    write_report(folder, [0, 300])


def narrow_report(folder: Path) -> None:
    (folder / "report.json").write_text(json.dumps({"dann_run": [{"iteration": 0}]}))


def test_a_run_without_its_report(run_weights: Path) -> None:
    for damage in [break_report, forget_report, exchange_report, narrow_report]:
        with case(damage):
            damage(run_weights)
            run = make_desk().dann_run()
            assert run.positions.shape == (3, 2, 150, 2)
            assert run.metrics == ()
            assert run.note.startswith("The report has no measures of this run")


def break_snapshots(folder: Path) -> None:
    (folder / "dann-run.safetensors").write_bytes(b"no snapshots")


def forget_snapshots(folder: Path) -> None:
    (folder / "dann-run.safetensors").unlink()


def exchange_snapshots(folder: Path) -> None:
    save(folder / "dann-run.safetensors", {"weight": torch.zeros(3)}, {})


def narrow_snapshots(folder: Path) -> None:
    save(folder / "dann-run.safetensors", {"0/conv1.weight": torch.zeros(3)}, {})


def test_a_run_without_its_snapshots(run_weights: Path) -> None:
    for damage in [break_snapshots, forget_snapshots, exchange_snapshots, narrow_snapshots]:
        with case(damage):
            damage(run_weights)
            run = make_desk().dann_run()
            assert run.iterations == run.metrics == ()
            assert run.positions.shape == (0, 2, 150, 2)
            assert run.note.startswith("Snapshots of the run are missing: Expected ")
