"""The measured report of a pair, on test sets of two small photographs."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import case
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from dni.blending.interpolate import interpolate, shares_of
from dni.catalog.pairs import End, Pair, Source
from dni.checkpoints.files import save
from dni.errors import DniError
from dni.metrics.judges import Judges
from dni.metrics.perceptual import perceptual_distance
from dni.training.restoration import report as report_module
from dni.training.restoration.report import Measures, measure, report_table, trained_on, write_report
from models import RRDBNet
from models.tiny_darknet import TinyDarknet

# Luma of BT.601, as MATLAB computes it from 8-bit RGB.
LUMA = np.array([65.481, 128.553, 24.966]) / 255
CARD = "# Größe ✓\n\nbefore\n<!-- table -->\n| old |\n<!-- /table -->\nafter: {{alpha}} \\1 \\g<0>\n"
ROWS = ["bicubic", "0.00", "0.25", "0.50", "0.75", "1.00"]


class Doubled(nn.Module):
    """An extractor that is easy to compute by hand."""

    def forward(self, x: Tensor) -> list[Tensor]:
        return [2 * x]


def noise(seed: int, height: int = 48, width: int = 44, *, peak: int = 256) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, peak, (3, height, width), dtype=np.uint8))


def psnr(output: Image.Image | np.ndarray, reference: Image.Image) -> float:
    """By hand, with a border of four pixels left out."""
    ours, theirs = (np.asarray(image).astype(float) @ LUMA for image in (output, reference))
    error = ((ours - theirs)[4:-4, 4:-4] ** 2).mean()
    return float(10 * np.log10(255**2 / error))


# One picture


def test_equal_pictures() -> None:
    picture = noise(0)
    row = measure(picture, picture, Measures(Doubled()), border=4)
    assert row == {
        "psnr_y": float("inf"),
        "ssim_y": pytest.approx(1),
        "perceptual": 0,
        "spectral": pytest.approx(1),
    }


def test_a_brighter_picture_by_hand() -> None:
    reference = noise(0, peak=200)
    row = measure(reference + 20, reference, Measures(Doubled()), border=4)
    assert row["psnr_y"] == pytest.approx(20 * np.log10(255 / (20 * LUMA.sum())), abs=1e-3)
    assert row["ssim_y"] < 0.9999
    # Of RGB in [0, 1]; the distance itself has its own tests.
    distance = perceptual_distance(Doubled(), (reference + 20)[None] / 255, reference[None] / 255)
    assert row["perceptual"] == pytest.approx(float(distance))
    assert row["perceptual"] > 0.001
    assert row["spectral"] == pytest.approx(1, abs=1e-4)  # brightness is no texture


def test_the_border_counts_for_the_features_only() -> None:
    reference = noise(0)
    output = reference.clone()
    output[:, :4] = 0
    row = measure(output, reference, Measures(Doubled()), border=4)
    assert row["psnr_y"] == float("inf")
    assert row["ssim_y"] == pytest.approx(1)
    assert row["perceptual"] > 0.01
    assert measure(output, reference, Measures(Doubled()), border=3)["psnr_y"] < 40


def test_a_smooth_picture_lacks_texture() -> None:
    reference = noise(0)
    smooth = nn.functional.avg_pool2d(reference.float(), 5, stride=1, padding=2).byte()
    assert measure(smooth, reference, Measures(Doubled()), border=4)["spectral"] < 0.1


# A whole report


@pytest.fixture
def pair(tiny_ends: list[Path], tmp_path: Path) -> Pair:
    folder = tmp_path / "weights"
    folder.mkdir()
    ends = tuple(End(path.stem, Source(path=Path(shutil.copy(path, folder)))) for path in tiny_ends)
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    return Pair("tiny", "Tiny", ends)


@pytest.fixture
def card(pair: Pair, tmp_path: Path) -> Path:
    return tmp_path / "weights" / "README.md"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two photographs a set, one of them of a size that four does not divide."""
    for seed, name in enumerate(("set5", "set14", "bsds500/val")):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        for number, size in enumerate(((48, 44), (50, 47))):
            coarse = Image.fromarray(noise(10 * seed + number, 18, 18).permute(1, 2, 0).numpy())
            coarse.resize(size, Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return tmp_path / "data"


@pytest.fixture(scope="module")
def extractor(tmp_path_factory: pytest.TempPathFactory) -> str:
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("extractor") / "darknet.safetensors"
    save_file(TinyDarknet().state_dict(), file)
    return str(file)


@pytest.fixture(autouse=True)
def judges(monkeypatch: pytest.MonkeyPatch) -> None:
    """One judge that is here, and one that cannot be had."""
    found = Judges(
        {"dists_like": lambda output, reference: float((output - reference).abs().mean())},
        {"lpips": "no such weights"},
    )
    monkeypatch.setattr(report_module, "load_judges", lambda: found)


def test_the_report_and_the_card(pair: Pair, card: Path, data: Path, extractor: str) -> None:
    returned = write_report(pair, data_root=data, extractor=extractor)
    report = json.loads((card.parent / "report.json").read_text(encoding="utf-8"))
    assert report == returned
    assert (report["pair"], report["extractor"]) == ("tiny", "darknet")
    assert str(data) not in json.dumps(report)
    assert report["ends"] == {
        f"{name}.safetensors": hashlib.sha256((card.parent / f"{name}.safetensors").read_bytes()).hexdigest()
        for name in ("calm", "wild")
    }
    assert list(report["sets"]) == ["Set5", "Set14", "BSD100"]
    assert all(list(rows) == ROWS for rows in report["sets"].values())
    head, rest = CARD.split("| old |\n")
    text = card.read_text(encoding="utf-8")
    assert text.startswith(head)
    assert text.endswith(rest)
    lines = text[len(head) : -len(rest)].splitlines()
    assert len(lines) == 2 + 3 * 6
    measured = report["sets"]["Set14"]["0.25"]
    row = next(line for line in lines if line.startswith("| Set14 | 0.25 |"))
    shown = [float(cell) for cell in row.split("|")[3:-1]]
    wanted = [measured[key] for key in ("psnr_y", "ssim_y", "perceptual", "spectral", "dists_like")]
    assert 0 < measured["dists_like"] < 1
    assert report["judges"] == {"dists_like": "measured", "lpips": "no such weights"}
    assert shown == pytest.approx(wanted, abs=0.0051)


def test_the_numbers_are_those_of_the_protocol(
    pair: Pair, card: Path, data: Path, extractor: str, tiny_ends: list[Path]
) -> None:
    """PSNR by hand, of bicubic and of the blend: the mean over the two photographs of a set."""
    sets = write_report(pair, data_root=data, extractor=extractor)["sets"]
    network = RRDBNet(num_filters=8, num_blocks=1).eval()
    network.load_state_dict(interpolate([load_file(path) for path in tiny_ends], shares_of(0.25)))
    for name, folder in (("Set5", "set5"), ("Set14", "set14"), ("BSD100", "bsds500/val")):
        bicubic, blended = [], []
        for number, (width, height) in enumerate(((48, 44), (48, 44))):
            high = Image.open(data / folder / f"{number}.png").crop((0, 0, width, height))
            low = high.resize((width // 4, height // 4), Image.Resampling.BICUBIC)
            bicubic.append(psnr(low.resize(high.size, Image.Resampling.BICUBIC), high))
            pixels = torch.from_numpy(np.array(low)).permute(2, 0, 1)[None].float() / 255
            with torch.no_grad():
                output = (network(pixels)[0].clamp(0, 1) * 255).round()
            blended.append(psnr(output.permute(1, 2, 0).numpy(), high))
        assert sets[name]["bicubic"]["psnr_y"] == pytest.approx(np.mean(bicubic), abs=0.002)
        assert sets[name]["0.25"]["psnr_y"] == pytest.approx(np.mean(blended), abs=0.02)
        assert abs(sets[name]["0.25"]["psnr_y"] - sets[name]["0.75"]["psnr_y"]) > 0.1


@pytest.mark.slow
def test_writing_again_gives_the_same(pair: Pair, card: Path, data: Path, extractor: str) -> None:
    write_report(pair, data_root=data, extractor=extractor)
    first = [file.read_bytes() for file in (card, card.parent / "report.json")]
    write_report(pair, data_root=data, extractor=extractor)
    assert [file.read_bytes() for file in (card, card.parent / "report.json")] == first


def test_the_table_has_a_line_for_each_row() -> None:
    row = {"psnr_y": 30.128, "ssim_y": 0.91236, "perceptual": 0.5, "spectral": 0.9876, "lpips": 0.25}
    sets = {"Set5": {"bicubic": row, "0.00": row}, "Set14": {"0.00": row}}
    lines = report_table(sets, trained_on=["perceptual"]).splitlines()
    assert lines[0] == (
        "| set | alpha | PSNR-Y (dB) | SSIM-Y | perceptual distance (trained on) "
        "| spectral ratio | LPIPS (AlexNet) |"
    )
    assert lines[1].count("|") == lines[0].count("|")
    assert lines[2] == "| Set5 | bicubic | 30.13 | 0.9124 | 0.5000 | 0.988 | 0.2500 |"
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["Set5", "Set5", "Set14"]


@pytest.mark.parametrize(
    ("training", "measures"),
    [
        (json.dumps({"perceptual_weight": 8.0, "spectrum_weight": 0.2}), ["perceptual", "spectral"]),
        (json.dumps({"dists_weight": 1.0, "perceptual_weight": 0.0}), []),
        ("no JSON", []),
        ("[]", []),
    ],
)
def test_what_was_trained_on_is_in_the_file(tmp_path: Path, training: str, measures: list[str]) -> None:
    save(tmp_path / "end.safetensors", {"weight": torch.zeros(1)}, {"training": training})
    assert trained_on(tmp_path / "end.safetensors") == measures


# What is missing


@pytest.fixture
def no_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure_set(*_: object) -> None:
        raise AssertionError("measured first, which takes minutes")

    monkeypatch.setattr(report_module, "measure_set", measure_set)


@pytest.mark.usefixtures("no_measuring")
def test_a_card_without_a_marked_table(pair: Pair, card: Path, data: Path, extractor: str) -> None:
    for content in [None, "", "# A card\n\n| set | alpha |\n", "<!-- table -->\nno end\n"]:
        with case(content):
            card.unlink() if content is None else card.write_text(content)
            with pytest.raises(
                DniError, match=r"Expected a model card with a marked table at .*weights/README\.md"
            ):
                write_report(pair, data_root=data, extractor=extractor)
            assert not (card.parent / "report.json").exists()


@pytest.mark.usefixtures("no_measuring")
def test_missing_sets_are_named_first(pair: Pair, card: Path, data: Path, extractor: str) -> None:
    shutil.rmtree(data / "set14")
    shutil.rmtree(data / "bsds500")
    with pytest.raises(
        FileNotFoundError, match=r"in each of .*data/set14, .*data/bsds500/val, but there is no"
    ) as e:
        write_report(pair, data_root=data, extractor=extractor)
    assert "set5" not in str(e.value)
    assert card.read_text(encoding="utf-8") == CARD


def test_a_set_without_photographs_is_named(pair: Pair, card: Path, data: Path, extractor: str) -> None:
    for file in (data / "set14").iterdir():
        file.unlink()
    with pytest.raises(FileNotFoundError, match=r"Expected photographs .* in .*data/set14, but found none"):
        write_report(pair, data_root=data, extractor=extractor)
    assert card.read_text(encoding="utf-8") == CARD
    assert not (card.parent / "report.json").exists()


@pytest.mark.usefixtures("no_measuring")
def test_a_missing_extractor_is_named(pair: Pair, card: Path, data: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"Expected 'vgg19' or a Tiny Darknet .*none\.safetensors"):
        write_report(pair, data_root=data, extractor=str(data / "none.safetensors"))
    assert card.read_text(encoding="utf-8") == CARD
