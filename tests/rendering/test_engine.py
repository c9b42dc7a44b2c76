"""What a network needs, measured: surroundings, memory; and its copy on the CPU."""

import copy

import torch
from cases import case
from small_renders import CPU, difference, make_networks, make_picture, make_renderer, wrap
from torch import nn

from dni.blending.shares import Mix
from dni.rendering.measuring.receptive_field import bytes_while, cut_depth, is_convolutional, reach
from dni.rendering.renderer import Renderer


def test_reach_bounds_what_the_network_sees() -> None:
    network = copy.deepcopy(make_networks()[0]).double()
    image = torch.rand(1, 3, 121, 1, dtype=torch.float64, requires_grad=True)
    network(image)[0, :, 4 * 60].sum().backward()
    assert image.grad is not None
    rows = image.grad.abs().sum(dim=(0, 1, 3)).nonzero().flatten()
    assert 60 - reach(network) <= int(rows.min())
    assert int(rows.max()) <= 60 + reach(network)


def box(radius: int):
    """A mean over a square: a cut border is seen exactly ``radius`` pixels deep."""
    side = 2 * radius + 1
    weight = torch.full((3, 1, side, side), 1 / side**2)
    return lambda picture: nn.functional.conv2d(picture[None].float(), weight, padding=radius, groups=3)[0]


def test_the_depth_of_a_box_is_its_radius_and_the_safety() -> None:
    for radius in [3, 8]:
        with case(radius):
            assert cut_depth(box(radius), bound=20) == radius + 3


def test_the_depth_is_at_most_the_bound_and_at_least_four() -> None:
    assert cut_depth(box(12), bound=10) == 10
    assert cut_depth(lambda picture: picture.float(), bound=10) == 4


def test_the_depth_counts_input_pixels() -> None:
    def enlarged(picture: torch.Tensor) -> torch.Tensor:
        return box(5)(picture).repeat_interleave(3, dim=1).repeat_interleave(3, dim=2)

    assert cut_depth(enlarged, bound=20) == 8


def test_depths_are_the_same_in_both_precisions_and_below_the_bound() -> None:
    exact, fast = make_renderer(), make_renderer("bfloat16")
    assert exact.depth == make_renderer().depth
    assert 4 <= exact.depth < exact.overlap
    assert abs(fast.depth - exact.depth) <= 1  # its weights were rounded


def test_only_mixes_between_the_ends_take_the_measured_overlap() -> None:
    renderer = make_renderer()
    assert renderer.overlap_at(Mix.of_alpha(0.3)) == renderer.depth
    assert renderer.overlap_at(Mix.of_alpha(1.5, extrapolate=True)) == renderer.overlap
    assert renderer.overlap_at(Mix.of((1, 0), groups={"last": (0, 1)})) == renderer.overlap


def test_layers_that_may_see_far_are_told_apart() -> None:
    for layer, expected in [
        (nn.Conv2d(3, 3, 3, padding=1), True),
        (nn.PReLU(), True),
        (nn.Conv2d(3, 3, 2, stride=2), False),
        (nn.AdaptiveAvgPool2d(1), False),
        (nn.MultiheadAttention(4, 1), False),
        (nn.InstanceNorm2d(3), False),
    ]:
        with case(layer):
            assert is_convolutional(nn.Sequential(nn.Conv2d(3, 3, 1), layer)) is expected


def test_networks_that_see_the_whole_picture_are_told() -> None:
    module = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.InstanceNorm2d(3)).requires_grad_(False)
    states = [{name: tensor.clone() for name, tensor in module.state_dict().items()}] * 2
    renderer = Renderer(wrap(module, scale=1), states, device=CPU, precision="float32")
    assert renderer.surroundings(Mix.of_alpha(0.3)).is_global
    assert renderer.window_pixels <= 512 * 512 <= renderer.whole_pixels


def test_networks_of_blocks_overlap_by_whole_blocks() -> None:
    assert make_renderer(multiple_of=20).overlap == 60


def test_bytes_are_those_alive_at_one_time() -> None:
    def run() -> None:
        first = torch.zeros(1000)
        second = first + 1  # 4000 bytes more
        del first
        third = second.view(10, 100)[0] * 2  # a view is no memory; 400 bytes
        assert third.shape == (100,)

    assert bytes_while(run) == 8000


def test_a_window_takes_less_memory_in_bfloat16() -> None:
    limited = make_renderer()
    limited._window_pixels = None
    exact, fast = limited.window_pixels, make_renderer("bfloat16").window_pixels
    assert 10_000 < exact <= fast


def test_the_copy_on_the_cpu_renders_the_same_and_is_independent() -> None:
    renderer, picture = make_renderer(), make_picture(30, 20)
    spare = renderer.on_cpu()
    mix = Mix.of_alpha(0.3)
    assert difference(spare.render(picture, mix), renderer.render(picture, mix)) == 0
    spare.render(picture, Mix.of_alpha(1.0))
    assert renderer.blend.mix == mix
    own = {tensor.data_ptr() for tensor in renderer.network.module.parameters()}
    assert own.isdisjoint(tensor.data_ptr() for tensor in spare.network.module.parameters())


def test_the_copy_of_a_bfloat16_blend_is_float32() -> None:
    spare = make_renderer("bfloat16").on_cpu()
    assert spare.precision == "float32"
    assert {tensor.dtype for tensor in spare.network.module.state_dict().values()} == {torch.float32}
