"""``python -m dni.training.looks``: train one network of the family, or whole families in a given time."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import torch
import typer

from dni.checkpoints.files import save
from dni.metrics.perceptual import load_extractor
from dni.training.looks.commands import ladder, look, split
from dni.training.looks.config import LookConfig, preset
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

    def checkpoint(trainer: LookTrainer) -> None:
        partial = state_file.with_suffix(".partial")
        torch.save(trainer.state(), partial)
        partial.replace(state_file)
        metadata = {"architecture": "LookUNet", "training": json.dumps(asdict(config), sort_keys=True)}
        tensors = {f"{name}/{parameter}": tensor for parameter, tensor in trainer.average.items()}
        save(run_folder / f"{name}.safetensors", tensors, metadata)
        (run_folder / "log.json").write_text(json.dumps(trainer.log, indent=1))
        typer.echo(json.dumps(trainer.log[-1]))

    trainer.run(Budget(steps, seconds), checkpoint=checkpoint)


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


app.command()(ladder)
app.command()(look)
app.command()(split)

if __name__ == "__main__":
    app()
