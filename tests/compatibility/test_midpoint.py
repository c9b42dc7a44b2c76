"""The midpoint test on pictures made for it, and on tiny networks."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest
import torch
from cases import case
from torch import Tensor

from dni.checkpoints.networks import load_ends
from dni.compatibility.midpoint import Midpoint, judge, midpoint_tests
from dni.rendering.renderer import Renderer


def scene() -> Tensor:
    """Smooth shapes of much contrast, float (48, 48) in 0 to 255."""
    row, column = torch.arange(48.0)[:, None], torch.arange(48.0)
    return 128 + 60 * torch.sin(row / 5) * torch.cos(column / 7)


def picture(levels: Tensor) -> Tensor:
    return levels.round().clamp(0, 255).to(torch.uint8).expand(3, -1, -1)


def ends() -> list[Tensor]:
    """Two pictures of the scene that differ visibly, by a slow change of light."""
    light = 12 * torch.linspace(-1, 1, 48)
    return [picture(scene() + light), picture(scene() - light)]


def test_the_pixel_blend_blends_well() -> None:
    found = judge((0, 1), picture(scene()), ends())
    assert (found.quality, found.problems) == ("blends well", ())
    assert found.detour == pytest.approx(0.5, abs=0.03)
    # Half the distance is 6.02 dB more.
    assert found.psnr_between_ends is not None
    assert found.psnr_to_ends == pytest.approx([found.psnr_between_ends + 6.02] * 2, abs=0.4)
    assert found.psnr_to_pixel_blend is None or found.psnr_to_pixel_blend > 55


def test_what_can_go_wrong() -> None:
    for levels, quality, problem in [
        (scene() - 6, "blends with loss", r"darker than every end by 2\.\d % of the range"),
        (scene() + 6, "blends with loss", r"brighter than every end by 2\.\d % of the range"),
        (scene() - 60, "does not blend", r"darker than every end by 2\d % of the range"),
        (128 + 0.8 * (scene() - 128), "blends with loss", r"has 2\d % less contrast than any end"),
        (128 + 0.1 * (scene() - 128), "does not blend", r"has 90 % less contrast than any end"),
        (128 + 1.3 * (scene() - 128), "blends with loss", r"has [23]\d % more contrast than any end"),
        (scene().T, "blends with loss", r"it is \d\.\d times as far from an end as the ends are apart"),
    ]:
        with case(levels, quality, problem):
            found = judge((0, 1), picture(levels), ends())
            assert found.quality == quality
            assert any(re.search(problem, text) for text in found.problems), found.problems


def test_on_a_plain_picture_no_contrast_is_missed() -> None:
    """The ends' own is below what counts: of nothing, the blend cannot have 90 % less."""
    paper = torch.full((48, 48), 240.0)
    ends = [paper.clone(), paper.clone()]
    for end in ends:
        end[20:24, 20:24] += 5
    found = judge((0, 1), picture(paper), [picture(end) for end in ends])
    assert not any("contrast" in problem for problem in found.problems)


def test_a_pattern_is_too_much_texture() -> None:
    row, column = torch.arange(48)[:, None], torch.arange(48)
    board = 6.0 * ((row + column) % 2 * 2 - 1)
    found = judge((0, 1), picture(scene() + board), ends())
    assert found.quality == "does not blend"
    assert "more fine texture than any end, by a factor of" in found.problems[0]


def test_less_texture_than_either_end() -> None:
    noise = 12 * torch.randn(48, 48, generator=torch.Generator().manual_seed(0))
    found = judge((0, 1), picture(scene()), [picture(scene() + noise), picture(scene() - noise)])
    assert any("less fine texture than any end, by a factor of" in problem for problem in found.problems)


def test_ends_that_make_one_picture() -> None:
    same = [picture(scene())] * 2
    found = judge((0, 1), picture(scene()), same)
    assert (found.quality, found.detour) == ("blends well", 0)
    assert found.psnr_to_ends == (None, None)
    assert (found.psnr_between_ends, found.psnr_to_pixel_blend) == (None, None)
    # Below two levels nothing shows, however near the ends are to each other.
    assert judge((0, 1), picture(scene() + 1), same).quality == "blends well"


def test_the_order_of_the_ends_does_not_matter() -> None:
    blend = picture(scene() - 20)
    forwards, backwards = judge((0, 1), blend, ends()), judge((0, 1), blend, ends()[::-1])
    assert forwards.psnr_to_ends == backwards.psnr_to_ends[::-1]
    assert (forwards.detour, forwards.problems) == (backwards.detour, backwards.problems)


@pytest.fixture(scope="module")
def rgb() -> Tensor:
    return torch.randint(0, 256, (3, 20, 24), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


def run_tests(paths: list[Path], rgb: Tensor) -> list[Midpoint]:
    network, states = load_ends(paths)
    return midpoint_tests(Renderer(network, states, device=torch.device("cpu"), precision="float32"), rgb)


def test_two_ends_have_one_midpoint(tiny_ends: list[Path], rgb: Tensor) -> None:
    (found,) = run_tests(tiny_ends, rgb)
    assert found.ends == (0, 1)
    # The parameters of (A + B) / 2, set by hand, make the same picture.
    network, (a, b) = load_ends(tiny_ends)
    middle = {name: (a[name] + b[name]) / 2 for name in a}
    by_hand = copy.deepcopy(network.module)
    by_hand.load_state_dict(middle)
    with torch.no_grad():
        expected = by_hand(rgb[None] / 255)[0].clamp(0, 1).mul(255).round()
    look = judge((0, 1), expected.to(torch.uint8), [expected.to(torch.uint8)] * 2).blend
    assert found.blend.brightness == pytest.approx(look.brightness, abs=1e-4)
    assert found.blend.contrast == pytest.approx(look.contrast, abs=1e-4)


def test_three_ends_have_three_midpoints_and_a_centre(tiny_ends: list[Path], rgb: Tensor) -> None:
    found = run_tests([*tiny_ends, tiny_ends[0]], rgb)
    assert sorted(test.ends for test in found) == [(0, 1), (0, 1, 2), (0, 2), (1, 2)]
    same = next(test for test in found if test.ends == (0, 2))
    assert same.psnr_between_ends is None
    assert same == found[-1]  # the best comes last
