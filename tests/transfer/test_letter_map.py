"""Letters as points: neighbours against a plain search, exact ends, a map whose axes stay, refusals."""

from __future__ import annotations

import pytest
import torch

from dni.errors import DniError
from dni.transfer.letter_map import ALPHAS, Gallery, LetterMap
from models.letters import LetterNetwork

BLANK = torch.zeros(1, 28, 28, dtype=torch.uint8)


def network(seed: int) -> LetterNetwork:
    torch.manual_seed(seed)
    return LetterNetwork().eval().requires_grad_(False)


@pytest.fixture(scope="module")
def letters() -> LetterMap:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (5, 3, 28, 28), generator=generator, dtype=torch.uint8)
    ends = {
        name: network(seed).state_dict() for seed, name in enumerate(("untrained", "classifier", "triplet"))
    }
    return LetterMap(ends, Gallery(images[:, 1:], images[:, 0], ("A", "A", "A", "B", "B")))


def test_ends_are_the_networks_themselves(letters: LetterMap) -> None:
    image = letters.gallery.samples[:1]
    for alpha, seed in ((0.0, 1), (1.0, 2)):
        expected = network(seed)(image[:, None].float() / 255)
        assert torch.allclose(letters.points("classifier", alpha, image), expected, atol=1e-6)


def test_neighbours_are_a_plain_search(letters: LetterMap) -> None:
    image = letters.gallery.samples[2]
    drawn = letters.draw("untrained", image, (0.3,))
    own = letters.points("untrained", 0.3, image[None])[0]
    distances = [
        float((point - own).norm()) for point in letters.points("untrained", 0.3, letters.gallery.drawings)
    ]
    expected = sorted(range(10), key=distances.__getitem__)[:8]
    assert drawn.neighbours[0].tolist() == expected
    assert drawn.distances[0].tolist() == pytest.approx([distances[at] for at in expected], abs=1e-5)


def test_a_drawing_of_the_gallery_is_its_own_nearest_at_every_alpha(letters: LetterMap) -> None:
    drawn = letters.draw("untrained", letters.gallery.drawings[4])
    assert drawn.neighbours[:, 0].tolist() == [4] * len(ALPHAS)
    assert torch.allclose(drawn.position, letters.positions("untrained")[:, 4], atol=1e-5)


def test_map_stays_inside(letters: LetterMap) -> None:
    positions = letters.positions("classifier")
    assert positions.shape == (len(ALPHAS), 10, 2)
    assert positions.abs().max() == pytest.approx(1)


@pytest.mark.parametrize(
    ("start", "alpha", "image", "problem"),
    [
        (
            "triplet",
            0.0,
            BLANK,
            "one of untrained, classifier, but got 'triplet'",
        ),
        ("untrained", 1.5, BLANK, r"1\.5"),
        (
            "untrained",
            0.0,
            BLANK[:, 1:],
            r"uint8 \(B, 28, 28\), but got torch.uint8",
        ),
        ("untrained", 0.0, BLANK.float(), r"but got torch.float32 \(1, 28, 28\)"),
    ],
)
def test_others_are_refused(
    letters: LetterMap, start: str, alpha: float, image: torch.Tensor, problem: str
) -> None:
    with pytest.raises(DniError, match=problem):
        letters.points(start, alpha, image)  # type: ignore[arg-type]
