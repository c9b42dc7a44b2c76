"""The command line, one command a file; :mod:`dni.cli.main` puts them together."""

from dni.cli.main import main

__all__ = ["main"]
