"""Does auto-mix find mixes that look nearer at equal PSNR, by a measure that it did not optimise?"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.table import save_table
from dni.blending.shares import Mix
from dni.catalog.catalog_file import find_pair
from dni.catalog.pairs import end_paths
from dni.checkpoints.image_network import ImageNetwork
from dni.checkpoints.networks import load_ends
from dni.metrics.distortion import psnr_y
from dni.metrics.dists import dists_distance, load_efficientnet_lite
from dni.metrics.perceptual import load_extractor, perceptual_distance
from dni.pictures.photographs import load_photographs
from dni.pictures.picture import to_tensor
from dni.pictures.resize import reduce_bicubic
from dni.rendering.batch_norms import to_inputs
from dni.rendering.control import RenderControl
from dni.rendering.renderer import Renderer
from dni.tradeoff.tuning.crops import crops_for
from dni.tradeoff.tuning.goals import Goal, make_goal
from dni.tradeoff.tuning.learn import Interpolated, Search, TuneConfig, learn_mix, preset

COLUMNS = (
    *(
        "ends",
        "start",
        "beyond",
        "seed",
        "PSNR plain",
        "PSNR tuned",
        "optimised measure",
        "independent measure",
    ),
    *("third measure", "independent, strictly", "seconds", "shares by depth"),
)
ALPHAS = [index / 10 for index in range(11)]
SIDE = 192  # of the reference
BY_LAYER = "Shares for each layer instead of each group of layers: recipes cannot hold so many yet. "
# Two blends whose PSNR differs by less are equal in it.
SAME_PSNR = 0.01
Measured = tuple[float, ...]
"""PSNR, the distance that is optimised, the independent one, and the third."""


def middle(rgb: Tensor) -> Tensor:
    top, left = ((length - SIDE) // 2 for length in rgb.shape[1:])
    return rgb[:, top : top + SIDE, left : left + SIDE]


class Judge:
    """Measures a mix on held-back pictures: PSNR, the distance that is optimised, and two that are not."""

    def __init__(self, renderer: Renderer, references: list[Tensor], darknet: Path) -> None:
        self.renderer, self.references = renderer, references
        self.given = [reduce_bicubic(rgb, renderer.scale) for rgb in references]
        self.optimised, self.independent = (load_efficientnet_lite(name) for name in ("lite0", "lite1"))
        self.third = load_extractor(darknet)

    def measure(self, mix: Mix) -> Measured:
        return self.judge(lambda given: self.renderer.render(given, mix))

    @torch.inference_mode()
    def judge(self, render: Callable[[Tensor], Tensor]) -> Measured:
        rows = []
        for given, rgb in zip(self.given, self.references, strict=True):
            output = render(given)[None].float() / 255
            reference = rgb[None].float() / 255
            rows.append(
                (
                    psnr_y(output, reference, border=self.renderer.scale),
                    float(dists_distance(self.optimised, output, reference)),
                    float(dists_distance(self.independent, output, reference)),
                    float(perceptual_distance(self.third, output, reference)),
                )
            )
        return tuple(np.mean(rows, axis=0).tolist())


def strictly(plain: list[Measured], tuned: Measured, measure: int) -> str:
    """By how much less a measure is than at the best of all plain mixes with no less PSNR."""
    rivals = [row[measure] for row in plain if row[0] >= tuned[0] - SAME_PSNR]
    return percent(tuned[measure] / min(rivals) - 1) if rivals else "no plain mix has that PSNR"


def percent(share: float) -> str:
    return f"{100 * share:+.1f} %"


def learn_by_layer(
    network: ImageNetwork,
    states: list[dict[str, Tensor]],
    start: Mix,
    goal: Goal,
    parts: tuple[Tensor, Tensor],
    config: TuneConfig,
) -> tuple[Callable[[Tensor], Tensor], str]:
    """What renders with learned shares for each layer, and the shares: no recipe has groups so fine yet."""
    by_layer: dict[str, list[str]] = {}
    for names in Interpolated(network, states).groups.values():
        for name in names:
            by_layer.setdefault(name.rpartition(".")[0], []).append(name)
    blend = Interpolated(network, states, by_layer)
    plain = torch.tensor([start.shares] * len(by_layer))
    search = Search(blend, plain, plain[0], goal, parts, config, RenderControl())
    learned, _ = search.run()
    final = torch.lerp(plain, learned, search.affordable(learned))

    def render(given: Tensor) -> Tensor:
        output = blend(final, to_inputs(given[None], network))[0]
        return (output.clamp(0, 1) * 255).round()

    return render, f"{len(by_layer)} layers, from {float(final.min()):.2f} to {float(final.max()):.2f}"


def rows_of(title: str, paths: list[Path], arguments: argparse.Namespace) -> Iterator[list[str]]:
    """One row a seed."""
    network, states = load_ends(paths)
    renderer = Renderer(*load_ends(paths), precision="float32")
    test = [middle(to_tensor(photo)) for photo in load_photographs([arguments.test])]
    judge = Judge(renderer, test, arguments.darknet)
    plain = [judge.measure(Mix.of_alpha(alpha)) for alpha in ALPHAS]
    print([[round(value, 4) for value in row] for row in plain], flush=True)
    start, photographs = Mix.of_alpha(arguments.alpha), load_photographs([arguments.train])
    before = judge.measure(start)
    for beyond, seed in product(arguments.beyond, range(arguments.seeds)):
        pictures = [to_tensor(photo) for photo in photographs]
        parts = crops_for("perceptual", pictures, None, network, count=arguments.crops, seed=seed)
        chosen = {name: getattr(arguments, name) for name in ("steps", "batch", "learning_rate")}
        config = replace(preset("perceptual"), seed=seed, beyond=beyond, **chosen)
        started = time.perf_counter()
        goal = make_goal("perceptual", seed=seed)
        if arguments.by_layer:
            render, curve = learn_by_layer(network, states, start, goal, parts, config)
            seconds, after = time.perf_counter() - started, judge.judge(render)
        else:
            tuned = learn_mix(network, states, start, goal, parts, config=config)
            seconds, after = time.perf_counter() - started, judge.measure(tuned.mix)
            own = {name: shares[1] for name, shares in tuned.mix.groups}
            curve = " ".join(f"{own[name]:.2f}" for name in renderer.blend.groups if name in own)
        changes = [percent(after[index] / before[index] - 1) for index in (1, 2, 3)]
        yield [
            *(title, f"{arguments.alpha:g}", f"{beyond:g}", str(seed)),
            *(f"{row[0]:.2f}" for row in (before, after)),
            *(*changes, strictly(plain, after, 2), f"{seconds:.0f}", curve),
        ]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", nargs="+", default=["texture-x4-compact"], help="ids, or two files as A,B")
    parser.add_argument("--train", type=Path, required=True, help="photographs to learn on")
    parser.add_argument("--test", type=Path, required=True, help="photographs to measure on")
    parser.add_argument("--darknet", type=Path, required=True, help="tiny_darknet.safetensors")
    parser.add_argument("--alpha", type=float, default=0.5)
    parser.add_argument("--seeds", type=int, default=3)
    usual = preset("perceptual")
    parser.add_argument("--steps", type=int, default=usual.steps)
    parser.add_argument("--batch", type=int, default=usual.batch)
    parser.add_argument("--learning-rate", type=float, default=usual.learning_rate)
    parser.add_argument("--beyond", type=float, nargs="+", default=[usual.beyond])
    parser.add_argument("--crops", type=int, default=40)
    parser.add_argument("--by-layer", action="store_true", help="shares for each layer: no recipe has them")
    parser.add_argument(
        "--keep", type=Path, help="rows of other runs, one JSON list a line; new ones join them"
    )
    parser.add_argument("--append", action="store_true", help="keep what stands in tune.md, above")
    return parser.parse_args()


def main() -> None:
    """Tune from one alpha, with several seeds."""
    arguments = parse()
    rows = []
    for name in arguments.pairs:
        files = [Path(part) for part in name.split(",")]
        paths = files if len(files) > 1 else end_paths(find_pair(name))[:2]
        title = " and ".join(path.stem for path in files) if len(files) > 1 else name
        for row in rows_of(title, paths, arguments):
            print(row, flush=True)
            rows.append(row)
    note = (
        f"Learned on {arguments.crops} crops of {arguments.train.name} in {arguments.steps} steps of "
        f"{arguments.batch}, measured on the middle {SIDE}x{SIDE} of Set14's pictures, which nothing was "
        "learned on. Measures are changes against the plain mix at the start; less is better. Optimised: "
        "DISTS-like distance on EfficientNet-Lite0; independent: the same on Lite1; third: perceptual "
        "distance on Tiny Darknet. Strictly: the independent measure against the best of eleven plain mixes "
        f"that have as much PSNR as the tuned one (within {SAME_PSNR} dB), wherever it is. Beyond: how far "
        f"shares may lie below 0 and above 1. {BY_LAYER if arguments.by_layer else ''}Seconds "
        "with other work on the machine."
    )
    table = Path(__file__).with_suffix(".md")
    above = table.read_text(encoding="utf-8") + "\n" if arguments.append else ""
    save_table("tune", "Auto-mix, again" if above else "Auto-mix", COLUMNS, rows, note)
    table.write_text(above + table.read_text(encoding="utf-8"), encoding="utf-8")


if __name__ == "__main__":
    main()
