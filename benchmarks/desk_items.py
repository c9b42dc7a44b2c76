"""The items of the mixing desk in this process: each asked of the server's own functions, in turn."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.ladders import LADDERS
from dni.benchmarking.frame import mixes
from dni.blending.mix_paths import positions
from dni.blending.shares import Mix, task_shares
from dni.examples import EXAMPLE_FOLDER
from dni.export.sweeps.sweep import sweep_frames
from dni.masks.automatic import detail_mask
from dni.masks.files import encode_mask
from dni.masks.plan import Canvas, Plan, plan_masked
from dni.pictures.picture import Picture
from dni.pictures.read import open_picture
from dni.pictures.rectangle import Rectangle
from dni.pictures.resize import resize_bicubic
from dni.recipes.render_request import RenderRequest
from dni.rendering.tiles import tile_of
from dni.serving.mixing.frames import compare, painted_frame
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session
from dni.tradeoff.curve import measure_curve
from dni.tradeoff.question import TradeoffRequest
from dni.ui.mixing.scene import with_layers

__all__ = ["HEIGHT", "ONE_SLIDER", "WIDTH", "Item", "all_items", "sample", "soft_disc"]

HEIGHT, WIDTH = 120, 125
ONE_SLIDER = "one slider"
# "The same frame time"; and what issue 4 allows for more ends.
SAME, MORE_ENDS = 1.05, 1.10
DISC_SHARE, SOFTNESS = 0.25, 0.6
TOKEN, SESSION = "sample", Session()


@dataclass(frozen=True)
class Item:
    """Something that the desk does.

    Attributes:
        name: What to call it.
        job: Does it once; the number of the round makes it something that nobody has asked for.
        parts: How many of what the name says one call does.
        most: What the issue asks: at most so many times one slider; None where it asks nothing.
        asked: The same in words.
        work: Passes over the whole picture that it computes, what the network reads around parts included.
        how: What is done.
    """

    name: str
    job: Callable[[int], object]
    how: str
    most: float | None = None
    asked: str = ""
    work: float | None = None
    parts: int = 1


def sample() -> Picture:
    """The middle of an example photograph, 125x120."""
    picture = open_picture(EXAMPLE_FOLDER / "astronaut.png")
    left, top = (picture.width - WIDTH) // 2, (picture.height - HEIGHT) // 2
    return Picture(Rectangle(left, top, WIDTH, HEIGHT).cut(picture.rgb).contiguous(), None, "sample")


def all_items(service: RenderService, pair_id: str, rounds: int) -> list[Item]:
    """Everything, one slider first, for ``rounds`` and one round that does not count."""
    picture = sample()
    service.keep(TOKEN, picture)
    return [
        *frame_items(service, pair_id, rounds + 1),
        *painted_items(service, pair_id, picture.rgb, rounds + 1),
        *other_items(service, pair_id, picture, rounds + 1),
    ]


def frame_items(service: RenderService, pair_id: str, count: int) -> list[Item]:
    """Plain frames: new mixes of two ends and of more."""
    region = Rectangle.whole(WIDTH, HEIGHT)

    def item(name: str, pair: str, wanted: Sequence[Mix], most: float | None, how: str) -> Item:
        def job(number: int) -> object:
            return service.frame(TOKEN, pair, region, wanted[number], session=SESSION)

        asked = "" if most is None else f"the same: at most {most:.2f}"
        return Item(name, job, how, most, asked)

    two, three, four, eight = (mixes(num_ends, count) for num_ends in (2, *LADDERS))
    groups = service.renderer(pair_id).blend.groups
    rising = dict(zip(groups, positions(len(groups)), strict=True))
    # Twice the differences, so that the shares leave the triangle.
    scales = [[2 * share for share in mix.shares[1:]] for mix in three]
    tasks = [Mix.of(task_shares(each), extrapolate=True) for each in scales]
    beyond = [Mix.of_alpha(1 + 0.5 * mix.shares[1], extrapolate=True) for mix in two]
    curved = [with_layers(mix, rising) for mix in mixes(2, 2 * count)[count:]]
    return [
        item(ONE_SLIDER, pair_id, two, None, "two ends; a new alpha to JPEG"),
        item("layers", pair_id, curved, SAME, f"two ends, {len(groups)} groups of layers, rising with depth"),
        item("beyond the ends", pair_id, beyond, SAME, "two ends, alpha from 1 to 1.5"),
        item("triangle", LADDERS[3], three, MORE_ENDS, "three ends"),
        item("square", LADDERS[4], four, MORE_ENDS, "four ends"),
        item("bank of sliders", LADDERS[8], eight, MORE_ENDS, "eight ends"),
        item("task arithmetic", LADDERS[3], tasks, MORE_ENDS, "an ancestor and two differences"),
    ]


def painted_items(service: RenderService, pair_id: str, rgb: Tensor, count: int) -> list[Item]:
    """Masks of the desk's kinds: a brush, a half, the picture's own detail."""
    half = torch.zeros(HEIGHT, WIDTH, dtype=torch.uint8)
    half[:, WIDTH // 2 :] = 255
    masks = {"soft disc": soft_disc(), "hard half": half, "detail": detail_mask(rgb)}
    return [painted_item(service, pair_id, name, mask, mixes(2, count)) for name, mask in masks.items()]


def painted_item(
    service: RenderService, pair_id: str, name: str, mask: Tensor, wanted: Sequence[Mix]
) -> Item:
    """A painted frame, and how much of the network it should take and takes.

    Asked are K + 1 passes over what is painted, with what the network reads around it, and one elsewhere,
    where the first end is seen.
    """
    text, base = encode_mask(mask), Mix.of_alpha(0)

    def job(number: int) -> object:
        request = RenderRequest(
            mix=base, brush=wanted[number], mask=text, crop=Rectangle.whole(WIDTH, HEIGHT)
        )
        return painted_frame(service, TOKEN, pair_id, request, session=SESSION)

    renderer = service.renderer(pair_id)
    canvas = Canvas(WIDTH, HEIGHT, renderer.scale, renderer.overlap_at(wanted[0]))
    plan = plan_masked(mask, canvas)
    steps, painted = len(plan.levels) - 1, mask > 0
    most = 1 + steps * share_near(painted, canvas.overlap)
    work = computed(plan, canvas, multiple=renderer.network.multiple_of)
    return Item(
        name=f"mask: {name}",
        job=job,
        how=f"K = {steps}, {100 * share_near(painted, 0):.0f} % painted, {plan.num_parts} runs of the "
        f"network on {plan.passes:.2f} pictures, {work:.2f} with what is read around them",
        most=most,
        asked=f"{steps + 1} passes near paint, 1 elsewhere: at most {most:.2f}",
        work=work,
    )


def share_near(painted: Tensor, distance: int) -> float:
    """How much of bool (H, W) is at most so many pixels, across and down, from what is painted."""
    return float(functional.max_pool2d(painted[None].float(), 2 * distance + 1, 1, distance).mean())


def soft_disc() -> Tensor:
    """A dab of the brush in the middle that reaches a quarter of the picture: uint8 (120, 125)."""
    radius = math.sqrt(DISC_SHARE * WIDTH * HEIGHT / math.pi)
    rows, columns = torch.arange(HEIGHT)[:, None] - (HEIGHT - 1) / 2, torch.arange(WIDTH) - (WIDTH - 1) / 2
    distance = (rows.square() + columns.square()).sqrt()
    return ((radius - distance) / (SOFTNESS * radius) * 255).clamp(0, 255).to(torch.uint8)


def computed(plan: Plan, canvas: Canvas, *, multiple: int) -> float:
    """Pixels that the network computes for a plan, in pictures."""
    pixels = 0
    for part in (part for tile in plan.tiles for parts in tile.parts for part in parts):
        width, height = canvas.width, canvas.height
        pixels += tile_of(part, width=width, height=height, overlap=canvas.overlap, multiple=multiple).pixels
    return pixels / (canvas.width * canvas.height)


def other_items(service: RenderService, pair_id: str, picture: Picture, count: int) -> list[Item]:
    """What the issue asks no time of: comparing, a point of the curve, a step of a sweep."""
    renderer, wanted = service.renderer(pair_id), mixes(2, count)
    truth = resize_bicubic(picture.rgb, renderer.scale)

    def comparison(number: int) -> object:
        request = RenderRequest(mix=wanted[number], crop=Rectangle.whole(WIDTH, HEIGHT))
        return compare(service, TOKEN, pair_id, request, session=SESSION)

    def points(number: int) -> object:
        start, stop = wanted[number], wanted[number - 1]
        question = TradeoffRequest(
            reference=truth, start=start, stop=stop, num_points=2, max_pixels=WIDTH * HEIGHT
        )
        return measure_curve(picture, renderer, question)

    def step(number: int) -> object:
        return list(sweep_frames(picture, renderer, [RenderRequest(mix=wanted[number])]))

    return [
        Item("against pixels", comparison, "the blend and both ends, measured; three JPEGs"),
        Item("a point of the curve", points, "a frame, measured against a reference; no JPEG", parts=2),
        Item("a step of a sweep", step, "a frame in this precision (files: float32); no JPEG"),
    ]
