"""The groups of layers of the architectures that people blend."""

import re

import pytest
import torch
from cases import case
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from dni.blending.layer_groups import layer_groups
from dni.checkpoints.networks import build
from models import RRDBNet
from models.digits import DigitNetwork

TRUNK = [f"trunk {number}" for number in range(1, 9)]


def rrdb_state(num_blocks: int) -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        return RRDBNet(num_filters=64, num_blocks=num_blocks).state_dict()


def state_of(*layers: str, side: int = 4) -> dict[str, torch.Tensor]:
    """Convolutions of one size at these names; those that end in "norm" have only vectors."""
    state = {}
    for layer in layers:
        if not layer.endswith("norm"):
            state[f"{layer}.weight"] = torch.zeros(side, side, 3, 3)
        state[f"{layer}.bias"] = torch.zeros(side)
    return state


def layers_of(groups: dict[str, tuple[str, ...]], group: str) -> list[str]:
    return list(dict.fromkeys(name.rpartition(".")[0] for name in groups[group]))


def assert_partition(state: dict[str, torch.Tensor], groups: dict[str, tuple[str, ...]]) -> None:
    found = [name for names in groups.values() for name in names]
    assert sorted(found) == sorted(name for name in state if state[name].is_floating_point())


def test_our_network() -> None:
    for num_blocks, trunk in [(1, 3), (2, 2), (8, 8), (23, 8)]:
        with case(num_blocks):
            state = rrdb_state(num_blocks)
            groups = layer_groups(state)
            assert_partition(state, groups)
            assert list(groups) == ["first", *TRUNK[:trunk], "upsampling", "last"]
            assert layers_of(groups, "first") == ["conv_first"]
            assert layers_of(groups, f"trunk {trunk}")[-1] == "conv_body"
            assert layers_of(groups, "upsampling") == ["conv_up1", "conv_up2", "conv_hr"]
            assert layers_of(groups, "last") == ["conv_last"]


def test_blocks_are_spread_evenly_and_in_order() -> None:
    groups = layer_groups(rrdb_state(23))
    blocks = [
        sorted({int(number) for number in re.findall(r"body\.(\d+)\.", " ".join(groups[name]))})
        for name in TRUNK
    ]
    assert [block for part in blocks for block in part] == list(range(23))
    assert {len(part) for part in blocks} == {2, 3}


def test_both_layouts_of_esrgan_have_the_same_groups() -> None:
    ours = RRDBNet(num_filters=16, num_blocks=3).state_dict()
    theirs = build(ours).module.state_dict()  # spandrel builds the old layout: model.1.sub.0...
    assert "model.1.sub.0.RDB1.conv1.0.weight" in theirs
    shapes = [
        [[state[name].shape for name in names] for names in layer_groups(state).values()]
        for state in (ours, theirs)
    ]
    assert shapes[0] == shapes[1]
    assert list(layer_groups(ours)) == list(layer_groups(theirs))


def test_old_names_without_enlarging_have_no_upsampling() -> None:
    blocks = [f"model.1.sub.{block}.RDB1.conv{conv}.0" for block in range(3) for conv in range(3)]
    state = state_of("model.0", *blocks, "model.1.sub.3", "model.2", "model.4")
    groups = layer_groups(state)
    assert list(groups) == ["first", "trunk 1", "trunk 2", "trunk 3", "last"]
    assert layers_of(groups, "trunk 3")[-2:] == ["model.1.sub.3", "model.2"]


def test_a_sequence_of_convolutions() -> None:
    """SRVGGNetCompact: convolution, activation, convolution ... in one list; activations have weights."""
    state = {}
    for number in range(0, 37, 2):
        state |= state_of(f"body.{number}")
        if number < 36:
            state[f"body.{number + 1}.weight"] = torch.zeros(4)
    groups = layer_groups(state)
    assert_partition(state, groups)
    assert list(groups) == ["first", *TRUNK, "last"]
    assert layers_of(groups, "first") == ["body.0", "body.1"]
    assert layers_of(groups, "trunk 1") == ["body.2", "body.3", "body.4", "body.5"]
    assert layers_of(groups, "last") == ["body.36"]


def test_a_transformer_with_norms_and_tables() -> None:
    """SwinIR's names."""
    blocks = [
        f"layers.{layer}.residual_group.blocks.{block}.{part}"
        for layer in range(3)
        for block in range(2)
        for part in ("norm", "mlp.fc1", "mlp.fc2")
    ]
    tail = ("norm", "conv_after_body", "conv_before_upsample.0", "upsample.0", "upsample.2", "conv_last")
    state = state_of("conv_first", "patch_embed.norm", *blocks, *tail)
    state["layers.0.residual_group.blocks.0.attn.relative_position_index"] = torch.zeros(
        2, 2, dtype=torch.int64
    )
    groups = layer_groups(state)
    assert_partition(state, groups)
    assert list(groups) == ["first", "trunk 1", "trunk 2", "trunk 3", "upsampling", "last"]
    assert layers_of(groups, "first") == ["conv_first", "patch_embed.norm"]
    assert layers_of(groups, "trunk 3")[-2:] == ["norm", "conv_after_body"]
    assert layers_of(groups, "upsampling") == ["conv_before_upsample.0", "upsample.0", "upsample.2"]


def test_a_group_with_most_of_the_parameters_is_split() -> None:
    state = state_of("conv_first", "body.0", "body.1") | state_of("upsample.0", "upsample.2", side=16)
    groups = layer_groups(state | state_of("conv_last"))
    assert list(groups)[-3:] == ["upsampling 1", "upsampling 2", "last"]
    assert layers_of(groups, "upsampling 2") == ["upsample.2"]


def test_groups_follow_the_order_of_use() -> None:
    """NAFNet's names: the last layer is listed second, and the levels take turns with what scales them."""
    listed = ("intro", "ending", "encoders.0.0", "encoders.1.0", "middle.0", "middle.1", "ups.0", "downs.0")
    order = ("intro", "encoders.0.0", "downs.0", "encoders.1.0", "middle.0", "middle.1", "ups.0", "ending")
    state = state_of(*listed, "spare")
    names = [f"{layer}.{kind}" for layer in order for kind in ("weight", "bias")]
    groups = layer_groups(state, {name: state[name].numel() for name in names})
    assert_partition(state, groups)
    assert layers_of(groups, "first") == ["intro"]
    assert [layer for name in groups if "trunk" in name for layer in layers_of(groups, name)] == list(
        order[1:6]
    )
    assert layers_of(groups, "upsampling") == ["ups.0"]
    assert layers_of(groups, "last") == ["ending"]
    assert layers_of(groups, "unused") == ["spare"]


def test_digits() -> None:
    groups = layer_groups(DigitNetwork().state_dict())
    assert {name: layers_of(groups, name) for name in groups} == {
        "first": ["conv1"],
        "trunk 1": ["conv2"],
        "trunk 2": ["fc1"],
        "trunk 3": ["fc2"],
        "last": ["fc3"],
    }


@pytest.mark.parametrize("network", [nn.Linear(2, 1), nn.BatchNorm2d(3)], ids=["layer", "vectors"])
def test_a_single_layer_is_the_first(network: nn.Module) -> None:
    state = network.state_dict()
    groups = layer_groups(state)
    assert list(groups) == ["first"]
    assert_partition(state, groups)


def test_nothing_has_no_groups() -> None:
    assert layer_groups({"steps": torch.tensor(1)}) == {}


PARTS = st.lists(st.sampled_from(["a", "up", "0", "1", "norm"]), min_size=1, max_size=4)


@given(paths=st.lists(PARTS, max_size=12), dims=st.lists(st.integers(0, 4), min_size=12, max_size=12))
@settings(max_examples=200)
def test_any_names_are_divided_without_loss(paths: list[list[str]], dims: list[int]) -> None:
    state = {
        ".".join([*path, "weight"]): torch.zeros([2] * ndim) for path, ndim in zip(paths, dims, strict=False)
    }
    groups = layer_groups(state)
    assert_partition(state, groups)
    assert all(groups.values())
