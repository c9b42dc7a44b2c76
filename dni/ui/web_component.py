"""Serves the browser's ES modules, and makes ``gr.HTML`` components of them.

Gradio compiles a component's ``html_template`` and ``css_template`` again at each update of its value. Ours
are empty: the module fills the element once with the file of markup, and styles are in the page's head.
"""

from __future__ import annotations

import functools
import hashlib
import mimetypes
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr
from gradio.route_utils import API_PREFIX

from dni.temporary import temporary_folder

__all__ = ["WEB", "page_head", "served_folder", "url_of", "web_component"]

WEB = Path(__file__).parent / "web"
# Folders that a browser reads; the others are for development.
PARTS = ("adaptation", "cards", "css", "lib", "mixing", "transfer", "viewer")
# Set to serve the source folder itself, so that a reload of the page shows an edited module.
DEVELOPMENT_VARIABLE = "DNI_WEB_DEVELOPMENT"
IMPORT = re.compile(r"""^(?:import|export)\b[^'"]*?from ['"](\.[^'"]+)['"]""", re.MULTILINE)
FAILED = "This part of the page could not be loaded. Reload the page to try again."


def web_component(
    name: str, server_functions: Sequence[Callable[..., Any]], *, events: Sequence[str] = (), **options: Any
) -> gr.HTML:
    """A component whose page is the module ``web/<name>/<name>.js`` in the markup ``web/<name>/<name>.html``.

    Args:
        name: The folder's.
        server_functions: What the module can call.
        events: Names of events that it triggers, beside those of every component.
        options: As of ``gr.HTML``; others arrive as ``props``.
    """
    module = f"{name}/{name}.js"
    # Gradio looks for the names of events, in quotes, in this text.
    names = ", ".join(f'"{event}"' for event in events)
    start = (
        f'import(new URL("{url_of(module)}", document.baseURI)).then(({{ mount }}) => '
        f"mount({{ element, props, trigger, server, upload, watch, events: [{names}] }}))"
        f'.catch((error) => {{ element.textContent = "{FAILED}"; throw error; }});'
    )
    return gr.HTML(
        value=None,
        html_template="",
        css_template="",
        js_on_load=start,
        apply_default_css=False,
        server_functions=list(server_functions),
        markup=(WEB / name / f"{name}.html").read_text(encoding="utf-8"),
        **options,
    )


def page_head(names: Sequence[str], styles: Sequence[str]) -> str:
    """What the page's head needs for components.

    Args:
        names: Those of the components. The first one is shown when the page opens: its modules are loaded at
            once, and those of the others when the browser has nothing else to load.
        styles: Files below ``web``. They are part of the page: an element that is shown before its style
            comes would be measured wrongly.
    """
    priorities: dict[str, str] = {}
    for name, priority in zip(names, ("high", *["low"] * len(names)), strict=False):
        for module in imported(f"{name}/{name}.js"):
            priorities.setdefault(module, priority)
    links = [
        f'<link rel="modulepreload" href="{url_of(module)}" fetchpriority="{priority}">'
        for module, priority in priorities.items()
    ]
    rules = [(WEB / style).read_text(encoding="utf-8") for style in styles]
    return "\n".join([*links, "<style>", *rules, "</style>"])


def imported(module: str) -> Iterator[str]:
    """A module and all that it imports, as paths below ``web``; each may come more than once."""
    yield module
    text = (WEB / module).read_text(encoding="utf-8")
    for path in IMPORT.findall(text):
        yield from imported(os.path.normpath(Path(module).parent / path).replace(os.sep, "/"))


def url_of(file: str) -> str:
    """Where a browser finds a file of ``web``, relative to the page: the page may lie behind a proxy."""
    return f"{API_PREFIX.lstrip('/')}/file={quote((served_folder() / file).as_posix())}"


@functools.cache
def served_folder() -> Path:
    """The folder that Gradio serves: a copy whose path has a hash of its files.

    A module imports others by relative paths, so a browser never mixes files of two versions.
    """
    # Some systems say otherwise, and a browser runs no module of another type.
    mimetypes.add_type("text/javascript", ".js")
    folder = WEB if os.environ.get(DEVELOPMENT_VARIABLE) else copy_web()
    gr.set_static_paths(folder)
    return folder


def copy_web() -> Path:
    files = sorted(path for part in PARTS for path in (WEB / part).rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(WEB).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    # Of this process alone: nobody else on the machine can write into it.
    folder = temporary_folder("web").resolve() / f"web-{digest.hexdigest()[:12]}"
    for path in files:
        target = folder / path.relative_to(WEB)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return folder
