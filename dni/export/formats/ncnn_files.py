"""Writes ncnn's two files through pnnx, named as upscayl and realesrgan-ncnn-vulkan expect, and runs them.

Those programs feed a blob "data" with RGB in [0, 1] and read a blob "output"; pnnx calls them "in0" and
"out0".
"""

from __future__ import annotations

import re
import subprocess
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dni.checkpoints.image_network import ImageNetwork
from dni.errors import DniError, in_words
from dni.export.formats.compare import Runner
from dni.export.formats.kinds import Precision

__all__ = ["INPUT", "OUTPUT", "ncnn_runner", "write_ncnn"]

INPUT, OUTPUT = "data", "output"
# pnnx takes the sizes in which two examples differ for free ones.
EXAMPLE_SIDES = (64, 96)
LONGEST_SECONDS = 600


def write_ncnn(param: Path, weights: Path, network: ImageNetwork, precision: Precision) -> None:
    """Convert a network.

    Args:
        param: Where to write the layers, as text.
        weights: Where to write the numbers.
        network: For pictures whose sides are multiples of what it says; ncnn cannot pad to them.
        precision: Of the stored numbers; what a program computes in is its own choice.

    Raises:
        DniError: pnnx fails, or leaves a layer that ncnn does not have.
    """
    shapes = [example_shape(network, side) for side in EXAMPLE_SIDES]
    trace_network(network, shapes[0], param.parent / "network.pt")
    raw, numbers = run_pnnx(network, shapes, param.parent, precision)
    param.write_text(renamed(raw.read_text(encoding="utf-8"), network), encoding="utf-8")
    numbers.replace(weights)


def trace_network(network: ImageNetwork, shape: tuple[int, ...], destination: Path) -> None:
    """Write the network as TorchScript, which pnnx reads."""
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            trace: Any = torch.jit.trace  # without types
            traced = trace(network.module, torch.rand(shape), check_trace=False)
            traced.save(str(destination))
    except Exception as error:  # torch.jit, on third-party code
        raise cannot_convert(network, in_words(str(error).partition("\n")[0])) from error


def run_pnnx(
    network: ImageNetwork, shapes: Sequence[tuple[int, ...]], folder: Path, precision: Precision
) -> tuple[Path, Path]:
    """Convert the folder's ``network.pt``: ncnn's layers and numbers, with pnnx's names of blobs."""
    import pnnx

    raw, numbers = folder / "raw.param", folder / "raw.bin"
    places = {"pnnxparam": "p", "pnnxbin": "b", "pnnxpy": "y.py", "pnnxonnx": "o", "ncnnpy": "n.py"}
    command = [
        pnnx.EXEC_PATH,
        "network.pt",
        f"inputshape={text_of(shapes[0])}",
        f"inputshape2={text_of(shapes[1])}",
        f"fp16={int(precision is Precision.FLOAT16)}",
        *(f"{name}={place}" for name, place in places.items()),
        f"ncnnparam={raw.name}",
        f"ncnnbin={numbers.name}",
    ]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=LONGEST_SECONDS
    )
    if done.returncode or not raw.exists() or not numbers.exists():
        said = (done.stderr or done.stdout).strip().splitlines()[-1:] or [f"status {done.returncode}"]
        raise cannot_convert(network, in_words(said[0]))
    return raw, numbers


def ncnn_runner(param: Path, weights: Path) -> Runner:
    """The files in ncnn on the processor, computing in float32."""
    import ncnn

    net = ncnn.Net()
    for name in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
        setattr(net.opt, name, False)
    net.opt.num_threads = torch.get_num_threads()
    if net.load_param(str(param)) or net.load_model(str(weights)):
        raise DniError("Expected files that ncnn reads, but it refuses them. Choose onnx.")

    def run(image: NDArray[np.float32]) -> NDArray[np.floating]:
        extractor = net.create_extractor()
        extractor.input(INPUT, ncnn.Mat(np.ascontiguousarray(image[0])).clone())
        status, output = extractor.extract(OUTPUT)
        return np.array(output)[None] if status == 0 else np.empty(0, dtype=np.float32)

    return run


def renamed(text: str, network: ImageNetwork) -> str:
    """The layers with the names of blobs that programs expect.

    Raises:
        DniError: Some layer is pnnx's own, which ncnn does not have.
    """
    lines = text.splitlines()
    unknown = sorted(
        {line.split()[0] for line in lines[2:] if re.match(r"(pnnx|aten|prim|torch|F|nn)\b", line)}
    )
    if unknown:
        raise cannot_convert(network, f"ncnn has no layers for {', '.join(unknown)}")
    names = {"in0": INPUT, "out0": OUTPUT}
    changed = [" ".join(names.get(word, word) for word in line.split()) for line in lines]
    return "\n".join(changed) + "\n"


def example_shape(network: ImageNetwork, side: int) -> tuple[int, ...]:
    side = -(-max(side, network.minimum_size) // network.multiple_of) * network.multiple_of
    return 1, network.input_channels, side, side


def text_of(shape: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, shape))}]f32"


def cannot_convert(network: ImageNetwork, reason: str) -> DniError:
    return DniError(
        f"Expected a network that pnnx can convert to ncnn, but this {network.architecture} cannot be "
        f"({reason}). Choose onnx or pth."
    )
