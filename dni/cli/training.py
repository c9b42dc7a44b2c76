"""``dni train`` and ``dni evaluate``: trains and measures the networks that ship."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from dni.catalog.catalog_file import find_pair
from dni.cli.common import with_option_groups

__all__ = [
    "evaluate_digit_curves",
    "evaluate_digits",
    "evaluate_restore",
    "evaluate_transfer",
    "train_digits",
    "train_restore",
    "train_transfer",
]

DataRoot = Annotated[Path, typer.Option(help="Folder with MNIST/raw and bsds500.")]
TransferData = Annotated[
    Path, typer.Option(help="Folder with MNIST/raw, and for the last three views usps, omniglot and text.")
]
RunRoot = Annotated[Path, typer.Option(help="Folder of the runs, <method>/<seed>/ in it.")]
Photographs = Annotated[
    list[Path], typer.Option("--photographs", help="A folder of photographs; may be given again.")
]
HeldBack = Annotated[Path | None, typer.Option(help="A text file of names that are never trained on.")]
Resume = Annotated[bool, typer.Option(help="Go on from the last checkpoint.")]
NetworkSize = Annotated[str, typer.Option(help="'small', or 'large' for six times the work.")]
Iterations = Annotated[int, typer.Option(min=0, help="Length of a run; 0 for each method's own.")]


@dataclass(frozen=True, kw_only=True)
class RestoreRun:
    """What a run of ``dni train restore`` reads and writes."""

    photographs: Photographs
    run_folder: Annotated[Path, typer.Option(help="Where to write the run.")]
    ancestor: Annotated[Path | None, typer.Option(help="Weights to start from, for all ends but 'psnr'.")] = (
        None
    )
    extractor: Annotated[
        str | None,
        typer.Option(
            help="For 'gan' vgg19 or a Tiny Darknet file, for those with a DISTS-like loss lite0 or its file."
        ),
    ] = None
    held_back: HeldBack = None
    workers: Annotated[int, typer.Option(min=0, help="Processes that prepare patches for a GPU.")] = 0
    resume: Resume = False


@dataclass(frozen=True, kw_only=True)
class RestoreSettings:
    """What differs from the settings that the end shipped with: ``PRESETS`` in restoration's ``config``."""

    network: Annotated[
        str, typer.Option(help="'rrdb', 'compact' for a tenth of the work, or 'compact-64' for half.")
    ] = "rrdb"
    iterations: Annotated[int | None, typer.Option(min=1, help="Length of the run.")] = None
    seconds: Annotated[float, typer.Option(min=0, help="Length of the run, in place of iterations.")] = 0.0
    batch_size: Annotated[int | None, typer.Option(min=1, help="Patches a step.")] = None
    adversarial_share: Annotated[
        float | None, typer.Option(min=0.0, help="How much 'detail' and 'vivid' heed their discriminator.")
    ] = None
    spectrum_weight: Annotated[
        float | None, typer.Option(min=0.0, help="Of the loss on power spectra, against weaves and lattices.")
    ] = None
    spectrum_power: Annotated[
        float | None,
        typer.Option(help="Share of the true texture's power that this loss asks for."),
    ] = None
    lattice_weight: Annotated[
        float | None, typer.Option(min=0.0, help="Of the loss on differences between sub-pixels.")
    ] = None
    seed: Annotated[int, typer.Option(help="Seed of weights and batches.")] = 0


@with_option_groups
def train_restore(
    end: Annotated[
        str,
        typer.Argument(
            help="'psnr' (end A), or from A: 'texture' (end B), 'detail', 'gan', 'clean', 'flat' or "
            "'careful', and from that one 'bold' or 'vivid'."
        ),
    ],
    run: RestoreRun,
    settings: RestoreSettings,
) -> None:
    """Train one end of a set of super-resolution networks; with 'accelerate launch' on several GPUs."""
    from dni.training.restoration.config import preset
    from dni.training.restoration.train import Trainer

    trainer = Trainer(
        preset(end, **asdict(settings)),
        photographs=run.photographs,
        run_folder=run.run_folder,
        ancestor=run.ancestor,
        extractor=run.extractor,
        held_back=run.held_back.read_text().splitlines() if run.held_back else (),
        workers=run.workers,
        resume=run.resume,
    )
    trainer.run()
    typer.echo(f"Wrote {trainer.export()}")


def train_digits(
    method: Annotated[
        str, typer.Argument(help="A method's id, such as dann, or 'all'; 'best' is the state-of-the-art row.")
    ],
    data_root: DataRoot,
    run_root: RunRoot,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights and batches.")] = 0,
    iterations: Iterations = 0,
    weight: Annotated[
        float | None, typer.Option(help="Of the alignment, in place of the one chosen; with --layers.")
    ] = None,
    layers: Annotated[str, typer.Option(help="Aligned: features, fc1, fc2, logits; with commas.")] = "",
    network: NetworkSize = "small",
    resume: Resume = False,
) -> None:
    """Train a method of adaptation, and source-only before it if that is missing."""
    from dni.training.adaptation.methods.base import Setting
    from dni.training.adaptation.runs import Runs

    runs = Runs(data_root, run_root, iterations=iterations, size=network)
    if (weight is None) != (not layers):
        raise typer.BadParameter("Expected --weight and --layers together, but got one of them.")
    if weight is None:
        written = runs.train_seed(method, seed, resume=resume)
    else:
        written = runs.train_variant(method, Setting(weight, tuple(layers.split(","))), seed, resume=resume)
    for path in written:
        typer.echo(f"Wrote {path}")


def evaluate_digits(
    data_root: DataRoot,
    run_root: RunRoot,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds 0 to this less one.")] = 5,
    iterations: Iterations = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Runs at once, which share the processor.")] = 1,
    keep_reported: Annotated[
        bool, typer.Option(help="Train nothing; keep rows of report.json whose runs are not in RUN_ROOT.")
    ] = False,
    network: NetworkSize = "small",
) -> None:
    """Train every method with every seed, unless it is there, and measure all; writes weights/digits.

    Of the large network, source-only, adamatch and target_only; writes weights/digits/large.
    """
    from dni.training.adaptation.reporting.large_report import write_large_report
    from dni.training.adaptation.reporting.report import write_report
    from dni.training.adaptation.runs import Runs

    runs = Runs(data_root, run_root, num_seeds=seeds, iterations=iterations, size=network)
    write = write_report if network == "small" else write_large_report
    write(runs, keep_reported=keep_reported, jobs=jobs)


def evaluate_digit_curves(
    data_root: DataRoot,
    jobs: Annotated[int, typer.Option(min=1, help="Methods at once, which share the processor.")] = 1,
    keep_measured: Annotated[
        bool, typer.Option(help="Keep the curves of methods whose networks have not changed.")
    ] = False,
) -> None:
    """Measure the digit networks that ship, along alpha; writes weights/digits/curves.json."""
    from dni.training.adaptation.reporting.shipped_curves import write_curves

    write_curves(data_root, keep_measured=keep_measured, jobs=jobs)


def train_transfer(
    view: Annotated[str, typer.Argument(help="A view: teacher, depth, unlabelled, letters or words.")],
    data_root: TransferData,
    run_root: Annotated[Path, typer.Option(help="Folder of the runs, <view>/<seed>/ in it.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights and batches.")] = 0,
    resume: Annotated[bool, typer.Option(help="Keep what an interrupted run has finished.")] = False,
) -> None:
    """Train the networks of a view of the Transfer tab."""
    from dni.training.transfer.views import Runs, view_module

    view_module(view).train(Runs(data_root, run_root, resume=resume), seed)


def evaluate_transfer(
    data_root: TransferData,
    run_root: Annotated[Path, typer.Option(help="Folder of the runs, <view>/<seed>/ in it.")],
    view: Annotated[str, typer.Option(help="One view of the Transfer tab, or 'all'.")] = "all",
    seeds: Annotated[int, typer.Option(min=1, help="Seeds 0 to this less one.")] = 3,
) -> None:
    """Train what is missing, and measure the views of the Transfer tab; writes weights/transfer."""
    from dni.training.transfer.views import VIEW_NAMES, Runs, view_module

    runs = Runs(data_root, run_root, num_seeds=seeds)
    for name in VIEW_NAMES if view == "all" else (view,):
        view_module(name).evaluate(runs)


def evaluate_restore(
    data_root: Annotated[Path, typer.Option(help="Folder with set5, set14 and bsds500/val.")],
    extractor: Annotated[str, typer.Option(help="'vgg19' or a Tiny Darknet .safetensors file.")] = "vgg19",
    pair: Annotated[str, typer.Option(help="A bundled pair.")] = "texture-x4",
) -> None:
    """Measure a bundled pair along alpha; writes its report.json and the table of its card."""
    from dni.training.restoration.report import write_report

    write_report(find_pair(pair), data_root=data_root, extractor=extractor)
