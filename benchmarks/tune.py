"""Does auto-mix find mixes that look nearer at equal PSNR, by a measure that it did not optimise?"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.table import save_table
from dni.blending.shares import Mix
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.checkpoints.networks import load_ends
from dni.metrics.distortion import psnr_y
from dni.metrics.dists import dists_distance, load_efficientnet_lite
from dni.metrics.perceptual import perceptual_distance
from dni.pictures.photographs import load_photographs
from dni.pictures.picture import to_tensor
from dni.pictures.resize import reduce_bicubic
from dni.rendering.renderer import Renderer
from dni.tradeoff.tuning.crops import crops_reduced
from dni.tradeoff.tuning.goals import perception_at_equal_psnr
from dni.tradeoff.tuning.learn import TuneConfig, learn_mix

COLUMNS = (
    "pair",
    "start",
    "seed",
    "PSNR plain",
    "PSNR tuned",
    "optimised measure",
    "independent measure",
    "curve",
)
ALPHAS = [index / 10 for index in range(2, 9)]
SIDE = 192  # of the reference


def middle(rgb: Tensor) -> Tensor:
    top, left = ((length - SIDE) // 2 for length in rgb.shape[1:])
    return rgb[:, top : top + SIDE, left : left + SIDE]


class Judge:
    """Measures a mix on held-back pictures: PSNR, the distance that is optimised, and one that is not."""

    def __init__(self, renderer: Renderer, references: list[Tensor]) -> None:
        self.renderer, self.references = renderer, references
        self.given = [reduce_bicubic(rgb, renderer.scale) for rgb in references]
        self.optimised, self.independent = (load_efficientnet_lite(name) for name in ("lite0", "lite1"))

    @torch.inference_mode()
    def measure(self, mix: Mix) -> tuple[float, float, float]:
        rows = []
        for given, rgb in zip(self.given, self.references, strict=True):
            output = self.renderer.render(given, mix)[None].float() / 255
            reference = rgb[None].float() / 255
            rows.append(
                (
                    psnr_y(output, reference, border=self.renderer.scale),
                    float(perceptual_distance(self.optimised, output, reference)),
                    float(dists_distance(self.independent, output, reference)),
                )
            )
        psnr, optimised, independent = np.mean(rows, axis=0).tolist()
        return psnr, optimised, independent


def change(plain: list[tuple[float, float, float]], tuned: tuple[float, float, float], measure: int) -> float:
    """By how much less than on the plain curve a measure is, at the tuned mix's own PSNR; a share."""
    by_psnr = sorted((row[0], row[measure]) for row in plain)
    usual = float(np.interp(tuned[0], [row[0] for row in by_psnr], [row[1] for row in by_psnr]))
    return tuned[measure] / usual - 1


def main() -> None:
    """Tune from one alpha, with several seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair", default="texture-x4-compact")
    parser.add_argument("--train", type=Path, required=True, help="photographs to learn on")
    parser.add_argument("--test", type=Path, required=True, help="photographs to measure on")
    parser.add_argument("--alpha", type=float, default=0.5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=90)
    parser.add_argument("--learning-rate", type=float, default=0.03)
    parser.add_argument("--crops", type=int, default=40)
    arguments = parser.parse_args()
    network, states = load_ends(end_paths(find_pair(arguments.pair)))
    renderer = Renderer(*load_ends(end_paths(find_pair(arguments.pair))), precision="float32")
    judge = Judge(renderer, [middle(to_tensor(photo)) for photo in load_photographs([arguments.test])])
    plain = [judge.measure(Mix.of_alpha(alpha)) for alpha in ALPHAS]
    start, photographs = Mix.of_alpha(arguments.alpha), load_photographs([arguments.train])
    before, goal = judge.measure(start), perception_at_equal_psnr(judge.optimised)
    print([[round(value, 4) for value in row] for row in plain], flush=True)
    rows, seconds = [], []
    for seed in range(arguments.seeds):
        parts = crops_reduced(
            [to_tensor(photo) for photo in photographs], network, count=arguments.crops, seed=seed
        )
        config = TuneConfig(
            steps=arguments.steps, learning_rate=arguments.learning_rate, seed=seed, most_loss=0.01
        )
        started = time.perf_counter()
        tuned = learn_mix(network, states, start, goal, parts, config=config)
        seconds.append(time.perf_counter() - started)
        after = judge.measure(tuned.mix)
        own = {name: shares[1] for name, shares in tuned.mix.groups}
        curve = " ".join(f"{own[name]:.2f}" for name in renderer.blend.groups if name in own)
        changes = [f"{100 * change(plain, after, measure):+.1f} %" for measure in (1, 2)]
        psnrs = [f"{row[0]:.2f}" for row in (before, after)]
        rows.append([arguments.pair, f"{arguments.alpha:g}", seed, *psnrs, *changes, curve])
        print(rows[-1], tuned.position, seconds[-1], flush=True)
    note = (
        f"Learned on {arguments.crops} crops of {arguments.train.name} in {arguments.steps} steps, measured "
        f"on the middle {SIDE}x{SIDE} of the {len(judge.references)} pictures of {arguments.test.name}. Both "
        "measures are changes against the plain mix with the same PSNR as the tuned one (interpolated "
        "on alphas from 0.2 to 0.8); less is better. Optimised: perceptual distance on EfficientNet-Lite0; "
        "independent: DISTS-like on Lite1. Curve: alpha by depth. "
        f"About {sum(seconds) / len(seconds):.0f} s each, with other work on the machine."
    )
    save_table("tune", "Auto-mix", COLUMNS, rows, note)


if __name__ == "__main__":
    main()
