"""The recipe panel: saves the state of the Mixing tab as a recipe, and restores it."""

from __future__ import annotations

import re
from typing import Any

import gradio as gr

from dni.blending.mix_paths import first_end
from dni.catalog.pairs import ProgressOf
from dni.checkpoints.atomic_write import atomic_write
from dni.checkpoints.sandbox import check_count
from dni.errors import in_words, listed
from dni.export.pictures import recipe_of
from dni.pictures.decoding.decode_apart import read_recipe_apart
from dni.pictures.picture import Picture
from dni.pictures.rectangle import Rectangle
from dni.recipes.recipe import Recipe, RecipeError
from dni.recipes.recipe_files import read_recipe, resolve_ends
from dni.recipes.render_request import RenderRequest
from dni.serving.sessions import Session
from dni.ui.errors import errors_shown, notify
from dni.ui.mixing.handlers import MixingHandlers
from dni.ui.mixing.scene import build_scene, layers_of
from dni.ui.pictures.shown_picture import ShownPicture
from dni.ui.progress import SupersededError, download_progress
from dni.ui.protocol.messages import LayeredMix
from dni.ui.protocol.mixing import MixingState
from dni.ui.requests.session_files import new_folder
from dni.ui.requests.uploads import received_path

__all__ = ["RecipeHandlers", "build_recipes", "restored_values"]


class RecipeHandlers:
    """The handlers of the recipe panel."""

    def __init__(self, tab: MixingHandlers) -> None:
        self.tab = tab

    def save(self, scene: Any, request: gr.Request) -> Any:
        """The recipe of what is on screen, as a file."""
        session, service = self.tab.session(request), self.tab.service
        with errors_shown():
            wanted = (self.tab.part if zoomed_in(scene) else self.tab.whole)(scene, session)
            pair, ends = service.pair(wanted.pair, session), service.paths(wanted.pair, session)
            renderer = service.export_renderer(wanted.pair, session)
            recipe = recipe_of(renderer, wanted.render_request, ends=ends, pair_id=pair.id)
            name = re.sub(r"[^A-Za-z0-9_-]+", "-", pair.id) or "own"
            path = new_folder(session) / f"recipe_{name}_{wanted.name}.json"
            with atomic_write(path) as partial:
                partial.write_text(recipe.to_json() + "\n", encoding="ascii")
            return gr.File(str(path), visible=True)

    def restore(
        self,
        path: str | None,
        scene: Any,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - this is how gradio hands it over
    ) -> tuple[Any, ...]:
        """Put everything on the desk as the recipe in a file says; on failure all stays as it is."""
        if path is None:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        session, service = self.tab.session(request), self.tab.service
        with errors_shown():
            desk = MixingState.parse(scene)
            recipe = read_recipe(received_path(path, session), read_text=read_recipe_apart)
            former = ShownPicture.of(desk)
            values = restored_values(recipe.request, service.picture(former.token, session))
            choice = self.tab.pairs.begin(session)
            try:
                pair_id = self.find_pair(recipe, session, download_progress(progress, choice.is_superseded))
            except SupersededError:
                return gr.skip(), gr.skip(), gr.skip(), gr.skip()
            picture = self.tab.pictures.since(choice, former)
            if picture != former:
                values = restored_values(recipe.request, service.picture(picture.token, session))
            after = build_scene(service, session, **vars(picture), pair_id=pair_id, **values)
            if not self.tab.pairs.settle(choice, pair_id):
                return gr.skip(), gr.skip(), gr.skip(), gr.skip()
            chooser = self.tab.chooser(pair_id, session)
            return after.to_dict(), chooser, self.tab.about(pair_id, session), None

    def find_pair(self, recipe: Recipe, session: Session, progress: ProgressOf) -> str:
        """The id of the recipe's very networks: of the catalogue, or among the person's own files."""
        service = self.tab.service
        check_count(len(recipe.ends))
        if recipe.pair in service.catalog:
            paths = resolve_ends(recipe, catalog=service.catalog, progress=progress, cache=service.cache)
            if paths == service.paths(recipe.pair):
                return recipe.pair
            return self.tab.networks.hold(paths, session=session)
        found = {end: self.tab.networks.find(end[1], session=session) for end in recipe.ends}
        missing = [
            f"{in_words(name, most=60)} (sha256 {sha256[:16]}...)"
            for (name, sha256), path in found.items()
            if not path
        ]
        if missing:
            raise RecipeError(
                f"Expected the networks of the recipe here, but {listed(missing)} "
                f"{'is' if len(missing) == 1 else 'are'} not. Drop the files under Your own networks, then "
                "the recipe again."
            )
        return self.tab.networks.hold([path for path in found.values() if path], session=session)


def restored_values(render_request: RenderRequest, picture: Picture) -> dict[str, Any]:
    """What the component needs to show an order.

    Raises:
        DniError: The desk cannot show its layers; see :func:`dni.ui.mixing.scene.layers_of`.
    """
    mix = render_request.brush or render_request.mix
    own_base = render_request.brush is not None and render_request.mix != first_end(mix.num_ends)
    crop = render_request.crop
    if crop and not crop.is_inside(picture.width, picture.height):
        notify("The recipe is for a part that this picture does not have: all of it is shown.")
        crop = None
    if render_request.bits == 16:
        notify("The recipe is for 16 bits per channel: here results have 8. `dni render --recipe` gives 16.")
    return {
        "mix": LayeredMix(mix, layers_of(mix)),
        "base": render_request.mix if own_base else None,
        "png": render_request.mask,
        "crop": crop,
        "tile": render_request.tile,
        "levels": render_request.levels,
    }


def zoomed_in(scene: Any) -> bool:
    """Whether only a part of the picture can be seen."""
    desk = MixingState.parse(scene)
    return desk.seen != Rectangle.whole(desk.width, desk.height)


def build_recipes(tab: MixingHandlers, scene: list[Any]) -> None:
    """The recipe panel.

    Args:
        tab: The handlers of the rest.
        scene: The component, the chooser of networks and whom the verdict is on.
    """
    handlers, board = RecipeHandlers(tab), scene[0]
    gr.Markdown(
        "Everything on the desk in one small file. Drop it here again, or a picture or network that was "
        "saved here, or give it to `dni render --recipe`: the same bytes come out."
    )
    given = gr.File(
        label="A recipe (.json), or a .png or .safetensors made here",
        file_types=[".json", ".png", ".safetensors"],
        height=110,
        elem_id="desk-recipe",
    )
    save = gr.Button("Recipe of what is on screen", size="md", elem_id="desk-save-recipe")
    saved = gr.File(
        label="The recipe", interactive=False, visible=False, height=90, elem_id="desk-recipe-file"
    )
    quiet: dict[str, Any] = {"api_visibility": "private"}
    save.click(handlers.save, [board], [saved], **quiet)
    restored = given.upload(
        handlers.restore, [given, board], [*scene, given], show_progress_on=[given], **quiet
    )
    # It is on the desk now, or refused: the box is ready for the next one.
    restored.failure(lambda: None, None, [given], queue=False, show_progress="hidden", **quiet)
