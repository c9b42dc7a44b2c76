"""What the Adaptation tab shows, against networks that are run by hand."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import case
from live_view_samples import make_desk, network_state, noise, picture, ship_curves

from dni.blending.interpolate import interpolate, shares_of
from dni.checkpoints.files import save
from dni.digits.classifiers import load_classifier
from dni.digits.data.digit_sources import DigitSource, Photographs
from dni.digits.data.domains import Digits
from dni.digits.feature_map import FeatureMap
from dni.digits.live_view import ALPHAS, DOMAINS, STRENGTHS, LiveView, OwnPicture
from dni.errors import DniError
from dni.examples import example_token
from models.digits import DigitNetwork

DANN, DDC = "dann", "ddc"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of weights with two tiny methods, and no other."""
    folder = tmp_path_factory.mktemp("weights")
    (folder / "digits").mkdir()
    for seed, method in enumerate(("source_only", "dann")):
        save(folder / "digits" / f"{method}.safetensors", network_state(seed), {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DNI_WEIGHTS", str(folder))
        yield folder


@pytest.fixture(scope="module")
def desk(weights: Path) -> LiveView:
    return make_desk()


def by_hand(alpha: float, images: torch.Tensor) -> torch.Tensor:
    """Probabilities of a freshly blended network: uint8 (..., 3, 28, 28) to (..., 10)."""
    states = [load_classifier(method).state_dict() for method in ("source_only", "dann")]
    network = DigitNetwork()
    network.load_state_dict(interpolate(states, shares_of(alpha)))
    with torch.no_grad():
        logits = network(images.reshape(-1, 3, 28, 28).float() / 255)
    return logits.softmax(dim=1).reshape(*images.shape[:-3], 10)


def close(first: torch.Tensor, second: torch.Tensor) -> None:
    torch.testing.assert_close(first, second, rtol=0, atol=1e-5)


def test_walls(desk: LiveView) -> None:
    grid = desk.grid()
    assert (grid.shape, grid.dtype) == ((len(DOMAINS), 40, 3, 28, 28), torch.uint8)
    assert torch.equal(grid[2], 255 - grid[0])
    assert torch.equal(desk.grid(picture(strength=0.0))[3], grid[0])
    assert desk.labels.tolist() == sorted(desk.labels.tolist())
    assert desk.map_labels.shape == (2, 150)
    assert desk.num_held_out == 110


def test_without_an_own_picture_the_default_takes_its_place(desk: LiveView) -> None:
    assert torch.equal(desk.grid(), desk.grid(picture()))
    assert not torch.equal(desk.grid(), desk.grid(picture(1)))


def test_texts_say_where_the_photographs_come_from(desk: LiveView) -> None:
    assert len(desk.titles) == len(desk.notes) == len(DOMAINS)
    assert "snow" in desk.notes[1]


def test_the_strip_is_what_blended_networks_say(desk: LiveView) -> None:
    for index in [0, 7, 20]:
        with case(index):
            strip = desk.strip(DANN)
            assert strip.shape == (len(ALPHAS), 4, 40, 10)
            close(strip[index], by_hand(ALPHAS[index], desk.grid()))


def test_both_ends_are_exactly_the_networks(desk: LiveView) -> None:
    images = desk.grid()[1].contiguous(memory_format=torch.channels_last)
    for alpha, method in ((0.0, "source_only"), (1.0, "dann")):
        network = load_classifier(method).to(memory_format=torch.channels_last)
        with torch.no_grad():
            expected = network(images.float() / 255).softmax(dim=1)
        assert torch.equal(desk.predict("dann", alpha, images), expected)


def test_exact_is_the_strip_the_map_and_the_curve_at_one_alpha(desk: LiveView) -> None:
    exact = desk.exact("dann", ALPHAS[7])
    close(exact.probabilities, desk.strip(DANN)[7])
    close(exact.positions, desk.feature_map("dann")[7])
    close(torch.tensor(exact.accuracy), desk.accuracy_curve("dann")[7])


def test_exact_between(desk: LiveView) -> None:
    for own in (None, picture(1)):
        with case(own):
            close(desk.exact("dann", 0.123, own).probabilities, by_hand(0.123, desk.grid(own)))


def test_in_bfloat16_nearly_the_same(desk: LiveView) -> None:
    half = make_desk(precision="bfloat16")
    difference = (half.exact_grid("dann", 0.5) - desk.exact_grid("dann", 0.5)).abs()
    assert 0 < float(difference.max()) < 0.1


def test_people_do_not_see_one_anothers_pictures(desk: LiveView) -> None:
    first, second = (desk.strip(DANN, picture(seed)) for seed in (1, 2))
    assert torch.equal(first[:, :3], second[:, :3])
    close(first[20, 3], by_hand(1.0, desk.grid(picture(1))[3]))
    close(second[20, 3], by_hand(1.0, desk.grid(picture(2))[3]))
    assert not torch.equal(first[:, 3], desk.strip(DANN, picture(1, 0.5))[:, 3])


def test_many_at_once_each_get_their_own_alpha(desk: LiveView) -> None:
    alphas = [step / 40 for step in range(40)]
    expected = [desk.exact_grid("dann", alpha) for alpha in alphas]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda alpha: desk.exact_grid("dann", alpha), alphas))
    for one, other in zip(found, expected, strict=True):
        close(one, other)


def test_accuracy_is_the_share_of_right_answers(desk: LiveView) -> None:
    own = picture(strength=0.0)  # then "yours" is MNIST
    accuracy = desk.accuracy("dann", 0.5, own)
    split = desk._grids.split.held_out
    right = by_hand(0.5, split.images).argmax(dim=-1) == split.labels
    assert accuracy[0] == accuracy[3] == pytest.approx(float(right.float().mean()))
    assert len(set(desk.accuracy_curve("dann")[:, 0].tolist())) > 2


def test_the_curve_has_every_alpha_and_domain(desk: LiveView) -> None:
    curve = desk.accuracy_curve("dann")
    assert curve.shape == (len(ALPHAS), 4)
    close(curve[20], torch.tensor(desk.accuracy("dann", 1.0)))


def test_strengths(desk: LiveView) -> None:
    curve = desk.strengths_curve("dann", 0.5, picture(1, 0.7))
    assert curve.shape == (3, len(STRENGTHS))
    for row, alpha in enumerate((0.0, 0.5, 1.0)):  # with 110 digits held out, "few" are all
        for column in (0, 4, 10):
            expected = desk.accuracy("dann", alpha, picture(1, STRENGTHS[column]))[3]
            assert float(curve[row, column]) == pytest.approx(expected)
    assert torch.equal(desk.strengths_curve("dann", 0.5, picture(1)), curve)


def test_results_are_remembered(desk: LiveView, monkeypatch: pytest.MonkeyPatch) -> None:
    first = (
        desk.strip(DANN),
        desk.accuracy_curve("dann"),
        desk.feature_map("dann"),
        desk.accuracy("dann", 0.5),
    )
    monkeypatch.delattr("dni.digits.live_blend.LiveBlend._run")
    again = (
        desk.strip(DANN),
        desk.accuracy_curve("dann"),
        desk.feature_map("dann"),
        desk.accuracy("dann", 0.5),
    )
    for one, other in zip(first, again, strict=True):
        close(torch.as_tensor(one), torch.as_tensor(other))


def test_results_do_not_keep_the_picture_alive(desk: LiveView) -> None:
    own = picture(seed=7)
    alive = weakref.ref(own.rgb)
    desk.strip(DANN, own)
    desk.accuracy(DANN, 0.5, own)
    desk.strengths_curve(DANN, 0.5, own)
    del own
    assert alive() is None


def test_accuracies_that_ship_are_those_told(
    weights: Path, desk: LiveView, monkeypatch: pytest.MonkeyPatch
) -> None:
    curves = ship_curves(weights / "digits")
    shipping = make_desk()
    monkeypatch.delattr("dni.digits.live_blend.LiveBlend._run")
    coffee = replace(picture(strength=0.5), token=example_token("coffee"))
    assert shipping.accuracies.counts(DANN) == (10000, 110)
    mnist, mnist_m, inverted, yours = shipping.accuracy(DANN, 0.05, coffee)
    dann = curves["methods"][DANN]
    for found, known in ((mnist, "mnist"), (mnist_m, "mnist_m"), (inverted, "inverted")):
        assert found == pytest.approx(np.mean(dann[known][:2]))
    assert yours == pytest.approx(
        np.interp(0.05, [0, 0.5], [row[5] for row in dann["pictures"]["coffee"][:2]])
    )
    assert float(shipping.accuracy_curve(DANN, coffee)[20, 3]) == pytest.approx(
        dann["pictures"]["coffee"][-1][5]
    )
    strengths = shipping.strengths_curve(DANN, 1.0, coffee)
    close(strengths[2], torch.tensor(dann["pictures"]["coffee"][-1]))
    with pytest.raises(AttributeError, match="_run"):
        shipping.accuracy(DANN, 0.05, picture())  # nobody knows this one
    with pytest.raises(DniError, match="Expected shares between 0 and 1"):
        shipping.strengths_curve(DANN, 1.5, coffee)
    (weights / "digits" / "curves.json").unlink()


@pytest.mark.parametrize("damage", ["{", "{}", '{"networks": {"source_only": "0", "dann": "0"}}'])
def test_accuracies_of_other_networks_are_not_told(weights: Path, damage: str) -> None:
    (weights / "digits" / "curves.json").write_text(damage)
    assert make_desk().accuracies.shipped(DANN) is None
    (weights / "digits" / "curves.json").unlink()


def test_a_person_who_leaves_is_forgotten(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = make_desk()
    for seed in (1, 2):
        desk.exact(DANN, 0.5, picture(seed))
        desk.strip(DANN, picture(seed))
    desk.forget(lambda token: token == "picture-1")
    monkeypatch.delattr("dni.digits.live_blend.LiveBlend._run")
    desk.accuracy(DANN, 0.5, picture(2))
    desk.strip(DANN, picture(2))
    for gone in (desk.accuracy, desk.strip):
        arguments = (DANN, 0.5) if gone == desk.accuracy else (DANN,)
        with pytest.raises(AttributeError, match="_run"):
            gone(*arguments, picture(1))


def test_a_drawn_digit_in_its_colour(desk: LiveView) -> None:
    ink = torch.zeros(28, 28)
    ink[5, 6], ink[7, 8] = 1.0, 0.5
    image = desk.compose(ink, (200, 100, 0), picture(strength=0.0))
    assert image.dtype == torch.uint8
    assert image[:, 5, 6].tolist() == [200, 100, 0]
    assert image[:, 7, 8].tolist() == [100, 50, 0]
    assert int(image.sum()) == 450


def test_a_drawn_digit_over_a_photograph(desk: LiveView) -> None:
    grey = OwnPicture(torch.full((3, 30, 30), 120, dtype=torch.uint8), "grey", 0.5)
    ink = torch.zeros(28, 28)
    ink[5, 6] = 1.0
    image = desk.compose(ink, (200, 60, 0), grey)
    assert image[:, 5, 6].tolist() == [140, 0, 60]
    assert image[:, 0, 0].tolist() == [60, 60, 60]


def test_drawings_that_cannot_be(desk: LiveView) -> None:
    for ink, colour, text in [
        (torch.zeros(27, 28), (0, 0, 0), r"Expected ink of shape \(28, 28\) from 0 to 1, but got \(27, 28\)"),
        (torch.full((28, 28), 1.5), (0, 0, 0), "from 1.5 to 1.5"),
        (torch.full((28, 28), float("nan")), (0, 0, 0), "from nan to nan"),
        (torch.zeros(28, 28), (0, 256, 0), r"three numbers from 0 to 255, but got \(0, 256, 0\)"),
        (torch.zeros(28, 28), (0, 0), r"three numbers from 0 to 255, but got \(0, 0\)"),
    ]:
        with case(ink, colour), pytest.raises(DniError, match=text):
            desk.compose(ink, colour)


def test_a_drawn_digit_is_read_at_every_alpha(desk: LiveView) -> None:
    image = desk.grid()[1, 3]
    probabilities = desk.drawn("dann", image)
    assert probabilities.shape == (len(ALPHAS), 10)
    close(probabilities, desk.strip(DANN)[:, 1, 3])
    close(probabilities.sum(dim=1), torch.ones(len(ALPHAS)))


def test_the_feature_map_is_fitted_to_all_that_is_shown(desk: LiveView) -> None:
    positions = desk.feature_map("dann")
    assert positions.shape == (len(ALPHAS), 2, 150, 2)
    images = desk._grids.map.flatten(0, 1).float() / 255
    states = [load_classifier(method).state_dict() for method in ("source_only", "dann")]
    features = []
    for alpha in ALPHAS:
        network = DigitNetwork()
        network.load_state_dict(interpolate(states, shares_of(alpha)))
        features.append(network.features(images).detach().unflatten(0, (2, 150)))
    expected = FeatureMap.fit(torch.stack(features)).positions
    signs = (positions * expected).sum(dim=(0, 1, 2)).sign()  # a component's sign is free
    torch.testing.assert_close(positions, signs * expected, rtol=0, atol=0.01)


def test_what_cannot_be_asked(desk: LiveView) -> None:
    for method, alpha, text in [
        ("nothing", 0.5, "Expected one of the methods source_only, dann, .*, but got 'nothing'"),
        ("coral", 0.5, "Expected the network of coral at .*coral.safetensors, but there is no such file"),
        ("best", 0.5, "Expected the network of adamatch"),
        ("dann", 1.01, "Expected shares between 0 and 1"),
        ("dann", float("nan"), "Expected finite shares"),
    ]:
        with case(method, alpha):
            for ask in (desk.exact, desk.accuracy, desk.strengths_curve):
                with pytest.raises(DniError, match=text):
                    ask(method, alpha)


def test_a_damaged_network(weights: Path, desk: LiveView) -> None:
    (weights / "digits" / "ddc.safetensors").write_bytes(b"no network")
    with pytest.raises(DniError, match=r"ddc.safetensors is damaged"):
        desk.strip(DDC)
    (weights / "digits" / "ddc.safetensors").unlink()


def test_a_network_of_another_kind(weights: Path, desk: LiveView) -> None:
    save(weights / "digits" / "ddc.safetensors", {"weight": torch.zeros(3)}, {})
    with pytest.raises(DniError, match="Expected the same parameter names"):
        desk.strip(DDC)
    (weights / "digits" / "ddc.safetensors").unlink()


def test_images_that_are_no_digits(desk: LiveView) -> None:
    for images, found in [
        (torch.zeros(1, 3, 28, 28), r"torch.float32 \(1, 3, 28, 28\)"),
        (noise(3, 28, 27), r"torch.uint8 \(3, 28, 27\)"),
    ]:
        with (
            case(images, found),
            pytest.raises(DniError, match=rf"Expected digits of uint8 \(..., 3, 28, 28\), but got {found}"),
        ):
            desk.predict("dann", 0.5, images)


def test_photographs_too_small(weights: Path) -> None:
    digits = Digits(noise(300, 3, 28, 28), torch.arange(300) % 10)
    small = Photographs((np.zeros((20, 40, 3), dtype=np.uint8),), "small")
    with pytest.raises(DniError, match="Expected photographs of at least 28 x 28 pixels, but got 40 x 20"):
        LiveView(DigitSource(digits, "noise", is_mnist=True), small, picture())
