"""The verdict on networks of which we know whether they blend: does it say what it should?"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.permute import permuted_compact, permuted_rrdb
from benchmarks.table import save_table
from benchmarks.tune import middle
from dni.blending.shares import Mix
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.checkpoints.files import read_metadata, read_state, save
from dni.checkpoints.networks import load_ends
from dni.compatibility.correlation import mean_correlation
from dni.compatibility.crop import LARGEST_CROP
from dni.compatibility.first_answer import first_answer
from dni.compatibility.midpoint import QUALITIES
from dni.compatibility.verdict import inspect_networks
from dni.examples import EXAMPLE_FOLDER
from dni.metrics.distortion import psnr_y
from dni.pictures.photographs import load_photographs
from dni.pictures.picture import to_tensor
from dni.pictures.resize import reduce_bicubic
from dni.rendering.renderer import Renderer
from dni.tradeoff.tuning.crops import crops_of
from dni.training.restoration.config import TrainConfig
from dni.training.restoration.train import Trainer
from models.rrdbnet import RRDBNet

EXAMPLES = EXAMPLE_FOLDER
PICTURES = ("astronaut.png", "cat.png", "coffee.png")
# The others lose brightness or contrast half-way, by the table of known cases of issue 16.
CUGAN_WELL = {"denoise1x denoise2x", "denoise1x no-denoise"}
SHORT = TrainConfig(batch_size=4, patch_size=64, warmup=100, validate_every=800)


KEPT, OLDER, NONE = "kept", "the others", "none: held back"


@dataclass(frozen=True)
class Case:
    """Networks, the verdict that they deserve, and which of the verdict's limits were set on them."""

    title: str
    expected: str
    paths: list[Path]
    limits: str = NONE


def train(config: TrainConfig, folder: Path, photographs: list[Path], ancestor: Path | None = None) -> Path:
    """A short run of the restoration training, unless it is there; returns its weights."""
    finished = folder / "finished.safetensors"
    if not finished.is_file():
        trainer = Trainer(config, photographs=photographs, run_folder=folder, ancestor=ancestor)
        trainer.run()
        shutil.copy(trainer.export(), finished)
    return finished


def stopped_early(config: TrainConfig, folder: Path, photographs: list[Path], iterations: int) -> Path:
    """The same run as it was after so many iterations: the schedule is that of the whole run."""
    early = folder / f"{iterations}.safetensors"
    if not early.is_file():
        trainer = Trainer(config, photographs=photographs, run_folder=folder)
        while trainer.iteration < iterations:
            trainer.step()
            trainer.iteration += 1
        shutil.copy(trainer.export(), early)
    return early


def trained(folder: Path, photographs: list[Path]) -> Iterator[Case]:
    """Networks that were trained apart, stopped early, and fine-tuned far."""
    bundled = end_paths(find_pair("esrgan-lite-x4"))
    config = replace(SHORT, iterations=800, seed=1)
    other = train(config, folder / "seed1", photographs)
    yield Case(
        "bundled end A, another training with another seed", "does not blend", [bundled[0], other], OLDER
    )
    early = stopped_early(config, folder / "early", photographs, 100)
    yield Case(
        "that other training, itself after 100 of 800 steps", "blends with loss", [early, other], OLDER
    )
    hard = replace(SHORT, iterations=200, seed=2, learning_rate=4e-3, warmup=10, ema_decay=0.95)
    far = train(hard, folder / "far", photographs, ancestor=other)
    yield Case("that other training, fine-tuned far", "blends with loss", [other, far], OLDER)


def of_compact(folder: Path, shared: Path) -> Iterator[Case]:
    """Real-ESRGAN's compact pair and spoiled copies: what the limits of the kept share were set on."""
    names = ("realesr-general-x4v3", "realesr-general-wdn-x4v3")
    real = [shared / "realesr-general" / f"{name}.safetensors" for name in names]
    both = f"{KEPT} and {OLDER}"
    yield Case("real pair, Real-ESRGAN general", "blends well", real, both)
    states = [read_state(path) for path in real]

    def spoiled(name: str, state: Mapping[str, Tensor]) -> list[Path]:
        save(folder / f"{name}.safetensors", state, {})
        return [real[0], folder / f"{name}.safetensors"]

    moved = spoiled("all", permuted_compact(states[0]))
    yield Case("real end A, its copy with reordered channels", "does not blend", moved, both)
    moved = spoiled("other", permuted_compact(states[1], seed=1))
    yield Case("real end A, end B with reordered channels", "does not blend", moved, KEPT)
    for count, layers, expected in (
        (8, range(8, 16), "does not blend"),
        (2, (10, 20), "does not blend"),
        (1, (15,), "blends with loss"),
    ):
        moved = spoiled(f"layers{count}", permuted_compact(states[0], only=layers))
        yield Case(f"real end A, its copy with {count} of 32 layers reordered", expected, moved, KEPT)
    for percent, expected in ((10, "blends well"), (20, "blends with loss"), (40, "does not blend")):
        noisy = spoiled(f"noise{percent}", with_noise(states[0], percent / 100))
        yield Case(f"real end A, its copy with {percent} % of noise on its weights", expected, noisy, KEPT)
    for seed in (1, 2):
        noisy = spoiled(f"noise20-{seed}", with_noise(states[0], 0.2, seed=seed))
        yield Case("real end A, its copy with 20 % of other noise on its weights", "blends with loss", noisy)
    noisy = spoiled("noise10-1", with_noise(states[1], 0.1, seed=1))
    yield Case("real end A, end B with 10 % of noise on its weights", "blends well", noisy)
    for seed, pair in enumerate(((5, 28), (13, 14), (3, 9), (20, 27)), start=1):
        moved = spoiled(f"layers2-{seed}", permuted_compact(states[0], only=pair, seed=seed))
        yield Case("real end A, its copy with two other layers reordered", "does not blend", moved)
    moved = spoiled("layer25", permuted_compact(states[0], only=(25,), seed=2))
    yield Case("real end A, its copy with another layer reordered", "blends with loss", moved)


def of_ruined(folder: Path, shared: Path, photographs: list[Path]) -> Iterator[Case]:
    """Real-ESRGAN's compact network after careless training: a bad end, and half-way something is left."""
    real = shared / "realesr-general" / "realesr-general-x4v3.safetensors"
    for title, rate, negative in (
        ("at eight times the usual rate", 8e-4, False),
        ("for negatives", 3e-4, True),
    ):
        path = folder / f"ruined-{rate:g}.safetensors"
        if not path.is_file():
            save(path, ruined(real, photographs, learning_rate=rate, negative=negative), {})
        yield Case(f"real end A, retrained to ruin {title}", "blends with loss", [real, path])


def of_others(folder: Path, shared: Path) -> Iterator[Case]:
    """Other networks: on most of them no limit was set."""
    bundled = end_paths(find_pair("esrgan-lite-x4"))
    yield Case("bundled pair", "blends well", bundled, OLDER)
    shuffled = folder / "shuffled.safetensors"
    save(shuffled, permuted_rrdb(read_state(bundled[0])), read_metadata(bundled[0]))
    title = "bundled end A, its copy with reordered channels"
    yield Case(title, "does not blend", [bundled[0], shuffled], OLDER)
    for pair_id in ("texture-x4", "texture-x4-compact", "denoise", "jpeg-repair", "look-pencil"):
        pair = find_pair(pair_id)
        yield Case(f"bundled pair {pair.title}", "blends well", end_paths(pair))
    for one, other in combinations(("denoise1x", "denoise2x", "no-denoise", "conservative", "denoise3x"), 2):
        names = [f"up2x-{name}.safetensors" for name in (one, other)]
        expected = "blends well" if f"{one} {other}" in CUGAN_WELL else "blends with loss"
        paths = [shared / "realcugan-2x" / name for name in names]
        yield Case(f"Real-CUGAN {one} and {other}", expected, paths)


def ruined(end: Path, photographs: list[Path], *, learning_rate: float, negative: bool) -> dict[str, Tensor]:
    """A network after sixty careless steps: Adam without warm-up, L1 to photographs or their negatives."""
    network, _ = load_ends([end, end])
    parameters = network.module.requires_grad_().parameters()
    optimizer = torch.optim.Adam(parameters, lr=learning_rate)
    pictures = [to_tensor(photograph) for photograph in load_photographs(photographs)]
    generator = torch.Generator().manual_seed(0)
    wanted = crops_of(pictures, 16 * network.scale, count=400)
    for _ in range(60):
        chosen = wanted[torch.randint(len(wanted), (4,), generator=generator)]
        given = torch.stack([reduce_bicubic(crop, network.scale) for crop in chosen]).float() / 255
        target = 255 - chosen if negative else chosen
        loss = functional.l1_loss(network.module(given), target.float() / 255)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    # As the file has them: the built network is wrapped.
    return {name: network.module.get_parameter(f"network.{name}").detach() for name in read_state(end)}


def with_noise(state: Mapping[str, Tensor], share: float, *, seed: int = 0) -> dict[str, Tensor]:
    """A copy with Gaussian noise of that share of each tensor's deviation on its weights."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: tensor + share * tensor.std() * torch.randn(tensor.shape, generator=generator)
        if tensor.ndim == 4
        else tensor
        for name, tensor in state.items()
    }


def row_of(case: Case) -> list[str]:
    """The verdicts on all pictures."""
    found = [inspect_networks(case.paths, picture=EXAMPLES / name, crop=LARGEST_CROP) for name in PICTURES]
    tests = [each.evidence.midpoints[0] for each in found]
    verdicts = [each.verdict for each in found]
    first = first_answer(case.paths)
    right = sum(verdict == case.expected for verdict in verdicts)
    worst = max(tests, key=lambda test: QUALITIES.index(test.quality))
    return [
        case.title,
        case.limits,
        case.expected,
        first.verdict if first else "",
        verdicts[0] if len(set(verdicts)) == 1 else ", ".join(verdicts),
        f"{right} of {len(verdicts)}",
        f"{mean_correlation(found[0].evidence.correlations):.2f}",
        ", ".join("" if test.kept is None else f"{test.kept:.2f}" for test in tests),
        ", ".join("" if test.stray is None else f"{test.stray:.1f}" for test in tests),
        ", ".join(f"{test.detour:.2f}" for test in tests),
        worst.problems[0] if worst.problems else "",
        ", ".join(
            "equal" if test.psnr_to_pixel_blend is None else f"{test.psnr_to_pixel_blend:.1f}"
            for test in tests
        ),
    ]


def truth_words(cases: list[Case], test: Path) -> str:
    """How near to the truth the ends and the blend half-way are."""
    truth = [middle(to_tensor(photograph)) for photograph in load_photographs([test])]
    words = []
    for case in cases:
        renderer = Renderer(*load_ends(case.paths), precision="float32")
        values = []
        for alpha in (0.0, 0.5, 1.0):
            psnr = [
                psnr_y(
                    renderer.render(reduce_bicubic(rgb, renderer.scale), Mix.of_alpha(alpha))[None].float()
                    / 255,
                    rgb[None].float() / 255,
                    border=renderer.scale,
                )
                for rgb in truth
            ]
            values.append(f"{fmean(psnr):.1f}")
        words.append(f"{case.title}: {', '.join(values)} dB")
    return f"PSNR to the truth ({test.name}) of end, middle, end: {'; '.join(words)}."


def words_on_first_answer(folder: Path) -> str:
    """How long the first answer takes on two networks of 16.7 million parameters."""
    paths = [folder / f"large{seed}.safetensors" for seed in range(2)]
    for seed, path in enumerate(paths):
        torch.manual_seed(seed)
        save(path, RRDBNet(num_filters=64, num_blocks=23).state_dict(), {})
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        first_answer(paths)
        seconds.append(time.perf_counter() - started)
    return (
        f"The first answer on two RRDBs of 16.7 million parameters took {min(seconds):.1f} to "
        f"{max(seconds):.1f} s in five tries, at a load of {os.getloadavg()[0]:.0f} on {os.cpu_count()} "
        "cores."
    )


def main() -> None:
    """Judge every case on three pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--photographs", type=Path, action="append", required=True, help="folders to train on"
    )
    parser.add_argument("--run-folder", type=Path, required=True, help="where trained networks go and stay")
    parser.add_argument("--test", type=Path, required=True, help="photographs to compare with the truth")
    parser.add_argument("--pairs", type=Path, required=True, help="folder of realesr-general, realcugan-2x")
    arguments = parser.parse_args()
    folder: Path = arguments.run_folder
    folder.mkdir(parents=True, exist_ok=True)
    every = [
        *of_compact(folder, arguments.pairs),
        *of_ruined(folder, arguments.pairs, arguments.photographs),
        *of_others(folder, arguments.pairs),
        *trained(folder, arguments.photographs),
    ]
    rows = []
    for case in every:
        rows.append(row_of(case))
        print(rows[-1], flush=True)
    columns = (
        "networks", "limits set on it", "should be", "first answer", f"verdict ({', '.join(PICTURES)})",
        "right", "correlation", "kept", "stray", "detour", "worst problem", "PSNR to pixel blend, dB",
    )  # fmt: skip
    held_back = [row for row in rows if row[1] == NONE]
    counts = [(sum(int(row[5][0]) for row in some), len(some) * len(PICTURES)) for some in (rows, held_back)]
    note = (
        f"{counts[0][0]} of {counts[0][1]} verdicts are as they should be; of the cases held back, on which "
        f"no limit was set, {counts[1][0]} of {counts[1][1]}. *Kept* limits and the others are those of "
        "dni/compatibility/midpoint.py. Middle 96x96 pixels of each picture, values in the order of the "
        "pictures. *First answer*: from the parameters alone. *Correlation*: mean over layers, with the "
        "first network. *Kept*: how much of what the ends add to plain enlargement is left half-way. "
        "*Stray*: what the blend adds half-way that no end adds, in levels. "
        "*Detour*: distance of the blend's picture to the farther end, divided by that between the ends, or "
        "by two levels of 255 where that is more. Trained networks: short runs on patches of 64, with the "
        "settings in benchmarks/verdicts.py. What the last two should be was a guess before they were "
        "trained, and their rows are left as wrong: by the truth, the first loses nothing half-way, and the "
        f"second much. {truth_words(every[-2:], arguments.test)} {words_on_first_answer(folder)}"
    )
    save_table("verdicts", "Verdicts on known cases", columns, rows, note)


if __name__ == "__main__":
    main()
