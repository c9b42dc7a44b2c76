"""Picture inputs: the upload box and the gallery of examples."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import ImageData

from dni.errors import DniError, shown
from dni.examples import EXAMPLES, WHOLE, example_paths
from dni.temporary import temporary_folder

__all__ = ["DECODES", "chosen_name", "example_gallery", "own_picture", "picture_input", "thumbnails"]

# For events that decode: more of them wait in Gradio's queue, by the order in which they came, and not in the
# threads that serve the page. Those in threads take turns (:mod:`dni.serving.scheduling.decoding_turns`).
DECODES: dict[str, Any] = {"concurrency_limit": 16, "concurrency_id": "decoding"}


def picture_input(**options: Any) -> gr.Image:
    """A ``gr.Image`` that hands over the file as it was uploaded, for :mod:`dni.pictures.read` to judge.

    Not a subclass: gradio would write a stub file next to this one.
    """
    image = gr.Image(type="filepath", image_mode=None, **options)

    def path_of(payload: ImageData | None) -> str | None:
        # An address alone is no upload: who asks for the path refuses it.
        return payload.path or payload.url if payload else None

    image.preprocess = path_of  # type: ignore[method-assign]
    return image


def own_picture(*, elem_id: str, height: int) -> gr.Image:
    """The box for a person's own picture: a file, the clipboard or the camera."""
    return picture_input(
        label="Your own picture",
        sources=["upload", "clipboard", "webcam"],
        height=height,
        buttons=[],
        elem_id=elem_id,
    )


def example_gallery(
    *, elem_id: str, names: Sequence[str] = WHOLE, selected: int | None = None, render: bool = True
) -> gr.Gallery:
    """Examples, in rows of thumbnails."""
    return gr.Gallery(
        thumbnails(names),
        label="Or a photograph in the public domain",
        columns=5,
        allow_preview=False,
        interactive=False,
        buttons=[],
        selected_index=selected,
        elem_id=elem_id,
        render=render,
    )


def chosen_name(names: Sequence[str], index: object) -> str:
    """The example that a click on a gallery means.

    Raises:
        DniError: There is none at that place.
    """
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(names):
        raise DniError(f"Expected one of {len(names)} examples, but got {shown(index)}. Choose another.")
    return names[index]


def thumbnails(names: Sequence[str]) -> list[tuple[str, str]]:
    """The value of a gallery of examples."""
    return [(str(served_examples() / path.name), title) for path, title in example_paths(names)]


@functools.cache
def served_examples() -> Path:
    """The folder that Gradio serves: a copy, so that no address says where this program is installed."""
    folder = temporary_folder("examples").resolve()
    for path, _ in example_paths(tuple(EXAMPLES)):
        shutil.copyfile(path, folder / path.name)
    gr.set_static_paths(folder)
    return folder
