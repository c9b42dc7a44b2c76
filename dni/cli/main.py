"""The command line, ``dni COMMAND``; each command has a file of its own in :mod:`dni.cli`."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

import typer

from dni.cli import training
from dni.cli.bench import bench
from dni.cli.networks.align import align
from dni.cli.networks.blend import blend
from dni.cli.networks.export import export
from dni.cli.networks.inspect import inspect
from dni.cli.networks.publish import publish
from dni.cli.networks.tune import tune
from dni.cli.pairs import pairs
from dni.cli.rendering.curve import curve
from dni.cli.rendering.render import render
from dni.cli.rendering.sweep import sweep
from dni.cli.serve import serve
from dni.device import keep_freed_memory
from dni.errors import DniError, in_words
from dni.temporary import exit_on_sigterm

__all__ = ["app", "main"]

app = typer.Typer(
    help="The mixing desk for image networks: blend the parameters of two or more networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
train = typer.Typer(help="Train the networks that we ship.", no_args_is_help=True)
evaluate = typer.Typer(help="Measure the networks that we ship.", no_args_is_help=True)

for command in (blend, export, publish, render, sweep, curve, tune, inspect, align, pairs, serve, bench):
    app.command()(command)
app.add_typer(train, name="train")
app.add_typer(evaluate, name="evaluate")
train.command("restore")(training.train_restore)
train.command("digits")(training.train_digits)
train.command("transfer")(training.train_transfer)
evaluate.command("digits")(training.evaluate_digits)
evaluate.command("digit-curves")(training.evaluate_digit_curves)
evaluate.command("restore")(training.evaluate_restore)
evaluate.command("transfer")(training.evaluate_transfer)


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
    keep_freed_memory()
    exit_on_sigterm()
    write_any_text()
    try:
        app(spread_ends(sys.argv[1:]))
    except DniError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        typer.echo(f"Error: {in_words(error)}", err=True)
        sys.exit(1)


def write_any_text() -> None:
    """Names of files and bars that the terminal's encoding lacks are written as escapes, and end nothing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
