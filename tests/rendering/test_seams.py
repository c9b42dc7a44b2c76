"""Seams of the shipped and of a real pair, with the measured overlap, on pictures that show them most."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from cases import case
from small_renders import CPU, difference, make_picture, make_renderer, plain

from dni.blending.interpolate import shares_of
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.checkpoints.networks import load_ends
from dni.pictures.read import open_picture
from dni.rendering.renderer import Renderer

HEIGHT, WIDTH = 72, 110
HARD = {
    "noise": torch.randint(0, 256, (3, HEIGHT, WIDTH), generator=torch.Generator().manual_seed(1)).byte(),
    "single pixels": (255 * ((torch.arange(HEIGHT)[:, None] + torch.arange(WIDTH)) % 2))
    .byte()
    .expand(3, -1, -1),
}


def seam(renderer: Renderer, picture: torch.Tensor, alpha: float) -> int:
    whole = renderer.render(picture, shares_of(alpha))
    return difference(renderer.render(picture, shares_of(alpha), tile=40), whole)


def load(paths: Sequence[Path]) -> Renderer:
    network, states = load_ends(paths)
    return Renderer(network, states, device=CPU, precision="float32")


@pytest.mark.slow
def test_the_bundled_pair_has_no_seams(shared: Path) -> None:
    for alpha in [0.0, 0.3, 1.0]:
        with case(alpha):
            renderer = load(end_paths(find_pair("esrgan-lite-x4")))
            assert renderer.depth < renderer.overlap
            photo = open_picture(shared / "data" / "set14" / "comic.png").rgb[:, :HEIGHT, :WIDTH]
            assert max(seam(renderer, picture, alpha) for picture in [photo, *HARD.values()]) <= 1


@pytest.mark.slow
def test_the_real_pair_has_no_seams(shared: Path) -> None:
    for alpha in [0.0, 0.5]:
        with case(alpha):
            renderer = load(sorted((shared / "pairs" / "realesr-general").glob("*.safetensors")))
            photo = open_picture(shared / "data" / "set14" / "zebra.png").rgb[:, -HEIGHT:, -WIDTH:]
            assert max(seam(renderer, picture, alpha) for picture in [photo, *HARD.values()]) <= 1


def test_the_fast_path_stays_near_the_plain_one_at_any_size() -> None:
    for size in [(1, 30), (30, 1), (37, 53)]:
        with case(size):
            renderer, picture = make_renderer("bfloat16"), make_picture(*size)
            for alpha in (0.2, 1.0, 0.2):
                rendered = renderer.render(picture, shares_of(alpha), tile=16).int()
                error = (rendered - plain(picture, alpha).int()).abs()
                assert int(error.max()) <= 8
                assert float(error.float().mean()) < 1
