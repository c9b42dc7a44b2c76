"""The card of the Transfer tab's networks against the reports that ship."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from dni.catalog.bundled import weights_folder
from dni.training.transfer import depth, letters, teacher, unlabelled, words
from dni.transfer.teacher import ALPHAS

FOLDER = weights_folder() / "transfer"
TABLES: dict[str, tuple[str, Callable[[Any], str]]] = {
    "teacher": ("teacher", teacher.card_table),
    "depth": ("depth", depth.card_table),
    "layers": ("depth", depth.layers_table),
    "unlabelled": ("unlabelled", lambda report: unlabelled.rows_table(report["table"])),
    "unlabelled-alpha": ("unlabelled", lambda report: unlabelled.alpha_table(report["table"])),
    "sparsity": ("unlabelled", lambda report: unlabelled.sparsity_table(report["table"])),
    "letters": ("letters", letters.ends_table),
    "letters-alpha": ("letters", letters.curve_table),
    "words": ("words", words.table),
}


@cache
def card() -> str:
    return (FOLDER / "README.md").read_text(encoding="utf-8")


@cache
def report_of(view: str) -> Any:
    return json.loads((FOLDER / view / "report.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_those_of_the_reports(name: str) -> None:
    view, table = TABLES[name]
    assert f"<!-- {name} -->\n{table(report_of(view))}<!-- /{name} -->" in card()


def test_a_blend_of_students_is_what_the_card_says() -> None:
    best = {
        digit: [max(row) for row in own["shipped"]["all"]]
        for digit, own in report_of("teacher")["blends"].items()
    }
    half, end = ALPHAS.index(0.5), ALPHAS.index(1.0)
    assert all(row[0] < row[half] < row[end] for row in best.values())
    numbers = [f"{100 * best[digit][half]:.1f}" for digit in ("1", "3", "8")]
    assert f"seed 0 reads {numbers[0]}, {numbers[1]} and {numbers[2]} % of all digits" in " ".join(
        card().split()
    )


def test_with_5_labels_only_these_rows_differ_by_more_than_the_seeds() -> None:
    """As the card says of the view "How deep?"."""
    counted = report_of("depth")["counts"]["5"]
    alone = counted["alone"]
    apart = {
        (kind, cut)
        for kind, row in counted["kinds"].items()
        for cut, one in enumerate(row, start=1)
        if abs(one["mean"] - alone["mean"]) > max(one["deviation"], alone["deviation"])
    }
    assert apart == {("AnB", 4), ("random", 3), ("random", 4)}


def test_pixels_are_best_where_no_atoms_read_more() -> None:
    def row(*means: float) -> dict[str, Any]:
        return {"noisy": {str(count): {"mean": mean} for count, mean in zip((1, 3), means, strict=True)}}

    tables = {
        "mnist": {"raw": row(0.5, 0.5), "along": [row(0.4, 0.6), row(0.3, 0.4)]},
        "usps": {"raw": row(0.2, 0.2), "along": [row(0.1, 0.1), row(0.3, 0.4)]},
    }
    assert unlabelled.pixels_sentence(tables).endswith("these numbers of labels: MNIST 1; USPS none.")
