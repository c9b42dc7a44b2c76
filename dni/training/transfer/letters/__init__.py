"""The view "Letters as a map": a classifier of letters, and from it a network trained by triplets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dni.blending.interpolate import interpolate
from dni.checkpoints.files import read_state, save
from dni.training.transfer.letters.one_shot import one_shot_accuracy
from dni.training.transfer.letters.triplet import LetterConfig, LetterTrainer, Loss, with_rotations
from dni.training.transfer.report import measured, measured_text, write_report
from dni.training.transfer.resumable import run_to_end
from dni.training.transfer.views import Runs
from dni.transfer.files import view_folder
from dni.transfer.letter_map import STARTS
from dni.transfer.letters import Letters, load_letters
from models.letters import LetterNetwork

__all__ = ["evaluate", "train"]

VIEW = "letters"
ITERATIONS = 2000
# What is trained, by which loss, and from what: "longer" is the control of as many steps as both together.
RUNS: dict[str, tuple[Loss, str]] = {
    "classifier": ("classifier", "untrained"),
    "triplet": ("triplet", "classifier"),
    "longer": ("classifier", "classifier"),
}
TITLES = {
    "untrained": "untrained",
    "classifier": "classifier",
    "triplet": "triplets, from the classifier",
    "longer": "classifier of as many steps as both",
}
ALPHAS = tuple(step / 10 for step in range(11))
# Of which the first is to ask about.
GALLERY_DRAWINGS = 5
State = dict[str, Tensor]


def train(runs: Runs, seed: int) -> dict[str, Path]:
    """Train all networks of a seed, but for those that are there; gives their files."""
    folder = runs.folder(VIEW, seed)
    files = {name: folder / f"{name}.safetensors" for name in ("untrained", *RUNS)}
    if not (runs.resume and files["untrained"].is_file()):
        torch.manual_seed(seed)
        save(files["untrained"], LetterNetwork().state_dict(), {"seed": str(seed)})
    for name in RUNS:
        if not (runs.resume and files[name].is_file()):
            train_one(runs, seed, name, files)
    return files


def train_one(runs: Runs, seed: int, name: str, files: dict[str, Path]) -> None:
    loss, start = RUNS[name]
    config = LetterConfig(loss, iterations=max(1, ITERATIONS // runs.shorten), seed=seed)
    trainer = LetterTrainer(config, training_letters(runs.data_root), start=read_state(files[start]))
    run_to_end(
        trainer,
        trainer.step,
        lambda: trainer.iteration,
        config.iterations,
        file=files[name].with_suffix(".pt"),
        resume=runs.resume,
    )
    save(files[name], trainer.network.state_dict(), {"seed": str(seed), "loss": loss, "start": start})


@lru_cache(maxsize=1)
def training_letters(data_root: Path) -> Tensor:
    """uint8 (4 C, 20, 28, 28): the training letters in four rotations, each a letter of its own."""
    return with_rotations(load_letters(data_root, "train").images)


def evaluate(runs: Runs) -> None:
    """Train what is missing, measure along alpha, and ship the networks of seed 0 and the gallery."""
    every = [train(runs, seed) for seed in range(runs.num_seeds)]
    states = [{name: read_state(file) for name, file in files.items()} for files in every]
    letters = load_letters(runs.data_root, "test")
    ship(states[0], letters)
    found = {
        "split": "trained on the five alphabets of small1, tested on the larger of those only small2 has",
        "test_letters": {name: letters.alphabets.count(name) for name in sorted(set(letters.alphabets))},
        "iterations": ITERATIONS,
        "pixels": measured([accuracy_of_pixels(letters)]),
        "ends": {name: measured(accuracy(each[name], letters) for each in states) for name in states[0]},
        "curves": {start: curve(states, start, letters) for start in STARTS},
    }
    write_report(VIEW, runs, found, {VIEW: ends_table(found), "letters-alpha": curve_table(found)})


def ends_table(found: Mapping[str, Any]) -> str:
    """For the card."""
    lines = ["| network | 20-way one-shot accuracy, % |", "|---|---|"]
    lines.append(f"| raw pixels | {100 * found['pixels']['mean']:.1f} |")
    ends = found["ends"]
    lines += [f"| {TITLES[name]} | {measured_text(each)} |" for name, each in ends.items()]
    gain = 100 * (ends["triplet"]["mean"] - ends["longer"]["mean"])
    lines += ["", f"Triplets add {gain:.1f} points to what as many more steps of the classifier give."]
    return "\n".join(lines) + "\n"


def curve_table(found: Mapping[str, Any]) -> str:
    """For the card."""
    lines = ["| alpha | from untrained | from the classifier |", "|---|---|---|"]
    for pair in zip(*(found["curves"][start] for start in STARTS), strict=True):
        cells = " | ".join(measured_text(each["accuracy"]) for each in pair)
        lines.append(f"| {pair[0]['alpha']:.1f} | {cells} |")
    return "\n".join(lines) + "\n"


def curve(states: list[dict[str, State]], start: str, letters: Letters) -> list[dict[str, object]]:
    """One-shot accuracy along alpha, from a start to the triplet end."""
    return [
        {
            "alpha": alpha,
            "accuracy": measured(
                [
                    accuracy(interpolate([each[start], each["triplet"]], (1 - alpha, alpha)), letters)
                    for each in states
                ]
            ),
        }
        for alpha in ALPHAS
    ]


def accuracy(state: State, letters: Letters) -> float:
    network = LetterNetwork().to(memory_format=torch.channels_last).eval()
    network.load_state_dict(state)

    @torch.no_grad()
    def embed(images: Tensor) -> Tensor:
        return torch.cat([network(chunk[:, None].float() / 255) for chunk in torch.split(images, 250)])

    return one_shot_accuracy(embed, letters.images, letters.alphabets)


def accuracy_of_pixels(letters: Letters) -> float:
    """The same test by the distance of pictures, scaled to length 1."""

    def embed(images: Tensor) -> Tensor:
        return torch.nn.functional.normalize(images.flatten(1).float(), dim=1)

    return one_shot_accuracy(embed, letters.images, letters.alphabets)


def ship(states: dict[str, State], letters: Letters) -> None:
    """Write the networks in half precision, and drawings of every test letter (Omniglot, MIT licence)."""
    folder = view_folder(VIEW)
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*STARTS, "triplet"):
        save(
            folder / f"{name}.safetensors",
            {key: each.half() for key, each in states[name].items()},
            {"seed": "0"},
        )
    names = "\n".join(letters.alphabets).encode("utf-8")
    gallery = {
        "images": letters.images[:, :GALLERY_DRAWINGS],
        "alphabets": torch.tensor(list(names), dtype=torch.uint8),
    }
    save(folder / "gallery.safetensors", gallery, {"source": "Omniglot (Lake et al., 2015), MIT licence"})
