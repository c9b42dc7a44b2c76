"""What is known about how networks descend from each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dni.catalog import Pair
from dni.checkpoints import read_metadata, sha256_of
from dni.recipe import METADATA_KEY, Recipe, RecipeError

__all__ = ["UNKNOWN", "lineage_of"]

UNKNOWN = "unknown"


def lineage_of(paths: Sequence[Path], catalog: Mapping[str, Pair]) -> str:
    """What the catalogue, or else the files' own recipes, say about all of these files together.

    Args:
        paths: The files of the ends.
        catalog: Known pairs; a file is one of theirs if it has its hash, or is at its place where the
            catalogue gives no hash.

    Returns:
        One or two sentences, or :data:`UNKNOWN`.

    Raises:
        dni.checkpoints.CheckpointError: A file cannot be read.
    """
    for pair in catalog.values():
        if pair.lineage and all(
            any(is_end(path, pair, end) for end in range(len(pair.ends))) for path in paths
        ):
            return f"{pair.lineage} (Catalogue: {pair.id}.)"
    return recipe_lineage(paths) or UNKNOWN


def is_end(path: Path, pair: Pair, number: int) -> bool:
    """Whether a file is this end of a pair, from any of its sources."""
    end = pair.ends[number]
    hashes = {source.sha256 for source in (end.source, *end.mirrors)} - {None}
    if hashes:
        return sha256_of(path) in hashes
    own = end.source.path
    return own is not None and own.resolve() == path.resolve()


def recipe_lineage(paths: Sequence[Path]) -> str:
    """What blended files' metadata say: one was blended from the others, or all of them from one network."""
    made_of = [set(recipe_ends(path)) for path in paths]
    hashes = [sha256_of(path) for path in paths]
    for path, ends in zip(paths, made_of, strict=True):
        others = [other for other, found in zip(paths, hashes, strict=True) if found in ends]
        if others:
            return f"{path.name} was blended from {' and '.join(other.name for other in others)}."
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
