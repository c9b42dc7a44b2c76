"""The commands, one a file; :mod:`dni.cli` puts them together."""
