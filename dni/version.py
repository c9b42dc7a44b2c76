"""The version, which recipes carry."""

__version__ = "0.1.0"
