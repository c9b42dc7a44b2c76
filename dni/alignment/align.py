"""Aligns checkpoints: the second file's network in the channel order of the first's, kept if that helps."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dni.alignment.errors import AlignmentError
from dni.alignment.groups import Groups, find_groups
from dni.alignment.matching import Matching, match_weights
from dni.blending.interpolate import check_blendable
from dni.catalog.pairs import Pair
from dni.checkpoints.atomic_write import atomic_write, check_destination
from dni.checkpoints.errors import SAFETENSORS_SUFFIX
from dni.checkpoints.files import read_metadata, save, sha256_of
from dni.checkpoints.naming import as_in_file
from dni.checkpoints.networks import check_alike, load_each, read_ends, states_of
from dni.compatibility.correlation import mean_correlation
from dni.compatibility.explanation import ALIKE_FROM, unrelated_share
from dni.compatibility.midpoint import QUALITIES, Midpoint
from dni.compatibility.verdict import Verdict, inspect_networks
from dni.rendering.control import RenderControl
from dni.temporary import process_folder

__all__ = ["METADATA_KEY", "Aligned", "Alignment", "align", "improves", "is_worth_aligning", "write_aligned"]

METADATA_KEY = "aligned"
# Of what is kept of the ends' additions, and of PSNR in dB: less is no improvement that anybody sees.
MORE_KEPT = 0.02
MORE_PSNR = 0.1
# PSNR between pictures that are the same but for rounding.
EQUAL_PSNR = 70.0


@dataclass(frozen=True)
class Aligned:
    """What was reordered.

    Attributes:
        moved: Channels that are not where they were.
        channels: Channels that could move.
        groups: Groups of channels that move among themselves.
        covered: The share of all parameters that these groups reach.
    """

    moved: int
    channels: int
    groups: int
    covered: float

    @property
    def words(self) -> str:
        """A sentence for people."""
        reach = "" if self.covered >= 0.995 else f", which reach {100 * self.covered:.0f} % of its parameters"
        return (
            f"{self.moved:,} of {self.channels:,} hidden channels were moved, in {self.groups} groups{reach}."
        )


def is_worth_aligning(verdict: Verdict) -> bool:
    """Whether to offer it: the networks fit, do not blend well, and their filters are not all alike."""
    layers = verdict.evidence.correlations
    if verdict.verdict == "blends well" or not layers:
        return False
    others = range(len(verdict.evidence.networks) - 1)
    return any(
        mean_correlation(layers, other) < ALIKE_FROM or unrelated_share(layers, other) > 0 for other in others
    )


def improves(before: Verdict, after: Verdict) -> bool:
    """Whether the second verdict's worst midpoint is better than the first's: verdict, then picture."""
    (old, *_), (new, *_) = before.evidence.midpoints, after.evidence.midpoints
    ranks = [QUALITIES.index(test.quality) for test in (old, new)]
    if ranks[0] != ranks[1]:
        return ranks[1] < ranks[0]
    gained = kept_of(new) - kept_of(old)
    if abs(gained) > MORE_KEPT:
        return gained > 0
    return psnr_of(new) - psnr_of(old) > MORE_PSNR


def kept_of(test: Midpoint) -> float:
    return 1.0 if test.kept is None else test.kept


def psnr_of(test: Midpoint) -> float:
    value = test.psnr_to_pixel_blend
    return EQUAL_PSNR if value is None else min(value, EQUAL_PSNR)


def write_aligned(first: Path, second: Path, destination: Path) -> Aligned:
    """Reorder the second file's network to match the first's, and write it as the second's file would be.

    Args:
        first: A file of weights, which stays as it is.
        second: One of the same architecture.
        destination: A ``.safetensors`` file; it appears whole or not at all. It computes what the second
            does, but for rounding, in the second's names and precision, and says with what it was aligned.

    Raises:
        AlignmentError: No channels can be reordered, or all of them are in their best places.
        DniError: The files cannot be used together, or the destination not be written.
    """
    check_destination(destination, SAFETENSORS_SUFFIX)
    networks = load_each([first, second])
    check_alike(networks, [str(first), str(second)])
    ours, theirs = states_of(networks)
    check_blendable([ours, theirs])
    groups = find_groups(networks[1])
    matching = match_weights(ours, theirs, groups.groups)
    if not matching.moved:
        raise AlignmentError(
            f"Expected channels of {second.name} in another order than in {first.name}, but all are in the "
            "best order already. Blend the networks as they are."
        )
    metadata = read_metadata(second)
    written = as_in_file(matching.state, networks[1], read_ends([first, second])[1], metadata, dtype=None)
    save(destination, written, {**metadata, METADATA_KEY: f"with {first.name}, sha256 {sha256_of(first)}"})
    return aligned_of(groups, matching)


def aligned_of(groups: Groups, matching: Matching) -> Aligned:
    return Aligned(
        moved=matching.moved,
        channels=sum(group.size for group in groups.groups),
        groups=len(groups.groups),
        covered=groups.covered,
    )


@dataclass(frozen=True)
class Alignment:
    """An alignment with the verdicts on the networks before and after it."""

    aligned: Aligned
    before: Verdict
    after: Verdict

    @property
    def is_better(self) -> bool:
        """Whether to keep it."""
        return improves(self.before, self.after)


def align(
    first: Path,
    second: Path,
    destination: Path,
    *,
    picture: Path | None = None,
    catalog: Mapping[str, Pair] | None = None,
    keep_any: bool = False,
    crop: int | None = None,
    control: RenderControl | None = None,
) -> Alignment:
    """Align two files and judge the blend before and after; written only if the midpoint is better.

    Args:
        first, second, destination: See :func:`write_aligned`.
        picture: Of the midpoint tests; by default an example.
        catalog: Known pairs, for the verdicts' lineage.
        keep_any: Write the file even if it is not better.
        crop: Of both tests' picture; see :func:`dni.compatibility.verdict.inspect_networks`.
        control: Of the midpoint tests.

    Raises:
        AlignmentError, DniError: See :func:`write_aligned`; or the networks do not fit together at all.
    """
    labels = Pair.from_paths([first, second]).labels

    def judged(other: Path, crop: int | None) -> Verdict:
        return inspect_networks(
            [first, other], labels=labels, picture=picture, catalog=catalog, control=control, crop=crop
        )

    check_destination(destination, SAFETENSORS_SUFFIX)
    before = judged(second, crop)
    if not before.evidence.same_architecture:
        raise AlignmentError(before.reason)
    with tempfile.TemporaryDirectory(prefix="aligned-", dir=process_folder()) as folder:
        trial = Path(folder) / f"aligned{SAFETENSORS_SUFFIX}"
        aligned = write_aligned(first, second, trial)
        alignment = Alignment(aligned, before, judged(trial, before.evidence.crop))
        if alignment.is_better or keep_any:
            with atomic_write(destination) as partial:
                shutil.copyfile(trial, partial)
    return alignment
