"""The command line, one command a file; :mod:`dni.cli.main` puts them together."""
