"""The first answer, from the parameters alone; and how much of the picture is rendered after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from benchmarks.permute import permuted_rrdb
from dni.checkpoints.files import read_metadata, read_state, save
from dni.checkpoints.networks import load_ends
from dni.compatibility.crop import affordable_crop
from dni.compatibility.first_answer import first_answer
from dni.rendering.control import RenderControl
from dni.rendering.renderer import Renderer
from models import RRDBNet


def test_relatives_strangers_and_a_few_reordered_layers(tiny_ends: list[Path], tmp_path: Path) -> None:
    calm, metadata = read_state(tiny_ends[0]), read_metadata(tiny_ends[0])
    found = first_answer([tiny_ends[0], tiny_ends[0]])
    assert found is not None
    assert (found.verdict, found.correlation) == ("blends well", 1)
    copy = tmp_path / "copy.safetensors"
    save(copy, permuted_rrdb(calm), metadata)
    found = first_answer([tiny_ends[0], copy])
    assert found is not None
    assert found.verdict == "does not blend"
    assert found.reason.startswith("These networks probably do not blend, by their parameters")
    # One layer of 22 that has nothing to do with the other's.
    save(copy, {**calm, "conv_hr.weight": torch.randn(8, 8, 3, 3)}, metadata)
    found = first_answer([tiny_ends[0], copy])
    assert found is not None
    assert (found.verdict, found.correlation > 0.9) == ("blends with loss", True)


def test_there_is_none_where_only_building_tells(tiny_ends: list[Path], tmp_path: Path) -> None:
    save(tmp_path / "other.safetensors", RRDBNet(num_filters=4, num_blocks=1).state_dict(), {})
    assert first_answer([tiny_ends[0], tmp_path / "other.safetensors"]) is None


@pytest.mark.parametrize(("seconds", "side"), [(1e9, 96), (1e-9, 48)])
def test_a_slow_machine_renders_less(tiny_ends: list[Path], seconds: float, side: int) -> None:
    slots = 0

    @contextmanager
    def slot() -> Iterator[None]:
        nonlocal slots
        slots += 1
        yield

    network, states = load_ends(tiny_ends)
    renderer = Renderer(network, states, device=torch.device("cpu"), precision="float32")
    picture = torch.zeros(3, 120, 110, dtype=torch.uint8)
    assert affordable_crop(renderer, picture, seconds, control=RenderControl(slot=slot)) == side
    assert slots > 0
