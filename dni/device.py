"""Which device and precision to compute with, and how the process gets its memory from the system.

A network's layers allocate and free tensors of megabytes for every frame. glibc by default asks the kernel
for each and gives it back at once, and the kernel clears every page again: on the machine of
benchmarks/large.md that was half of the time of a large tile. Keeping freed memory, and one heap for all
threads, avoids that; :func:`release_freed_memory` returns what is free when a large job is done.

Large pages (torch's ``THP_MEM_ALLOC_ENABLE``) were tried on top: frames were up to 5 percent faster, but what
is aligned to pages cannot be used again for the same size, and a large picture took 0.6 GB more.
"""

from __future__ import annotations

import ctypes
import os
from typing import Literal

import torch

__all__ = [
    "DTYPES",
    "Precision",
    "best_device",
    "best_precision",
    "keep_freed_memory",
    "release_freed_memory",
    "training_autocast",
]

Precision = Literal["bfloat16", "float32"]

DTYPES: dict[Precision, torch.dtype] = {"bfloat16": torch.bfloat16, "float32": torch.float32}

# Of malloc.h in glibc.
M_TRIM_THRESHOLD = -1
M_MMAP_MAX = -4
M_ARENA_MAX = -8
NEVER = 2**31 - 1


def best_device() -> torch.device:
    """The GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def best_precision(device: torch.device) -> Precision:
    """bfloat16 where the hardware multiplies it natively, else float32."""
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        # Private, but the only test that does not count oneDNN's slow emulation; absent means float32.
        native = getattr(torch.cpu, "_is_avx512_bf16_supported", bool)()
    return "bfloat16" if native else "float32"


def training_autocast(device: torch.device) -> torch.autocast:
    """Mixed precision where the hardware multiplies bfloat16 natively; elsewhere it is many times slower."""
    native = best_precision(device) == "bfloat16"
    return torch.autocast(device.type, torch.bfloat16, enabled=native)


def keep_freed_memory() -> bool:
    """Let this process keep the memory that it frees, for its own next use.

    For programs, right at their start: the setting is the whole process's. Whoever uses dni as a library
    decides that for their own process. What was chosen in the environment (``MALLOC_TRIM_THRESHOLD_`` and the
    like, ``GLIBC_TUNABLES``) stays.

    Returns:
        Whether it was set; False without glibc (macOS, Windows, musl), or where the environment chose.
    """
    libc = glibc()
    if libc is None or any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return False
    settings = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: NEVER, M_ARENA_MAX: 1}
    return all([libc.mallopt(name, value) for name, value in settings.items()])


def release_freed_memory() -> None:
    """Return to the system what is free: after a large job, so that its memory does not stay for good."""
    libc = glibc()
    if libc is not None:
        libc.malloc_trim(0)


def glibc() -> ctypes.CDLL | None:
    """The C library, if it is the GNU one."""
    try:
        libc = ctypes.CDLL(None)
    except (OSError, TypeError):  # Windows has no process-wide handle
        return None
    return libc if hasattr(libc, "gnu_get_libc_version") else None
