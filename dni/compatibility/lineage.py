"""Lineage: what is known about which network was fine-tuned from which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dni.catalog.pairs import Pair
from dni.checkpoints.files import read_metadata, sha256_of
from dni.recipes.recipe import METADATA_KEY, Recipe, RecipeError

__all__ = ["UNKNOWN", "known_label", "lineage_of"]

UNKNOWN = "unknown"


def lineage_of(
    paths: Sequence[Path], catalog: Mapping[str, Pair], *, labels: Sequence[str] | None = None
) -> str:
    """What the catalogue, or else the files' own recipes, say about all of these files together.

    Args:
        paths: The files of the ends.
        catalog: Known pairs; a file is one of theirs if it has its hash, or is at its place where the
            catalogue gives no hash.
        labels: What to call the files; by default as the catalogue does, or by their stems.

    Returns:
        One or two sentences, or :data:`UNKNOWN`.

    Raises:
        dni.checkpoints.files.CheckpointError: A file cannot be read.
    """
    for pair in sorted(catalog.values(), key=lambda pair: len(pair.ends)):
        if pair.lineage and all(
            any(is_end(path, pair, end) for end in range(len(pair.ends))) for path in paths
        ):
            return f"{pair.lineage} (Catalogue: {pair.id}.)"
    names = labels or [known_label(path, catalog) or path.stem for path in paths]
    return recipe_lineage(paths, names) or UNKNOWN


def known_label(path: Path, catalog: Mapping[str, Pair]) -> str | None:
    """What the catalogue calls a file that is an end of one of its pairs; None for any other.

    Raises:
        dni.checkpoints.files.CheckpointError: The file cannot be read.
    """
    for pair in catalog.values():
        for number, end in enumerate(pair.ends):
            if is_end(path, pair, number):
                return end.label
    return None


def is_end(path: Path, pair: Pair, number: int) -> bool:
    """Whether a file is this end of a pair, from any of its sources."""
    end = pair.ends[number]
    hashes = {source.sha256 for source in (end.source, *end.mirrors)} - {None}
    if hashes:
        return sha256_of(path) in hashes
    own = end.source.path
    return own is not None and own.resolve() == path.resolve()


def recipe_lineage(paths: Sequence[Path], names: Sequence[str]) -> str:
    """What blended files' metadata say: one was blended from the others, or all of them from one network."""
    made_of = [set(recipe_ends(path)) for path in paths]
    hashes = [sha256_of(path) for path in paths]
    for name, ends in zip(names, made_of, strict=True):
        others = [other for other, found in zip(names, hashes, strict=True) if found in ends]
        if others:
            return f"{name} was blended from {' and '.join(others)}."
    if set.intersection(*made_of):
        return "All of them were blended from one network that they share."
    return ""


def recipe_ends(path: Path) -> list[str]:
    """The hashes of the networks that a file was blended from; none for any other file."""
    try:
        recipe = Recipe.from_json(read_metadata(path).get(METADATA_KEY, ""))
    except RecipeError:
        return []
    return [sha256 for _, sha256 in recipe.ends]
