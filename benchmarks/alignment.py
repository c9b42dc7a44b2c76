"""Alignment on known cases: is a reordered copy recovered, and what becomes of the blend half-way?"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.permute import permuted_compact, permuted_rrdb
from benchmarks.table import save_table
from dni.alignment.align import AlignOptions, align
from dni.alignment.errors import AlignmentError
from dni.alignment.groups import find_groups, reordered
from dni.alignment.matching import match_weights
from dni.alignment.outcome import Alignment
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.checkpoints.files import read_metadata, read_state, save
from dni.checkpoints.networks import load_each, load_network, states_of
from dni.compatibility.crop import LARGEST_CROP
from dni.compatibility.verdict import Verdict, inspect_networks
from models import RRDBNet


@dataclass(frozen=True)
class Case:
    """Two files, and where the second is a reordered copy, the file before reordering."""

    title: str
    first: Path
    second: Path
    original: Path | None = None


def cases(folder: Path, shared: Path) -> Iterator[Case]:
    """Reordered by name (:mod:`benchmarks.permute`) where that is known, else by the groups themselves."""
    real = [shared / "realesr-general" / f"realesr-general-{name}x4v3.safetensors" for name in ("", "wdn-")]
    for number, title in enumerate(("its reordered copy", "the other end, reordered")):
        copy = folder / f"compact{number}.safetensors"
        save(copy, permuted_compact(read_state(real[number]), seed=number), {})
        yield Case(f"Compact (Real-ESRGAN general) and {title}", real[0], copy, real[number])
    yield Case("Compact (Real-ESRGAN general), both ends as they are", *real)
    for number, title in enumerate(("its reordered copy", "the other end, reordered")):
        bundled = end_paths(find_pair("esrgan-lite-x4"))
        copy = folder / f"bundled{number}.safetensors"
        save(copy, permuted_rrdb(read_state(bundled[number])), read_metadata(bundled[number]))
        yield Case(f"bundled RRDB 32x2 and {title}", bundled[0], copy, bundled[number])
    large = [folder / "large.safetensors", folder / "large-copy.safetensors"]
    torch.manual_seed(0)
    save(large[0], RRDBNet(num_filters=64, num_blocks=23).state_dict(), {})
    save(large[1], permuted_rrdb(read_state(large[0])), {})
    yield Case("RRDB 64x23 (random, seeded) and its reordered copy", large[0], large[1], large[0])
    cugan = shared / "realcugan-2x"
    first, other = cugan / "up2x-denoise1x.safetensors", cugan / "up2x-denoise2x.safetensors"
    for original, title in ((first, "its reordered copy"), (other, "denoise2x, reordered")):
        copy = folder / f"copy-{original.name}"
        save(copy, reordered_by_groups(original), read_metadata(original))
        yield Case(f"Real-CUGAN denoise1x and {title}", first, copy, original)
    for one, two in (("conservative", "denoise3x"), ("denoise2x", "denoise3x")):
        paths = [cugan / f"up2x-{name}.safetensors" for name in (one, two)]
        yield Case(f"Real-CUGAN {one} and {two}, as they are", *paths)


def reordered_by_groups(path: Path, *, seed: int = 0) -> dict[str, torch.Tensor]:
    """The network with each group in a random order: the same function."""
    network, generator = load_network(path), np.random.default_rng(seed)
    state = dict(network.module.state_dict())
    for group in find_groups(network).groups:
        state = reordered(state, group, generator.permutation(group.size))
    return state


def row_of(case: Case, folder: Path) -> list[str]:
    """Before and after."""
    target, start = folder / "aligned.safetensors", time.process_time()
    try:
        paths = [case.first, case.second]
        (found,) = align(paths, [target], AlignOptions(catalog={}, keep_any=True, crop=LARGEST_CROP))
    except AlignmentError as error:
        before = inspect_networks([case.first, case.second], catalog={}, crop=LARGEST_CROP)
        nothing = f"none: {error}"
        return [
            *(case.title, *words_of(before), nothing, "", "", "", "no", psnr_words(before)),
            by_activations(paths, folder),
            "",
        ]
    seconds = time.process_time() - start
    return [
        case.title,
        *words_of(found.before),
        f"{found.aligned[1].moved} of {found.aligned[1].channels} in {found.aligned[1].groups}",
        recovered(case, target),
        *words_of(found.after),
        "yes" if found.is_better else "no",
        *unordered(case, found),
        by_activations(paths, folder),
        f"{seconds:.0f}",
    ]


def by_activations(paths: list[Path], folder: Path) -> str:
    """What matching by activations does to what was kept of matching by weights."""
    targets = [folder / f"activations{number}.safetensors" for number in range(1, len(paths))]
    try:
        step = align(paths, targets, AlignOptions(match="activations", catalog={}, crop=LARGEST_CROP))[-1]
    except AlignmentError:
        return "nothing moves"
    if not step.aligned:
        return "nothing moves"
    moved = sum(aligned.moved for aligned in step.aligned.values())
    kept = "kept" if step.is_better else "not kept"
    return f"{moved} moved: {', '.join(words_of(step.after))} dB; {kept}"


def row_of_many(folder: Path, names: list[str], cugan: Path) -> list[str]:
    """Real-CUGAN's five, all but the first reordered."""
    originals = [cugan / f"up2x-{name}.safetensors" for name in names]
    paths = [originals[0]]
    for number, path in enumerate(originals[1:], start=1):
        paths.append(folder / f"many{number}-{path.name}")
        save(paths[-1], reordered_by_groups(path, seed=number), read_metadata(path))
    targets = [folder / f"many{number}.safetensors" for number in range(1, len(paths))]
    start = time.process_time()
    (found,) = align(paths, targets, AlignOptions(catalog={}, keep_any=True, crop=LARGEST_CROP))
    seconds = time.process_time() - start
    whole = inspect_networks(originals, catalog={}, crop=LARGEST_CROP)
    back = sum(equal_tensors(*both) for both in zip(originals[1:], targets, strict=True))
    networks = load_each(paths)
    states, groups = states_of(networks), find_groups(networks[1]).groups
    alone = sum(
        equal_tensors(path, match_weights(states[0], state, groups).state)
        for path, state in zip(originals[1:], states[1:], strict=True)
    )
    total = len(states[0]) * len(targets)
    return [
        f"Real-CUGAN {names[0]}, and {', '.join(names[1:])}, each of them reordered",
        *words_of(found.before),
        f"{sum(each.moved for each in found.aligned.values())} of "
        f"{sum(each.channels for each in found.aligned.values())} in {found.aligned[1].groups} each",
        f"{back} of {total} (each matched with the first alone: {alone})",
        *words_of(found.after),
        "yes" if found.is_better else "no",
        psnr_words(whole),
        by_activations(paths, folder),
        f"{seconds:.0f}",
    ]


def unordered(case: Case, found: Alignment) -> list[str]:
    """PSNR of the blend with the original, which nothing has reordered."""
    if case.original is None:
        return [psnr_words(found.before)]
    if case.original == case.first:
        return ["equal"]
    return [psnr_words(inspect_networks([case.first, case.original], catalog={}, crop=LARGEST_CROP))]


def words_of(verdict: Verdict) -> list[str]:
    test = verdict.evidence.midpoints[0]
    kept = "" if test.kept is None else f", kept {test.kept:.2f}"
    return [f"{verdict.verdict}{kept}", psnr_words(verdict)]


def psnr_words(verdict: Verdict) -> str:
    value = verdict.evidence.midpoints[0].psnr_to_pixel_blend
    return "equal" if value is None else f"{value:.1f}"


def recovered(case: Case, target: Path) -> str:
    """How many tensors are as before reordering, to the last bit."""
    if case.original is None:
        return ""
    return f"{equal_tensors(case.original, target)} of {len(load_network(target).module.state_dict())}"


def equal_tensors(original: Path, found: Path | Mapping[str, torch.Tensor]) -> int:
    """How many tensors of a file are equal to those of another, or of a state."""
    state = load_network(found).module.state_dict() if isinstance(found, Path) else found
    wanted = load_network(original).module.state_dict()
    return sum(torch.equal(tensor, state[name]) for name, tensor in wanted.items())


def main() -> None:
    """Align every case, and save the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, required=True, help="folder of realesr-general, realcugan-2x")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for case in cases(Path(name), arguments.pairs):
            rows.append(row_of(case, Path(name)))
            print(rows[-1], flush=True)
        ladder = ["denoise1x", "denoise2x", "no-denoise", "conservative", "denoise3x"]
        for names in (ladder, ladder[::-1]):
            rows.append(row_of_many(Path(name), names, arguments.pairs / "realcugan-2x"))
            print(rows[-1], flush=True)
    columns = (
        "networks", "before", "PSNR, dB", "channels moved, in groups", "tensors recovered", "after",
        "PSNR, dB", "kept?", "PSNR of the unreordered, dB", "then by activations",
        "CPU seconds, verdicts included",
    )  # fmt: skip
    note = (
        "Verdict and kept share half-way (dni/compatibility), and PSNR of the blend half-way to the mean of "
        "the ends' pictures, on the middle of astronaut.png. *Recovered*: equal to the last bit to what the "
        "second network was before it was reordered. More than two networks: the worst midpoint of each two "
        "and of all; one at a time is matched with the mean of the others (MergeMany). *Then by "
        "activations*: a second step, on the bundled examples (`--match activations`), from what the first "
        "one left. "
        "*Kept?*: whether `dni align` writes the file, which it "
        "does only if the blend half-way is better. Copies were reordered by names (benchmarks/permute.py), "
        "those of Real-CUGAN by the groups that were found. CPU seconds are of one process with the threads "
        "that torch was given, on a machine that others used too."
    )
    save_table("alignment", "Alignment before and after", columns, rows, note)


if __name__ == "__main__":
    main()
