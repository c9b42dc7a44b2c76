"""The command line: ``dni blend | render | pairs | serve | train | evaluate``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from dni.catalog import Pair, end_paths, find_pair, load_catalog
from dni.download import tqdm_progress
from dni.errors import DniError
from dni.export import export_network, export_picture
from dni.images import open_picture
from dni.interpolate import BlendError, check_shares, shares_of
from dni.networks import load_ends
from dni.render import DEFAULT_TILE, Progress, Renderer

__all__ = ["app", "main"]

PICTURE_SUFFIXES = {
    ".avif", ".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp",
}  # fmt: skip

RenderFile = Callable[[Path, Path, "Progress | None"], None]

app = typer.Typer(
    help="The mixing desk for image networks: blend the parameters of two or more networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
train = typer.Typer(help="Train the networks that we ship.", no_args_is_help=True)
evaluate = typer.Typer(help="Measure the networks that we ship.", no_args_is_help=True)
app.add_typer(train, name="train")
app.add_typer(evaluate, name="evaluate")

Alpha = Annotated[
    float | None, typer.Option(help="Share of the second end, from 0 (first end) to 1 (second end).")
]
Shares = Annotated[
    str | None, typer.Option(help="For any number of ends: shares that sum to 1, as 0.2,0.3,0.5.")
]
PairName = Annotated[str | None, typer.Option("--pair", help="A pair of the catalogue; see 'dni pairs'.")]
Ends = Annotated[list[Path] | None, typer.Option("--ends", help="Two or more checkpoints: --ends A B ...")]
DataRoot = Annotated[Path, typer.Option(help="Folder with MNIST/raw and bsds500.")]
RunRoot = Annotated[Path, typer.Option(help="Folder of the runs, <method>/<seed>/ in it.")]
Iterations = Annotated[int, typer.Option(min=0, help="Length of a run; 0 for each method's own.")]
Extrapolate = Annotated[bool, typer.Option(help="Allow shares outside 0 to 1.")]


@app.command()
def blend(
    output: Annotated[Path, typer.Option("-o", "--output", help="The .safetensors file to write.")],
    ends: Annotated[
        list[Path] | None, typer.Argument(help="Two or more checkpoints (or use --pair).")
    ] = None,
    pair: PairName = None,
    alpha: Alpha = None,
    shares: Shares = None,
    extrapolate: Extrapolate = False,
) -> None:
    """Blend the parameters of networks into one network."""
    chosen = choose_ends(pair, ends)
    wanted = choose_shares(alpha, shares, num_ends=len(chosen.ends), extrapolate=extrapolate)
    export_network(local_ends(chosen), wanted, output, pair_id=pair or "", extrapolate=extrapolate)
    typer.echo(f"Wrote {output}")


@app.command()
def render(
    image: Annotated[Path, typer.Argument(help="A picture, or a folder of pictures.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The .png file, or the folder, to write.")],
    pair: PairName = None,
    ends: Ends = None,
    alpha: Alpha = None,
    shares: Shares = None,
    float32: Annotated[bool, typer.Option("--float32", help="Full precision.")] = False,
    tile: Annotated[int, typer.Option(min=16, help="Side of a tile in input pixels.")] = DEFAULT_TILE,
    extrapolate: Extrapolate = False,
) -> None:
    """Render a picture, or every picture of a folder, through the blended network."""
    chosen = choose_ends(pair, ends)
    wanted = choose_shares(alpha, shares, num_ends=len(chosen.ends), extrapolate=extrapolate)
    paths = local_ends(chosen)
    network, states = load_ends(paths)
    renderer = Renderer(network, states, precision="float32" if float32 else None)

    def render_file(source: Path, destination: Path, progress: Progress | None) -> None:
        picture = open_picture(source)
        for notice in picture.notices:
            tqdm.write(f"{source.name}: {notice}", file=sys.stderr)
        export_picture(
            picture,
            renderer,
            wanted,
            destination,
            ends=paths,
            pair_id=pair or "",
            extrapolate=extrapolate,
            tile=tile,
            progress=progress,
        )

    if image.is_dir():
        render_folder(image, output, render_file)
        return
    with tile_progress() as progress:
        render_file(image, output, progress)
    typer.echo(f"Wrote {output}")


@app.command()
def pairs() -> None:
    """List the pairs of the catalogue."""
    for pair in load_catalog().values():
        where = "here" if pair.is_local() else "downloaded on first use"
        typer.echo(f"{pair.id}\n    {pair.title} ({where}; licence {pair.licence or 'unknown'})")
        typer.echo(f"    {pair.description} Ends: {', '.join(pair.labels)}.")
        typer.echo(f"    {pair.lineage}")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for everybody.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="Port; by default the first free one from 7860.")] = None,
    data_root: Annotated[
        Path | None, typer.Option(help="Folder with MNIST/raw; by default $DNI_DATA, or one in the cache.")
    ] = None,
) -> None:
    """Start the app in the browser."""
    from dni.ui import build_app, launch_options

    build_app(data_root=data_root).launch(server_name=host, server_port=port, **launch_options())


@train.command("restore")
def train_restore(
    end: Annotated[str, typer.Argument(help="'psnr' (end A) or 'gan' (end B, from A).")],
    photographs: Annotated[
        list[Path], typer.Option("--photographs", help="A folder of photographs; may be given again.")
    ],
    run_folder: Annotated[Path, typer.Option(help="Where to write the run.")],
    ancestor: Annotated[Path | None, typer.Option(help="End A's weights, for the GAN end.")] = None,
    extractor: Annotated[str, typer.Option(help="'vgg19' or a Tiny Darknet .safetensors file.")] = "vgg19",
    iterations: Annotated[int | None, typer.Option(help="Length of the run.")] = None,
    adversarial_weight: Annotated[float | None, typer.Option(help="Of the GAN end's loss.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of weights and batches.")] = 0,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint.")] = False,
) -> None:
    """Train one end of the esrgan-lite-x4 pair; with 'accelerate launch' on several GPUs."""
    from dni.restore.config import preset
    from dni.restore.train import Trainer

    config = preset(end, iterations=iterations, adversarial_weight=adversarial_weight, seed=seed)
    trainer = Trainer(
        config,
        photographs=photographs,
        run_folder=run_folder,
        ancestor=ancestor,
        extractor=extractor,
        resume=resume,
    )
    trainer.run()
    typer.echo(f"Wrote {trainer.export()}")


@train.command("digits")
def train_digits(
    method: Annotated[
        str, typer.Argument(help="A method's id, such as dann, or 'all'; 'best' is the state-of-the-art row.")
    ],
    data_root: DataRoot,
    run_root: RunRoot,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights and batches.")] = 0,
    iterations: Iterations = 0,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint.")] = False,
) -> None:
    """Train a method of adaptation, and source-only before it if that is missing."""
    from dni.adapt.runs import Runs

    runs = Runs(data_root, run_root, iterations=iterations)
    for path in runs.train_seed(method, seed, resume=resume):
        typer.echo(f"Wrote {path}")


@evaluate.command("digits")
def evaluate_digits(
    data_root: DataRoot,
    run_root: RunRoot,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds 0 to this less one.")] = 5,
    iterations: Iterations = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Runs at once, which share the processor.")] = 1,
) -> None:
    """Train every method with every seed, unless it is there, and measure all; writes weights/digits."""
    from dni.adapt.report import write_report
    from dni.adapt.runs import Runs

    runs = Runs(data_root, run_root, num_seeds=seeds, iterations=iterations)
    write_report(runs, jobs=jobs)


@evaluate.command("restore")
def evaluate_restore(
    data_root: Annotated[Path, typer.Option(help="Folder with set5, set14 and bsds500/val.")],
    extractor: Annotated[str, typer.Option(help="'vgg19' or a Tiny Darknet .safetensors file.")] = "vgg19",
    pair: Annotated[str, typer.Option(help="A bundled pair.")] = "esrgan-lite-x4",
) -> None:
    """Measure a bundled pair along alpha; writes its report.json and the table of its card."""
    from dni.restore.report import write_report

    write_report(find_pair(pair), data_root=data_root, extractor=extractor)


def choose_ends(pair: str | None, ends: Sequence[Path] | None) -> Pair:
    """A pair of the catalogue or of the given files; exactly one of the two must be given."""
    if (pair is None) == (not ends):
        raise DniError("Expected either --pair NAME or two or more checkpoints, but got both or neither.")
    return find_pair(pair) if pair is not None else Pair.from_paths(list(ends or ()))


def choose_shares(
    alpha: float | None, shares: str | None, *, num_ends: int, extrapolate: bool
) -> tuple[float, ...]:
    """The shares asked for, checked before anything is downloaded or loaded."""
    if (alpha is None) == (shares is None):
        raise DniError("Expected either --alpha or --shares, but got both or neither.")
    if alpha is not None:
        if num_ends != 2:
            raise BlendError(f"Expected --shares for {num_ends} ends, but got --alpha, which is for two.")
        return check_shares(shares_of(alpha), num_ends=num_ends, extrapolate=extrapolate)
    try:
        numbers = [float(share) for share in (shares or "").split(",")]
    except ValueError as error:
        raise DniError(
            f"Expected --shares as numbers with commas, like 0.2,0.8, but got {shares!r}."
        ) from error
    return check_shares(numbers, num_ends=num_ends, extrapolate=extrapolate)


def local_ends(pair: Pair) -> list[Path]:
    """The files of a pair, downloaded with a progress bar if need be."""
    return end_paths(pair, progress=tqdm_progress)


def render_folder(folder: Path, output: Path, render_file: RenderFile) -> None:
    """Render every picture of a folder; those that fail are named at the end, and the others are done."""
    sources = sorted(file for file in folder.iterdir() if file.suffix.lower() in PICTURE_SUFFIXES)
    if not sources:
        raise DniError(f"Expected pictures in the folder {folder}, but found none.")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DniError(
            f"Expected a folder to write to, but {output} cannot be made ({error.strerror}). Choose another."
        ) from error
    failures = []
    for source in tqdm(sources, unit="picture"):
        try:
            render_file(source, output / f"{source.name}.png", None)
        except DniError as error:
            failures.append(f"{source}: {error}")
    if failures:
        raise DniError(f"{len(failures)} of {len(sources)} pictures failed:\n" + "\n".join(failures))
    typer.echo(f"Wrote {len(sources)} pictures to {output}")


@contextmanager
def tile_progress() -> Iterator[Progress]:
    """A bar that appears with the first report, so that an error before it stands alone."""
    bar: tqdm | None = None

    def report(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(total=total, unit="tile")
        bar.update(done - bar.n)

    try:
        yield report
    finally:
        if bar is not None:
            bar.close()


def spread_ends(arguments: Sequence[str]) -> list[str]:
    """Let ``--ends`` take all the words up to the next option: click's options take a fixed number."""
    spread: list[str] = []
    taking = False
    for word in arguments:
        if word.startswith("-"):
            taking = word == "--ends"
            if not taking:
                spread.append(word)
        else:
            spread += ["--ends", word] if taking else [word]
    return spread


def main() -> None:
    """Run the command line; a mistake of the caller's is one line on stderr and status 1."""
    try:
        app(spread_ends(sys.argv[1:]))
    except (DniError, OSError) as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(1)
