"""The Effects tab: a picture, a pair, the live viewer, and results to download."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from dni.blending.shares import Mix
from dni.catalog.pairs import Pair
from dni.errors import DniError, shown
from dni.examples import suitable_examples
from dni.serving.render_service import RenderService
from dni.serving.scheduling.fair_gate import FairGate
from dni.serving.sessions import Session
from dni.ui.choices import Choice, Choices
from dni.ui.effects.cards import build_cards, choice_of
from dni.ui.effects.link import Link, one_slider_pairs, read_link
from dni.ui.effects.linked_picture import open_link
from dni.ui.effects.strength import estimate_for
from dni.ui.effects.viewer import build_viewer, make_scene
from dni.ui.errors import errors_shown, notify, warn
from dni.ui.pictures.batch import Batches, build_batch
from dni.ui.pictures.inputs import DECODES, chosen_name, example_gallery, own_picture, thumbnails
from dni.ui.pictures.reduction import reduce_scene_picture
from dni.ui.pictures.results import Results, build_endpoints, build_results, no_file, of_viewer
from dni.ui.pictures.shown_picture import ShownPicture
from dni.ui.progress import SupersededError, download_progress
from dni.ui.protocol.frames import ViewerScene
from dni.ui.protocol.messages import read_region
from dni.ui.requests.sessions import session_of
from dni.ui.requests.uploads import open_upload
from dni.ui.start import MIDDLE, keep_examples
from dni.ui.zero_gpu import IS_ZERO_GPU, GpuJobs

__all__ = ["build_effects"]

Scene = dict[str, Any]

KEYFRAMES = tuple(Mix.of_alpha(index / 10) for index in range(11))
HELP = """Each end of the slider is a network. In between, every number in the network is
`(1 - alpha) * left + alpha * right`, and that network makes the picture. While you drag, the picture fades
between ready-made frames (*preview*); when you rest, the network itself is run (*exact*). Of a large picture
only the outlined part is live; *Render the whole picture* makes all of it.

Keys: arrows move the slider, **Ctrl+Z** and **Ctrl+Shift+Z** undo and redo,
hold **O** for the original; on the picture **+ - 0 1** and arrows. Drop your
own picture on the viewer, or paste it."""


class EffectsHandlers:
    """The handlers of the tab's events; everything a person chose is in the viewer's scene."""

    def __init__(self, service: RenderService) -> None:
        self.service = service
        self.jobs = GpuJobs(service)
        self.results = Results(service, self.jobs, of_viewer, job="effects")
        self.pairs: Choices[str] = Choices()
        self.pictures: Choices[ShownPicture | None] = Choices()

    def scene(self, session: Session, picture: ShownPicture, pair_id: str, alpha: float | None) -> Scene:
        """The scene of a picture through a pair; without an alpha it is estimated, or else the middle."""
        estimate = None
        if alpha is None:
            given = self.service.picture(picture.token, session)
            estimate = estimate_for(self.service.pair(pair_id, session), given)
        made = make_scene(
            self.service,
            session,
            **vars(picture),
            pair_id=pair_id,
            alpha=estimate.alpha if estimate else MIDDLE if alpha is None else alpha,
            estimate=estimate.text if estimate else "",
            starts=alpha is None,
            live_pixels=self.service.live_pixels(pair_id, session=session),
            prepares=IS_ZERO_GPU,
        )
        return made.to_dict()

    def session(self, request: gr.Request) -> Session:
        return session_of(request, self.service.sessions)

    def start(self, request: gr.Request) -> tuple[Any, ...]:
        """What the link asks for; anything in it that we do not have is replaced by the default."""
        session, link = self.session(request), read_link(request.query_params, self.service)
        for warning in link.warnings:
            warn(warning)
        for pair_id in dict.fromkeys((link.pair, one_slider_pairs(self.service.catalog)[0])):
            try:
                picture = self.linked(link, session) or ShownPicture.of_example(
                    link.example or self.example_for(pair_id)
                )
                scene = self.scene(session, picture, pair_id, link.alpha)
                choice = choice_of(self.service, pair_id, wanted=link.wanted)
                return scene, choice, self.describe(pair_id), self.gallery(pair_id, picture.example)
            except DniError as error:
                warn(error)
        return gr.skip(), gr.skip(), "", gr.skip()

    def linked(self, link: Link, session: Session) -> ShownPicture | None:
        """The picture that a link names; None where it names none, or none that can be had."""
        if not link.picture:
            return None
        try:
            picture = open_link(link.picture)
            return ShownPicture(self.service.hold(picture, session=session, tab="effects"))
        except DniError as error:
            warn(error)
            return None

    def alpha_for(self, pair_id: str, now: ViewerScene | None) -> float | None:
        """Where the slider is stays, but for ladders, which are to be at the picture's own strength.

        Nor does it stay after one: a strength says nothing to other networks.
        """
        if now is None or any(self.service.pair(each).ladder for each in (now.pair, pair_id)):
            return None
        return now.alpha

    def choice(self, pair_id: str) -> dict[str, Any]:
        return choice_of(self.service, pair_id)

    def examples(self, pair_id: str) -> list[str]:
        """Names of the examples on which the pair shows."""
        return suitable_examples(self.service.pair(pair_id).examples, self.service.renderer(pair_id).scale)

    def example_for(self, pair_id: str, chosen: str = "") -> str:
        """The chosen example if the pair shows on it, else the first."""
        names = self.examples(pair_id)
        return chosen if chosen in names else names[0]

    def gallery(self, pair_id: str, example: str) -> gr.Gallery:
        """The pair's examples, with one marked; "" for none."""
        names = self.examples(pair_id)
        return gr.Gallery(
            thumbnails(names), selected_index=names.index(example) if example in names else None
        )

    def describe(self, pair_id: str) -> str:
        pair = self.service.pair(pair_id)
        about = [f"**{pair.ends[0].label}** to **{pair.ends[1].label}**.", pair.lineage]
        if pair.licence:
            about.append(f"Licence: {pair.licence}.")
        if pair.homepage:
            about.append(f"[Source]({pair.homepage})")
        return f"{pair.description} \n\n{' '.join(about)}"

    def choose_pair(
        self,
        scene: Scene | None,
        request: gr.Request,
        event: gr.EventData,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - this is how gradio hands it over
    ) -> tuple[Any, ...]:
        """Load the pair, after downloading it if need be; on failure the old one stays chosen.

        What was rendered before is of other networks then, and goes.

        Whoever chooses another one meanwhile gets that: this one's download stops, and changes nothing.
        """
        session = self.session(request)
        with errors_shown():
            now = None if scene is None else ViewerScene.parse(scene)
            pair_id = read_pair(getattr(event, "pair", None))
        choice = self.pairs.begin(session)
        try:
            self.service.renderer(pair_id, download=download_progress(progress, choice.is_superseded))
            if not self.pairs.settle(choice, pair_id):
                return (gr.skip(),) * 5
            picture = self.pictures.since(choice, ShownPicture.of(now) if now else None)
            if picture is None or picture.example:
                chosen = picture.example if picture else ""
                picture = ShownPicture.of_example(self.example_for(pair_id, chosen))
            after = self.scene(session, picture, pair_id, self.alpha_for(pair_id, now))
        except DniError as error:
            if not isinstance(error, SupersededError):
                warn(error)
            former = gr.skip() if now is None or choice.is_superseded() else self.choice(now.pair)
            return gr.skip(), former, gr.skip(), gr.skip(), gr.skip()
        about, examples = self.describe(pair_id), self.gallery(pair_id, picture.example)
        return after, self.choice(pair_id), about, examples, no_file()

    def choose_example(self, scene: Scene, request: gr.Request, event: gr.SelectData) -> Any:
        session = self.session(request)
        choice = self.pictures.begin(session)
        with errors_shown():
            now = ViewerScene.parse(scene)
            picture = ShownPicture.of_example(chosen_name(self.examples(now.pair), event.index))
            return self.show(picture, now, choice, session)

    def show(self, picture: ShownPicture, now: ViewerScene, choice: Choice, session: Session) -> Any:
        """Another picture through the networks that are shown by now; nothing if it is superseded."""
        if not self.pictures.settle(choice, picture):
            return gr.skip()
        pair_id = self.pairs.since(choice, now.pair)
        return self.scene(session, picture, pair_id, self.alpha_for(pair_id, now))

    def upload(self, path: str | None, scene: Scene, request: gr.Request) -> Any:
        """Show the person's own picture; one that cannot be read leaves the last one in place."""
        if path is None:
            return gr.skip(), gr.skip(), gr.skip()
        session = self.session(request)
        choice = self.pictures.begin(session)
        with errors_shown():
            now, picture = ViewerScene.parse(scene), open_upload(path, session)
            if choice.is_superseded():
                return gr.skip(), gr.skip(), None
            for notice in picture.notices:
                notify(notice)
            token = self.service.hold(picture, session=session, tab="effects")
            scene = self.show(ShownPicture(token), now, choice, session)
            return scene, gr.Gallery(selected_index=None), None

    def reduce(self, scene: Scene, request: gr.Request, event: gr.EventData) -> Any:
        """Show the picture at another size."""
        session = self.session(request)
        choice = self.pictures.begin(session)
        with errors_shown():
            now, factor = ViewerScene.parse(scene), getattr(event, "factor", None)
            picture = reduce_scene_picture(self.service, now, factor, session=session, tab="effects")
            return self.show(picture, now, choice, session)

    def prepare(self, scene: Scene, request: gr.Request, event: gr.EventData) -> Scene:
        """Fill the keyframes of a region in one GPU call (ZeroGPU only)."""
        session = self.session(request)
        with errors_shown():
            now, region = ViewerScene.parse(scene), read_region(getattr(event, "region", None))
            picture = self.service.picture(now.token, session)
            jpegs = self.jobs.frames(picture, now.pair, region, KEYFRAMES)
            for mix, jpeg in zip(KEYFRAMES, jpegs, strict=True):
                self.service.remember(now.token, now.pair, region, mix, jpeg, session=session)
            return replace(now, prepared=True, session=session.token).to_dict()


def read_pair(value: Any) -> str:
    """The pair that a card names; whether there is one of that id, the service says."""
    if not isinstance(value, str):
        raise DniError(f"Expected the id of a pair of networks, but got {shown(value)}.")
    return value


def first_examples(pair: Pair) -> list[str]:
    """What the gallery holds until the page has started; the pair is not loaded for it."""
    return suitable_examples(pair.examples, pair.scale)


def build_effects(app: gr.Blocks, service: RenderService, gate: FairGate) -> gr.HTML:
    """Add the tab to ``app``, inside its context; ``gate`` is all tabs' one for several pictures.

    Returns:
        The viewer.
    """
    keep_examples(service)
    tab = EffectsHandlers(service)
    first_pair = one_slider_pairs(service.catalog)[0]
    cards = build_cards(service)
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            viewer = build_viewer(service)
            result = build_results(tab.results, viewer)
        with gr.Column(scale=1, min_width=320):
            image = own_picture(elem_id="own-picture", height=170)
            examples = example_gallery(elem_id="examples", names=first_examples(service.pair(first_pair)))
            build_batch(Batches(tab.results, of_viewer, gate), viewer)
            about = gr.Markdown(elem_id="about")
    with gr.Accordion("What am I seeing?", open=False):
        gr.Markdown(HELP)

    quiet: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
    outputs = [viewer, cards, about, examples]
    # Whoever chooses quickly gets what was chosen last; a pair does not wait for another one's download.
    last: dict[str, Any] = {**quiet, "trigger_mode": "always_last"}
    at_once: dict[str, Any] = {**quiet, "trigger_mode": "multiple"}
    app.load(tab.start, None, outputs, show_progress="hidden", **quiet)
    cards.choose(tab.choose_pair, [viewer], [*outputs, result], show_progress_on=[about], **at_once)
    examples.select(tab.choose_example, [viewer], [viewer], show_progress="hidden", **last)
    hidden: dict[str, Any] = {**quiet, "show_progress": "hidden"}
    take_picture(tab, image, viewer, examples, hidden)
    viewer.reduce(tab.reduce, [viewer], [viewer], **{**hidden, **DECODES})
    viewer.prepare(tab.prepare, [viewer], [viewer], show_progress="hidden", **quiet)
    build_endpoints(tab.results, first_pair)
    return viewer


def take_picture(
    tab: EffectsHandlers, image: gr.Image, viewer: gr.HTML, examples: gr.Gallery, hidden: dict[str, Any]
) -> None:
    """Bring what comes into the box to the viewer, and leave the box ready for the next picture.

    Its buttons for clipboard and camera first send that the box is empty, and then the picture, which must
    neither be kept out by that nor be taken out of the box before it is sent.
    """
    options = {**hidden, **DECODES, "trigger_mode": "multiple"}
    uploaded = image.input(tab.upload, [image, viewer], [viewer, examples, image], **options)
    # The picture is in the viewer now, or refused.
    uploaded.failure(lambda: None, None, [image], queue=False, **hidden)
