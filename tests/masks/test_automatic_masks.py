"""Masks from pictures, from files and as text, against closed formulas."""

from __future__ import annotations

import base64
import io
import math
import zlib
from pathlib import Path

import pytest
import torch
from cases import case
from mask_renders import difference, make_picture
from PIL import Image

from dni.masks.automatic import detail_mask, feather, invert, luminance_mask
from dni.masks.files import MAX_STORED_SIDE, MaskError, decode_mask, encode_mask, load_mask, pixels_only
from dni.pictures.normalize import PictureError


def noise(height: int, width: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (height, width), generator=generator, dtype=torch.uint8)


def grey(values: torch.Tensor) -> torch.Tensor:
    return values.expand(3, -1, -1).contiguous()


def test_luminance_of_grey_is_grey_and_colours_weigh_as_in_bt601() -> None:
    values = torch.arange(256, dtype=torch.uint8).view(16, 16)
    assert torch.equal(luminance_mask(grey(values)), values)
    colours = torch.tensor([[255, 0, 0], [0, 255, 0], [0, 0, 255]], dtype=torch.uint8).view(1, 3, 3)
    assert luminance_mask(colours.permute(2, 0, 1)).tolist() == [[76, 150, 29]]


def test_detail_is_where_the_texture_is() -> None:
    values = torch.full((64, 128), 100, dtype=torch.uint8)
    values[:, 64:] = noise(64, 64)
    mask = detail_mask(grey(values))
    assert mask.shape == (64, 128)
    assert int(mask[:, :48].max()) == 0
    assert int(mask[:, 80:].min()) > 180


def test_a_flat_picture_has_no_detail() -> None:
    for level in [0, 100, 255]:
        with case(level):
            assert int(detail_mask(torch.full((3, 20, 30), level, dtype=torch.uint8)).max()) == 0


def test_faint_noise_is_no_texture() -> None:
    faint = (100 + noise(60, 60) % 4).to(torch.uint8)
    assert int(detail_mask(grey(faint)).max()) == 0


def test_detail_of_even_texture_is_the_standard_deviation() -> None:
    """Stripes of one pixel, 100 +- 5, have a deviation of 5 everywhere: (5 - 2) / (10 - 2) of full."""
    stripes = torch.where(torch.arange(80) % 2 == 0, 95, 105).to(torch.uint8).expand(80, 80)
    inner = detail_mask(grey(stripes))[20:-20, 20:-20]
    assert difference(inner, torch.full_like(inner, round(255 * 3 / 8))) <= 1


def test_a_few_hard_edges_do_not_hide_texture() -> None:
    """Without the percentile the edge's deviation of some 120 would set the scale, and texture be near 0."""
    values = (80 + noise(200, 200) % 60).to(torch.uint8)
    values[:, :4] = 255
    assert int(detail_mask(grey(values))[:, 40:].float().mean()) > 200


def test_detail_of_a_large_picture_is_as_large_as_a_recipe_stores_it() -> None:
    values = torch.full((900, 1200), 100, dtype=torch.uint8)
    values[:, 600:] = noise(900, 600)
    mask = detail_mask(grey(values))
    assert mask.shape == (384, 512)
    assert torch.equal(decode_mask(encode_mask(mask)), mask)
    assert int(mask[:, :246].max()) == 0
    assert int(mask[:, 266:].min()) > 180


def test_masks_of_a_picture_do_not_change() -> None:
    rgb = make_picture(40, 50)
    before = rgb.clone()
    assert torch.equal(detail_mask(rgb), detail_mask(rgb))
    assert torch.equal(rgb, before)


def test_inverting_twice_gives_the_mask_back() -> None:
    mask = noise(7, 9)
    assert torch.equal(invert(invert(mask)), mask)
    assert torch.equal(invert(mask).int() + mask.int(), torch.full((7, 9), 255))


def test_a_feathered_edge_is_the_normal_distribution() -> None:
    mask = torch.zeros(5, 81, dtype=torch.uint8)
    mask[:, 41:] = 255  # the edge lies at 40.5 between the pixels 40 and 41
    soft = feather(mask, 8)
    deviation = 8 / 2
    expected = torch.tensor(
        [255 * 0.5 * (1 + math.erf((x - 40.5) / deviation / math.sqrt(2))) for x in range(81)]
    )
    assert float((soft.float() - expected).abs().max()) < 1.5
    assert torch.equal(invert(soft).flip(1)[:, :-1], soft[:, 1:])


def test_feathering_keeps_what_is_even() -> None:
    for radius in [0, 1, 30, 200]:
        for value in [0, 77, 255]:
            with case(radius, value):
                mask = torch.full((6, 11), value, dtype=torch.uint8)
                assert torch.equal(feather(mask, radius), mask)


def test_no_radius_changes_nothing() -> None:
    assert torch.equal(feather(noise(9, 9), 0), noise(9, 9))


def test_a_radius_out_of_bounds_is_refused() -> None:
    for radius in [-1, math.nan, math.inf]:
        with case(radius), pytest.raises(MaskError, match="radius from 0 to 1000 pixels, but got"):
            feather(noise(4, 4), radius)


MAKERS = [invert, lambda mask: feather(mask, 2), encode_mask]


def test_what_is_no_mask_is_refused() -> None:
    for make in MAKERS:
        with (
            case(make),
            pytest.raises(
                MaskError, match=r"mask as uint8 of shape \(H, W\), but got torch.float32 \(4, 4\)"
            ),
        ):
            make(torch.zeros(4, 4))


def test_a_grey_file_is_the_mask(tmp_path: Path) -> None:
    mask = noise(6, 8)
    Image.fromarray(mask.numpy()).save(tmp_path / "mask.png")
    assert torch.equal(load_mask(tmp_path / "mask.png", picture_size=(60, 80)), mask)


def test_the_opacity_is_the_mask_where_there_is_one(tmp_path: Path) -> None:
    image = Image.new("RGBA", (8, 6), (255, 255, 255, 0))
    image.putalpha(Image.fromarray(noise(6, 8).numpy()))
    image.save(tmp_path / "strokes.png")
    assert torch.equal(load_mask(tmp_path / "strokes.png"), noise(6, 8))


@pytest.mark.parametrize(("size", "fits"), [((301, 400), True), ((76, 100), True), ((80, 100), False)])
def test_a_mask_of_other_proportions_is_refused(tmp_path: Path, size: tuple[int, int], fits: bool) -> None:
    file = tmp_path / "mask.png"
    Image.new("L", (size[1], size[0])).save(file)
    if fits:
        assert load_mask(file, picture_size=(600, 800)).shape == size
    else:
        with pytest.raises(MaskError, match=r"proportions of the 800x600 picture, but mask.png is 100x80"):
            load_mask(file, picture_size=(600, 800))


def test_files_that_cannot_be_masks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="does not exist"):
        load_mask(tmp_path / "none.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(PictureError, match=r"text.png is none"):
        load_mask(tmp_path / "text.png")
    Image.new("L", (40, 30)).save(tmp_path / "large.png")
    with pytest.raises(PictureError, match=r"at most 0.001 megapixels, but large.png has 0.00"):
        load_mask(tmp_path / "large.png", max_pixels=1000)


SMALL = [(1, 1), (40, 30), (1, MAX_STORED_SIDE), (MAX_STORED_SIDE, MAX_STORED_SIDE)]


def test_a_small_mask_comes_back_as_it_was() -> None:
    for size in SMALL:
        with case(size):
            mask = noise(*size)
            text = encode_mask(mask)
            assert text.isascii()
            assert torch.equal(decode_mask(text), mask)


def test_a_large_mask_is_reduced_by_area() -> None:
    mask = noise(600, 1024)
    stored = decode_mask(encode_mask(mask))
    blocks = mask.view(300, 2, 512, 2).float().mean(dim=(1, 3))
    assert stored.shape == (300, 512)
    assert float((stored.float() - blocks).abs().max()) <= 1  # Pillow rounds rows, then columns
    assert torch.equal(decode_mask(encode_mask(stored)), stored)


def test_a_very_narrow_mask_keeps_a_pixel() -> None:
    assert decode_mask(encode_mask(noise(3, 5000))).shape == (1, 512)


def test_a_painted_mask_is_small() -> None:
    mask = torch.zeros(512, 512, dtype=torch.uint8)
    mask[100:300, 200:400] = 255
    assert len(encode_mask(feather(mask, 20))) < 20_000


def png(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


NO_MASKS = [
    ("not base64!", "but got other data"),
    ("möglich", "but got other data"),
    ("", "but got other data"),
    (base64.b64encode(b"no picture").decode(), "but got other data"),
    (encode_mask(noise(40, 40))[:400], "but got other data"),
    (png(Image.new("RGB", (4, 4))), "but got 4x4 of mode 'RGB'"),
    (png(Image.new("L", (513, 4))), "but got 513x4 of mode 'L'"),
    (png(Image.new("L", (9000, 9000))), "but got 9000x9000 of mode 'L'"),
    ("A" * 400_004, "but got 400004 characters"),
]


def test_only_the_pixels_of_a_mask_are_read() -> None:
    """Pillow takes seconds for a megabyte of empty chunks."""
    mask = torch.arange(64, dtype=torch.uint8).reshape(8, 8)
    png = base64.b64decode(encode_mask(mask))
    empty = b"\0\0\0\0teSt" + zlib.crc32(b"teSt").to_bytes(4, "big")
    many = png[:33] + empty * 500 + png[33:]
    assert pixels_only(many) == png
    assert torch.equal(decode_mask(base64.b64encode(many).decode()), mask)
    too_many = base64.b64encode(png[:33] + empty * 20_000 + png[33:]).decode()
    with pytest.raises(MaskError, match="very many parts"):
        decode_mask(too_many)


def test_texts_that_are_no_masks_are_refused() -> None:
    for text, found in NO_MASKS:
        with (
            case(text, found),
            pytest.raises(MaskError, match=f"grey PNG of at most 512 pixels a side in base64, {found}"),
        ):
            decode_mask(text)
