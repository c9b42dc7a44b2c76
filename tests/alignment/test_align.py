"""Aligning files: written in the second's names, kept only if the midpoint is better."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from command_line import Run
from PIL import Image

from benchmarks.permute import permuted_rrdb
from dni.alignment.align import AlignOptions, align, write_aligned
from dni.alignment.errors import AlignmentError
from dni.alignment.outcome import is_worth_aligning
from dni.checkpoints.files import read_metadata, read_state, save
from dni.compatibility.verdict import inspect_networks
from dni.examples import EXAMPLE_FOLDER
from models import RRDBNet


@pytest.fixture
def shuffled(tiny_ends: list[Path], tmp_path: Path) -> Path:
    """The wild end with its channels in another order."""
    path = tmp_path / "shuffled.safetensors"
    save(path, permuted_rrdb(read_state(tiny_ends[1])), read_metadata(tiny_ends[1]))
    return path


def test_the_command_line(run: Run, tiny_ends: list[Path], shuffled: Path, tmp_path: Path) -> None:
    target = tmp_path / "aligned.safetensors"
    result = run("align", tiny_ends[0], shuffled, "-o", target)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0].endswith(" of 416 hidden channels were moved, in 16 groups.")
    assert lines[1].startswith("Before: blends with loss. The picture half-way holds together, but")
    assert lines[2].startswith("After:  blends well. ")
    assert lines[3] == f"Wrote {target}"
    wild = read_state(tiny_ends[1])
    assert all(torch.equal(tensor, wild[name]) for name, tensor in read_state(target).items())
    metadata = read_metadata(target)
    assert metadata.pop("aligned").startswith("with calm.safetensors, sha256 ")
    assert metadata == read_metadata(tiny_ends[1])


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A small one, which is quick."""
    path = tmp_path / "small.png"
    Image.open(EXAMPLE_FOLDER / "cat.png").crop((200, 200, 240, 240)).save(path)
    return path


def test_of_several_networks_those_that_get_better_are_written(
    run: Run, tiny_ends: list[Path], shuffled: Path, picture: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "aligned"
    result = run("align", tiny_ends[0], shuffled, tiny_ends[1], "-o", folder, "--picture", picture)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0].startswith("shuffled.safetensors: ")
    assert lines[1] == "wild.safetensors stays as it is."
    assert lines[3].startswith("After:  blends well. ")
    assert [path.name for path in folder.iterdir()] == ["shuffled-aligned.safetensors"]
    found, wild = read_state(folder / "shuffled-aligned.safetensors"), read_state(tiny_ends[1])
    assert all(torch.equal(tensor, found[name]) for name, tensor in wild.items())
    words = read_metadata(folder / "shuffled-aligned.safetensors")["aligned"]
    assert [part.partition(",")[0] for part in words.split("; ")] == [
        "with calm.safetensors",
        "wild.safetensors",
    ]


def test_destinations_are_a_folder_or_a_file_each(
    run: Run, tiny_ends: list[Path], shuffled: Path, tmp_path: Path
) -> None:
    target = tmp_path / "aligned.safetensors"
    result = run("align", *tiny_ends, shuffled, "-o", target)
    assert "once for each of the 2 networks behind the first, but got 1 files" in result.err
    other = tmp_path / "other"
    other.mkdir()
    alike = shuffled.rename(other / "wild.safetensors")
    result = run("align", *tiny_ends, alike, "-o", other)
    assert "some are called alike. Give a file for each" in result.err
    result = run("align", *tiny_ends, "-o", tmp_path / "no" / "folder")
    assert "cannot be made (No such file or directory)" in result.err


def test_mistakes_are_told_before_anything_is_made(run: Run, tiny_ends: list[Path], tmp_path: Path) -> None:
    one = run("align", tiny_ends[0], "-o", tmp_path / "folder")
    assert (one.code, list(tmp_path.iterdir())) == (1, [])
    assert "at least two networks to align, but got one" in one.err
    same = ("-o", tmp_path / "b.safetensors") * 2
    twice = run("align", *tiny_ends, tiny_ends[1], *same)
    assert twice.code == 1
    assert "-o names one twice" in twice.err
    onto = run("align", *tiny_ends, "-o", tiny_ends[0])
    assert onto.code == 1
    assert "would take the place of" in onto.err


def test_activations_come_after_weights(
    run: Run, tiny_ends: list[Path], shuffled: Path, picture: Path, tmp_path: Path
) -> None:
    """Weights bring it back exactly, so activations have nothing left to move."""
    target = tmp_path / "aligned.safetensors"
    words = ("--match", "activations", "--picture", picture)
    result = run("align", tiny_ends[0], shuffled, "-o", target, *words)
    assert result.code == 0
    wild = read_state(tiny_ends[1])
    assert all(torch.equal(tensor, wild[name]) for name, tensor in read_state(target).items())
    assert "By activations:" in result.out


def test_networks_that_match_are_left_alone(run: Run, tiny_ends: list[Path], tmp_path: Path) -> None:
    result = run("align", *tiny_ends, "-o", tmp_path / "aligned.safetensors")
    assert result.code == 1
    assert "all are in the best order already. Blend the networks as they are." in result.err
    result = run("align", *tiny_ends, "-o", tmp_path / "new")
    assert result.code == 1
    assert not list(tmp_path.iterdir())


def test_what_is_not_better_is_not_written(tmp_path: Path) -> None:
    """Two strangers whose last layer is zero: every blend makes one picture, aligned or not."""
    paths = [tmp_path / "one.safetensors", tmp_path / "other.safetensors"]
    for seed, path in enumerate(paths):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            state = RRDBNet(num_filters=8, num_blocks=1).state_dict()
        state["conv_last.weight"].zero_()
        save(path, state, {"architecture": "RRDBNet", "num_filters": "8", "num_blocks": "1"})
    target = tmp_path / "aligned.safetensors"
    (found,) = align(paths, [target], AlignOptions(catalog={}))
    assert found.aligned[1].moved > 0
    assert (found.is_better, target.exists()) == (False, False)
    align(paths, [target], AlignOptions(catalog={}, keep_any=True))
    assert target.is_file()


def test_it_is_offered_where_it_may_help(tiny_ends: list[Path], shuffled: Path) -> None:
    assert is_worth_aligning(inspect_networks([tiny_ends[0], shuffled], catalog={}))
    assert not is_worth_aligning(inspect_networks([tiny_ends[0], tiny_ends[0]], catalog={}))


def test_networks_of_other_sizes_are_refused(tiny_ends: list[Path], tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    metadata = {"architecture": "RRDBNet", "num_filters": "4", "num_blocks": "1"}
    save(other, RRDBNet(num_filters=4, num_blocks=1).state_dict(), metadata)
    with pytest.raises(AlignmentError, match="Expected the same shapes"):
        align([tiny_ends[0], other], [tmp_path / "aligned.safetensors"], AlignOptions(catalog={}))
    with pytest.raises(Exception, match=r"name that ends in \.safetensors"):
        write_aligned(tiny_ends, {1: tmp_path / "aligned.pth"})
