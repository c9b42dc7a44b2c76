"""The map of features against a singular value decomposition; its axes stay."""

from __future__ import annotations

import torch

from dni.digits.feature_map import FeatureMap, standardised


def features(steps: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    mixed = torch.randn(steps, 2, 30, 4, generator=generator) @ torch.randn(4, 12, generator=generator)
    return (mixed + 0.1 * torch.randn(mixed.shape, generator=generator)) * torch.logspace(-2, 2, 12)


def test_standardised_over_both_domains_at_every_step() -> None:
    rows = standardised(features()).flatten(1, 2)
    # Not quite, where something was cut.
    torch.testing.assert_close(rows.mean(dim=1), torch.zeros(3, 12), rtol=0, atol=0.01)
    torch.testing.assert_close(rows.std(dim=1, correction=0), torch.ones(3, 12), rtol=0, atol=0.03)
    assert float(rows.abs().max()) <= 3


def test_axes_are_the_principal_components_of_all_that_is_shown() -> None:
    every = features()
    rows = standardised(every).flatten(0, -2)
    rows = rows - rows.mean(dim=0)
    expected = rows @ torch.linalg.svd(rows, full_matrices=False).Vh[:2].T
    positions = FeatureMap.fit(every).positions.flatten(0, -2)
    inside = (positions.abs() < 1).all(dim=1)
    for axis in range(2):  # each axis has a sign, a scale and an origin of its own
        both = torch.stack((positions[inside, axis], expected[inside, axis]))
        assert abs(float(torch.corrcoef(both)[0, 1])) > 0.9999


def test_the_map_is_filled_whatever_one_digit_does() -> None:
    every = features()
    every[0, 0, 0] *= 1000
    positions = FeatureMap.fit(every).positions.flatten(0, -2)
    assert float(positions.abs().max()) <= 1
    spread = torch.quantile(positions, torch.tensor([0.01, 0.99]), dim=0)
    torch.testing.assert_close(spread, torch.tensor([[-1.0], [1.0]]).expand(2, 2) / 1.1, rtol=0, atol=0.05)


def test_a_step_is_placed_where_it_was_fitted() -> None:
    every = features()
    fitted = FeatureMap.fit(every)
    torch.testing.assert_close(fitted.place(every[1]), fitted.positions[1])


def test_smaller_features_move_nothing() -> None:
    every = features()
    fitted = FeatureMap.fit(every)
    torch.testing.assert_close(fitted.place(0.1 * every[1] + 3), fitted.positions[1], rtol=0, atol=2e-3)


def test_what_lies_outside_is_brought_to_the_edge() -> None:
    fitted = FeatureMap.fit(features())
    one_far_off = torch.zeros(2, 30, 12)
    one_far_off[0, 0] = 100 * fitted.weight[:, 0].sign()
    assert float(fitted.place(one_far_off)[0, 0, 0]) == 1


def test_a_feature_that_is_never_active_does_no_harm() -> None:
    every = features()
    every[..., 3] = 0
    assert FeatureMap.fit(every).positions.isfinite().all()
