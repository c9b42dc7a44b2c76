"""What each method asks of the network: its losses by hand, where its gradients go, what it exports."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from adaptation_methods import HALF, batch, make, network
from cases import case
from torch import Tensor
from torch.nn import functional

from dni.digits.methods import ANCESTOR, BEST, METHODS, method_id
from dni.errors import DniError
from dni.training.adaptation.losses import (
    coral_loss,
    mean_discrepancy,
    mmd_squared,
    multi_kernel_mmd,
    reversal_schedule,
    standardise,
)
from dni.training.adaptation.methods import METHOD_CLASSES, Method
from dni.training.adaptation.methods.aligning import AligningMethod
from dni.training.adaptation.methods.base import Setting, ramp
from dni.training.adaptation.methods.dann import Dann
from dni.training.adaptation.methods.ddc import DEFAULT_PLACE, PLACES, Ddc, Place
from dni.training.adaptation.methods.source_only import SourceOnly
from dni.training.adaptation.methods.target_only import TargetOnly
from models.digits import DigitNetwork


def gradients(method: Method, *, progress: float, only: str | None = None) -> dict[str, Tensor]:
    """Of the sum of the losses, or of one of them, by parameter."""
    losses = method.losses(batch(), progress)
    method.zero_grad()
    (sum(losses.values()) if only is None else losses[only]).backward()
    return {
        name: parameter.grad for name, parameter in method.named_parameters() if parameter.grad is not None
    }


# All methods


def test_the_ids() -> None:
    ids = ["source_only", "dann", "dann_mmd", "ddc", "coral", "dan", BEST, "target_only"]
    assert list(METHODS) == ids
    assert len({name.lower() for name in ids}) == len(ids)
    assert all(method.id == name for name, method in METHOD_CLASSES.items())
    assert len({method.title for method in METHODS.values()}) == len(ids)
    without_paper = {name for name, method in METHODS.items() if not method.paper.startswith("https://")}
    assert without_paper == {"source_only", "target_only"}
    assert ANCESTOR == "source_only"


def test_best_is_another_name() -> None:
    assert method_id("best") == BEST
    assert [method_id(name) for name in METHODS] == list(METHODS)
    with pytest.raises(DniError, match=r"one of the methods source_only, dann, .* or best, but got 'DANN'"):
        method_id("DANN")


def test_losses_are_finite_scalars() -> None:
    for name, progress in product(METHODS, [0.0, 0.5, 1.0]):
        with case(name, progress):
            method = make(name)
            losses = method.losses(batch(target_labels=method.needs_target_labels), progress)
            assert "classify" in losses
            for loss in losses.values():
                assert loss.shape == ()
                assert loss.isfinite()
                assert loss >= 0
            assert 0 < method.learning_rate(progress) <= 0.1


def test_gradients_reach_all_that_is_used() -> None:
    """And under autocast too, whose cache must not hold the weights of a pass without gradient."""
    for name, autocast in product(METHODS, [False, True]):
        with case(name, autocast):
            method = make(name)
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                losses = method.losses(batch(target_labels=method.needs_target_labels), 0.5)
            sum(losses.values()).backward()
            silent = {
                key
                for key, parameter in method.named_parameters()
                if parameter.grad is None or not parameter.grad.abs().sum() > 0
            }
            unused = {f"network.{DEFAULT_PLACE.before}.weight", f"network.{DEFAULT_PLACE.before}.bias"}
            expected = {
                "ddc": unused,
                "adamatch": {key for key, _ in method.named_parameters() if key.startswith("teacher.")},
            }
            assert silent == expected.get(name, set())


def test_only_the_upper_bound_reads_target_labels() -> None:
    for name in METHODS:
        with case(name):
            assert METHOD_CLASSES[name].needs_target_labels == (name == "target_only")
            if name == "target_only":
                with pytest.raises(DniError, match="Expected a batch with target labels, but got none"):
                    make(name).losses(batch(), 0.5)
                continue
            with_labels, without = (
                make(name).losses(batch(target_labels=known), 0.5) for known in (True, False)
            )
            assert {key: loss.item() for key, loss in with_labels.items()} == {
                key: loss.item() for key, loss in without.items()
            }


def test_the_result_has_the_ancestors_architecture() -> None:
    for name in METHODS:
        with case(name):
            result = make(name).result()
            assert isinstance(result, DigitNetwork)
            shapes = {key: tensor.shape for key, tensor in result.state_dict().items()}
            assert shapes == {key: tensor.shape for key, tensor in network().state_dict().items()}


def test_one_domain_alone() -> None:
    """Cross-entropy on one half, whatever the other is."""
    for method, half in [(SourceOnly, "source"), (TargetOnly, "target")]:
        with case(method, half):
            full = batch(target_labels=True)
            images, labels = {
                "source": (full.source, full.labels),
                "target": (full.target, full.target_labels),
            }[half]
            assert labels is not None
            losses = method(network()).losses(full, 0.5)
            assert losses.keys() == {"classify"}
            torch.testing.assert_close(
                losses["classify"], functional.cross_entropy(network()(images), labels)
            )


# DANN


def test_dann_trains_the_domain_classifier_at_full_strength() -> None:
    """At progress 0 the reversal is 0: the features see the classification only."""
    method = make("dann")
    assert reversal_schedule(0) == 0
    whole = gradients(method, progress=0)
    classify = gradients(make("dann"), progress=0, only="classify")
    assert classify.keys() == network_keys(method)
    for name, gradient in classify.items():
        torch.testing.assert_close(whole[name], gradient)
    late = gradients(make("dann"), progress=1)
    for name in set(whole) - set(classify):
        assert whole[name].abs().max() > 0
        torch.testing.assert_close(late[name], whole[name])


def test_dann_reverses_what_reaches_the_features() -> None:
    for progress in [0.1, 1.0]:
        with case(progress):
            method = make("dann")
            whole = gradients(make("dann"), progress=progress)
            classify = gradients(make("dann"), progress=progress, only="classify")
            features = method.network.features(torch.cat((batch().source, batch().target)))
            domains = torch.tensor([0.0, 1.0]).repeat_interleave(HALF)[:, None]
            assert isinstance(method, Dann)
            loss = functional.binary_cross_entropy_with_logits(method.domain_classifier(features), domains)
            loss.backward()
            reversal = reversal_schedule(progress)
            for name, parameter in method.network.named_parameters():
                if name.startswith("conv"):
                    assert parameter.grad is not None
                    expected = classify[f"network.{name}"] - reversal * parameter.grad
                    torch.testing.assert_close(whole[f"network.{name}"], expected, atol=1e-6, rtol=1e-4)
                else:
                    torch.testing.assert_close(whole[f"network.{name}"], classify[f"network.{name}"])
            torch.testing.assert_close(method.losses(batch(), progress)["domain"], loss)


def network_keys(method: Method) -> set[str]:
    return {f"network.{name}" for name, _ in method.network.named_parameters()}


def test_danns_learning_rate() -> None:
    rates = [make("dann").learning_rate(progress) for progress in (0.0, 0.5, 1.0)]
    assert rates == pytest.approx([0.01, 0.01 / 6**0.75, 0.01 / 11**0.75])


# DaNN, DDC, Deep CORAL and DAN


def test_alignment_by_hand() -> None:
    """The papers' distances, standardised, in the layers of every setting that may be chosen."""
    distances = {
        "dann_mmd": mmd_squared,
        "ddc": mean_discrepancy,
        "coral": coral_loss,
        "dan": multi_kernel_mmd,
    }
    for name, distance in distances.items():
        for setting in METHOD_CLASSES[name].candidates:
            with case(name, setting):
                method = aligning(name, setting)
                source, target = (method.activations(images) for images in (batch().source, batch().target))
                expected = sum(
                    distance(*standardise(source[layer], target[layer])) for layer in setting.layers
                )
                losses = method.losses(batch(), 0.5)
                assert losses.keys() == {"classify", method.loss_name}
                torch.testing.assert_close(
                    losses[method.loss_name], setting.weight * ramp(0.5) * expected, atol=1e-5, rtol=1e-3
                )


def aligning(name: str, setting: Setting) -> AligningMethod:
    method = METHOD_CLASSES[name]
    assert issubclass(method, AligningMethod)
    return method(network(), setting)


def test_the_layers_that_are_aligned() -> None:
    """Of the common network; DDC's adaptation layer has tests of its own."""
    net, images = network(), batch().source
    first, second = net.hidden(net.features(images))
    by_hand = {"features": net.features(images), "fc1": first, "fc2": second, "logits": net(images)}
    found = net.activations(images)
    assert found.keys() == by_hand.keys()
    for name, activation in by_hand.items():
        torch.testing.assert_close(found[name], activation)
    assert {name: {c.layers for c in METHOD_CLASSES[name].candidates} for name in ("dann_mmd", "coral")} == {
        "dann_mmd": {("fc1",)},
        "coral": {("logits",)},
    }


def test_as_many_steps_as_dann() -> None:
    steps = {name: method.iterations for name, method in METHOD_CLASSES.items() if method.candidates}
    assert steps == dict.fromkeys(["dann_mmd", "ddc", "coral", "dan"], Dann.iterations)


def test_alignment_begins_at_zero_and_ends_at_its_weight() -> None:
    for name, loss in [("dann_mmd", "mmd"), ("ddc", "confusion"), ("coral", "coral"), ("dan", "mmd")]:
        with case(name, loss):
            method = make(name)
            values = [method.losses(batch(), step / 4)[loss].item() for step in range(5)]
            assert values[0] == 0
            assert values == sorted(values)
            assert values == pytest.approx(
                [reversal_schedule(step / 4) * values[4] for step in range(5)], rel=1e-3
            )


# DDC


@torch.no_grad()
def test_folding_gives_the_same_function() -> None:
    for place in PLACES:
        with case(place):
            method = Ddc(network(), place=place)
            for parameter in method.parameters():
                parameter.add_(0.05 * torch.randn(parameter.shape))
            images = batch().target
            logits, adapted = method.run(images)
            assert adapted.shape == (HALF, place.width)
            torch.testing.assert_close(method.result()(images), logits, atol=1e-5, rtol=1e-4)
            # Folding changes nothing that is still in training.
            assert torch.equal(method.run(images)[0], logits)


@torch.no_grad()
def test_a_wide_layer_starts_as_the_ancestor() -> None:
    for place in [Place("fc3", 10), *(place for place in PLACES if place.before == "fc3"), Place("fc2", 100)]:
        with case(place):
            method, ancestor = Ddc(network(), place=place), network()
            images = batch().source
            torch.testing.assert_close(method.run(images)[0], ancestor(images), atol=1e-5, rtol=1e-4)
            for name, tensor in method.result().state_dict().items():
                torch.testing.assert_close(tensor, ancestor.state_dict()[name], atol=1e-6, rtol=1e-4)


@torch.no_grad()
def test_a_narrow_layer_starts_as_the_best_approximation() -> None:
    """Eckart and Young: what is lost are the singular values that have no room."""
    for width in [16, 32, 64]:
        with case(width):
            weight = network().fc2.weight.clone()
            folded = Ddc(network(), place=Place("fc2", width)).result().fc2.weight
            values = torch.linalg.svdvals(weight)
            torch.testing.assert_close((folded - weight).norm(), values[width:].norm(), atol=1e-5, rtol=1e-4)
            assert torch.linalg.matrix_rank(folded, atol=1e-4) == width


def test_ddc_aligns_its_adaptation_layer() -> None:
    for place in PLACES:
        with case(place):
            method = Ddc(network(), place=place)
            logits, adapted = method.run(batch().target)
            activations = method.activations(batch().target)
            assert adapted.shape == (HALF, place.width)
            assert torch.equal(activations["adapt"], adapted)
            assert torch.equal(activations["logits"], logits)
