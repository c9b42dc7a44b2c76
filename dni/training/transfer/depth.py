"""Trains and measures the view "How deep?": features of the digits 0 to 4, kept up to a cut, for 5 to 9.

Yosinski et al., "How transferable are features in deep neural networks?", NIPS 2014,
https://arxiv.org/abs/1411.1792. A network A learns 0 to 4 from all labels. A network for 5 to 9 with few
labels then takes its first n layers from A (AnB), from a network B that learned the same few labels (BnB), or
at random, and keeps them, or trains them on (+); the layers above are new. In the paper B has as many labels
as A.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from dni.checkpoints.files import read_state, save
from dni.training.transfer.digit_data import GreyDigits, load_grey
from dni.training.transfer.fit import Schedule, accuracy, fit, seeded
from dni.training.transfer.report import measured, measured_text, ship, write_report
from dni.training.transfer.views import Runs
from dni.transfer.depth import (
    CLASSES_A,
    CLASSES_B,
    CUTS,
    KINDS,
    LABEL_COUNTS,
    LIVE_COUNT,
    blend_layers,
    layer_of,
)
from models.transfer import LAYERS, LayeredNetwork

__all__ = ["base_network", "blended_accuracies", "evaluate", "train", "train_cut"]

State = Mapping[str, Tensor]

BASE = Schedule(steps=2500, batch_size=64)
FEW = Schedule(steps=400, batch_size=32)
# Added to the run's seed, so that no two networks start alike by accident.
NEW_LAYERS, RANDOM_LAYERS, ALONE = 1000, 2000, 3000
CURVE = tuple(step / 4 for step in range(5))


def network_of(state: State) -> LayeredNetwork:
    network = LayeredNetwork()
    network.load_state_dict(dict(state))
    return network


def new_state(seed: int) -> dict[str, Tensor]:
    return seeded(seed, LayeredNetwork).state_dict()


def joined(below: State, above: State, cut: int) -> dict[str, Tensor]:
    """The first ``cut`` layers of one network below the others of another one."""
    kept = LAYERS[:cut]
    return {name: (below if layer_of(name) in kept else above)[name] for name in above}


def train_cut(
    start: State, cut: int, digits: GreyDigits, seed: int, schedule: Schedule = FEW
) -> LayeredNetwork:
    """Train the layers above a cut; those below it stay as ``start`` has them, bit for bit.

    Args:
        start: All layers at the beginning.
        cut: 0 to train all layers.
        digits: Of the classes of the task, numbered from 0.
        seed: Of the batches.
        schedule: How long.
    """
    network = network_of(start)
    with torch.no_grad():
        features = torch.cat([network.below(chunk, cut) for chunk in torch.split(digits.images, 500)])

    def loss_of(batch: Tensor) -> Tensor:
        return functional.cross_entropy(network.above(features[batch], cut), digits.labels[batch])

    parameters = [parameter for layer in network.layers()[cut:] for parameter in layer.parameters()]
    fit(parameters, loss_of, len(digits), schedule, seed)
    return network.eval()


def base_network(runs: Runs, seed: int) -> dict[str, Tensor]:
    """Network A of a seed; trained where it is not there yet."""
    path = runs.folder("depth", seed) / "A.safetensors"
    if not (runs.resume and path.is_file()):
        digits = load_grey(runs.data_root, "train").of_classes(CLASSES_A)
        schedule = Schedule(max(1, BASE.steps // runs.shorten), BASE.batch_size)
        save(path, train_cut(new_state(seed), 0, digits, seed, schedule).state_dict(), {})
    return read_state(path)


def train(runs: Runs, seed: int) -> None:
    """Train all networks of a seed; each number of labels is a file, which is kept when resuming."""
    base = base_network(runs, seed)
    digits = load_grey(runs.data_root, "train").of_classes(CLASSES_B)
    for count in LABEL_COUNTS:
        path = networks_path(runs, seed, count)
        if not (runs.resume and path.is_file()):
            networks = train_count(runs, base, digits.few(count, seed), seed)
            tensors = {
                f"{network}/{name}": tensor
                for network, state in networks.items()
                for name, tensor in state.items()
            }
            save(path, tensors, {})


def networks_path(runs: Runs, seed: int, count: int) -> Path:
    return runs.folder("depth", seed) / f"{count}.safetensors"


def read_networks(path: Path) -> dict[str, dict[str, Tensor]]:
    """The networks of a file by name; see :func:`train_count`."""
    networks: dict[str, dict[str, Tensor]] = {}
    for key, tensor in read_state(path).items():
        network, _, name = key.partition("/")
        networks.setdefault(network, {})[name] = tensor
    return networks


def train_count(runs: Runs, base: State, few: GreyDigits, seed: int) -> dict[str, State]:
    """The networks of one number of labels: "alone", and "<kind>-<cut>" for each kind and cut."""
    schedule = Schedule(max(1, FEW.steps // runs.shorten), FEW.batch_size)
    new, random = new_state(NEW_LAYERS + seed), new_state(RANDOM_LAYERS + seed)
    alone = train_cut(new_state(ALONE + seed), 0, few, seed, schedule).state_dict()
    below: dict[str, State] = {"A": base, "B": alone, "r": random}
    found: dict[str, State] = {"alone": alone}
    for cut in CUTS:
        for kind in KINDS:
            frozen = 0 if kind.endswith("+") else cut
            start = joined(below[kind[0]], new, cut)
            found[f"{kind}-{cut}"] = train_cut(start, frozen, few, seed, schedule).state_dict()
    return found


def measure_count(networks: Mapping[str, State], test: GreyDigits) -> dict[str, Any]:
    """Accuracies on B's test digits: ``alone``, and ``kinds`` (kind, cut)."""

    def measure(name: str) -> float:
        return accuracy(network_of(networks[name]), test.images, test.labels)

    kinds = {kind: [measure(f"{kind}-{cut}") for cut in CUTS] for kind in KINDS}
    return {"alone": measure("alone"), "kinds": kinds}


def blended_accuracies(ends: list[State], cut: int, test: GreyDigits) -> dict[str, Any]:
    """How much of the fine-tuning counts: accuracies between AnB (alpha 0) and AnB+ (alpha 1).

    Returns:
        ``curve``: all layers at the same alpha. ``only`` and ``without``: one group of layers (each layer
        below the cut, and those above it together) at alpha 1 and the others at 0, and the other way round.
    """

    def measured(alphas: Mapping[str, float]) -> float:
        return accuracy(network_of(blend_layers(ends, alphas)), test.images, test.labels)

    parts = {layer: (layer,) for layer in LAYERS[:cut]} | {"above": LAYERS[cut:]}
    return {
        "curve": [measured(dict.fromkeys(LAYERS, alpha)) for alpha in CURVE],
        "only": {
            name: measured({layer: float(layer in own) for layer in LAYERS}) for name, own in parts.items()
        },
        "without": {
            name: measured({layer: float(layer not in own) for layer in LAYERS})
            for name, own in parts.items()
        },
    }


def evaluate(runs: Runs) -> None:
    """Train what is missing and measure all seeds; writes ``weights/transfer/depth`` and its tables."""
    seeds = range(runs.num_seeds)
    for seed in seeds:
        train(runs, seed)
    test = load_grey(runs.data_root, "test").of_classes(CLASSES_B)
    test_a = load_grey(runs.data_root, "test").of_classes(CLASSES_A)
    bases = [network_of(base_network(runs, seed)) for seed in seeds]
    pairs = [read_networks(networks_path(runs, seed, LIVE_COUNT)) for seed in seeds]
    found = {
        "base": measured(accuracy(base, test_a.images, test_a.labels) for base in bases),
        "steps": {"base": BASE.steps, "few": FEW.steps},
        "counts": {
            str(count): over_seeds(
                [measure_count(read_networks(networks_path(runs, seed, count)), test) for seed in seeds]
            )
            for count in LABEL_COUNTS
        },
        "layers": over_seeds(
            [[blended_accuracies(ends_of(pair, cut), cut, test) for cut in CUTS] for pair in pairs]
        ),
    }
    for cut in CUTS:
        for name, end in zip(("frozen", "tuned"), ends_of(pairs[0], cut), strict=True):
            ship("depth", f"{name}-{cut}", end)
    write_report("depth", runs, found, {"depth": card_table(found), "layers": layers_table(found)})


def ends_of(networks: Mapping[str, State], cut: int) -> list[State]:
    return [networks[f"AnB-{cut}"], networks[f"AnB+-{cut}"]]


def over_seeds(rows: list[Any]) -> Any:
    """Equal trees of numbers, one a seed, as one tree of means and deviations."""
    first = rows[0]
    if isinstance(first, dict):
        return {key: over_seeds([row[key] for row in rows]) for key in first}
    if isinstance(first, list):
        return [over_seeds(list(values)) for values in zip(*rows, strict=True)]
    return measured(rows)


def card_table(found: Mapping[str, Any]) -> str:
    """Per cent, for each number of labels: B alone, and each kind for each cut."""
    lines = [
        "| labels a digit | network | " + " | ".join(f"cut after {LAYERS[cut - 1]}" for cut in CUTS) + " |"
    ]
    lines.append("|---" * (2 + len(CUTS)) + "|")
    for count, rows in found["counts"].items():
        alone = measured_text(rows["alone"])
        lines.append(f"| {count} | B alone | " + " | ".join([alone] + ["" for _ in CUTS[1:]]) + " |")
        for kind in KINDS:
            cells = " | ".join(measured_text(one) for one in rows["kinds"][kind])
            lines.append(f"| {count} | {kind} | {cells} |")
    return "\n".join(lines) + "\n"


def layers_table(found: Mapping[str, Any]) -> str:
    """Per cent, for each cut: AnB, AnB+, and one group of layers at alpha 1 alone, or all others."""
    lines = [
        "| cut after | AnB | AnB+ | this layer alone at alpha 1 | all but this layer |",
        "|---" * 5 + "|",
    ]
    for cut, one in zip(CUTS, found["layers"], strict=True):
        ends = " | ".join(measured_text(one["curve"][index]) for index in (0, -1))
        for name in one["only"]:
            parts = " | ".join(f"{name}: {measured_text(one[part][name])}" for part in ("only", "without"))
            lines.append(f"| {LAYERS[cut - 1]} | {ends} | {parts} |")
    return "\n".join(lines) + "\n"
