"""The arithmetic of the mixing page's controls, in node, against the library's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from javascript import evaluate

from dni.blending.mix_paths import along, over_pad
from dni.blending.shares import Mix, task_shares
from dni.masks.levels import sample_mask
from dni.pictures.rectangle import Rectangle
from dni.ui.mixing.scene import with_layers


@pytest.mark.parametrize(
    ("num_ends", "rows"),
    [(2, (along(Mix.of_alpha(0), Mix.of_alpha(1), 11),)), (3, over_pad(3, 5)), (4, over_pad(4, 5))],
)
def test_nodes_are_those_of_the_library(num_ends: int, rows: Any) -> None:
    expected = sorted(tuple(round(share, 9) for share in mix.shares) for row in rows for mix in row)
    nodes = evaluate(["lib/frames/spaces.js"], "spaceFor(given, {}).nodes", num_ends)
    assert sorted(tuple(round(share, 9) for share in node) for node in nodes) == expected


@pytest.mark.parametrize("num_ends", [2, 3, 4, 7])
def test_rounded_shares_are_a_mix(num_ends: int) -> None:
    given = [[0.0, *shares] for shares in np.random.default_rng(0).dirichlet(np.ones(num_ends), 200).tolist()]
    for shares in evaluate(["lib/frames/shares.js"], "given.map(rounded)", given):
        assert Mix.of(shares).shares == tuple(round(share, 4) for share in shares)


def test_task_arithmetic_is_that_of_the_library() -> None:
    scales = [0.5, 0.75, -0.25]
    shares = evaluate(["lib/frames/shares.js"], "taskShares(given)", scales)
    np.testing.assert_allclose(shares, task_shares(scales))


def test_layers_are_those_of_the_library() -> None:
    shares, layers = [0.2, 0.5, 0.3], {"first": 0.0, "trunk 1": 0.35}
    groups = evaluate(["mixing/panels/layer-parts.js"], "groupShares(...given)", [layers, shares])
    assert groups == {name: list(own) for name, own in with_layers(Mix.of(shares), layers).groups}


@pytest.mark.parametrize("size", [(7, 5), (40, 60), (64, 31)])
def test_a_mask_is_enlarged_as_the_library_does_it(size: tuple[int, int]) -> None:
    """A frame of a region of a picture, enlarged twice."""
    mask = torch.randint(0, 256, size, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    expected = sample_mask(mask, Rectangle(20, 10, 50, 30), output_size=(80, 120))
    given: dict[str, Any] = {
        "mask": {"width": size[1], "height": size[0], "levels": mask.flatten().tolist()},
        "picture": {"width": 60, "height": 40},
        "region": {"left": 10, "top": 5, "width": 25, "height": 15},
        "frame": {"width": 50, "height": 30},
    }
    given["part"] = {"left": 0, "top": 0, "width": 50, "height": 30}
    script = "[...enlarge(given.mask, given.picture, given.region, given.frame, given.part)]"
    levels = torch.tensor(evaluate(["mixing/mask/mask.js"], script, given)).reshape(30, 50)
    assert float((levels - expected).abs().max()) <= 0.51
