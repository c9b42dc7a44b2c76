"""The files of :mod:`benchmarks.attacks`: small to send, and expensive or misleading to read."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import load_file, save

__all__ = [
    "chunk",
    "gif_of_many_frames",
    "jpeg_of_many_scans",
    "large_png",
    "png",
    "tiff_of_many_directories",
    "write_attack_files",
]

LARGE_SIDE = 7000
SCANS = 600
DIRECTORIES = 100_000
CHUNKS = 1_000_000
FRAMES = 60_000
LONG_NAME = 4_000_000
DEPTH = 20_000
DIGITS = 200_000
TEXTS = 1_500_000


def write_attack_files(folder: Path, network: Path) -> None:
    """Write all of them, some 40 MB.

    Args:
        folder: Where; it exists.
        network: A good safetensors file, whose tensors others imitate.
    """
    files = {
        "large.png": large_png(),
        "scans.jpg": jpeg_of_many_scans(SCANS),
        "directories.tif": tiff_of_many_directories(DIRECTORIES),
        "chunks.png": png(4, 4, before=chunk(b"teSt", b"") * CHUNKS),
        "frames.gif": gif_of_many_frames(FRAMES),
        "photo.png": png(600, 400),
        "claims.pth": network_that_claims(network),
        "header.safetensors": safetensors_with({"x" * LONG_NAME: tensor_entry()}),
        "many.safetensors": safetensors_with({f"layer{n}.weight": tensor_entry() for n in range(20_000)}),
        "small.safetensors": save({"conv.weight": torch.zeros(4, 3, 3, 3)}),
        "network.safetensors": network.read_bytes(),
        **recipe_files(),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)


def chunk(name: bytes, content: bytes) -> bytes:
    """One of a PNG."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, *, before: bytes = b"") -> bytes:
    """All black, with chunks before the pixels."""
    pixels = zlib.compress(bytes(height * (3 * width + 1)), 9)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + before + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def large_png() -> bytes:
    """49 megapixels in 0.2 MB, one of them translucent, so that it is laid over grey."""
    image = Image.new("RGBA", (LARGE_SIDE, LARGE_SIDE), (0, 0, 0, 255))
    image.putpixel((0, 0), (255, 255, 255, 128))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()


def jpeg_of_many_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    buffer = io.BytesIO()
    Image.new("L", (3000, 3000)).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    scan = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + scan * count + b"\xff\xd9"


def tiff_of_many_directories(count: int) -> bytes:
    """A chain of directories, each of which counts as a frame."""
    buffer = io.BytesIO()
    Image.new("L", (4, 4)).save(buffer, "TIFF")
    data = bytearray(buffer.getvalue())
    start = struct.unpack("<I", data[4:8])[0]
    entries = struct.unpack("<H", data[start : start + 2])[0]
    directory = bytes(data[start : start + 2 + 12 * entries])
    del data[start:]
    for _ in range(count):
        data += directory + struct.pack("<I", len(data) + len(directory) + 4)
    data[-4:] = bytes(4)
    return bytes(data)


def gif_of_many_frames(count: int) -> bytes:
    """The same frame again and again."""
    buffer = io.BytesIO()
    Image.new("P", (64, 64)).save(buffer, "GIF")
    data = buffer.getvalue()
    at = data.index(b"\x2c")
    return data[:at] + data[at:-1] * count + b"\x3b"


def network_that_claims(network: Path) -> bytes:
    """Tensors of stride 0: one stored number each, for as many as the shape says."""
    state = {name: torch.zeros(1).expand(tensor.shape) for name, tensor in load_file(network).items()}
    buffer = io.BytesIO()
    torch.save({"params": state}, buffer)
    return buffer.getvalue()


def tensor_entry() -> dict[str, object]:
    """One of a safetensors header; all of them share the same four bytes."""
    return {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


def safetensors_with(entries: dict[str, object]) -> bytes:
    header = json.dumps(entries).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4)


def recipe_files() -> dict[str, bytes]:
    """Recipes that are nested deeply, and that hold long numbers, where recipes are kept."""
    files = {}
    for name, recipe in {
        "deep": "[" * DEPTH + "]" * DEPTH,
        "number": '{"scale": ' + "9" * DIGITS + "}",
    }.items():
        text = chunk(b"tEXt", b"dni\0" + recipe.encode())
        metadata = {"__metadata__": {"dni": recipe}, "a": tensor_entry()}
        files[f"{name}.png"] = png(4, 4, before=text)
        files[f"{name}.safetensors"] = safetensors_with(metadata)
        files[f"{name}.json"] = recipe.encode()
    texts = {f"{number:x}": "" for number in range(TEXTS)}
    files["crowded.safetensors"] = safetensors_with({"__metadata__": texts, "a": tensor_entry()})
    return files
