"""Finds a better mix for what is on the desk: auto-mix, one at a time, beside everybody's frames."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from dni.blending.shares import Mix
from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.networks import load_ends
from dni.errors import DniError
from dni.rendering.control import RenderControl
from dni.serving.mixing.measurements import Measures
from dni.serving.render_service import RenderService
from dni.serving.sessions import Session
from dni.tradeoff.tuning.crops import crops_for
from dni.tradeoff.tuning.goals import GoalName, make_goal
from dni.tradeoff.tuning.learn import TuneConfig, Tuned, learn_mix, preset

__all__ = ["BestMixes", "FoundMix"]

JOB = "best mix"
CROPS = 32
SECONDS = 60.0
# Larger networks take minutes a step here, and their gradients much memory.
MAX_PARAMETERS = 20_000_000
# What the layers of one step may give, for the gradients to come: the app has 4 GB for everybody.
ACTIVATION_BYTES = 600_000_000
# Dense blocks join what layers gave: several times as much as hooks on modules see.
JOINED = 3
# One is made, the others wait: of all, and of one address, which leaves places to others.
MAX_SEARCHES = 8
MAX_OF_GROUP = 4
TOO_MANY = "Too many people look for the best mix just now. Try again in some minutes."


@dataclass(frozen=True)
class FoundMix:
    """What was found.

    Attributes:
        shares: For the slider or pad: the farthest that any group of layers goes from the first end.
        layers: How much of that each group of layers gets, from 0 to 1.
        note: For the person, in a sentence.
    """

    shares: tuple[float, ...]
    layers: dict[str, float]
    note: str


class BestMixes:
    """Learns mixes for people, on a thread of low priority; one for each session, and few wait."""

    def __init__(self, service: RenderService, measures: Measures) -> None:
        self.service, self.measures = service, measures
        self._lock = threading.Lock()
        self._searches: Counter[Hashable] = Counter()
        self._steps: WeakKeyDictionary[Session, tuple[int, int]] = WeakKeyDictionary()

    def find(self, token: str, pair_id: str, start: Mix, *, goal: GoalName, session: Session) -> FoundMix:
        """Learn how much of a mix each group of layers should get, on the session's picture.

        Args:
            token, pair_id: Of what is on the desk.
            start: The mix that is on the desk: between the ends, by the straight line.
            goal: What is to become better than with that mix.
            session: Who asks; what it looked for before is given up.

        Raises:
            DniError: The picture, networks or mix cannot be used for it, or too many people wait.
            Cancelled: The session has ended, gave it up, or asks again.
        """
        reference = self.measures.reference(session) if goal == "reference" else None
        rgb = self.service.picture(token, session).rgb
        self.service.renderer(pair_id, session)  # tried apart, where the networks are a stranger's
        ends = self.service.paths(pair_id, session)
        check_start(start)
        cancelled = session.cancellation(JOB)
        self._steps[session] = (0, 0)

        def report(done: int, total: int) -> None:
            self._steps[session] = (done, total)

        def learn() -> FoundMix:
            control.raise_if_cancelled()
            network, states = load_ends(ends)
            parts = crops_for(goal, [rgb], reference, network, count=CROPS)
            batch = affordable_batch(network, parts[0][:1])
            config = replace(preset(goal), is_straight=True, seconds=SECONDS, batch=batch)
            tuned = learn_mix(network, states, start, make_goal(goal), parts, config=config, control=control)
            return found_mix(tuned, start, goal)

        control = RenderControl(progress=report, cancelled=cancelled)
        with self._place(session.group):
            return self.service.queue.compute_long(learn, session=session, cancelled=cancelled)

    def has_room(self, group: Hashable) -> bool:
        """Whether another search of a group may wait."""
        return self._searches.total() < MAX_SEARCHES and self._searches[group] < MAX_OF_GROUP

    @contextmanager
    def _place(self, group: Hashable) -> Iterator[None]:
        """A place among the searches."""
        with self._lock:
            if not self.has_room(group):
                raise DniError(TOO_MANY)
            self._searches[group] += 1
        try:
            yield
        finally:
            with self._lock:
                self._searches[group] -= 1
                self._searches = +self._searches  # without groups that have none

    def steps(self, session: Session) -> tuple[int, int]:
        """How many steps are done, and of how many; (0, 0) while others' are learned before."""
        return self._steps.get(session, (0, 0))

    def stop(self, session: Session) -> None:
        """Give up what a session looks for."""
        session.cancel(JOB)


def check_start(start: Mix) -> None:
    if start.extrapolates or start.method is not None:
        raise DniError(
            "The best mix is looked for between the networks, on the straight line. Take the shares back "
            "between them, and the method to the straight line."
        )
    if start.shares[0] == 1:
        raise DniError("Here the first network is alone: there is nothing to mix. Move the mix away from it.")


def affordable_batch(network: ImageNetwork, crop: Tensor) -> int:
    """How many crops a step may hold in memory with their gradients, from 1 to what the goals' preset has.

    Raises:
        DniError: Not even one, or the network has too many parameters.
    """
    parameters = sum(parameter.numel() for parameter in network.module.parameters())
    found = [0]

    def watch(_: nn.Module, __: object, output: object) -> None:
        found[0] += output.nbytes if isinstance(output, Tensor) else 0

    layers = [module for module in network.module.modules() if not list(module.children())]
    hooks = [layer.register_forward_hook(watch) for layer in layers]
    try:
        with torch.no_grad():
            network.module(crop)
    finally:
        for hook in hooks:
            hook.remove()
    batch = ACTIVATION_BYTES // max(1, JOINED * found[0])
    if parameters > MAX_PARAMETERS or batch < 1:
        raise DniError(
            "These networks are too large to look for the best mix here. Use dni tune on your own machine."
        )
    return min(batch, TuneConfig.batch)


def found_mix(tuned: Tuned, start: Mix, goal: GoalName) -> FoundMix:
    """The mix as the desk shows one: shares, and parts of them in each group of layers."""
    if not tuned.change < 0:
        raise DniError("Nothing better than this mix was found for your picture. Try from another one.")
    parts = {name: (1 - shares[0]) / (1 - start.shares[0]) for name, shares in tuned.mix.groups}
    # The slider has steps of a hundredth.
    farthest = math.ceil(100 * max(parts.values()) * (1 - start.shares[0]) - 1e-6) / 100
    scale = min(1.0, farthest) / (1 - start.shares[0])
    others = tuple(share * scale for share in start.shares[1:])
    layers = {name: min(1.0, max(0.0, part / scale)) for name, part in parts.items()}
    return FoundMix((1 - math.fsum(others), *others), layers, note_of(tuned, goal))


def note_of(tuned: Tuned, goal: GoalName) -> str:
    words = {
        "perceptual": "is at no less PSNR {} % nearer to your picture in structure and texture",
        "reference": "has {} % less squared error to your reference",
        "noise": "has {} % less noise",
    }[goal]
    amount = f"{-100 * tuned.change:.1f}"
    return (
        f"With this curve the result {words.format(amount)} than before, on the {CROPS} parts of the picture "
        f"that it was learned on in {len(tuned.goals)} steps. Undo brings the mix before it back."
    )
