"""The tables and contact sheets of a trained family, as text and PNG."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import torch
import typer
from PIL import Image
from safetensors import safe_open
from torch import Tensor

from dni.checkpoints.files import save
from dni.training.looks.evaluate import contact_sheet, look_along_alpha, psnr_along_alpha
from dni.training.looks.family import read_network
from dni.training.looks.photograph_pool import read_photographs

__all__ = ["ladder", "look", "split"]

Photographs = Annotated[list[Path], typer.Option(help="A folder of photographs; may be given again.")]
Limit = Annotated[int, typer.Option(min=0, help="The first so many photographs; 0 for all.")]


def read_images(folders: list[Path], limit: int) -> list[Tensor]:
    """Float32 (1, 3, H, W) in [0, 1] each."""
    photographs = read_photographs(folders)[: limit or None]
    return [photograph.permute(2, 0, 1)[None].float() / 255 for photograph in photographs]


def alphas_of(count: int) -> list[float]:
    return [index / (count - 1) for index in range(count)]


def ladder(
    file: Annotated[Path, typer.Argument(help="A family's file, or a folder of its networks.")],
    ends: Annotated[tuple[str, str], typer.Option(help="Two networks, such as noise15 noise50.")],
    strengths: Annotated[list[int], typer.Option(help="Sigma or quality; may be given again.")],
    photographs: Photographs,
    control: Annotated[list[str] | None, typer.Option(help="A network trained for one strength.")] = None,
    limit: Limit = 0,
    count: Annotated[int, typer.Option(min=2, help="Values of alpha.")] = 11,
) -> None:
    """PSNR in dB along alpha at each strength, and of the controls, as a table in Markdown."""
    images, alphas = read_images(photographs, limit), alphas_of(count)
    states = read_network(file, ends[0]), read_network(file, ends[1])
    kind = ends[0].rstrip("0123456789")
    names = control or []
    typer.echo("| strength | " + " | ".join([f"{alpha:.2f}" for alpha in alphas] + names) + " |")
    typer.echo("|" + "---|" * (1 + len(alphas) + len(names)))
    with torch.no_grad():
        for strength in strengths:
            values = psnr_along_alpha(kind, states, images, strength, alphas)
            for name in names:
                state = read_network(file, name)
                values += psnr_along_alpha(kind, (state, state), images, strength, [0.0])
            typer.echo(f"| {strength} | " + " | ".join(f"{value:.2f}" for value in values) + " |")


def look(
    files: Annotated[tuple[Path, Path], typer.Argument(help="The ancestor's family's file, and the end's.")],
    end: Annotated[str, typer.Option(help="The look, such as pencil-middle.")],
    photographs: Photographs,
    sheet: Annotated[Path | None, typer.Option(help="Where to write a contact sheet (PNG).")] = None,
    ancestor: Annotated[str, typer.Option(help="The network at alpha 0.")] = "photograph",
    limit: Limit = 4,
    count: Annotated[int, typer.Option(min=2, help="Values of alpha.")] = 5,
) -> None:
    """How a look moves along alpha, as a table in Markdown and as pictures."""
    images, alphas = read_images(photographs, limit), alphas_of(count)
    states = read_network(files[0], ancestor), read_network(files[1], end)
    typer.echo("| alpha | change | step | brightness | contrast |\n|---|---|---|---|---|")
    with torch.no_grad():
        for record in look_along_alpha(states, images, alphas):
            typer.echo("| " + " | ".join(f"{value:.2f}" for value in record.values()) + " |")
        if sheet is not None:
            pixels = contact_sheet(states, images, alphas)[0].permute(1, 2, 0)
            Image.fromarray((pixels * 255).round().to(torch.uint8).numpy()).save(sheet)


def split(
    file: Annotated[Path, typer.Argument(help="The family's file.")],
    names: Annotated[list[str], typer.Argument(help="Of its networks.")],
    folder: Annotated[Path, typer.Option(help="Receives <name>.safetensors for each.")],
) -> None:
    """Write networks of a family into files of their own, in half precision, as they ship."""
    folder.mkdir(parents=True, exist_ok=True)
    with safe_open(file, framework="pt") as family:
        texts = family.metadata()
    configs, logs = json.loads(texts["configs"]), json.loads(texts["logs"])
    for name in names:
        state = read_network(file, name)
        metadata = {
            "architecture": "LookUNet",
            "training": json.dumps(configs[name], sort_keys=True),
            "result": json.dumps(logs[name][-1]),
        }
        save(folder / f"{name}.safetensors", {key: tensor.half() for key, tensor in state.items()}, metadata)
        typer.echo(f"{folder / name}.safetensors")
