"""Tiny stand-ins for what ships of the views of unlabelled data, letters and words; made-up reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from dni.checkpoints.files import save
from dni.transfer.self_taught import ALPHAS, LABELS, SOURCES, probe_name
from dni.transfer.word_vectors import FILE_NAME, save_words
from models.letters import LetterNetwork

WORDS = ("the", "king", "queen", "man", "woman", "lord", "sword", "nature", "grace", "father", "son", "of")


def measured(mean: float) -> dict[str, float]:
    return {"mean": mean, "deviation": 0.01}


def write_maps(weights: Path) -> None:
    """The views "unlabelled", "letters" and "words" in a folder for ``$DNI_WEIGHTS``."""
    generator = torch.Generator().manual_seed(0)
    for view, write, report in (
        ("unlabelled", write_unlabelled, unlabelled_report()),
        ("letters", write_letters, letters_report()),
        ("words", write_words, words_report()),
    ):
        folder = weights / "transfer" / view
        folder.mkdir(parents=True)
        (folder / "report.json").write_text(json.dumps(report))
        write(folder, generator)


def write_unlabelled(folder: Path, generator: torch.Generator) -> None:
    atoms = {name: torch.randn(64, 49, generator=generator) for name in ("random", "letters")}
    save(folder / "dictionaries.safetensors", atoms, {})
    probes = {}
    for source in SOURCES:
        for count in LABELS:
            for alpha in (None, *ALPHAS):
                name = probe_name(source, count, alpha)
                size = 784 if alpha is None else 64 * 2 * 9
                probes[f"{name}/weight"] = (torch.randn(size, 10, generator=generator) / 10).half()
                probes[f"{name}/bias"] = torch.full((10,), 0.1).half()
    save(folder / "probes.safetensors", probes, {})


def write_letters(folder: Path, generator: torch.Generator) -> None:
    with torch.random.fork_rng(devices=[]):
        for seed, name in enumerate(("untrained", "classifier", "triplet")):
            torch.manual_seed(seed)
            save(folder / f"{name}.safetensors", LetterNetwork().state_dict(), {})
    images = torch.randint(256, (20, 3, 28, 28), generator=generator, dtype=torch.uint8)
    names = "\n".join(["Sanskrit"] * 12 + ["Tagalog"] * 8).encode()
    gallery = {"images": images, "alphabets": torch.tensor(list(names), dtype=torch.uint8)}
    save(folder / "gallery.safetensors", gallery, {})


def write_words(folder: Path, generator: torch.Generator) -> None:
    vectors = {name: torch.randn(len(WORDS), 50, generator=generator) for name in ("bible", "shakespeare")}
    save_words(folder / FILE_NAME, WORDS, vectors, {})


def unlabelled_report() -> dict[str, Any]:
    row = {str(count): measured(0.5 + place / 10) for place, count in enumerate(LABELS)}
    along = [{"alpha": alpha, "clean": row, "noisy": row} for alpha in ALPHAS]
    table = {source: {"raw": {"clean": row, "noisy": row}, "along": along} for source in SOURCES}
    return {"seeds": 3, "draws": 5, "test": 100, "noise": 0.4, "table": table}


def letters_report() -> dict[str, Any]:
    ends = {name: measured(0.5) for name in ("untrained", "classifier", "longer")}
    curve = [{"alpha": step / 10, "accuracy": measured(0.5 + step / 40)} for step in range(11)]
    return {
        "seeds": 3,
        "pixels": measured(0.4),
        "ends": {**ends, "triplet": measured(0.75)},
        "curves": {"untrained": curve, "classifier": curve},
    }


def words_report() -> dict[str, Any]:
    row = {"family": measured(0.1), "wordsim": measured(0.2)}
    return {
        "seeds": 3,
        "words": len(WORDS),
        "questions": {"family": 2, "family_all": 506, "wordsim": 3, "wordsim_all": 353},
        "counted": row,
        "ancestor": row,
        "curve": [{"alpha": step / 10, **row} for step in range(11)],
    }
