"""The licence of a blend: the strictest of its ends', or the reason why there is none.

A blend is adapted from all its ends, so each one's conditions hold for it: non-commercial ends make it
non-commercial, share-alike ends give it their licence, and what forbids adaptations forbids it. This is how
the licences read (https://creativecommons.org/faq and https://www.gnu.org/licenses/license-list.html), and no
legal advice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dni.errors import DniError, listed, shown

__all__ = ["LicenceError", "blend_licence", "known_licence"]


class LicenceError(DniError):
    """The ends' licences do not allow the blend to be published, or are not known."""


@dataclass(frozen=True)
class Licence:
    """What a licence asks of adaptations.

    Attributes:
        id: As the hub names it.
        strictness: Among those that ask for no more than attribution and notices.
        non_commercial: Whether it forbids commercial use.
        share_alike: Whether adaptations have to have it, too.
        adaptable: Whether it allows adaptations.
    """

    id: str
    strictness: int = 0
    non_commercial: bool = False
    share_alike: bool = False
    adaptable: bool = True


def table() -> dict[str, Licence]:
    free = ("cc0-1.0", "unlicense", "wtfpl")
    permissive = (*free, "mit", "isc", "bsd-2-clause", "bsd-3-clause", "cc-by-3.0", "cc-by-4.0", "apache-2.0")
    known = [Licence(name, strictness=rank) for rank, name in enumerate(permissive)]
    copyleft = ("gpl-2.0", "gpl-3.0", "agpl-3.0", "lgpl-3.0", "cc-by-sa-3.0", "cc-by-sa-4.0")
    known += [Licence(name, share_alike=True) for name in copyleft]
    for version in ("3.0", "4.0"):
        known += [
            Licence(f"cc-by-nc-{version}", strictness=int(version[0]), non_commercial=True),
            Licence(f"cc-by-nc-sa-{version}", non_commercial=True, share_alike=True),
            Licence(f"cc-by-nd-{version}", adaptable=False),
            Licence(f"cc-by-nc-nd-{version}", non_commercial=True, adaptable=False),
        ]
    return {licence.id: licence for licence in known}


LICENCES = table()
# Of two share-alike licences, the one that what is under both may have.
TOGETHER = {
    frozenset({"cc-by-sa-3.0", "cc-by-sa-4.0"}): "cc-by-sa-4.0",
    frozenset({"cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0"}): "cc-by-nc-sa-4.0",
    frozenset({"cc-by-sa-4.0", "gpl-3.0"}): "gpl-3.0",
    frozenset({"lgpl-3.0", "gpl-3.0"}): "gpl-3.0",
    frozenset({"lgpl-3.0", "agpl-3.0"}): "agpl-3.0",
    frozenset({"gpl-3.0", "agpl-3.0"}): "agpl-3.0",
}
# Version 2 of the GPL allows none of Apache's conditions on patents.
CONFLICTS = (frozenset({"gpl-2.0", "apache-2.0"}),)


def known_licence(name: str) -> str:
    """The hub's name of a licence, by SPDX's or the hub's own.

    Raises:
        LicenceError: It is none that we know.

    Example:
        >>> known_licence("BSD-3-Clause"), known_licence("GPL-3.0-or-later")
        ('bsd-3-clause', 'gpl-3.0')
    """
    plain = name.strip().lower()
    for ending in ("-only", "-or-later"):
        plain = plain.removesuffix(ending)
    if plain not in LICENCES:
        raise LicenceError(
            f"Expected a licence that dni knows, but got {shown(name, most=60)}. "
            f"Choose from: {', '.join(sorted(LICENCES))}."
        )
    return plain


def blend_licence(ends: Sequence[str], chosen: str | None = None) -> str:
    """The licence that a blend gets.

    Args:
        ends: Each end's licence, or "" where nobody knows.
        chosen: What the publisher says: they know the terms of ends of unknown licence, or are stricter.

    Returns:
        As the hub names it.

    Raises:
        LicenceError: An end's licence is unknown and none was chosen; the ends' licences forbid each other or
            a blend; or the chosen one allows what an end's does not.
    """
    known = [known_licence(name) for name in ends if name]
    if chosen is None:
        unknown = [str(number) for number, name in enumerate(ends, start=1) if not name]
        if unknown:
            raise LicenceError(
                f"Expected the licence of every end, but that of end {listed(unknown)} is unknown. Look "
                "where it comes from, and give --license with what the blend may have."
            )
        return strictest(known)
    wanted = known_licence(chosen)
    if strictest([*known, wanted]) != wanted:
        raise LicenceError(
            f"Expected a licence that keeps to those of the ends, {listed(sorted(set(known)))}, but got "
            f"{wanted}. Leave out --license, or choose {strictest(known)}."
        )
    return wanted


def strictest(names: Sequence[str]) -> str:
    """The licence that keeps to all of these."""
    licences = [LICENCES[name] for name in dict.fromkeys(names)]
    check_adaptable(licences)
    shared = [licence for licence in licences if licence.share_alike]
    others = [licence for licence in licences if not licence.share_alike]
    if not shared:
        strict = [licence for licence in others if licence.non_commercial] or others
        return max(strict, key=lambda licence: licence.strictness).id
    found = shared[0]
    for licence in shared[1:]:
        found = LICENCES[both(found, licence)]
    for licence in others:
        if licence.non_commercial and not found.non_commercial:
            raise conflict(found, licence, "which allows commercial use that the other forbids")
        if frozenset({found.id, licence.id}) in CONFLICTS:
            raise conflict(found, licence, "which allows no conditions beyond its own")
    return found.id


def check_adaptable(licences: Sequence[Licence]) -> None:
    for licence in licences:
        if not licence.adaptable:
            raise LicenceError(
                f"Expected licences that allow adaptations, but {licence.id} does not, and a blend is one. "
                "Ask the author of that end, or choose another."
            )


def both(one: Licence, other: Licence) -> str:
    if one == other:
        return one.id
    found = TOGETHER.get(frozenset({one.id, other.id}))
    if found is None:
        raise conflict(one, other, "and so does the other")
    return found


def conflict(one: Licence, other: Licence, reason: str) -> LicenceError:
    return LicenceError(
        f"Expected licences that a blend can keep to, but {one.id} wants the blend under itself, {reason} "
        f"({other.id}): nobody may publish it. Choose other ends, or ask an author for another licence."
    )
