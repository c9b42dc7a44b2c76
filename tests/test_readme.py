"""The README and the card tell the truth: their example runs, their numbers are the report's."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from dni.blending.interpolate import shares_of
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.checkpoints.files import sha256_of
from dni.checkpoints.networks import build, load_ends
from dni.metrics.distortion import psnr_y
from dni.pictures.photographs import load_photographs
from dni.pictures.picture import to_tensor
from dni.pictures.resize import resize_bicubic
from dni.rendering.renderer import Renderer
from dni.training.adaptation.reporting.large_report import large_tables
from dni.training.adaptation.reporting.report import card_tables
from dni.training.adaptation.reporting.tables import readme_table
from dni.training.restoration.data.patches import downscale_pair
from dni.training.restoration.report import TEST_SETS, report_table

ROOT = Path(__file__).resolve().parents[1]
PAIRS = ("texture-x4", "texture-x4-lite", "texture-x4-compact", "esrgan-lite-x4")


@pytest.fixture(scope="module", params=PAIRS)
def report(request: pytest.FixtureRequest) -> dict:
    return json.loads((ROOT / "weights" / request.param / "report.json").read_text())


def test_the_library_example_runs(monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert code
    assert len([line for line in code.group(1).splitlines() if line]) == 4
    names: dict = {}
    exec(code.group(1), names)
    assert names["rgb"].dtype == torch.uint8
    assert tuple(names["rgb"].shape) == (3, 448, 672)


def test_the_names_that_the_readme_once_showed_go_on_working() -> None:
    from dni.allocator import keep_freed_memory

    import dni
    from dni.catalog import end_paths as former_end_paths

    assert former_end_paths is end_paths
    assert dni.adapt.load_classifier is dni.load_classifier
    assert keep_freed_memory is dni.keep_freed_memory


def test_the_tables_are_the_reports(report) -> None:
    table = report_table(report["sets"], trained_on=report["trained_on"])
    assert table in (ROOT / "weights" / report["pair"] / "README.md").read_text()
    rows = [line for line in table.splitlines() if "Set14" in line]
    assert len(rows) == 6
    if report["pair"] == PAIRS[0]:
        assert all(row in (ROOT / "README.md").read_text() for row in rows)


def test_the_table_of_digits_is_the_reports() -> None:
    card = ROOT / "weights" / "digits"
    report = json.loads((card / "report.json").read_text())
    assert card_tables(report) in (card / "README.md").read_text()
    large = json.loads((card / "large" / "report.json").read_text())
    assert large_tables(large) in (card / "README.md").read_text()
    assert readme_table(report["methods"], large["methods"]) in (ROOT / "README.md").read_text()


def test_the_report_is_of_the_files_that_are_shipped(report) -> None:
    for path in end_paths(find_pair(report["pair"])):
        assert report["ends"][path.name] == sha256_of(path)


def test_the_reports_set5_psnr_is_reproduced(report, shared) -> None:
    network, states = load_ends(end_paths(find_pair(report["pair"])))
    renderer = Renderer(network, states, precision="float32")
    measured: dict[str, list[float]] = {"bicubic": [], "0.00": []}
    for photograph in load_photographs([shared / "data" / TEST_SETS["Set5"]]):
        low, high = (to_tensor(image) for image in downscale_pair(photograph, 4))
        outputs = {"bicubic": resize_bicubic(low, 4), "0.00": renderer.render(low, shares_of(0.0))}
        for name, output in outputs.items():
            measured[name].append(psnr_y(output[None].float() / 255, high[None].float() / 255))
    for name, values in measured.items():
        assert sum(values) / len(values) == pytest.approx(report["sets"]["Set5"][name]["psnr_y"], abs=0.01)


def test_spandrel_builds_the_shipped_network_too() -> None:
    paths = end_paths(find_pair("esrgan-lite-x4"))
    network, states = load_ends(paths)
    by_spandrel = build(states[0])
    assert by_spandrel.architecture == "ESRGAN"
    image = torch.rand(1, 3, 24, 20)
    with torch.no_grad():
        torch.testing.assert_close(by_spandrel.module(image), network.module(image), atol=1e-5, rtol=1e-4)


def test_measures_change_steadily_along_alpha(report) -> None:
    """What the pair was made for: the way from faithful to textured has no bump."""
    for rows in report["sets"].values():
        along = [rows[f"{alpha:.2f}"] for alpha in (0, 0.25, 0.5, 0.75, 1)]
        psnr, perceptual, spectral = (
            [row[key] for row in along] for key in ("psnr_y", "perceptual", "spectral")
        )
        assert all(later <= earlier + 0.01 for earlier, later in pairwise(psnr))  # dB, as far as tables tell
        assert perceptual == sorted(perceptual, reverse=True)
        assert spectral == sorted(spectral)


def test_the_textured_ends_are_nearer_by_a_judge_that_no_training_has_seen() -> None:
    for pair, most in (("texture-x4", 0.92), ("texture-x4-lite", 0.945), ("texture-x4-compact", 0.94)):
        report = json.loads((ROOT / "weights" / pair / "report.json").read_text())
        assert report["trained_on"] == []
        for rows in report["sets"].values():
            along = [rows[f"{alpha:.2f}"]["dists_like"] for alpha in (0, 0.25, 0.5, 0.75, 1)]
            assert along == sorted(along, reverse=True)
            assert along[-1] < most * along[0]
