"""What is known of the ends of a blend that is to be published: licence, hub repository, homepage."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dni.catalog.pairs import End, Pair, Source
from dni.checkpoints.files import read_metadata, sha256_of
from dni.errors import DniError, shown
from dni.publishing.licences import blend_licence
from dni.recipes.recipe import METADATA_KEY, Recipe, RecipeError

__all__ = ["NO_REPOSITORY", "KnownEnd", "check_repository", "known_ends"]

# What is said of an end that is not on the hub.
NO_REPOSITORY = "none"
# The hub's rules for names.
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
LICENCE_KEYS = ("license", "licence", "modelspec.license")
# What a blend's header adds to the names of its ends' texts (:mod:`dni.export.networks`).
OF_END = re.compile(r" \(end (\d+)\)$", re.ASCII)


@dataclass(frozen=True)
class KnownEnd:
    """One end.

    Attributes:
        label: What to call it.
        file: Its file's name.
        sha256: Its file's hash.
        licence: As whoever knows it writes it, or "".
        origin_licences: Those known of what it was blended from, where it is a blend itself.
        repository: On the hub, or "" where it is not.
        homepage: Where it comes from, or "".
    """

    label: str
    file: str
    sha256: str
    licence: str
    origin_licences: tuple[str, ...]
    repository: str
    homepage: str


def known_ends(
    paths: Sequence[Path],
    labels: Sequence[str],
    *,
    catalog: Mapping[str, Pair],
    repositories: Sequence[str] = (),
) -> list[KnownEnd]:
    """Look the ends up, by their hashes, in the catalogue and in their own headers.

    Args:
        paths: The files.
        labels: What to call them.
        catalog: Known pairs.
        repositories: The hub repository of each end, or "none"; where left out, the catalogue says it.

    Raises:
        DniError: A repository is not known, or not one that could be.
        LicenceError: An end is a blend of networks whose licences forbid it.
    """
    if repositories and len(repositories) != len(paths):
        raise DniError(
            f"Expected --base-model for each of the {len(paths)} ends, in their order, but got "
            f"{len(repositories)}. For an end that is not on the hub, say 'none'."
        )
    given = repositories or [""] * len(paths)
    return [
        known_end(path, label, catalog, repository)
        for path, label, repository in zip(paths, labels, given, strict=True)
    ]


def known_end(path: Path, label: str, catalog: Mapping[str, Pair], repository: str) -> KnownEnd:
    sha256 = sha256_of(path)
    entries = list(entries_of(sha256, catalog))
    found = next((source.hub_repo for _, end in entries for source in sources_of(end) if source.hub_repo), "")
    if not repository and not found:
        raise DniError(
            f"Expected the hub repository of {path.name} for the card, but the catalogue knows none. Give "
            "--base-model OWNER/NAME once an end, in their order, or 'none' for one that is not on the hub."
        )
    if repository and repository != NO_REPOSITORY:
        check_repository(repository)
    header = read_metadata(path)
    origins = () if licence_said(header, sha256, catalog) else tuple(origin_licences(header, catalog))
    return KnownEnd(
        label=label,
        file=path.name,
        sha256=sha256,
        licence=licence_of(header, sha256, catalog),
        origin_licences=origins,
        repository="" if repository == NO_REPOSITORY else repository or str(found),
        homepage=next((pair.homepage for pair, _ in entries if pair.homepage), ""),
    )


def licence_of(header: Mapping[str, str], sha256: str, catalog: Mapping[str, Pair]) -> str:
    """What the catalogue or the file says; of a blend, what its ends' licences give; "" where one of these
    is not known.

    Raises:
        LicenceError: The licences of a blend's ends forbid it.
    """
    if said := licence_said(header, sha256, catalog):
        return said
    return blend_licence(origin_licences(header, catalog)) if is_known(header, sha256, catalog) else ""


def licence_said(header: Mapping[str, str], sha256: str, catalog: Mapping[str, Pair]) -> str:
    own = (header.get(key, "").strip() for key in LICENCE_KEYS)
    return licence_in(catalog, sha256) or next(filter(None, own), "")


def is_known(header: Mapping[str, str], sha256: str, catalog: Mapping[str, Pair]) -> bool:
    """Whether the licence of a network, or those of all that it was blended from, are known."""
    if licence_said(header, sha256, catalog):
        return True
    ends = list(blended_from(header))
    return bool(ends) and all(is_known(of_end, origin, catalog) for of_end, origin in ends)


def blended_from(header: Mapping[str, str]) -> Iterator[tuple[dict[str, str], str]]:
    """Of each end of a blend, by its own recipe: what the blend's header has of the end's header, and its
    hash."""
    try:
        recipe = Recipe.from_json(header.get(METADATA_KEY, ""))
    except RecipeError:
        return
    for number, (_, sha256) in enumerate(recipe.ends, start=1):
        suffix = f" (end {number})"
        yield (
            {name.removesuffix(suffix): text for name, text in header.items() if name.endswith(suffix)},
            sha256,
        )


def origin_licences(header: Mapping[str, str], catalog: Mapping[str, Pair]) -> list[str]:
    """All licences that are known of what a network was blended from, however often."""
    found = []
    for name, text in header.items():
        plain = name
        while match := OF_END.search(plain):
            plain = plain[: match.start()]
        if plain in LICENCE_KEYS and text.strip():
            found.append(text.strip())
    for of_end, sha256 in blended_from(header):
        found += filter(None, [licence_in(catalog, sha256), *origin_licences(of_end, catalog)])
    return list(dict.fromkeys(found))


def licence_in(catalog: Mapping[str, Pair], sha256: str) -> str:
    return next((pair.licence for pair, _ in entries_of(sha256, catalog) if pair.licence), "")


def entries_of(sha256: str, catalog: Mapping[str, Pair]) -> Iterator[tuple[Pair, End]]:
    """The ends of the catalogue that are this file."""
    for pair in catalog.values():
        for end in pair.ends:
            if any(source.sha256 == sha256 for source in sources_of(end)):
                yield pair, end


def sources_of(end: End) -> tuple[Source, ...]:
    return (end.source, *end.mirrors)


def check_repository(name: str) -> None:
    """Raise unless it is OWNER/NAME as the hub has them."""
    if not REPOSITORY.fullmatch(name) or ".." in name or "--" in name:
        raise DniError(f"Expected a repository as OWNER/NAME, but got {shown(name, most=100)}. Correct it.")
