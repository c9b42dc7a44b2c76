"""The verdict on networks of which we know whether they blend."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.permute import permuted_compact, permuted_rrdb
from dni.catalog.bundled import weights_folder
from dni.catalog.catalog_file import load_catalog
from dni.catalog.pairs import CatalogError
from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.files import read_metadata, read_state, save, sha256_of
from dni.compatibility.verdict import EXAMPLE, Verdict, inspect_networks
from dni.pictures.normalize import PictureError
from dni.pictures.read import open_picture
from dni.pictures.write import save_png
from models import RRDBNet

BUNDLED = [weights_folder() / "esrgan-lite-x4" / name for name in ("psnr.safetensors", "gan.safetensors")]
CPU = torch.device("cpu")


def inspect(*paths: Path, **options: object) -> Verdict:
    return inspect_networks(paths, catalog={}, device=CPU, **options)  # type: ignore[arg-type]


def test_the_bundled_pair_blends_well() -> None:
    found = inspect_networks(BUNDLED, catalog=load_catalog(), device=CPU)
    assert found.verdict == "blends well"
    assert re.fullmatch(
        r"The picture half-way lies between those of the ends. The filters are alike "
        r"\(mean correlation 0.9\d\).",
        found.reason,
    )
    evidence = found.evidence
    assert "The GAN end was fine-tuned from the L1 end" in evidence.lineage
    assert (evidence.same_architecture, evidence.differing_names) == (True, ())
    assert (evidence.picture, len(evidence.midpoints)) == ("astronaut.png", 1)
    first = evidence.networks[0]
    assert (first.name, first.file, first.architecture) == ("psnr", "psnr.safetensors", "RRDBNet")
    assert (first.scale, first.input_channels, first.output_channels) == (4, 3, 3)
    assert first.parameters == sum(tensor.numel() for tensor in read_state(BUNDLED[0]).values())
    assert (first.sha256, first.bytes) == (sha256_of(BUNDLED[0]), BUNDLED[0].stat().st_size)


def shuffled(path: Path, folder: Path, only_block: str | None = None) -> Path:
    target = folder / "shuffled.safetensors"
    save(target, permuted_rrdb(read_state(path), only_block=only_block), read_metadata(path))
    return target


def test_reordered_channels_do_not_blend(tmp_path: Path) -> None:
    found = inspect(BUNDLED[0], shuffled(BUNDLED[0], tmp_path))
    assert found.verdict == "does not blend"
    assert re.search(
        r"The picture half-way breaks down: it keeps \d\.\d % of what the ends add", found.reason
    )
    assert "or their channels are in another order" in found.reason
    (test,) = found.evidence.midpoints
    assert test.psnr_between_ends is None or test.psnr_between_ends > 80  # one function


def test_one_reordered_block_blends_with_loss(tmp_path: Path) -> None:
    found = inspect(BUNDLED[0], shuffled(BUNDLED[0], tmp_path, only_block="body.1.rdb3"))
    assert found.verdict == "blends with loss"
    assert found.reason.startswith("The picture half-way holds together, but loses something: it ")
    assert "The filters are related, but have moved apart" in found.reason
    changed = {each.name for each in found.evidence.correlations if each.correlations[0] < 0.99}
    assert changed == {f"body.1.rdb3.conv{number}.weight" for number in range(1, 6)}


@pytest.fixture(scope="module")
def trained_apart(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two tiny networks trained alike on one photograph, from different seeds."""
    folder = tmp_path_factory.mktemp("apart")
    high = open_picture(EXAMPLE).rgb[:, 32:96, 40:104].float()[None] / 255
    low = functional.avg_pool2d(high, 4)
    with torch.random.fork_rng(devices=[]):
        return [train(low, high, seed, folder / f"seed{seed}.safetensors") for seed in (1, 2)]


def train(low: Tensor, high: Tensor, seed: int, path: Path) -> Path:
    torch.manual_seed(seed)
    network = RRDBNet(num_filters=8, num_blocks=1)
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    for _ in range(100):
        optimizer.zero_grad()
        loss = functional.l1_loss(network(low), high)
        loss.backward()
        optimizer.step()
    save(path, network.state_dict(), {"architecture": "RRDBNet", "num_filters": "8", "num_blocks": "1"})
    assert loss < 0.2, "both have learned the photograph"
    return path


@pytest.mark.slow
def test_networks_trained_apart_do_not_blend(trained_apart: list[Path]) -> None:
    found = inspect(*trained_apart)
    assert found.verdict == "does not blend"
    assert "The filters are unrelated (mean correlation 0.0" in found.reason.replace("-", "")
    assert "the networks were trained apart" in found.reason


def test_the_worst_two_of_several_decide_and_are_named(trained_apart: list[Path]) -> None:
    one, other = trained_apart
    found = inspect(one, other, one, labels=("first", "stranger", "again"))
    assert found.verdict == "does not blend"
    assert found.reason.startswith("The picture half-way between ")
    assert "stranger" in found.reason.split(" breaks down")[0]
    assert [test.quality for test in found.evidence.midpoints][-1] == "blends well"


def test_a_network_and_itself(trained_apart: list[Path]) -> None:
    found = inspect(trained_apart[0], trained_apart[0], labels=("one", "same"))
    assert found.verdict == "blends well"
    assert found.reason.startswith("The ends make the same picture, and so does the blend half-way.")


def test_networks_that_do_not_fit(trained_apart: list[Path]) -> None:
    found = inspect(BUNDLED[0], trained_apart[0])
    assert found.verdict == "does not blend"
    assert (
        "Expected the same shapes, but these differ" in found.reason or "same parameter names" in found.reason
    )
    assert len(found.evidence.differing_names) == 10
    assert not found.evidence.same_architecture
    assert (found.evidence.midpoints, found.evidence.correlations) == ((), ())


def test_everything_goes_into_json(trained_apart: list[Path]) -> None:
    for paths in ([trained_apart[0]] * 2, [BUNDLED[0], trained_apart[0]]):
        found = inspect(*paths, labels=("a", "b"))
        values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert list(values) == ["verdict", "reason", "evidence"]
        assert values["verdict"] == found.verdict
        assert values["evidence"]["networks"][0]["name"] == "a"
        assert len(values["evidence"]["correlations"]) == len(found.evidence.correlations)


def test_any_picture_will_do(trained_apart: list[Path], tmp_path: Path) -> None:
    small = open_picture(EXAMPLE).rgb[:, :20, :30]
    save_png(tmp_path / "mine.png", small, recipe=None)
    assert inspect(*trained_apart, picture=tmp_path / "mine.png").evidence.picture == "mine.png"
    with pytest.raises(PictureError, match=r"none\.png"):
        inspect(*trained_apart, picture=tmp_path / "none.png")


def test_files_that_cannot_be_read(trained_apart: list[Path], tmp_path: Path) -> None:
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(trained_apart[0].read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"bad\.safetensors is damaged"):
        inspect(trained_apart[0], bad)
    with pytest.raises(CheckpointError, match=r"at most 0\.001 MB, but .*seed1\.safetensors has"):
        inspect(*trained_apart, max_bytes=1000)
    with pytest.raises(CatalogError, match="at least two files"):
        inspect(trained_apart[0])


@pytest.mark.slow
def test_the_real_pair_blends_well_and_its_shuffled_copy_does_not(shared: Path, tmp_path: Path) -> None:
    folder = shared / "pairs" / "realesr-general"
    real = [folder / f"realesr-general-{name}x4v3.safetensors" for name in ("", "wdn-")]
    assert inspect(*real).verdict == "blends well"
    save(tmp_path / "shuffled.safetensors", permuted_compact(read_state(real[0])), {})
    assert inspect(real[0], tmp_path / "shuffled.safetensors").verdict == "does not blend"
