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
    torch.testing.assert_close(rows.mean(dim=1), torch.zeros(3, 12), rtol=0, atol=1e-5)
    torch.testing.assert_close(rows.std(dim=1, correction=0), torch.ones(3, 12), rtol=0, atol=1e-3)


def test_axes_are_the_principal_components_of_both_ends() -> None:
    every = features()
    rows = standardised(every[[0, -1]]).flatten(0, -2)
    expected = rows @ torch.linalg.svd(rows, full_matrices=False).Vh[:2].T
    positions = FeatureMap.fit(every).positions[[0, -1]].flatten(0, -2)
    scale = positions.norm() / expected.norm()
    for axis in range(2):  # a component's sign is free
        column, oracle = positions[:, axis], scale * expected[:, axis]
        difference = min(float((column - oracle).abs().max()), float((column + oracle).abs().max()))
        assert difference < 1e-4


def test_all_positions_fit_and_both_axes_have_one_scale() -> None:
    positions = FeatureMap.fit(features()).positions
    assert positions.shape == (3, 2, 30, 2)
    assert float(positions.abs().max()) == 1


def test_a_step_is_placed_where_it_was_fitted() -> None:
    every = features()
    fitted = FeatureMap.fit(every)
    torch.testing.assert_close(fitted.place(every[1]), fitted.positions[1])


def test_smaller_features_move_nothing() -> None:
    every = features()
    fitted = FeatureMap.fit(every)
    torch.testing.assert_close(fitted.place(0.1 * every[1] + 3), fitted.positions[1], rtol=0, atol=2e-3)


def test_steps_between_do_not_move_the_axes() -> None:
    every, other = features(), features()
    other[1] = every[1].flip(-1)
    one, two = FeatureMap.fit(every), FeatureMap.fit(other)
    ratio = one.weight / two.weight  # only the scale may differ
    torch.testing.assert_close(ratio, ratio.mean().expand_as(ratio))


def test_what_lies_outside_is_brought_to_the_edge() -> None:
    fitted = FeatureMap.fit(features())
    one_far_off = torch.zeros(2, 30, 12)
    one_far_off[0, 0] = 100 * fitted.weight[:, 0].sign()
    assert float(fitted.place(one_far_off)[0, 0, 0]) == 1


def test_a_feature_that_is_never_active_does_no_harm() -> None:
    every = features()
    every[..., 3] = 0
    assert FeatureMap.fit(every).positions.isfinite().all()
