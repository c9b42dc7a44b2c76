"""Pictures, recipes, networks and sweeps of version 0.1.0 (in tests/golden) come out the same today.

Everything goes through the command line. Where the machine, torch and Pillow are those of ``machine.json``,
pictures must be equal byte for byte; elsewhere pixels may differ by one 8-bit level, as float32 sums are
added in another order.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import runpy
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import pytest
import torch
from cases import case
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from dni.checkpoints.networks import load_network

GOLDEN = Path(__file__).parent / "golden"
OLD = GOLDEN / "old"
CASES = json.loads((GOLDEN / "cases.json").read_text())
RENDERS, BLENDS, SWEEPS = CASES["render"], CASES["blend"], CASES["sweep"]
SLOW_RENDERS = ("mask", "tile")
INPUTS = {path.name: path for folder in ("inputs", "ends") for path in (GOLDEN / folder).iterdir()}
MACHINE = json.loads((OLD / "machine.json").read_text())
LARGE = json.loads((OLD / "large-blends.json").read_text())
OPTIONS = json.loads((OLD / "options.json").read_text())
PRINTED = json.loads((OLD / "printed.json").read_text())
VERSION = re.compile(rb'"version": "[^"]*"')
# A blend is one fused or two rounded operations for every number.
BLEND_TOLERANCE = 1e-6
# A film's palette, and the letters of a strip, may come out differently with another Pillow.
MEAN_LEVELS = 2.0

Dni = Callable[..., str]


@pytest.fixture
def dni(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Dni:
    """``python -m dni`` in this process, which has imported torch already."""
    for variable in ("DNI_CATALOG", "DNI_WEIGHTS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COLUMNS", "250")

    def dni(*words: object) -> str:
        monkeypatch.setattr(sys, "argv", ["dni", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            runpy.run_module("dni", run_name="__main__", alter_sys=True)
        out, err = capsys.readouterr()
        assert not left.value.code, err
        return re.sub(r"\x1b\[[0-9;]*m", "", out)

    return dni


def local(words: list[str]) -> list[str]:
    """The words of a case, with the files where they lie."""
    return [str(INPUTS.get(word, word)) for word in words]


def ends_of(words: list[str]) -> list[str]:
    """``--ends`` for a recipe whose pair is not in the catalogue."""
    files = [word for word in words if word.endswith(".safetensors")]
    return ["--ends", *local(files)] if files else []


def is_same_machine() -> bool:
    """Whether float32 sums are added as they were, and files compressed likewise."""
    cpu: dict[str, str] = {}
    if (info := Path("/proc/cpuinfo")).exists():
        lines = (line.partition(":") for line in info.read_text().split("\n\n")[0].splitlines())
        cpu = {key.strip(): value.strip() for key, _, value in lines}
    here = {
        "capability": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
        "cpu": " ".join(cpu.get(key, "?") for key in ("vendor_id", "cpu family", "model")),
        "pillow": PIL.__version__,
    }
    return all(MACHINE[key] == value for key, value in here.items())


def recipe_in(path: Path) -> dict[str, Any]:
    """A PNG's recipe, but for the version."""
    with Image.open(path) as image:
        recipe: dict[str, Any] = without_version(image.info["dni"])
    return recipe


def without_version(text: str) -> Any:
    return json.loads(VERSION.sub(b'"version": ""', text.encode()))


def chunks(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """A PNG file's parts, without the version in a recipe and without sums."""
    stream = io.BytesIO(path.read_bytes())
    assert stream.read(8) == b"\x89PNG\r\n\x1a\n"
    while head := stream.read(8):
        size, kind = struct.unpack(">I4s", head)
        yield kind, VERSION.sub(b'"version": ""', stream.read(size))
        stream.read(4)


def frames(path: Path) -> list[np.ndarray]:
    with Image.open(path) as image:
        shown = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            shown.append(np.asarray(image if image.mode == "RGBA" else image.convert("RGB")).astype(int))
        return shown


def assert_same_picture(path: Path, old: Path, *, is_exact: bool = True) -> None:
    """Equal files on the machine of before, within a level on another; without ``is_exact`` on average."""
    now, before = frames(path), frames(old)
    assert [frame.shape for frame in now] == [frame.shape for frame in before]
    differences = [np.abs(one - other) for one, other in zip(now, before, strict=True)]
    if is_same_machine():
        assert max(difference.max() for difference in differences) == 0
        if old.suffix == ".png":
            assert list(chunks(path)) == list(chunks(old))
    elif is_exact:
        assert max(difference.max() for difference in differences) <= 1
    else:
        assert np.mean([difference.mean() for difference in differences]) < MEAN_LEVELS


def test_the_files_are_those_of_before() -> None:
    for name in RENDERS:
        with case(name):
            sha256 = hashlib.sha256((OLD / f"{name}.png").read_bytes()).hexdigest()
            assert sha256 == MACHINE["sha256"][f"{name}.png"]
            with Image.open(OLD / f"{name}.png") as image:
                assert image.info["dni"] + "\n" == (OLD / f"{name}.json").read_text()


@pytest.mark.parametrize("name", RENDERS)
def test_the_same_options_give_the_same_file(name: str, dni: Dni, tmp_path: Path) -> None:
    dni("render", *local(RENDERS[name]), "--float32", "-o", tmp_path / "now.png")
    assert recipe_in(tmp_path / "now.png") == recipe_in(OLD / f"{name}.png")
    assert_same_picture(tmp_path / "now.png", OLD / f"{name}.png")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW_RENDERS)) for name in RENDERS]
)
def test_an_old_recipe_gives_the_same_file(name: str, dni: Dni, tmp_path: Path) -> None:
    for kind in ["png", "json"]:
        with case(kind):
            picture, *words = RENDERS[name]
            dni(
                *("render", INPUTS[picture], "-o", tmp_path / f"{kind}.png"),
                *("--recipe", OLD / f"{name}.{kind}", *ends_of(words)),
            )
            old = OLD / f"{name}.png"
            with Image.open(old) as before, Image.open(tmp_path / f"{kind}.png") as now:
                text = VERSION.sub(b'"version": ""', before.info["dni"].encode())
                assert VERSION.sub(b'"version": ""', now.info["dni"].encode()) == text
            assert_same_picture(tmp_path / f"{kind}.png", old)


def test_a_recipe_that_the_app_saved_renders(dni: Dni, tmp_path: Path) -> None:
    picture = INPUTS["picture.png"]
    dni("render", picture, "-o", tmp_path / "one.png", "--recipe", OLD / "saved-by-the-app.json")
    words = ["--pair", "esrgan-lite-x4", "--alpha", "0.5", "--float32"]
    dni("render", picture, "-o", tmp_path / "other.png", *words)
    assert list(chunks(tmp_path / "one.png")) == list(chunks(tmp_path / "other.png"))


def test_the_recipe_in_an_old_network_renders(dni: Dni, tmp_path: Path) -> None:
    words = BLENDS["own-files"]
    dni(
        *("render", INPUTS["picture.png"], "-o", tmp_path / "one.png"),
        *("--recipe", OLD / "own-files.safetensors", *ends_of(words)),
    )
    dni("render", INPUTS["picture.png"], "-o", tmp_path / "other.png", "--ends", *local(words), "--float32")
    assert recipe_in(tmp_path / "one.png") == recipe_in(tmp_path / "other.png")
    assert list(chunks(tmp_path / "one.png")) == list(chunks(tmp_path / "other.png"))


def test_an_old_network_loads(dni: Dni, tmp_path: Path) -> None:
    """One blended before, as an end of today's blend."""
    ends = [str(OLD / "own-files.safetensors"), str(INPUTS["a.safetensors"])]
    words = ["--alpha", "0", "--float32"]
    dni("render", INPUTS["picture.png"], "-o", tmp_path / "now.png", "--ends", *ends, *words)
    blend = ["--ends", *local(BLENDS["own-files"]), "--float32"]
    dni("render", INPUTS["picture.png"], "-o", tmp_path / "live.png", *blend)
    now, live = frames(tmp_path / "now.png")[0], frames(tmp_path / "live.png")[0]
    assert np.abs(now - live).max() <= 1


@pytest.mark.parametrize("name", BLENDS)
def test_a_blended_network_is_the_same(name: str, dni: Dni, tmp_path: Path) -> None:
    """The old file has spandrel's names; today's has those of the ends."""
    path, old_path = tmp_path / "now.safetensors", OLD / f"{name}.safetensors"
    dni("blend", *local(BLENDS[name]), "-o", path)
    with safe_open(path, "pt") as now, safe_open(old_path, "pt") as old:
        assert_same_metadata(now.metadata(), old.metadata())
    assert load_file(path).keys() == load_file(INPUTS["a.safetensors"]).keys()
    now_state, old_state = (load_network(file).module.state_dict() for file in (path, old_path))
    tolerance = 0 if is_same_machine() else BLEND_TOLERANCE
    torch.testing.assert_close(now_state, old_state, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", LARGE)
def test_a_bundled_pair_blends_to_the_same_network(name: str, dni: Dni, tmp_path: Path) -> None:
    old, path = LARGE[name], tmp_path / "now.safetensors"
    dni("blend", *old["words"], "-o", path)
    with safe_open(path, "pt") as now:
        assert_same_metadata(now.metadata(), old["metadata"])
        for key, numbers in old["numbers"].items():
            found = now.get_tensor(key).flatten()[: len(numbers)].tolist()
            assert found == pytest.approx(numbers, abs=BLEND_TOLERANCE)
    if is_same_machine():
        assert sha256_of_tensors(path) == old["sha256"]


def sha256_of_tensors(path: Path) -> str:
    """Of names, shapes and values; the order of the metadata in a file is another every time."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    del header["__metadata__"]
    return hashlib.sha256(json.dumps(header, sort_keys=True).encode() + data[start:]).hexdigest()


def assert_same_metadata(now: dict[str, str], old: dict[str, str]) -> None:
    assert without_version(now["dni"]) == without_version(old["dni"])
    assert {**old, "dni": ""}.items() <= {**now, "dni": ""}.items()


@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_is_the_same(name: str, dni: Dni, tmp_path: Path) -> None:
    path, old = tmp_path / name, OLD / name
    dni("sweep", *local(SWEEPS[name]), "-o", path)
    assert comment_of(path) == comment_of(old)
    assert_same_picture(path, old, is_exact=False)
    with Image.open(path) as now, Image.open(old) as before:
        assert now.info.get("duration") == before.info.get("duration")
        assert now.info.get("loop") == before.info.get("loop")


def comment_of(path: Path) -> Any:
    """How a sweep was made, as its file says."""
    found = re.findall(rb'\{"sweep": .*?"version": "[^"]*"\}\}', joined(path))
    assert len(found) == 1
    return without_version(found[0].decode())


def joined(path: Path) -> bytes:
    """The bytes, with the text of a GIF's comment in one piece."""
    with Image.open(path) as image:
        comment = image.info.get("comment", b"")
    return comment if comment else path.read_bytes()


def test_no_option_is_gone(dni: Dni) -> None:
    for command in OPTIONS:
        with case(command):
            shown = re.findall(r"(?<![\w-])--?[a-z][a-z0-9-]*", dni(*command.split(), "--help"))
            assert sorted(set(OPTIONS[command]) - set(shown)) == []


def test_the_catalogue_has_the_pairs_of_before(dni: Dni) -> None:
    assert set(PRINTED["pairs"]) <= set(dni("pairs").splitlines())


def test_inspect_prints_the_same_fields(dni: Dni) -> None:
    printed = dni("inspect", INPUTS["a.safetensors"], INPUTS["b.safetensors"], "--json")
    assert_fields(json.loads(printed), PRINTED["inspect"])


def test_curve_prints_the_same_fields(dni: Dni) -> None:
    printed = dni("curve", INPUTS["picture.png"], "--pair", "esrgan-lite-x4", "--points", 3, "--json")
    assert_fields(json.loads(printed), PRINTED["curve"])


def assert_fields(now: Any, old: Any) -> None:
    """All names of before are there, with values of the same kind; ``old`` has a kind's name for a value."""
    if isinstance(old, dict):
        assert old.keys() <= now.keys()
        for name, kind in old.items():
            assert_fields(now[name], kind)
    elif isinstance(old, list):
        assert isinstance(now, list)
        if old:
            assert_fields(now[0], old[0])
    else:
        assert type(now).__name__ == old
