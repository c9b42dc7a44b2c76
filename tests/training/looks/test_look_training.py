"""Training of looks in miniature: it learns, it resumes, the middle is trained, families hold together."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from torch import Tensor, nn

from dni.device import training_autocast
from dni.errors import DniError
from dni.training.looks.config import FAMILIES, PRESETS, LookConfig, learning_rate_factor, preset
from dni.training.looks.evaluate import (
    blended,
    contact_sheet,
    look_along_alpha,
    psnr,
    psnr_along_alpha,
    render,
)
from dni.training.looks.family import FamilyRun, read_network, write_family
from dni.training.looks.photograph_pool import PhotographPool
from dni.training.looks.style import PaintingLoss, PaintingWeights
from dni.training.looks.tasks import draw_batch
from dni.training.looks.train import Budget, LookTrainer
from models.look_unet import LookUNet


@pytest.fixture(scope="module")
def pool() -> PhotographPool:
    """Two photographs of coloured squares."""
    generator = np.random.default_rng(0)
    small = generator.integers(0, 256, (2, 8, 10, 3), dtype=np.uint8)
    return PhotographPool(
        [torch.from_numpy(image.repeat(12, 0).repeat(12, 1)) for image in small], device=torch.device("cpu")
    )


def tiny(name: str, **changes: object) -> LookConfig:
    return preset(name, **({"batch_size": 2, "crop_size": 32, "warmup": 5} | changes))


def nothing(trainer: LookTrainer) -> None:
    pass


def untrained() -> dict[str, Tensor]:
    torch.manual_seed(1)
    return dict(LookUNet().state_dict())


def test_ancestors_come_first_and_names_are_unique() -> None:
    seen: list[str] = []
    for config in (config for family in FAMILIES.values() for config in family):
        assert config.ancestor is None or config.ancestor in seen
        seen.append(config.name)
    assert len(set(seen)) == len(seen) == len(PRESETS)
    with pytest.raises(DniError, match=r"Expected one of photograph, .*, but got 'oil'"):
        preset("oil")


def test_the_controls_have_the_ladders_budget() -> None:
    assert len({(PRESETS[f"noise{s}"].share, PRESETS[f"noise{s}"].learning_rate) for s in (25, 35, 50)}) == 1


def test_the_learning_rate_rises_and_falls() -> None:
    config = tiny("photograph")
    assert learning_rate_factor(0, 0.0, config) == pytest.approx(0.2)
    assert learning_rate_factor(9, 0.0, config) == pytest.approx(1.0)
    assert learning_rate_factor(9, 0.5, config) == pytest.approx(0.505)
    assert learning_rate_factor(9, 1.0, config) == pytest.approx(0.01)


@pytest.mark.parametrize("name", ["photograph", "pencil", "noise25", "jpeg10", "starry-night"])
def test_a_batch_is_what_the_task_says(name: str, pool: PhotographPool) -> None:
    config = tiny(name)
    inputs, targets = draw_batch(config, pool, torch.Generator().manual_seed(0), np.random.default_rng(0))
    assert inputs.shape == targets.shape == (2, 3, 32, 32)
    change = 255 * (inputs - targets).square().mean().sqrt()
    if name == "noise25":
        assert change == pytest.approx(25, abs=1.5)
    elif name == "starry-night":
        assert change == 0
    else:
        assert change < 10 if name == "photograph" else change > 3


def test_it_learns_and_stays_alive(pool: PhotographPool) -> None:
    trainer = LookTrainer(tiny("noise15"), pool)
    trainer.run(Budget(steps=60), checkpoint=nothing)
    record = trainer.log[-1]
    assert record["step"] == 60
    assert record["alive"] == 1.0
    image = torch.rand(1, 3, 4, 4).repeat_interleave(16, 2).repeat_interleave(16, 3)
    noisy = image + 15 / 255 * torch.randn_like(image)
    network = LookUNet()
    with torch.no_grad():
        before = psnr(render(network, noisy), image)
        network.load_state_dict(trainer.average)
        assert psnr(render(network, noisy), image) > before


def test_a_resumed_run_is_the_same_run(pool: PhotographPool, tmp_path: Path) -> None:
    config = tiny("pencil-middle", warmup=1)
    whole = LookTrainer(config, pool, ancestor=untrained())
    whole.run(Budget(steps=6), checkpoint=nothing)
    first = LookTrainer(config, pool, ancestor=untrained())
    for step in range(3):
        first.step(step / 6)
    torch.save(first.state(), tmp_path / "state.pt")
    second = LookTrainer(config, pool, ancestor=untrained())
    second.resume(tmp_path / "state.pt")
    second.run(Budget(steps=6), checkpoint=nothing)
    for name, tensor in whole.average.items():
        torch.testing.assert_close(second.average[name], tensor, msg=name)
    assert second.log[-1]["loss"] == pytest.approx(whole.log[-1]["loss"], rel=1e-4)
    other = LookTrainer(replace(config, seed=1), pool, ancestor=untrained())
    with pytest.raises(DniError, match=r"Expected to resume the run of .* with its own settings"):
        other.resume(tmp_path / "state.pt")


def test_a_state_from_before_it_held_the_loss(pool: PhotographPool, tmp_path: Path) -> None:
    trainer = LookTrainer(tiny("noise15"), pool)
    trainer.run(Budget(steps=2), checkpoint=nothing)
    state = trainer.state()
    del state["loss"]
    torch.save(state, tmp_path / "state.pt")
    resumed = LookTrainer(tiny("noise15"), pool)
    resumed.resume(tmp_path / "state.pt")
    assert float(resumed.loss) == pytest.approx(float(trainer.loss), rel=1e-4)


@pytest.fixture
def diverge(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Breaks the loss or the average of the network of a name in its third step."""
    step = LookTrainer.step

    def diverge(name: str, what: str) -> None:
        def broken(self: LookTrainer, progress: float) -> None:
            step(self, progress)
            if (self.config.name, self.steps) == (name, 3):
                (self.loss if what == "loss" else self.average["conv_last.bias"]).fill_(torch.nan)

        monkeypatch.setattr(LookTrainer, "step", broken)

    return diverge


@pytest.mark.parametrize("what", ["loss", "average"])
@pytest.mark.parametrize("seconds", [-1.0, 60.0])
def test_no_checkpoint_gets_what_has_diverged(
    what: str, seconds: float, pool: PhotographPool, diverge: Callable[[str, str], None]
) -> None:
    diverge("noise15", what)
    trainer, seen = LookTrainer(tiny("noise15"), pool), []
    with pytest.raises(DniError, match=r"parameters of noise15, but at step 3 some are NaN or infinite"):
        trainer.run(
            Budget(steps=3), checkpoint=lambda trainer: seen.append(trainer.steps), checkpoint_seconds=seconds
        )
    assert seen == ([1, 2] if seconds < 0 else [])
    assert len(trainer.log) == len(seen)


def test_a_family_has_nothing_of_a_network_that_diverged(
    pool: PhotographPool, tmp_path: Path, diverge: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FAMILIES, "ladders", FAMILIES["ladders"][:2])  # noise15, and from it noise50
    for name, kept in (("noise50", ["noise15"]), ("noise15", [])):
        said: list[str] = []
        diverge(name, "average")
        run = FamilyRun(
            pool,
            tmp_path,
            painting_loss=lambda _: pytest.fail("no paintings here"),
            changes=lambda config: replace(config, batch_size=1, crop_size=32),
            say=said.append,
        )
        run.run(["ladders"], seconds=0.1, checkpoint_seconds=-1.0)
        assert any(line.startswith(f"{name}: Expected finite losses") for line in said)
        assert list(run.networks["ladders"]) == kept
        assert bool(kept) == (tmp_path / "ladders.safetensors").exists()
        if kept:
            with pytest.raises(DniError, match=r"Expected noise50 in .*, but it holds noise15\."):
                read_network(tmp_path / "ladders.safetensors", "noise50")


def test_the_middle_is_trained_to_the_mix_of_pictures(pool: PhotographPool) -> None:
    """The middle's loss at once: at the ancestor itself it is how far the ancestor is from the mix."""
    trainer = LookTrainer(tiny("neon-middle"), pool, ancestor=untrained())
    photographs = torch.rand(1, 3, 32, 32)
    targets = 1 - photographs
    with training_autocast(torch.device("cpu")):
        output = trainer.network(photographs)
    expected = (output - (0.75 * photographs + 0.25 * targets)).abs().mean()
    torch.testing.assert_close(trainer._middle_loss(photographs, targets, 0.25), expected)


def test_what_is_missing_is_said(pool: PhotographPool) -> None:
    with pytest.raises(DniError, match="Expected the weights of photograph to train pencil, but got none"):
        LookTrainer(tiny("pencil"), pool)
    with pytest.raises(DniError, match="Expected a painting and an extractor to train starry-night"):
        LookTrainer(tiny("starry-night"), pool, ancestor=untrained())


class Pyramid(nn.Module):
    """Stands in for an extractor."""

    def forward(self, x: Tensor) -> list[Tensor]:
        return [x, x, x, nn.functional.avg_pool2d(x, 2)]


def test_families_are_trained_in_time_and_read_back(pool: PhotographPool, tmp_path: Path) -> None:
    said: list[str] = []
    run = FamilyRun(
        pool,
        tmp_path,
        painting_loss=lambda _: PaintingLoss(Pyramid(), torch.rand(1, 3, 32, 32), weights=PaintingWeights()),
        changes=lambda config: replace(config, batch_size=1, crop_size=96),
        say=said.append,
    )
    run.run(["looks", "variants"], seconds=1)
    names = [config.name for family in ("looks", "variants") for config in FAMILIES[family]]
    assert [line.split(":")[0] for line in said] == names
    state = read_network(tmp_path / "variants.safetensors", "comic")
    LookUNet().load_state_dict(state)
    with safe_open(tmp_path / "variants.safetensors", framework="pt") as file:
        assert file.get_tensor("comic/conv_last.weight").dtype == torch.float16
        assert json.loads(file.metadata()["logs"])["comic"][-1]["step"] >= 1
        assert json.loads(file.metadata()["configs"])["comic"]["batch_size"] == 1
    with pytest.raises(DniError, match=r"Expected oil in .*, but it holds comic, great-wave, neon, pencil"):
        read_network(tmp_path / "variants.safetensors", "oil")


def test_a_failure_costs_its_descendants_only(pool: PhotographPool, tmp_path: Path) -> None:
    said: list[str] = []
    run = FamilyRun(
        pool,
        tmp_path,
        painting_loss=lambda _: pytest.fail("no paintings here"),
        changes=lambda c: replace(c, batch_size=1, crop_size=512 if c.name == "noise15" else 32),
        say=said.append,
    )
    run.run(["ladders"], seconds=0.1)
    assert "noise15: Expected photographs of at least 512 pixels a side" in said[0]
    assert "noise50: Expected noise15 to be trained before its descendants" in said[1]
    assert not list(tmp_path.iterdir())


def test_ladders_and_looks_are_measured_along_alpha(tmp_path: Path) -> None:
    ends = untrained(), dict(LookUNet().state_dict())
    images = [torch.rand(1, 3, 37, 50), torch.rand(1, 3, 32, 32)]
    write_family(tmp_path / "f.safetensors", {"pencil": ends[1]}, PRESETS, {"pencil": []})
    with torch.no_grad():
        curve = psnr_along_alpha("noise", ends, images, 25, [0.0, 1.0])
        records = list(look_along_alpha(ends, images, [0.0, 0.5, 1.0]))
        sheet = contact_sheet(ends, images, [0.0, 0.5, 1.0], side=40)
        assert render(blended(*ends, 0.0), images[0]).shape == images[0].shape
    assert len(curve) == 2
    assert [record["alpha"] for record in records] == [0.0, 0.5, 1.0]
    assert records[0]["step"] == records[0]["change"] > 0
    assert sheet.shape == (1, 3, 80, 120)
