"""Files that requests name by an address: our own uploads are their paths, all else stays an address."""

from __future__ import annotations

from typing import Any

from dni.ui.requests.refusals import names_address, with_own_paths

OWN = "/gradio_api/file="


def named(path: str) -> dict[str, Any]:
    return {"path": path, "url": path}


def test_an_upload_is_named_by_its_address_at_any_depth_of_the_app() -> None:
    for start in ("http://127.0.0.1:7860", "HTTPS://space.example/some/root"):
        assert with_own_paths(named(f"{start}{OWN}/tmp/a%20b.png")) == {"path": "/tmp/a b.png", "url": None}
    one, two = with_own_paths([named(f"http://a{OWN}/x"), named("https://elsewhere.example/y")])
    assert one["path"] == "/x"
    assert names_address([two])
    for value in (7, None, "text", [[named(f"http://a{OWN}/x")]], named("/tmp/a.png"), {"path": 3}):
        assert with_own_paths(value) == value


def test_an_address_of_megabytes_takes_one_pass() -> None:
    """Trying every place where the path could begin took minutes of the thread that answers everybody."""
    long = "http://a" + OWN * 400_000 + "?"
    assert with_own_paths(named(long))["path"] == OWN * 399_999 + "?"
