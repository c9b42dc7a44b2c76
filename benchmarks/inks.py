"""Which inks do the shipped digit classifiers read, along alpha, and on how bright a patch?

Explains two figures of the Adaptation tab: why a yellow digit is lost on the way to DANN, and why bright
patches are. Seed 0's networks, which are those that ship.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.table import save_table
from dni.digits.classifiers import load_classifier, logits_of
from dni.digits.data.domains import Digits, load_mnist, load_mnist_m
from dni.digits.methods import ANCESTOR, METHODS
from dni.training.adaptation.reporting.shipped_curves import FEW, INKS, blend
from models.digits import DigitNetwork

ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
BRIGHTNESS_STEP = 64


def per_cent(network: DigitNetwork, digits: Digits) -> str:
    right = logits_of(network, digits.images).argmax(dim=1) == digits.labels
    return f"{100 * right.float().mean().item():.1f}"


def by_ink(method: str, grey: Digits) -> Iterator[list[str]]:
    """A row an ink: per cent read along alpha."""
    networks = [blend(method, alpha) for alpha in ALPHAS]
    for ink, levels in INKS.items():
        coloured = grey.images * (torch.tensor(levels, dtype=torch.uint8) // 255).view(3, 1, 1)
        digits = Digits(coloured, grey.labels)
        yield [METHODS[method].title, f"{ink} on black", *(per_cent(network, digits) for network in networks)]


def by_brightness(method: str, grey: Digits, target: Digits) -> Iterator[list[str]]:
    """A row a brightness of the patch behind the digit: per cent of MNIST-M read along alpha."""
    behind = (grey.images[:, :1] == 0).float()
    mean = (target.images.float() * behind).sum(dim=(1, 2, 3)) / (3 * behind.sum(dim=(1, 2, 3)))
    networks = [blend(method, alpha) for alpha in ALPHAS]
    for low in range(0, 256, BRIGHTNESS_STEP):
        chosen = (mean >= low) & (mean < low + BRIGHTNESS_STEP)
        digits = Digits(target.images[chosen], target.labels[chosen])
        words = f"MNIST-M, patch of {low} to {low + BRIGHTNESS_STEP - 1} ({int(chosen.sum())} digits)"
        yield [METHODS[method].title, words, *(per_cent(network, digits) for network in networks)]


def norms_of(method: str) -> str:
    """Of the first convolution's weights, per channel of the picture."""
    weight = load_classifier(method).conv1.weight.detach()
    return ", ".join(f"{norm:.2f}" for norm in weight.square().sum(dim=(0, 2, 3)).sqrt().tolist())


def main() -> None:
    """Measure all methods, and save the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root", type=Path, required=True, help="folder with MNIST/raw and bsds500")
    data_root = parser.parse_args().data_root
    grey, target = load_mnist(data_root, "test"), load_mnist_m(data_root, "test")
    few = grey.subset(slice(FEW))
    methods = [method for method in METHODS if method != ANCESTOR]
    rows = [row for method in methods for row in (*by_ink(method, few), *by_brightness(method, grey, target))]
    norms = "; ".join(f"{METHODS[method].title} {norms_of(method)}" for method in METHODS)
    columns = ("blend of source-only with", "digits", *(f"alpha {alpha:g}" for alpha in ALPHAS))
    note = (
        f"Per cent read rightly, of the first {FEW} test digits in an ink and of all 10,000 of MNIST-M; one "
        "seed. "
        f"Norms of the first convolution per channel (red, green, blue): {norms}."
    )
    title = "What the digit classifiers read, by ink and by brightness of the patch"
    save_table("inks", title, columns, rows, note)


if __name__ == "__main__":
    main()
