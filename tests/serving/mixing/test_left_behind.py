"""A person's own networks after a reload: for the page that shows its former token, and for nobody else."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dni.serving.mixing.left_behind import LeftBehind
from dni.serving.mixing.uploaded_networks import UploadedNetworks
from dni.serving.regions import RenderServiceError
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session


@pytest.fixture
def networks(service: RenderService, monkeypatch: pytest.MonkeyPatch) -> UploadedNetworks:
    monkeypatch.setattr("dni.serving.mixing.uploaded_networks.unusable", lambda paths: {})
    return UploadedNetworks(service)


def on_desk(networks: UploadedNetworks, files: list[Path], page: str) -> tuple[Session, str]:
    session = networks.service.sessions.open(page)
    return session, networks.pair(files, session=session)


def test_a_page_that_is_loaded_anew_has_its_networks_again(
    networks: UploadedNetworks, tiny_ends: list[Path]
) -> None:
    service = networks.service
    before, pair_id = on_desk(networks, tiny_ends, "before")
    service.sessions.close("before")
    after = service.sessions.open("after")
    assert networks.reclaim(before.token, pair_id, session=after)
    assert service.pair(pair_id, after).labels == ("calm", "wild")
    networks.left.drop(before.token)
    paths = service.paths(pair_id, after)
    assert [path.read_bytes() for path in paths] == [end.read_bytes() for end in tiny_ends]
    assert networks.files(after) == paths
    # And once more.
    service.sessions.close("after")
    again = service.sessions.open("again")
    assert networks.reclaim(after.token, pair_id, session=again)
    networks.left.drop(after.token)
    assert not any(path.exists() for path in paths)


def test_a_page_that_is_open_twice_has_them_twice(networks: UploadedNetworks, tiny_ends: list[Path]) -> None:
    service = networks.service
    one, pair_id = on_desk(networks, tiny_ends, "one")
    two = service.sessions.open("two")
    assert networks.reclaim(one.token, pair_id, session=two)
    service.sessions.close("two")
    assert all(path.exists() for path in service.paths(pair_id, one))


def test_another_ones_token_gives_nothing(networks: UploadedNetworks, tiny_ends: list[Path]) -> None:
    service = networks.service
    ann, pair_id = on_desk(networks, tiny_ends, "ann")
    eve, eves_pair = on_desk(networks, tiny_ends, "eve")
    for page in ("ann", "eve"):
        service.sessions.close(page)
    new = service.sessions.open("new")
    for token, asked in ((eve.token, pair_id), ("", pair_id), ("guessed", pair_id), (ann.token, eves_pair)):
        assert not networks.reclaim(token, asked, session=new)
    with pytest.raises(RenderServiceError, match="no longer held here"):
        service.pair(pair_id, new)
    assert networks.files(new) == []


def test_what_was_not_on_the_desk_is_deleted_at_once(
    networks: UploadedNetworks, tiny_ends: list[Path]
) -> None:
    session = networks.service.sessions.open("page")
    networks.take(tiny_ends, session=session)
    files = networks.files(session)
    networks.service.sessions.close("page")
    assert files
    assert not any(path.exists() for path in files)
    assert networks.left.get(session.token) is None


def test_what_is_left_is_discarded_once_when_its_time_is_over_or_room_is_needed() -> None:
    discarded: list[str] = []
    few = LeftBehind[str](discarded.append, capacity=2)
    for name in "abc":
        few.leave(name, name)
    assert (discarded, few.get("a"), few.get("b")) == (["a"], None, "b")
    for name in "bcb":
        few.drop(name)
    assert discarded == ["a", "b", "c"]
    over = threading.Event()
    LeftBehind[str](lambda _: over.set(), seconds=0).leave("d", "d")
    assert over.wait(30)
