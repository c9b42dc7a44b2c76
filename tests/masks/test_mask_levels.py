"""Levels, weights and rectangles of masks, against torch's own interpolation and by their properties."""

from __future__ import annotations

import pytest
import torch
from cases import case
from torch.nn import functional

from dni.masks.files import MaskError
from dni.masks.levels import choose_levels, sample_mask, weights
from dni.masks.plan import Canvas, cover, plan_masked
from dni.pictures.rectangle import Rectangle


def noise(height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (height, width), generator=generator, dtype=torch.uint8)


def ramp(height: int, width: int, low: int = 0, high: int = 255) -> torch.Tensor:
    return torch.linspace(low, high, width).round().to(torch.uint8).expand(height, width)


def disc(side: int, value: int = 255) -> torch.Tensor:
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    inside = (rows - side / 2).square() + (columns - side / 2).square() < (side / 4) ** 2
    return (inside * value).to(torch.uint8)


def checkers(height: int, width: int) -> torch.Tensor:
    return ((torch.arange(height)[:, None] + torch.arange(width)) % 2 * 255).to(torch.uint8)


def choose(mask: torch.Tensor, steps: int | None = None, scale: int = 4) -> tuple[int, ...]:
    return choose_levels(mask, steps=steps, output_size=(mask.shape[0] * scale, mask.shape[1] * scale))


def test_a_mask_of_any_size_is_sampled_bilinearly() -> None:
    for size in [(1, 1), (5, 7), (40, 3), (200, 300)]:
        with case(size):
            mask = noise(*size)
            expected = functional.interpolate(mask[None, None].double(), size=(60, 88), mode="bilinear")[0, 0]
            sampled = sample_mask(mask, Rectangle.whole(88, 60), output_size=(60, 88))
            torch.testing.assert_close(sampled.double(), expected, atol=1e-3, rtol=0)


def test_a_window_is_that_part_of_the_whole_mask() -> None:
    mask = noise(17, 23)
    whole = sample_mask(mask, Rectangle.whole(88, 60), output_size=(60, 88))
    part = sample_mask(mask, Rectangle(30, 11, 9, 20), output_size=(60, 88))
    assert torch.equal(part, whole[11:31, 30:39])


def test_a_mask_of_the_output_s_size_is_taken_as_it_is() -> None:
    mask = noise(60, 88)
    assert torch.equal(sample_mask(mask, Rectangle.whole(88, 60), output_size=(60, 88)), mask.float())


def test_a_constant_mask_needs_one_level_and_keeps_its_value() -> None:
    for value in [0, 1, 77, 255]:
        with case(value):
            mask = torch.full((5, 7), value, dtype=torch.uint8)
            assert choose(mask) == (value,)
            sampled = sample_mask(mask, Rectangle.whole(44, 33), output_size=(33, 44))
            assert torch.equal(sampled, torch.full((33, 44), float(value)))
            assert torch.equal(weights(sampled, (value,), 0), torch.ones(33, 44))


def test_a_mask_of_few_flat_values_needs_these() -> None:
    assert choose(disc(64)) == (0, 255)
    assert choose(disc(64, 100), steps=8) == (0, 100)
    steps = torch.tensor([20, 90, 200], dtype=torch.uint8).repeat_interleave(50).expand(100, 150)
    assert choose(steps) == (20, 90, 200)
    assert choose(steps, steps=1) == (20, 200)
    assert choose(steps, steps=2) == (20, 90, 200)
    assert choose(steps, steps=255) == (20, 90, 200)


def test_a_line_of_one_pixel_along_any_border_is_flat() -> None:
    mask = torch.zeros(200, 200, dtype=torch.uint8)
    mask[:, 0], mask[:, -1], mask[0, 1:-1], mask[-1, 1:-1] = 50, 100, 150, 200
    assert choose(mask, steps=8) == (0, 50, 100, 150, 200)


def test_thin_soft_edges_do_not_count() -> None:
    soft = disc(256).clone()
    soft[soft.roll(1, 0) != soft] = 140
    assert choose(soft) == (0, 255)


def test_a_soft_mask_gets_even_levels_between_its_lowest_and_highest() -> None:
    assert choose(ramp(9, 300)) == (0, 64, 128, 191, 255)
    assert choose(ramp(9, 300), steps=2) == (0, 128, 255)
    assert choose(ramp(9, 300, 100, 140)) == (100, 110, 120, 130, 140)
    assert choose(ramp(9, 300, 100, 102), steps=8) == (100, 101, 102)


def test_a_hard_mask_that_enlarging_makes_soft_all_over_is_soft() -> None:
    assert choose(checkers(6, 8)) == (0, 64, 128, 191, 255)
    assert choose(checkers(6, 8), scale=1) == (0, 255)


def test_wrong_numbers_of_steps_are_refused() -> None:
    for steps in [0, 256, -1]:
        with (
            case(steps),
            pytest.raises(MaskError, match=f"from 1 to 255 steps between levels, but got {steps}"),
        ):
            choose(disc(8), steps=steps)


LEVELS = [(0, 255), (0, 64, 128, 191, 255), (10, 11, 250), tuple(range(256))]


def test_weights_mix_to_the_mask_itself() -> None:
    """Linear interpolation between levels gives any linear function back: here the identity."""
    for levels in LEVELS:
        with case(levels):
            values = torch.linspace(levels[0], levels[-1], 999)[None]
            parts = [weights(values, levels, index) for index in range(len(levels))]
            assert min(float(part.min()) for part in parts) >= 0
            torch.testing.assert_close(sum(parts), torch.ones(1, 999))
            mixed = sum(level * part for level, part in zip(levels, parts, strict=True))
            torch.testing.assert_close(mixed, values, atol=1e-3, rtol=0)


def test_pixels_on_a_level_take_that_level_alone() -> None:
    levels = (0, 64, 128, 191, 255)
    table = torch.cat([weights(torch.tensor([levels]).float(), levels, index) for index in range(5)])
    assert torch.equal(table, torch.eye(5))


def canvas(width: int, height: int, *, scale: int = 2, overlap: int = 4) -> Canvas:
    return Canvas(width, height, scale, overlap)


def painted(rectangles: tuple[Rectangle, ...], width: int, height: int, scale: int) -> torch.Tensor:
    pixels = torch.zeros(height * scale, width * scale, dtype=torch.bool)
    for one in rectangles:
        pixels[
            one.top * scale : (one.top + one.height) * scale,
            one.left * scale : (one.left + one.width) * scale,
        ] = True
    return pixels


def test_rectangles_hold_every_pixel_of_weight_and_stay_inside() -> None:
    for overlap in [0, 4, 48]:
        for density in [0.0, 0.0005, 0.01, 0.5]:
            with case(overlap, density):
                width, height = 150, 101
                generator = torch.Generator().manual_seed(1)
                weight = (torch.rand(height * 2, width * 2, generator=generator) < density).float()
                area = Rectangle(0, 0, width, height)
                rectangles = cover(weight, area, canvas(width, height, overlap=overlap))
                assert bool((weight > 0).any()) == bool(rectangles)
                assert bool(painted(rectangles, width, height, 2)[weight > 0].all())
                assert all(area.around(one) == area for one in rectangles)


def test_spots_are_joined_only_where_that_saves_work() -> None:
    weight = torch.zeros(300, 300)
    weight[0, 0] = weight[299, 299] = 1
    area = Rectangle(0, 0, 300, 300)
    apart = cover(weight, area, canvas(300, 300, scale=1, overlap=4))
    assert sorted(apart, key=lambda one: one.left) == [Rectangle(0, 0, 32, 32), Rectangle(288, 288, 12, 12)]
    assert cover(weight, area, canvas(300, 300, scale=1, overlap=1000)) == (area,)


def test_a_rectangle_lies_where_its_tile_does() -> None:
    weight = torch.zeros(80, 100)
    weight[79, 99] = 1
    found = cover(weight, Rectangle(7, 5, 50, 40), canvas(200, 200))
    assert found == (Rectangle(39, 37, 18, 8),)


def test_only_the_painted_area_costs_more_than_one_pass() -> None:
    mask = torch.zeros(640, 640, dtype=torch.uint8)
    mask[300:330, 200:300] = ramp(30, 100)
    plan = plan_masked(mask, canvas(640, 640, scale=1), levels=4)
    spot = Rectangle(192, 288, 128, 64)  # the cells of the grid that the stroke touches, in two tiles
    rendered = [part for tile in plan.tiles for parts in tile.parts[1:] for part in parts]
    assert rendered
    assert all(Rectangle(192, 288, 160, 64).around(part) == Rectangle(192, 288, 160, 64) for part in rendered)
    assert 1 < plan.passes <= 1 + 4 * 1.25 * spot.area / (640 * 640)
    assert plan.num_parts == len(rendered) + sum(len(tile.parts[0]) for tile in plan.tiles)


def test_there_are_never_more_passes_than_levels() -> None:
    for levels in [1, 2, 4, 8]:
        with case(levels):
            plan = plan_masked(noise(90, 70), canvas(70, 90), levels=levels, tile=40)
            assert plan.passes <= levels + 1
            assert len(plan.levels) == levels + 1


def test_an_unpainted_picture_is_one_pass() -> None:
    plan = plan_masked(torch.zeros(9, 9, dtype=torch.uint8), canvas(900, 500))
    assert plan.levels == (0,)
    assert plan.passes == 1


def test_tiles_fill_the_crop_once() -> None:
    crop = Rectangle(3, 5, 101, 62)
    plan = plan_masked(disc(20), canvas(300, 200), crop=crop, tile=30)
    count = torch.zeros(200, 300, dtype=torch.int)
    for tile in plan.tiles:
        assert max(tile.area.width, tile.area.height) <= 30
        count[painted((tile.area,), 300, 200, 1)] += 1
    expected = painted((crop,), 300, 200, 1).int()
    assert torch.equal(count, expected)


def test_errors_say_what_was_expected() -> None:
    with pytest.raises(MaskError, match=r"uint8 of shape \(H, W\), but got torch.float32 \(4, 4\)"):
        plan_masked(torch.zeros(4, 4), canvas(4, 4))
    with pytest.raises(MaskError, match=r"but got torch.uint8 \(1, 4, 4\)"):
        plan_masked(torch.zeros(1, 4, 4, dtype=torch.uint8), canvas(4, 4))
    with pytest.raises(MaskError, match=r"but got torch.uint8 \(0, 4\)"):
        plan_masked(torch.zeros(0, 4, dtype=torch.uint8), canvas(4, 4))
    with pytest.raises(MaskError, match="tile of at least 16 pixels, but got 0"):
        plan_masked(disc(8), canvas(40, 40), tile=0)
    for crop in (Rectangle(-1, 0, 4, 4), Rectangle(0, 37, 4, 4), Rectangle(0, 0, 0, 4)):
        with pytest.raises(MaskError, match="crop inside the 40x40 picture, but got"):
            plan_masked(disc(8), canvas(40, 40), crop=crop)
