"""In a ZeroGPU Space the GPU is lent to queued jobs; a stand-in for its package plays the part here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from effects_page import Desk, Gate
from playwright.sync_api import expect

import dni.ui.effects.tab
from dni.pictures.picture import Picture
from dni.serving.render_service import RenderService
from dni.ui.zero_gpu import GpuJobs

ROOT = Path(__file__).parents[2]

ZERO_GPU = """
import sys
calls = []

assert "torch" not in sys.modules, "spaces must come before torch"
assert "gradio" not in sys.modules

# As ZeroGPU does: there seems to be a GPU, and using it outside of a lent call fails.
import torch
torch.cuda.is_available = lambda: True
torch.cuda.current_device = lambda: 0
torch.cuda.get_device_properties = lambda device: type("Properties", (), {"major": 9})

def GPU(task):
    def run(*arguments):
        calls.append((task.__name__, len(arguments)))
        return "lent"
    return run
"""
ZERO_GPU_APP = """
import json
import app
import spaces
from dni.ui.zero_gpu import GpuJobs
from dni.ui.start import default_service

service = default_service()
jobs = GpuJobs(service)
jobs.frames("picture", "pair", "region", (0, 1))
jobs.export("picture", "pair", 0.5, "path", control="progress and cancellation", session="somebody")
print(json.dumps({
    "calls": spaces.calls, "frames on": str(service.device), "jobs on": str(jobs.service.device),
    "blocks": len(app.demo.blocks),
}))
"""


@pytest.mark.slow
def test_zero_gpu_lends_its_gpu_to_queued_jobs(tmp_path: Path) -> None:
    (tmp_path / "spaces.py").write_text(ZERO_GPU)
    environment = {**os.environ, "SPACES_ZERO_GPU": "1", "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", ZERO_GPU_APP], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["calls"] == [["_frames", 4], ["_export", 4]]
    assert (answer["frames on"], answer["jobs on"]) == ("cpu", "cuda")
    assert answer["blocks"] > 10


def test_keyframes_of_a_gpu_job_come_in_one_call(
    new_desk: Callable[..., Desk],
    serve: Callable[[RenderService], str],
    tiny_service: RenderService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dni.ui.effects.tab, "IS_ZERO_GPU", True)
    service = RenderService(tiny_service.catalog, device=torch.device("cpu"), precision="float32")
    gate, alphas = Gate(service, monkeypatch), []
    render = service.render_frame
    monkeypatch.setattr(
        service, "render_frame", lambda *given: alphas.append(given[3].alpha) or render(*given)
    )
    frames, begun, go_on = GpuJobs._frames, threading.Event(), threading.Event()

    def slowly(jobs: GpuJobs, picture: Picture, pair_id: str, *given: Any) -> list[bytes]:
        if pair_id == "turned":
            begun.set()
            assert go_on.wait(60)
        return frames(jobs, picture, pair_id, *given)

    monkeypatch.setattr(GpuJobs, "_frames", slowly)
    desk = new_desk(service=service, url=serve(service)).open("?alpha=0.37")
    assert sorted(set(alphas)) == sorted({*(index / 10 for index in range(11)), 0.37})
    assert len(alphas) == 12  # each once: the browser's requests were answered from memory
    assert len(gate.asked) == 12
    desk.drag(0.64)
    desk.wait_exact(0.64)

    # A job that ends late changes nothing once another pair is on screen.
    desk.choose_pair("Turned pair")
    desk.wait_until(begun.is_set)
    desk.choose_pair("Tiny pair")
    expect(desk.page.locator(".end-a")).to_have_text("calm")
    go_on.set()
    desk.wait_quiet()
    desk.page.wait_for_timeout(1000)
    expect(desk.page.locator(".end-a")).to_have_text("calm")
    desk.wait_exact(0.64)
