"""``dni render`` on folders, into several formats, and with 16 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from cases import case
from command_line import Run, assert_refused
from PIL import ExifTags, Image

from dni.blending.interpolate import interpolate, shares_of
from dni.cli.rendering.render_folder import name_results
from dni.pictures.read import open_picture, read_recipe
from models import RRDBNet

pytestmark = pytest.mark.usefixtures("tiny_catalogue")

WORDS = ("--pair", "tiny", "--alpha", "0.5", "--float32")


def write_photo(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for name in ("baby.jpg", "dog.png", "dog.webp", "old.jfif", "map.pgm", "deep/er/cat.tif"):
        write_photo(folder / name)
    (folder / "._baby.jpg").write_bytes(b"\0\5\26\7")
    (folder / "holiday.png").mkdir()
    (folder / "notes.txt").write_text("no picture")
    return folder


FLAT = ["baby.png", "dog.png.png", "dog.webp.png", "map.png", "old.png"]


def test_names_and_what_is_skipped(run: Run, photos: Path, out: Path) -> None:
    result = run("render", photos, "-o", out, *WORDS)
    assert (result.code, result.out) == (0, f"Wrote 5 pictures to {out}\n")
    assert names(out) == FLAT
    assert f"Skipped {photos / '._baby.jpg'}: macOS's notes on another file.\n" in result.err
    assert f"Skipped {photos / 'holiday.png'}: a folder; --recursive looks into it.\n" in result.err


def test_subfolders_and_results_inside_of_the_folder(run: Run, photos: Path) -> None:
    write_photo(photos / "holiday.png" / "sea.jpg")
    inside = photos / "results"
    expected = sorted([*FLAT, "deep/er/cat.png", "holiday.png/sea.png"])
    for turn in range(2):
        with case(turn):
            assert run("render", photos, "-o", inside, "--recursive", *WORDS).code == 0
            assert names(inside) == expected


def test_a_folder_into_itself_never_reads_its_results(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    write_photo(folder / "baby.jpg")
    for file_format, name in [("png", "baby.png"), ("tiff", "baby.tif"), ("webp", "baby.webp")]:
        with case(file_format):
            result = run("render", folder, "-o", folder, "--format", file_format, *WORDS)
            assert (result.code, result.out) == (0, f"Wrote 1 pictures to {folder}\n")
            assert (folder / name).exists()
    assert "baby.png and 2 more: a result that dni wrote." in run("render", folder, "-o", folder, *WORDS).err
    assert names(folder) == ["baby.jpg", "baby.png", "baby.tif", "baby.webp"]


def test_existing_results_are_left_out_on_request(run: Run, photos: Path, out: Path) -> None:
    assert run("render", photos, "-o", out, *WORDS).code == 0
    (out / "baby.png").unlink()
    before = (out / "map.png").stat().st_mtime_ns
    result = run("render", photos, "-o", out, "--skip-existing", *WORDS)
    assert result.out == f"Wrote 1 pictures to {out}\n"
    assert "Skipped 4 that had a result already.\n" in result.err
    assert (out / "map.png").stat().st_mtime_ns == before
    assert names(out) == FLAT


def test_names_that_collide() -> None:
    folder, out = Path("in"), Path("out")
    sources = [folder / name for name in ("a.jpg", "a.png", "a.jpg.webp", "b/a.gif", "c.tif")]
    found = name_results(sources, folder, out, endings=[".png"])
    expected = ["a.jpg.png", "a.png.png", "a.jpg.webp.png", "b/a.png", "c.png"]
    assert [str(path.relative_to(out)) for (path,) in found.values()] == expected
    sources = [folder / name for name in ("a.jpg", "a_sheet.tif", "b.jpg")]
    every = name_results(sources, folder, out, endings=[".png", "_sheet.png"]).values()
    assert [path.name for each in every for path in each] == [
        *("a.jpg.png", "a.jpg_sheet.png", "a_sheet.tif.png", "a_sheet.tif_sheet.png", "b.png", "b_sheet.png")
    ]


def test_an_output_that_is_an_input_is_refused(run: Run, tmp_path: Path, out: Path) -> None:
    folder = tmp_path / "photos"
    write_photo(folder / "baby.png")
    write_photo(folder / "mask.png")
    (folder / "same.png").symlink_to(folder / "baby.png")
    before = (folder / "baby.png").read_bytes()
    for words, place in [
        ((folder / "baby.png", "-o", folder / "baby.png"), "baby.png"),
        ((folder / "baby.png", "-o", folder / "same.png"), "same.png"),
        (
            (
                folder / "baby.png",
                "-o",
                folder / "mask.png",
                "--mask",
                folder / "mask.png",
                "--brush-alpha",
                "1",
            ),
            "mask.png",
        ),
        ((folder, "-o", folder), "baby.png"),
    ]:
        with case(place):
            result = run("render", *words, *WORDS)
            assert_refused(result, rf"{place} would take the place of .*\. Choose another folder", out)
            assert (folder / "baby.png").read_bytes() == before


def test_formats_quality_and_metadata(run: Run, tmp_path: Path, out: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Ann"
    photo = tmp_path / "photo.jpg"
    pixels = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(photo, exif=exif)
    for name, kind in [("a.jpg", "JPEG"), ("a.webp", "WEBP"), ("a.tif", "TIFF"), ("a.png", "PNG")]:
        with case(name):
            assert run("render", photo, "-o", out / name, "--keep-metadata", *WORDS).code == 0
            with Image.open(out / name) as image:
                assert (image.format, image.size) == (kind, (96, 64))
                assert image.getexif()[ExifTags.Base.Artist] == "Ann"
            again = out / f"again-{name}"
            assert run("render", photo, "-o", again, "--keep-metadata", "--recipe", out / name).code == 0
            assert again.read_bytes() == (out / name).read_bytes()
    assert run("render", photo, "-o", out / "small.jpg", "--quality", "30", *WORDS).code == 0
    assert (out / "small.jpg").stat().st_size < (out / "a.jpg").stat().st_size / 2


def test_options_that_do_not_fit_a_format(run: Run, tmp_path: Path, out: Path) -> None:
    write_photo(tmp_path / "photo.png")
    for name, words, text in [
        ("a.jpg", ["--16-bit"], r"PNG or TIFF for 16 bits per channel, but a\.jpg has 8"),
        ("a.png", ["--quality", "80"], r"--quality with JPEG or WebP only, but a\.png is lossless"),
        ("a.png", ["--format", "jpeg"], r"a name for jpeg, but got a\.png"),
    ]:
        with case(text):
            result = run("render", tmp_path / "photo.png", "-o", out / name, *words, *WORDS)
            assert_refused(result, text, out)


def test_opacity_is_laid_over_white_for_jpeg(run: Run, tmp_path: Path, out: Path) -> None:
    Image.new("RGBA", (6, 6), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    result = run("render", tmp_path / "clear.png", "-o", out / "a.jpg", *WORDS)
    assert "clear.png: JPEG has no opacity: it was laid over white.\n" in result.err
    assert np.asarray(Image.open(out / "a.jpg")).min() > 250


# 16 bits


@pytest.fixture
def scan(tmp_path: Path) -> tuple[Path, np.ndarray]:
    """A film scan: a TIFF file of 16 bits in colours."""
    ramp = np.linspace(20000, 21000, 20 * 30 * 3).reshape(20, 30, 3).astype(np.uint16)
    tifffile.imwrite(tmp_path / "scan.tif", ramp, photometric="rgb", compression="zlib")
    return tmp_path / "scan.tif", ramp


def oracle(ends: list[Path], levels: np.ndarray) -> np.ndarray:
    """float32 on the whole picture, in levels of 16 bits: uint16 (H, W, 3)."""
    from safetensors.torch import load_file

    network = RRDBNet(num_filters=8, num_blocks=1).eval()
    network.load_state_dict(interpolate([load_file(path) for path in ends], shares_of(0.5)))
    pixels = torch.from_numpy(levels.astype(np.float32) / 65535).permute(2, 0, 1)
    with torch.no_grad():
        output = network(pixels[None])[0]
    return (output.clamp(0, 1) * 65535).round().permute(1, 2, 0).numpy()


def test_16_bits_from_scan_to_result_and_again_by_recipe(
    run: Run, scan: tuple[Path, np.ndarray], tiny_ends: list[Path], out: Path
) -> None:
    path, levels = scan
    expected = oracle(tiny_ends, levels)
    for name in ("a.png", "a.tif"):
        with case(name):
            result = run("render", path, "-o", out / name, "--16-bit", *WORDS[:4])
            assert result.code == 0
            assert "reduced" not in result.err
            picture = open_picture(out / name, bits=16)
            assert picture.rgb.dtype == torch.uint16
            found = picture.rgb.numpy().transpose(1, 2, 0)
            assert np.abs(found - expected).max() <= 2
            assert len(np.unique(found)) > 300  # more than 8 bits can tell apart
            assert '"bits": 16' in (read_recipe(out / name) or "")
            assert run("render", path, "-o", out / f"again-{name}", "--recipe", out / name).code == 0
            assert (out / f"again-{name}").read_bytes() == (out / name).read_bytes()
    both = [open_picture(out / name, bits=16).rgb for name in ("a.png", "a.tif")]
    assert torch.equal(both[0], both[1])


def test_16_bits_in_tiles_with_a_mask_a_crop_and_opacity(
    run: Run, scan: tuple[Path, np.ndarray], tmp_path: Path, out: Path
) -> None:
    path, levels = scan
    opacity = np.linspace(1, 65535, 600).reshape(20, 30, 1).astype(np.uint16)
    rgba = np.concatenate((levels, opacity), axis=2)
    tifffile.imwrite(path, rgba, photometric="rgb", extrasamples=["unassalpha"])
    Image.fromarray(np.tile(np.arange(30, dtype=np.uint8) * 8, (20, 1))).save(tmp_path / "mask.png")
    masked = ["--mask", tmp_path / "mask.png", "--brush-alpha", "1"]
    for name, words in [
        ("whole", []),
        ("tiles", ["--tile", "16"]),
        ("crop", ["--crop", "4,5,16,12"]),
        ("masked", masked),
        ("part", [*masked, "--crop", "4,5,16,12"]),
    ]:
        assert run("render", path, "-o", out / f"{name}.png", "--16-bit", *WORDS[:4], *words).code == 0
    found = {}
    for name in ("whole", "tiles", "crop", "masked", "part"):
        picture = open_picture(out / f"{name}.png", bits=16)
        assert picture.opacity is not None
        found[name] = torch.cat((picture.rgb, picture.opacity)).int()
    assert (found["tiles"] - found["whole"]).abs().max() <= 2
    for part, whole in [("crop", "whole"), ("part", "masked")]:
        assert (found[part] - found[whole][:, 20:68, 16:80]).abs().max() <= 2
    assert (found["masked"] - found["whole"]).abs()[:3].max() > 257
    assert torch.equal(found["masked"][3], found["whole"][3])


def test_16_bits_of_a_picture_that_has_8(run: Run, tmp_path: Path, tiny_ends: list[Path], out: Path) -> None:
    write_photo(tmp_path / "photo.png")
    assert run("render", tmp_path / "photo.png", "-o", out / "a.png", "--16-bit", *WORDS).code == 0
    levels = np.asarray(Image.open(tmp_path / "photo.png")).astype(np.uint16) * 257
    found = open_picture(out / "a.png", bits=16).rgb.numpy().transpose(1, 2, 0)
    assert np.abs(found - oracle(tiny_ends, levels)).max() <= 2
