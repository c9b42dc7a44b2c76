"""The comparison from end to end on a few digits: runs, report, table, what is shipped, and the commands."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import numpy as np
import pytest
import torch
from cases import case
from command_line import Run
from safetensors import safe_open
from safetensors.torch import load_file

from dni.blending.interpolate import interpolate
from dni.digits.classifiers import logits_of, read_snapshots
from dni.digits.data.domains import digest, invert, load_mnist, load_mnist_m
from dni.digits.methods import METHODS
from dni.errors import DniError
from dni.training.adaptation import measures as measures_module
from dni.training.adaptation import train as train_module
from dni.training.adaptation.losses import reversal_schedule
from dni.training.adaptation.measures import accuracy, expected_calibration_error, information_maximisation
from dni.training.adaptation.methods import METHOD_CLASSES, Method
from dni.training.adaptation.methods.base import Setting
from dni.training.adaptation.reporting import evaluator as evaluator_module
from dni.training.adaptation.reporting import landscape as landscape_module
from dni.training.adaptation.reporting import report as report_module
from dni.training.adaptation.reporting.evaluator import Evaluator
from dni.training.adaptation.reporting.report import card_tables, summary, write_report
from dni.training.adaptation.reporting.tables import COLUMNS, LAYERS, PERCENT, readme_table, report_table
from dni.training.adaptation.reporting.variants import measure_variants
from dni.training.adaptation.runs import Runs
from dni.training.adaptation.selection import LEAST_SOURCE
from models.digits import DigitNetwork

pytestmark = pytest.mark.slow  # All of it is of runs that are trained first.

CARD = "# Größe ✓\n\nbefore\n<!-- table -->\n| old |\n<!-- /table -->\nafter: {{alpha}} \\1 \\g<0>\n"
ALPHAS, PLANE = (-0.25, 0.0, 0.5, 1.0), (0.0, 0.5, 1.0)
SNAPSHOTS = 2


@torch.no_grad()
def stray(self: Method) -> None:
    for parameter in self.network.parameters():
        parameter.add_(0.5 * parameter.std() * torch.randn(parameter.shape))


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Fewer points of everything, on the CPU; and noise, so that four steps give networks that differ."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_module, "best_device", lambda: torch.device("cpu"))
        patch.setattr(train_module, "NUM_SNAPSHOTS", SNAPSHOTS)
        patch.setattr(Method, "after_step", stray)
        patch.setattr(measures_module, "DOMAIN_STEPS", 5)
        patch.setattr(evaluator_module, "FEW", 40)
        patch.setattr(landscape_module, "FEW", 40)
        for method in METHOD_CLASSES.values():
            patch.setattr(method, "candidates", method.candidates[:2])
        patch.setattr(landscape_module, "ALPHAS", ALPHAS)
        patch.setattr(landscape_module, "PLANE", PLANE)
        yield


@pytest.fixture(scope="module")
def runs(digits_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    runs = Runs(digits_root, tmp_path_factory.mktemp("runs"), num_seeds=1, iterations=4)
    runs.train()
    return runs


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that the report is written to."""
    folder = tmp_path_factory.mktemp("weights") / "digits"
    folder.mkdir()
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DNI_WEIGHTS", str(folder.parent))
        yield folder


@pytest.fixture(scope="module")
def report(runs: Runs, weights: Path) -> dict[str, Any]:
    """As it was returned."""
    return write_report(runs)


@pytest.fixture(scope="module")
def written(report: dict[str, Any], weights: Path) -> dict[str, Any]:
    return json.loads((weights / "report.json").read_text(encoding="utf-8"))


def network_of(path: Path) -> DigitNetwork:
    network = DigitNetwork()
    network.load_state_dict(load_file(path))
    return network


# The report


def test_the_report_is_returned_and_written(report: dict[str, Any], written: dict[str, Any]) -> None:
    assert json.loads(json.dumps(report)) == written
    assert list(written["methods"]) == list(METHODS)
    for method, entry in written["methods"].items():
        assert (entry["title"], entry["paper"]) == (METHODS[method].title, METHODS[method].paper)
        assert entry["iterations"] == 4
        assert len(entry["runs"]) == 1
        assert entry["mean"] == entry["runs"][0]
        assert set(entry["std"].values()) == {0.0}
        assert entry["seeds"] == 1
        missing = set(COLUMNS) - set(entry["mean"])
        without = {"selected", "oracle"} if method == "source_only" else set()
        if method in ("source_only", "adamatch", "target_only"):  # which align nothing
            without |= {"a_distance_aligned"}
        assert missing == without


def test_the_setting_is_the_one_of_the_rule(runs: Runs, written: dict[str, Any]) -> None:
    for method, entry in written["methods"].items():
        with case(method):
            candidates = METHOD_CLASSES[method].candidates
            if not candidates:
                assert not {"setting", "candidates"} & entry.keys()
                continue
            assert len(entry["candidates"]) == len(candidates)
            best = next(each for each in entry["candidates"] if entry["setting"].items() <= each.items())
            readers = [each for each in entry["candidates"] if each["source"] >= LEAST_SOURCE]
            assert not readers or best["a_distance"] == min(each["a_distance"] for each in readers)
            with safe_open(runs.network(method, 0), "pt") as opened:
                assert json.loads(opened.metadata()["training"])["setting"] == entry["setting"]


def test_distances_are_measured_where_the_method_aligned(written: dict[str, Any]) -> None:
    """In one layer that is the number of the table by layers; DANN's is that of the common column, too."""
    layers = written["layer_distances"]
    assert list(layers) == list(METHODS)
    assert all(entry.keys() == LAYERS.keys() for entry in layers.values())
    means = {method: entry["mean"] for method, entry in written["methods"].items()}
    for method, layer in [("dann", "features"), ("dann_mmd", "fc1"), ("coral", "logits")]:
        assert means[method]["a_distance_aligned"] == pytest.approx(layers[method][layer], abs=1e-5)
    assert means["dann"]["a_distance_aligned"] == means["dann"]["a_distance"]
    for method in METHODS:
        assert means[method]["a_distance"] == pytest.approx(layers[method]["features"], abs=1e-5)


def test_nothing_of_this_machine_is_in_the_report(runs: Runs, weights: Path, written: dict[str, Any]) -> None:
    text = json.dumps(written)
    assert str(runs.data_root) not in text
    assert str(runs.folder) not in text
    assert str(weights) not in text


def test_the_data_is_named_by_its_hash(runs: Runs, written: dict[str, Any]) -> None:
    assert written["data"].keys() == {"mnist", "mnist_m", "inverted", "photograph", "mnist_m_train"}
    assert written["data"]["mnist"] == digest(load_mnist(runs.data_root, "test"))
    assert written["data"]["mnist_m"] == digest(load_mnist_m(runs.data_root, "test"))
    assert written["data"]["mnist_m_train"] == digest(load_mnist_m(runs.data_root, "train"))
    assert len(set(written["data"].values())) == 5


def test_the_numbers_are_those_of_the_networks(runs: Runs, written: dict[str, Any]) -> None:
    for method in ["source_only", "dann", "ddc", "adamatch"]:
        with case(method):
            network, row = network_of(runs.network(method, 0)), written["methods"][method]["runs"][0]
            mnist, mnist_m = load_mnist(runs.data_root, "test"), load_mnist_m(runs.data_root, "test")
            for name, images in {
                "mnist": mnist.images,
                "mnist_m": mnist_m.images,
                "inverted": invert(mnist.images),
            }.items():
                assert row[name] == pytest.approx(
                    accuracy(logits_of(network, images), mnist.labels), abs=1e-5
                )
            calibration = expected_calibration_error(logits_of(network, mnist_m.images), mnist_m.labels)
            assert row["ece_mnist_m"] == pytest.approx(calibration, abs=2e-5)
            assert 0 <= row["a_distance"] <= 2
            assert 0 <= row["domain_accuracy"] <= 1
            with safe_open(runs.network(method, 0), "pt") as opened:
                assert row["seconds"] == float(opened.metadata()["seconds"])


def test_choices_are_of_the_snapshots(runs: Runs, written: dict[str, Any]) -> None:
    """The label-free one by information on unlabelled training digits, the oracle by the test labels."""
    for method in ["dann", "coral", "target_only"]:
        with case(method):
            unlabelled, target = (load_mnist_m(runs.data_root, split) for split in ("train", "test"))
            row = written["methods"][method]["runs"][0]
            snapshots = read_snapshots(runs.run_folder(method, 0) / "snapshots.safetensors")
            information, accuracies = {}, {}
            for step, network in snapshots.items():
                information[step] = information_maximisation(logits_of(network, unlabelled.images[:40]))
                accuracies[step] = accuracy(logits_of(network, target.images), target.labels)
            assert row["selected_iteration"] == max(information, key=information.__getitem__)
            assert row["selected"] == pytest.approx(accuracies[row["selected_iteration"]], abs=1e-5)
            assert row["oracle"] == pytest.approx(max(accuracies.values()), abs=1e-5)
            assert row["oracle"] == pytest.approx(accuracies[row["oracle_iteration"]], abs=1e-5)


def test_curves_and_plane_meet_at_the_networks(runs: Runs, written: dict[str, Any]) -> None:
    curves, plane = written["curves"], written["plane"]
    assert curves["alphas"] == list(ALPHAS)
    assert curves.keys() == {"alphas", *METHODS} - {"source_only"}
    means = {method: entry["mean"] for method, entry in written["methods"].items()}
    assert means["source_only"]["mnist_m"] != means["dann"]["mnist_m"]  # or this test would see nothing
    for method in curves.keys() - {"alphas"}:
        for domain in ("mnist", "mnist_m"):
            values = curves[method][domain]
            assert len(values) == len(ALPHAS)
            assert values[ALPHAS.index(0.0)] == pytest.approx(means["source_only"][domain], abs=1e-5)
            assert values[ALPHAS.index(1.0)] == pytest.approx(means[method][domain], abs=1e-5)
    assert plane["corners"] == ["source_only", "dann", "dann_mmd"]
    assert np.shape(plane["mnist"]) == np.shape(plane["mnist_m"]) == (3, 3)
    digits = load_mnist_m(runs.data_root, "test").subset(slice(40))
    states = [load_file(runs.network(method, 0)) for method in plane["corners"]]
    assert np.array(plane["mnist_m"])[0, 2] != np.array(plane["mnist_m"])[2, 0]
    network = DigitNetwork()
    for v, row in zip(PLANE, plane["mnist_m"], strict=True):
        for u, value in zip(PLANE, row, strict=True):
            network.load_state_dict(interpolate(states, (1 - u - v, u, v), extrapolate=True))
            measured = accuracy(logits_of(network, digits.images), digits.labels)
            assert value == pytest.approx(measured, abs=0.026)  # one digit of 40 may tip


def test_the_dann_run_in_step(runs: Runs, written: dict[str, Any]) -> None:
    rows = written["dann_run"]
    assert [row["iteration"] for row in rows] == [0, 2, 4]
    assert [row["reversal"] for row in rows] == pytest.approx(
        [reversal_schedule(p) for p in (0, 0.5, 1)], abs=1e-5
    )
    first, last = (written["methods"][method]["mean"] for method in ("source_only", "dann"))
    for name in ("mnist", "mnist_m", "domain_accuracy", "a_distance"):
        assert rows[0][name] == pytest.approx(first[name], abs=1e-5)
        assert rows[-1][name] == pytest.approx(last[name], abs=1e-5)


def test_ddcs_places_are_reported(runs: Runs, written: dict[str, Any]) -> None:
    assert written["ddc_places"] == json.loads((runs.folder / "ddc" / "places.json").read_text())


def test_other_settings_are_measured_beside_the_rows(runs: Runs, report: dict[str, Any]) -> None:
    """And stay where their runs are elsewhere."""
    setting, bench = Setting(0.5, ("fc2", "logits")), Evaluator(runs)
    assert measure_variants(runs, bench, []) == report["variants"] == []
    (file,) = runs.train_variant("dan", setting, 0)
    assert file == runs.folder / "dan-0.5-fc2-logits" / "0" / "dan.safetensors"
    elsewhere = {"method": "dan", "setting": {"weight": 2.0, "layers": ["fc1"]}, "seed": 0, "mnist": 0.5}
    entry, kept = measure_variants(runs, bench, [elsewhere])
    assert kept == elsewhere
    assert (entry["setting"], entry["iterations"]) == ({"weight": 0.5, "layers": ["fc2", "logits"]}, 4)
    digits = load_mnist_m(runs.data_root, "test")
    assert entry["mnist_m"] == pytest.approx(
        accuracy(logits_of(network_of(file), digits.images), digits.labels), abs=1e-5
    )
    assert measure_variants(runs, bench, [entry, elsewhere]) == [entry, elsewhere]
    rmtree(file.parents[1])


# The card and the networks


def test_the_table_is_the_reports(written: dict[str, Any], weights: Path) -> None:
    text = (weights / "README.md").read_text(encoding="utf-8")
    head, rest = CARD.split("| old |\n")
    assert text == head + card_tables(written) + rest
    lines = report_table(written["methods"]).splitlines()
    assert len(lines) == 2 + len(METHODS)
    assert len({line.count("|") for line in lines}) == 1
    dann = next(line for line in lines if line.startswith("| DANN (adversarial, 2016) | 1 | 4 |"))
    shown = [float(cell) for cell in dann.split("|")[4:-1]]
    means = written["methods"]["dann"]["mean"]
    wanted = [means[name] * (100 if name in PERCENT else 1) for name in COLUMNS]
    assert shown == pytest.approx(wanted, abs=0.51)
    assert shown[:2] == pytest.approx(wanted[:2], abs=0.0051)


def test_the_networks_of_seed_0_are_shipped(runs: Runs, written: dict[str, Any], weights: Path) -> None:
    files = {path.name: path for path in weights.glob("*.safetensors")}
    assert files.keys() == {f"{method}.safetensors" for method in METHODS} | {"dann-run.safetensors"}
    assert written["networks"] == {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()
    }
    for method in METHODS:
        shipped, trained = load_file(files[f"{method}.safetensors"]), load_file(runs.network(method, 0))
        assert all(torch.equal(shipped[name], tensor) for name, tensor in trained.items())
        with safe_open(files[f"{method}.safetensors"], "pt") as opened:
            assert opened.metadata()["method"] == method


def test_danns_snapshots_are_shipped_in_halves(runs: Runs, report: dict[str, Any], weights: Path) -> None:
    whole = load_file(runs.run_folder("dann", 0) / "snapshots.safetensors")
    halves = load_file(weights / "dann-run.safetensors")
    assert halves.keys() == whole.keys()
    assert {tensor.dtype for tensor in halves.values()} == {torch.float16}
    assert all(torch.equal(halves[name], whole[name].half()) for name in whole)
    assert list(read_snapshots(weights / "dann-run.safetensors")) == [0, 2, 4]


# Again, and by the commands


@pytest.fixture
def no_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(*_: object) -> None:
        raise AssertionError("measured, which takes minutes")

    monkeypatch.setattr(Evaluator, "measure", measure)


@pytest.mark.usefixtures("no_measuring")
def test_the_command_measures_only_what_has_changed(
    runs: Runs, written: dict[str, Any], weights: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {path: path.read_bytes() for path in weights.iterdir()}
    monkeypatch.setattr(Runs, "train_one", lambda *_, **__: pytest.fail("trained again"))
    result = run(
        "evaluate", "digits", "--data-root", runs.data_root, "--run-root", runs.folder,
        "--seeds", 1, "--iterations", 4,
    )  # fmt: skip
    assert result.code == 0, result.err
    assert {path: path.read_bytes() for path in weights.iterdir()} == files


def test_another_network_is_measured_again(runs: Runs, report: dict[str, Any]) -> None:
    kept = runs.run_folder("coral", 0) / "measures.json"
    before = kept.read_text()
    row = report_module.measure_run(runs, "coral", 0)
    for another in ({"sha256": "of another network"}, {"data": {"mnist": "other digits"}}):
        kept.write_text(json.dumps(json.loads(before) | another | {"mnist": 0.5}))
        assert report_module.measure_run(runs, "coral", 0) == row
        assert kept.read_text() == before


@pytest.mark.usefixtures("no_measuring")
def test_a_card_without_a_marked_table(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for content in [None, "", "# A card\n\n| method |\n", "<!-- table -->\nno end\n"]:
        with case(content):
            monkeypatch.setenv("DNI_WEIGHTS", str(tmp_path))
            (tmp_path / "digits").mkdir(exist_ok=True)
            if content is not None:
                (tmp_path / "digits" / "README.md").write_text(content)
            with pytest.raises(
                DniError, match=r"Expected a model card with a marked table at .*digits/README\.md"
            ):
                write_report(runs)
            assert not (tmp_path / "digits" / "report.json").exists()


def test_the_command_asks_for_the_card_before_it_trains(
    runs: Runs, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DNI_WEIGHTS", str(tmp_path / "nowhere"))
    monkeypatch.setattr(Runs, "train", lambda *_, **__: pytest.fail("trained first, which takes hours"))
    result = run("evaluate", "digits", "--data-root", runs.data_root, "--run-root", tmp_path / "runs")
    assert result.code == 1
    assert re.fullmatch(r"Error: Expected a model card with a marked table [^\n]+\n", result.err), result.err


# Rows whose runs are elsewhere


@pytest.fixture
def elsewhere(runs: Runs, report: dict[str, Any], weights: Path, tmp_path: Path) -> Runs:
    """A folder of runs that has CORAL's only; the report and its networks are there."""
    folder = tmp_path / "runs"
    copytree(runs.folder / "coral", folder / "coral")
    copytree(runs.run_folder("source_only", 0), folder / "source_only" / "0")
    return Runs(runs.data_root, folder, num_seeds=runs.num_seeds, iterations=runs.iterations)


@pytest.fixture
def own_weights(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "weights" / "digits"
    copytree(weights, folder)
    monkeypatch.setenv("DNI_WEIGHTS", str(folder.parent))
    return folder


def test_rows_are_kept_where_runs_are_elsewhere(
    elsewhere: Runs, report: dict[str, Any], own_weights: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row whose network is not the reported one is measured; nothing else changes."""
    monkeypatch.setattr(Runs, "train_one", lambda *_, **__: pytest.fail("trained"))
    file = own_weights / "report.json"
    changed = json.loads(file.read_text())
    changed["methods"]["coral"]["iterations"] = 3  # as many steps as an earlier version had
    changed["methods"]["coral"]["runs"][0]["mnist"] = 0.123
    changed["methods"]["dann"]["title"] = "an earlier title"
    file.write_text(json.dumps(changed))
    result = run(
        "evaluate", "digits", "--data-root", elsewhere.data_root, "--run-root", elsewhere.folder,
        "--seeds", 1, "--iterations", 4, "--keep-reported",
    )  # fmt: skip
    assert result.code == 0, result.err
    again = json.loads(file.read_text())
    assert again.pop("command") == report["command"] + " --keep-reported"
    assert again == {name: value for name, value in written_form(report).items() if name != "command"}


def written_form(report: dict[str, Any]) -> dict[str, Any]:
    form: dict[str, Any] = json.loads(json.dumps(report))
    return form


def test_more_seeds_are_kept_and_an_earlier_row_says_so(elsewhere: Runs, own_weights: Path) -> None:
    file = own_weights / "report.json"
    changed = json.loads(file.read_text())
    row = changed["methods"]["coral"]
    row |= summary([row["runs"][0], {name: value + 0.1 for name, value in row["runs"][0].items()}])
    # Rows from before the methods had their present steps and weights.
    changed["methods"]["dann_mmd"]["iterations"] = 3
    changed["methods"]["ddc"].pop("setting")
    file.write_text(json.dumps(changed))
    again = write_report(elsewhere, keep_reported=True)["methods"]
    assert {name: entry["seeds"] for name, entry in again.items() if entry["seeds"] > 1} == {"coral": 2}
    assert again["coral"]["mean"] == row["mean"]
    superseded = {name for name, entry in again.items() if entry["superseded"]}
    assert superseded == {"dann_mmd", "ddc"}
    lines = (own_weights / "README.md").read_text().splitlines()
    assert [line for line in lines if line.startswith("| DDC (2014), as before | 1 | 4 |")]
    assert [line for line in lines if line.startswith("| DaNN (MMD, 2014), as before | 1 | 3 |")]


def test_a_row_that_no_longer_holds(elsewhere: Runs, own_weights: Path) -> None:
    def damage(change: Callable[[dict[str, Any]], None]) -> str:
        changed = json.loads(text)
        change(changed)
        return json.dumps(changed)

    file = own_weights / "report.json"
    text = file.read_text()
    for content, reason in [
        (damage(lambda r: r["methods"].pop("dann")), "the report has no such row"),
        (damage(lambda r: r["data"].update(mnist="0")), "it was measured on other digits"),
        (
            damage(lambda r: r["networks"].update({"dann.safetensors": "0"})),
            "dann.safetensors is not the net",
        ),
        (damage(lambda r: r["methods"]["dann"]["runs"][0].update(mnist=2.0)), "dann to read 2.0000 of mnist"),
        ("{", "the report of the digit networks in .*, but it is damaged"),
    ]:
        with case(reason):
            file.write_text(content)
            with pytest.raises(DniError, match=reason):
                write_report(elsewhere, keep_reported=True)
            assert file.read_text() == content


# The tables alone


def test_mean_and_deviation_over_the_seeds() -> None:
    rows = [{"mnist": 0.9, "seconds": 10.0}, {"mnist": 0.8, "seconds": 14.0}]
    entry = {"iterations": 15000} | summary(rows)
    assert entry["runs"] == rows
    assert entry["mean"] == {"mnist": 0.85, "seconds": 12.0}
    assert entry["std"] == {"mnist": 0.05, "seconds": 2.0}
    alone = {"iterations": 3000} | summary(rows[:1])
    lines = report_table({"dann": entry, "dan": alone}).splitlines()
    assert lines[0].startswith("| method | seeds | steps | MNIST | MNIST-M |")
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2].startswith("| DANN (adversarial, 2016) | 2 | 15,000 | 85.00 ± 5.00 | - |")
    assert lines[2].endswith("| 12 ± 2 |")
    assert lines[3].startswith("| DAN (multi-kernel MMD, 2015) | 1 | 3,000 | 90.00 | - |")
    assert readme_table({"dann": entry}).splitlines()[2] == (
        "| DANN (adversarial, 2016) | 2 | 15,000 | 85.00 ± 5.00 | - | - | - |"
    )
