"""Networks of strangers are tried apart, and loading them holds up nobody else."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from dni.bounded_process import LimitError
from dni.catalog.pairs import Pair
from dni.checkpoints import sandbox
from dni.checkpoints.networks import load_ends
from dni.errors import DniError
from dni.rendering.renderer import Renderer
from dni.serving import network_trial, pairs
from dni.serving.mixing.uploaded_networks import UploadedNetworks
from dni.serving.network_trial import measure_apart, try_network, unusable
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session

PATIENCE = 30


def test_a_good_network_is_run_and_measured(tiny_ends: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    tiles: list[int | None] = []
    render = network_trial.Renderer.render

    def watched(renderer: Any, *arguments: Any, tile: int | None = None) -> Any:
        tiles.append(tile)
        return render(renderer, *arguments, tile=tile)

    monkeypatch.setattr(network_trial.Renderer, "render", watched)
    try_network(str(tiny_ends[0]))
    assert tiles == [None, network_trial.TILE]


@pytest.mark.slow
def test_networks_that_claim_more_than_they_hold(tiny_ends: list[Path], tmp_path: Path) -> None:
    """The kind that stalled everybody: 42 KB, with 52 million parameters of stride 0."""
    state = {name: torch.zeros(1).expand(tensor.shape) for name, tensor in load_file(tiny_ends[0]).items()}
    torch.save({"params": state}, tmp_path / "claims.pth")
    (tmp_path / "cut.safetensors").write_bytes(tiny_ends[0].read_bytes()[:-4])
    brought = [tmp_path / "claims.pth", tmp_path / "cut.safetensors", *tiny_ends]
    problems = unusable(brought)
    assert list(problems) == brought[:2]
    assert "Expected every value to be stored" in problems[brought[0]]
    assert "is damaged, incomplete or something else" in problems[brought[1]]


def test_no_call_brings_more_than_eight_networks(
    service: RenderService, tiny_ends: list[Path], ann: Session
) -> None:
    with pytest.raises(DniError, match="at most 8 networks at once, but got 9"):
        UploadedNetworks(service).hold([*tiny_ends] * 4 + tiny_ends[:1], session=ann)


def test_loading_a_pair_holds_up_no_other(
    service: RenderService, tiny_ends: list[Path], ann: Session, bob: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ann's own pair is stuck; the catalogue's is loaded meanwhile, and Bob's own waits for its turn."""
    load, begun, stuck = pairs.load_ends, threading.Semaphore(0), threading.Event()

    def load_slowly(paths: list[Path]) -> Any:
        if len(paths) == 3:
            begun.release()
            assert stuck.wait(PATIENCE)
        return load(paths)

    monkeypatch.setattr(pairs, "load_ends", load_slowly)
    own = Pair.from_paths([*tiny_ends, tiny_ends[0]])
    ids = {who: service.hold_pair(own, session=who) for who in (ann, bob)}
    with ThreadPoolExecutor(2) as pool:
        loading = [pool.submit(service.renderer, pair_id, who) for who, pair_id in ids.items()]
        try:
            assert begun.acquire(timeout=PATIENCE)
            assert service.renderer("tiny").scale == 4
            assert not begun.acquire(timeout=0.2)
        finally:
            stuck.set()
        assert [each.result(PATIENCE).scale for each in loading] == [4, 4]


@pytest.fixture
def cugan(shared: Path) -> list[Path]:
    """Two ends with strides and global operations: their surroundings are measured, not computed."""
    return [
        shared / "pairs" / "realcugan-2x" / f"up2x-{name}.safetensors" for name in ("no-denoise", "denoise1x")
    ]


@pytest.mark.slow
def test_measuring_apart_gives_what_measuring_here_gives(tiny_ends: list[Path]) -> None:
    network, states = load_ends(tiny_ends)
    here = Renderer(network, states, device=torch.device("cpu"), precision="float32").measured()
    assert here.overlap > 0
    assert measure_apart(tiny_ends) == here


def test_own_networks_are_measured_apart_once(
    service: RenderService, cugan: list[Path], ann: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither frames nor an export measure again; nothing found is nothing that is measured here."""
    asked: list[Any] = []
    monkeypatch.setattr(pairs, "measure_apart", asked.append)
    monkeypatch.setattr(Renderer, "_measure_surroundings", lambda _: pytest.fail("measured here"))
    pair_id = service.hold_pair(Pair.from_paths(cugan), session=ann)
    renderers = [service.renderer(pair_id, ann), service.export_renderer(pair_id, ann)]
    assert renderers[0] is not renderers[1]
    assert asked == [cugan]
    assert all(renderer.measured().is_global for renderer in renderers)


def test_measuring_that_takes_too_much_is_given_up(
    tiny_ends: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask_apart(*_: Any) -> None:
        raise LimitError("time")

    monkeypatch.setattr(sandbox, "ask_apart", ask_apart)
    assert measure_apart(tiny_ends) is None
