"""All runs of the comparison: in which order, what is trained only once, and the place of DDC's layer."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from digit_files import write_mnist, write_photographs
from safetensors import safe_open
from safetensors.torch import load_file
from torchvision.datasets import MNIST

from dni.checkpoints.files import save
from dni.digits.classifiers import features_of, logits_of, read_network
from dni.digits.methods import BEST, METHODS
from dni.errors import DniError
from dni.pictures.photographs import SPLITS
from dni.training.adaptation import train as train_module
from dni.training.adaptation.measures import accuracy, information_maximisation, proxy_a_distance
from dni.training.adaptation.methods import METHOD_CLASSES
from dni.training.adaptation.methods.ddc import PLACES, Place
from dni.training.adaptation.runs import Runs, training_digits
from dni.training.adaptation.selection import STRENGTHS, Score, are_scored, chosen
from dni.training.adaptation.train import AdaptationTrainer
from dni.training.finite import DivergedError


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_module, "best_device", lambda: torch.device("cpu"))


@pytest.fixture
def runs(digits_root: Path, tmp_path: Path) -> Runs:
    return Runs(digits_root, tmp_path / "runs", num_seeds=2, iterations=1)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The runs that take place, in their order."""
    order: list[tuple[str, int]] = []
    run = AdaptationTrainer.run

    def noted(self: AdaptationTrainer) -> Path:
        order.append((self.config.method, self.config.seed))
        return run(self)

    monkeypatch.setattr(AdaptationTrainer, "run", noted)
    return order


def test_ancestors_come_first_and_nothing_is_trained_twice(
    runs: Runs, trained: list[tuple[str, int]]
) -> None:
    runs.train(["adamatch", "source_only"])
    assert trained == [("source_only", 0), ("source_only", 1), ("adamatch", 0), ("adamatch", 1)]
    before = runs.network("adamatch", 1).read_bytes()
    runs.train(["adamatch", "dann"])
    assert trained[4:] == [("dann", 0), ("dann", 1)]
    assert runs.network("adamatch", 1).read_bytes() == before
    assert runs.network("dann", 1) == runs.folder / "dann" / "1" / "dann.safetensors"


def test_each_seed_has_its_own_ancestor(runs: Runs) -> None:
    runs.train(["dann"])
    for seed in range(2):
        snapshots = load_file(runs.run_folder("dann", seed) / "snapshots.safetensors")
        ancestor = load_file(runs.network("source_only", seed))
        assert all(torch.equal(snapshots[f"0/{name}"], tensor) for name, tensor in ancestor.items())


def test_one_method_brings_its_ancestor(runs: Runs, trained: list[tuple[str, int]]) -> None:
    assert list(runs.train_seed("best", 3)) == [runs.network("source_only", 3), runs.network(BEST, 3)]
    assert list(runs.train_seed("target_only", 3)) == [runs.network("target_only", 3)]
    assert trained == [("source_only", 3), (BEST, 3), ("target_only", 3)]


def test_all_methods_in_their_order(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runs, "train_one", lambda self, name, seed, *, resume: self.network(name, seed))
    assert list(runs.train_seed("all", 0)) == [runs.network(method, 0) for method in METHODS]


def test_unknown_methods_are_named_before_anything_is_trained(
    runs: Runs, trained: list[tuple[str, int]]
) -> None:
    with pytest.raises(DniError, match=r"Expected one of the methods .*, but got 'gan'"):
        list(runs.train_seed("gan", 0))
    assert trained == []
    assert not runs.folder.exists()


# The label-free choice of weight and layers


def found(a_distance: float, source: float = 0.99) -> Score:
    return {"source": source, "a_distance": a_distance, "information": 1.0}


def test_the_nearest_domains_of_a_network_that_reads_the_source_are_chosen_once(
    runs: Runs, trained: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    candidates = METHOD_CLASSES["coral"].candidates[:3]
    monkeypatch.setattr(METHOD_CLASSES["coral"], "candidates", candidates)
    scores = [found(1.5), found(1.2), found(0.0, source=0.5)]
    each = iter(scores)
    monkeypatch.setattr("dni.training.adaptation.runs.score", lambda *_: next(each))
    monkeypatch.setattr("dni.training.adaptation.selection.accuracy", lambda *_: 1.0)
    list(runs.train_seed("coral", 1))
    # Chosen with seed 0 and its ancestor, whichever seed is asked for, and trained to the end with it.
    assert trained == [("source_only", 1), ("source_only", 0), *[("coral", 0)] * 4, ("coral", 1)]
    assert runs.setting("coral") == candidates[1]
    with safe_open(runs.network("coral", 1), "pt") as opened:
        training = json.loads(opened.metadata()["training"])
    assert training["setting"] == {"weight": candidates[1].weight, "layers": list(candidates[1].layers)}
    entries = json.loads(runs.choice_file("coral").read_text())
    assert entries[1].pop("source_at_the_end") == 1.0
    assert entries == [
        {"weight": candidate.weight, "layers": list(candidate.layers), "iterations": 1, **score}
        for candidate, score in zip(candidates, scores, strict=True)
    ]
    reading_little = [{**entry, "source": entry["source"] - 0.3} for entry in entries]
    assert chosen(reading_little) == candidates[0]
    list(runs.train_seed("coral", 2))
    assert trained[7:] == [("source_only", 2), ("coral", 2)]


def test_a_choice_that_ends_without_reading_the_source_gives_way_to_the_next(
    runs: Runs, trained: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its run stays, as one of a setting that was not chosen; if all end so, the best reader counts."""
    candidates = METHOD_CLASSES["coral"].candidates[:3]
    monkeypatch.setattr(METHOD_CLASSES["coral"], "candidates", candidates)
    each = iter([found(1.5), found(1.2), found(0.0, source=0.5)])
    monkeypatch.setattr("dni.training.adaptation.runs.score", lambda *_: next(each))
    monkeypatch.setattr("dni.training.adaptation.selection.accuracy", lambda *_: next(ends))
    ends = iter([0.9, 0.98])
    list(runs.train_seed("coral", 0))
    assert trained[-5:] == [("coral", 0)] * 5
    assert runs.setting("coral") == candidates[0]
    aside = runs.variant_folder("coral", candidates[1]) / "0"
    for folder, setting in ((aside, candidates[1]), (runs.run_folder("coral", 0), candidates[0])):
        with safe_open(folder / "coral.safetensors", "pt") as opened:
            assert json.loads(opened.metadata()["training"])["setting"]["weight"] == setting.weight
    entries = json.loads(runs.choice_file("coral").read_text())
    assert [entry.get("source_at_the_end") for entry in entries] == [0.98, 0.9, None]

    ends = iter([0.8, 0.9])
    list(runs.train_seed("coral", 0))
    assert runs.setting("coral") == candidates[1]
    assert runs.is_current("coral", 0)


def test_a_choice_that_diverges_gives_way_too(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    candidates = METHOD_CLASSES["coral"].candidates[:2]
    monkeypatch.setattr(METHOD_CLASSES["coral"], "candidates", candidates)
    each = iter([found(1.5), found(1.2)])
    monkeypatch.setattr("dni.training.adaptation.runs.score", lambda *_: next(each))
    monkeypatch.setattr("dni.training.adaptation.selection.accuracy", lambda *_: next(ends))
    ends, run = iter([0.1, 0.98]), AdaptationTrainer.run

    def diverge(self: AdaptationTrainer) -> Path:
        is_candidate = self.run_folder.name.startswith("candidate")
        if self.config.setting == candidates[1] and not is_candidate:
            raise DivergedError("NaN")
        return run(self)

    monkeypatch.setattr(AdaptationTrainer, "run", diverge)
    list(runs.train_seed("coral", 0))
    assert runs.setting("coral") == candidates[0]
    assert runs.is_current("coral", 0)
    monkeypatch.setattr(METHOD_CLASSES["coral"], "candidates", candidates[1:])
    each, ends = iter([found(1.2)]), iter([0.1])
    with pytest.raises(DivergedError, match="NaN"):
        list(replace(runs, folder=runs.folder / "one").train_seed("coral", 0))


def test_the_score_is_of_unlabelled_training_digits(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the candidate's own network; the target has no labels here."""
    source, target = training_digits(runs.data_root)
    monkeypatch.setattr(
        "dni.training.adaptation.runs.training_digits",
        lambda _: (source, SimpleNamespace(images=target.images)),
    )
    setting = runs.setting("dann_mmd")
    for number, entry in enumerate(json.loads(runs.choice_file("dann_mmd").read_text())):
        network = read_network(runs.folder / "dann_mmd" / f"candidate-{number}" / "dann_mmd.safetensors")
        expected = information_maximisation(logits_of(network, target.images))
        assert entry["information"] == pytest.approx(expected, abs=1e-4)
        read = accuracy(logits_of(network, source.images), source.labels)
        assert entry["source"] == pytest.approx(read, abs=1e-5)
        (s, s_test), (t, t_test) = (
            features_of(network, images).tensor_split(2) for images in (source.images, target.images)
        )
        distance = proxy_a_distance((s, t), (s_test, t_test), strengths=STRENGTHS)
        assert entry["a_distance"] == pytest.approx(distance, abs=1e-5)
    assert setting in METHOD_CLASSES["dann_mmd"].candidates
    assert runs.setting("dann") is None


def test_a_run_of_another_setting_does_not_count(runs: Runs) -> None:
    list(runs.train_seed("coral", 0))
    assert [runs.finished_seeds(method) for method in ("source_only", "coral", "dann_mmd")] == [1, 1, 0]
    best = {"weight": 0.5, "layers": ["fc2"], "iterations": 1, **found(-1.0, source=1.0)}
    entries = json.loads(runs.choice_file("coral").read_text())
    runs.choice_file("coral").write_text(json.dumps([*entries, best]))
    assert runs.finished_seeds("coral") == 0
    runs.choice_file("coral").unlink()
    assert runs.finished_seeds("coral") == 0


def test_a_run_of_another_number_of_steps_does_not_count(runs: Runs) -> None:
    """Nor do choices among candidates of another number; the state beside them is not gone on with."""
    list(runs.train_seed("coral", 0))
    longer = replace(runs, iterations=2)
    assert [longer.is_current(method, 0) for method in ("source_only", "coral")] == [False, False]
    assert runs.is_current("coral", 0)
    with pytest.raises(DniError, match=r"source_only/0/state\.pt with its own settings .* Delete "):
        list(longer.train_seed("coral", 0))
    for folder in (runs.run_folder("source_only", 0), runs.run_folder("coral", 0)):
        shutil.rmtree(folder)
    with pytest.raises(DniError, match=r"candidate-0/state\.pt with its own settings"):
        list(longer.train_seed("coral", 0))


def test_scores_from_before_their_steps_were_noted_are_of_the_default_number(tmp_path: Path) -> None:
    file = tmp_path / "choice.json"
    assert not are_scored(file, 1500, default=1500)
    for noted, steps in (({}, 1500), ({"iterations": 20}, 20)):
        file.write_text(json.dumps([{"weight": 1.0, "layers": ["fc1"], **noted}]))
        assert [are_scored(file, wanted, default=1500) for wanted in (1500, 20)] == [
            steps == 1500,
            steps == 20,
        ]


def test_a_network_from_before_totals_were_noted_has_the_methods_own_number(runs: Runs) -> None:
    list(runs.train_seed("source_only", 0))
    file = runs.network("source_only", 0)
    for noted, own in ((0, True), (3000, True), (20, False)):
        save(file, load_file(file), {"training": json.dumps({"iterations": noted})})
        assert replace(runs, iterations=0).is_current("source_only", 0) == own
    save(file, load_file(file), {})
    assert not runs.is_current("source_only", 0)


@pytest.mark.slow
def test_ddcs_place_is_the_one_with_the_smallest_mmd(runs: Runs, trained: list[tuple[str, int]]) -> None:
    list(runs.train_seed("source_only", 0))
    place = runs.ddc_place()
    file = runs.folder / "ddc" / "places.json"
    candidates = json.loads(file.read_text())
    assert [(entry["before"], entry["width"]) for entry in candidates] == [
        (candidate.before, candidate.width) for candidate in PLACES
    ]
    distances = [entry["mmd_squared"] for entry in candidates]
    assert all(-1e-6 <= distance <= 2 for distance in distances)
    assert place == PLACES[distances.index(min(distances))]
    count = len(trained)
    candidates[1]["mmd_squared"] = -1.0
    file.write_text(json.dumps(candidates))
    assert runs.ddc_place() == Place("fc2", 32)
    assert len(trained) == count == 1 + len(PLACES)  # chosen once
    with pytest.raises(DniError, match="with its own settings"):  # for runs of this length only
        replace(runs, iterations=2).ddc_place()


def test_ddc_with_another_seed_has_what_its_place_needs(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The place is chosen with seed 0, whose ancestor nobody has asked for."""
    monkeypatch.setattr("dni.training.adaptation.runs.PLACES", PLACES[:1])
    monkeypatch.setattr(METHOD_CLASSES["ddc"], "candidates", METHOD_CLASSES["ddc"].candidates[:1])
    assert runs.network("ddc", 1) in list(runs.train_seed("ddc", 1))


def test_missing_data_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def photographs(root: Path, **_: object) -> None:
        write_photographs(root, "train", range(SPLITS["train"]))

    def mnist(self: MNIST) -> None:
        write_mnist(Path(self.root), "train", 0, 30)
        write_mnist(Path(self.root), "test", 30, 10)

    monkeypatch.setattr("dni.training.adaptation.runs.fetch_bsds500", photographs)
    monkeypatch.setattr(MNIST, "download", mnist)
    runs = Runs(tmp_path / "data", tmp_path / "runs", iterations=1)
    assert [path.is_file() for path in runs.train_seed("source_only", 0)] == [True]


@pytest.mark.slow
def test_several_runs_at_once_give_the_same(runs: Runs, digits_root: Path, tmp_path: Path) -> None:
    runs.train(["source_only"], jobs=2)
    alone = Runs(digits_root, tmp_path / "alone", num_seeds=2, iterations=1)
    alone.train(["source_only"])
    for seed in range(2):
        first, second = (load_file(each.network("source_only", seed)) for each in (runs, alone))
        for name, tensor in first.items():
            torch.testing.assert_close(tensor, second[name])
