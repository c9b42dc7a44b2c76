"""Mixed precision; and memory that a process keeps, in processes of their own: the setting is for good."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from cases import case

from dni import device

ROOT = Path(__file__).parents[1]
# Page faults of large tensors after the first few, and what the process holds before and after.
PROGRAM = """
import resource, sys, torch
from dni.device import keep_freed_memory, release_freed_memory

def held():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

if sys.argv[1] == "keep":
    print(keep_freed_memory())
for _ in range(8):  # they come to lie apart at first
    torch.ones(12_500_000)
faults = -resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    torch.ones(12_500_000)
faults += resource.getrusage(resource.RUSAGE_SELF).ru_minflt
kept = held()
release_freed_memory()
print(faults, kept - held())
"""


def run(*words: str, **variables: str) -> list[str]:
    environment = {**os.environ, **variables}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    return result.stdout.decode().split()


def test_training_is_mixed_where_bfloat16_is_native(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    for precision, dtype in [("float32", torch.float32), ("bfloat16", torch.bfloat16)]:
        with case(precision):
            monkeypatch.setattr(device, "best_precision", lambda _, precision=precision: precision)
            with device.training_autocast(cpu):
                assert (torch.ones(1, 1) @ torch.ones(1, 1)).dtype == dtype


@pytest.mark.slow
@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="only glibc's allocator is set"
)
class TestWithGlibc:
    def test_what_is_freed_is_used_again_without_asking_the_kernel_and_given_back_on_request(self) -> None:
        done, faults, given_back = run("keep")
        assert done == "True"
        pages_of_a_tensor = 50_000_000 // 4096
        assert int(faults) < 0.01 * pages_of_a_tensor
        assert int(given_back) > 47_500_000
        plain_faults, _ = run("plain")
        assert int(plain_faults) > 2 * pages_of_a_tensor  # else this test shows nothing

    def test_the_environments_choice_stays(self) -> None:
        assert run("keep", MALLOC_ARENA_MAX="4")[0] == "False"
