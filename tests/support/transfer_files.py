"""Tiny stand-ins for what ships of the Transfer tab: untrained networks, and reports of made-up numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from digit_files import write_mnist
from torch import nn
from transfer_map_files import write_maps

from dni.checkpoints.files import save
from dni.training.transfer.fit import seeded
from dni.transfer import depth as depth_view
from dni.transfer import teacher as teacher_view
from models.transfer import LAYERS, ConvolutionalTeacher, LayeredNetwork, Student


def write_network(path: Path, build: Callable[[], nn.Module], seed: int) -> None:
    save(path, {name: tensor.half() for name, tensor in seeded(seed, build).state_dict().items()}, {})


def measured(mean: float) -> dict[str, float]:
    return {"mean": mean, "deviation": 0.01}


def teacher_report() -> dict[str, Any]:
    """With accuracies that rise with bias and alpha."""
    biases, alphas = teacher_view.BIASES, teacher_view.ALPHAS
    parts = ("all", "hidden")
    line = [measured(0.5 + bias / 50) for bias in biases]
    rows = [[round(0.3 + alpha / 5 + bias / 50, 4) for bias in biases] for alpha in alphas]
    blends = {
        "seeds": {part: [measured(0.3 + alpha / 5) for alpha in alphas] for part in parts},
        "shipped": dict.fromkeys(parts, rows),
    }
    hidden = [str(digit) for digit in teacher_view.HIDDEN]
    curve = dict.fromkeys(teacher_view.KINDS, dict.fromkeys(parts, line))
    return {
        "seeds": 3,
        "teacher": 0.99,
        "all": dict.fromkeys(teacher_view.KINDS, measured(0.96)),
        "curves": dict.fromkeys(hidden, curve),
        "blends": dict.fromkeys(hidden, blends),
    }


def depth_report() -> dict[str, Any]:
    """With accuracies that fall with the cut and rise with the labels."""
    counts = {
        str(count): {
            "alone": measured(0.7 + count / 1000),
            "kinds": {
                kind: [measured(0.9 + count / 1000 - cut / 20 - place / 50) for cut in depth_view.CUTS]
                for place, kind in enumerate(depth_view.KINDS)
            },
        }
        for count in depth_view.LABEL_COUNTS
    }
    layers = [
        {
            "curve": [measured(0.8), measured(0.85)],
            "only": {name: measured(0.81) for name in (*LAYERS[:cut], "above")},
            "without": {name: measured(0.84) for name in (*LAYERS[:cut], "above")},
        }
        for cut in depth_view.CUTS
    ]
    return {"seeds": 3, "counts": counts, "layers": layers}


def write_transfer(weights: Path) -> None:
    """All views in a folder for ``$DNI_WEIGHTS``."""
    write_maps(weights)
    teacher, depth = (weights / "transfer" / view for view in ("teacher", "depth"))
    for folder, report in ((teacher, teacher_report()), (depth, depth_report())):
        folder.mkdir(parents=True)
        (folder / "report.json").write_text(json.dumps(report))
    write_network(teacher / "teacher.safetensors", ConvolutionalTeacher, 0)
    for digit in teacher_view.HIDDEN:
        for seed, kind in enumerate(("hard", "soft")):
            write_network(teacher / f"{kind}-without-{digit}.safetensors", Student, 10 * digit + seed)
    for cut in depth_view.CUTS:
        for seed, end in enumerate(("frozen", "tuned")):
            write_network(depth / f"{end}-{cut}.safetensors", LayeredNetwork, 10 * cut + seed)


@contextmanager
def transfer_root(folder: Path) -> Iterator[Path]:
    """A few digits in a folder, and untrained networks in place of those that ship."""
    write_transfer(folder / "weights")
    write_mnist(folder, "train", 0, 10)
    write_mnist(folder, "test", 0, 200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DNI_WEIGHTS", str(folder / "weights"))
        yield folder
