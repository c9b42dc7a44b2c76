"""Recognising and building networks, and reading the ends of a blend."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import spandrel
import torch
from cases import case
from safetensors.torch import load_file
from spandrel.architectures.Compact import Compact
from spandrel.architectures.DnCNN import DnCNN
from spandrel.architectures.ESRGAN import ESRGAN
from spandrel.architectures.LaMa import LaMa
from spandrel.architectures.SPAN import SPAN
from torch import Tensor, nn

from dni.blending.interpolate import interpolate
from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.files import save
from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.networks import build, load_ends, load_network
from dni.checkpoints.probe import check_nothing_hidden
from models import RRDBNet

OURS = {"architecture": "RRDBNet", "num_filters": "8", "num_blocks": "1"}


def rrdb(seed: int) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    return RRDBNet(num_filters=8, num_blocks=1).state_dict()


def compact(seed: int, *, scale: int = 4, features: int = 8) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    return Compact(num_feat=features, num_conv=2, upscale=scale).state_dict()


def span(seed: int) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    return SPAN(num_in_ch=3, num_out_ch=3, feature_channels=8).state_dict()


def write(path: Path, state: dict[str, Tensor], metadata: dict[str, str] | None = None) -> Path:
    save(path, state, metadata or {})
    return path


def picture(channels: int = 3) -> Tensor:
    return torch.rand(1, channels, 12, 16, generator=torch.Generator().manual_seed(5))


@torch.no_grad()
def run(network: ImageNetwork, image: Tensor | None = None) -> Tensor:
    output: Tensor = network.module(picture() if image is None else image)
    return output


# Building


def test_spandrel_and_we_build_the_same_network_from_our_weights() -> None:
    ours, theirs = build(rrdb(0), OURS), build(rrdb(0))
    assert (ours.architecture, theirs.architecture) == ("RRDBNet", "ESRGAN")
    assert ours.scale == theirs.scale == 4
    assert run(ours).shape == (1, 3, 48, 64)
    torch.testing.assert_close(run(ours), run(theirs), rtol=1e-4, atol=1e-6)
    assert not torch.allclose(run(ours), run(build(rrdb(1), OURS)), rtol=1e-2)


def test_our_network_is_the_one_that_was_trained() -> None:
    torch.manual_seed(0)
    trained = RRDBNet(num_filters=8, num_blocks=1)
    with torch.no_grad():
        assert torch.equal(run(build(trained.state_dict(), OURS)), trained(picture()))


DTYPES = [torch.float16, torch.bfloat16, torch.float64]


def test_a_built_network_is_float32_frozen_evaluating_and_its_own() -> None:
    for dtype in DTYPES:
        for metadata in [{}, OURS]:
            with case(dtype, metadata):
                state = {name: tensor.to(dtype) for name, tensor in rrdb(0).items()}
                network = build(state, metadata)
                assert not any(module.training for module in network.module.modules())
                for parameter in network.module.parameters():
                    assert (parameter.dtype, parameter.device.type) == (torch.float32, "cpu")
                    assert not parameter.requires_grad
                before = run(network)
                for tensor in state.values():
                    tensor.zero_()
                assert torch.equal(run(network), before)


def test_building_does_not_share_memory_with_float32_weights() -> None:
    state = rrdb(0)
    network = build(state, OURS)
    state["conv_last.weight"].zero_()
    assert network.module.state_dict()["conv_last.weight"].abs().sum() > 0


NONSENSE = [("num_filters", ""), ("num_blocks", "many"), ("num_blocks", "0"), ("num_filters", "9" * 9)]


def test_metadata_that_makes_no_sense_is_an_error() -> None:
    for key, value in NONSENSE:
        with (
            case(key, value),
            pytest.raises(CheckpointError, match=rf"Expected a\.pth to state {key} in its metadata, but got"),
        ):
            build(rrdb(0), OURS | {key: value}, source="a.pth")


def test_absent_metadata_is_an_error() -> None:
    with pytest.raises(CheckpointError, match="to state num_filters in its metadata, but got 'nothing'"):
        build(rrdb(0), {"architecture": "RRDBNet"})


def test_metadata_of_another_size_does_not_fit() -> None:
    for change in [{"num_filters": "64"}, {"num_blocks": "2"}]:
        with (
            case(change),
            pytest.raises(
                CheckpointError, match=r"Expected the weights of a\.pth to fit RRDBNet, but they do not"
            ),
        ):
            build(rrdb(0), OURS | change, source="a.pth")


def test_absurd_metadata_costs_nothing() -> None:
    with pytest.raises(
        CheckpointError, match="Expected 99999 blocks in the checkpoint, but it has 42 tensors"
    ):
        build(rrdb(0), OURS | {"num_blocks": "99999"})


def test_an_unknown_architecture_is_an_error() -> None:
    with pytest.raises(CheckpointError, match=r"a\.pth is of none \(its first tensors: bias, weight\)"):
        build(nn.Linear(2, 2).state_dict(), source="a.pth")


def test_a_recognised_but_incomplete_network_does_not_fit() -> None:
    state = compact(0)
    del state["body.2.bias"]
    with pytest.raises(CheckpointError, match=r"Expected the weights of a\.pth to fit .*, but they do not"):
        build(state, source="a.pth")


def test_a_network_that_needs_a_mask_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with torch.device("meta"):
        lama = LaMa()
    descriptor = object.__new__(spandrel.MaskedImageModelDescriptor)
    descriptor._architecture = spandrel.MAIN_REGISTRY["LaMa"].architecture
    monkeypatch.setattr(spandrel.ModelLoader, "load_from_state_dict", lambda *_: descriptor)
    with pytest.raises(CheckpointError, match=r"but a\.pth is LaMa for inpainting, which needs a mask too"):
        build(lama.state_dict(), source="a.pth")


def test_the_noise_level_that_a_network_wants_is_supplied() -> None:
    torch.manual_seed(0)
    original = DnCNN(in_nc=4, out_nc=3, nc=4, nb=9, act_mode="R", mode="FDnCNN")
    network = build(original.state_dict())
    assert (network.input_channels, network.output_channels, network.scale) == (3, 3, 1)
    noise = torch.full((1, 1, 12, 16), 15 / 255)
    with torch.no_grad():
        expected = original(torch.cat((picture(), noise), dim=1))
    assert torch.equal(run(network), expected)
    assert network.module.state_dict().keys() == original.state_dict().keys()


def test_what_spandrel_knows_of_a_network_is_kept() -> None:
    torch.manual_seed(0)
    unshuffling = ESRGAN(in_nc=12, out_nc=3, num_filters=4, num_blocks=2, scale=4, shuffle_factor=2)
    network = build(unshuffling.state_dict())
    assert (network.architecture, network.scale, network.input_channels) == ("ESRGAN", 2, 3)
    assert (network.minimum_size, network.multiple_of, network.square) == (4, 4, False)
    assert network.supports_bfloat16
    assert run(network).shape == (1, 3, 24, 32)


def test_a_network_is_loaded_from_a_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.safetensors", rrdb(0), OURS)
    assert torch.equal(run(load_network(path)), run(build(rrdb(0), OURS)))
    with pytest.raises(CheckpointError, match=r"weights of .*b\.safetensors to fit"):
        load_network(write(tmp_path / "b.safetensors", rrdb(0), OURS | {"num_filters": "9"}))


# The ends of a blend


def test_ends_are_the_networks_own_states_and_share_no_memory(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{seed}.safetensors", rrdb(seed), OURS) for seed in (0, 1, 2)]
    network, states = load_ends(paths)
    assert network.architecture == "RRDBNet"
    assert torch.equal(run(network), run(build(rrdb(0), OURS)))
    for seed, state in enumerate(states):
        assert state.keys() == rrdb(seed).keys()
        assert all(torch.equal(state[name], tensor) for name, tensor in rrdb(seed).items())
    with torch.no_grad():
        for parameter in network.module.parameters():
            parameter.zero_()
    assert all(state["conv_last.weight"].abs().sum() > 0 for state in states)


def test_our_end_and_a_foreign_one_meet_in_one_layout(tmp_path: Path) -> None:
    foreign = build(rrdb(1)).module.state_dict()
    assert "model.0.weight" in foreign
    ours = write(tmp_path / "ours.safetensors", rrdb(0), OURS)
    theirs = write(tmp_path / "theirs.safetensors", foreign)
    network, states = load_ends([ours, theirs])
    assert network.architecture == "ESRGAN"
    network.module.load_state_dict(interpolate(states, (0.5, 0.5)))
    middle = build(interpolate([rrdb(0), rrdb(1)], (0.5, 0.5)), OURS)
    torch.testing.assert_close(run(network), run(middle), rtol=1e-4, atol=1e-6)


def test_a_blend_has_two_ends() -> None:
    for paths in [[], ["a.pth"]]:
        with case(paths), pytest.raises(CheckpointError, match=f"at least two ends, but got {len(paths)}"):
            load_ends(paths)


def test_ends_of_two_architectures_are_both_named(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.safetensors", rrdb(0)), write(tmp_path / "b.safetensors", compact(0))
    with pytest.raises(
        CheckpointError,
        match=r"of one architecture.* ESRGAN x4 3>3 \(.*a\.safet.*RealESRGAN Compact x4 3>3 \(.*b\.safet",
    ):
        load_ends([a, b])


def test_ends_of_two_scales_are_both_named(tmp_path: Path) -> None:
    a, b = (write(tmp_path / f"x{scale}.safetensors", compact(0, scale=scale)) for scale in (4, 2))
    with pytest.raises(CheckpointError, match=r"Compact x4 3>3 \(.*x4\.safet.*Compact x2 3>3 \(.*x2\.safet"):
        load_ends([a, b])


def test_ends_of_two_sizes_are_left_to_the_blend(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{n}.safetensors", compact(0, features=n)) for n in (8, 12)]
    network, states = load_ends(paths)
    assert [len(state["body.0.bias"]) for state in states] == [8, 12]
    assert torch.equal(run(network), run(build(compact(0))))


def test_the_real_pair_is_loaded(shared: Path) -> None:
    folder = shared / "pairs" / "realesr-general"
    paths = [folder / f"realesr-general-{name}.safetensors" for name in ("x4v3", "wdn-x4v3")]
    network, states = load_ends(paths)
    assert (network.architecture, network.scale) == ("RealESRGAN Compact", 4)
    assert sum(parameter.numel() for parameter in network.module.parameters()) == 1_213_296
    for path, state in zip(paths, states, strict=True):
        file = load_file(path)
        assert state.keys() == file.keys()
        assert all(torch.equal(state[name], file[name]) for name in file)


# Hidden copies of parameters


def test_a_network_that_rebuilds_its_fused_copies_can_be_blended(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{seed}.safetensors", span(seed)) for seed in (0, 1)]
    network, states = load_ends(paths)
    assert network.architecture == "SPAN"
    middle = interpolate(states, (0.5, 0.5))
    with torch.no_grad():
        for name, tensor in network.module.state_dict().items():
            tensor.copy_(middle[name])
    assert torch.equal(run(network), run(build(middle)))


class Fusing(nn.Module):
    """Fuses its two layers, at once or when it first runs, and forgets that they may change."""

    def __init__(self, *, seed: int, lazy: bool) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.first, self.second = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 3, 1)
        self.fused = None if lazy else self.fuse()

    @torch.no_grad()
    def fuse(self) -> Tensor:
        return torch.einsum("omhw,mihw->oihw", self.second.weight, self.first.weight).clone()

    def forward(self, image: Tensor) -> Tensor:
        if self.fused is None:
            self.fused = self.fuse()
        return nn.functional.conv2d(image, self.fused)


def fusing_ends(*, lazy: bool) -> tuple[list[ImageNetwork], list[dict[str, Tensor]]]:
    like = build(compact(0))
    networks = [
        dataclasses.replace(like, module=Fusing(seed=seed, lazy=lazy), architecture="Fusing")
        for seed in (0, 1)
    ]
    states = [{name: t.clone() for name, t in network.module.state_dict().items()} for network in networks]
    return networks, states


@pytest.mark.parametrize("lazy", [False, True])
def test_a_network_that_keeps_a_fused_copy_is_refused(lazy: bool) -> None:
    networks, states = fusing_ends(lazy=lazy)
    with pytest.raises(CheckpointError, match="this Fusing keeps a fused or frozen copy"):
        check_nothing_hidden(networks, states)


def test_looking_for_hidden_copies_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    networks, states = fusing_ends(lazy=True)
    # The same network is innocent once it fuses anew each time.
    monkeypatch.setattr(Fusing, "forward", lambda self, image: nn.functional.conv2d(image, self.fuse()))
    before, random = run(networks[0]), torch.get_rng_state()
    check_nothing_hidden(networks, states)
    assert torch.equal(run(networks[0]), before)
    assert torch.equal(torch.get_rng_state(), random)


def test_a_network_that_cannot_run_says_so() -> None:
    networks, states = fusing_ends(lazy=False)
    broken = [dataclasses.replace(network, input_channels=5) for network in networks]
    with pytest.raises(CheckpointError, match="Fusing on a 128x128 image, but they do not"):
        check_nothing_hidden(broken, states)
