"""The report on the ends beside the pair, on tiny networks, and that of those we ship."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import case
from mixing_page import more_ends
from PIL import Image
from safetensors.torch import load_file

from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.compatibility.midpoint import QUALITIES
from dni.training.restoration.data.flatten import flatten
from dni.training.restoration.others import ENDS, measure_midpoints, measure_others, others_table
from dni.training.restoration.report import report_table, write_tables
from models import RRDBNet

CARD = Path(__file__).resolve().parents[3] / "weights" / "esrgan-lite-x4"
# Luma of BT.601, as MATLAB computes it from 8-bit RGB.
LUMA = np.array([65.481, 128.553, 24.966]) / 255


@pytest.fixture(scope="module")
def folder(tiny_ends: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four related tiny networks under the names of the ends."""
    folder = tmp_path_factory.mktemp("four")
    for end, path in zip(ENDS, more_ends(tiny_ends, tmp_path_factory.mktemp("more")), strict=False):
        shutil.copy(path, folder / f"{end}.safetensors")
    return folder


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    for seed in range(2):
        coarse = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((48, 64), Image.Resampling.BICUBIC).save(folder / f"{seed}.png")
    return folder


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(float)


def noisy(low: Image.Image, number: int) -> Image.Image:
    """Noise of 15 levels, seeded by the photograph's number."""
    noise = np.random.default_rng(number).normal(scale=15, size=(3, low.height, low.width))
    return Image.fromarray((pixels(low) + noise.transpose(1, 2, 0)).round().clip(0, 255).astype(np.uint8))


def compressed(picture: Image.Image) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=60, subsampling=2)
    return Image.open(file)


def psnr_of(weights: Path, low: Image.Image, target: np.ndarray) -> float:
    """By hand, with a border of four pixels left out."""
    network = RRDBNet(num_filters=8, num_blocks=1).eval()
    network.load_state_dict(load_file(weights))
    inputs = torch.from_numpy(pixels(low)).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        output = (network(inputs)[0].clamp(0, 1) * 255).round().permute(1, 2, 0).numpy()
    error = ((output - target) @ LUMA)[4:-4, 4:-4]
    return float(10 * np.log10(255**2 / (error**2).mean()))


@pytest.mark.slow
def test_the_numbers_are_those_of_the_protocol(folder: Path, photographs: Path) -> None:
    others = measure_others(folder, photographs)
    by_hand: dict[str, dict[str, list[float]]] = {}
    for number in range(2):
        high = Image.open(photographs / f"{number}.png")
        low = high.resize((12, 16), Image.Resampling.BICUBIC)
        whole = torch.from_numpy(np.array(high)).permute(2, 0, 1)
        cases = {
            "noisy": ("clean", noisy(low, number), pixels(high)),
            "spoilt": ("clean", compressed(noisy(low, number)), pixels(high)),
            "unspoilt": ("clean", low, pixels(high)),
            "flattened": ("flat", low, flatten(whole).permute(1, 2, 0).numpy().astype(float)),
        }
        for name, (end, inputs, target) in cases.items():
            for each in ("psnr", end):
                value = psnr_of(folder / f"{each}.safetensors", inputs, target)
                by_hand.setdefault(name, {}).setdefault(each, []).append(value)
    assert others["psnr_y"].keys() == by_hand.keys()
    for name, row in by_hand.items():
        means = {end: np.mean(values) for end, values in row.items()}
        assert others["psnr_y"][name] == pytest.approx(means, abs=0.02), name
    hashes = {
        f"{end}.safetensors": hashlib.sha256((folder / f"{end}.safetensors").read_bytes()).hexdigest()
        for end in ("clean", "flat")
    }
    assert others["ends"] == hashes
    assert measure_others(folder, photographs) == others


def test_every_two_and_all_four_are_judged(folder: Path) -> None:
    midpoints = measure_midpoints({end: folder / f"{end}.safetensors" for end in ENDS})
    assert list(midpoints) == [
        "psnr + gan",
        "psnr + clean",
        "psnr + flat",
        "gan + clean",
        "gan + flat",
        "clean + flat",
        "psnr + gan + clean + flat",
    ]
    assert all(test["quality"] in QUALITIES for test in midpoints.values())


def test_nothing_is_said_where_an_end_is_missing(folder: Path, photographs: Path, tmp_path: Path) -> None:
    for missing in ENDS:
        with case(missing):
            for end in set(ENDS) - {missing}:
                (tmp_path / missing).mkdir(exist_ok=True)
                shutil.copy(folder / f"{end}.safetensors", tmp_path / missing)
            assert measure_others(tmp_path / missing, photographs) == {}
    assert others_table({}) == ""


def test_the_tables_have_a_line_for_each_row() -> None:
    others = {
        "psnr_y": {"spoilt": {"psnr": 20.004, "clean": 23.456}, "flattened": {"psnr": 30.0, "flat": 31.0}},
        "midpoints": {
            "psnr + gan": {"quality": "blends well", "problems": []},
            "gan + clean + flat": {"quality": "blends with loss", "problems": ["it is dark", "it is flat"]},
        },
    }
    assert others_table(others).splitlines() == [
        "| input | compared with | end | end A (dB) | this end (dB) |",
        "|---|---|---|---|---|",
        "| noise and JPEG | photograph | clean | 20.00 | 23.46 |",
        "| clean | flattened photograph | flat | 30.00 | 31.00 |",
        "",
        "| the middle of | verdict |",
        "|---|---|",
        "| psnr, gan | blends well |",
        "| gan, clean, flat | blends with loss; it is dark; it is flat |",
    ]


def test_a_card_gets_the_tables_between_its_marks(tmp_path: Path) -> None:
    for others in [{}, {"psnr_y": {"spoilt": {"psnr": 1.0, "clean": 2.0}}, "midpoints": {}}]:
        with case(others):
            card = tmp_path / "README.md"
            parts = [
                "Größe\n<!-- table -->\n",
                "<!-- /table -->\n\\1\n<!-- others -->\n",
                "<!-- /others -->\nafter\n",
            ]
            card.write_text("| old |\n".join(parts), encoding="utf-8")
            write_tables(card, {"sets": {}, "trained_on": [], "others": others})
            tables = report_table({}), others_table(others)
            expected = parts[0] + tables[0] + parts[1] + tables[1] + parts[2]
            assert card.read_text(encoding="utf-8") == expected


# What we ship


@pytest.fixture(scope="module")
def shipped() -> dict:
    return json.loads((CARD / "report.json").read_text())["others"]


def test_the_cards_tables_are_the_reports(shipped: dict) -> None:
    assert others_table(shipped) in (CARD / "README.md").read_text()


def test_the_report_is_of_the_files_that_are_shipped(shipped: dict) -> None:
    paths = end_paths(find_pair("esrgan-lite-x4-four"))
    assert [path.stem for path in paths] == list(ENDS)
    for path in paths[2:]:
        assert shipped["ends"][path.name] == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.slow
def test_the_shipped_verdicts_are_reproduced(shipped: dict) -> None:
    paths = end_paths(find_pair("esrgan-lite-x4-four"))
    found = measure_midpoints({path.stem: path for path in paths})
    qualities = {name: test["quality"] for name, test in found.items()}
    assert qualities == {name: test["quality"] for name, test in shipped["midpoints"].items()}


def test_each_end_is_better_at_its_own_task(shipped: dict) -> None:
    rows = shipped["psnr_y"]
    assert rows["noisy"]["clean"] > rows["noisy"]["psnr"] + 2
    assert rows["spoilt"]["clean"] > rows["spoilt"]["psnr"] + 1
    assert rows["flattened"]["flat"] > rows["flattened"]["psnr"] + 1
    # The price: what has no noise loses detail that looks like noise.
    assert rows["unspoilt"]["clean"] < rows["unspoilt"]["psnr"]
