"""Reads recipes from files, and finds the checkpoint files that a recipe names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dni.catalog.pairs import Pair, ProgressOf, end_paths
from dni.checkpoints.errors import SAFETENSORS_SUFFIX
from dni.checkpoints.files import read_metadata, sha256_of
from dni.errors import in_words, listed, shown
from dni.pictures import read as images
from dni.pictures.codecs.formats import WRITTEN_FORMATS
from dni.recipes.recipe import MAX_TEXT, METADATA_KEY, Recipe, RecipeError

__all__ = ["hashed_ends", "read_recipe", "resolve_ends"]


def read_recipe(path: Path, *, read_text: Callable[[Path], str | None] = images.read_recipe) -> Recipe:
    """The recipe in a file: JSON, a picture that dni wrote, or weights that dni blended.

    Args:
        path: Its name ends in ``.json``, ``.safetensors`` or as pictures that can be written do.
        read_text: Finds the text in a picture; for strangers' pictures in another process.

    Raises:
        DniError: The file cannot be read, or there is no recipe in it, or none that can be used.
    """
    suffix = path.suffix.lower()
    if suffix == ".json":
        return Recipe.from_json(_read_text(path))
    if suffix in WRITTEN_FORMATS:
        text = read_text(path)
    elif suffix == SAFETENSORS_SUFFIX:
        text = read_metadata(path).get(METADATA_KEY)
    else:
        raise RecipeError(
            f"Expected a recipe in a .json, {', '.join(WRITTEN_FORMATS)} or {SAFETENSORS_SUFFIX} file, "
            f"but got {path.name}: other files have no place for one."
        )
    if text is None:
        raise RecipeError(
            f"Expected a recipe in {path.name}, but there is none. "
            "Choose a file that dni wrote and that no other program saved again."
        )
    return Recipe.from_json(text)


def resolve_ends(
    recipe: Recipe,
    *,
    catalog: Mapping[str, Pair],
    files: Sequence[Path] = (),
    progress: ProgressOf | None = None,
    cache: Path | None = None,
) -> list[Path]:
    """The files of a recipe's ends, in its order: the very same ones, by their hashes.

    Args:
        recipe: What is to be rendered again.
        catalog: Where to look for its pair, when no files are given.
        files: Files to choose from, in any order and under any names, in place of the catalogue's.
        progress: See :func:`dni.catalog.pairs.end_paths`, as for ``cache``.
        cache: Where downloaded ends are kept.

    Raises:
        RecipeError: The pair is not in the catalogue, or a file that the recipe names is not among those.
        DniError: A file cannot be read, or not be fetched.
    """
    if not files and recipe.pair not in catalog:
        raise RecipeError(
            f"Expected the pair of the recipe in the catalogue, but there is no {shown(recipe.pair)}. "
            f"Give the files of its ends: {listed(name for name, _ in recipe.ends)}."
        )
    given = list(files) or end_paths(catalog[recipe.pair], progress=progress, cache=cache)
    by_hash = {sha256_of(path): path for path in given}
    for number, (name, sha256) in enumerate(recipe.ends, start=1):
        if sha256 not in by_hash:
            raise RecipeError(
                f"Expected end {number} of the recipe, {in_words(name)} with sha256 {sha256[:16]}..., but "
                f"none of {listed(given)} is that file. Find the one it was made with."
            )
    return [by_hash[sha256] for _, sha256 in recipe.ends]


def hashed_ends(paths: Sequence[Path]) -> tuple[tuple[str, str], ...]:
    """(name, sha256) of every file, as a recipe names its ends.

    Raises:
        DniError: A file cannot be read.
    """
    return tuple((path.name, sha256_of(path)) for path in paths)


def _read_text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_TEXT:
            raise RecipeError(
                f"Expected a recipe of at most {MAX_TEXT / 1e6:.0f} MB, but {path.name} has "
                f"{size / 1e6:.1f} MB: it is something else."
            )
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            f"Expected a recipe as text, but {path} cannot be read ({in_words(error)}): check the name."
        ) from error
