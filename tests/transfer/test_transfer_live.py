"""What stands behind the Transfer tab's first two views, with untrained networks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from digit_files import some_digits
from transfer_files import write_transfer

from dni.blending.shares import BlendError
from dni.checkpoints.files import read_state
from dni.digits.data.digit_sources import DigitSource
from dni.errors import DniError
from dni.transfer.depth import DepthLive, blend_layers, layer_alphas
from dni.transfer.files import read_report
from dni.transfer.teacher import ALPHAS, TeacherLive, biased_accuracy
from models.transfer import LAYERS, LayeredNetwork, Student

DIGITS = DigitSource(some_digits(0, 120), "some digits", is_mnist=False)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    write_transfer(folder)
    return folder


@pytest.fixture(autouse=True)
def shipped(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNI_WEIGHTS", str(weights))


def states(weights: Path, *names: str) -> list[dict[str, torch.Tensor]]:
    files = [weights / "transfer" / f"{name}.safetensors" for name in names]
    return [{name: tensor.float() for name, tensor in read_state(file).items()} for file in files]


def test_the_ends_are_the_students_and_the_blend_lies_on_their_line(weights: Path) -> None:
    live, ink = TeacherLive(DIGITS), DIGITS.digits.images[5, 0].float() / 255
    ends = states(weights, "teacher/hard-without-3", "teacher/soft-without-3")
    for alpha in (0.0, 1.0, 1.5):
        network = Student()
        network.load_state_dict({name: torch.lerp(ends[0][name], ends[1][name], alpha) for name in ends[0]})
        torch.testing.assert_close(live.student(3, alpha, ink), network(ink[None])[0].detach())
    reading = live.read(3, ink)
    torch.testing.assert_close(reading.students[ALPHAS.index(1.0)], live.student(3, 1.0, ink))
    torch.testing.assert_close(reading.teacher, live.teacher(ink))


def test_accuracies_count_digits() -> None:
    logits = torch.tensor([[2.0, 1.0], [2.0, 0.0], [0.0, 2.0], [2.0, 1.5]])
    labels = torch.tensor([0, 0, 1, 1])
    assert biased_accuracy(logits, labels, 1, 0.0) == (0.75, 0.5)
    assert biased_accuracy(logits, labels, 1, 1.5) == (0.75, 1.0)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ((4, 0.5, 0.0), r"Expected a hidden digit out of 1, 3.*8, but got 4"),
        ((3, 1.6, 0.0), "Expected alpha from 0 to 1.5, but got 1.6"),
        ((3, 0.5, -1.0), "Expected bias from 0 to 12, but got -1"),
    ],
)
def test_a_choice_outside_of_what_ships_is_refused(choice: tuple[int, float, float], words: str) -> None:
    with pytest.raises(DniError, match=words):
        TeacherLive(DIGITS).accuracy(*choice)


def test_a_layer_with_its_own_alpha_leaves_the_others_alone(weights: Path) -> None:
    first, second = states(weights, "depth/frozen-2", "depth/tuned-2")
    blended = blend_layers([first, second], dict.fromkeys(LAYERS, 0.0) | {"fc1": 0.25})
    for name, tensor in blended.items():
        expected = torch.lerp(first[name], second[name], 0.25 if name.startswith("fc1") else 0.0)
        torch.testing.assert_close(tensor, expected)
    with pytest.raises(BlendError, match=r"alpha for each of conv1, conv2, fc1, fc2, out, but got fc1"):
        blend_layers([first, second], {"fc1": 0.25})


def test_a_pair_is_measured_on_the_digits_5_to_9(weights: Path) -> None:
    live = DepthLive(DIGITS)
    assert set(live.labels.tolist()) == {5, 6, 7, 8, 9}
    network = LayeredNetwork()
    network.load_state_dict(states(weights, "depth/tuned-3")[0])
    answers = network(live.images).argmax(dim=1) + 5
    found = live.read(3, dict.fromkeys(("conv1", "conv2", "fc1", "above"), 1.0), measure=True)
    assert found.answers == answers[:40].tolist()
    assert found.accuracy == pytest.approx((answers == live.labels).float().mean().item())
    quick = live.read(3, dict.fromkeys(("conv1", "conv2", "fc1", "above"), 1.0), measure=False)
    assert (quick.answers, quick.accuracy) == (found.answers, None)


@pytest.mark.parametrize(
    ("cut", "alphas", "words"),
    [
        (5, {}, "Expected a cut after layer 1 to 4, but got 5"),
        (1, {"conv1": 0.5}, "Expected an alpha for each of conv1, above, but got 1 numbers"),
        (1, {"conv1": 0.5, "above": 1.2}, "Expected alpha from 0 to 1 for above, but got 1.2"),
    ],
)
def test_layers_that_cannot_be_blended_are_refused(cut: int, alphas: dict[str, float], words: str) -> None:
    with pytest.raises(DniError, match=words):
        layer_alphas(cut, alphas)


def test_below_and_above_a_cut_are_the_whole_network() -> None:
    network, digits = LayeredNetwork(), torch.rand(3, 1, 28, 28)
    for cut in range(len(LAYERS)):
        torch.testing.assert_close(network.above(network.below(digits, cut), cut), network(digits))


def test_a_missing_or_damaged_report_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNI_WEIGHTS", str(tmp_path))
    with pytest.raises(DniError, match=r"no such file\. Make it with 'python -m dni evaluate transfer'"):
        TeacherLive(DIGITS)
    (tmp_path / "transfer" / "depth").mkdir(parents=True)
    (tmp_path / "transfer" / "depth" / "report.json").write_text(json.dumps([]))
    with pytest.raises(DniError, match=r"Expected an object in .*report\.json, but got list"):
        read_report("depth")
