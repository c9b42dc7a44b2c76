"""Exports to other programs' formats, run in those programs' own runtimes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import spandrel
import torch
from cases import case
from command_line import Run, assert_refused
from torch import Tensor, nn

from dni.blending.interpolate import interpolate, shares_of
from dni.blending.shares import Mix
from dni.checkpoints.files import read_metadata, read_state, save
from dni.checkpoints.networks import load_network
from dni.errors import DniError
from dni.export.formats import checked_files
from dni.export.formats.compare import difference, our_output
from dni.export.formats.export_file import export_file
from dni.export.formats.graphs import FixedGraph
from dni.export.formats.kinds import ExportOptions, Format, Layout, Precision, require_packages
from dni.export.formats.onnx_files import OPSET, onnx_runner, write_onnx
from dni.export.networks import export_network
from dni.recipes.recipe import Recipe
from dni.rendering.control import RenderControl
from dni.rendering.forward.inputs import pad
from models import LookUNet, SRVGGNetCompact

ALPHA = 0.25


def related(folder: Path, make: Callable[[], nn.Module], count: int, metadata: dict[str, str]) -> list[Path]:
    """Files of networks that differ a little, with outputs inside the range."""
    paths = []
    for number in range(count):
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(0)
            network = make()
            torch.manual_seed(number)
            for parameter in network.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
        paths.append(folder / f"end{number}.safetensors")
        save(paths[-1], network.state_dict(), metadata)
    return paths


@pytest.fixture(scope="module")
def compact_ends(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("compact")
    return related(folder, lambda: SRVGGNetCompact(num_filters=4, num_convs=1), 3, {})


@pytest.fixture(scope="module")
def look_ends(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("look")
    metadata = {"architecture": "LookUNet"}
    return related(folder, lambda: LookUNet(channels=(2, 2, 2, 2), num_blocks=1), 2, metadata)


def noise(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).random(shape, dtype=np.float32))


@torch.no_grad()
def oracle(module: nn.Module, ends: Sequence[Path], shares: tuple[float, ...], image: Tensor) -> Tensor:
    """Blend the dictionaries by hand and run the network; pictures of odd sizes are mirrored."""
    module.load_state_dict(interpolate([read_state(end) for end in ends], shares))
    height, width = image.shape[-2:]
    multiple = getattr(module, "size_multiple", 1)
    padded = nn.functional.pad(image, (0, -width % multiple, 0, -height % multiple), mode="reflect")
    scale = int(module.scale)  # type: ignore[arg-type]
    output: Tensor = module(padded)[..., : height * scale, : width * scale]
    return output


def compact() -> nn.Module:
    return SRVGGNetCompact(num_filters=4, num_convs=1)


def run_onnx(path: Path, **inputs: object) -> Tensor:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feed = {name: np.array(value, dtype=np.float32) for name, value in inputs.items()}
    return torch.from_numpy(session.run(None, feed)[0])


def test_pth_files_are_what_other_programs_load(tmp_path: Path, compact_ends: list[Path]) -> None:
    image, path = noise(1, 3, 9, 12), tmp_path / "a.pth"
    expected = oracle(compact(), compact_ends[:2], shares_of(ALPHA), image)
    for layout in Layout:
        with case(layout):
            options = ExportOptions(layout=layout)
            done = export_file(compact_ends[:2], Mix.of_alpha(ALPHA), path, Format.PTH, options)
            assert (done.files, done.levels) == ((path,), 0)
            content = torch.load(path, weights_only=True)
            state = content if layout is Layout.BARE else content[layout.value]
            assert list(state) == list(read_state(compact_ends[0]))
            if layout is not Layout.BARE:
                assert Recipe.from_json(content["dni"]).alpha == ALPHA
            loaded = spandrel.ModelLoader(device="cpu").load_from_file(path)
            torch.testing.assert_close(loaded.model(image), expected, rtol=1e-5, atol=1e-5)
            assert torch.equal(load_network(path).module(image), loaded.model(image))


def test_an_onnx_file_takes_pictures_of_any_size(tmp_path: Path, compact_ends: list[Path]) -> None:
    path = tmp_path / "a.onnx"
    done = export_file(compact_ends[:2], Mix.of_alpha(ALPHA), path, Format.ONNX)
    assert done.levels <= 1
    model = onnx.load(path)
    assert model.opset_import[0].version == OPSET == 18
    texts = {entry.key: entry.value for entry in model.metadata_props}
    assert (Recipe.from_json(texts["dni"]).alpha, texts["scale"]) == (ALPHA, "4")
    for size in ((9, 12), (31, 8)):
        image = noise(1, 3, *size)
        expected = oracle(compact(), compact_ends[:2], shares_of(ALPHA), image)
        torch.testing.assert_close(run_onnx(path, image=image.numpy()), expected, rtol=1e-4, atol=1e-5)


SMALL = ((1, 1), (3, 100), (100, 3), (7, 9), (61, 75))


def test_pictures_are_extended_as_ours(look_ends: list[Path]) -> None:
    network = load_network(look_ends[0])
    for changes in ({}, {"minimum_size": 20}, {"square": True}, {"multiple_of": 1, "minimum_size": 1}):
        changed = replace(network, **changes)
        for size in SMALL:
            with case(changes, size):
                image = noise(1, 3, *size)
                assert torch.equal(FixedGraph(changed, torch.float32).pad(image), pad(image, changed))


@pytest.mark.slow
def test_onnx_files_take_pictures_smaller_than_the_padding(tmp_path: Path, look_ends: list[Path]) -> None:
    path, network = tmp_path / "a.onnx", load_network(look_ends[0])
    export_file(look_ends[:1], None, path, Format.ONNX)
    for size in SMALL:
        with case(size):
            image = noise(1, 3, *size)
            assert difference(onnx_runner(path), [(image, our_output(network, image))]) <= 1


@pytest.mark.slow
def test_a_live_file_blends_inside(tmp_path: Path, look_ends: list[Path]) -> None:
    path = tmp_path / "a.onnx"
    assert export_file(look_ends, None, path, Format.ONNX_LIVE).levels <= 1
    network = load_network(look_ends[1])
    for size in SMALL:
        with case(size):
            small = noise(1, 3, *size)
            assert difference(onnx_runner(path, 1.0), [(small, our_output(network, small))]) <= 1
    image = noise(1, 3, 21, 34)
    seen = []
    for alpha in (0.0, ALPHA, 1.0):
        module = LookUNet(channels=(2, 2, 2, 2), num_blocks=1)
        seen.append(run_onnx(path, image=image.numpy(), alpha=alpha))
        expected = oracle(module, look_ends, shares_of(alpha), image)
        torch.testing.assert_close(seen[-1], expected, rtol=1e-4, atol=1e-5)
    assert (seen[0] - seen[2]).abs().max() > 0.05


@pytest.mark.slow
def test_a_live_file_of_three_ends_takes_shares_and_halves(tmp_path: Path, compact_ends: list[Path]) -> None:
    path, image = tmp_path / "a.onnx", noise(1, 3, 9, 12)
    options = ExportOptions(precision=Precision.FLOAT16)
    export_file(compact_ends, None, path, Format.ONNX_LIVE, options)
    shares = (0.2, 0.5, 0.3)
    expected = oracle(compact(), compact_ends, shares, image)
    torch.testing.assert_close(
        run_onnx(path, image=image.numpy(), shares=shares), expected, rtol=0, atol=0.01
    )
    kinds = {each.data_type for each in onnx.load(path).graph.initializer if len(each.dims) == 4}
    assert kinds == {onnx.TensorProto.FLOAT16}


def test_ncnn_files_have_the_blobs_that_upscayl_asks_for(tmp_path: Path, compact_ends: list[Path]) -> None:
    import ncnn

    path = tmp_path / "a-4x.param"
    done = export_file(compact_ends[:2], Mix.of_alpha(ALPHA), path, Format.NCNN)
    assert [each.name for each in done.files] == ["a-4x.param", "a-4x.bin", "a-4x.json"]
    net, image = ncnn.Net(), noise(1, 3, 9, 12)
    assert net.load_param(str(path)) == net.load_model(str(tmp_path / "a-4x.bin")) == 0
    extractor = net.create_extractor()
    extractor.input("data", ncnn.Mat(image[0].numpy()).clone())
    status, output = extractor.extract("output")
    expected = oracle(compact(), compact_ends[:2], shares_of(ALPHA), image)[0]
    assert status == 0
    torch.testing.assert_close(torch.from_numpy(np.array(output)), expected, rtol=0, atol=0.004)
    assert Recipe.from_json((tmp_path / "a-4x.json").read_text()).alpha == ALPHA


def test_what_a_format_cannot_hold_is_said(tmp_path: Path, look_ends: list[Path]) -> None:
    said: list[str] = []
    control = RenderControl(notice=said.append)
    blend = tmp_path / "blend.safetensors"
    export_network(look_ends, Mix.of_alpha(ALPHA), blend)
    export_file([blend], None, tmp_path / "a.pth", Format.PTH, control=control)
    export_file([blend], None, tmp_path / "a.param", Format.NCNN, control=control)
    assert [text.partition(",")[0] for text in said] == [
        "No other program knows this network's architecture",
        "This network takes pictures whose sides are multiples of 8 only",
    ]
    assert torch.equal(
        torch.load(tmp_path / "a.pth", weights_only=True)["params"]["conv_last.bias"],
        read_state(blend)["conv_last.bias"],
    )
    assert read_metadata(blend)["dni"] == (tmp_path / "a.json").read_text().strip()


def test_a_file_that_gives_another_picture_is_not_kept(
    tmp_path: Path, compact_ends: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(checked_files.MOST_LEVELS, Precision.FLOAT32, -1)
    with pytest.raises(DniError, match="it is 0 away in its own runtime: nothing was written"):
        export_file(compact_ends[:2], Mix.of_alpha(ALPHA), tmp_path / "a.pth", Format.PTH)
    assert list(tmp_path.iterdir()) == []


class BrightOnly(nn.Module):
    """What it does depends on the values of its input, which a graph cannot say."""

    def forward(self, image: Tensor) -> Tensor:
        return image if image.mean() > 0.5 else 1 - image


def test_a_recipe_takes_no_other_files_place(tmp_path: Path, compact_ends: list[Path]) -> None:
    for name in ("mix.json", "mix.bin", "network.json"):
        own = tmp_path / name
        own.write_text("mine")
        if name == "network.json":  # a network is there, but what is beside it is no recipe
            own.with_suffix(".param").touch()
        with case(name), pytest.raises(DniError, match=rf"room beside the network .*{name} is there already"):
            export_file(compact_ends[:2], Mix.of_alpha(0.5), own.with_suffix(".param"), Format.NCNN)
        assert own.read_text() == "mine"
        own.unlink()


def test_no_recipe_of_an_earlier_network_stays(tmp_path: Path, compact_ends: list[Path]) -> None:
    path = tmp_path / "a.param"
    export_file(compact_ends[:2], Mix.of_alpha(ALPHA), path, Format.NCNN)
    export_file(compact_ends[:2], Mix.of_alpha(0.5), path, Format.NCNN)
    assert Recipe.from_json((tmp_path / "a.json").read_text()).alpha == 0.5
    done = export_file(compact_ends[:1], None, path, Format.NCNN)
    assert {each.name for each in tmp_path.iterdir()} == {"a.param", "a.bin"} == {f.name for f in done.files}


def test_a_network_that_has_no_graph_is_refused(tmp_path: Path, compact_ends: list[Path]) -> None:
    network = replace(load_network(compact_ends[0]), module=BrightOnly())
    with pytest.raises(DniError, match=r"torch\.onnx can export.*--size WIDTHxHEIGHT"):
        write_onnx(tmp_path / "a.onnx", FixedGraph(network, torch.float32), noise(1, 3, 8, 8), {})


def test_mistakes_are_told_before_the_work(
    tmp_path: Path, compact_ends: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    half, sized = Mix.of_alpha(0.5), ExportOptions(size=(64, 64))
    measured = ExportOptions(statistics=[tmp_path / "absent.png"])
    ends = compact_ends[:2]
    for text, kind, mix, files, options in [
        ("no mix for a live file", Format.ONNX_LIVE, half, ends, None),
        ("two or more ends for a live file", Format.ONNX_LIVE, None, ends[:1], None),
        ("a mix for two or more ends", Format.PTH, None, ends, None),
        ("--size with the ONNX formats only", Format.PTH, half, ends, sized),
        ("--layout with the format pth only", Format.NCNN, half, ends, ExportOptions(layout=Layout.PARAMS)),
        ("--recompute-statistics with a mix only", Format.PTH, None, ends[:1], measured),
        ("--recompute-statistics with a mix only", Format.ONNX_LIVE, None, ends, measured),
    ]:
        with case(text), pytest.raises(DniError, match=text):
            export_file(files, mix, tmp_path / f"a{kind.suffix}", kind, options)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "pnnx" else object())
    with pytest.raises(DniError, match=r"Expected pnnx for the format ncnn.*pip install 'dni\[export\]'"):
        require_packages(Format.NCNN)
    require_packages(Format.PTH)
    assert list(tmp_path.iterdir()) == []


def test_the_command(run: Run, compact_ends: list[Path], out: Path) -> None:
    done = run("export", *compact_ends[:2], "--alpha", "0.25", "--dtype", "float16", "-o", out / "a.pth")
    assert done.out == (
        f"Wrote {out / 'a.pth'}\nIn its own runtime its pictures are within 0 of 255 levels of ours.\n"
    )
    weights = torch.load(out / "a.pth", weights_only=True)["params"]
    assert {tensor.dtype for tensor in weights.values()} == {torch.float16}
    (out / "a.pth").unlink()
    for words, text in [
        (("-o", out / "a.zip"), r"ends in one of \.pth, \.onnx, \.param"),
        (("--alpha", "0.5", "-o", out / "a.pth", "--size", "8by8"), "WIDTHxHEIGHT"),
        (("--alpha", "0.5", "-o", out / "a.onnx", "--layout", "params"), "--layout with the format pth only"),
        (("--extrapolate", "--format", "onnx-live", "-o", out / "a.onnx"), "no --extrapolate for a live"),
    ]:
        assert_refused(run("export", *compact_ends[:2], *words), text, out)
    assert_refused(
        run("export", compact_ends[0], "--alpha", "0.5", "-o", out / "a.pth"), "no --alpha for one", out
    )
    assert_refused(
        run("export", compact_ends[0], "--extrapolate", "-o", out / "a.pth"), "no --extrapolate for one", out
    )
