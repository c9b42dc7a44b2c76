"""The licence of a blend."""

from __future__ import annotations

from itertools import permutations

import pytest
from cases import case

from dni.publishing.licences import LicenceError, blend_licence

ALLOWED = [
    (("MIT", "MIT"), "mit"),
    (("MIT", "Apache-2.0"), "apache-2.0"),
    (("CC0-1.0", "BSD-3-Clause"), "bsd-3-clause"),
    (("MIT", "CC-BY-NC-4.0"), "cc-by-nc-4.0"),
    (("CC-BY-NC-3.0", "CC-BY-NC-4.0"), "cc-by-nc-4.0"),
    (("MIT", "CC-BY-SA-4.0", "Apache-2.0"), "cc-by-sa-4.0"),
    (("CC-BY-NC-4.0", "CC-BY-NC-SA-4.0"), "cc-by-nc-sa-4.0"),
    (("CC-BY-SA-4.0", "GPL-3.0-or-later"), "gpl-3.0"),
    (("GPL-3.0-only", "AGPL-3.0", "MIT"), "agpl-3.0"),
    (("CC-BY-SA-4.0", "GPL-3.0", "AGPL-3.0"), "agpl-3.0"),
    (("CC-BY-SA-4.0", "GPL-3.0", "LGPL-3.0"), "gpl-3.0"),
    (("CC-BY-SA-3.0", "CC-BY-SA-4.0", "GPL-3.0"), "gpl-3.0"),
    (("GPL-2.0-or-later", "MIT"), "gpl-2.0"),
    (("GPL-2.0-or-later", "GPL-2.0"), "gpl-2.0"),
    (("GPL-2.0-or-later", "Apache-2.0"), "gpl-3.0"),
    (("GPL-2.0-or-later", "CC-BY-SA-4.0"), "gpl-3.0"),
]
REFUSED = [
    (("CC-BY-SA-4.0", "CC-BY-NC-4.0"), "commercial use that the other forbids"),
    (("GPL-3.0", "CC-BY-NC-4.0"), "commercial use that the other forbids"),
    (("CC-BY-SA-4.0", "CC-BY-NC-SA-4.0"), "wants the blend under itself"),
    (("GPL-2.0", "Apache-2.0"), "no conditions beyond its own"),
    (("MIT", "CC-BY-ND-4.0"), "allow adaptations, but cc-by-nd-4.0 does not"),
    (("MIT", "my own"), "a licence that dni knows, but got 'my own'"),
]


def test_the_strictest_is_inherited_in_any_order() -> None:
    for ends, expected in ALLOWED:
        for order in permutations(ends):
            with case(order):
                assert blend_licence(order) == expected


def test_conflicts_are_refused_with_the_reason() -> None:
    for ends, text in REFUSED:
        for order in permutations(ends):
            with case(order), pytest.raises(LicenceError, match=text):
                blend_licence(order)


def test_a_chosen_licence_may_be_stricter_and_not_laxer() -> None:
    with pytest.raises(LicenceError, match=r"that of end 2 is unknown.*--license"):
        blend_licence(("MIT", ""))
    assert blend_licence(("MIT", ""), "CC-BY-NC-4.0") == "cc-by-nc-4.0"
    with pytest.raises(LicenceError, match=r"keeps to those of the ends, cc-by-nc-4\.0, but got mit"):
        blend_licence(("CC-BY-NC-4.0", ""), "MIT")
    with pytest.raises(LicenceError, match="commercial use that the other forbids"):
        blend_licence(("CC-BY-NC-4.0", ""), "GPL-3.0")
    with pytest.raises(LicenceError, match=r"that a blend may have, but cc-by-nd-4\.0 forbids"):
        blend_licence(("MIT", "MIT"), "CC-BY-ND-4.0")
    with pytest.raises(LicenceError, match=r"keeps to those of the ends, cc-by-nc-4\.0, but got mit"):
        blend_licence(("", ""), "MIT", origins=["CC-BY-NC-4.0"])
