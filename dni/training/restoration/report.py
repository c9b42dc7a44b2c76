"""Measures a pair along alpha on the standard test sets, and writes its report and the card's table."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from tqdm import tqdm

from dni.blending.interpolate import shares_of
from dni.catalog.pairs import Pair, end_paths
from dni.checkpoints.files import read_metadata, sha256_of
from dni.checkpoints.networks import load_ends
from dni.errors import DniError
from dni.metrics.distortion import psnr_y, ssim_y
from dni.metrics.judges import JUDGES, Judges, load_judges
from dni.metrics.perceptual import load_extractor, perceptual_distance
from dni.metrics.spectra import spectral_ratio
from dni.pictures.photographs import load_photographs
from dni.pictures.picture import to_tensor
from dni.rendering.renderer import Renderer
from dni.training.restoration.data.patches import downscale_pair
from dni.training.restoration.others import measure_others, others_table
from dni.version import __version__

__all__ = ["measure", "report_table", "write_report"]

ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
TEST_SETS = {"Set5": "set5", "Set14": "set14", "BSD100": "bsds500/val"}
# Headings, and decimals.
COLUMNS = {
    "psnr_y": ("PSNR-Y (dB)", 2),
    "ssim_y": ("SSIM-Y", 4),
    "perceptual": ("perceptual distance", 4),
    "spectral": ("spectral ratio", 3),
    **{name: (heading, 4) for name, heading in JUDGES.items()},
}
TABLE = re.compile(r"(?<=<!-- table -->\n).*(?=<!-- /table -->)", re.DOTALL)
OTHERS = re.compile(r"(?<=<!-- others -->\n).*(?=<!-- /others -->)", re.DOTALL)

Row = dict[str, float]


@dataclass(frozen=True)
class Measures:
    """What pictures are measured by, beside PSNR, SSIM and spectra.

    Attributes:
        extractor: Of the perceptual distance that networks are trained with.
        judges: Measures that no network was trained with.
    """

    extractor: nn.Module
    judges: Judges = field(default_factory=Judges)


def measure(output: Tensor, reference: Tensor, measures: Measures, *, border: int) -> Row:
    """The measures of one uint8 (3, H, W) output against its uint8 reference."""
    ours, theirs = (image[None].float() / 255 for image in (output, reference))
    with torch.no_grad():
        perceptual = float(perceptual_distance(measures.extractor, ours, theirs))
    return {
        "psnr_y": psnr_y(ours, theirs, border=border),
        "ssim_y": ssim_y(ours, theirs, border=border),
        "perceptual": perceptual,
        "spectral": spectral_ratio(ours, theirs),
        **measures.judges.measure(ours, theirs),
    }


def test_images(folder: Path, scale: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(low, bicubic, high), uint8 (3, H, W), of every picture of a folder."""
    for photograph in load_photographs([folder]):
        low, high = downscale_pair(photograph, scale)
        bicubic = low.resize(high.size, Image.Resampling.BICUBIC)
        yield to_tensor(low), to_tensor(bicubic), to_tensor(high)


def measure_set(folder: Path, renderer: Renderer, measures: Measures) -> dict[str, Row]:
    """Mean measures of a test set, by "bicubic" or alpha."""
    rows: dict[str, list[Row]] = {}
    images = list(test_images(folder, renderer.scale))
    for low, bicubic, high in tqdm(images, desc=folder.name, unit="image"):
        outputs = {"bicubic": bicubic}
        outputs |= {f"{alpha:.2f}": renderer.render(low, shares_of(alpha)) for alpha in ALPHAS}
        for name, output in outputs.items():
            rows.setdefault(name, []).append(measure(output, high, measures, border=renderer.scale))
    return {
        name: {key: round(fmean(row[key] for row in many), 5) for key in many[0]}
        for name, many in rows.items()
    }


def report_table(sets: Mapping[str, Mapping[str, Row]], *, trained_on: Sequence[str] = ()) -> str:
    """The report as a Markdown table, which marks the measures that an end was trained on."""
    first = next((row for rows in sets.values() for row in rows.values()), {})
    columns = {key: column for key, column in COLUMNS.items() if key in first}
    headings = " | ".join(
        f"{heading} (trained on)" if key in trained_on else heading for key, (heading, _) in columns.items()
    )
    lines = [f"| set | alpha | {headings} |", "|---|---|" + "---|" * len(columns)]
    for set_name, rows in sets.items():
        for name, row in rows.items():
            cells = " | ".join(f"{row[key]:.{decimals}f}" for key, (_, decimals) in columns.items())
            lines.append(f"| {set_name} | {name} | {cells} |")
    return "\n".join(lines) + "\n"


def write_report(pair: Pair, *, data_root: Path, extractor: str) -> dict[str, Any]:
    """Measure a pair of local files in float32; write ``report.json`` and the tables of ``README.md`` there.

    Args:
        pair: A bundled pair; the ends "clean" and "flat" are measured too where they lie beside it.
        data_root: A folder with ``set5``, ``set14`` and ``bsds500/val``.
        extractor: ``"vgg19"`` or a Tiny Darknet file, see :func:`dni.metrics.perceptual.load_extractor`.

    Raises:
        DniError: The pair has no card.
        FileNotFoundError: A test set or the extractor is missing.
    """
    paths = end_paths(pair)
    card = paths[0].parent / "README.md"
    if not card.is_file() or not TABLE.search(card.read_text(encoding="utf-8")):
        raise DniError(f"Expected a model card with a marked table at {card}, but there is none.")
    require_test_sets(data_root)
    network, states = load_ends(paths)
    renderer = Renderer(network, states, precision="float32")
    measures = Measures(load_extractor(extractor), load_judges())
    sets = {name: measure_set(data_root / folder, renderer, measures) for name, folder in TEST_SETS.items()}
    report = {
        "pair": pair.id,
        "ends": {path.name: sha256_of(path) for path in paths},
        "command": (
            f"python -m dni evaluate restore --pair {pair.id} --data-root DATA "
            f"--extractor {Path(extractor).name}"
        ),
        "protocol": "x4, Pillow bicubic with antialiasing, 8 bits; luma, border of 4; float32",
        "extractor": Path(extractor).stem,
        "trained_on": trained_on(paths[-1]),
        "judges": {name: "measured" for name in measures.judges.distances} | dict(measures.judges.absent),
        "versions": {"dni": __version__, "torch": torch.__version__, "python": platform.python_version()},
        "device": str(renderer.device),
        "sets": sets,
        "others": measure_others(card.parent, data_root / TEST_SETS["Set14"]),
    }
    (card.parent / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    write_tables(card, report)
    return report


def require_test_sets(data_root: Path) -> None:
    missing = [str(data_root / name) for name in TEST_SETS.values() if not (data_root / name).is_dir()]
    if missing:
        raise FileNotFoundError(
            f"Expected a test set in each of {', '.join(missing)}, but there is no such folder."
        )


def trained_on(path: Path) -> list[str]:
    """Which measures were losses of a network's training, as its file states that."""
    try:
        settings = json.loads(read_metadata(path).get("training", "{}"))
    except ValueError:
        settings = {}
    losses = {"perceptual": "perceptual_weight", "spectral": "spectrum_weight"}
    return [name for name, weight in losses.items() if isinstance(settings, dict) and settings.get(weight, 0)]


def write_tables(card: Path, report: Mapping[str, Any]) -> None:
    """Put the tables of a report between the card's marks."""
    table = report_table(report["sets"], trained_on=report["trained_on"])
    text = TABLE.sub(lambda _: table, card.read_text(encoding="utf-8"))
    text = OTHERS.sub(lambda _: others_table(report["others"]), text)
    card.write_text(text, encoding="utf-8")
