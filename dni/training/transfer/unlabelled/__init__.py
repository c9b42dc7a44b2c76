"""The view "From unlabelled data": atoms learned from letters, and linear classifiers on few labelled digits.

Raina et al., ICML 2007. Beside the learned atoms stand raw pixels and random atoms, with the same encoder,
since Coates & Ng (ICML 2011, "The Importance of Encoding Versus Training with Sparse Coding and Vector
Quantization") found that the encoder does most of the work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from statistics import fmean
from typing import Any

from torch import Tensor

from dni.checkpoints.files import read_state, save
from dni.training.transfer.digit_data import GreyDigits
from dni.training.transfer.report import measured, measured_text, write_report
from dni.training.transfer.unlabelled.dictionary import (
    BATCHES,
    learn_dictionary,
    letter_patches,
    random_dictionary,
)
from dni.training.transfer.unlabelled.digits import few_labels, load_source, with_noise
from dni.training.transfer.unlabelled.probe import Probe, fit_probe
from dni.training.transfer.views import Runs
from dni.transfer.files import view_folder
from dni.transfer.letters import load_letters
from dni.transfer.self_taught import ALPHAS, LABELS, SOURCES, SPARSITY, probe_name
from dni.transfer.sparse_coding import blend_dictionaries, features_of

__all__ = ["evaluate", "train"]

VIEW = "unlabelled"
# Of labelled digits, for every dictionary.
DRAWS = 5
# The first of the training digits, which labels are drawn from, and the first test digits, which are read.
POOL, TEST = 800, 1000
NOISE = 0.4
OTHER_SPARSITIES = (0.03, 0.3)
LABELS_OF_OTHERS = 10

# By test and number of labels, those of all draws.
Accuracies = dict[str, dict[int, list[float]]]
Encode = Callable[[Tensor], Tensor]


def train(runs: Runs, seed: int) -> Path:
    """Learn the dictionary of a seed, unless it is there."""
    file = runs.folder(VIEW, seed) / "dictionaries.safetensors"
    if runs.resume and file.is_file():
        return file
    start = random_dictionary(seed)
    patches = letter_patches(load_letters(runs.data_root, "train").images.flatten(0, 1), seed)
    learned = learn_dictionary(patches, start, seed, batches=max(1, BATCHES // runs.shorten))
    save(file, {"random": start, "letters": learned}, {"seed": str(seed)})
    return file


class Subjects:
    """The digits of a source: a pool to draw labels from, and test digits, clean and noisy."""

    def __init__(self, data_root: Path, source: str, shorten: int = 1) -> None:
        self.pool = load_source(data_root, source, "train").subset(slice(POOL))
        test = load_source(data_root, source, "test").subset(slice(TEST // shorten))
        noisy = GreyDigits(with_noise(test.images, NOISE, seed=0), test.labels)
        self.tests: Mapping[str, GreyDigits] = {"clean": test, "noisy": noisy}
        self.draws = {
            count: [few_labels(self.pool.labels, count, draw) for draw in range(DRAWS)] for count in LABELS
        }


@lru_cache(maxsize=2)
def subjects_of(data_root: Path, source: str, shorten: int) -> Subjects:
    return Subjects(data_root, source, shorten)


def measure(
    subjects: Subjects, encode: Encode, tests: tuple[str, ...] = ("clean",), labels: tuple[int, ...] = LABELS
) -> tuple[Accuracies, dict[int, Probe]]:
    """The accuracies, and the probes of the first draw by number of labels."""
    pool = encode(subjects.pool.images[:, 0])
    probes = {
        count: [fit_probe(pool[drawn], subjects.pool.labels[drawn]) for drawn in subjects.draws[count]]
        for count in labels
    }
    found: Accuracies = {}
    for name in tests:
        digits = subjects.tests[name]
        features = encode(digits.images[:, 0])
        found[name] = {
            count: [probe.accuracy(features, digits.labels) for probe in own] for count, own in probes.items()
        }
    return found, {count: own[0] for count, own in probes.items()}


def evaluate(runs: Runs) -> None:
    """Train what is missing, measure all rows and the way from random to learned atoms, and ship seed 0."""
    dictionaries = [read_state(train(runs, seed)) for seed in range(runs.num_seeds)]
    table: dict[str, Any] = {}
    probes: dict[str, Tensor] = {}
    for source in SOURCES:
        subjects = subjects_of(runs.data_root, source, runs.shorten)
        raw, own = measure(subjects, raw_pixels, tuple(subjects.tests))
        keep(probes, own, source, None)
        along = [along_alpha(subjects, each) for each in dictionaries]
        for alpha, (_, own) in zip(ALPHAS, along[0], strict=True):
            keep(probes, own, source, alpha)
        table[source] = {
            "raw": summary([raw]),
            "along": [
                {"alpha": alpha, **summary([each[step][0] for each in along])}
                for step, alpha in enumerate(ALPHAS)
            ],
            "other_sparsities": other_sparsities(subjects, dictionaries),
        }
    folder = view_folder(VIEW)
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / "dictionaries.safetensors", halves(dictionaries[0]), {"seed": "0"})
    save(folder / "probes.safetensors", halves(probes), {"seed": "0"})
    found = {
        "labels": list(LABELS),
        "draws": DRAWS,
        "pool": POOL,
        "test": TEST,
        "noise": NOISE,
        "sparsity": SPARSITY,
        "table": table,
    }
    tables = {
        VIEW: rows_table(table),
        "unlabelled-alpha": alpha_table(table),
        "sparsity": sparsity_table(table),
    }
    write_report(VIEW, runs, found, tables)


def rows_table(table: Mapping[str, Any]) -> str:
    """For the card: both ends and raw pixels, clean and noisy."""
    lines = ["| labels a class | " + " | ".join(map(str, LABELS)) + " |", "|---|" + "---|" * len(LABELS)]
    for source, found in table.items():
        rows = {
            "raw pixels": found["raw"],
            "random atoms": found["along"][0],
            "letter atoms": found["along"][-1],
        }
        for test in ("clean", "noisy"):
            for name, row in rows.items():
                cells = " | ".join(measured_text(row[test][str(count)]) for count in LABELS)
                lines.append(f"| {source.upper()}, {test}: {name} | {cells} |")
    return "\n".join([*lines, "", pixels_sentence(table)]) + "\n"


def pixels_sentence(table: Mapping[str, Any]) -> str:
    """For the card: where no atoms read noisy digits better than pixels do."""
    best = {
        source: [
            count
            for count, raw in found["raw"]["noisy"].items()
            if all(raw["mean"] > found["along"][end]["noisy"][count]["mean"] for end in (0, -1))
        ]
        for source, found in table.items()
    }
    cases = "; ".join(f"{source.upper()} {', '.join(counts) or 'none'}" for source, counts in best.items())
    return f"Raw pixels are the best row of noisy digits with these numbers of labels: {cases}."


def alpha_table(table: Mapping[str, Any]) -> str:
    """For the card: from random atoms to learned ones, with ten labels."""
    lines = [
        "| alpha | " + " | ".join(source.upper() for source in table) + " |",
        "|---|" + "---|" * len(table),
    ]
    for rows in zip(*(found["along"] for found in table.values()), strict=True):
        cells = " | ".join(measured_text(row["clean"][str(LABELS_OF_OTHERS)]) for row in rows)
        lines.append(f"| {rows[0]['alpha']:.1f} | {cells} |")
    return "\n".join(lines) + "\n"


def sparsity_table(table: Mapping[str, Any]) -> str:
    """For the card: other sparsities, with ten labels."""
    lines = ["| digits | sparsity | random atoms | letter atoms |", "|---|---|---|---|"]
    for source, found in table.items():
        ours = {"sparsity": SPARSITY}
        pairs = [({**found["along"][0], **ours}, found["along"][-1])]
        others = found["other_sparsities"]
        pairs += zip(others[::2], others[1::2], strict=True)
        for random, learned in sorted(pairs, key=lambda pair: pair[0]["sparsity"]):
            cells = " | ".join(
                measured_text(row["clean"][str(LABELS_OF_OTHERS)]) for row in (random, learned)
            )
            lines.append(f"| {source.upper()} | {random['sparsity']} | {cells} |")
    return "\n".join(lines) + "\n"


def raw_pixels(images: Tensor) -> Tensor:
    return images.flatten(1)


def encoder(dictionary: Mapping[str, Tensor], alpha: float, sparsity: float = SPARSITY) -> Encode:
    atoms = blend_dictionaries(dictionary["random"], dictionary["letters"], alpha)
    return partial(features_of, atoms=atoms, sparsity=sparsity)


def along_alpha(
    subjects: Subjects, dictionary: Mapping[str, Tensor]
) -> list[tuple[Accuracies, dict[int, Probe]]]:
    """Measures at every alpha; noisy digits at both ends only, since the middle says nothing new."""
    every = tuple(subjects.tests)
    return [
        measure(subjects, encoder(dictionary, alpha), every if alpha in (0, 1) else ("clean",))
        for alpha in ALPHAS
    ]


def other_sparsities(subjects: Subjects, dictionaries: list[dict[str, Tensor]]) -> list[dict[str, Any]]:
    """Both ends at other sparsities, on ten labels a class: whether the difference depends on ours."""
    rows = []
    for sparsity in OTHER_SPARSITIES:
        for alpha in (0.0, 1.0):
            encoders = (encoder(each, alpha, sparsity) for each in dictionaries)
            found = [measure(subjects, encode, labels=(LABELS_OF_OTHERS,))[0] for encode in encoders]
            rows.append({"sparsity": sparsity, "alpha": alpha, **summary(found)})
    return rows


def summary(found: list[Accuracies]) -> dict[str, object]:
    """Over the seeds, by test and number of labels; the draws, which are the same for each, are averaged."""
    return {
        name: {str(count): measured([fmean(each[name][count]) for each in found]) for count in found[0][name]}
        for name in found[0]
    }


def keep(into: dict[str, Tensor], probes: Mapping[int, Probe], source: str, alpha: float | None) -> None:
    for count, probe in probes.items():
        name = probe_name(source, count, alpha)
        into |= {f"{name}/weight": probe.weight, f"{name}/bias": probe.bias}


def halves(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.half() for name, tensor in tensors.items()}
