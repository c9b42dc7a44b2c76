"""What bad checkpoints, options and places get on the command line: one clear line, status 1, no file."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import case
from command_line import Run, assert_refused
from PIL import Image
from safetensors.torch import load_file
from spandrel.architectures.Compact import Compact
from torch import nn

from dni.checkpoints.files import save
from models import RRDBNet

pytestmark = pytest.mark.usefixtures("tiny_catalogue")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(noise(12, 15, 3)).save(path)
    return path


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


# Checkpoints


class WritesAFile:
    """Unpickled without care, it leaves a file behind."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.victim,)


def with_code(folder: Path, good: Path) -> Path:
    path = folder / "bad.pth"
    path.write_bytes(pickle.dumps({"params": WritesAFile(folder / "victim")}, protocol=2))
    return path


def write(folder: Path, state: dict[str, torch.Tensor]) -> Path:
    save(folder / "bad.safetensors", state, {})
    return folder / "bad.safetensors"


def cut(folder: Path, good: Path) -> Path:
    (folder / "bad.safetensors").write_bytes(good.read_bytes()[:-100])
    return folder / "bad.safetensors"


def cut_pickle(folder: Path, good: Path) -> Path:
    torch.save(load_file(good), folder / "bad.pth")
    (folder / "bad.pth").write_bytes((folder / "bad.pth").read_bytes()[:-1000])
    return folder / "bad.pth"


def photograph(folder: Path, good: Path) -> Path:
    Image.fromarray(noise(20, 20, 3)).save(folder / "bad.pth", "JPEG")
    return folder / "bad.pth"


def empty(folder: Path, good: Path) -> Path:
    (folder / "bad.pt").touch()
    return folder / "bad.pt"


def with_nan(folder: Path, good: Path) -> Path:
    state = load_file(good)
    state["conv_body.weight"][0, 0, 0, 0] = float("nan")
    return write(folder, state)


def other_shapes(folder: Path, good: Path) -> Path:
    """The same names and the same scale, with half the filters."""
    save(
        folder / "bad.safetensors",
        RRDBNet(num_filters=4, num_blocks=1).state_dict(),
        {"architecture": "RRDBNet", "num_filters": "4", "num_blocks": "1"},
    )
    return folder / "bad.safetensors"


def other_architecture(folder: Path, good: Path) -> Path:
    return write(folder, Compact(num_feat=8, num_conv=2, upscale=4).state_dict())


BAD_CHECKPOINTS = [
    (lambda folder, good: folder / "bad.pth", r"'bad' of files at .*bad\.pth, but it is not there"),
    (lambda folder, good: folder / "photo.png", r"a file that ends in one of .* but got .*photo\.png"),
    (empty, r"bad\.pt is empty"),
    (cut, r"bad\.safetensors is damaged, incomplete or something else"),
    (cut_pickle, r"bad\.pth is damaged, incomplete or something else"),
    (photograph, r"bad\.pth is damaged, incomplete or something else"),
    (with_code, r"bad\.pth asks to run code when opened .* so it was refused"),
    (with_nan, r"finite weights, but .*bad\.safetensors has NaN .* in conv_body\.weight"),
    (
        lambda folder, good: write(folder, nn.Linear(2, 2).state_dict()),
        r"spandrel knows, but .*bad\.safetensors is of none .*bias, weight",
    ),
    (other_architecture, r"of one architecture, .* got ESRGAN x4 3>3 .* and RealESRGAN Compact x4 3>3"),
    (other_shapes, r"the same shapes, but these .*: body\.0\.rdb1\.conv1\.weight, .* and \d+ more"),
]


@pytest.mark.parametrize("command", ["blend", "render"])
def test_a_checkpoint_that_cannot_be_used(
    run: Run, tiny_ends: list[Path], photo: Path, tmp_path: Path, out: Path, command: str
) -> None:
    for make, text in BAD_CHECKPOINTS:
        with case(text):
            bad = make(tmp_path, tiny_ends[1])
            if command == "blend":
                result = run("blend", tiny_ends[0], bad, "--alpha", "0.5", "-o", out / "new.safetensors")
            else:
                words = ["--ends", tiny_ends[0], bad, "--alpha", "0.5"]
                result = run("render", photo, "-o", out / "new.png", *words)
            assert_refused(result, text, out)
            assert not (tmp_path / "victim").exists()


# Options


BAD_OPTIONS = [
    ("--pair tiny --alpha nan", r"Expected finite shares, but got \(nan, nan\)"),
    ("--pair tiny --alpha 7", r"Expected shares between 0 and 1, but got \(-6, 7\)"),
    ("--pair tiny --alpha -0.1", r"Expected shares between 0 and 1, but got \(1\.1, -0\.1\)"),
    ("--pair tiny --alpha 0.5 --shares 0.5,0.5", "--shares and --scales, but got --alpha and --shares"),
    ("--pair tiny --alpha 0 --scales 0", "--shares and --scales, but got --alpha and --scales"),
    ("--pair tiny", "one of --alpha and --shares and --scales, but got none"),
    ("--pair tiny --shares half", "--shares as numbers with commas, like 0.2,0.8, but got 'half'"),
    ("--pair tiny --shares 0.5,0.4", "sum to 1, but .* sum to 0.9"),
    ("--pair tiny --shares 0.5,0.25,0.25", "one share for each of the 2 ends, but got 3"),
    ("--pair tine --alpha 0.5", r"Expected the name of a known pair, but got 'tine'\. Did you mean tiny"),
    ("--alpha 0.5", "either --pair NAME or two or more checkpoints, but got both or neither"),
    ("A B --pair tiny --alpha 0.5", "either --pair NAME or two or more checkpoints, but got both"),
    ("A --alpha 0.5", "at least two files to blend, but got 1"),
    ("A B A --alpha 0.5", "--shares for 3 ends, but got --alpha, which is for two"),
    ("--pair tiny --scales 0.5,0.5", "--scales for each of the 1 ends after the first, .* but got 2"),
    ("--pair tiny --scales x", "--scales as numbers with commas, like 0.2,0.8, but got 'x'"),
    ("--pair tiny --scales inf", r"Expected finite scales, but got \(inf\)"),
    (
        "A B A --scales 0.5,0.8",
        r"shares between 0 and 1, but got \(-0\.3, 0\.5, 0\.8\)\. .* extrapolation",
    ),
    ("--pair tiny --alpha 0.5 --group last", "--group NAME=ALPHA or NAME=SHARES, .* but got 'last'"),
    ("--pair tiny --alpha 0.5 --group =0.5", "--group NAME=ALPHA or NAME=SHARES, .* but got '=0.5'"),
    ("--pair tiny --alpha 0.5 --group last=", "--group as numbers with commas, .* but got ''"),
    (
        "--pair tiny --alpha 0.5 --group last=2",
        r"shares of the layers 'last' between 0 and 1, but got \(-1, 2\)",
    ),
    (
        "A B A --shares 1,0,0 --group last=0.5",
        "share of the layers 'last' for each of the 3 ends, but got 1",
    ),
    ("--pair tiny --alpha 0.5 --group last=0 --group last=1", "--group once for every group"),
    ("--pair tiny --alpha 0.5 --group middle=1", "middle.*trunk 1"),
]


@pytest.mark.parametrize("command", ["blend", "render"])
def test_options_that_cannot_be_used(
    run: Run, tiny_ends: list[Path], photo: Path, out: Path, command: str
) -> None:
    for options, text in BAD_OPTIONS:
        with case(options):
            letters = {"A": tiny_ends[0], "B": tiny_ends[1]}
            words: list[object] = [letters.get(word, word) for word in options.split()]
            if command == "blend":
                result = run("blend", *words, "-o", out / "new.safetensors")
            else:
                ends = ["--ends"] if options.startswith("A") else []
                result = run("render", photo, *ends, *words, "-o", out / "new.png")
            assert_refused(result, text, out)


BAD_PLACES = [
    ("missing/new", r"missing is no folder that you may write to: make it first"),
    ("../file/new", r"file is no folder that you may write to: make it first"),
    ("new.gif", r"Expected a name that ends in .*, but got new\.gif"),
]


@pytest.mark.parametrize(("command", "suffix"), [("blend", ".safetensors"), ("render", ".png")])
def test_a_place_that_cannot_be_written(
    run: Run, photo: Path, tmp_path: Path, out: Path, command: str, suffix: str
) -> None:
    for place, text in BAD_PLACES:
        with case(place):
            (tmp_path / "file").touch()
            target = out / (place if Path(place).suffix else place + suffix)
            source = [photo] if command == "render" else []
            assert_refused(run(command, *source, "-o", target, "--pair", "tiny", "--alpha", "0.5"), text, out)


def test_a_folder_that_cannot_be_made(run: Run, photo: Path, tmp_path: Path, out: Path) -> None:
    for place in (tmp_path / "photo.png", tmp_path / "photo.png" / "new"):
        result = run("render", tmp_path, "-o", place, "--pair", "tiny", "--alpha", "0.5")
        assert_refused(result, f"Expected a folder to write to, but {place} cannot be made", out)


def test_a_catalogue_that_cannot_be_read(run: Run, tmp_path: Path, out: Path) -> None:
    (tmp_path / "catalogue.json").write_text("{")
    assert_refused(run("pairs"), r"Expected a catalogue in JSON, but got .*catalogue\.json", out)


def test_training_and_measuring_without_data(
    run: Run, tiny_ends: list[Path], tmp_path: Path, out: Path
) -> None:
    words = ["--photographs", tmp_path / "none", "--run-folder", out]
    assert_refused(
        run("train", "restore", "psnr", *words), "Expected photographs .*none, but found none", out
    )
    assert_refused(run("train", "restore", "best", *words), "one of the ends .* but got 'best'", out)
    result = run("evaluate", "restore", "--pair", "tiny", "--data-root", tmp_path)
    assert_refused(result, r"Expected a model card with a marked table at .*README\.md", out)
