"""``python -m dni.training.looks``: train one network of the family, or whole families in a given time."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer
from PIL import Image
from safetensors import safe_open
from torch import Tensor

from dni.checkpoints.files import save
from dni.metrics.perceptual import load_extractor
from dni.training.looks.config import LookConfig, preset
from dni.training.looks.evaluate import contact_sheet, look_along_alpha, psnr_along_alpha
from dni.training.looks.family import FamilyRun, read_network
from dni.training.looks.photograph_pool import PhotographPool, read_photograph, read_photographs
from dni.training.looks.style import PaintingLoss, PaintingWeights
from dni.training.looks.train import Budget, LookTrainer

app = typer.Typer(help=__doc__, no_args_is_help=True)

Photographs = Annotated[list[Path], typer.Option(help="A folder of photographs; may be given again.")]
HeldBack = Annotated[Path | None, typer.Option(help="A text file of names that are never trained on.")]
Paintings = Annotated[Path | None, typer.Option(help="Folder of the paintings, <name>.jpg.")]
Extractor = Annotated[str, typer.Option(help="'vgg19' or a Tiny Darknet .safetensors file.")]
BatchSize = Annotated[int, typer.Option(min=0, help="Crops per step; 0 for each network's own.")]
CropSize = Annotated[int, typer.Option(min=0, help="Side of a crop; 0 for each network's own.")]
Limit = Annotated[int, typer.Option(min=0, help="The first so many photographs; 0 for all.")]
Seed = Annotated[int, typer.Option(help="Seed of weights and batches.")]


def make_pool(folders: list[Path], held_back: Path | None) -> PhotographPool:
    names = held_back.read_text().splitlines() if held_back else []
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True
    return PhotographPool(read_photographs(folders, held_back=names), device=device)


def make_painting_loss(
    subject: str, *, paintings: Path | None, extractor: str, device: torch.device
) -> PaintingLoss:
    if paintings is None:
        raise typer.BadParameter(f"{subject} is a painting: give the folder of the paintings.")
    pixels = read_photograph(paintings / f"{subject}.jpg").permute(2, 0, 1)[None].float() / 255
    features = load_extractor(extractor).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return PaintingLoss(features, pixels.to(device), weights=PaintingWeights())


def change(config: LookConfig, *, batch_size: int, crop_size: int, seed: int) -> LookConfig:
    return replace(
        config,
        batch_size=batch_size or config.batch_size,
        crop_size=crop_size or config.crop_size,
        seed=seed,
    )


@app.command()
def one(
    name: Annotated[str, typer.Argument(help="Of the network, such as pencil or noise15.")],
    photographs: Photographs,
    run_folder: Annotated[Path, typer.Option(help="Receives state.pt, log.json and the weights.")],
    ancestor: Annotated[Path | None, typer.Option(help="Weights to start from.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Length of the run.")] = None,
    seconds: Annotated[float, typer.Option(help="Length of the run where no steps are given.")] = 1800.0,
    held_back: HeldBack = None,
    paintings: Paintings = None,
    extractor: Extractor = "vgg19",
    batch_size: BatchSize = 0,
    crop_size: CropSize = 0,
    seed: Seed = 0,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint.")] = False,
) -> None:
    """Train one network; what it descends from comes from a file."""
    config = change(preset(name), batch_size=batch_size, crop_size=crop_size, seed=seed)
    pool = make_pool(photographs, held_back)
    loss = None
    if config.task == "painting":
        loss = make_painting_loss(
            config.subject, paintings=paintings, extractor=extractor, device=pool.device
        )
    start = read_network(ancestor, config.ancestor) if ancestor and config.ancestor else None
    trainer = LookTrainer(config, pool, ancestor=start, painting_loss=loss)
    run_folder.mkdir(parents=True, exist_ok=True)
    state_file = run_folder / "state.pt"
    if resume and state_file.is_file():
        trainer.resume(state_file)

    checkpoint = partial(write_checkpoint, name=name, state_file=state_file)
    trainer.run(Budget(steps, seconds), checkpoint=checkpoint)


def write_checkpoint(trainer: LookTrainer, *, name: str, state_file: Path) -> None:
    """Write a run's state, and beside it the weights and the log of losses."""
    unfinished = state_file.with_suffix(".partial")
    torch.save(trainer.state(), unfinished)
    unfinished.replace(state_file)
    metadata = {"architecture": "LookUNet", "training": json.dumps(asdict(trainer.config), sort_keys=True)}
    tensors = {f"{name}/{parameter}": tensor for parameter, tensor in trainer.average.items()}
    save(state_file.with_name(f"{name}.safetensors"), tensors, metadata)
    state_file.with_name("log.json").write_text(json.dumps(trainer.log, indent=1))
    typer.echo(json.dumps(trainer.log[-1]))


@app.command()
def families(
    names: Annotated[list[str], typer.Argument(help="Of looks, variants, ladders; in this order.")],
    photographs: Photographs,
    folder: Annotated[Path, typer.Option(help="Receives <family>.safetensors.")],
    seconds: Annotated[float, typer.Option(help="For all of it.")],
    held_back: HeldBack = None,
    paintings: Paintings = None,
    extractor: Extractor = "vgg19",
    batch_size: BatchSize = 0,
    crop_size: CropSize = 0,
    seed: Seed = 0,
    checkpoint_seconds: Annotated[float, typer.Option(help="Between checkpoints.")] = 60.0,
) -> None:
    """Train whole families, one network after the other, within a time."""
    started = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    pool = make_pool(photographs, held_back)
    run = FamilyRun(
        pool,
        folder,
        painting_loss=lambda subject: make_painting_loss(
            subject, paintings=paintings, extractor=extractor, device=pool.device
        ),
        changes=lambda config: change(config, batch_size=batch_size, crop_size=crop_size, seed=seed),
        say=typer.echo,
    )
    run.run(names, seconds=seconds - (time.perf_counter() - started), checkpoint_seconds=checkpoint_seconds)


def read_images(folders: list[Path], limit: int) -> list[Tensor]:
    """Float32 (1, 3, H, W) in [0, 1] each."""
    photographs = read_photographs(folders)[: limit or None]
    return [photograph.permute(2, 0, 1)[None].float() / 255 for photograph in photographs]


def alphas_of(count: int) -> list[float]:
    return [index / (count - 1) for index in range(count)]


@app.command()
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


@app.command()
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


@app.command()
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


if __name__ == "__main__":
    app()
