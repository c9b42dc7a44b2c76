"""The licence of a blend: the strictest of its ends', or the reason why there is none.

A blend is adapted from all its ends, so each one's conditions hold for it: non-commercial ends make it
non-commercial, share-alike ends give it their licence, and what forbids adaptations forbids it. This is how
the licences read (https://creativecommons.org/faq and https://www.gnu.org/licenses/license-list.html), and no
legal advice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

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


# The only version of the GPL for which "or later" makes a difference.
OR_LATER = "gpl-2.0-or-later"


def table() -> dict[str, Licence]:
    free = ("cc0-1.0", "unlicense", "wtfpl")
    permissive = (*free, "mit", "isc", "bsd-2-clause", "bsd-3-clause", "cc-by-3.0", "cc-by-4.0", "apache-2.0")
    known = [Licence(name, strictness=rank) for rank, name in enumerate(permissive)]
    copyleft = ("gpl-2.0", OR_LATER, "gpl-3.0", "agpl-3.0", "lgpl-3.0", "cc-by-sa-3.0", "cc-by-sa-4.0")
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
# Which licences what is under a share-alike one may be put under, alone or with what is under those.
ALSO = {
    OR_LATER: ("gpl-2.0", "gpl-3.0", "agpl-3.0"),
    "gpl-3.0": ("agpl-3.0",),
    "lgpl-3.0": ("gpl-3.0", "agpl-3.0"),
    "cc-by-sa-3.0": ("cc-by-sa-4.0", "gpl-3.0", "agpl-3.0"),
    "cc-by-sa-4.0": ("gpl-3.0", "agpl-3.0"),
    "cc-by-nc-sa-3.0": ("cc-by-nc-sa-4.0",),
}
# Those that something shared alike may end under, a licence before all that it may be put under.
SHARED = (
    *("cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0"),
    *(OR_LATER, "gpl-2.0", "lgpl-3.0", "gpl-3.0", "agpl-3.0"),
)
# Version 2 of the GPL allows none of Apache's conditions on patents.
CONFLICTS = (frozenset({"gpl-2.0", "apache-2.0"}), frozenset({OR_LATER, "apache-2.0"}))


def known_licence(name: str) -> str:
    """The hub's name of a licence, by SPDX's or the hub's own.

    Raises:
        LicenceError: It is none that we know.

    Example:
        >>> known_licence("BSD-3-Clause"), known_licence("GPL-3.0-or-later")
        ('bsd-3-clause', 'gpl-3.0')
    """
    plain = name.strip().lower()
    if plain == OR_LATER:
        return plain
    for ending in ("-only", "-or-later"):
        plain = plain.removesuffix(ending)
    if plain not in LICENCES:
        raise LicenceError(
            f"Expected a licence that dni knows, but got {shown(name, most=60)}. "
            f"Choose from: {', '.join(sorted(LICENCES))}."
        )
    return plain


def blend_licence(ends: Sequence[str], chosen: str | None = None, *, origins: Sequence[str] = ()) -> str:
    """The licence that a blend gets.

    Args:
        ends: Each end's licence, or "" where nobody knows.
        chosen: What the publisher says: they know the terms of ends of unknown licence, or are stricter.
        origins: Known licences of what the ends were blended from, which hold too.

    Returns:
        As the hub names it.

    Raises:
        LicenceError: An end's licence is unknown and none was chosen; the ends' licences forbid each other or
            a blend; or the chosen one allows what an end's does not.
    """
    known = [known_licence(name) for name in (*ends, *origins) if name]
    if chosen is None:
        unknown = [str(number) for number, name in enumerate(ends, start=1) if not name]
        if unknown:
            raise LicenceError(
                f"Expected the licence of every end, but that of end {listed(unknown)} is unknown. Look "
                "where it comes from, and give --license with what the blend may have."
            )
        return hub_name(strictest(known))
    wanted = known_licence(chosen)
    if not LICENCES[wanted].adaptable:
        raise LicenceError(f"Expected a licence that a blend may have, but {wanted} forbids adaptations.")
    if strictest([*known, wanted]) != wanted:
        raise LicenceError(
            f"Expected a licence that keeps to those of the ends, {listed(sorted(set(known)))}, but got "
            f"{wanted}. Leave out --license, or choose {strictest(known)}."
        )
    return hub_name(wanted)


def hub_name(name: str) -> str:
    return "gpl-2.0" if name == OR_LATER else name


def strictest(names: Sequence[str]) -> str:
    """The licence that keeps to all of these."""
    licences = [LICENCES[name] for name in dict.fromkeys(names)]
    check_adaptable(licences)
    shared = [licence for licence in licences if licence.share_alike]
    others = [licence for licence in licences if not licence.share_alike]
    if not shared:
        strict = [licence for licence in others if licence.non_commercial] or others
        return max(strict, key=lambda licence: licence.strictness).id
    found = common(shared)
    if not found:
        one, other = next(two for two in combinations(shared, 2) if not common(two))
        raise conflict(one, other, "and so does the other")
    reasons = [[reason for licence in others if (reason := objection(one, licence))] for one in found]
    if all(reasons):
        raise reasons[0][0]
    return found[reasons.index([])].id


def common(shared: Sequence[Licence]) -> list[Licence]:
    """The licences that what is under these may all have, the nearest to them first."""
    each = [(licence.id, *ALSO.get(licence.id, ())) for licence in shared]
    return [LICENCES[name] for name in SHARED if all(name in possible for possible in each)]


def objection(shared: Licence, other: Licence) -> LicenceError | None:
    """Why nothing may be under a share-alike licence and keep to another one as well, if so."""
    if other.non_commercial and not shared.non_commercial:
        return conflict(shared, other, "which allows commercial use that the other forbids")
    if frozenset({shared.id, other.id}) in CONFLICTS:
        return conflict(shared, other, "which allows no conditions beyond its own")
    return None


def check_adaptable(licences: Sequence[Licence]) -> None:
    for licence in licences:
        if not licence.adaptable:
            raise LicenceError(
                f"Expected licences that allow adaptations, but {licence.id} does not, and a blend is one. "
                "Ask the author of that end, or choose another."
            )


def conflict(one: Licence, other: Licence, reason: str) -> LicenceError:
    return LicenceError(
        f"Expected licences that a blend can keep to, but {one.id} wants the blend under itself, {reason} "
        f"({other.id}): nobody may publish it. Choose other ends, or ask an author for another licence."
    )
