"""Components made of ES modules: how they are served, and that they need nothing else of the page."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastapi
import gradio as gr
import pytest
import uvicorn
from effects_page import DRAWN, Desk

from dni.examples import example_token
from dni.serving.render_service import RenderService
from dni.ui import launch_options, web_component
from dni.ui.app import build_app
from dni.ui.effects.viewer import build_viewer, make_scene
from dni.ui.start import keep_examples

CHANGE = """([selector, alpha]) => {
    const slider = document.querySelector(`${selector} input.alpha`);
    slider.value = alpha;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
}"""
IS_EXACT = """([selector, alpha]) => {
    const data = document.querySelector(`${selector} canvas`)?.dataset;
    return data?.state === 'exact' && Number(data.alpha) === alpha;
}"""
MODULE = "async (path) => Object.keys(await import(new URL(path, document.baseURI)))"
IN_GRADIO = """async ([path, expression]) => {
    const gradio = await import(new URL(path, document.baseURI));
    return eval(expression);
}"""


GIVE_PICTURE = """(async () => {
    const answer = await fetch(document.querySelector('#examples img').src);
    const file = new File([await answer.blob()], 'mine.png', { type: 'image/png' });
    return gradio.giveFiles('#own-picture', [file]);
})()"""


def start_statement(component: gr.HTML) -> str:
    assert component.js_on_load is not None
    return component.js_on_load


# What Python makes of the folder


def test_a_component_is_one_statement_that_imports_its_module() -> None:
    with gr.Blocks():
        component = web_component.web_component("viewer", [], events=["prepare"], elem_id="mine")
    statement = start_statement(component)
    assert re.match(r'import\(new URL\("gradio_api/file=\S+/web-[0-9a-f]{12}/viewer/viewer\.js"', statement)
    assert callable(component.prepare)
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        component.other  # noqa: B018
    assert component.html_template == component.css_template == ""
    assert component.props["markup"].startswith('<section class="dni-viewer"')


def test_all_modules_of_a_component_are_loaded_early_those_of_the_first_at_once() -> None:
    head = web_component.page_head(["viewer", "mixing"], ["viewer/viewer.css"])
    links = dict(re.findall(r'<link rel="modulepreload" href="(\S+)" fetchpriority="(\w+)">', head))
    names = {re.sub(r".*/web-\w+/", "", url): priority for url, priority in links.items()}
    assert names["viewer/viewer.js"] == names["lib/frames/frame-grid.js"] == "high"
    assert names["mixing/mixing.js"] == names["mixing/mask/mask.js"] == "low"
    assert ".dni-viewer .stage {" in head


def test_the_served_folder_is_a_copy_named_by_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "web"
    for path, text in (("lib/a.js", "one"), ("test/a.test.js", "test"), ("css/page.css", "style")):
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text)
    monkeypatch.setattr(web_component, "WEB", source)
    first, same = web_component.copy_web(), web_component.copy_web()
    assert first.name == same.name
    files = {path.relative_to(first).as_posix() for path in first.rglob("*") if path.is_file()}
    assert files == {"lib/a.js", "css/page.css"}
    assert first.parent.stat().st_mode & 0o077 == 0
    (source / "lib/a.js").write_text("two")
    assert web_component.copy_web().name != first.name


def test_development_serves_the_source_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNI_WEB_DEVELOPMENT", "1")
    assert web_component.served_folder.__wrapped__() == web_component.WEB


# In a browser


def two_viewers(service: RenderService) -> gr.Blocks:
    """A page with two viewers, on two pictures."""
    keep_examples(service)
    with gr.Blocks() as app:
        viewers = [build_viewer(service, elem_id=name) for name in ("viewer", "second")]
        app.load(
            lambda: [
                make_scene(
                    service,
                    service.sessions.open(example),
                    token=example_token(example),
                    pair_id="tiny",
                    alpha=alpha,
                    live_pixels=1 << 20,
                    prepares=False,
                    example=example,
                ).to_dict()
                for example, alpha in (("cat", 0.2), ("coffee", 0.7))
            ],
            None,
            viewers,
        )
    return app


@pytest.fixture
def launched() -> Iterator[Callable[[gr.Blocks], str]]:
    """Start an app and give its address; it is stopped in the end."""
    apps: list[gr.Blocks] = []

    def launch(app: gr.Blocks) -> str:
        apps.append(app)
        options = {"prevent_thread_lock": True, "quiet": True, "server_name": "127.0.0.1", **launch_options()}
        return str(app.launch(**options)[1])

    yield launch
    for app in apps:
        app.close(verbose=False)


def test_two_viewers_share_a_page(
    launched: Callable[[gr.Blocks], str], new_desk: Callable[..., Desk], tiny_service: RenderService
) -> None:
    desk = new_desk(url=launched(two_viewers(tiny_service)), viewport={"width": 1280, "height": 1600})
    desk.page.goto(desk.url)
    for selector, alpha in (("#viewer", 0.2), ("#second", 0.7)):
        desk.page.wait_for_function(IS_EXACT, arg=[selector, alpha])
    desk.page.evaluate(CHANGE, ["#second", 0.33])
    desk.page.wait_for_function(IS_EXACT, arg=["#second", 0.33])
    assert (desk.alpha, desk.data("state")) == (0.2, "exact")
    assert desk.page.locator("#second canvas").get_attribute("aria-label") != desk.shown
    desk.page.evaluate(CHANGE, ["#viewer", 0.81])
    desk.page.wait_for_function(IS_EXACT, arg=["#viewer", 0.81])
    assert desk.page.locator("#second canvas").get_attribute("data-alpha") == "0.33"
    desk.actual_size()
    desk.assert_shows(desk.example(), "tiny", 0.81)


def test_the_page_works_below_a_path(new_desk: Callable[..., Desk], tiny_service: RenderService) -> None:
    """As behind a proxy, or in an app of somebody else's."""
    options = launch_options()
    app = gr.mount_gradio_app(
        fastapi.FastAPI(),
        build_app(tiny_service),
        path="/sub/page",
        theme=options["theme"],
        head=options["head"],
    )
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.05)
        desk = new_desk(url=f"http://127.0.0.1:{port}/sub/page/")
        refused: list[str] = []
        desk.page.on("response", lambda reply: reply.status < 400 or refused.append(reply.url))
        desk.open("?alpha=0.3", complete=False)
        assert desk.alpha == 0.3
        # Gradio itself asks for its manifest at the root.
        assert [url for url in refused if not url.endswith("/manifest.json")] == []
        desk.problems.clear()
        desk.page.close()
    finally:
        server.should_exit = True
        thread.join()


def test_an_update_of_the_value_renders_no_template(desk: Desk) -> None:
    desk.open()
    desk.page.evaluate("document.querySelector('#viewer section').mine = true")
    desk.change(0.77)
    desk.wait_exact(0.77)
    desk.choose_example(1)
    desk.wait("canvas.ariaLabel.startsWith('coffee')")
    desk.wait_exact(0.77)
    assert desk.page.evaluate("document.querySelector('#viewer section').mine === true")


def test_a_module_that_cannot_be_loaded_is_said(new_desk: Callable[..., Desk], app: str) -> None:
    desk = new_desk()
    desk.page.route("**/viewer/viewer.js", lambda route: route.abort())
    desk.page.goto(app)
    desk.page.get_by_text("This part of the page could not be loaded").wait_for()
    assert any("viewer.js" in problem for problem in desk.problems)
    desk.problems.clear()


# What lib/gradio.js uses of Gradio's own page. A failure here means that Gradio has changed.


@pytest.fixture
def in_gradio(desk: Desk) -> Callable[[str], Any]:
    """Evaluate an expression beside ``gradio``, the module, on the opened page."""
    desk.open(complete=False)
    path = web_component.url_of("lib/gradio.js")
    names = {"chooseFiles", "giveFiles", "giveFilesInside", "nameThumbnails", "onThemeChange"}
    assert set(desk.page.evaluate(MODULE, path)) == names
    return lambda expression: desk.page.evaluate(IN_GRADIO, [path, expression])


def test_files_can_be_given_to_an_upload_box(desk: Desk, in_gradio: Callable[[str], Any]) -> None:
    assert in_gradio(GIVE_PICTURE) is True
    desk.wait("canvas.ariaLabel.startsWith('mine')")
    desk.wait_exact()
    assert in_gradio("gradio.giveFiles('#own-picture', [])") is False
    assert in_gradio("gradio.giveFiles('#no-such-box', [new File([], 'a')])") is False


def test_the_chooser_of_an_upload_box_can_be_opened(desk: Desk, in_gradio: Callable[[str], Any]) -> None:
    with desk.page.expect_file_chooser():
        assert in_gradio("gradio.chooseFiles('#own-picture')") is True
    assert in_gradio("gradio.chooseFiles('#no-such-box')") is False


def test_a_change_of_theme_is_noticed(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(color_scheme="dark").open(complete=False)
    assert desk.page.evaluate("document.body.classList.contains('dark')")
    path = web_component.url_of("lib/gradio.js")
    expression = "gradio.onThemeChange(() => { window.changes = (window.changes ?? 0) + 1; }) && 1"
    desk.page.evaluate(IN_GRADIO, [path, expression])
    desk.page.emulate_media(color_scheme="light")
    desk.page.wait_for_function("!document.body.classList.contains('dark')")
    desk.page.wait_for_timeout(DRAWN)
    assert desk.page.evaluate("window.changes") >= 1
