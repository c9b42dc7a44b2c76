"""A new alpha against rebuilding the network in this process, as existing tools do.

Real-ESRGAN's ``dni_weight`` (https://github.com/xinntao/Real-ESRGAN) reads both files, blends their
dictionaries and loads the result into a network in float32 and in the default memory layout. It does so in a
process of its own, because ours keeps its freed memory (:mod:`dni.device`), and existing tools do not.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from dni.benchmarking.clock import Row, alternate, median_of, ratio_of, skipped
from dni.benchmarking.frame import mixes
from dni.benchmarking.machine import sample_picture
from dni.checkpoints.networks import load_ends
from dni.device import best_precision
from dni.errors import DniError
from dni.rendering.renderer import Renderer

__all__ = ["rebuild_row"]

TARGET = 3.0
PROCESS = "from dni.benchmarking.rebuild import serve_alphas; serve_alphas()"


def read_plainly(path: Path) -> dict[str, Tensor]:
    """The tensors of a file, with as few checks as the tools that we compare with make."""
    if path.suffix == ".safetensors":
        return safetensors.torch.load_file(path)
    state = torch.load(path, map_location="cpu", weights_only=True)
    for wrapper in ("params_ema", "params"):
        if wrapper in state:
            return dict(state[wrapper])
    return dict(state)


def rebuild_and_run(module: nn.Module, paths: Sequence[Path], rgb: Tensor, alpha: float) -> Tensor:
    """One new alpha by rebuilding: uint8 (3, H, W) to uint8 (3, scale * H, scale * W)."""
    first, second = (read_plainly(path) for path in paths)
    module.load_state_dict({name: (1 - alpha) * first[name] + alpha * second[name] for name in first})
    output: Tensor = module(rgb[None].float() / 255)
    return (output[0].clamp(0, 1) * 255).round().to(torch.uint8)


class Rebuilder:
    """A process that rebuilds the network whenever it is told: with the allocator and threads of any tool."""

    def __init__(self, paths: Sequence[Path], *, height: int, width: int) -> None:
        command = [sys.executable, "-c", PROCESS, *map(str, paths), str(height), str(width)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def new_alpha(self, alpha: float) -> None:
        """Let it rebuild and run, and wait for it."""
        assert self.process.stdin
        assert self.process.stdout
        print(alpha, file=self.process.stdin, flush=True)
        if not self.process.stdout.readline():
            raise DniError(
                "Expected the rebuilding process to answer, but it has ended: see its message above."
            )

    def __enter__(self) -> Rebuilder:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()


@torch.inference_mode()
def serve_alphas() -> None:
    """What the process does, by its arguments: rebuild for each alpha on stdin, and say so."""
    *names, height, width = sys.argv[1:]
    paths = [Path(name) for name in names]
    plain = load_ends(paths)[0].module
    rgb = sample_picture(int(height), int(width))
    for line in sys.stdin:
        rebuild_and_run(plain, paths, rgb, float(line))
        print("done", flush=True)


@torch.inference_mode()
def rebuild_row(
    paths: Sequence[Path],
    *,
    name: str,
    device: torch.device,
    rounds: int = 10,
    size: tuple[int, int] = (120, 125),
) -> Row:
    """Rebuild and run: against a new alpha here, in the precision that this machine is fastest in.

    Args:
        paths: The files of two ends.
        name: What to call the pair.
        device: Where ours runs; the rebuilt network runs on the CPU.
        rounds: How often to time both, in turn.
        size: Height and width of the picture.
    """
    what = f"rebuilding in process / new alpha: {name}"
    network, states = load_ends(paths)
    if read_plainly(paths[0]).keys() != states[0].keys():
        return skipped(what, "the files name their parameters in a way of their own")
    precision = best_precision(device) if network.supports_bfloat16 else "float32"
    renderer = Renderer(network, states, precision=precision, device=device)
    rgb, wanted = sample_picture(*size), mixes(2, rounds + 1)
    with Rebuilder(paths, height=size[0], width=size[1]) as rebuilder:
        jobs = {
            "rebuild": lambda number: rebuilder.new_alpha(wanted[number].shares[1]),
            "ours": lambda number: renderer.render(rgb, wanted[number]),
        }
        times = alternate(jobs, rounds=rounds, device=device)
    quickest, slowest = min(times["rebuild"]), max(times["rebuild"])
    detail = (
        f"{median_of(times, 'rebuild'):.1f} ms ({quickest:.0f} to {slowest:.0f}; float32, default layout) / "
        f"{median_of(times, 'ours'):.1f} ms ({precision})"
    )
    return Row(what, ratio_of(times, "rebuild", "ours"), detail, TARGET, at_most=False)
