"""What stands behind the mixing desk: scenes, layers, masks, files and verdicts as the page needs them."""

from __future__ import annotations

import base64
import io
import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from dni.blending.mix_paths import first_end
from dni.blending.shares import Mix
from dni.catalog.pairs import End, Pair, Source
from dni.checkpoints.files import sha256_of
from dni.compatibility.correlation import LayerCorrelation
from dni.compatibility.verdict import Evidence, NetworkFacts, Verdict
from dni.errors import DniError
from dni.export.networks import export_network
from dni.masks.files import MaskError, decode_mask, encode_mask
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.recipes.render_request import RenderRequest
from dni.serving.mixing.frames import words
from dni.serving.mixing.mask_store import MASKS_EACH, MaskStore, read_canvas
from dni.serving.mixing.uploaded_networks import UploadedNetworks, short_labels
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session, SessionError
from dni.tradeoff.compare import Comparison
from dni.ui.mixing.handlers import MixingHandlers
from dni.ui.mixing.recipe_panel import restored_values
from dni.ui.mixing.scene import layers_of, name_of, read_render_request, request_of, with_layers
from dni.ui.mixing.sweep_panel import sweep_rows
from dni.ui.mixing.verdict_panel import group_correlations, verdict_html
from dni.ui.protocol.messages import LayeredMix, to_json
from dni.ui.protocol.mixing import MixingState, MixRequest

SCENE = {
    **{"serial": "one", "token": "example-cat", "name": "cat.png", "width": 40, "height": 30, "scale": 4},
    **{"pair": "tiny", "labels": ["calm", "wild"], "live_pixels": 1000, "session": "me", "example": "cat"},
    **{"groups": [{"name": "last"}], "base": None, "region": None},
    "mix": {"shares": [0.3, 0.7], "groups": {"last": [0.65, 0.35]}, "layers": {"last": 0.5}},
    "mask": None,
    "seen": {"left": 1, "top": 2, "width": 30, "height": 20},
}
MASK = encode_mask(torch.arange(64, dtype=torch.uint8).reshape(8, 8))


def picture(width: int = 40, height: int = 30) -> Picture:
    return Picture(rgb=torch.zeros(3, height, width, dtype=torch.uint8), opacity=None, name="a.png")


# Scenes and orders


def test_a_scene_is_read_back() -> None:
    desk = MixingState.parse(SCENE)
    assert desk.mix.blend == Mix.of((0.3, 0.7), groups={"last": (0.65, 0.35)})
    assert (desk.mix.layers, desk.seen, desk.mask) == ({"last": 0.5}, Rectangle(1, 2, 30, 20), None)


@pytest.mark.parametrize("scene", [None, {}, "scene", {**SCENE, "mix": None, "seen": None}])
def test_no_scene_is_an_error(scene: Any) -> None:
    with pytest.raises(DniError, match=r"Expected|Nothing is on the desk yet"):
        MixingState.parse(scene)


def test_an_order_has_the_first_end_where_nothing_is_painted() -> None:
    desk = MixingState.parse(SCENE)
    render_request = request_of(desk, mask=MASK, only_seen=True)
    assert render_request == RenderRequest(
        mix=Mix.of((1, 0)), brush=desk.mix.blend, mask=MASK, crop=Rectangle(1, 2, 30, 20)
    )
    assert request_of(desk, mask=None, only_seen=False) == RenderRequest(mix=desk.mix.blend)


def test_an_order_is_asked_for_with_what_a_recipe_brought(ann: Session) -> None:
    masks = MaskStore()
    asked = {"token": "a", "pair": "b", "region": SCENE["seen"], "mix": {"shares": [0.3, 0.7]}, "session": ""}

    def read(**more: Any) -> RenderRequest:
        return read_render_request(MixRequest.parse({**asked, **more}), masks, ann)

    assert read() == RenderRequest(mix=Mix.of((0.3, 0.7)), crop=Rectangle(1, 2, 30, 20))
    held = masks.put(decode_mask(MASK), session=ann)
    painted = read(mask=held, base=None, levels=None)
    text = masks.get(held, session=ann)
    assert painted == RenderRequest(
        mix=Mix.of((1, 0)), brush=Mix.of((0.3, 0.7)), mask=text, crop=Rectangle(1, 2, 30, 20)
    )
    restored = read(mask=held, base={"shares": [0.6, 0.4]}, levels=3)
    assert (restored.mix, restored.levels) == (Mix.of((0.6, 0.4)), 3)


def test_every_order_has_a_name_of_its_own() -> None:
    desk = MixingState.parse(SCENE)
    requests = [
        request_of(desk, mask=mask, only_seen=seen) for mask in (None, MASK) for seen in (True, False)
    ]
    requests += [RenderRequest(mix=Mix.of_alpha(alpha)) for alpha in (0.57, 0.58)]
    assert len({name_of(render_request) for render_request in requests}) == 6
    assert name_of(requests[-1]) == "alpha-0.5800"


# Layers


@pytest.mark.parametrize("part", [0.0, 0.01, 0.35, 0.99])
@pytest.mark.parametrize("shares", [(0.3, 0.7), (0.0, 1.0), (0.2, 0.3, 0.5), (0.25, 0.0, 0.75), (-0.4, 1.4)])
def test_layers_come_back_from_a_recipe_exactly(part: float, shares: tuple[float, ...]) -> None:
    mix = Mix.of(shares, extrapolate=True)
    layered = with_layers(mix, {"last": part, "first": 1 - part})
    layers = layers_of(layered)
    assert layers == {"last": part, "first": pytest.approx(1 - part, abs=1e-12)}
    assert with_layers(mix, layers).shares_in("last") == layered.shares_in("last")


@pytest.mark.parametrize("own", [(0.0, 1.0), (1.1, -0.1)])
def test_layers_beyond_the_mix_are_refused(own: tuple[float, float]) -> None:
    mix = Mix.of((0.5, 0.5), groups={"last": own}, extrapolate=True)
    with pytest.raises(DniError, match=r"'last' has others, which the\s+desk cannot show"):
        layers_of(mix)


# Recipes


def test_what_a_recipe_puts_on_the_desk() -> None:
    brush = with_layers(Mix.of((0.2, 0.8)), {"last": 0.25})
    render_request = RenderRequest(
        mix=first_end(2), brush=brush, mask=MASK, levels=3, crop=Rectangle(1, 2, 10, 20), tile=64
    )
    assert restored_values(render_request, picture()) == {
        "mix": LayeredMix(brush, {"last": 0.25}),
        "base": None,
        "png": MASK,
        "crop": Rectangle(1, 2, 10, 20),
        "tile": 64,
        "levels": 3,
    }


@pytest.mark.parametrize(
    "base",
    [
        Mix.of_alpha(0.3),
        Mix.of((0.0, 1.0), groups={"first": (0.7, 0.3), "last": (1, 0)}),
        Mix.of((1.3, -0.3), extrapolate=True),
        Mix.of((1, 0), extrapolate=True),
    ],
)
def test_another_mix_where_nothing_is_painted_comes_back_exactly(base: Mix) -> None:
    render_request = RenderRequest(mix=base, brush=Mix.of_alpha(0.8), mask=MASK, crop=Rectangle(1, 2, 10, 20))
    values = restored_values(render_request, picture())
    restored = json.loads(json.dumps({name: to_json(value) for name, value in values.items()}))
    scene = {**SCENE, "mix": restored["mix"], "base": restored["base"], "seen": restored["crop"]}
    assert request_of(MixingState.parse(scene), mask=MASK, only_seen=True) == render_request


def test_without_a_mask_there_is_no_other_mix() -> None:
    assert restored_values(RenderRequest(mix=Mix.of_alpha(0.3)), picture())["base"] is None


def test_a_mix_outside_of_the_mask_that_is_none_is_refused() -> None:
    with pytest.raises(DniError, match=r"Expected 'base\.shares' as a list"):
        MixingState.parse({**SCENE, "base": {}})
    desk = MixingState.parse({**SCENE, "base": {"shares": [0, 0, 1]}})
    with pytest.raises(DniError, match="Expected a brush of 3 ends"):
        request_of(desk, mask=MASK, only_seen=False)


# Sweeps


def test_a_sweep_goes_to_the_last_network_or_to_the_mix() -> None:
    desk = MixingState.parse(SCENE)
    (row,) = sweep_rows(desk, "ends", 3)
    assert [mix.shares for mix in row] == [(1, 0), (0.5, 0.5), (0, 1)]
    assert row[1].shares_in("last") == (0.75, 0.25)
    assert sweep_rows(desk, "mix", 3)[0][-1].shares == (0.3, 0.7)
    with pytest.raises(DniError, match="Expected 3 or 4 ends for a grid"):
        sweep_rows(desk, "pad", 3)
    with pytest.raises(DniError, match="Expected one of the ways"):
        sweep_rows(desk, "elsewhere", 3)


def test_a_grid_has_the_layers_too() -> None:
    desk = MixingState.parse({**SCENE, "mix": {"shares": [1, 0, 0], "layers": {"last": 0.0}}})
    rows = sweep_rows(desk, "pad", 3)
    assert [len(row) for row in rows] == [1, 2, 3]
    assert all(mix.shares_in("last") == (1, 0, 0) for row in rows for mix in row)


# Masks


def canvas_png(levels: np.ndarray) -> str:
    """What a browser's canvas gives: RGBA."""
    buffer = io.BytesIO()
    Image.fromarray(levels).convert("RGBA").save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def test_a_canvas_is_read_level_by_level_and_kept_exactly(ann: Session) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(8, 32)
    mask = read_canvas(canvas_png(levels))
    store = MaskStore()
    assert torch.equal(mask, torch.from_numpy(levels))
    assert torch.equal(decode_mask(store.get(store.put(mask, session=ann), session=ann)), mask)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no base64!", "other data"),
        (base64.b64encode(b"no picture").decode(), "other data"),
        (canvas_png(np.zeros((4, 513), np.uint8)), "513x4"),
        ("A" * 1_500_001, "1500001 characters"),
    ],
)
def test_a_canvas_that_is_none_is_refused(text: str, found: str) -> None:
    with pytest.raises(MaskError, match=f"at most 512 pixels a side, but got {found}"):
        read_canvas(text)


def test_only_the_last_masks_of_a_session_are_held_and_none_when_it_ends(ann: Session, bob: Session) -> None:
    store = MaskStore()
    mask = torch.zeros(4, 4, dtype=torch.uint8)
    other = store.put(mask, session=bob)
    ids = [store.put(mask, session=ann) for _ in range(MASKS_EACH + 1)]
    for held in ids[1:]:
        store.get(held, session=ann)
    for mask_id, session in ((ids[0], ann), (ids[-1], bob)):
        with pytest.raises(MaskError, match="no longer held here"):
            store.get(mask_id, session=session)
    ann.close()
    with pytest.raises(MaskError, match="no longer held here"):
        store.get(ids[-1], session=ann)
    store.get(other, session=bob)


# Words


def test_labels_are_short_and_different() -> None:
    labels = short_labels(["net", "net", "x" * 40, f"{'x' * 40}y"])
    assert labels[:2] == ["net", "net (2)"]
    assert labels[2] == "x" * 23 + "…"
    assert len(set(labels)) == 4


def test_a_comparison_in_words() -> None:
    blank = torch.zeros(3, 4, 4, dtype=torch.uint8)
    made = Comparison(blank, blank, blank, 8.0, 40.0, 0.5, 0.25)
    plain = RenderRequest(mix=Mix.of_alpha(0.5))
    text = words(made, plain)
    assert "40.0 dB" in text
    assert "the blended network keeps 50 %, the blended pixels 25 %" in text
    assert "your" not in text
    layered = Mix.of((0.5, 0.5), groups={"last": (1, 0)})
    assert "With your layers" in words(made, RenderRequest(mix=layered))
    masked = words(made, RenderRequest(mix=first_end(2), brush=layered, mask=MASK))
    assert "With your layers" in masked
    assert "With your mask" in masked
    equal = Comparison(blank, blank, blank, 8.0, math.inf, math.nan, math.nan)
    assert "same picture" in words(equal, plain)


def evil_verdict() -> Verdict:
    evil = "<img src=x onerror=alert(1)>${1 + 1}"
    facts = [NetworkFacts(evil, f"{evil}.pth", "0" * 64, 5, "RRDBNet", 4, 3, 3, 1000) for _ in range(3)]
    layers = (
        LayerCorrelation("a.weight", "first", (1.0, 0.5)),
        LayerCorrelation("b.weight", "last", (0.5, 0.0)),
    )
    return Verdict("does not blend", evil, Evidence(tuple(facts), False, (evil,), evil, layers))


def test_a_verdict_in_html_is_escaped() -> None:
    text = verdict_html(evil_verdict())
    assert "<img" not in text
    assert text.count("&lt;img") >= 6
    assert 'class="verdict does-not-blend"' in text


def test_groups_correlate_by_the_mean_over_the_other_ends() -> None:
    assert group_correlations(evil_verdict()) == {"first": 0.75, "last": 0.25}


# The chooser of networks


def test_a_superseded_pair_can_be_chosen_only_while_it_is_on_the_desk(
    service: RenderService, ann: Session
) -> None:
    pairs = [service.pair("tiny"), replace(service.pair("reversed"), superseded_by="tiny")]
    former = RenderService({pair.id: pair for pair in pairs}, device=torch.device("cpu"))
    tab = MixingHandlers(former)
    assert [pair_id for _, pair_id in tab.chooser("tiny", ann).choices] == ["tiny"]
    assert [pair_id for _, pair_id in tab.chooser("reversed", ann).choices] == ["tiny", "reversed"]
    assert "Yours" not in tab.chooser("reversed", ann).choices[-1][0]


def test_own_networks_stay_in_the_chooser_when_a_recipe_brings_others(
    service: RenderService, ann: Session, bob: Session, tiny_ends: list[Path]
) -> None:
    tab = MixingHandlers(service)
    assert tab.networks.take(tiny_ends, session=ann) == {}
    own = [tab.networks.pair(tiny_ends, session=ann) for _ in range(2)]
    assert [pair_id for _, pair_id in tab.chooser("tiny", ann).choices] == ["tiny", "reversed", own[1]]
    assert tab.chooser("tiny", ann).choices[-1][0].startswith("Yours")
    assert [pair_id for _, pair_id in tab.chooser("tiny", bob).choices] == ["tiny", "reversed"]


# Several pictures at once


def test_other_pictures_get_the_mix_everywhere(
    service: RenderService, ann: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab, said = MixingHandlers(service), []
    monkeypatch.setattr("dni.ui.mixing.handlers.notify", said.append)
    mask_id = tab.masks.put(torch.zeros(4, 4, dtype=torch.uint8), session=ann)
    plain = tab.everywhere(SCENE, ann)
    painted = tab.everywhere({**SCENE, "mask": mask_id}, ann)
    expected = RenderRequest(mix=MixingState.parse(SCENE).mix.blend)
    assert plain.render_request == painted.render_request == expected
    assert [("belongs to the picture on the desk" in text) for text in said] == [True]


def test_what_is_painted_and_has_not_arrived_is_not_left_out(service: RenderService, ann: Session) -> None:
    tab = MixingHandlers(service)
    for export in (tab.whole, tab.part):
        with pytest.raises(DniError, match="What you painted is not here yet"):
            export({**SCENE, "mask": ""}, ann)


# What a session takes along when it ends


@pytest.mark.slow
def test_a_session_takes_everything_along(
    tiny_ends: list[Path], service: RenderService, ann: Session
) -> None:
    tab = MixingHandlers(service)
    assert tab.networks.take(tiny_ends, session=ann) == {}
    pair_id = tab.networks.pair(tiny_ends, session=ann)
    (kept, _) = tab.networks.files(ann)
    mask_id = tab.masks.put(torch.zeros(4, 4, dtype=torch.uint8), session=ann)
    tab.measures.give(picture().rgb, session=ann)
    service.keep("example-cat", picture())
    assert service.pair(pair_id, ann).labels == ("calm", "wild")
    assert (kept.name, kept.is_file()) == ("calm.safetensors", True)
    ann.close()
    assert not kept.exists()
    for gone in (lambda: service.pair(pair_id, ann), lambda: tab.masks.get(mask_id, session=ann)):
        with pytest.raises(DniError, match="no longer held here"):
            gone()
    last = RenderRequest(mix=Mix.of_alpha(1), crop=Rectangle(0, 0, 8, 8))
    with pytest.raises(DniError, match="Expected a reference picture, but none was given"):
        tab.measures.curve("example-cat", "tiny", last, against="reference", session=ann)
    with pytest.raises(SessionError, match="session has ended"):
        tab.networks.take(tiny_ends, session=ann)


def test_files_beyond_the_limit_are_named(
    tmp_path: Path, service: RenderService, monkeypatch: pytest.MonkeyPatch, ann: Session
) -> None:
    monkeypatch.setattr("dni.serving.mixing.uploaded_networks.unusable", lambda paths: {})
    files = [tmp_path / f"{number}.safetensors" for number in range(10)]
    for file in files:
        file.write_bytes(b"x")
    problems = UploadedNetworks(service).take(files, session=ann)
    assert list(problems) == files[8:]
    assert "at most 8 files, but 8.safetensors is one more" in problems[files[8]]


def test_own_networks_are_called_as_the_catalogue_calls_them(
    tiny_ends: list[Path], tmp_path: Path, ann: Session
) -> None:
    ends = tuple(End(f"the {path.stem}", Source(path=path, sha256=sha256_of(path))) for path in tiny_ends)
    service = RenderService({"known": Pair("known", "Known", ends)}, device=torch.device("cpu"))
    copy, blend = tmp_path / "0001.safetensors", tmp_path / "mine.safetensors"
    shutil.copy(tiny_ends[1], copy)
    export_network(tiny_ends, (0.5, 0.5), blend)
    pair_id = UploadedNetworks(service).hold([blend, copy], session=ann)
    assert service.pair(pair_id, ann).labels == ("mine", "the wild")


def test_one_network_alone_is_no_blend(tiny_ends: list[Path], service: RenderService, ann: Session) -> None:
    with pytest.raises(DniError, match="Expected at least two networks to blend, but got 1"):
        UploadedNetworks(service).hold(tiny_ends[:1], session=ann)
