"""Where digits come from: MNIST on this machine, from a server of our own, or scikit-learn's."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from cases import case
from PIL import Image
from torchvision.datasets import MNIST

from dni.digits import digit_sources as digit_source
from dni.digits.digit_sources import (
    centre,
    default_data_root,
    fetch_mnist,
    find_digit_source,
    find_photographs,
    sklearn_digits,
    watch,
)
from dni.digits.domains import load_mnist
from dni.errors import DniError

NAMES = [f"{split}-{kind}-ubyte" for split in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
COUNT = 30


def idx(name: str) -> bytes:
    """A tiny file of MNIST: the images are all 7, the labels count."""
    if "labels" in name:
        return struct.pack(">ii", 2049, COUNT) + bytes(i % 10 for i in range(COUNT))
    return struct.pack(">iiii", 2051, COUNT, 28, 28) + b"\7" * COUNT * 28 * 28


def put_mnist(data_root: Path) -> None:
    raw = data_root / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        (raw / name).write_bytes(idx(name))


class Mirror:
    """A server of the four compressed files, in place of torchvision's."""

    def __init__(self) -> None:
        self.files = {f"/{name}.gz": gzip.compress(idx(name), mtime=0) for name in NAMES}
        self.resources = [(path[1:], hashlib.md5(data).hexdigest()) for path, data in self.files.items()]
        self.cut: str | None = None
        self.go_on: threading.Event | None = None
        self.asked: list[str] = []

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        data = self.files.get(request.path)
        self.asked.append(request.path)
        request.send_response(404 if data is None else 200)
        request.send_header("Content-Length", str(len(data or b"")))
        request.end_headers()
        half = len(data or b"") // 2
        with contextlib.suppress(ConnectionError):  # the client may have given up
            request.wfile.write((data or b"")[:half])
            request.wfile.flush()
            if request.path == self.cut:
                return
            if self.go_on:
                self.go_on.wait(10)
            request.wfile.write((data or b"")[half:])


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    state = Mirror()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    monkeypatch.setattr(MNIST, "resources", state.resources)
    monkeypatch.setattr(digit_source, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(digit_source, "MNIST_BYTES", sum(len(data) for data in state.files.values()))
    yield state
    server.shutdown()
    server.server_close()


def test_the_default_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for chosen, expected in [("DNI_DATA", ""), ("DNI_CACHE", "data")]:
        with case(chosen):
            monkeypatch.delenv("DNI_DATA", raising=False)
            monkeypatch.setenv(chosen, str(tmp_path))
            assert default_data_root() == tmp_path / expected


def test_mnist_where_it_is(tmp_path: Path) -> None:
    put_mnist(tmp_path)
    found = find_digit_source(tmp_path)
    assert (found.title, found.is_mnist) == ("MNIST's test digits", True)
    assert found.digits.images.shape == (COUNT, 3, 28, 28)
    assert found.digits.images.unique().tolist() == [7]


def test_the_default_folder_is_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_mnist(tmp_path)
    monkeypatch.setenv("DNI_DATA", str(tmp_path))
    assert find_digit_source().is_mnist


def test_scikit_learns_digits_otherwise(tmp_path: Path) -> None:
    found = find_digit_source(tmp_path)
    assert found.title == "scikit-learn's digits, enlarged (MNIST is not on this machine)"
    assert not found.is_mnist
    assert found.digits.images.shape == (1797, 3, 28, 28)
    assert found.digits.images.dtype == torch.uint8
    assert found.digits.labels.bincount().min() >= 170


def test_damaged_mnist_is_passed_over(tmp_path: Path) -> None:
    for content in [b"", b"short", idx("images")[:5000], struct.pack(">iiii", 2051, 10**9, 28, 28)]:
        with case(content):
            put_mnist(tmp_path)
            (tmp_path / "MNIST" / "raw" / "t10k-images-idx3-ubyte").write_bytes(content)
            found = find_digit_source(tmp_path)
            assert found.title == "scikit-learn's digits, enlarged (MNIST is damaged)"
            assert not found.is_mnist


def test_enlarged_digits_are_placed_as_mnist_places_its_own() -> None:
    grey = sklearn_digits().images[:, 0].double()
    at = torch.arange(28, dtype=torch.float64) + 0.5
    for axis in (1, 2):
        centres = grey.sum(dim=axis) @ at / grey.sum(dim=(1, 2))
        assert float((centres - 14).abs().max()) <= 0.51
    assert grey.amax(dim=(1, 2)).min() >= 230


def test_a_box_stays_inside_the_field() -> None:
    ink = torch.zeros(2, 20, 20)
    ink[0, 0, 0], ink[1, 19, 10] = 1, 1
    field = centre(ink)
    assert field.nonzero().tolist() == [[0, 8, 8], [1, 19, 14]]


def test_photographs_of_bsds500_where_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "bsds500" / "test"
    folder.mkdir(parents=True)
    Image.new("L", (30, 40), 9).save(folder / "1.png")
    found = find_photographs(tmp_path / "examples", tmp_path)
    assert found.title == "BSDS500's test photographs"
    assert [pixels.shape for pixels in found.pixels] == [(40, 30, 3)]


@pytest.mark.parametrize("damaged", [True, False])
def test_examples_otherwise(damaged: bool, tmp_path: Path) -> None:
    if damaged:
        (tmp_path / "bsds500" / "test").mkdir(parents=True)
        (tmp_path / "bsds500" / "test" / "1.jpg").write_bytes(b"no picture")
    examples = tmp_path / "examples"
    examples.mkdir()
    Image.new("RGB", (50, 40), (1, 2, 3)).save(examples / "1.png")
    found = find_photographs(examples, tmp_path)
    assert found.title == "this app's example pictures (BSDS500 is not on this machine)"
    assert found.pixels[0][0, 0].tolist() == [1, 2, 3]


def test_fetching(mirror: Mirror, tmp_path: Path) -> None:
    shares = list(fetch_mnist(tmp_path / "new"))
    assert all(0 <= share <= 1 for share in shares)
    assert shares == sorted(shares)
    assert len(load_mnist(tmp_path / "new", "train")) == COUNT
    assert find_digit_source(tmp_path / "new").is_mnist
    assert sorted(path.name for path in (tmp_path / "new").rglob("*") if path.is_file()) == sorted(NAMES)


def test_progress_follows_the_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digit_source, "MNIST_BYTES", 200)
    monkeypatch.setattr(digit_source, "POLL_SECONDS", 0.01)
    done = threading.Event()
    thread = threading.Thread(target=done.wait, args=(5,))
    thread.start()
    steps, shares = watch(thread, tmp_path), []
    for size in (50, 100, 500):
        shares.append(next(steps))
        (tmp_path / "images.gz").write_bytes(b"." * size)
    shares.append(next(steps))
    done.set()
    thread.join()
    assert shares == [0, 0.25, 0.5, 1]
    assert list(steps) == []


def test_what_is_there_is_not_fetched(mirror: Mirror, tmp_path: Path) -> None:
    put_mnist(tmp_path)
    assert list(fetch_mnist(tmp_path)) == []
    assert mirror.asked == []


def test_damaged_files_are_replaced(mirror: Mirror, tmp_path: Path) -> None:
    put_mnist(tmp_path)
    (tmp_path / "MNIST" / "raw" / NAMES[2]).write_bytes(b"short")
    list(fetch_mnist(tmp_path))
    assert find_digit_source(tmp_path).is_mnist


def break_name(mirror: Mirror) -> None:
    del mirror.files[f"/{NAMES[3]}.gz"]


def break_content(mirror: Mirror) -> None:
    mirror.files[f"/{NAMES[0]}.gz"] = b"another file"


def break_transfer(mirror: Mirror) -> None:
    mirror.cut = f"/{NAMES[2]}.gz"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [(break_name, "404"), (break_content, "corrupted"), (break_transfer, "corrupted|Incomplete")],
)
def test_a_failure_says_why_and_leaves_nothing(
    damage: object, reason: str, mirror: Mirror, tmp_path: Path
) -> None:
    assert callable(damage)
    damage(mirror)
    with pytest.raises(DniError, match=f"that failed .*({reason}).* goes on with scikit-learn's digits: try"):
        list(fetch_mnist(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_no_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(DniError, match=r"Expected to fetch MNIST, but that failed .*refused"):
        list(fetch_mnist(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_falls_silent(mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror.go_on = threading.Event()
    monkeypatch.setattr(digit_source, "STALL_SECONDS", 0.1)
    with pytest.raises(DniError, match="nothing came for 0 seconds"):
        list(fetch_mnist(tmp_path))
    mirror.go_on.set()
    assert not (tmp_path / "MNIST").exists()


def test_nowhere_to_put_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        DniError, match=r"Expected to fetch MNIST, but that failed .*file.*put MNIST.raw into"
    ):
        list(fetch_mnist(tmp_path / "file"))


def test_giving_up_leaves_nothing(mirror: Mirror, tmp_path: Path) -> None:
    mirror.go_on = threading.Event()
    steps = fetch_mnist(tmp_path)
    next(steps)
    steps.close()
    mirror.go_on.set()
    assert not (tmp_path / "MNIST").exists()


def test_the_real_ones(shared: Path) -> None:
    found = find_digit_source(shared / "data")
    assert found.is_mnist
    assert found.digits.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert len(find_photographs(shared, shared / "data").pixels) == 200
