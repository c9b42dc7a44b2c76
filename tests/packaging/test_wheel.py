"""The wheel alone, in a fresh environment, and the bare checkout, as a Space starts it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "dni/examples/cat.png"
PAIR = ROOT / "weights/esrgan-lite-x4"
TABS = ("Effects", "Mixing desk", "Adaptation", "Transfer")

pytestmark = pytest.mark.slow


def run(*words: object, cwd: Path, **options: object) -> str:
    """What a program prints; it must succeed, and sees nothing of this checkout."""
    environment = {
        name: text for name, text in os.environ.items() if name not in {"PYTHONPATH", "DNI_WEIGHTS"}
    }
    done = subprocess.run(
        [*map(str, words)], cwd=cwd, env=environment, capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make_environment(folder: Path) -> Path:
    """A new virtual environment that finds installed dependencies and pip, but no ``dni``; its interpreter.

    They are found by their folder and not installed again, which would take gigabytes. What is installed
    editable is not found by it: that would need the folder's own ``.pth`` files.
    """
    venv.create(folder)
    python = folder / "bin" / "python"
    purelib = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    Path(purelib, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that git knows, in another folder."""
    copy = tmp_path_factory.mktemp("checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split("\n")
    files = [ROOT / name for name in listed if name] or [path for path in ROOT.rglob("*") if path.is_file()]
    for file in files:
        if file.is_file() and ".venv" not in file.parts:
            target = copy / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    return copy


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, checkout, cwd=folder)
    (built,) = folder.glob("dni-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheel."""
    folder = tmp_path_factory.mktemp("environment")
    python = make_environment(folder)
    run(python, "-m", "pip", "install", "-q", "--no-deps", wheel, cwd=folder)
    return python


@contextmanager
def serving(*words: object, cwd: Path) -> Iterator[str]:
    """The address of an app that a command starts on a free port; it is stopped in the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        name: text for name, text in os.environ.items() if name not in {"PYTHONPATH", "DNI_WEIGHTS"}
    }
    environment |= {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False", "DNI_OFFLINE": "1"}
    process = subprocess.Popen([*map(str, words)], cwd=cwd, env=environment, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/"
    try:
        deadline = time.monotonic() + 300
        while not answers(url):
            assert process.poll() is None, "the app has ended"
            assert time.monotonic() < deadline, "the app does not answer"
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=60)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def assert_page_works(url: str) -> None:
    """All tabs are there, with what they load, and a named endpoint renders."""
    config = httpx.get(f"{url}config").json()
    labels = {component["props"].get("label") for component in config["components"]}
    assert set(TABS) <= labels
    page = httpx.get(url).text
    for name in set(re.findall(r'(?:src|href)="([^"]*/web[^"]*)"', page)):
        assert httpx.get(f"{url}{name.lstrip('/')}").status_code == 200, name
    with EXAMPLE.open("rb") as file:
        (path,) = httpx.post(f"{url}gradio_api/upload", files={"files": file}).json()
    picture = {"path": path, "meta": {"_type": "gradio.FileData"}}
    body = {"data": [picture, "esrgan-lite-x4", 0.5]}
    event = httpx.post(f"{url}gradio_api/call/render", json=body).json()["event_id"]
    told = httpx.get(f"{url}gradio_api/call/render/{event}", timeout=120).text
    assert "event: complete" in told
    result = json.loads(told[told.index("data: ") + 6 :].splitlines()[0])[0]
    assert httpx.get(result["url"]).content.startswith(b"\x89PNG")


def test_the_wheel_holds_one_package_with_weights_and_page(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"dni"}
    assert len(tops) == 2
    weights = {f"dni/{path.relative_to(ROOT)}" for path in (ROOT / "weights").rglob("*.*") if path.is_file()}
    examples = {str(path.relative_to(ROOT)) for path in EXAMPLE.parent.glob("*.??g")}
    assert weights | examples <= set(names)
    assert not [name for name in names if "node_modules" in name or "/test/" in name]


def test_the_wheel_works_without_the_checkout(installed: Path, tmp_path: Path) -> None:
    assert "esrgan-lite-x4" in run(installed, "-m", "dni", "pairs", cwd=tmp_path)
    shutil.copy(EXAMPLE, tmp_path)
    words = ("cat.png", "-o", "out.png", "--pair", "esrgan-lite-x4", "--alpha", "0.3", "--float32")
    run(installed, "-m", "dni", "render", *words, cwd=tmp_path)
    expected = tmp_path / "expected.png"
    run(sys.executable, "-m", "dni", "render", EXAMPLE, "-o", expected, *words[3:], cwd=ROOT)
    assert (tmp_path / "out.png").read_bytes() == expected.read_bytes()
    ends = [PAIR / "psnr.safetensors", PAIR / "gan.safetensors"]
    verdict = json.loads(run(installed, "-m", "dni", "inspect", *ends, "--json", cwd=tmp_path))
    assert verdict["verdict"] == "blends well"
    code = "import dni.digits.classifiers as c; print(c.load_classifier('dann').training, c.__file__)"
    state, file = run(installed, "-c", code, cwd=tmp_path).split()
    assert state == "False"
    assert not Path(file).is_relative_to(ROOT)


def test_the_wheel_serves_the_app(installed: Path, tmp_path: Path) -> None:
    with serving(installed, "-m", "dni", "serve", cwd=tmp_path) as url:
        assert_page_works(url)


def test_the_bare_checkout_starts_as_a_space_does(checkout: Path, tmp_path: Path) -> None:
    python = make_environment(tmp_path / "environment")
    run(python, "-m", "pip", "install", "-q", "-r", "requirements.txt", cwd=checkout)
    with serving(python, "app.py", cwd=checkout) as url:
        assert_page_works(url)
