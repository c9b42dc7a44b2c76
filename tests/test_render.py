"""Rendering: tiles, sizes, precision, progress, cancellation, and errors."""

import copy
import functools
import threading

import numpy as np
import pytest
import torch
from torch import nn

from dni.checkpoints import save
from dni.interpolate import BlendError, interpolate, shares_of
from dni.networks import ImageNetwork, load_ends
from dni.render import Cancelled, Renderer, RenderError, best_precision, reach, spans
from models import RRDBNet

CPU = torch.device("cpu")


@functools.cache
def make_networks() -> tuple[RRDBNet, RRDBNet]:
    """Two related networks whose outputs fill the range, so that clipping hides no difference."""
    networks = []
    torch.manual_seed(0)
    ancestor = RRDBNet(num_filters=8, num_blocks=1).eval().requires_grad_(False)
    # Residual branches start near zero; stronger ones make every tap of the receptive field count.
    for parameter in ancestor.body.parameters():
        parameter.mul_(5)
    for seed in (1, 2):
        torch.manual_seed(seed)
        network = copy.deepcopy(ancestor)
        for parameter in network.parameters():
            parameter.add_(0.3 * parameter.std(correction=0) * torch.randn_like(parameter))
        output = network(make_picture(40, 40)[None].float() / 255)
        network.conv_last.weight.mul_(0.2 / output.std())
        network.conv_last.bias.copy_(
            0.5 - (output - network.conv_last.bias.view(1, 3, 1, 1)).mean() * 0.2 / output.std()
        )
        networks.append(network)
    return networks[0], networks[1]


def wrap(module: nn.Module, **changes: object) -> ImageNetwork:
    fields: dict[str, object] = {
        "module": module, "architecture": "test", "scale": 4, "input_channels": 3, "output_channels": 3,
        "minimum_size": 1, "multiple_of": 1, "square": False, "supports_bfloat16": True,
    }  # fmt: skip
    return ImageNetwork(**{**fields, **changes})  # type: ignore[arg-type]


def make_renderer(precision: str = "float32", **changes: object) -> Renderer:
    networks = make_networks()
    states = [network.state_dict() for network in networks]
    return Renderer(wrap(copy.deepcopy(networks[0]), **changes), states, device=CPU, precision=precision)  # type: ignore[arg-type]


def make_picture(height: int, width: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, height // 3 + 2, width // 3 + 2, generator=generator)
    smooth = nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)
    return (smooth[0] * 255).round().to(torch.uint8)


def plain(picture: torch.Tensor, alpha: float) -> torch.Tensor:
    """The oracle: blend the dictionaries, load them, run float32 on the whole picture."""
    networks = make_networks()
    expected = RRDBNet(num_filters=8, num_blocks=1).eval()
    expected.load_state_dict(interpolate([n.state_dict() for n in networks], shares_of(alpha)))
    with torch.no_grad():
        output = expected(picture[None].float() / 255)[0]
    return (output.clamp(0, 1) * 255).round().to(torch.uint8)


def difference(one: torch.Tensor, other: torch.Tensor) -> int:
    assert one.shape == other.shape
    return int((one.int() - other.int()).abs().max())


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (33, 2), (37, 53)])
@pytest.mark.parametrize("alpha", [0.0, 0.4, 1.0])
def test_any_size_equals_the_plain_float32_network(size: tuple[int, int], alpha: float) -> None:
    picture = make_picture(*size)
    rendered = make_renderer().render(picture, shares_of(alpha))
    assert rendered.dtype == torch.uint8
    assert len(rendered.unique()) > 10
    assert difference(rendered, plain(picture, alpha)) <= 1


@pytest.mark.parametrize("tile", [16, 29, 64])
def test_tiled_and_untiled_differ_by_one_level_at_most(tile: int) -> None:
    picture = make_picture(75, 61)
    renderer = make_renderer()
    whole = renderer.render(picture, shares_of(0.5), tile=1000)
    assert difference(renderer.render(picture, shares_of(0.5), tile=tile), whole) <= 1


def test_too_little_overlap_would_be_seen() -> None:
    """The tile test above can fail: with one pixel of overlap the seams are above one level."""
    picture = make_picture(75, 61)
    renderer = make_renderer()
    whole = renderer.render(picture, shares_of(0.5), tile=1000)
    renderer.overlap = 1
    assert difference(renderer.render(picture, shares_of(0.5), tile=16), whole) > 1


def test_the_real_pair_has_no_seams(shared) -> None:
    folder = shared / "pairs" / "realesr-general"
    network, states = load_ends(sorted(folder.glob("*.safetensors")))
    renderer = Renderer(network, states, device=CPU, precision="float32")
    picture = make_picture(80, 60)
    whole = renderer.render(picture, shares_of(0.5), tile=1000)
    assert difference(renderer.render(picture, shares_of(0.5), tile=40), whole) <= 1


@pytest.mark.parametrize("region", [(0, 0, 61, 75), (10, 20, 30, 25), (40, 50, 21, 25)])
def test_a_region_is_that_part_of_the_whole(region: tuple[int, int, int, int]) -> None:
    left, top, width, height = region
    picture = make_picture(75, 61)
    renderer = make_renderer()
    whole = renderer.render(picture, shares_of(0.3), tile=1000)
    part = renderer.render_region(picture, shares_of(0.3), left=left, top=top, width=width, height=height)
    assert difference(part, whole[:, top * 4 : (top + height) * 4, left * 4 : (left + width) * 4]) <= 1


@pytest.mark.parametrize("region", [(-1, 0, 5, 5), (0, 0, 62, 5), (60, 74, 2, 2), (0, 0, 0, 5)])
def test_a_region_outside_is_refused(region: tuple[int, int, int, int]) -> None:
    left, top, width, height = region
    with pytest.raises(RenderError, match="region inside the 61x75 picture, but got"):
        make_renderer().render_region(
            make_picture(75, 61), shares_of(0.3), left=left, top=top, width=width, height=height
        )


def test_bfloat16_is_close_to_float32() -> None:
    picture = make_picture(40, 40)
    exact = make_renderer().render(picture, shares_of(0.5)).float()
    fast = make_renderer("bfloat16").render(picture, shares_of(0.5)).float()
    assert 10 * np.log10(255**2 / (exact - fast).square().mean()) > 40


def test_a_network_without_bfloat16_runs_in_float32() -> None:
    assert make_renderer("bfloat16", supports_bfloat16=False).precision == "float32"


def test_the_cpu_takes_bfloat16_only_where_it_is_native(monkeypatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False, raising=False)
    assert best_precision(CPU) == "float32"
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert best_precision(CPU) == "bfloat16"


class Picky(nn.Module):
    """Accepts only squares of at least 16 whose sides divide by 8, as some architectures do."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1, 1, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        height, width = x.shape[-2:]
        assert height == width
        assert height >= 16
        assert height % 8 == 0
        return x * self.gain


@pytest.mark.parametrize("size", [(1, 1), (17, 30)])
@pytest.mark.parametrize("channels", [1, 3])
def test_sizes_a_network_does_not_take_are_padded_and_cut(size: tuple[int, int], channels: int) -> None:
    module = Picky().requires_grad_(False)
    states = [{"gain": torch.ones(1, 1, 1, 1)}, {"gain": torch.zeros(1, 1, 1, 1)}]
    network = wrap(module, scale=1, input_channels=channels, minimum_size=16, multiple_of=8, square=True)
    grey = make_picture(*size)[:1].expand(3, -1, -1)
    rendered = Renderer(network, states, device=CPU, precision="float32").render(grey, (1.0, 0.0))
    assert difference(rendered, grey) == 0


def test_progress_counts_the_tiles() -> None:
    seen: list[tuple[int, int]] = []
    make_renderer().render(
        make_picture(40, 20), shares_of(0.5), tile=20, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_cancelling_stops_before_the_next_tile() -> None:
    cancelled = threading.Event()
    seen: list[int] = []

    def progress(done: int, total: int) -> None:
        seen.append(done)
        if done == 1:
            cancelled.set()

    with pytest.raises(Cancelled):
        make_renderer().render(
            make_picture(64, 16), shares_of(0.5), tile=16, progress=progress, cancelled=cancelled
        )
    assert seen == [0, 1]


def test_an_alpha_set_between_two_tiles_does_no_harm() -> None:
    renderer, picture = make_renderer(), make_picture(64, 16)

    def disturb(done: int, total: int) -> None:
        renderer.render(make_picture(5, 5), shares_of(1.0))

    disturbed = renderer.render(picture, shares_of(0.2), tile=16, progress=disturb)
    assert difference(disturbed, make_renderer().render(picture, shares_of(0.2), tile=16)) == 0


def test_errors_say_what_was_expected() -> None:
    renderer = make_renderer()
    with pytest.raises(RenderError, match=r"uint8 of shape \(3, H, W\), but got torch.float32 \(3, 4, 4\)"):
        renderer.render(torch.zeros(3, 4, 4), shares_of(0.5))
    with pytest.raises(RenderError, match=r"but got torch.uint8 \(3, 0, 4\)"):
        renderer.render(torch.zeros(3, 0, 4, dtype=torch.uint8), shares_of(0.5))
    with pytest.raises(RenderError, match="tile of at least 16 pixels, but got 8"):
        renderer.render(make_picture(20, 20), shares_of(0.5), tile=8)
    with pytest.raises(BlendError, match="finite"):
        renderer.render(make_picture(20, 20), (float("nan"), 1.0))
    with pytest.raises(BlendError, match="between 0 and 1"):
        renderer.render(make_picture(20, 20), shares_of(7))
    huge = torch.zeros(1, dtype=torch.uint8).expand(3, 8000, 8000)
    with pytest.raises(RenderError, match="at most 400 megapixels, but 8000x8000 enlarged 4 times has 1024"):
        renderer.render(huge, shares_of(0.5))


def test_spans_cover_an_axis_once_and_stay_inside() -> None:
    cut = spans(103, tile=20, overlap=7)
    assert [span.start for span in cut[1:]] == [span.stop for span in cut[:-1]]
    assert (cut[0].start, cut[-1].stop) == (0, 103)
    assert all(span.stop - span.start <= 20 for span in cut)
    assert all(0 <= span.window_start <= span.start and span.stop <= span.window_stop <= 103 for span in cut)
    assert cut[2].start - cut[2].window_start == 7


def test_reach_bounds_what_the_network_sees() -> None:
    network = copy.deepcopy(make_networks()[0]).double()
    image = torch.rand(1, 3, 121, 1, dtype=torch.float64, requires_grad=True)
    network(image)[0, :, 4 * 60].sum().backward()
    assert image.grad is not None
    rows = image.grad.abs().sum(dim=(0, 1, 3)).nonzero().flatten()
    assert 60 - reach(network) <= int(rows.min())
    assert int(rows.max()) <= 60 + reach(network)


def test_the_loader_and_the_renderer_agree_on_files(tmp_path) -> None:
    paths = []
    for index, network in enumerate(make_networks()):
        paths.append(tmp_path / f"{index}.safetensors")
        metadata = {"architecture": "RRDBNet", "num_filters": "8", "num_blocks": "1"}
        save(paths[-1], network.state_dict(), metadata)
    loaded, states = load_ends(paths)
    picture = make_picture(20, 30)
    rendered = Renderer(loaded, states, device=CPU, precision="float32").render(picture, shares_of(0.4))
    assert difference(rendered, plain(picture, 0.4)) <= 1
