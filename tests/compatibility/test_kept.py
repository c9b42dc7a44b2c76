"""How much of what the ends add is kept: on pictures made for it, and on real networks and spoiled copies."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.permute import permuted_compact
from dni.checkpoints.files import read_state, save
from dni.compatibility.kept import measure_kept
from dni.compatibility.midpoint import judge
from dni.compatibility.verdict import inspect_networks
from dni.examples import EXAMPLE_FOLDER

SCALE = 4


def made(kind: str, amount: float, *, scale: int = SCALE) -> Tensor:
    """A picture as a network enlarges it: plainly, and with so many levels of a pattern of its own on it."""
    generator = torch.Generator().manual_seed(sum(map(ord, kind)))
    plain = source().float()[None]
    if scale > 1:
        plain = functional.interpolate(plain, scale_factor=scale, mode="bicubic", align_corners=False)
    pattern = torch.randn(plain.shape[-2:], generator=generator)
    return (plain[0] + amount * pattern).round().clamp(0, 255).to(torch.uint8)


def source() -> Tensor:
    row, column = torch.arange(24.0)[:, None], torch.arange(24.0)
    levels = 128 + 50 * torch.sin(row / 4) * torch.cos(column / 3)
    return levels.round().to(torch.uint8).expand(3, -1, -1)


def share(given: Tensor, blend: Tensor, ends: list[Tensor]) -> float:
    kept = measure_kept(given, blend, ends)
    assert kept is not None
    return kept.share


def test_what_no_end_adds_is_counted_in_levels() -> None:
    ends = [made("fur", 9), made("leaves", 7)]
    added = made("noise", 4).int() - made("none", 0).int()
    both = (ends[0] + added).clamp(0, 255).to(torch.uint8)
    of_luma = 219 / 255  # which goes from 16 to 235
    for blend, stray in ((ends[0], 0.0), (both, 4 * of_luma)):
        kept = measure_kept(source(), blend, ends)
        assert kept is not None
        assert kept.stray == pytest.approx(stray, abs=0.1)
    assert judge((0, 1), ends[0], ends, source=source()).quality == "blends well"
    found = judge((0, 1), both, ends, source=source())
    assert found.quality == "blends with loss"
    assert "levels that no end adds" in " ".join(found.problems)


@pytest.mark.parametrize("scale", [1, 4])
def test_a_mixture_is_kept_and_anything_else_is_not(scale: int) -> None:
    ends = [made("fur", 9, scale=scale), made("leaves", 7, scale=scale)]
    mixture = torch.stack([end.float() for end in ends]).mean(dim=0).round().to(torch.uint8)
    assert share(source(), mixture, ends) == pytest.approx(1, abs=0.02)
    assert share(source(), made("noise", 9, scale=scale), ends) == pytest.approx(0, abs=0.06)
    opposite = made("fur", -9, scale=scale)
    assert share(source(), opposite, [ends[0]] * 2) == pytest.approx(-1, abs=0.02)
    # Half of its energy is a pattern that no end has.
    added = made("noise", 9, scale=scale).int() - made("none", 0, scale=scale).int()
    both = (ends[0] + added).clamp(0, 255).to(torch.uint8)
    assert share(source(), both, ends) == pytest.approx(0.5**0.5, abs=0.06)


def test_what_adds_nothing_has_no_share() -> None:
    ends = [made("fur", 9), made("fur", 0)]
    assert measure_kept(source(), made("fur", 5), ends) is None
    assert share(source(), made("fur", 0), [ends[0]] * 2) == pytest.approx(0, abs=0.3)
    assert measure_kept(source()[:, :, :20], made("fur", 5), [ends[0]] * 2) is None


@pytest.mark.slow
def test_a_skip_connection_hides_nothing(shared: Path, tmp_path: Path) -> None:
    """A blend with a copy whose channels are in another order keeps brightness and contrast by its skip."""
    folder = shared / "pairs" / "realesr-general"
    strong, weak = sorted(folder.glob("*.safetensors"), key=lambda path: "wdn" in path.name)
    state = read_state(strong)
    save(tmp_path / "reordered.safetensors", permuted_compact(state), {})
    for share in (0.1, 0.4):
        torch.manual_seed(0)
        noisy = {
            name: tensor + share * tensor.std() * torch.randn_like(tensor) if tensor.ndim > 1 else tensor
            for name, tensor in state.items()
        }
        save(tmp_path / f"noise{share}.safetensors", noisy, {})
    for other, expected in (
        (weak, "blends well"),
        (tmp_path / "reordered.safetensors", "does not blend"),
        (tmp_path / "noise0.1.safetensors", "blends well"),
        (tmp_path / "noise0.4.safetensors", "does not blend"),
    ):
        for picture in ("astronaut.png", "cat.png"):
            found = inspect_networks([strong, other], picture=EXAMPLE_FOLDER / picture)
            assert (other.stem, picture, found.verdict) == (other.stem, picture, expected)
    assert "% of what the ends add to the picture" in found.reason
