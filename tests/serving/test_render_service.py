"""The service behind the live viewer: pictures by token, frames, and loaded pairs."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from pair_files import make_pair
from PIL import Image
from torch import Tensor

from dni.blending.interpolate import shares_of
from dni.blending.shares import Mix
from dni.checkpoints.networks import load_ends
from dni.pictures.picture import Picture
from dni.pictures.read import open_picture, read_recipe
from dni.pictures.rectangle import Rectangle
from dni.pictures.strips import over_checkerboard
from dni.recipes.recipe import Recipe
from dni.rendering.control import Cancelled, RenderControl
from dni.rendering.renderer import Renderer
from dni.serving.regions import MAX_LIVE_PIXELS
from dni.serving.render_service import Frame, RenderService, RenderServiceError
from dni.serving.scheduling import live_pixel_budget as budget
from dni.serving.scheduling.live_pixel_budget import MIN_LIVE_PIXELS
from dni.serving.sessions import Session

CPU = torch.device("cpu")
at = Mix.of_alpha
WHOLE = Rectangle(0, 0, 40, 30)


def make_picture(seed: int = 0, width: int = 40, height: int = 30, *, opaque: bool = True) -> Picture:
    """Smooth, as JPEG likes it."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (4, 5, 4), dtype=np.uint8))
    smooth = torch.from_numpy(np.array(coarse.resize((width, height), Image.Resampling.BICUBIC)))
    channels = smooth.permute(2, 0, 1).contiguous()
    return Picture(rgb=channels[:3], opacity=None if opaque else channels[3:], name=f"{seed}.png")


@pytest.fixture(scope="module")
def oracle(tiny_ends: list[Path]) -> Renderer:
    network, states = load_ends(tiny_ends)
    return Renderer(network, states, device=CPU, precision="float32")


def decode(jpeg: bytes) -> Tensor:
    image = Image.open(io.BytesIO(jpeg))
    assert image.format == "JPEG"
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def psnr(one: Tensor, other: Tensor) -> float:
    assert one.shape == other.shape
    error = (one.float() - other.float()).square().mean()
    return float(10 * torch.log10(255**2 / error.clamp_min(1e-9)))


# Frames


@pytest.mark.parametrize("alpha", [0.0, 0.35, 1.0])
@pytest.mark.parametrize("region", [WHOLE, Rectangle(7, 9, 20, 11), Rectangle(30, 24, 10, 6)])
def test_a_frame_is_close_to_a_fresh_render(
    service: RenderService,
    oracle: Renderer,
    region: Rectangle,
    alpha: float,
    ann: Session,
) -> None:
    picture = make_picture()
    token = service.hold(picture, session=ann, tab="effects")
    frame = service.frame(token, "tiny", region, at(alpha), session=ann)
    whole = oracle.render(picture.rgb, shares_of(alpha))
    rows, columns = slice(region.top * 4, None), slice(region.left * 4, None)
    expected = whole[:, rows, columns][:, : region.height * 4, : region.width * 4]
    assert psnr(decode(frame.jpeg), expected) > 38
    assert frame.milliseconds > 0


def test_frames_of_other_alphas_and_pairs_differ(service: RenderService, ann: Session) -> None:
    token = service.hold(make_picture(), session=ann, tab="effects")
    frames = [
        decode(service.frame(token, "tiny", WHOLE, at(alpha), session=ann).jpeg) for alpha in (0.0, 0.35, 1.0)
    ]
    assert all(psnr(a, b) < 33 for a, b in pairwise(frames))
    assert psnr(decode(service.frame(token, "reversed", WHOLE, at(0.0), session=ann).jpeg), frames[2]) > 50


def test_a_second_look_gives_the_same_bytes_in_no_time(
    service: RenderService,
    monkeypatch: pytest.MonkeyPatch,
    ann: Session,
) -> None:
    token = service.hold(make_picture(), session=ann, tab="effects")
    first = service.frame(token, "tiny", WHOLE, at(0.3), session=ann)

    def render(*_: object, **__: object) -> Tensor:
        raise AssertionError("rendered again")

    monkeypatch.setattr(Renderer, "render_region", render)
    assert service.frame(token, "tiny", WHOLE, at(0.3), session=ann) == Frame(first.jpeg, 0.0)
    for region, pair, alpha in [
        (WHOLE, "tiny", 0.31),
        (Rectangle(0, 0, 40, 29), "tiny", 0.3),
        (WHOLE, "reversed", 0.3),
    ]:
        with pytest.raises(AssertionError, match="rendered again"):
            service.frame(token, pair, region, at(alpha), session=ann)


def test_a_frame_rendered_elsewhere_is_shown(service: RenderService, ann: Session) -> None:
    token = service.hold(make_picture(), session=ann, tab="effects")
    service.remember(token, "tiny", WHOLE, at(0.3), b"from the GPU", session=ann)
    assert service.frame(token, "tiny", WHOLE, at(0.3), session=ann) == Frame(b"from the GPU", 0.0)
    assert service.frame(token, "tiny", WHOLE, at(0.4), session=ann).jpeg != b"from the GPU"


def test_translucent_pictures_are_laid_over_a_checkerboard(
    service: RenderService, oracle: Renderer, ann: Session
) -> None:
    picture = make_picture(opaque=False)
    token = service.hold(picture, session=ann, tab="effects")
    rendered = oracle.render(picture.rgb, shares_of(0.5)).float()
    assert picture.opacity is not None
    enlarged = Image.fromarray(picture.opacity[0].numpy()).resize((160, 120), Image.Resampling.BICUBIC)
    opacity = torch.from_numpy(np.array(enlarged)).float() / 255
    checks = over_checkerboard(torch.zeros(1, 120, 160, dtype=torch.uint8), torch.zeros(1, 120, 160))
    expected = rendered * opacity + checks * (1 - opacity)
    assert psnr(decode(service.frame(token, "tiny", WHOLE, at(0.5), session=ann).jpeg), expected) > 38
    assert psnr(rendered, expected) < 30
    picture.opacity.zero_()
    nothing = service.hold(picture, session=ann, tab="effects")
    seen = service.frame(nothing, "tiny", WHOLE, at(0.5), session=ann).jpeg
    assert psnr(decode(seen), checks.expand(3, -1, -1)) > 38
    assert decode(service.before(nothing, "tiny", WHOLE, session=ann)).equal(decode(seen))
    assert psnr(decode(service.overview(nothing, session=ann)), checks[:, :30, :40].expand(3, -1, -1)) > 38


def test_before_is_the_bicubic_enlargement(service: RenderService, ann: Session) -> None:
    picture, region = make_picture(), Rectangle(5, 6, 30, 20)
    token = service.hold(picture, session=ann, tab="effects")
    cut = Image.fromarray(picture.rgb.permute(1, 2, 0).numpy()).crop((5, 6, 35, 26))
    expected = np.array(cut.resize((120, 80), Image.Resampling.BICUBIC))
    before = decode(service.before(token, "tiny", region, session=ann))
    assert psnr(before, torch.from_numpy(expected).permute(2, 0, 1)) > 38


@pytest.mark.parametrize(
    ("size", "expected"), [((40, 30), (40, 30)), ((3200, 800), (1600, 400)), ((10, 3200), (5, 1600))]
)
def test_the_overview_is_the_whole_picture_made_small(
    service: RenderService,
    size: tuple[int, int],
    expected: tuple[int, int],
    ann: Session,
) -> None:
    picture = make_picture(0, *size)
    overview = decode(service.overview(service.hold(picture, session=ann, tab="effects"), session=ann))
    assert (overview.shape[2], overview.shape[1]) == expected
    mean = picture.rgb.float().mean(dim=(1, 2))
    torch.testing.assert_close(overview.float().mean(dim=(1, 2)), mean, atol=1.5, rtol=0)


# People


def test_holding_another_picture_replaces_that_of_the_same_tab(service: RenderService, ann: Session) -> None:
    first, second, other = make_picture(1), make_picture(2), make_picture(3)
    old = service.hold(first, session=ann, tab="effects")
    assert service.picture(old, ann) is first
    others = service.hold(other, session=ann, tab="mixing")
    new = service.hold(second, session=ann, tab="effects")
    assert service.picture(new, ann) is second
    assert service.picture(others, ann) is other
    with pytest.raises(RenderServiceError, match="no longer held"):
        service.picture(old, ann)


def test_closing_a_session_frees_its_things_only(service: RenderService) -> None:
    sessions = [Session() for _ in range(4)]
    held = [(session, service.hold(make_picture(), session=session, tab="effects")) for session in sessions]
    service.keep("example", make_picture())
    for session, token in (*held, (sessions[1], "example")):
        service.frame(token, "tiny", WHOLE, at(0.5), session=session)
    assert (len(service.pictures), len(service._frames)) == (4, 5)
    sessions[0].close()
    assert (len(service.pictures), len(service._frames)) == (3, 4)
    with pytest.raises(RenderServiceError, match="no longer held"):
        service.frame(held[0][1], "tiny", WHOLE, at(0.5), session=sessions[0])
    for session, token in (*held[1:], (sessions[1], "example")):
        assert service.frame(token, "tiny", WHOLE, at(0.5), session=session).milliseconds == 0
    Session().close()
    assert (len(service.pictures), len(service._frames)) == (3, 4)


def test_a_stranger_who_knows_a_token_gets_nothing(
    service: RenderService, ann: Session, bob: Session
) -> None:
    token = service.hold(make_picture(), session=ann, tab="effects")
    service.frame(token, "tiny", WHOLE, at(0.5), session=ann)
    for ask in (
        lambda: service.frame(token, "tiny", WHOLE, at(0.5), session=bob),
        lambda: service.before(token, "tiny", WHOLE, session=bob),
        lambda: service.overview(token, session=bob),
        lambda: service.picture(token),
    ):
        with pytest.raises(RenderServiceError, match="no longer held"):
            ask()


def test_tokens_cannot_be_guessed(service: RenderService, ann: Session) -> None:
    tokens = {service.hold(make_picture(), session=ann, tab="effects") for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(token) >= 16 for token in tokens)


def test_several_people_at_once_each_get_their_own(service: RenderService, oracle: Renderer) -> None:
    people = [f"person {number}" for number in range(4)]
    pictures = {name: make_picture(seed) for seed, name in enumerate(people)}
    alphas = {name: [0.02 * step + 0.3 * seed for step in range(5)] for seed, name in enumerate(people)}
    start = threading.Barrier(len(people))

    def watch(name: str) -> list[Tensor]:
        session = Session()
        token = service.hold(pictures[name], session=session, tab="effects")
        start.wait()
        return [
            decode(service.frame(token, "tiny", WHOLE, at(alpha), session=session).jpeg)
            for alpha in alphas[name]
        ]

    with ThreadPoolExecutor(len(people)) as pool:
        seen = dict(zip(people, pool.map(watch, people), strict=True))
    expected = {
        name: [oracle.render(pictures[name].rgb, shares_of(alpha)) for alpha in alphas[name]]
        for name in people
    }
    for name in people:
        assert all(psnr(ours, true) > 38 for ours, true in zip(seen[name], expected[name], strict=True))
        others = [frame for other in people if other != name for frame in expected[other]]
        assert all(psnr(ours, theirs) < 30 for ours in seen[name] for theirs in others)
    # The alphas too are told apart: somebody else's would be seen.
    stranger = oracle.render(pictures[people[0]].rgb, shares_of(alphas[people[1]][0]))
    assert psnr(seen[people[0]][0], stranger) < 36


# Loaded pairs


def test_the_pairs_used_last_stay_loaded(tiny_ends: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    one = (
        RenderService({"a": make_pair("a", tiny_ends)}, device=CPU, precision="float32")
        .renderer("a")
        .blend.nbytes
    )
    assert one > 3 * sum(end.stat().st_size for end in tiny_ends) / 2 * 0.9  # two ends and the live network
    monkeypatch.setattr("dni.serving.pairs.RENDERER_BYTES", 2.5 * one)
    service = RenderService(
        {name: make_pair(name, tiny_ends) for name in "abc"}, device=CPU, precision="float32"
    )
    a, b = service.renderer("a"), service.renderer("b")
    assert service.renderer("a") is a
    service.renderer("c")
    assert service.renderer("a") is a  # used after b, so b had to go
    assert service.renderer("b") is not b


def test_a_pair_larger_than_all_room_works_and_stays_until_the_next(
    tiny_ends: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dni.serving.pairs.RENDERER_BYTES", 10)
    service = RenderService(
        {name: make_pair(name, tiny_ends) for name in "ab"}, device=CPU, precision="float32"
    )
    a = service.renderer("a")
    assert service.renderer("a") is a
    service.renderer("b")
    assert service.renderer("a") is not a


def test_frames_and_exports_have_their_own_precision(service: RenderService) -> None:
    service.precision = "bfloat16"
    assert service.renderer("tiny").precision == "bfloat16"
    assert service.renderer("tiny", precision="float32").precision == "float32"


def test_many_who_ask_at_once_load_a_pair_once(service: RenderService) -> None:
    with ThreadPoolExecutor(4) as pool:
        renderers = set(pool.map(service.renderer, ["tiny"] * 4))
    assert len(renderers) == 1


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(1e-6, MAX_LIVE_PIXELS), (0.04, 2.5 * 96 * 96), (60.0, MIN_LIVE_PIXELS)],
)
def test_the_live_region_follows_the_machine_within_bounds(
    service: RenderService,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    expected: float,
    ann: Session,
) -> None:
    """Seconds are those of each probe, whatever its size."""
    looks = []

    def perf_counter() -> float:
        looks.append(1)
        return len(looks) * seconds

    monkeypatch.setattr(budget, "time", SimpleNamespace(perf_counter=perf_counter))
    assert service.live_pixels("tiny", session=ann) == pytest.approx(expected, abs=1)
    count = len(looks)
    assert service.live_pixels("tiny", session=ann) == pytest.approx(expected, abs=1)
    assert len(looks) == count  # measured once


# Results


def test_results_are_float32_and_say_so(
    service: RenderService, oracle: Renderer, tmp_path: Path, ann: Session
) -> None:
    service.precision = "bfloat16"
    picture = make_picture()
    path = service.export_picture(picture, "tiny", at(0.3), tmp_path / "a.png", session=ann)
    assert torch.equal(open_picture(path).rgb, oracle.render(picture.rgb, shares_of(0.3)))
    recipe = Recipe.from_json(read_recipe(path) or "")
    assert (recipe.pair, recipe.alpha, recipe.precision) == ("tiny", 0.3, "float32")
    network = service.export_network("tiny", at(0.3), tmp_path / "a.safetensors", session=ann)
    assert network.stat().st_size > 1000
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(Cancelled):
        service.export_picture(
            picture,
            "tiny",
            at(0.3),
            tmp_path / "b.png",
            session=ann,
            control=RenderControl(cancelled=cancelled),
        )
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.png", "a.safetensors"]
