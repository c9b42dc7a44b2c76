"""What the app gives away: rendered pictures, blended networks, and the same through the API."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from effects_page import DRAWN, PATIENCE, Desk, Gate, decoded, difference
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import expect
from spandrel import ModelLoader

from dni.blending.shares import Mix
from dni.checkpoints.files import read_metadata, sha256_of
from dni.pictures.picture import Picture, to_tensor
from dni.pictures.read import open_picture, read_recipe
from dni.recipes.recipe import Recipe
from dni.rendering import tiles
from dni.rendering.control import RenderControl
from dni.serving.render_service import RenderService

ROOT = Path(__file__).parents[3]
# Of a tile with what it reads, in pixels: several tiles for a picture of 600x500.
SMALL_BUDGET = 100_000
# Nobody is quicker: what counts is the slider at the click.
CLICK_AND_MOVE_ON = """() => {
    document.querySelector('#save-picture').click();
    const slider = document.querySelector('input.alpha');
    slider.value = 0.9;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    setTimeout(() => slider.dispatchEvent(new Event('change', { bubbles: true })));
}"""


def large_picture(path: Path) -> Path:
    """A picture that is too large to be live as a whole, with opacity."""
    with Image.open(ROOT / "dni/examples/galaxies.jpg") as image:
        large = image.convert("RGB").crop((0, 0, 600, 500))
    large.putalpha(Image.linear_gradient("L").resize(large.size))
    large.save(path)
    return path


def download(desk: Desk, path: Path) -> Path:
    with desk.page.expect_download() as download:
        desk.page.locator("#result a[download]").first.click()
    download.value.save_as(path / download.value.suggested_filename)
    return path / download.value.suggested_filename


def assert_recipe(path: Path, ends: list[Path], alpha: float, **values: Any) -> None:
    text = read_recipe(path) if path.suffix == ".png" else read_metadata(path)["dni"]
    assert text is not None
    recipe = Recipe.from_json(text)
    assert recipe.pair == "tiny"
    assert recipe.shares == (1 - alpha, alpha)
    assert recipe.ends == tuple((end.name, sha256_of(end)) for end in ends)
    for name, value in values.items():
        assert getattr(recipe, name) == value


def rendered(picture: Picture, alpha: float, service: RenderService) -> torch.Tensor:
    return service.renderer("tiny", precision="float32").render(picture.rgb, (1 - alpha, alpha))


class Pause:
    """Stops every render of a whole picture after two tiles, until ``go_on`` is set; tiles are small."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.tiles = 0
        report, plan = RenderControl.report, tiles.plan

        def paused(control: RenderControl, done: int, total: int) -> None:
            report(control, done, total)
            if control.progress is None:
                return  # a live frame
            self.tiles = done
            if done == 2:
                self.reached.set()
                assert self.go_on.wait(PATIENCE / 1000)

        monkeypatch.setattr(RenderControl, "report", paused)
        small = lambda *sides, **options: plan(*sides, **{**options, "budget": SMALL_BUDGET})  # noqa: E731
        monkeypatch.setattr("dni.rendering.jobs.plan", small)


@pytest.fixture
def pause(monkeypatch: pytest.MonkeyPatch) -> Pause:
    return Pause(monkeypatch)


# Large pictures


def test_of_a_large_picture_only_a_region_is_live(desk: Desk, gate: Gate) -> None:
    desk.open("?example=galaxies&alpha=0.3")
    picture = desk.example("galaxies")
    region = gate.asked[0][2]
    assert region.width * region.height < picture.width * picture.height
    box = desk.page.locator("canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    assert desk.zoom == pytest.approx(100 * min(box["width"] / 4000, box["height"] / 3488), abs=1)
    minimap = desk.page.locator("#viewer .minimap")
    expect(minimap).to_be_hidden()
    desk.button("actual").click()
    desk.wait("document.querySelector('.zoom').textContent === '100 %'")
    expect(minimap).to_be_visible()
    known = {asked[2] for asked in gate.asked}
    for _ in range(4):
        desk.page.mouse.move(x, y)
        desk.page.mouse.down()
        desk.page.mouse.move(x - 200, y - 150, steps=5)
        desk.page.mouse.up()
    desk.wait_until(lambda: gate.asked[-1][2] not in known)
    desk.page.wait_for_timeout(2 * DRAWN)
    desk.wait_quiet()
    desk.wait_exact(0.3)
    moved = gate.asked[-1][2]
    fresh = decoded(desk.service.render_frame(picture, "tiny", moved, Mix.of_alpha(0.3)).jpeg)
    canvas = desk.canvas()
    height, width, _ = canvas.shape
    # The output pixel in the middle of the canvas, and where in the region that is.
    column, row = 2 * picture.width + 800 - 4 * moved.left, 2 * picture.height + 600 - 4 * moved.top
    seen = canvas[height // 2 - 100 : height // 2 + 100, width // 2 - 100 : width // 2 + 100]
    # Half of a canvas of odd size may be rounded either way.
    parts = [
        fresh[row + down - 100 : row + down + 100, column + over - 100 : column + over + 100]
        for down in (-1, 0)
        for over in (-1, 0)
    ]
    assert min(difference(seen, part) for part in parts) < 0.5
    assert difference(seen, fresh[row - 90 : row + 110, column - 100 : column + 100]) > 1
    desk.drag(0.8)
    desk.wait_exact(0.8)
    desk.button("fit").click()
    desk.wait("document.querySelector('.zoom').textContent !== '100 %'")
    desk.wait_exact(0.8)


def test_a_picture_that_is_large_already_is_reduced_first_and_comes_back(desk: Desk, tmp_path: Path) -> None:
    desk.open()
    Image.linear_gradient("L").resize((1800, 1200)).save(tmp_path / "wall.png")
    desk.upload(tmp_path / "wall.png")
    offer = desk.page.locator("#viewer .size-offer")
    expect(offer).to_contain_text("enlarged 4 times it has 7,200 x 4,800 pixels")
    offer.get_by_role("button", name="Reduce to a half first").click()
    desk.wait("canvas.ariaLabel.startsWith('wall reduced to a half.png')")
    desk.choose_pair("Turned pair")
    desk.wait_exact()
    expect(offer).to_contain_text("Reduced to a half: 900 x 600 pixels.")
    offer.get_by_role("button", name="Back to full size").click()
    desk.wait("canvas.ariaLabel.startsWith('wall.png')")
    desk.page.reload()
    desk.wait("canvas && canvas.ariaLabel.startsWith('wall.png')")
    desk.problems.clear()  # Gradio's own streams break off with a reload


def test_large_picture_with_progress_and_recipe(
    desk: Desk, page_ends: list[Path], tmp_path: Path, pause: Pause
) -> None:
    desk.open("?alpha=0.3", complete=False)
    desk.upload(large_picture(tmp_path / "my large.png"))
    desk.wait("canvas.ariaLabel.startsWith('my large')")
    desk.wait_exact(0.3)
    desk.page.evaluate(CLICK_AND_MOVE_ON)
    desk.wait_until(pause.reached.is_set)
    expect(desk.page.locator("#result")).to_contain_text(re.compile(r"2/\d"), timeout=PATIENCE)
    desk.wait_exact(0.9)
    pause.go_on.set()
    desk.page.locator("#result a[download]").first.wait_for()
    expect(desk.page.locator("#save-picture")).to_be_visible()
    path = download(desk, tmp_path)
    assert path.name == "my-large_tiny_alpha-0.3000.png"
    assert_recipe(path, page_ends, 0.3, precision="float32", scale=4, tile=None)
    with Image.open(path) as image:
        assert (image.size, image.mode) == ((2400, 2000), "RGBA")
        colour, opacity = to_tensor(image.convert("RGB")), np.asarray(image.getchannel("A"))
    assert torch.equal(colour, rendered(open_picture(tmp_path / "my large.png"), 0.3, desk.service))
    assert (opacity[0].max(), opacity[-1].min()) == (0, 255)


def test_render_is_cancelled(desk: Desk, pause: Pause) -> None:
    desk.open("?example=galaxies", complete=False)
    desk.page.locator("#save-picture").click()
    desk.wait_until(pause.reached.is_set)
    desk.page.locator("#cancel").click()
    expect(desk.page.locator("#cancel")).to_have_text("Cancelling…", timeout=PATIENCE)
    pause.go_on.set()
    desk.message("Cancelled")
    expect(desk.page.locator("#save-picture")).to_be_visible()
    expect(desk.page.locator("#cancel")).to_be_hidden()
    expect(desk.page.locator("#result")).to_be_hidden()
    assert pause.tiles == 2
    desk.choose_example(0)
    desk.wait("canvas.ariaLabel.startsWith('cat.png')")
    desk.page.locator("#save-picture").click()
    desk.page.locator("#result a[download]").first.wait_for()


def test_render_that_fails_gives_the_button_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.open(complete=False)
    with monkeypatch.context() as patch:
        patch.setattr("dni.rendering.renderer.MAX_OUTPUT_PIXELS", 1000)
        desk.page.locator("#save-picture").click()
        desk.message("Crop the picture or reduce it first")
    expect(desk.page.locator("#save-picture")).to_be_visible()
    expect(desk.page.locator("#cancel")).to_be_hidden()
    expect(desk.page.locator("#result")).to_be_hidden()
    desk.page.locator("#save-picture").click()
    desk.page.locator("#result a[download]").first.wait_for()


# The network


def test_blended_network_loads_in_spandrel(desk: Desk, page_ends: list[Path], tmp_path: Path) -> None:
    desk.open("?alpha=0.3", complete=False)
    desk.page.locator("#save-network").click()
    path = download(desk, tmp_path)
    assert path.name == "network_tiny_alpha-0.3000.safetensors"
    assert_recipe(path, page_ends, 0.3, precision="float32")
    network = ModelLoader().load_from_file(path)
    assert network.architecture.name == "RealESRGAN Compact"
    picture = desk.example()
    with torch.inference_mode():
        output = network(picture.rgb[None].float() / 255)[0].mul(255).round().byte()
    difference = (output.int() - rendered(picture, 0.3, desk.service).int()).abs()
    assert difference.max() <= 1


# The API


@pytest.fixture(scope="module")
def client(app: str) -> Client:
    return Client(app, verbose=False, download_files=str(Path(os.environ["GRADIO_TEMP_DIR"]) / "client"))


def test_api_renders(client: Client, tiny_service: RenderService, page_ends: list[Path]) -> None:
    photograph = ROOT / "dni/examples/rocket.png"
    path = client.predict(handle_file(str(photograph)), "tiny", 0.25, api_name="/render")
    assert_recipe(Path(path), page_ends, 0.25, precision="float32")
    with Image.open(path) as image:
        seen = to_tensor(image)
    assert torch.equal(seen, rendered(open_picture(photograph), 0.25, tiny_service))


def test_api_blends(client: Client, page_ends: list[Path]) -> None:
    path = client.predict("tiny", 1, api_name="/blend")
    assert_recipe(Path(path), page_ends, 1.0)


def test_api_sweeps(client: Client) -> None:
    photograph = handle_file(str(ROOT / "dni/examples/grain-15.png"))
    path = client.predict(photograph, "tiny", 2, api_name="/sweep")
    with Image.open(path) as strip, Image.open(ROOT / "dni/examples/grain-15.png") as given:
        assert strip.width > 2 * 4 * given.width
    for frames in (1, 2.5, 1000):
        with pytest.raises(AppError, match="Expected 2 to 24 frames, a whole number"):
            client.predict(photograph, "tiny", frames, api_name="/sweep")


def test_api_names_only_what_is_meant_for_programs(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    named = [
        *("/blend", "/desk_render", "/digits_accuracy", "/digits_predict", "/inspect", "/render"),
        *("/sweep", "/transfer_depth", "/transfer_letters", "/transfer_teacher"),
        *("/transfer_unlabelled", "/transfer_words"),
    ]
    assert sorted(endpoints) == named
    names = [parameter["parameter_name"] for parameter in endpoints["/render"]["parameters"]]
    assert names == ["image", "pair", "alpha"]


@pytest.mark.parametrize(
    ("pair", "alpha", "text"),
    [
        ("nothing", 0.5, "Expected one of the pairs"),
        ("gone", 0.5, "ask whoever runs this server"),
        ("tiny", 7, "alpha to be a number from 0 to 1"),
        ("tiny", -0.1, "alpha to be a number from 0 to 1"),
        ("tiny", None, "alpha to be a number from 0 to 1"),
    ],
)
@pytest.mark.parametrize("endpoint", ["/render", "/blend"])
def test_api_refuses(client: Client, endpoint: str, pair: str, alpha: Any, text: str) -> None:
    image = [handle_file(str(ROOT / "dni/examples/rocket.png"))] if endpoint == "/render" else []
    with pytest.raises(AppError, match=text):
        client.predict(*image, pair, alpha, api_name=endpoint)


def test_api_refuses_what_is_no_picture(client: Client, tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("no picture")
    with pytest.raises(AppError, match=r"notes\.png is none"):
        client.predict(handle_file(str(tmp_path / "notes.png")), "tiny", 0.5, api_name="/render")
    with pytest.raises(AppError, match="Expected a picture to render"):
        client.predict(None, "tiny", 0.5, api_name="/render")


@pytest.mark.parametrize("path", ["/etc/hostname", str(ROOT / "dni/examples/cat.png")])
def test_api_refuses_files_of_the_server(app: str, path: str) -> None:
    image = {"path": path, "meta": {"_type": "gradio.FileData"}}
    with httpx.Client(base_url=app, timeout=30) as http:
        asked = http.post("/gradio_api/call/render", json={"data": [image, "tiny", 0.5]})
        answer = http.get(f"/gradio_api/call/render/{asked.json()['event_id']}").text
        assert "event: error" in answer
        assert "event: complete" not in answer
        assert http.get(f"/gradio_api/file={path}").status_code == 403
