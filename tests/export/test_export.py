"""Results to keep: pictures and networks that say how they were made."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import spandrel
import torch
from cases import case
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from dni import __version__
from dni.blending.interpolate import BlendError, interpolate, shares_of
from dni.blending.shares import Mix
from dni.checkpoints.errors import CheckpointError
from dni.checkpoints.files import read_metadata, save
from dni.checkpoints.networks import load_ends, load_network
from dni.errors import DniError
from dni.export.networks import export_network
from dni.export.pictures import export_picture, export_recipe
from dni.masks.files import encode_mask
from dni.pictures.picture import Picture
from dni.pictures.read import open_picture
from dni.pictures.rectangle import Rectangle
from dni.recipes.recipe import Recipe
from dni.recipes.recipe_files import read_recipe, resolve_ends
from dni.recipes.render_request import RenderRequest
from dni.rendering.control import Cancelled, RenderControl
from dni.rendering.renderer import Renderer
from models import RRDBNet

CPU = torch.device("cpu")


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def make_picture(height: int = 13, width: int = 18, *, opaque: bool = True) -> Picture:
    opacity = None if opaque else noise(1, height, width, seed=1)
    return Picture(rgb=noise(3, height, width), opacity=opacity, name="photo.png")


def make_renderer(ends: list[Path], precision: str = "float32") -> Renderer:
    network, states = load_ends(ends)
    return Renderer(network, states, device=CPU, precision=precision)  # type: ignore[arg-type]


def pixels(path: Path) -> Tensor:
    """The stored channels, (C, H, W)."""
    return torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


MASK = torch.tensor([[0, 0, 30, 80], [0, 255, 255, 120], [0, 255, 255, 200]], dtype=torch.uint8)
DESK = RenderRequest(
    mix=Mix.of((0.7, 0.3), groups={"first": (0, 1), "last": (0.5, 0.5)}),
    brush=Mix.of((0.1, 0.9), groups={"trunk 1": (1, 0)}),
    mask=encode_mask(MASK),
    levels=2,
    crop=Rectangle(3, 5, 17, 30),
)


def to_picture(ends: list[Path], mix: Mix | tuple[float, ...], destination: Path) -> None:
    export_picture(make_picture(), make_renderer(ends), mix, destination, ends=ends)


def to_network(ends: list[Path], mix: Mix | tuple[float, ...], destination: Path) -> None:
    export_network(ends, mix, destination)


Exporter = Callable[[list[Path], Mix | tuple[float, ...], Path], None]
EXPORTERS = [(to_picture, "a.png"), (to_network, "a.safetensors")]


# Pictures


def test_the_png_is_the_render_bit_for_bit(tmp_path: Path, tiny_ends: list[Path]) -> None:
    for alpha, precision in product([0.0, 0.3, 1.0], ["float32", "bfloat16"]):
        with case(alpha, precision):
            picture, destination = make_picture(), tmp_path / "a.png"
            export_picture(
                picture, make_renderer(tiny_ends, precision), shares_of(alpha), destination, ends=tiny_ends
            )
            expected = make_renderer(tiny_ends, precision).render(picture.rgb, shares_of(alpha))
            assert torch.equal(pixels(destination), expected)
            assert list(tmp_path.iterdir()) == [destination]


def test_opacity_is_enlarged_alongside(tmp_path: Path, tiny_ends: list[Path]) -> None:
    picture, renderer = make_picture(opaque=False), make_renderer(tiny_ends)
    export_picture(picture, renderer, (0.5, 0.5), tmp_path / "a.png", ends=tiny_ends)
    written = pixels(tmp_path / "a.png")
    assert torch.equal(written[:3], renderer.render(picture.rgb, (0.5, 0.5)))
    assert picture.opacity is not None
    opacity = Image.fromarray(picture.opacity[0].numpy())
    enlarged = np.asarray(opacity.resize((18 * 4, 13 * 4), Image.Resampling.BICUBIC))
    assert (written[3].numpy() == enlarged).all()


def test_the_recipe_is_what_was_asked(tmp_path: Path, tiny_ends: list[Path]) -> None:
    destination = tmp_path / "a.png"
    returned = export_picture(
        make_picture(),
        make_renderer(tiny_ends, "bfloat16"),
        RenderRequest(mix=Mix.of_alpha(0.57), tile=16),
        destination,
        ends=tiny_ends,
        pair_id="calm-wild",
    )
    stored = read_recipe(destination)
    assert stored == returned
    assert stored == Recipe(
        pair="calm-wild",
        ends=tuple((path.name, sha256(path)) for path in tiny_ends),
        request=RenderRequest(mix=Mix.of_alpha(0.57), tile=16),
        precision="bfloat16",
        scale=4,
        version=__version__,
    )
    assert stored.ends[0] != stored.ends[1]


def test_rendering_the_recipe_again_gives_the_same_file(tmp_path: Path, tiny_ends: list[Path]) -> None:
    for precision in ["float32", "bfloat16"]:
        with case(precision):
            first, second = tmp_path / "first.png", tmp_path / "second.png"
            picture = make_picture(40, 21, opaque=False)
            export_picture(
                picture, make_renderer(tiny_ends, precision), DESK, first, ends=tiny_ends, pair_id="mine"
            )
            recipe = read_recipe(first)
            assert recipe.request == DESK
            renderer = make_renderer(
                resolve_ends(recipe, catalog={}, files=tiny_ends[::-1]), recipe.precision
            )
            renderer.render(picture.rgb, (0.9, 0.1))  # what was rendered before does not matter
            export_recipe(picture, renderer, recipe, second)
            assert first.read_bytes() == second.read_bytes()
            export_recipe(picture, renderer, replace(recipe, request=replace(DESK, levels=3)), second)
            assert first.read_bytes() != second.read_bytes()


def test_a_cancelled_picture_leaves_nothing(tmp_path: Path, tiny_ends: list[Path]) -> None:
    cancelled = threading.Event()
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        seen.append((done, total))
        if done == 2:
            cancelled.set()

    with pytest.raises(Cancelled):
        export_picture(
            make_picture(64, 16),
            make_renderer(tiny_ends),
            RenderRequest(mix=Mix.of_alpha(0.5), tile=16),
            tmp_path / "a.png",
            ends=tiny_ends,
            control=RenderControl(progress=progress, cancelled=cancelled),
        )
    assert seen == [(0, 4), (1, 4), (2, 4)]
    assert list(tmp_path.iterdir()) == []


# Networks


def test_the_network_is_the_blend(tmp_path: Path, tiny_ends: list[Path]) -> None:
    destination = tmp_path / "a.safetensors"
    returned = export_network(tiny_ends, shares_of(0.25), destination, pair_id="calm-wild")
    written, (a, b) = load_file(destination), [load_file(path) for path in tiny_ends]
    assert written.keys() == a.keys()
    for name, tensor in written.items():
        assert tensor.dtype == torch.float32
        torch.testing.assert_close(tensor, 0.75 * a[name] + 0.25 * b[name], rtol=1e-6, atol=1e-8)
    metadata = read_metadata(destination)
    assert Recipe.from_json(metadata.pop("dni")) == returned
    common = {"architecture": "RRDBNet", "num_filters": "8", "num_blocks": "1"}
    assert metadata == {**common, "training (end 1)": "calm", "training (end 2)": "wild"}
    assert returned.ends == tuple((path.name, sha256(path)) for path in tiny_ends)
    assert (returned.shares, returned.pair) == ((0.75, 0.25), "calm-wild")
    assert (returned.request.tile, returned.precision) == (None, "float32")


def test_layers_of_a_network_have_shares_of_their_own(tmp_path: Path, tiny_ends: list[Path]) -> None:
    mix = Mix.of((0.75, 0.25), groups={"last": (0, 1), "first": (1, 0)})
    export_network(tiny_ends, mix, tmp_path / "a.safetensors")
    written, (a, b) = load_file(tmp_path / "a.safetensors"), [load_file(path) for path in tiny_ends]
    assert torch.equal(written["conv_first.weight"], a["conv_first.weight"])
    assert torch.equal(written["conv_last.bias"], b["conv_last.bias"])
    torch.testing.assert_close(
        written["conv_body.bias"], 0.75 * a["conv_body.bias"] + 0.25 * b["conv_body.bias"]
    )
    assert read_recipe(tmp_path / "a.safetensors").mix == mix


def test_layers_that_the_network_does_not_have(tmp_path: Path, tiny_ends: list[Path]) -> None:
    for export, name in EXPORTERS:
        with case(export, name):
            mix = Mix.of((0.5, 0.5), groups={"middle": (1, 0)})
            with pytest.raises(BlendError, match=r"middle.*trunk 1"):
                export(tiny_ends, mix, tmp_path / name)
            assert list(tmp_path.iterdir()) == []


def test_an_end_comes_out_bit_for_bit(tmp_path: Path, tiny_ends: list[Path]) -> None:
    for number in [0, 1]:
        with case(number):
            export_network(tiny_ends, shares_of(number), tmp_path / "a.safetensors")
            end = load_file(tiny_ends[number])
            assert all(
                torch.equal(tensor, end[name])
                for name, tensor in load_file(tmp_path / "a.safetensors").items()
            )


@torch.no_grad()
def test_spandrel_and_we_load_it_and_agree_with_the_blend(tmp_path: Path, tiny_ends: list[Path]) -> None:
    destination, image = tmp_path / "a.safetensors", noise(1, 3, 12, 10).float() / 255
    export_network(tiny_ends, shares_of(0.4), destination)
    ours = load_network(destination)
    assert ours.architecture == "RRDBNet"
    theirs = spandrel.ModelLoader(device="cpu").load_from_file(destination)
    assert theirs.scale == 4
    expected = RRDBNet(num_filters=8, num_blocks=1).eval()
    expected.load_state_dict(interpolate([load_file(path) for path in tiny_ends], shares_of(0.4)))
    assert torch.equal(ours.module(image), expected(image))
    torch.testing.assert_close(theirs.model(image), expected(image), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(ours.module(image), load_network(tiny_ends[0]).module(image), atol=0.01)


def test_a_network_of_ours_and_one_without_our_header_give_one_that_loads(
    tmp_path: Path, tiny_ends: list[Path]
) -> None:
    bare, destination = tmp_path / "bare.safetensors", tmp_path / "a.safetensors"
    save(bare, load_file(tiny_ends[1]), {})
    export_network([tiny_ends[0], bare], shares_of(0.4), destination)
    image = noise(1, 3, 12, 10).float() / 255
    expected = make_renderer(tiny_ends).render((image[0] * 255).byte(), shares_of(0.4))
    output = load_network(destination).module(image)[0].clamp(0, 1).mul(255).round()
    assert (output - expected).abs().max() <= 1


def test_the_real_pair_stays_what_spandrel_knows(shared: Path, tmp_path: Path) -> None:
    ends = sorted((shared / "pairs" / "realesr-general").glob("*.safetensors"))
    destination = tmp_path / "a.safetensors"
    export_network(ends, shares_of(0.5), destination)
    loaded = spandrel.ModelLoader(device="cpu").load_from_file(destination)
    assert (loaded.architecture.name, loaded.scale) == ("RealESRGAN Compact", 4)


# Refusals


def test_shares_that_are_none_leave_no_file(tmp_path: Path, tiny_ends: list[Path]) -> None:
    for (export, name), (shares, text) in product(
        EXPORTERS,
        [
            (shares_of(math.nan), r"Expected finite shares, but got \(nan, nan\)"),
            (shares_of(7), r"Expected shares between 0 and 1, but got \(-6, 7\)"),
            ((0.5, 0.4), "sum to 1"),
            ((1.0,), "one share for each of the 2 ends, but got 1"),
        ],
    ):
        with case(export, name, shares):
            with pytest.raises(BlendError, match=text):
                export(tiny_ends, shares, tmp_path / name)
            assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named_before_the_work(
    tmp_path: Path, tiny_ends: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for export, name in EXPORTERS:
        with case(export, name):

            def work(*_: object, **__: object) -> None:
                raise AssertionError("the work began")

            monkeypatch.setattr(Renderer, "render", work)
            monkeypatch.setattr("dni.export.networks.load_ends", work)
            (tmp_path / "file").touch()
            for folder in ("missing", "file"):
                with pytest.raises(
                    DniError, match=rf"write .*{name}, but .*{folder} is no folder .* make it first"
                ):
                    export(tiny_ends, (0.5, 0.5), tmp_path / folder / name)
            with pytest.raises(DniError, match=r"a name that ends in .*, but got a\.gif: change the ending"):
                export(tiny_ends, (0.5, 0.5), tmp_path / "a.gif")
            assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(("export", "name"), EXPORTERS)
def test_a_write_that_fails_leaves_only_what_was_there(
    tmp_path: Path, tiny_ends: list[Path], export: Exporter, name: str
) -> None:
    (tmp_path / name).mkdir()  # cannot be replaced by a file
    with pytest.raises(DniError, match=rf"Expected .*{name}"):
        export(tiny_ends, (0.5, 0.5), tmp_path / name)
    assert [path.name for path in tmp_path.rglob("*")] == [name]


def test_an_end_that_cannot_be_read_leaves_no_file(tmp_path: Path, tiny_ends: list[Path]) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(tiny_ends[1].read_bytes()[:-9])
    with pytest.raises(CheckpointError, match=r"broken\.safetensors is damaged"):
        export_network([tiny_ends[0], broken], (0.5, 0.5), tmp_path / "a.safetensors")
    assert list(tmp_path.iterdir()) == [broken]


def test_values_that_are_mostly_clipped_are_told_before_writing(
    tmp_path: Path, tiny_ends: list[Path]
) -> None:
    for alpha, expected in [(40.0, 1), (1.05, 0)]:
        for suffix in (".png", ".safetensors"):
            with case(alpha, suffix):
                said: list[str] = []
                destination = tmp_path / f"{alpha}{suffix}"

                def note(text: str, said: list[str] = said, destination: Path = destination) -> None:
                    assert not destination.exists()
                    said.append(text)

                mix, control = Mix.of_alpha(alpha, extrapolate=True), RenderControl(notice=note)
                if suffix == ".png":
                    renderer = make_renderer(tiny_ends)
                    export_picture(
                        make_picture(), renderer, mix, destination, ends=tiny_ends, control=control
                    )
                else:
                    export_network(tiny_ends, mix, destination, control=control)
                assert len(said) == expected
                assert all("of the values are clipped to black or white" in text for text in said)


def test_extrapolation_is_on_request(tmp_path: Path, tiny_ends: list[Path]) -> None:
    picture, renderer = make_picture(), make_renderer(tiny_ends)
    mix = Mix.of_alpha(1.5, extrapolate=True)
    export_picture(picture, renderer, mix, tmp_path / "a.png", ends=tiny_ends)
    assert read_recipe(tmp_path / "a.png").mix == mix
    assert open_picture(tmp_path / "a.png").width == 4 * picture.width
    export_network(tiny_ends, mix, tmp_path / "a.safetensors")
    assert read_recipe(tmp_path / "a.safetensors").mix == mix
    a, b, written = (load_file(path) for path in (*tiny_ends, tmp_path / "a.safetensors"))
    torch.testing.assert_close(
        written["conv_last.weight"], 1.5 * b["conv_last.weight"] - 0.5 * a["conv_last.weight"]
    )
