"""Digits by linear classifiers on codes: against the formula written out, and what is refused."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from dni.errors import DniError
from dni.transfer.self_taught import ALPHAS, LABELS, SOURCES, SPARSITY, SelfTaught, probe_name
from dni.transfer.sparse_coding import blend_dictionaries, features_of


@pytest.fixture(scope="module")
def parts() -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    atoms = functional.normalize(torch.randn(2, 64, 49, generator=generator), dim=2)
    probes = {}
    for source in SOURCES:
        for count in LABELS:
            for alpha in (None, *ALPHAS):
                size = 784 if alpha is None else 64 * 2 * 9
                name = probe_name(source, count, alpha)
                probes[f"{name}/weight"] = torch.randn(size, 10, generator=generator)
                probes[f"{name}/bias"] = torch.randn(10, generator=generator)
    return {"random": atoms[0], "letters": atoms[1]}, probes


def drawing() -> torch.Tensor:
    ink = torch.zeros(28, 28)
    ink[6:22, 12:15] = 1
    return ink


def test_scores_are_the_classifiers_of_features(
    parts: tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]],
) -> None:
    dictionaries, probes = parts
    reading = SelfTaught(dictionaries, probes).read(drawing(), "usps")
    atoms = blend_dictionaries(dictionaries["random"], dictionaries["letters"], 0.3)
    features = features_of(drawing()[None], atoms, SPARSITY)
    expected = features @ probes["usps/10/0.3/weight"] + probes["usps/10/0.3/bias"]
    assert torch.allclose(reading.scores[3, LABELS.index(10)], expected[0], atol=1e-4)
    raw = drawing().flatten() @ probes["usps/1/raw/weight"] + probes["usps/1/raw/bias"]
    assert torch.allclose(reading.raw[0], raw, atol=1e-4)


def test_code_is_sparse_and_gives_the_digit_back(
    parts: tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]],
) -> None:
    reading = SelfTaught(*parts).read(drawing(), "mnist")
    assert 0 < float(reading.active.max()) < 32
    assert float(reading.usage.max()) == 1
    error, blank = (
        float((picture - drawing()).square().mean()) for picture in (reading.pictures[-1], torch.zeros(1))
    )
    assert error < blank / 2


def test_empty_pad_is_read_without_a_number_that_is_none(
    parts: tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]],
) -> None:
    reading = SelfTaught(*parts).read(torch.zeros(28, 28), "mnist")
    assert not reading.usage.any()
    assert torch.isfinite(reading.scores).all()


def test_others_are_refused(parts: tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]) -> None:
    with pytest.raises(DniError, match="one of mnist, usps, but got 'svhn'"):
        SelfTaught(*parts).read(drawing(), "svhn")
    with pytest.raises(DniError, match=r"28x28 pixels, but got \(28, 27\)"):
        SelfTaught(*parts).read(torch.zeros(28, 27), "mnist")
