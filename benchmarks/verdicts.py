"""The verdict on networks of which we know whether they blend: does it say what it should?"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.permute import permuted_compact, permuted_rrdb
from benchmarks.table import save_table
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.checkpoints.files import read_metadata, read_state, save
from dni.compatibility.correlation import mean_correlation
from dni.compatibility.verdict import inspect_networks
from dni.examples import EXAMPLE_FOLDER
from dni.training.restoration.config import TrainConfig
from dni.training.restoration.train import Trainer

EXAMPLES = EXAMPLE_FOLDER
PICTURES = ("astronaut.png", "cat.png", "coffee.png")
SHORT = TrainConfig(batch_size=4, patch_size=128, warmup=100, validate_every=100)


@dataclass(frozen=True)
class Case:
    """Networks, and the verdict that they deserve."""

    title: str
    expected: str
    paths: list[Path]


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


def cases(folder: Path, photographs: list[Path], real_pair: str | None) -> Iterator[Case]:
    """Every known case, trained and shuffled where needed."""
    bundled = end_paths(find_pair("esrgan-lite-x4"))
    yield Case("bundled pair", "blends well", bundled)
    shuffled = folder / "shuffled.safetensors"
    save(shuffled, permuted_rrdb(read_state(bundled[0])), read_metadata(bundled[0]))
    yield Case("bundled end A, its copy with reordered channels", "does not blend", [bundled[0], shuffled])
    if real_pair:
        real = end_paths(find_pair(real_pair))
        yield Case("real pair, Real-ESRGAN general", "blends well", real)
        shuffled = folder / "real-shuffled.safetensors"
        save(shuffled, permuted_compact(read_state(real[0])), {})
        yield Case("real end A, its copy with reordered channels", "does not blend", [real[0], shuffled])
    config = replace(SHORT, iterations=800, seed=1)
    other = train(config, folder / "seed1", photographs)
    yield Case("bundled end A, another training with another seed", "does not blend", [bundled[0], other])
    early = stopped_early(config, folder / "early", photographs, 100)
    yield Case("that other training, itself after 100 of 800 steps", "blends with loss", [early, other])
    hard = replace(SHORT, iterations=200, seed=2, learning_rate=4e-3, warmup=10, ema_decay=0.95)
    far = train(hard, folder / "far", photographs, ancestor=other)
    yield Case("that other training, fine-tuned far", "blends with loss", [other, far])


def rows_of(case: Case) -> Iterator[list[str]]:
    """One row a picture."""
    for picture in PICTURES:
        found = inspect_networks(case.paths, picture=EXAMPLES / picture)
        test = found.evidence.midpoints[0]
        psnr = [test.psnr_between_ends, *test.psnr_to_ends, test.psnr_to_pixel_blend]
        yield [
            case.title,
            case.expected,
            found.verdict,
            picture,
            f"{mean_correlation(found.evidence.correlations):.2f}",
            f"{test.detour:.2f}",
            *(
                f"{getattr(test.blend, name):{form}} "
                f"({', '.join(f'{getattr(look, name):{form}}' for look in test.looks)})"
                for name, form in (("brightness", ".3f"), ("contrast", ".3f"), ("texture", ".4f"))
            ),
            ", ".join("equal" if value is None else f"{value:.1f}" for value in psnr),
        ]


def main() -> None:
    """Judge every case on three pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--photographs", type=Path, action="append", required=True, help="folders to train on"
    )
    parser.add_argument("--run-folder", type=Path, required=True, help="where trained networks go and stay")
    parser.add_argument("--real-pair", help="a pair of the catalogue of Real-ESRGAN general")
    arguments = parser.parse_args()
    arguments.run_folder.mkdir(parents=True, exist_ok=True)
    rows = [
        row
        for case in cases(arguments.run_folder, arguments.photographs, arguments.real_pair)
        for row in rows_of(case)
    ]
    columns = (
        "networks", "should be", "verdict", "picture", "correlation", "detour", "brightness (ends)",
        "contrast (ends)", "fine texture (ends)", "PSNR between ends, to A, to B, to pixel blend, dB",
    )  # fmt: skip
    wrong = sum(row[1] != row[2] for row in rows)
    note = (
        f"{len(rows)} verdicts, {wrong} of them wrong; the limits in dni/compatibility/midpoint.py were set "
        "on "
        "these, so this is no test on unseen ones. Middle 96x96 pixels of each picture. Correlation: mean "
        "over layers, with the first network. Detour: distance of the blend's picture to the farther end, "
        "divided by that between the ends, or by two levels of 255 where that is more."
    )
    save_table("verdicts", "Verdicts on known cases", columns, rows, note)


if __name__ == "__main__":
    main()
