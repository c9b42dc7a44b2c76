"""Ends of every architecture that spandrel loads: read, blended, grouped by layers, and written again."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import spandrel
import torch
from cases import case
from torch import Tensor

from benchmarks.architecture_rows import ROWS, Row
from benchmarks.small_networks import make_ends, make_state
from dni.blending.interpolate import interpolate
from dni.blending.layer_groups import LARGE_SHARE, layer_groups
from dni.checkpoints.files import read_metadata, read_state, save
from dni.checkpoints.networks import ImageNetwork, load_ends, load_network
from dni.export.networks import export_network

SMALL = [row for row in ROWS if not row.heavy]
WITH_MASKS = [
    next(row for row in SMALL if row.architecture == name) for name in ("DAT", "DRCT", "Swin2SR", "SwinIR")
]
MIX = (0.7, 0.3)
# Of all parameters: a layer may have a table that is read before the layers in front of it run.
MAX_OUT_OF_ORDER = 0.01

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Some constructors warn of what they do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def write(folder: Path, *states: Mapping[str, Tensor]) -> list[Path]:
    paths = [folder / f"{number}.safetensors" for number in range(len(states))]
    for path, state in zip(paths, states, strict=True):
        save(path, state, {"of": path.stem})
    return paths


@dataclass(frozen=True)
class Ends:
    """Two networks of an architecture: as they were made, as files, and as they were loaded."""

    row: Row
    made: list[dict[str, Tensor]]
    files: list[Path]
    network: ImageNetwork
    states: list[dict[str, Tensor]]


@pytest.fixture(scope="module", params=SMALL, ids=lambda row: row.name)
def ends(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ends:
    made = make_ends(request.param)
    files = write(tmp_path_factory.mktemp("ends"), *made)
    return Ends(request.param, list(made), files, *load_ends(files))


def test_a_blend_is_the_formula_and_comes_back_as_it_came(ends: Ends, tmp_path: Path) -> None:
    """The ends have seen different numbers of batches where the network counts them."""
    a, b = ends.made
    export_network(ends.files, MIX, tmp_path / "c.safetensors")
    written = read_state(tmp_path / "c.safetensors")
    assert written.keys() == a.keys()
    for name, tensor in written.items():
        if tensor.is_floating_point():
            torch.testing.assert_close(tensor, torch.lerp(a[name].float(), b[name].float(), 0.3))
        else:
            assert torch.equal(tensor, a[name])
    assert read_metadata(tmp_path / "c.safetensors").keys() == {"dni", "of (end 1)", "of (end 2)"}
    assert (
        spandrel.ModelLoader().load_from_file(tmp_path / "c.safetensors").architecture.id
        == ends.row.architecture
    )
    ours = load_network(tmp_path / "c.safetensors").module.state_dict()
    torch.testing.assert_close(dict(ours), interpolate(ends.states, MIX), rtol=0, atol=0)


def test_groups_follow_the_order_of_execution(ends: Ends) -> None:
    assert ends.network.execution_order is not None
    sizes, state = ends.network.execution_order, ends.states[0]
    groups = layer_groups(state, sizes)
    places = {name: place for place, name in enumerate(sizes)}
    latest, out_of_order = -1, 0
    for group, names in groups.items():
        used = [name for name in names if name in sizes]
        assert bool(used) is (group != "unused")
        out_of_order += sum(sizes[name] for name in used if places[name] < latest)
        latest = max([latest, *(places[name] for name in used)])
        layers = {name.rpartition(".")[0] for name in used if state[name].ndim > 1}
        if len(layers) > 1:
            assert sum(sizes[name] for name in used) <= LARGE_SHARE * sum(sizes.values())
    assert out_of_order <= MAX_OUT_OF_ORDER * sum(sizes.values())
    assert places[groups["first"][0]] == 0
    assert sum(map(len, groups.values())) == sum(tensor.is_floating_point() for tensor in state.values())


@pytest.mark.parametrize("row", WITH_MASKS, ids=lambda row: row.name)
def test_masks_of_another_training_size_or_none_are_no_hindrance(row: Row, tmp_path: Path) -> None:
    a, b = make_ends(row)
    larger = make_state(replace(row, options={**row.options, "img_size": 2 * row.options["img_size"]}))
    another = {
        name: larger[name] if larger[name].shape != tensor.shape else tensor for name, tensor in b.items()
    }
    without = {name: tensor for name, tensor in b.items() if "attn_mask" not in name}
    assert len(without) < len(b)
    for kind, other in (("another", another), ("absent", without)):
        for swapped in (False, True):
            with case(kind, swapped):
                ends = write(tmp_path, *((other, a) if swapped else (a, other)))
                export_network(ends, MIX[::-1] if swapped else MIX, tmp_path / "c.safetensors")
                written = load_network(tmp_path / "c.safetensors").module.state_dict()
                for name in without.keys() & written.keys():
                    if without[name].is_floating_point():
                        expected = torch.lerp(a[name], b[name], 0.3)
                        torch.testing.assert_close(written[name], expected, rtol=1e-5, atol=1e-6)


def test_a_network_that_needs_a_larger_probe_is_loaded(tmp_path: Path) -> None:
    """RestoreFormer halves the picture five times."""
    row = next(row for row in SMALL if row.architecture == "RestoreFormer")
    network, _ = load_ends(write(tmp_path, *make_ends(row)))
    assert network.architecture == "RestoreFormer"
