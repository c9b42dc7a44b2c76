"""The measurements run through in small, and say the right thing about numbers; times decide nothing."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import case
from PIL import Image
from torch import nn

from benchmarks import engine, two_processes
from dni import benchmarking as bench
from dni.benchmarking import Row, alternate, cells_of, ratio_of, skipped, text_table
from dni.benchmarking.frame import mixes
from dni.benchmarking.rate import count_flops, timed_convolutions
from dni.blending.interpolate import interpolate, shares_of
from dni.checkpoints.builders.own_networks import as_image_network
from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.networks import load_ends
from dni.rendering.renderer import Renderer
from models import RRDBNet

CPU = torch.device("cpu")


def small(num_ends: int = 2) -> tuple[ImageNetwork, list[dict[str, torch.Tensor]]]:
    network, states = bench.random_rrdb(num_ends, num_filters=4, num_blocks=1)
    return as_image_network(network), states


def test_a_row_says_whether_its_target_is_reached() -> None:
    for value, at_most, reached in [
        (1.4, True, True),
        (1.6, True, False),
        (1.6, False, True),
        (None, True, None),
    ]:
        with case(value, at_most, reached):
            row = Row("what", value, "detail", 1.5, at_most)
            assert row.reached is reached
            words = {True: "yes", False: "no", None: ""}
            assert cells_of(row)[2:4] == [f"at {'most' if at_most else 'least'} 1.5", words[reached]]


def test_a_table_lines_up_and_says_what_was_left_out() -> None:
    lines = text_table([Row("short", 1.0, "how"), skipped("a longer name", "no GPU")]).splitlines()
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1
    assert "| a longer name |" in lines[3]
    assert "not measured: no GPU" in lines[3]


def test_jobs_take_turns_and_the_first_round_does_not_count() -> None:
    calls: list[tuple[str, int]] = []
    jobs = {name: lambda number, name=name: calls.append((name, number)) for name in ("a", "b")}
    times = alternate(jobs, rounds=2, device=CPU)
    assert calls == [(name, number) for number in range(3) for name in ("a", "b")]
    assert [len(values) for values in times.values()] == [2, 2]


def test_a_ratio_is_the_median_over_the_rounds() -> None:
    times = {"ours": [1.0, 2.0, 30.0], "other": [1.0, 1.0, 10.0]}
    assert ratio_of(times, "ours", "other") == 2


def test_every_mix_uses_every_end() -> None:
    found = mixes(5, 20)
    assert len(set(found)) == 20
    assert all(min(mix.shares) > 0 for mix in found)


def test_a_ladder_goes_from_end_to_end() -> None:
    _, states = small()
    ladder = bench.bundled_ladder(states, 5)
    for step, state in enumerate(ladder):
        torch.testing.assert_close(state, interpolate(states, shares_of(step / 4)))


def test_operations_of_a_convolution_follow_the_formula() -> None:
    layer = nn.Conv2d(3, 8, 5, padding=2)
    assert count_flops(layer, torch.zeros(1, 3, 10, 12)) == 2 * 10 * 12 * 8 * 3 * 25


def test_every_convolution_is_timed_and_the_network_is_left_as_it_was() -> None:
    network, image = RRDBNet(num_filters=4, num_blocks=1), torch.rand(1, 3, 8, 8)
    convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    with timed_convolutions(network, CPU) as seconds:
        network(image)
    assert len(seconds) == len(convolutions) == 21
    network(image)
    assert len(seconds) == 21


def test_frames_and_setting_are_measured() -> None:
    for num_ends in [2, 3]:
        with case(num_ends):
            network, states = small(num_ends)
            assert isinstance(network.module, RRDBNet)
            setting = bench.setting_row(network.module, states, precision="float32", device=CPU, rounds=2)
            network, states = small(num_ends)
            frame = bench.frame_row(
                network, states, name="small", precision="bfloat16", device=CPU, rounds=2, size=(8, 9)
            )
            assert f"small, {num_ends} ends, bfloat16" in frame.what
            assert frame.target == (1.05 if num_ends == 2 else 1.10)
            assert setting.target == (1.5 if num_ends == 2 else None)
            for row in (setting, frame):
                assert row.value is not None
                assert row.value > 0


def test_rates_are_those_of_the_convolutions_and_of_everything() -> None:
    inputs = torch.rand(1, 3, 16, 16)
    network = RRDBNet(num_filters=4, num_blocks=1)
    alone, whole = bench.convolution_rows(
        network, inputs, name="small", precision="float32", rounds=2, sides=(32, 64)
    )
    assert "convolutions alone" in alone.what
    assert (alone.target, alone.at_most, whole.target) == (0.85, False, None)
    assert all(row.value is not None and row.value > 0 for row in (alone, whole))


@pytest.mark.slow
def test_rebuilding_gives_the_picture_that_we_compare_it_with(tiny_ends: list[Path]) -> None:
    from dni.benchmarking.rebuild import rebuild_and_run

    network, states = load_ends(tiny_ends)
    rgb = bench.sample_picture(12, 13)
    with torch.inference_mode():
        rebuilt = rebuild_and_run(load_ends(tiny_ends)[0].module, tiny_ends, rgb, 0.3)
    ours = Renderer(network, states, device=CPU, precision="float32").render(rgb, shares_of(0.3))
    assert (rebuilt.int() - ours.int()).abs().max() <= 1
    row = bench.rebuild_row(tiny_ends, name="tiny", device=CPU, rounds=2, size=(8, 9))
    assert row.value is not None
    assert (row.target, row.at_most) == (3, False)


def test_gpu_lines_run_through_on_any_device() -> None:
    network, states = small()
    rows = bench.gpu_rows(
        network, states, precision="float32", device=CPU, sides=(8,), rounds=2, matrix_sides=(32,)
    )
    assert [row.what.split(":")[0] for row in rows] == [
        "new alphas a second", "rate / rate of a matrix product"
    ]  # fmt: skip
    network, states = small()
    row = bench.whole_picture_row(Renderer(network, states, device=CPU, precision="float32"), 20)
    assert "20x20 to 80x80" in row.what
    assert "not known" in row.detail


def test_tf32_is_as_before_afterwards() -> None:
    before = torch.backends.cudnn.allow_tf32
    with bench.tf32(not before):
        assert torch.backends.cudnn.allow_tf32 is not before
    assert torch.backends.cudnn.allow_tf32 is before


def test_both_steps_of_the_scripts_give_the_blend(tmp_path: Path) -> None:
    network, states = small()
    paths = [tmp_path / "a.pth", tmp_path / "b.pth"]
    for path, state in zip(paths, states, strict=True):
        torch.save(state, path)
    rgb = bench.sample_picture(10, 11)
    Image.fromarray(rgb.permute(1, 2, 0).numpy()).save(tmp_path / "in.png")
    two_processes.blend(*paths, 0.25, tmp_path / "blended.pth")
    blended = torch.load(tmp_path / "blended.pth", weights_only=True)
    torch.testing.assert_close(blended, interpolate(states, shares_of(0.25)))
    two_processes.run(tmp_path / "blended.pth", tmp_path / "in.png", tmp_path / "out.png")
    ours = Renderer(network, states, device=CPU, precision="float32").render(rgb, shares_of(0.25))
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.size == (44, 40)
        theirs = torch.from_numpy(np.array(picture)).permute(2, 0, 1).int()
    assert (theirs - ours.int()).abs().max() <= 1


@pytest.mark.slow
def test_two_processes_are_measured() -> None:
    row = engine.two_processes_row(CPU, 1, num_filters=4, num_blocks=1)
    assert row.value is not None
    assert row.value > 0
    assert "(float32)" in row.detail
    assert (row.target, row.at_most) == (10, False)


def test_the_command_prints_the_machine_and_every_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in [(), ("--json",)]:
        with case(words):
            import typer

            from dni.cli import bench as command

            rows = [Row("frame", 1.04, "26 ms / 25 ms", 1.05), skipped("on a GPU", "no GPU")]
            monkeypatch.setattr(command, "quick_rows", lambda pair, *, rounds, rows=rows: iter(rows))
            app = typer.Typer()
            app.command()(command.bench)
            app(list(words), standalone_mode=False)
            out = capsys.readouterr().out
            if words:
                found = json.loads(out)
                assert re.search(r"cores.*torch", found["machine"])
                assert [row["reached"] for row in found["rows"]] == [True, None]
                assert found["rows"][0]["value"] == 1.04
            else:
                assert out.startswith(bench.describe_machine())
                assert out.endswith(text_table(rows) + "\n")


@pytest.mark.slow
def test_the_short_version_measures_every_line(monkeypatch: pytest.MonkeyPatch, tiny_catalogue: None) -> None:
    from dni.benchmarking import quick

    monkeypatch.setattr(
        quick, "random_rrdb", lambda num_ends: bench.random_rrdb(num_ends, num_filters=4, num_blocks=1)
    )
    monkeypatch.setattr(quick, "precisions", lambda device: ["float32"])
    rows = list(quick.quick_rows("tiny", device=CPU, rounds=2))
    starts = [row.what.split(":")[0] for row in rows]
    assert starts == [
        "frame / bare forward pass",
        "frame / bare forward pass",
        "setting alpha / one pass over the memory",
        "rate / rate of a matrix product",
        "rate / rate of a matrix product",
        "rebuilding in process / new alpha",
        "new alphas a second on a GPU",
        "two processes / new alpha",
    ]
    assert [row.value is None for row in rows] == [False] * 6 + [True] * 2
