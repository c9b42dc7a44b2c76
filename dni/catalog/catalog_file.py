"""Reads catalogues of pairs: the bundled ``catalog.json``, and one of the user's own.

``$DNI_CATALOG`` names a second file of the same form. A bundled path is relative to the ``weights`` folder
(or ``$DNI_WEIGHTS``), a path in another catalogue to that catalogue.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dni.catalog.bundled import weights_folder
from dni.catalog.ladders import Ladder
from dni.catalog.pairs import CatalogError, End, Pair, Source
from dni.checkpoints.errors import SAFETENSORS_SUFFIX
from dni.checkpoints.files import PICKLE_SUFFIXES
from dni.errors import in_words, listed, shown

__all__ = ["find_pair", "listed_pairs", "load_catalog"]

BUNDLED_CATALOG = Path(__file__).with_name("catalog.json")
CATALOG_VARIABLE = "DNI_CATALOG"

# The keys of catalog.json and their types; null means that nobody knows.
PAIR_REQUIRED: dict[str, type] = {"id": str, "title": str, "ends": list}
PAIR_TEXTS = ("description", "line", "lineage", "licence", "homepage", "architecture", "layout", "pad")
PAIR_OPTIONAL: dict[str, type] = {"scale": int, "examples": list, "ladder": dict} | dict.fromkeys(
    (*PAIR_TEXTS, "superseded_by"), str
)
PADS = ("corners", "around")
END_REQUIRED: dict[str, type] = {"label": str, "source": dict}
END_OPTIONAL: dict[str, type] = {"mirrors": list}
SOURCE_OPTIONAL: dict[str, type] = dict.fromkeys(("url", "hub_repo", "hub_file", "path", "sha256"), str) | {
    "size": int,
    "verified": bool,
}


def load_catalog(path: Path | None = None) -> dict[str, Pair]:
    """All pairs by their id.

    Args:
        path: One catalogue; by default the bundled one and that of ``$DNI_CATALOG``.

    Raises:
        CatalogError: A file is missing or malformed, or an id is there twice.
    """
    if path is not None:
        return read_catalog(path, folder=path.parent)
    catalog = read_catalog(BUNDLED_CATALOG, folder=weights_folder())
    extra = os.environ.get(CATALOG_VARIABLE)
    if extra:
        for pair in read_catalog(Path(extra), folder=Path(extra).parent).values():
            add(catalog, pair, Path(extra))
    return catalog


def listed_pairs(catalog: Mapping[str, Pair]) -> dict[str, Pair]:
    """Those of a catalogue that people choose from: without the ones that others supersede."""
    return {pair_id: pair for pair_id, pair in catalog.items() if not pair.superseded_by}


def find_pair(pair_id: str, *, catalog: Mapping[str, Pair] | None = None) -> Pair:
    """One pair of the catalogue, by default of :func:`load_catalog`.

    Raises:
        CatalogError: There is no such pair; the text names the nearest ones.
    """
    if catalog is None:
        catalog = load_catalog()
    if pair_id in catalog:
        return catalog[pair_id]
    near = difflib.get_close_matches(pair_id, catalog, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(sorted(catalog))}."
    raise CatalogError(f"Expected the name of a known pair, but got {shown(pair_id)}. {hint}")


def read_catalog(path: Path, *, folder: Path) -> dict[str, Pair]:
    """The pairs of one file, whose local paths are relative to ``folder``."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CatalogError(f"Expected a catalogue in JSON, but got {path} ({in_words(error)}).") from error
    top = checked(content, str(path), required={"pairs": list}, optional={})
    catalog: dict[str, Pair] = {}
    for index, entry in enumerate(top["pairs"]):
        add(catalog, parse_pair(entry, f"{path}, pair {index + 1}", folder), path)
    listed = listed_pairs(catalog)
    for pair in catalog.values():
        if pair.superseded_by and pair.superseded_by not in listed:
            raise CatalogError(
                f"Expected superseded_by of {pair.id} to name a pair of {path} that is not superseded "
                f"itself, but got {shown(pair.superseded_by)}."
            )
    return catalog


def add(catalog: dict[str, Pair], pair: Pair, path: Path) -> None:
    if pair.id in catalog:
        raise CatalogError(f"Expected every pair once, but {pair.id} is there again in {path}. Rename one.")
    catalog[pair.id] = pair


def parse_pair(entry: object, where: str, folder: Path) -> Pair:
    fields = checked(entry, where, required=PAIR_REQUIRED, optional=PAIR_OPTIONAL)
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", fields["id"]):
        raise CatalogError(
            "Expected an id of small letters, digits, dots and hyphens, but got "
            f"{shown(fields['id'])} in {where}."
        )
    examples = fields.pop("examples", ())
    if not all(isinstance(name, str) for name in examples):
        raise CatalogError(f"Expected the names of examples as texts in {where}.")
    ladder = parse_ladder(fields.pop("ladder", None), where)
    entries = enumerate(fields.pop("ends"), start=1)
    ends = tuple(parse_end(end, f"{where}, end {number}", folder) for number, end in entries)
    if len(ends) < 2 or len({end.label for end in ends}) < len(ends):
        labels = ", ".join(end.label for end in ends) or "none"
        raise CatalogError(f"Expected two or more ends with different labels in {where}, but got {labels}.")
    if fields.get("pad", "corners") not in PADS:
        raise CatalogError(
            f"Expected pad as one of {', '.join(PADS)} in {where}, but got {shown(fields['pad'])}."
        )
    return Pair(ends=ends, examples=tuple(examples), ladder=ladder, **fields)


def parse_ladder(entry: object, where: str) -> Ladder | None:
    if entry is None:
        return None
    fields = checked(entry, where, required={"measure": str, "rungs": list}, optional={})
    try:
        rungs = tuple((float(strength), float(alpha)) for strength, alpha in fields["rungs"])
        return Ladder(fields["measure"], rungs)
    except (TypeError, ValueError) as error:
        raise CatalogError(
            f"Expected a ladder in {where}, but it cannot be used: {in_words(error)}"
        ) from error


def parse_end(entry: object, where: str, folder: Path) -> End:
    fields = checked(entry, where, required=END_REQUIRED, optional=END_OPTIONAL)
    mirrors = tuple(parse_source(mirror, where, folder) for mirror in fields.get("mirrors", ()))
    return End(fields["label"], parse_source(fields["source"], where, folder), mirrors)


def parse_source(entry: object, where: str, folder: Path) -> Source:
    fields = checked(entry, where, required={}, optional=SOURCE_OPTIONAL)
    places = [fields.keys() & keys for keys in ({"url"}, {"path"}, {"hub_repo", "hub_file"})]
    if [len(place) for place in places] not in ([1, 0, 0], [0, 1, 0], [0, 0, 2]):
        raise CatalogError(
            f"Expected one place in {where}, url or path or hub_repo with hub_file, but got "
            f"{', '.join(sorted(set().union(*places))) or 'none'}."
        )
    if not re.fullmatch(r"[0-9a-f]{64}", fields.get("sha256", "0" * 64)):
        raise CatalogError(f"Expected sha256 as 64 hexadecimal digits in {where}, or null if it is unknown.")
    if "path" in fields:
        fields["path"] = folder / fields["path"]
    source = Source(**fields)
    suffixes = (SAFETENSORS_SUFFIX, *PICKLE_SUFFIXES)
    if not source.file_name.endswith(suffixes):
        raise CatalogError(f"Expected a file that ends in one of {', '.join(suffixes)} in {where}.")
    return source


def checked(
    entry: object, where: str, *, required: Mapping[str, type], optional: Mapping[str, type]
) -> dict[str, Any]:
    """The entry without its nulls, if it is an object with all of these keys, no others, and their types."""
    if not isinstance(entry, dict):
        raise CatalogError(f"Expected a JSON object in {where}, but got {type(entry).__name__}.")
    kinds = {**required, **optional}
    wrong = sorted(entry.keys() - kinds.keys()) or sorted(required.keys() - entry.keys())
    if wrong:
        problem = "has unknown ones:" if wrong[0] in entry else "lacks"
        raise CatalogError(f"Expected the keys {', '.join(kinds)}, but {where} {problem} {listed(wrong)}.")
    for key, value in entry.items():
        kind = kinds[key]
        if type(value) is not kind and not (value is None and key in optional):
            raise CatalogError(f"Expected {key} in {where} to be {kind.__name__}, but got {shown(value)}.")
    return {key: value for key, value in entry.items() if value is not None}
