"""Aligns checkpoints: networks in files in the channel order of the first one's, kept where that helps."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from dni.alignment.activations import match_activations
from dni.alignment.errors import AlignmentError
from dni.alignment.groups import Groups, find_groups
from dni.alignment.matching import Matching
from dni.alignment.merge_many import match_many
from dni.alignment.outcome import Aligned, Alignment, settle
from dni.blending.interpolate import check_blendable
from dni.catalog.pairs import Pair
from dni.checkpoints.atomic_write import atomic_write, check_destination, refuse_overwriting
from dni.checkpoints.errors import SAFETENSORS_SUFFIX
from dni.checkpoints.files import read_metadata, save, sha256_of
from dni.checkpoints.naming import as_in_file
from dni.checkpoints.networks import check_alike, load_each, read_ends, states_of
from dni.compatibility.verdict import Verdict, inspect_networks
from dni.rendering.control import RenderControl
from dni.temporary import process_folder

__all__ = ["METADATA_KEY", "AlignOptions", "Match", "align", "in_best_order", "write_aligned"]

METADATA_KEY = "aligned"
Match = Literal["weights", "activations"]
MATCHES: tuple[Match, ...] = ("weights", "activations")


def write_aligned(
    paths: Sequence[Path], destinations: Mapping[int, Path], *, match: Match = "weights"
) -> dict[int, Aligned]:
    """Reorder networks in files to match the first, and write each as its own file would be.

    Args:
        paths: Two or more files of weights of one architecture, which stay as they are.
        destinations: Where to write, by the number of the network, counted from 0: ``.safetensors`` files,
            each of which appears whole or not at all. Networks without one stay as they are, the first
            among them. A file computes what the network's own does, but for rounding, in its names and
            precision, and says with what it was aligned.
        match: By weights (:mod:`dni.alignment.merge_many`) or by activations
            (:mod:`dni.alignment.activations`).

    Returns:
        What was moved; nothing of networks that are in their best order, whose files are not written.

    Raises:
        AlignmentError: No channels can be reordered.
        DniError: The files cannot be used together, or a destination not be written.
    """
    for destination in destinations.values():
        check_destination(destination, SAFETENSORS_SUFFIX)
    networks = load_each(paths)
    check_alike(networks, [str(path) for path in paths])
    states = states_of(networks)
    check_blendable(states)
    groups = find_groups(networks[1])
    held = [number for number in range(len(paths)) if number not in destinations]
    match_states = match_many if match == "weights" else partial(match_activations, networks)
    found = match_states(states, groups.groups, held=held)
    files = read_ends(paths)
    aligned = {}
    for number, destination in destinations.items():
        if found[number].moved:
            metadata = read_metadata(paths[number])
            state = as_in_file(found[number].state, networks[number], files[number], metadata, dtype=None)
            save(destination, state, {**metadata, METADATA_KEY: with_words(paths, number)})
            aligned[number] = aligned_of(groups, found[number])
    return aligned


def with_words(paths: Sequence[Path], number: int) -> str:
    """With what a network was aligned."""
    others = [path for index, path in enumerate(paths) if index != number]
    return "with " + "; ".join(f"{path.name}, sha256 {sha256_of(path)}" for path in others)


def aligned_of(groups: Groups, matching: Matching) -> Aligned:
    return Aligned(
        moved=matching.moved,
        channels=sum(group.size for group in groups.groups),
        groups=len(groups.groups),
        covered=groups.covered,
    )


def in_best_order(paths: Sequence[Path]) -> AlignmentError:
    """What is raised where no channel of any network was moved."""
    names = " and ".join(path.name for path in paths[1:])
    return AlignmentError(
        f"Expected channels of {names} in another order than in {paths[0].name}, but all are in the "
        "best order already. Blend the networks as they are."
    )


@dataclass(frozen=True, kw_only=True)
class AlignOptions:
    """How networks are aligned, and how their blends are judged.

    Attributes:
        match: By weights only, or by weights and then by activations, where that is better still.
        keep_any: Write files even if they are not better.
        picture: Of the midpoint tests; by default an example.
        catalog: Known pairs, for the verdicts' lineage.
        crop: Of all tests' picture; see :func:`dni.compatibility.verdict.inspect_networks`.
        control: Of the midpoint tests.
    """

    match: Match = "weights"
    keep_any: bool = False
    picture: Path | None = None
    catalog: Mapping[str, Pair] | None = None
    crop: int | None = None
    control: RenderControl | None = None

    @property
    def steps(self) -> tuple[Match, ...]:
        return MATCHES[: 1 + MATCHES.index(self.match)]

    def judge(self, paths: Sequence[Path], *, labels: Sequence[str], crop: int | None) -> Verdict:
        """The verdict on the networks in files."""
        return inspect_networks(
            paths,
            labels=labels,
            picture=self.picture,
            catalog=self.catalog,
            control=self.control,
            crop=crop,
        )


def align(
    paths: Sequence[Path], destinations: Sequence[Path], options: AlignOptions | None = None
) -> list[Alignment]:
    """Align files with the first one and judge the blend before and after; kept only if it is better.

    Args:
        paths: Two or more files, as of :func:`write_aligned`.
        destinations: A ``.safetensors`` file for each but the first. It is written if half-way between the
            first network and this one the blend is better.
        options: By default by weights, on an example.

    Returns:
        One or two steps, each judged from what was kept of the one before.

    Raises:
        AlignmentError: All channels are in their best order, or the networks do not fit together at all.
        DniError: See :func:`write_aligned`.
    """
    options = options or AlignOptions()
    for destination in destinations:
        check_destination(destination, SAFETENSORS_SUFFIX)
    refuse_overwriting(paths, destinations)
    judge = partial(options.judge, labels=Pair.from_paths(paths).labels)
    before, current, steps = judge(paths, crop=options.crop), list(paths), list[Alignment]()
    if not before.evidence.same_architecture:
        raise AlignmentError(before.reason)
    with tempfile.TemporaryDirectory(prefix="aligned-", dir=process_folder()) as folder:
        for match in options.steps:
            found = Step(match, current, Path(folder) / match, partial(judge, crop=before.evidence.crop))
            steps.append(settle(found.write, found.judge, before, keep_any=options.keep_any))
            if steps[-1].is_better or (options.keep_any and steps[-1].aligned):
                current, before = found.files(steps[-1].aligned), steps[-1].after
        if not any(step.aligned for step in steps):
            raise in_best_order(paths)
        copy_moved(paths, current, destinations)
    return steps


def copy_moved(paths: Sequence[Path], current: Sequence[Path], destinations: Sequence[Path]) -> None:
    """Write the files that are others now than they were."""
    for path, file, destination in zip(paths[1:], current[1:], destinations, strict=False):
        if file != path:
            with atomic_write(destination) as partial_file:
                shutil.copyfile(file, partial_file)


@dataclass(frozen=True)
class Step:
    """One way of matching, tried on files in a folder of its own."""

    match: Match
    paths: Sequence[Path]
    folder: Path
    verdict: Callable[[Sequence[Path]], Verdict]

    def write(self, held: Collection[int]) -> dict[int, Aligned]:
        self.folder.mkdir(exist_ok=True)
        free = [number for number in range(len(self.paths)) if number not in held]
        return write_aligned(self.paths, {number: self.trial(number) for number in free}, match=self.match)

    def judge(self, written: Collection[int]) -> Verdict:
        return self.verdict(self.files(written))

    def files(self, written: Collection[int]) -> list[Path]:
        return [self.trial(n) if n in written else path for n, path in enumerate(self.paths)]

    def trial(self, number: int) -> Path:
        return self.folder / f"{number}{SAFETENSORS_SUFFIX}"
