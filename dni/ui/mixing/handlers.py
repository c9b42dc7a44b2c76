"""Event handlers of the Mixing tab: pictures, networks and the verdict.

Everything a person chose is in the scene that comes from their browser.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import gradio as gr

from dni.catalog.catalog_file import listed_pairs
from dni.compatibility.first_answer import first_answer
from dni.errors import DniError
from dni.examples import WHOLE, example_token, suitable_examples
from dni.rendering.control import Cancelled
from dni.serving.mixing.mask_store import MaskStore
from dni.serving.mixing.measurements import Measures
from dni.serving.mixing.uploaded_networks import UploadedNetworks
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session
from dni.ui.choices import Choice, Choices
from dni.ui.errors import errors_shown, notify, warn
from dni.ui.mixing.scene import build_scene, name_of, request_of
from dni.ui.mixing.verdict_panel import (
    Verdicts,
    first_html,
    group_correlations,
    verdict_html,
)
from dni.ui.pictures.inputs import chosen_name
from dni.ui.pictures.reduction import reduce_scene_picture
from dni.ui.pictures.results import ExportRequest, Results
from dni.ui.pictures.shown_picture import ShownPicture
from dni.ui.progress import SupersededError, download_progress
from dni.ui.protocol.frames import ViewerScene
from dni.ui.protocol.mixing import MixingState, with_correlations
from dni.ui.requests.sessions import session_of
from dni.ui.requests.uploads import open_upload, received_path
from dni.ui.zero_gpu import GpuJobs

__all__ = ["MixingHandlers"]

Scene = dict[str, Any]


class MixingHandlers:
    """What the tab's parts share, and the handlers of its main part."""

    def __init__(self, service: RenderService) -> None:
        self.service = service
        self.masks = MaskStore()
        self.measures = Measures(service)
        self.networks = UploadedNetworks(service)
        self.results = Results(service, GpuJobs(service), self.whole, self.part, job="mixing")
        self.pairs: Choices[str] = Choices()
        self.pictures: Choices[ShownPicture] = Choices()
        self.verdicts = Verdicts(service)
        self._subjects: WeakKeyDictionary[Session, str] = WeakKeyDictionary()

    # What is on screen

    def whole(self, scene: Any, session: Session) -> ExportRequest:
        """The whole picture as it is on the desk."""
        return self.wanted(MixingState.parse(scene), session, only_seen=False)

    def part(self, scene: Any, session: Session) -> ExportRequest:
        """What can be seen of it."""
        return self.wanted(MixingState.parse(scene), session, only_seen=True)

    def everywhere(self, scene: Any, session: Session) -> ExportRequest:
        """What is on the desk for other pictures: nothing was painted on them."""
        desk = MixingState.parse(scene)
        if desk.mask is not None:
            notify("What you painted belongs to the picture on the desk: these get the mix everywhere.")
        return self.wanted(replace(desk, mask=None), session, only_seen=False)

    def wanted(self, desk: MixingState, session: Session, *, only_seen: bool) -> ExportRequest:
        render_request = request_of(desk, mask=self.mask_text(desk, session), only_seen=only_seen)
        return ExportRequest(desk.token, desk.pair, render_request, desk.mix.blend, name_of(render_request))

    def mask_text(self, desk: MixingState, session: Session) -> str | None:
        """What is painted.

        Raises:
            DniError: It has not arrived yet, or is no longer held.
        """
        if desk.mask == "":
            raise DniError(
                "What you painted is not here yet. Click again in a moment; if that does not help, "
                "paint one more stroke."
            )
        return None if desk.mask is None else self.masks.get(desk.mask, session=session)

    def session(self, request: gr.Request) -> Session:
        return session_of(request, self.service.sessions)

    @property
    def first_example(self) -> str:
        """What the first networks of the catalogue are shown on."""
        first = next(iter(self.service.catalog.values()))
        return suitable_examples(first.examples, first.scale)[0]

    def about(self, pair_id: str, session: Session) -> str:
        """Note that the verdict is to be on these networks: those on others come too late."""
        self._subjects[session] = pair_id
        return pair_id

    def chooser(self, pair_id: str, session: Session) -> gr.Dropdown:
        """The chooser of networks with these as the chosen ones; a person's own, and those of a recipe that
        others supersede, are the last in its list."""
        listed = listed_pairs(self.service.catalog)
        choices = [(pair.title, known) for known, pair in listed.items()]
        for held in dict.fromkeys([*self.networks.pairs(session), pair_id]):
            if held not in listed:
                title = self.service.pair(held, session).title
                choices.append((title if held in self.service.catalog else f"Yours: {title}", held))
        return gr.Dropdown(choices, value=pair_id)

    # Events

    def start(self, scene: Scene | None, effects: Any, request: gr.Request) -> tuple[Any, ...]:
        """The first networks of the catalogue, when the tab is opened at first."""
        pair_id = next(iter(self.service.catalog))
        if scene is not None:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        session = self.session(request)
        with errors_shown():
            token, example = self.first_picture(effects, session)
            begun = build_scene(self.service, session, token=token, pair_id=pair_id, example=example)
            chosen = gr.Gallery(selected_index=WHOLE.index(example) if example else None)
            return begun.to_dict(), pair_id, self.about(pair_id, session), chosen

    def first_picture(self, effects: Any, session: Session) -> tuple[str, str]:
        """Token and example: a person's own picture that the Effects tab shows, else the first example.

        It is held for this tab too, since there it may be replaced.
        """
        with suppress(DniError):
            shown = None if effects is None else ViewerScene.parse(effects)
            if shown is not None and not shown.example:
                picture = self.service.picture(shown.token, session)
                return self.service.hold(picture, session=session, tab="mixing"), ""
        return example_token(self.first_example), self.first_example

    def choose_pair(
        self,
        pair_id: str | None,
        scene: Scene,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - this is how gradio hands it over
    ) -> tuple[Any, ...]:
        """Load networks of the catalogue; on failure the old ones stay chosen."""
        session = self.session(request)
        with errors_shown():
            desk = MixingState.parse(scene)
        if pair_id is None:
            return gr.skip(), gr.skip(), gr.skip()
        choice = self.pairs.begin(session)
        try:
            self.service.renderer(
                pair_id, session, download=download_progress(progress, choice.is_superseded)
            )
            after = self.other_networks(desk, pair_id, choice, session)
        except DniError as error:
            if not isinstance(error, SupersededError):
                warn(error)
            return gr.skip(), gr.skip() if choice.is_superseded() else desk.pair, gr.skip()
        if after is None:
            return gr.skip(), gr.skip(), gr.skip()
        return after, gr.skip(), self.about(pair_id, session)

    def other_networks(
        self, desk: MixingState, pair_id: str, choice: Choice, session: Session
    ) -> Scene | None:
        """The picture that is shown by now through other networks; None if their choice is superseded."""
        picture = self.pictures.since(choice, ShownPicture.of(desk))
        after = self.scene(picture, pair_id, session)
        if not self.pairs.settle(choice, pair_id):
            return None
        newer = self.pictures.since(choice, picture)
        return after if newer == picture else self.scene(newer, pair_id, session)

    def other_picture(
        self, desk: MixingState, picture: ShownPicture, choice: Choice, session: Session
    ) -> Any:
        """Another picture through the networks that are on the desk by now; nothing if it is superseded."""
        if not self.pictures.settle(choice, picture):
            return gr.skip()
        return self.scene(picture, self.pairs.since(choice, desk.pair), session)

    def scene(self, picture: ShownPicture, pair_id: str, session: Session) -> Scene:
        return build_scene(self.service, session, **vars(picture), pair_id=pair_id).to_dict()

    def reduce(self, scene: Scene, request: gr.Request, event: gr.EventData) -> Any:
        """Show the picture at another size."""
        session = self.session(request)
        choice = self.pictures.begin(session)
        with errors_shown():
            desk, factor = MixingState.parse(scene), getattr(event, "factor", None)
            picture = reduce_scene_picture(self.service, desk, factor, session=session, tab="mixing")
            return self.other_picture(desk, picture, choice, session)

    def resume(self, scene: Scene, request: gr.Request, event: gr.EventData) -> tuple[Any, ...]:
        """What was on the desk before the page was loaded anew; networks that are not here stay away."""
        session = self.session(request)
        with errors_shown():
            desk = MixingState.parse(scene)
            asked, name = getattr(event, "pair", None), getattr(event, "example", None)
            here = [
                known for known, pair in self.service.catalog.items() if pair.is_local(self.service.cache)
            ]
            pair_id = desk.pair
            if isinstance(asked, str) and (asked in here or self.reclaim(asked, event, session)):
                pair_id = asked
            if isinstance(name, str) and name in WHOLE:
                desk = replace(desk, token=example_token(name), example=name, full="")
            chosen = gr.Gallery(selected_index=WHOLE.index(desk.example) if desk.example in WHOLE else None)
            scene = self.scene(ShownPicture.of(desk), pair_id, session)
            return scene, self.chooser(pair_id, session), self.about(pair_id, session), chosen

    def reclaim(self, pair_id: str, event: gr.EventData, session: Session) -> bool:
        """Whether a person's own networks, that were on the page before a reload, are here again."""
        former = getattr(event, "session", None)
        try:
            return isinstance(former, str) and self.networks.reclaim(former, pair_id, session=session)
        except DniError as error:
            warn(error)
            return False

    def choose_example(self, scene: Scene, request: gr.Request, event: gr.SelectData) -> Any:
        session = self.session(request)
        choice = self.pictures.begin(session)
        with errors_shown():
            desk, picture = MixingState.parse(scene), ShownPicture.of_example(chosen_name(WHOLE, event.index))
            return self.other_picture(desk, picture, choice, session)

    def upload(self, path: str | None, scene: Scene, request: gr.Request) -> Any:
        """Show a person's own picture; one that cannot be read leaves the last one in place."""
        if path is None:
            return gr.skip(), gr.skip(), gr.skip()
        session = self.session(request)
        choice = self.pictures.begin(session)
        with errors_shown():
            desk, picture = MixingState.parse(scene), open_upload(path, session)
            if choice.is_superseded():
                return gr.skip(), gr.skip(), None
            for notice in picture.notices:
                notify(notice)
            token = self.service.hold(picture, session=session, tab="mixing")
            after = self.other_picture(desk, ShownPicture(token), choice, session)
            return after, gr.Gallery(selected_index=None), None

    def give_reference(self, path: str | None, request: gr.Request) -> Any:
        """Take a reference for the curve; one that cannot be read leaves the last one in place."""
        session = self.session(request)
        with errors_shown(), self.measures.reading(session):
            reference = None if path is None else open_upload(path, session).rgb
            self.measures.give(reference, session=session)

    def take_files(self, paths: list[str] | None, request: gr.Request) -> Any:
        """Try the files that somebody dropped; those that cannot be used leave the list."""
        session = self.session(request)
        with errors_shown():
            listed = [received_path(path, session) for path in paths or ()]
            problems = self.networks.take(listed, session=session)
        for problem in problems.values():
            warn(problem)
        return [str(path) for path in listed if path not in problems] or None

    def blend_files(self, paths: list[str] | None, scene: Scene, request: gr.Request) -> tuple[Any, ...]:
        """Put a person's own networks on the desk; if they do not fit, the old ones stay."""
        session = self.session(request)
        with errors_shown():
            desk = MixingState.parse(scene)
            files = [received_path(path, session) for path in paths or ()]
            choice = self.pairs.begin(session)
            pair_id = self.networks.pair(files, session=session)
        return self.put(pair_id, desk, session, choice)

    def put(self, pair_id: str, desk: MixingState, session: Session, choice: Choice) -> tuple[Any, ...]:
        """Put networks that a session holds on the desk, unless others were chosen meanwhile."""
        try:
            after = self.other_networks(desk, pair_id, choice, session)
        except DniError as error:
            warn(self.networks.plain(error, session=session))
            return gr.skip(), gr.skip(), self.about(pair_id, session)
        if after is None:
            return gr.skip(), gr.skip(), gr.skip()
        return after, self.chooser(pair_id, session), self.about(pair_id, session)

    def is_subject(self, pair_id: str, session: Session) -> bool:
        """Whether the verdict is to be on these networks, and not on others that came since."""
        return self._subjects.get(session, pair_id) == pair_id

    def expect(self, pair_id: str, request: gr.Request) -> Any:
        """What the parameters alone say, at once; the verdict takes its place."""
        session = self.session(request)
        if self.verdicts.known(pair_id, session) is not None:
            return gr.skip()
        with errors_shown():
            answer = first_answer(self.service.paths(pair_id, session))
        return gr.skip() if answer is None or not self.is_subject(pair_id, session) else first_html(answer)

    def judge(self, pair_id: str, scene: Scene, request: gr.Request) -> tuple[Any, Any]:
        """The verdict on networks, after their picture is on screen."""
        session = self.session(request)
        try:
            with errors_shown():
                verdict = self.verdicts.on(pair_id, session)
        except Cancelled:
            return gr.skip(), gr.skip()
        if not self.is_subject(pair_id, session):
            return gr.skip(), gr.skip()
        with errors_shown():
            on_desk = isinstance(scene, dict) and scene.get("pair") == pair_id
            known = group_correlations(verdict)
            learnt = with_correlations(scene, known, pair_id=pair_id, session=session.token)
        return verdict_html(verdict, on_desk=on_desk), gr.skip() if learnt is None else learnt
