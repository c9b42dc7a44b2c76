"""Describes the machine that is measured, and gives a picture to measure with."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from dni.device import Precision, best_precision

__all__ = ["cpu_name", "describe_machine", "precisions", "sample_picture"]


def cpu_name() -> str:
    """The processor's name as Linux gives it, else what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


def describe_machine() -> str:
    """One line about the machine and the versions."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    return f"{cpu_name()}, {os.cpu_count()} cores, {gpu}; {versions}"


def precisions(device: torch.device) -> list[Precision]:
    """What the device computes natively, the fastest first."""
    best = best_precision(device)
    return [best] if best == "float32" else [best, "float32"]


def sample_picture(height: int, width: int) -> Tensor:
    """A picture of soft random shapes, always the same: uint8 (3, height, width) on the CPU."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, max(2, height // 8), max(2, width // 8), generator=generator)
    smooth = functional.interpolate(coarse, size=(height, width), mode="bilinear", align_corners=True)
    return (smooth[0] * 255).round().to(torch.uint8)
