"""Judges that can be had measure; of others the reason is known."""

from __future__ import annotations

from urllib.error import URLError

import pytest
import torch

from dni.metrics import judges
from dni.metrics.judges import JUDGES, Distance, load_judges


def test_a_judge_that_cannot_be_had_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def difference() -> Distance:
        return lambda output, reference: float((output - reference).abs().mean())

    def offline() -> Distance:
        raise URLError("no network\nand more")

    loaders = {"dists_like": difference, "lpips": offline}
    monkeypatch.setattr(judges, "LOADERS", loaders)
    found = load_judges()
    zeros = torch.zeros(1, 3, 64, 64)
    assert found.measure(zeros + 0.25, zeros) == {"dists_like": 0.25}
    assert found.absent == {"lpips": "<urlopen error no network"}


def test_the_projects_own_judge_is_there() -> None:
    """It comes with the extra "judge"; the other two are downloaded where that is possible."""
    found = load_judges()
    assert "dists_like" in found.distances
    assert found.distances.keys() | found.absent.keys() == JUDGES.keys()
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    for name, value in found.measure(picture, picture).items():
        assert value == pytest.approx(0, abs=1e-4), name
