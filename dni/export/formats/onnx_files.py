"""Writes ONNX files of a blend or of all its ends with the blend inside, and runs them in ONNX Runtime.

``torch.onnx.export`` with ``dynamo=True``: the older exporter, by TorchScript, is deprecated.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dni.errors import DniError, in_words
from dni.export.formats.compare import Runner
from dni.export.formats.graphs import FixedGraph, LiveGraph

__all__ = ["OPSET", "onnx_runner", "write_onnx"]

# The newest that TensorRT 8.6, DirectML and ONNX Runtime since 1.14 all read.
OPSET = 18


def write_onnx(
    path: Path, graph: FixedGraph, image: Tensor, texts: Mapping[str, str], *, is_fixed_size: bool = False
) -> None:
    """One file, checked by ``onnx.checker``; inputs "image" and, if live, "alpha" or "shares".

    Args:
        path: Where to write.
        graph: A :class:`FixedGraph`, or a :class:`LiveGraph` for a second input.
        image: An example (1, C, H, W).
        texts: For the file's ``metadata_props``.
        is_fixed_size: Whether the file is for pictures of the example's size only.

    Raises:
        DniError: The network cannot be exported.
    """
    import onnx

    try:
        model = converted(graph, image, is_fixed_size=is_fixed_size)
    except Exception as error:  # torch.export, on third-party code
        raise cannot_export(error, is_fixed_size) from error
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, dict(texts))
    try:
        onnx.checker.check_model(model, full_check=True)
    except onnx.checker.ValidationError as error:
        raise cannot_export(error, is_fixed_size) from error
    path.write_bytes(model.SerializeToString())


def converted(graph: FixedGraph, image: Tensor, *, is_fixed_size: bool) -> Any:
    """The graph as an ``onnx.ModelProto``; raises what torch or the network raises."""
    inputs: tuple[Tensor, ...] = (image,)
    names = ["image"]
    sizes: Any = None if is_fixed_size else ({2: "height", 3: "width"},)
    if isinstance(graph, LiveGraph):
        two = graph.num_ends == 2
        mix = torch.tensor(0.5) if two else torch.full((graph.num_ends,), 1 / graph.num_ends)
        inputs, names = (*inputs, mix), [*names, "alpha" if two else "shares"]
        sizes = None if is_fixed_size else (*sizes, None)
    with quiet(), torch.no_grad():
        program = torch.onnx.export(
            graph.eval(),
            inputs,
            dynamo=True,
            dynamic_shapes=sizes,
            input_names=names,
            output_names=["output"],
            opset_version=OPSET,
            # It would turn the ends' 16 bits into 32.
            optimize=not isinstance(graph, LiveGraph),
            verbose=False,
        )
        assert program is not None, "it is None only where a file was named"
        return program.model_proto


def onnx_runner(path: Path, mix: float | tuple[float, ...] | None = None) -> Runner:
    """The file in ONNX Runtime on the processor; a live one at ``mix``: alpha, or one share an end."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]

    def run(image: NDArray[np.float32]) -> NDArray[np.floating]:
        feed = dict(zip(names, (image, np.array(mix, dtype=np.float32)), strict=False))
        output: NDArray[np.floating] = session.run(["output"], feed)[0]
        return output

    return run


def cannot_export(error: Exception, is_fixed_size: bool) -> DniError:
    reason = in_words(str(error).strip().partition("\n")[0])
    hint = (
        "Choose pth, or another network."
        if is_fixed_size
        else "Many networks with windows or attention can be exported for one size: give --size WIDTHxHEIGHT."
    )
    return DniError(
        f"Expected a network that torch.onnx can export, but it fails on this one ({reason}). {hint}"
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Without what torch and its exporter say about themselves."""
    loggers = [logging.getLogger(name) for name in ("torch", "torch.export", "torch.onnx", "onnxscript")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
