"""Training data and the training loop of the restoration room, on tiny synthetic photographs."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cases import case
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional

from dni.errors import DniError
from dni.pictures.photographs import load_photographs
from dni.pictures.picture import to_tensor
from dni.training.restoration.adversaries import balanced_gradient, same_crop
from dni.training.restoration.config import TrainConfig, learning_rate_factor, preset
from dni.training.restoration.data.patches import PatchSampler, batches_from, downscale_pair
from dni.training.restoration.train import Trainer
from models.efficientnet_lite import EfficientNetLite
from models.rrdbnet import RRDBNet
from models.tiny_darknet import TinyDarknet

TINY = TrainConfig(num_filters=4, num_blocks=1, iterations=4, batch_size=1, patch_size=32, validate_every=2)
GAN = replace(
    TINY, end="gan", patch_size=128, perceptual_weight=1.0, adversarial_weight=0.005, spectrum_weight=0.1
)
TEXTURE = replace(TINY, end="texture", patch_size=64, dists_weight=1.0)
DETAIL = replace(
    TEXTURE, end="detail", adversarial_share=0.5, spectrum_weight=0.1, lattice_weight=0.1, instance_noise=0.02
)
COMPACT = replace(TINY, network="SRVGGNetCompact")
CLEAN = replace(TINY, end="clean", patch_size=64)
FLAT = replace(TINY, end="flat")


def photograph(seed: int, height: int = 260, width: int = 280) -> Image.Image:
    """Smooth random shapes: reducing them loses little, and no turn or mirror image resembles another."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    for seed in range(3):
        photograph(seed).save(folder / f"{seed}.png")
    return folder


@pytest.fixture(scope="module")
def ancestor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    file = tmp_path_factory.mktemp("ancestor") / "psnr.safetensors"
    save_file(RRDBNet(num_filters=4, num_blocks=1).state_dict(), file)
    return file


@pytest.fixture(scope="module")
def extractors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The file of each end's extractor."""
    torch.manual_seed(2)
    folder = tmp_path_factory.mktemp("extractor")
    save_file(TinyDarknet().state_dict(), folder / "darknet.safetensors")
    save_file(EfficientNetLite().state_dict(), folder / "lite0.safetensors")
    return {
        "gan": str(folder / "darknet.safetensors"),
        "texture": str(folder / "lite0.safetensors"),
        "detail": str(folder / "lite0.safetensors"),
    }


def sampler(**changes: int) -> PatchSampler:
    settings = {"patch_size": 64, "batch_size": 2, "scale": 4, "seed": 0} | changes
    return PatchSampler([photograph(0), photograph(1)], **settings)


def test_a_batch_depends_on_seed_and_index_only() -> None:
    first, second = sampler(), sampler()
    second.batch(0)  # what came before does not matter
    for ours, theirs in zip(first.batch(7), second.batch(7), strict=True):
        assert torch.equal(ours, theirs)
    assert not torch.equal(first.batch(7)[0], first.batch(8)[0])
    assert not torch.equal(first.batch(7)[0], sampler(seed=1).batch(7)[0])


def test_patches_are_aligned_whatever_the_turn() -> None:
    low, high = sampler(batch_size=24).batch(0)
    assert (low.shape, high.shape) == ((24, 3, 16, 16), (24, 3, 64, 64))
    assert low.dtype == high.dtype == torch.float32
    assert 0 <= high.min() < high.max() <= 1
    reduced = functional.avg_pool2d(high, 4)
    aligned = (reduced - low).abs().amax(dim=(1, 2, 3))
    assert aligned.max() < 0.03
    for wrong in (low.flip(3), low.flip(2), low.rot90(1, (2, 3)), low.roll(1, 3)):
        assert ((reduced - wrong).abs().amax(dim=(1, 2, 3)) > aligned).all()


def test_degrade_crops_to_a_multiple() -> None:
    low, high = downscale_pair(photograph(0, height=61, width=54), 4)
    assert (high.size, low.size) == ((52, 60), (13, 15))
    assert (to_tensor(high) == to_tensor(photograph(0, height=61, width=54))[:, :60, :52]).all()


def test_photographs_come_in_the_order_of_their_names(photographs: Path, tmp_path: Path) -> None:
    loaded = load_photographs([photographs])
    assert all((to_tensor(ours) == to_tensor(photograph(seed))).all() for seed, ours in enumerate(loaded))
    assert len(load_photographs([photographs], held_back=["1", "photos/2.png"])) == 1
    (tmp_path / "notes.txt").touch()
    with pytest.raises(
        FileNotFoundError, match=r"Expected photographs \(.jpg, .png, .webp\) in .*, but found none"
    ):
        load_photographs([photographs, tmp_path])


def test_sampler_errors() -> None:
    with pytest.raises(DniError, match="a patch size divisible by 4, but got 30"):
        sampler(patch_size=30)
    with pytest.raises(DniError, match="photographs larger than 512 pixels, but found none"):
        sampler(patch_size=512)


def test_learning_rate_warms_up_and_falls_to_a_hundredth() -> None:
    config = replace(TINY, warmup=10, iterations=100)
    factors = [learning_rate_factor(iteration, config) for iteration in range(101)]
    assert factors[0] == 0.1
    assert max(factors) == factors[9] == factors[10] == 1
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[55] == pytest.approx(0.505)
    assert factors[100] == pytest.approx(0.01)


def test_a_run_of_a_given_time_follows_it() -> None:
    config = replace(TINY, warmup=10, seconds=60.0)
    assert learning_rate_factor(4, config, elapsed=30.0) == 0.5  # warming up by steps
    assert learning_rate_factor(1000, config, elapsed=30.0) == pytest.approx(0.505)
    assert learning_rate_factor(1000, config, elapsed=61.0) == pytest.approx(0.01)


def test_batches_made_ahead_are_the_same() -> None:
    made = sampler()
    ahead = batches_from(made, 3, step=2, workers=1)
    for number in (3, 5):
        for ours, theirs in zip(next(ahead), made.batch(number), strict=True):
            assert torch.equal(ours, theirs)


@pytest.mark.parametrize("share", [0.0, 0.5, 2.0])
def test_the_adversarys_gradient_has_its_share_of_the_length(share: float) -> None:
    output = torch.randn(2, 3, 5, 5, dtype=torch.float64, requires_grad=True)
    main, adversarial = (0.1 * output).square().sum(), 1000 * output.sin().sum()
    gradient = balanced_gradient(output, main=main, adversarial=adversarial, share=share)
    wanted = 0.02 * output.detach()
    heeded = gradient - wanted
    assert heeded.norm().item() == pytest.approx(share * wanted.norm().item())
    cosine = functional.cosine_similarity(heeded.flatten(), output.detach().cos().flatten(), dim=0)
    assert share == 0 or cosine.item() == pytest.approx(1)


def trained(trainer: Trainer) -> dict[str, torch.Tensor]:
    """Every tensor that a run has learned, of the network and of its average."""
    trainer.run()
    parts = torch.load(trainer.state_file, weights_only=True)
    return {
        f"{part}.{name}": tensor
        for part in ("network", "ema", "critic")
        for name, tensor in parts.get(part, {}).items()
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "config",
    [TINY, COMPACT, TEXTURE, DETAIL, GAN, CLEAN, FLAT],
    ids=["psnr", "compact", "texture", "detail", "gan", "clean", "flat"],
)
def test_a_resumed_run_gives_the_same_bits(
    config: TrainConfig,
    photographs: Path,
    ancestor: Path,
    extractors: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def trainer(name: str, *, resume: bool = False) -> Trainer:
        start = None if config.end == "psnr" else ancestor
        return Trainer(
            config,
            photographs=[photographs],
            run_folder=tmp_path / name,
            ancestor=start,
            extractor=extractors.get(config.end),
            resume=resume,
        )

    whole = trained(trainer("whole"))
    stopped = trainer("stopped")
    step = Trainer.step

    def stop_at_3(self: Trainer) -> dict[str, torch.Tensor]:
        if self.iteration == 3:
            raise KeyboardInterrupt
        return step(self)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", stop_at_3)
        with pytest.raises(KeyboardInterrupt):
            stopped.run()
    resumed = trainer("stopped", resume=True)
    assert resumed.iteration == 2  # the last validation before the stop
    again = trained(resumed)
    assert whole.keys() == again.keys()
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    log = [json.loads(line) for line in (tmp_path / "stopped" / "log.jsonl").read_text().splitlines()]
    assert [record["iteration"] for record in log] == [2, 4]
    assert {"l1", "psnr_y", "spectral_ratio"} <= log[0].keys()
    assert ("adversarial" in log[0]) == (config.end in ("detail", "gan"))
    assert ("spectrum" in log[0]) == (config.end in ("detail", "gan"))
    assert ("dists" in log[0]) == (config.end in ("detail", "texture"))


def test_training_moves_every_weight(photographs: Path, tmp_path: Path) -> None:
    trainer = Trainer(TINY, photographs=[photographs], run_folder=tmp_path)
    before = {name: tensor.clone() for name, tensor in trainer.generator.state_dict().items()}
    trainer.step()
    assert all((tensor != before[name]).any() for name, tensor in trainer.generator.state_dict().items())


def test_resuming_with_other_settings_is_an_error(photographs: Path, tmp_path: Path) -> None:
    config = replace(TINY, iterations=1)
    Trainer(config, photographs=[photographs], run_folder=tmp_path).run()
    with pytest.raises(DniError, match=r"with its own settings .*'seed': 0.*, but got .*'seed': 1"):
        Trainer(replace(config, seed=1), photographs=[photographs], run_folder=tmp_path, resume=True)


def test_resuming_from_other_sources_is_an_error(
    photographs: Path, ancestor: Path, extractors: dict[str, str], tmp_path: Path
) -> None:
    config = replace(TEXTURE, iterations=1)
    given: dict[str, Any] = {
        "photographs": [photographs],
        "ancestor": ancestor,
        "extractor": extractors["texture"],
        "run_folder": tmp_path / "run",
    }
    Trainer(config, **given).run()
    others, more = tmp_path / "other", tmp_path / "photographs"
    more.mkdir()
    photograph(7).save(more / "7.png")
    others.mkdir()
    save_file(RRDBNet(num_filters=4, num_blocks=1).state_dict(), others / "psnr.safetensors")
    save_file(EfficientNetLite().state_dict(), others / "lite0.safetensors")
    for name, value in {
        "ancestor": others / "psnr.safetensors",
        "extractor": str(others / "lite0.safetensors"),
        "photographs": [photographs, more],
    }.items():
        with (
            case(name),
            pytest.raises(DniError, match=f"got another choice of {name}"),
        ):
            Trainer(config, **given | {name: value}, resume=True)
    with pytest.raises(DniError, match="another choice of photographs"):
        Trainer(config, **given, held_back=["1.png"], resume=True)
    moved = shutil.copytree(photographs, tmp_path / "moved")
    assert Trainer(config, **given | {"photographs": [moved]}, resume=True).iteration == 1
    state = torch.load(tmp_path / "run" / "state.pt", weights_only=True)
    del state["sources"]  # as before they were kept
    torch.save(state, tmp_path / "run" / "state.pt")
    assert Trainer(config, **given | {"photographs": [photographs, more]}, resume=True).iteration == 1


def test_a_fresh_run_has_a_log_of_its_own(photographs: Path, tmp_path: Path) -> None:
    for _ in range(2):
        Trainer(TINY, photographs=[photographs], run_folder=tmp_path).run()
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [record["iteration"] for record in log] == [2, 4]


def test_a_run_that_diverges_writes_nothing(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Trainer.step

    def diverge(self: Trainer) -> dict[str, torch.Tensor]:
        losses = step(self)
        torch.nn.init.constant_(self.ema.module.get_parameter("conv_last.bias"), torch.inf)
        return losses

    monkeypatch.setattr(Trainer, "step", diverge)
    trainer = Trainer(TINY, photographs=[photographs], run_folder=tmp_path)
    for write in (trainer.run, trainer.export):
        with pytest.raises(DniError, match="parameters of psnr, but at step 2 some are NaN"):
            write()
    assert not list(tmp_path.iterdir())


def test_an_extractor_is_for_ends_that_use_one(photographs: Path, ancestor: Path, tmp_path: Path) -> None:
    for config in (TINY, CLEAN, FLAT):
        with case(config), pytest.raises(DniError, match=f"no extractor for the end '{config.end}'"):
            Trainer(
                config,
                photographs=[photographs],
                run_folder=tmp_path / "run",
                ancestor=ancestor,
                extractor="vgg19",
            )
    assert not (tmp_path / "run").exists()


def test_a_run_has_one_length() -> None:
    with pytest.raises(DniError, match="in iterations or in seconds, but got 5 and 60"):
        preset("psnr", iterations=5, seconds=60)
    assert preset("psnr", seconds=60).seconds == 60


def test_every_other_end_needs_its_ancestor(photographs: Path, tmp_path: Path) -> None:
    for config in [TEXTURE, GAN, CLEAN, FLAT]:
        with case(config):
            text = f"Expected the weights of end A as the ancestor of the end '{config.end}', but got none"
            with pytest.raises(DniError, match=text):
                Trainer(config, photographs=[photographs], run_folder=tmp_path)


def test_every_other_end_starts_from_its_ancestor(
    photographs: Path, ancestor: Path, extractors: dict[str, str], tmp_path: Path
) -> None:
    for config in [TEXTURE, GAN, CLEAN, FLAT]:
        with case(config):
            trainer = Trainer(
                config,
                photographs=[photographs],
                run_folder=tmp_path,
                ancestor=ancestor,
                extractor=extractors.get(config.end),
            )
            torch.manual_seed(1)
            expected = RRDBNet(num_filters=4, num_blocks=1).state_dict()
            assert all(
                torch.equal(tensor, expected[name]) for name, tensor in trainer.generator.state_dict().items()
            )


def test_the_spectrums_power_is_the_gan_ends_own() -> None:
    assert preset("gan", spectrum_power=0.5) == replace(preset("gan"), spectrum_power=0.5)
    with pytest.raises(DniError, match="for an end with a loss on it only, but got one for 'psnr'"):
        preset("psnr", spectrum_power=0.5)
    with pytest.raises(DniError, match="for an end with a loss on it only, but got one for 'gan'"):
        preset("gan", spectrum_weight=0.0, spectrum_power=0.5)
    assert preset("texture", spectrum_weight=0.05, spectrum_power=0.8).spectrum_power == 0.8
    with pytest.raises(DniError, match="share for detail and vivid only, but got one for 'texture'"):
        preset("texture", adversarial_share=1.0)


def test_presets_of_both_networks() -> None:
    small = preset("texture", network="compact")
    assert (small.network, small.num_filters, small.dists_weight) == ("SRVGGNetCompact", 40, 1.0)
    assert preset("texture").network == "RRDBNet"
    with pytest.raises(DniError, match="one of the networks rrdb, compact, compact-64, but got 'large'"):
        preset("psnr", network="large")


def test_crops_for_the_losses_are_the_same_of_both_and_move() -> None:
    output = torch.arange(2 * 3 * 20 * 20.0).view(2, 3, 20, 20)
    corners = set()
    for seed in range(20):
        a, b = same_crop(output, output + 0.5, 16, np.random.default_rng(seed))
        assert a.shape == (2, 3, 16, 16)
        assert torch.equal(b, a + 0.5)
        corners.add(int(a[0, 0, 0, 0]))
    assert len(corners) > 5


def test_the_discriminator_sees_noise_that_depends_on_the_step_only(
    photographs: Path, ancestor: Path, extractors: dict[str, str], tmp_path: Path
) -> None:
    config = replace(GAN, instance_noise=0.1)
    trainer = Trainer(
        config,
        photographs=[photographs],
        run_folder=tmp_path,
        ancestor=ancestor,
        extractor=extractors["gan"],
    )
    seen: list[torch.Tensor] = []
    assert trainer.adversary is not None
    trainer.adversary.critic.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    images = torch.full((2, 3, 128, 128), 0.5)
    for global_seed in (0, 1):
        torch.manual_seed(global_seed)
        trainer.adversary.noise.manual_seed(7)
        trainer.adversary.logits(images)
    assert torch.equal(seen[0], seen[1])
    assert (seen[0] - 0.5).std().item() == pytest.approx(0.1, rel=0.02)
