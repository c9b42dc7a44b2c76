"""The pairs that we know, and how their files get here."""

from dni.catalog.catalog_file import find_pair, load_catalog
from dni.catalog.pairs import CatalogError, End, Pair, Source, end_paths

__all__ = ["CatalogError", "End", "Pair", "Source", "end_paths", "find_pair", "load_catalog"]
