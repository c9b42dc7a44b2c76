"""The live viewer: one ``gr.HTML`` component with a canvas, a range input and three server functions.

Why not ``gr.Image``: a frame through it takes 42 to 256 ms of transport alone (see docs in
``benchmarks/README.md``), and it cannot keep frames in the browser. Here the browser holds a strip of
keyframes and cross-fades them while the thumb moves, and pulls what it needs, newest first.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from dni.errors import DniError
from dni.studio import Region, Studio

__all__ = ["Chosen", "build_viewer", "chosen", "make_scene"]

STATIC = Path(__file__).parent / "static"
SCRIPTS = ("strip.js", "view.js", "painter.js", "gestures.js", "viewer.js", "controls.js")

Answer = dict[str, Any]


def read(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


def build_viewer(studio: Studio) -> gr.HTML:
    """The viewer component; its value is a scene (see :func:`make_scene`)."""

    def frame(request: Any) -> Answer:
        token, pair_id, region = parse(request)
        made = studio.frame(token, pair_id, region, number(request, "alpha"))
        return {"jpeg": encode(made.jpeg), "milliseconds": round(made.milliseconds, 1)}

    def before(request: Any) -> Answer:
        return {"jpeg": encode(studio.before(*parse(request)))}

    def overview(request: Any) -> Answer:
        return {"jpeg": encode(studio.overview(text(request, "token")))}

    return gr.HTML(
        value=None,
        html_template=read("viewer.html"),
        css_template=read("viewer.css"),
        js_on_load="\n".join(read(name) for name in SCRIPTS),
        apply_default_css=False,
        server_functions=[answering(frame), answering(before), answering(overview)],
        elem_id="viewer",
    )


def answering(function: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """Turn our errors into ``{"error": text}``: the viewer shows it and keeps its picture."""

    def answer(request: Any) -> Answer:
        try:
            return function(request)
        except DniError as error:
            return {"error": str(error)}

    answer.__name__ = function.__name__
    return answer


def make_scene(
    studio: Studio,
    *,
    token: str,
    pair_id: str,
    alpha: float,
    live_pixels: int,
    prepares: bool,
    example: str = "",
) -> dict[str, Any]:
    """What the viewer needs to know to ask for frames of a picture through a pair.

    Args:
        studio: Where picture and pair are.
        token: The picture's.
        pair_id: The pair's.
        alpha: Where the slider starts.
        live_pixels: The largest region that is cheap enough to be live, in input pixels.
        prepares: Whether a GPU job should fill the keyframes first (ZeroGPU).
        example: Name of the example, for the link; empty for a person's own picture.
    """
    picture, pair = studio.picture(token), studio.pair(pair_id)
    return {
        "serial": secrets.token_hex(4),
        "token": token,
        "name": picture.name,
        "width": picture.width,
        "height": picture.height,
        "scale": studio.renderer(pair_id).scale,
        "pair": pair_id,
        "labels": list(pair.labels),
        "alpha": alpha,
        "live_pixels": live_pixels,
        "prepares": prepares,
        "example": example,
    }


@dataclass(frozen=True)
class Chosen:
    """What a person's viewer shows."""

    token: str
    pair: str
    alpha: float


def chosen(scene: Any) -> Chosen:
    """Read a scene that comes back from the browser, which may hold anything.

    Raises:
        DniError: There is none yet, or it is none of ours.
    """
    if scene is None:
        raise DniError("Nothing is on screen yet. Choose a pair of networks first.")
    return Chosen(text(scene, "token"), text(scene, "pair"), number(scene, "alpha"))


def encode(jpeg: bytes) -> str:
    return base64.b64encode(jpeg).decode("ascii")


def parse(request: Any) -> tuple[str, str, Region]:
    """Token, pair and region of a request from the browser, which may hold anything."""
    region = request.get("region") if isinstance(request, dict) else None
    sides = [number(region, side) for side in ("left", "top", "width", "height")]
    return text(request, "token"), text(request, "pair"), Region(*(int(side) for side in sides))


def text(request: Any, key: str) -> str:
    value = request.get(key) if isinstance(request, dict) else None
    if not isinstance(value, str):
        raise DniError(f"Expected a request with a text {key!r}, but got {value!r}.")
    return value


def number(request: Any, key: str) -> float:
    value = request.get(key) if isinstance(request, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DniError(f"Expected a request with a number {key!r}, but got {value!r}.")
    if value != value or abs(value) > 1e9:
        raise DniError(f"Expected a sensible {key!r}, but got {value}.")
    return float(value)
