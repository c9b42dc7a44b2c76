"""Measures the ends that were trained beside a pair, each on its own task, and whether all of them blend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from torch import Tensor
from tqdm import tqdm

from dni.blending.interpolate import shares_of
from dni.checkpoints.files import sha256_of
from dni.checkpoints.networks import load_ends
from dni.compatibility.verdict import inspect_networks
from dni.metrics.distortion import psnr_y
from dni.pictures.photographs import load_photographs
from dni.rendering.renderer import Renderer
from dni.training.restoration.data.degradations import add_noise, compress
from dni.training.restoration.data.flatten import flatten
from dni.training.restoration.data.patches import example
from dni.training.restoration.data.tasks import Task

__all__ = ["measure_others", "others_table"]

ENDS = ("psnr", "gan", "clean", "flat")
SIGMA = 15.0
QUALITY = 60


def make_noisy(picture: Tensor, generator: np.random.Generator) -> Tensor:
    """Noise with a standard deviation of 15 levels; uint8 (3, h, w) in and out."""
    return add_noise(picture, SIGMA, generator)


def degrade(picture: Tensor, generator: np.random.Generator) -> Tensor:
    """The same noise, then JPEG of quality 60; uint8 (3, h, w) in and out."""
    return compress(make_noisy(picture, generator), QUALITY)


@dataclass(frozen=True)
class Case:
    """An end beside end A on a task.

    Attributes:
        end: The end's name.
        task: What both get, and what picture they are compared with.
        words: What that is, for the card.
    """

    end: str
    task: Task
    words: tuple[str, str]


CASES = {
    "noisy": Case("clean", Task(degrade=make_noisy), ("noise", "photograph")),
    "spoilt": Case("clean", Task(degrade=degrade), ("noise and JPEG", "photograph")),
    "unspoilt": Case("clean", Task(), ("clean", "photograph")),
    "flattened": Case("flat", Task(target=flatten), ("clean", "flattened photograph")),
}


def measure_others(folder: Path, test_set: Path) -> dict[str, Any]:
    """PSNR of luma (dB) of the ends "clean" and "flat" beside end A's, and every midpoint's verdict.

    Args:
        folder: Where ``psnr``, ``gan``, ``clean`` and ``flat`` (``.safetensors``) are.
        test_set: A folder of photographs.

    Returns:
        What ``report.json`` says of them; nothing where a file is missing.

    Raises:
        FileNotFoundError: The test set holds no photographs.
    """
    files = {end: folder / f"{end}.safetensors" for end in ENDS}
    if not all(file.is_file() for file in files.values()):
        return {}
    return {
        "ends": {files[end].name: sha256_of(files[end]) for end in ("clean", "flat")},
        "protocol": f"after reduction, noise of sigma {SIGMA:g} of 255 and JPEG of quality {QUALITY}, 4:2:0",
        "psnr_y": {name: measure_case(case, files, test_set) for name, case in CASES.items()},
        "midpoints": measure_midpoints(files),
    }


def measure_case(case: Case, files: Mapping[str, Path], test_set: Path) -> dict[str, float]:
    """Mean PSNR of luma by the name of the end, on a whole set."""
    network, states = load_ends([files["psnr"], files[case.end]])
    renderer = Renderer(network, states, precision="float32")
    rows: list[tuple[float, ...]] = []
    for number, photograph in enumerate(tqdm(load_photographs([test_set]), desc=case.end, unit="image")):
        generator = np.random.default_rng(number)
        low, target = example(photograph, scale=renderer.scale, task=case.task, generator=generator)
        outputs = [renderer.render(low, shares_of(alpha)) for alpha in (0.0, 1.0)]
        rows.append(
            tuple(
                psnr_y(*(image[None].float() / 255 for image in (output, target)), border=renderer.scale)
                for output in outputs
            )
        )
    means = (round(fmean(column), 5) for column in zip(*rows, strict=True))
    return dict(zip(("psnr", case.end), means, strict=True))


def measure_midpoints(files: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    """The verdicts of :mod:`dni.compatibility` on every two ends' midpoint and on the middle of all."""
    labels = list(files)
    tests = inspect_networks(list(files.values()), labels=labels, catalog={}).evidence.midpoints
    return {
        " + ".join(labels[end] for end in test.ends): {
            "quality": test.quality,
            "detour": round(test.detour, 3),
            "problems": list(test.problems),
        }
        for test in sorted(tests, key=lambda test: (len(test.ends), test.ends))
    }


def others_table(others: Mapping[str, Any]) -> str:
    """The report on the other ends as two Markdown tables; nothing where there are no such ends."""
    if not others:
        return ""
    lines = ["| input | compared with | end | end A (dB) | this end (dB) |", "|---|---|---|---|---|"]
    for name, row in others["psnr_y"].items():
        case = CASES[name]
        cells = (*case.words, case.end, f"{row['psnr']:.2f}", f"{row[case.end]:.2f}")
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| the middle of | verdict |", "|---|---|"]
    lines += [
        f"| {ends.replace(' + ', ', ')} | {'; '.join((test['quality'], *test['problems']))} |"
        for ends, test in others["midpoints"].items()
    ]
    return "\n".join(lines) + "\n"
