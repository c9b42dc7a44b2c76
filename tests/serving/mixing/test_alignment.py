"""Aligning a session's networks: in the sandbox, kept as its own files are, and gone with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
import torch

from benchmarks.permute import permuted_rrdb
from dni.alignment.errors import AlignmentError
from dni.bounded_process import LimitError
from dni.checkpoints import sandbox
from dni.checkpoints.files import read_metadata, read_state, save
from dni.serving.mixing.alignment import align_for, aligned_numbers
from dni.serving.mixing.uploaded_networks import UploadedNetworks
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session
from dni.ui.mixing.align_panel import AlignPanel
from dni.ui.mixing.handlers import MixingHandlers


@pytest.fixture
def shuffled(tiny_ends: list[Path], tmp_path: Path) -> Path:
    path = tmp_path / "shuffled.safetensors"
    save(path, permuted_rrdb(read_state(tiny_ends[1])), read_metadata(tiny_ends[1]))
    return path


@pytest.fixture
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process: the other one takes as long as importing PyTorch."""

    def ask(job: str, request: Mapping[str, Any]) -> Any:
        assert job == "dni.serving.mixing.alignment:aligned_numbers"
        return aligned_numbers(request)[0]

    monkeypatch.setattr(sandbox, "ask_apart", ask)


@pytest.mark.slow
def test_in_the_sandbox(service: RenderService, tiny_ends: list[Path], shuffled: Path, ann: Session) -> None:
    networks = UploadedNetworks(service)
    paths, aligned = align_for(networks, [tiny_ends[0], shuffled], session=ann)
    assert (paths[1].name, aligned[1].groups) == ("shuffled-aligned.safetensors", 16)
    wild = read_state(tiny_ends[1])
    assert all(torch.equal(tensor, wild[name]) for name, tensor in read_state(paths[1]).items())


@pytest.mark.usefixtures("_here")
def test_a_file_stays_as_long_as_it_is_an_end_and_goes_with_its_session(
    service: RenderService, tiny_ends: list[Path], shuffled: Path
) -> None:
    networks, ann = UploadedNetworks(service), service.sessions.open("ann")
    made, _ = align_for(networks, [tiny_ends[0], shuffled, shuffled], session=ann)
    held = made[1]
    networks.hold([tiny_ends[0], held], session=ann)
    other = align_for(networks, [tiny_ends[0], shuffled], session=ann)[0][1]
    align_for(networks, [tiny_ends[0], shuffled], session=ann)
    assert (held.exists(), made[2].exists(), other.exists()) == (True, False, False)
    service.sessions.close("ann")
    networks.left.drop(ann.token)
    assert not held.exists()


@pytest.mark.usefixtures("_here")
def test_what_is_wrong_is_said_and_leaves_nothing(
    service: RenderService,
    tiny_ends: list[Path],
    ann: Session,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    networks = UploadedNetworks(service)
    assert align_for(networks, tiny_ends, session=ann) == ({}, {})
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"no network")
    with pytest.raises(AlignmentError, match="damaged"):
        align_for(networks, [tiny_ends[0], damaged], session=ann)

    def too_long(*_: Any) -> Any:
        raise LimitError("time")

    monkeypatch.setattr(sandbox, "ask_apart", too_long)
    with pytest.raises(AlignmentError, match=r"took too much\. Use dni align on your own machine"):
        align_for(networks, tiny_ends, session=ann)
    assert networks.files(ann) == []


@pytest.mark.usefixtures("_here")
def test_the_desk_offers_it_and_holds_what_is_better(
    service: RenderService, tiny_ends: list[Path], shuffled: Path
) -> None:
    tab, request = MixingHandlers(service), SimpleNamespace(session_hash="ann's page")
    session = service.sessions.open("ann's page")
    with gr.Blocks():
        panel = AlignPanel(tab)
    pair_id = tab.about(tab.networks.hold([tiny_ends[0], shuffled], session=session), session)
    assert panel.offer(pair_id, request).visible is False, "nothing was judged"
    assert "These networks probably " in tab.expect(pair_id, request)
    tab.verdicts.on(pair_id, session)
    assert panel.offer(pair_id, request).visible is True
    made, note = panel.align(pair_id, request)
    assert service.pair(made, session).labels == ("calm", "shuffled-aligned")
    assert "Before: blends with loss" in note.value
    assert "After: blends well" in note.value
    # Its verdict is known, and nobody is told of networks that are no longer on the desk.
    tab.about(made, session)
    assert tab.expect(made, request) == gr.skip()
    assert panel.offer(pair_id, request).visible is False
    assert tab.expect(pair_id, request) == gr.skip()


@pytest.mark.usefixtures("_here")
def test_the_desk_aligns_more_than_two(service: RenderService, tiny_ends: list[Path], shuffled: Path) -> None:
    tab, request = MixingHandlers(service), SimpleNamespace(session_hash="ann's page")
    session = service.sessions.open("ann's page")
    with gr.Blocks():
        panel = AlignPanel(tab)
    three = [tiny_ends[0], shuffled, tiny_ends[1]]
    pair_id = tab.about(tab.networks.hold(three, session=session), session)
    tab.verdicts.on(pair_id, session)
    assert panel.offer(pair_id, request).visible is True
    made, note = panel.align(pair_id, request)
    assert service.pair(made, session).labels == ("calm", "shuffled-aligned", "wild")
    assert "After: blends well" in note.value
    wild = read_state(tiny_ends[1])
    found = read_state(service.paths(made, session)[1])
    assert all(torch.equal(tensor, wild[name]) for name, tensor in found.items())
