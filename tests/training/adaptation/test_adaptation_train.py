"""The training loop of adaptation: the same bits from the same seed, also after a stop; honest labels."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from cases import case
from digit_files import photograph, some_digits
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from dni.checkpoints.files import save
from dni.digits.classifiers import read_snapshots
from dni.digits.data.domains import Digits, cut_patches, put_over
from dni.digits.methods import ANCESTOR, METHODS
from dni.errors import DniError
from dni.training.adaptation import train as train_module
from dni.training.adaptation.methods import METHOD_CLASSES, Method
from dni.training.adaptation.methods.ddc import Place
from dni.training.adaptation.train import AdaptationConfig, AdaptationTrainer
from models.digits import DigitNetwork, LargeDigitNetwork

SOURCE = some_digits(0, 60)
OTHERS = some_digits(100, 50)
TARGET = Digits(put_over(OTHERS.images, cut_patches(photograph(0), 50, seed=0)), OTHERS.labels)
every_method = pytest.mark.parametrize("method", METHODS)

State = Mapping[str, Tensor]
MakeTrainer = Callable[..., AdaptationTrainer]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the CPU, with few snapshots."""
    monkeypatch.setattr(train_module, "best_device", lambda: torch.device("cpu"))
    monkeypatch.setattr(train_module, "NUM_SNAPSHOTS", 3)


@pytest.fixture(scope="module")
def ancestor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(9)
    file = tmp_path_factory.mktemp("ancestor") / "source_only.safetensors"
    save(file, DigitNetwork().state_dict(), {})
    return file


@pytest.fixture
def make(tmp_path: Path, ancestor: Path) -> MakeTrainer:
    """A trainer of a short run in a folder of its own name."""

    def make(
        method: str,
        name: str = "run",
        *,
        target: Digits = TARGET,
        ancestor: Path = ancestor,
        resume: bool = False,
        **changes: object,
    ) -> AdaptationTrainer:
        config = replace(AdaptationConfig(method, iterations=6, batch_size=8), **changes)
        return AdaptationTrainer(
            config,
            source=SOURCE,
            target=target,
            run_folder=tmp_path / name,
            ancestor=None if method == ANCESTOR else ancestor,
            resume=resume,
        )

    return make


def assert_same(first: State, second: State) -> None:
    assert first.keys() == second.keys()
    different = [name for name in first if not torch.equal(first[name], second[name])]
    assert different == []


def learned(trainer: AdaptationTrainer) -> State:
    """The exported network after the run, and all else that the method trained."""
    return load_file(trainer.run()) | {
        f"method/{name}": tensor for name, tensor in trainer.method.state_dict().items()
    }


def run_until(iteration: int, trainer: AdaptationTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if somebody had stopped the run."""
    step = AdaptationTrainer.step

    def stop(self: AdaptationTrainer) -> Mapping[str, Tensor]:
        if self.iteration == iteration:
            raise KeyboardInterrupt
        return step(self)

    with monkeypatch.context() as patch:
        patch.setattr(AdaptationTrainer, "step", stop)
        with pytest.raises(KeyboardInterrupt):
            trainer.run()


# The same bits


@pytest.mark.slow
@every_method
def test_the_seed_decides_also_after_a_stop(
    make: MakeTrainer, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make(method, "whole")
    expected = learned(whole)
    torch.rand(3)
    stopped = make(method, "stopped")
    run_until(5, stopped, monkeypatch)
    assert not stopped.weights_file.exists()
    resumed = make(method, "stopped", resume=True)
    assert resumed.iteration == 4  # the last snapshot before the stop
    assert_same(learned(resumed), expected)
    assert_same(load_file(resumed.snapshots_file), load_file(whole.snapshots_file))
    other = learned(make(method, "other", seed=1))
    assert not torch.equal(other["fc1.weight"], expected["fc1.weight"])


def test_resuming_what_is_finished_exports_it_again(make: MakeTrainer) -> None:
    first = learned(make("dann"))
    again = make("dann", resume=True)
    assert again.iteration == 6
    assert_same(learned(again), first)


def test_without_resume_a_run_starts_anew(make: MakeTrainer) -> None:
    first = learned(make("coral"))
    again = make("coral")
    assert again.iteration == 0
    assert_same(learned(again), first)


def test_a_state_from_before_there_were_two_sizes(make: MakeTrainer) -> None:
    trainer = make("coral")
    first = learned(trainer)
    state = torch.load(trainer.state_file, weights_only=True)
    del state["config"]["size"]
    torch.save(state, trainer.state_file)
    assert_same(learned(make("coral", resume=True)), first)


def test_other_sizes_are_named() -> None:
    with pytest.raises(DniError, match="Expected one of the networks small, large, but got 'huge'"):
        AdaptationConfig("dann", size="huge")


def test_the_large_upper_bound_moves_its_digits(make: MakeTrainer, tmp_path: Path) -> None:
    file = tmp_path / "large.safetensors"
    save(file, LargeDigitNetwork().state_dict(), {})
    config = AdaptationConfig("target_only", iterations=2, batch_size=8, size="large")
    trainer = AdaptationTrainer(
        config, source=SOURCE, target=TARGET, run_folder=tmp_path / "large", ancestor=file
    )
    batch = trainer.batch(0)
    with torch.no_grad():
        moved = trainer.method.losses(batch, 0)["classify"]
        plain = functional.cross_entropy(trainer.method.network(batch.target), batch.target_labels)
    assert moved != plain
    assert (trainer.method.learning_rate(0), trainer.method.learning_rate(1)) == pytest.approx((0.03, 0))
    small = make("target_only")
    assert small.method.learning_rate(0) == make("dann").method.learning_rate(0)
    with safe_open(trainer.run(), "pt") as opened:
        assert opened.metadata()["architecture"] == "LargeDigitNetwork"


def test_resuming_without_a_state_starts(make: MakeTrainer) -> None:
    assert make("coral", resume=True).iteration == 0


def test_batches_depend_on_seed_and_number_only(make: MakeTrainer) -> None:
    first, second = make("dann", "first"), make("coral", "second")
    second.batch(0)
    ours, theirs = first.batch(7), second.batch(7)
    for name in ("source", "labels", "target"):
        assert torch.equal(getattr(ours, name), getattr(theirs, name))
    assert not torch.equal(ours.source, first.batch(8).source)
    assert not torch.equal(ours.source, make("dann", "third", seed=1).batch(7).source)


def test_a_batch_is_half_source_half_target(make: MakeTrainer) -> None:
    batch = make("target_only").batch(3)
    assert batch.source.shape == batch.target.shape == (4, 3, 28, 28)
    assert batch.target_labels is not None
    for images, labels, domain in (
        (batch.source, batch.labels, SOURCE),
        (batch.target, batch.target_labels, TARGET),
    ):
        assert images.dtype == torch.float32
        assert images.max() <= 1
        pixels = (images * 255).round().byte()
        for image, label in zip(pixels, labels, strict=True):
            matches = (domain.images == image).flatten(1).all(dim=1)
            assert label in domain.labels[matches]
    assert make("dann", "other").batch(3).target_labels is None


# Honest with labels


@pytest.mark.slow
def test_target_labels_never_matter(make: MakeTrainer) -> None:
    """With labels that any use of would fail or change something: the same bits."""
    for method in [method for method in METHODS if method != "target_only"]:
        with case(method):
            expected = learned(make(method, f"{method}-right"))
            wrong = Digits(TARGET.images, torch.full_like(TARGET.labels, -1))
            trainer = make(method, f"{method}-wrong", target=wrong)
            assert trainer.target_labels is None
            assert_same(learned(trainer), expected)


def test_the_upper_bound_learns_from_target_labels(make: MakeTrainer) -> None:
    expected = learned(make("target_only", "right"))
    shuffled = Digits(TARGET.images, TARGET.labels.roll(1))
    other = learned(make("target_only", "shuffled", target=shuffled))
    assert not torch.equal(other["fc3.bias"], expected["fc3.bias"])


def test_source_only_does_not_look_at_the_target(make: MakeTrainer) -> None:
    expected = learned(make("source_only", "right"))
    black = Digits(torch.zeros_like(TARGET.images), TARGET.labels)
    assert_same(learned(make("source_only", "black", target=black)), expected)


# From the ancestor, on the way, at the end


@pytest.mark.slow
def test_snapshots_lead_from_the_ancestor_to_the_result(make: MakeTrainer, ancestor: Path) -> None:
    for method in METHODS:
        with case(method):
            trainer = make(method, iterations=7, place=Place("fc3", 16) if method == "ddc" else None)
            result = load_file(trainer.run())
            snapshots = {
                step: kept.state_dict() for step, kept in read_snapshots(trainer.snapshots_file).items()
            }
            assert list(snapshots) == [0, 3, 5, 7]
            assert_same(snapshots[7], result)
            if method == "ddc":  # the same function through two layers
                for name, tensor in load_file(ancestor).items():
                    torch.testing.assert_close(snapshots[0][name], tensor, atol=1e-6, rtol=1e-4)
            elif method != ANCESTOR:
                assert_same(snapshots[0], load_file(ancestor))
            assert all((result[name] != snapshots[0][name]).any() for name in result)


def test_the_number_of_snapshots(make: MakeTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    for iterations, count in [(3, 4), (20, 21), (23, 21)]:
        with case(iterations, count):
            monkeypatch.setattr(train_module, "NUM_SNAPSHOTS", 20)
            trainer = make("source_only", iterations=iterations)
            trainer.run()
            snapshots = read_snapshots(trainer.snapshots_file)
            assert len(snapshots) == count
            assert (min(snapshots), max(snapshots)) == (0, iterations)


def test_what_a_run_leaves_behind(make: MakeTrainer, tmp_path: Path) -> None:
    trainer = make("dann", seed=4)
    file = trainer.run()
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"state.pt", "log.jsonl", "snapshots.safetensors", "dann.safetensors"}
    assert file == tmp_path / "run" / "dann.safetensors"
    with safe_open(file, "pt") as opened:
        metadata = opened.metadata()
    assert (metadata["architecture"], metadata["method"]) == ("DigitNetwork", "dann")
    assert json.loads(metadata["training"])["seed"] == 4
    assert float(metadata["seconds"]) >= 0
    (record,) = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert record["iteration"] == 6
    assert {"classify", "domain", "seconds"} <= record.keys()


@pytest.mark.slow
def test_training_lowers_the_loss(make: MakeTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Method, "learning_rate", lambda self, progress: 0.05)
    trainer, losses = make("source_only", iterations=80, batch_size=64), []
    for trainer.iteration in range(80):
        losses.append(float(trainer.step()["classify"].detach()))
    assert sum(losses[-10:]) < 0.9 * sum(losses[:10])


def logged(trainer: AdaptationTrainer) -> list[int]:
    lines = (trainer.run_folder / "log.jsonl").read_text().splitlines()
    return [json.loads(line)["iteration"] for line in lines]


def test_every_iteration_is_logged_once(make: MakeTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    for resume in [True, False]:
        with case(resume):
            monkeypatch.setattr(train_module, "LOG_EVERY", 1)
            run_until(5, make("coral"), monkeypatch)
            again = make("coral", resume=resume)
            again.run()
            assert logged(again) == [1, 2, 3, 4, 5, 6]


# Mistakes


def test_a_run_that_diverges_writes_no_network(make: MakeTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    step = AdaptationTrainer.step

    def diverge(self: AdaptationTrainer) -> Mapping[str, Tensor]:
        losses = step(self)
        if self.iteration == 2:
            torch.nn.init.constant_(self.method.network.fc1.bias, torch.nan)
        return losses

    with monkeypatch.context() as patch:
        patch.setattr(AdaptationTrainer, "step", diverge)
        trainer = make("coral")
        with pytest.raises(DniError, match="parameters of coral, but at step 4 some are NaN"):
            trainer.run()
    assert not trainer.weights_file.exists()
    assert torch.load(trainer.state_file, weights_only=True)["iteration"] == 2
    trainer.iteration = 6  # as if it had been saved so, before this was checked
    with pytest.raises(DniError, match="at step 6"):
        trainer.run()
    assert not trainer.weights_file.exists()


def test_all_others_need_the_ancestor(tmp_path: Path) -> None:
    for method in [method for method in METHODS if method != ANCESTOR]:
        with case(method):
            with pytest.raises(
                DniError, match=f"Expected the source_only weights for {method} to start from"
            ):
                AdaptationTrainer(
                    AdaptationConfig(method), source=SOURCE, target=TARGET, run_folder=tmp_path / "run"
                )
            assert not (tmp_path / "run").exists()


def test_resuming_with_other_settings_is_an_error(make: MakeTrainer) -> None:
    for changes in [{"seed": 1}, {"iterations": 7}, {"batch_size": 10}]:
        with case(changes):
            make("coral").run()
            with pytest.raises(
                DniError, match=r"Expected to resume the run of .*state\.pt with its own settings"
            ):
                make("coral", resume=True, **changes)


def test_damaged_states_are_named(make: MakeTrainer) -> None:
    trainer = make("coral")
    trainer.run()
    whole = trainer.state_file.read_bytes()
    for content in (whole[:1000], b"", b"no state"):
        trainer.state_file.write_bytes(content)
        with pytest.raises(
            DniError, match=r"the state of an interrupted run in .*state\.pt, but it cannot be read \("
        ):
            make("coral", resume=True)
        assert make("coral").iteration == 0


def test_a_damaged_ancestor_is_named(make: MakeTrainer, ancestor: Path, tmp_path: Path) -> None:
    cut = tmp_path / "source_only.safetensors"
    cut.write_bytes(ancestor.read_bytes()[:1000])
    with pytest.raises(DniError, match=r"source_only\.safetensors"):
        make("dann", ancestor=cut)


def test_a_line_of_the_log_that_a_run_was_stopped_in_is_dropped(
    make: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_module, "LOG_EVERY", 1)
    for resume in [True, False]:
        with case(resume):
            stopped = make("coral")
            run_until(5, stopped, monkeypatch)
            with stopped.log_file.open("a") as log:
                log.write('{"iteration": 3, "sec')
            again = make("coral", resume=resume)
            again.run()
            assert logged(again) == [1, 2, 3, 4, 5, 6]


def test_a_state_is_of_its_ancestor_and_its_digits(make: MakeTrainer, tmp_path: Path) -> None:
    first = learned(make("coral"))
    other = tmp_path / "source_only.safetensors"
    save(other, DigitNetwork().state_dict(), {})
    black = Digits(torch.zeros_like(TARGET.images), TARGET.labels)
    for changes, name in (({"ancestor": other}, "ancestor"), ({"target": black}, "digits")):
        with (
            case(name),
            pytest.raises(DniError, match=rf"resume the run of .* with the {name} that it started"),
        ):
            make("coral", resume=True, **changes)
    state = torch.load(make("coral").state_file, weights_only=True)
    del state["origin"]  # as before it was kept
    torch.save(state, make("coral").state_file)
    assert_same(learned(make("coral", resume=True)), first)


def test_zero_iterations_are_the_methods_own() -> None:
    assert AdaptationConfig("dann").total == METHOD_CLASSES["dann"].iterations
    assert AdaptationConfig("dann", 5).total == 5
    with pytest.raises(DniError, match=r"Expected 0 or more iterations .*, but got -1 and 128"):
        AdaptationConfig("dann", -1)


def test_batches_that_cannot_be_halved() -> None:
    for batch_size in [0, 2, 7, -4]:
        with (
            case(batch_size),
            pytest.raises(DniError, match=f"an even batch size of at least 4, but got 0 and {batch_size}"),
        ):
            AdaptationConfig("dann", batch_size=batch_size)


def test_unknown_methods_are_named() -> None:
    with pytest.raises(DniError, match=r"one of the methods source_only, dann, .*, but got 'cycada'"):
        AdaptationConfig("cycada")
