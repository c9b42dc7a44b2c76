"""A blend as a hub repository: the folder, and the push to a server that speaks as the hub does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from command_line import Run, assert_refused
from local_hub import local_hub
from PIL import Image
from safetensors.torch import load_file

from dni.blending.interpolate import interpolate, shares_of
from dni.blending.shares import Mix
from dni.catalog.pairs import End, Pair, Source
from dni.checkpoints.files import read_metadata, read_state, save, sha256_of
from dni.errors import DniError
from dni.export.networks import export_network
from dni.publishing.folder import FILES, Publication, write_folder
from dni.publishing.licences import LicenceError
from dni.publishing.push import push_folder
from dni.recipes.recipe_files import read_recipe
from dni.rendering.control import RenderControl

ALPHA = 0.25


@pytest.fixture
def ends(tmp_path: Path, tiny_ends: list[Path]) -> list[Path]:
    """Files whose headers say more than others should know."""
    folder = tmp_path / "home-of-somebody"
    folder.mkdir()
    paths = []
    for end in tiny_ends:
        paths.append(folder / end.name)
        texts = {**read_metadata(end), "data": "/home/somebody/data", "token": "hf_secretsecret"}
        save(paths[-1], read_state(end), texts)
    return paths


def catalog_of(ends: list[Path], *licences: str, hub: bool = True) -> dict[str, Pair]:
    """One entry an end, since a catalogue's licence is an entry's."""
    pairs = {}
    for path, licence in zip(ends, licences, strict=True):
        repo = {"hub_repo": f"them/{path.stem}", "hub_file": path.name} if hub else {"path": path}
        source = Source(sha256=sha256_of(path), **repo)  # type: ignore[arg-type]
        other = Source(path=path, sha256="0" * 64)
        pairs[path.stem] = Pair(
            id=path.stem, title="x", ends=(End("a", source), End("b", other)), licence=licence
        )
    return pairs


def wanted(ends: list[Path], **options: object) -> Publication:
    pair = Pair.from_paths(ends)
    made = Publication(paths=ends, pair=pair, mix=Mix.of_alpha(ALPHA), title="Calm *and* wild")
    return replace(made, **options)  # type: ignore[arg-type]


def test_the_folder_says_what_the_blend_is(tmp_path: Path, ends: list[Path]) -> None:
    folder, said = tmp_path / "repo", []
    catalog = catalog_of(ends, "MIT", "CC-BY-NC-SA-4.0")
    control = RenderControl(notice=said.append)
    assert write_folder(wanted(ends), folder, catalog=catalog, control=control) == "cc-by-nc-sa-4.0"
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    card = (folder / "README.md").read_text()
    head = card.split("---\n")[1].splitlines()
    assert head[:5] == [
        "license: cc-by-nc-sa-4.0",
        "base_model:",
        '- "them/calm"',
        '- "them/wild"',
        "base_model_relation: merge",
    ]
    assert "# Calm \\*and\\* wild" in card
    assert "| calm | 0.75 | calm.safetensors |" in card
    assert card.count("\n| 0 | equal | ") == card.count("| equal |\n") == 1
    weights, expected = (
        load_file(folder / "model.safetensors"),
        interpolate([load_file(end) for end in ends], shares_of(ALPHA)),
    )
    assert all(torch.equal(tensor, expected[name]) for name, tensor in weights.items())
    recipe = read_recipe(folder / "recipe.json")
    assert recipe == read_recipe(folder / "model.safetensors")
    assert (recipe.alpha, [name for name, _ in recipe.ends]) == (ALPHA, [end.name for end in ends])
    assert Image.open(folder / "along-alpha.png").width > 5 * 160 * 4


@pytest.mark.parametrize("level", [0, 255])
def test_the_smallest_picture_will_do(tmp_path: Path, ends: list[Path], level: int) -> None:
    picture = tmp_path / "one.png"
    Image.new("RGB", (1, 1), (level,) * 3).save(picture)
    folder = tmp_path / "repo"
    write_folder(wanted(ends, picture=picture), folder, catalog=catalog_of(ends, "MIT", "MIT"))
    assert "inf" not in (folder / "README.md").read_text().split("|")


def test_nothing_private_is_in_the_folder(tmp_path: Path, ends: list[Path]) -> None:
    folder = tmp_path / "repo"
    write_folder(wanted(ends), folder, catalog=catalog_of(ends, "MIT", "MIT"))
    for path in folder.iterdir():
        content = path.read_bytes()
        for secret in (b"hf_secret", b"/home/", b"home-of-somebody", str(tmp_path).encode()):
            assert secret not in content, (path.name, secret)


def test_what_is_there_stays(tmp_path: Path, ends: list[Path]) -> None:
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "README.md").write_text("mine")
    with pytest.raises(DniError, match=r"new or empty folder, but .*repo is there with content"):
        write_folder(wanted(ends), folder, catalog=catalog_of(ends, "MIT", "MIT"))
    assert (folder / "README.md").read_text() == "mine"


def test_ends_that_nobody_knows_ask_for_licence_and_place(tmp_path: Path, ends: list[Path]) -> None:
    folder = tmp_path / "repo"
    with pytest.raises(DniError, match=r"hub repository of calm\.safetensors.*--base-model OWNER/NAME"):
        write_folder(wanted(ends), folder, catalog={})
    nowhere = wanted(ends, repositories=("none", "none"))
    with pytest.raises(DniError, match=r"that of end 1, 2 is unknown"):
        write_folder(nowhere, folder, catalog={})
    with pytest.raises(DniError, match="for each of the 2 ends"):
        write_folder(replace(nowhere, repositories=("a/b",)), folder, catalog={})
    with pytest.raises(DniError, match="OWNER/NAME, but got 'a//b'"):
        write_folder(replace(nowhere, repositories=("a//b", "none")), folder, catalog={})
    assert not folder.exists()


def test_a_blend_of_blends_keeps_to_the_licences_of_all_that_it_was_made_of(
    tmp_path: Path, ends: list[Path]
) -> None:
    free, strict = tmp_path / "free.safetensors", tmp_path / "strict.safetensors"
    for path, end, licence in zip((free, strict), ends, ("MIT", "CC-BY-NC-4.0"), strict=True):
        save(path, read_state(end), {**read_metadata(end), "license": licence})
    blend, again = tmp_path / "blend.safetensors", tmp_path / "again.safetensors"
    export_network([free, strict], Mix.of_alpha(ALPHA), blend)
    export_network([ends[0], blend], Mix.of_alpha(ALPHA), again)
    nowhere = {"repositories": ("none", "none")}
    for number, of_strict in enumerate((blend, again)):
        publication = wanted([of_strict, free], **nowhere)
        with pytest.raises(LicenceError, match=r"keeps to those of the ends, .*cc-by-nc-4\.0.*but got mit"):
            write_folder(replace(publication, licence="MIT"), tmp_path / "repo", catalog={})
        if of_strict is again:  # one end of its ends is of nobody knows whom
            with pytest.raises(LicenceError, match="that of end 1 is unknown"):
                write_folder(publication, tmp_path / "repo", catalog={})
            publication = replace(publication, licence="CC-BY-NC-4.0")
        written = write_folder(publication, tmp_path / f"repo {number}", catalog={})
        assert written == "cc-by-nc-4.0"


def test_a_folder_that_cannot_be_put_in_place_leaves_nothing(
    tmp_path: Path, ends: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dni.publishing.folder.os.replace", full)
    with pytest.raises(DniError, match="No space left"):
        write_folder(wanted(ends), tmp_path / "repo", catalog=catalog_of(ends, "MIT", "MIT"))
    assert not (tmp_path / "repo").exists()


def test_the_push_brings_the_folder_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "repo"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_bytes(f"{name} content".encode() * 3)
    (folder / "notes.txt").write_text("private")
    with local_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        monkeypatch.setenv("HF_TOKEN", "hf_test")
        assert push_folder(folder, "me/blend", private=True) == f"{hub.address}/me/blend"
        assert hub.files == {name: (folder / name).read_bytes() for name in FILES}
        assert hub.created[0]["name"] == "blend"
        assert hub.created[0]["organization"] == "me"
        assert hub.tokens == {"Bearer hf_test"}
        for status, text in [
            (409, "me/blend is there already: nothing was uploaded"),
            (401, "allowed to write to me/blend"),
            (400, "refuses \\(.*there already"),
        ]:
            hub.status_of_create = status
            with pytest.raises(DniError, match=text):
                push_folder(folder, "me/blend")


def test_the_command(run: Run, ends: list[Path], out: Path) -> None:
    words = ("publish", *ends, "--alpha", "0.25", "-o", out / "repo")
    assert_refused(run(*words), r"--repo OWNER/NAME to push to, or --dry-run", out)
    nowhere = ("--base-model", "none", "--base-model", "none", "--license", "mit", "--dry-run")
    done = run(*words, *nowhere)
    assert (done.code, done.out) == (
        0,
        f"Wrote {out / 'repo'} (README.md, model.safetensors, recipe.json, along-alpha.png); licence mit\n",
    )
    assert "base_model" not in (out / "repo" / "README.md").read_text()
    assert "No end is on the hub" in done.err
