"""The browser of families on the desk: choose a network, see its relatives, put some on the desk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from effects_page import Desk
from family_site import family_site
from mixing_page import MixingPage, mixing_service
from playwright.sync_api import expect

from dni.catalog.families import Families, load_families
from dni.errors import DniError
from dni.ui.mixing.families_panel import check_relatives, family_html, label_of

Site = tuple[Families, ThreadingHTTPServer]


@pytest.fixture
def site(page_ends: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Site]:
    """The tiny family in the place of the list that comes with the program."""
    monkeypatch.setenv("DNI_CACHE", str(tmp_path / "cache"))
    with family_site(page_ends) as found:
        monkeypatch.setattr("dni.ui.mixing.families_panel.load_families", lambda: found[0])
        yield found


def test_relatives_are_fetched_and_put_on_the_desk_and_stay_without_a_connection(
    site: Site,
    tmp_path: Path,
    serve: Callable[..., str],
    new_desk: Callable[..., Desk],
    mixing_ends: list[Path],
) -> None:
    service = mixing_service(mixing_ends)
    mixing = MixingPage(new_desk(service=service, url=serve(service))).open()
    page, messages = mixing.page, mixing.desk.page.locator(".toast-body")
    mixing.open_accordion("Families of the community's networks")
    page.locator("#desk-family-of input").click()
    page.get_by_role("option", name="The <calm> (4x, rrdb, Ann)").click()
    ticks = page.locator("#desk-relatives label")
    terms = "CC-BY-NC-4.0 (not for commercial use)"
    shown = ["The <calm>: Denoise, JPEG. MIT, 1 MB", f"The <wild>: Denoise, JPEG. {terms}, 1 MB"]
    expect(ticks).to_have_text(shown)
    about = page.locator("#desk-family-about")
    expect(about.locator("summary")).to_have_count(2)
    expect(about.locator("a").nth(1)).to_have_attribute("href", "https://openmodeldb.info/models/paged")
    page.locator("#desk-family-put").click()
    expect(messages).to_contain_text("Expected 2 to 8 networks of a family, but got 1")
    ticks.nth(1).click()
    page.locator("#desk-family-put").click()
    # The desk's own networks have the same names: the files tell when these have come.
    mixing.desk.wait_until(lambda: len(list((tmp_path / "cache/families").rglob("*.safetensors"))) == 2)
    expect(mixing.find(".numbers li").nth(1)).to_contain_text("wild")
    expect(page.locator("#desk-verdict .verdict")).to_contain_text("calm")
    # What is here stays usable when the server is gone.
    site[1].shutdown()
    page.locator("#desk-family-here label").click()
    page.locator("#desk-family-of input").click()
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(2)
    page.get_by_role("option", name="The <wild>").click()
    expect(ticks.first).to_contain_text("here already")


def test_what_cannot_be_put_together(site: Site) -> None:
    families = site[0]
    calm, double = families.find("calm"), families.find("double")
    for chosen, text in [
        ([calm], "but got 1"),
        ([calm] * 9, "but got 9"),
        ([calm, double], "one family and size"),
    ]:
        with pytest.raises(DniError, match=text):
            check_relatives(chosen)


def test_every_network_says_its_licence_or_that_nobody_knows() -> None:
    for one in load_families().relatives.values():
        assert (one.licence or "licence unknown") in label_of(one, is_here=False)


def test_names_are_escaped(site: Site) -> None:
    calm, _, wild, _ = site[0].of("calm")
    assert "The &lt;wild&gt;" in family_html(calm, [wild])
    assert "<wild>" not in family_html(calm, [wild])
