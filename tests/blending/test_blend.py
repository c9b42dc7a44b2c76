"""The in-place blend of a live network, against the pure function."""

import copy
import threading

import pytest
import torch
from cases import case
from torch import nn

from dni.blending import flat_buffers as rows
from dni.blending.blend import Blend
from dni.blending.interpolate import BlendError, interpolate, shares_of
from dni.blending.shares import Mix
from models import RRDBNet


class Mixed(nn.Module):
    """Convolutions, a batch norm (with an integer buffer), a scalar, and two dtypes."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.conv = nn.Conv2d(3, 5, 3, padding=1)
        self.norm = nn.BatchNorm2d(5)
        self.gain = nn.Parameter(torch.randn(()))
        self.wide = nn.Parameter(torch.randn(3, dtype=torch.float64))
        self.register_buffer("table", torch.arange(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(x)) * self.gain + self.wide.sum().to(x.dtype)


def make_blend(num_ends: int = 2, **move: object) -> tuple[Blend, list[dict[str, torch.Tensor]], nn.Module]:
    states = [Mixed(seed).state_dict() for seed in range(num_ends)]
    network = Mixed(99).eval()
    if move:
        network = network.to(**move)  # type: ignore[call-overload]
    return Blend(network, states), states, network


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("shares", [(0.7, 0.3, 0.0), (0.2, 0.3, 0.5), (0.0, 0.0, 1.0)])
def test_the_live_network_is_the_pure_blend(
    memory_format: torch.memory_format, shares: tuple[float, ...]
) -> None:
    blend, states, _ = make_blend(3, memory_format=memory_format)
    expected = Mixed(0).eval()
    expected.load_state_dict(interpolate(states, shares))
    image = torch.rand(2, 3, 8, 8)
    with blend.at(shares) as network, torch.no_grad():
        torch.testing.assert_close(network.state_dict(), expected.state_dict(), atol=1e-6, rtol=1e-6)
        torch.testing.assert_close(network(image), expected(image), atol=1e-5, rtol=1e-5)


def test_ends_are_bit_exact_after_other_blends() -> None:
    for end in [0, 1, 2]:
        with case(end):
            blend, states, _ = make_blend(3)
            with blend.at((0.1, 0.2, 0.7)):
                pass
            shares = [float(index == end) for index in range(3)]
            with blend.at(shares) as network:
                for name, tensor in network.state_dict().items():
                    assert torch.equal(tensor, states[end][name]), name


def test_two_ends_are_bit_exact_through_alpha() -> None:
    blend, states, _ = make_blend()
    for alpha in (0.0, 0.37, 1.0):
        expected = interpolate(states, shares_of(alpha))
        with blend.at_alpha(alpha) as network:
            for name, tensor in network.state_dict().items():
                assert torch.equal(tensor, expected[name]), name


SHARES = [
    (0.63, 0.37),
    (1 / 3, 1 / 3, 1 / 3),
    (0.1, 0.2, 0.7),
    (-0.4, 0.3, 1.1),
    (0.07, 0.0, 0.11, 0.13, 0.17, 0.19, 0.1, 0.23),
]


@pytest.mark.parametrize("chunk", [2**17, 700])
def test_bfloat16_is_the_exact_blend_rounded_once(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for shares in SHARES:
        with case(shares):
            monkeypatch.setitem(rows.WIDE_CHUNK, "cpu", chunk)
            torch.manual_seed(0)
            ends = [RRDBNet(num_filters=8, num_blocks=1).to(torch.bfloat16).state_dict() for _ in shares]
            blend = Blend(RRDBNet(num_filters=8, num_blocks=1).to(torch.bfloat16), ends)
            with blend.at(shares, extrapolate=True) as live:
                for name, tensor in live.state_dict().items():
                    terms = [share * end[name].double() for share, end in zip(shares, ends, strict=True)]
                    exact = torch.stack(terms).sum(0)
                    # Eight bits of precision; float32 sums are off by a relative step of the largest terms.
                    half_step = torch.exp2(torch.frexp(exact).exponent - 9.0)
                    summing = 2**-22 * torch.stack(terms).abs().sum(0)
                    assert ((tensor.double() - exact).abs() <= half_step + summing).all(), name


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_a_blend_of_equal_ends_is_that_end(dtype: torch.dtype) -> None:
    for shares in SHARES:
        with case(shares):
            ends, out = torch.ones(len(shares), 5000, dtype=dtype), torch.zeros(5000, dtype=dtype)
            rows.blend_rows(ends, shares, out)
            torch.testing.assert_close(out, ends[0], rtol=0, atol=2e-7 if dtype == torch.float32 else 0)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(
    "mix",
    [
        Mix.of((0.2, 0.3, 0.5), groups={"trunk 1": (0, 0, 1), "upsampling": (0.5, 0.25, 0.25)}),
        Mix.of((1, 0, 0), groups={"last": (0, 1, 0)}),
        Mix.of((0, 0.5, 0.5), groups={"first": (-1, 1, 1), "trunk 2": (0.1, 0, 0.9)}, extrapolate=True),
    ],
)
def test_groups_have_their_own_shares(mix: Mix, memory_format: torch.memory_format) -> None:
    torch.manual_seed(0)
    ends = [RRDBNet(num_filters=4, num_blocks=2).state_dict() for _ in range(3)]
    network = RRDBNet(num_filters=4, num_blocks=2).to(memory_format=memory_format)  # type: ignore[call-overload]
    blend = Blend(network, ends)
    assert blend.groups == ("first", "trunk 1", "trunk 2", "upsampling", "last")
    with blend.at(mix) as live:
        torch.testing.assert_close(live.state_dict(), interpolate(ends, mix), atol=1e-6, rtol=1e-6)
    with blend.at((0.0, 1.0, 0.0)) as live:
        for name, tensor in live.state_dict().items():
            assert torch.equal(tensor, ends[1][name]), name


def test_neighbours_with_equal_shares_are_blended_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = [RRDBNet(num_filters=4, num_blocks=2).state_dict() for _ in range(2)]
    blend = Blend(RRDBNet(num_filters=4, num_blocks=2), ends)
    asked: list[tuple[float, ...]] = []
    monkeypatch.setattr(rows, "blend_rows", lambda ends, shares, out: asked.append(shares))
    even, late = (0.5, 0.5), (0.25, 0.75)
    for groups, passes in (
        ({}, [even]),
        ({"trunk 1": even}, [even]),
        ({"upsampling": late, "last": late}, [even, late]),
        ({"trunk 1": late}, [even, late, even]),
    ):
        with blend.at(Mix.of(even, groups=groups)):
            assert asked == passes
        asked.clear()


def test_an_unknown_group_is_refused_and_nothing_moves() -> None:
    blend, states, _ = make_blend()
    with blend.at_alpha(0.0):
        pass
    wrong = Mix.of((0.5, 0.5), groups={"trunk 9": (0, 1)})
    with pytest.raises(BlendError, match=r"'trunk 9'\. Choose from: first"), blend.at(wrong):
        pass
    with blend.at_alpha(0.0) as network:
        assert torch.equal(network.conv.weight, states[0]["conv.weight"])


def test_memory_is_that_of_the_ends_and_of_one_network() -> None:
    network = RRDBNet(num_filters=32, num_blocks=1).to(torch.bfloat16)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    blend = Blend(network, [RRDBNet(num_filters=32, num_blocks=1).state_dict() for _ in range(3)])
    assert 4 * 2 * parameters <= blend.nbytes <= 1.01 * 4 * 2 * parameters


def test_no_memory_is_replaced_when_alpha_moves() -> None:
    blend, _, network = make_blend(memory_format=torch.channels_last)
    before = {name: (t.data_ptr(), t.stride()) for name, t in network.state_dict().items()}
    for alpha in (0.1, 0.9, 1.0):
        with blend.at_alpha(alpha):
            pass
    assert before == {name: (t.data_ptr(), t.stride()) for name, t in network.state_dict().items()}


def test_parameters_are_views_of_one_buffer_a_dtype() -> None:
    _, _, network = make_blend()
    floats = [t for t in network.state_dict().values() if t.dtype == torch.float32]
    assert len({t.untyped_storage().data_ptr() for t in floats}) == 1
    assert all(t.data_ptr() % 64 == 0 for t in floats)


def test_the_ends_given_are_not_touched() -> None:
    blend, states, _ = make_blend()
    copies = copy.deepcopy(states)
    with blend.at_alpha(0.5) as network, torch.no_grad():
        network.conv.weight.add_(1)
    torch.testing.assert_close(states, copies, atol=0, rtol=0)


def test_an_interrupted_setting_is_set_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the mix of before nor the interrupted one is taken for granted afterwards."""

    def stop(ends: torch.Tensor, shares: tuple[float, ...], out: torch.Tensor) -> None:
        out.fill_(float("nan"))
        raise KeyboardInterrupt

    for again in (0.25, 0.75):
        blend, states, _ = make_blend()
        with blend.at_alpha(0.25):
            pass
        with monkeypatch.context() as patch:
            patch.setattr(rows, "blend_rows", stop)
            with pytest.raises(KeyboardInterrupt), blend.at_alpha(0.75):
                pass
        with case(again), blend.at_alpha(again) as network:
            expected = interpolate(states, shares_of(again))
            assert torch.equal(network.conv.weight, expected["conv.weight"])


def test_people_on_threads_never_see_each_others_alpha() -> None:
    blend, states, _ = make_blend()
    wrong: list[float] = []

    def person(alpha: float) -> None:
        expected = interpolate(states, shares_of(alpha))["conv.weight"]
        for _ in range(200):
            with blend.at_alpha(alpha) as network:
                if not torch.equal(network.conv.weight, expected):
                    wrong.append(alpha)

    threads = [threading.Thread(target=person, args=(alpha,)) for alpha in (0.0, 0.3, 0.6, 1.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_states_must_fit_the_network() -> None:
    states = [Mixed(0).state_dict(), Mixed(1).state_dict()]
    with pytest.raises(BlendError, match=r"network's own names, but these differ: bias, conv\.bias"):
        Blend(nn.Conv2d(3, 5, 3), states)
    smaller = RRDBNet(num_filters=4, num_blocks=1)
    larger = [RRDBNet(num_filters=8, num_blocks=1).state_dict() for _ in range(2)]
    with pytest.raises(BlendError, match=r"network's own shapes.*and \d+ more"):
        Blend(smaller, larger)


def test_parameters_must_fill_their_memory() -> None:
    states = [nn.Linear(3, 4).state_dict() for _ in range(2)]
    for weight in (torch.zeros(4, 6)[:, ::2], torch.zeros(4, 1).expand(4, 3)):
        network = nn.Linear(3, 4)
        network.weight = nn.Parameter(weight)
        with case(weight.stride()), pytest.raises(BlendError, match="but weight overlaps or has gaps"):
            Blend(network, states)


def test_the_stride_of_a_single_row_does_not_matter() -> None:
    states, network = [nn.Linear(4, 1).state_dict() for _ in range(2)], nn.Linear(4, 1)
    network.weight = nn.Parameter(torch.zeros(5, 4)[::3][:1])
    assert network.weight.stride() == (12, 1)
    with Blend(network, states).at_alpha(1.0) as live:
        assert torch.equal(live.weight, states[1]["weight"])


class WithNothing(nn.Linear):
    """A layer beside which there are parameters without elements."""

    def __init__(self) -> None:
        super().__init__(2, 2)
        self.before, self.after = nn.Parameter(torch.zeros(0, 3)), nn.Parameter(torch.zeros(0))
        self.narrow = nn.Parameter(torch.zeros(0, 4, dtype=torch.float16))


def test_parameters_without_elements_are_no_hindrance() -> None:
    states = [WithNothing().state_dict() for _ in range(3)]
    mix = Mix.of((0.2, 0.3, 0.5), groups={"first": (0.5, 0.25, 0.25)})
    with Blend(WithNothing(), states).at(mix) as live:
        torch.testing.assert_close(live.state_dict(), interpolate(states, mix))


def test_alpha_is_for_two_ends() -> None:
    blend, _, _ = make_blend(3)
    with pytest.raises(BlendError, match="two ends for one alpha, but there are 3"), blend.at_alpha(0.5):
        pass


def test_bad_shares_leave_the_network_as_it_was() -> None:
    blend, states, _ = make_blend()
    with blend.at_alpha(0.0):
        pass
    with pytest.raises(BlendError, match="finite"), blend.at_alpha(float("nan")):
        pass
    with blend.at_alpha(0.0) as network:
        assert torch.equal(network.conv.weight, states[0]["conv.weight"])
