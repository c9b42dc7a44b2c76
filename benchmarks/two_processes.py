"""A new alpha in two processes, as ESRGAN's published scripts work: blend and save, then load and run.

Our own equivalents of ``net_interp.py`` and ``test.py`` (https://github.com/xinntao/ESRGAN), and kinder than
those: the network is built without initial values, which its file replaces anyway.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from models.rrdbnet import RRDBNet


def blend(first: Path, second: Path, alpha: float, blended: Path) -> None:
    """Read two files of weights, blend them, and save the result."""
    a, b = (torch.load(path, map_location="cpu", weights_only=True) for path in (first, second))
    torch.save({name: (1 - alpha) * a[name] + alpha * b[name] for name in a}, blended)


@torch.inference_mode()
def run(weights: Path, picture: Path, output: Path) -> None:
    """Load a file of weights, build its network in float32, run it on a picture, and save the result."""
    state = torch.load(weights, map_location="cpu", weights_only=True)
    blocks = {name.split(".")[1] for name in state if name.startswith("body.")}
    with torch.device("meta"):
        network = RRDBNet(num_filters=len(state["conv_first.bias"]), num_blocks=len(blocks))
    network.load_state_dict(state, assign=True)
    pixels = torch.from_numpy(np.array(Image.open(picture).convert("RGB")))
    result = network.eval()(pixels.permute(2, 0, 1)[None].float() / 255)
    levels = (result[0].clamp(0, 1) * 255).round().to(torch.uint8)
    Image.fromarray(levels.permute(1, 2, 0).numpy()).save(output)


def new_alpha(ends: tuple[Path, Path], alpha: float, picture: Path, folder: Path) -> None:
    """Both processes, one after the other; the result is ``picture.png`` in the folder."""
    blended = folder / "blended.pth"
    command = [sys.executable, "-m", "benchmarks.two_processes"]
    here = Path(__file__).parent.parent
    for words in (
        ["blend", *map(str, ends), str(alpha), str(blended)],
        ["run", str(blended), str(picture), str(folder / "picture.png")],
    ):
        subprocess.run([*command, *words], check=True, cwd=here)


def main() -> None:
    """Do one of the two steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    first = steps.add_parser("blend")
    for name, kind in (("first", Path), ("second", Path), ("alpha", float), ("blended", Path)):
        first.add_argument(name, type=kind)
    second = steps.add_parser("run")
    for name in ("weights", "picture", "output"):
        second.add_argument(name, type=Path)
    values = vars(parser.parse_args())
    step = {"blend": blend, "run": run}[values.pop("step")]
    step(**values)


if __name__ == "__main__":
    main()
