"""Measures the runs of the comparison, and writes the report, the card's tables and the networks that ship.

Test labels are read here and nowhere else; nothing that is reported was chosen by them, but for the column
that says so ("oracle").
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from shutil import copyfile
from statistics import fmean, pstdev
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from dni.catalog.bundled import weights_folder
from dni.checkpoints.files import save, sha256_of
from dni.digits.classifiers import read_network, read_snapshots
from dni.digits.methods import ANCESTOR, METHODS
from dni.errors import DniError
from dni.training.adaptation.methods import METHOD_CLASSES
from dni.training.adaptation.reporting.evaluator import Row, evaluator_of
from dni.training.adaptation.reporting.kept_rows import KeptRows, read_report
from dni.training.adaptation.reporting.landscape import CORNERS, curves, melting, plane
from dni.training.adaptation.reporting.tables import LAYERS, layer_table, report_table
from dni.training.adaptation.reporting.variants import measure_variants
from dni.training.adaptation.runs import Runs, in_parallel
from dni.training.adaptation.selection import RULE, read_scores
from dni.version import __version__

__all__ = ["write_report"]


def marked(name: str) -> re.Pattern[str]:
    """What is between the marks of a card's table."""
    return re.compile(rf"(?<=<!-- {name} -->\n).*(?=<!-- /{name} -->)", re.DOTALL)


TABLE = marked("table")


def measure_run(runs: Runs, method: str, seed: int) -> Row:
    """One run's measures; kept beside the run as long as its network, its layers and the digits stay the
    same."""
    file, bench = runs.network(method, seed), evaluator_of(runs)
    kept, aligned = file.with_name("measures.json"), aligned_layers(runs, method)
    key = {"sha256": sha256_of(file), "aligned": list(aligned), "data": bench.data_hashes}
    if kept.is_file():
        known: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        if {name: known.pop(name, None) for name in key} == key:
            return known
    with safe_open(file, "pt") as opened:
        seconds = float(opened.metadata()["seconds"])
    network = read_network(file)
    if runs.size == "large":
        network = network.half().float()  # as it ships
    row = bench.measure(network, aligned) | {"seconds": seconds}
    if method != ANCESTOR and runs.size == "small":  # the large ones would take many minutes
        row |= bench.choices(read_snapshots(file.with_name("snapshots.safetensors")))
    row = {name: round(value, 5) for name, value in row.items()}
    kept.write_text(json.dumps({**key, **row}) + "\n", encoding="utf-8")
    return row


def aligned_layers(runs: Runs, method: str) -> tuple[str, ...]:
    setting = runs.setting(method)
    return METHOD_CLASSES[method].aligned if setting is None else setting.layers


def measure_methods(runs: Runs, num_seeds: Mapping[str, int], *, jobs: int) -> dict[str, Any]:
    """The rows of some methods, each over its own number of seeds."""
    every = [(runs, method, seed) for method, count in num_seeds.items() for seed in range(count)]
    rows = dict(zip(every, in_parallel(measure_run, every, jobs), strict=True))
    return {
        method: {
            **about(method),
            **({"size": runs.size} if runs.size != "small" else {}),
            "iterations": iterations_of(runs, method),
            "seeds": count,
            "superseded": False,
            **choice(runs, method),
            **summary([rows[runs, method, seed] for seed in range(count)]),
        }
        for method, count in num_seeds.items()
    }


def about(method: str) -> dict[str, str]:
    return {"title": METHODS[method].title, "paper": METHODS[method].paper}


def choice(runs: Runs, method: str) -> dict[str, Any]:
    """The setting of a method and the scores of all that it was chosen from; {} where nothing is open."""
    setting = runs.setting(method)
    if setting is None:
        return {}
    return {"setting": asdict(setting), "candidates": read_scores(runs.choice_file(method))}


def kept_row(runs: Runs, kept: KeptRows, method: str) -> dict[str, Any]:
    """A row of an earlier report under the present columns."""
    row, rows = kept.row(method), [dict(run) for run in kept.row(method)["runs"]]
    if METHOD_CLASSES[method].aligned == ("features",):
        rows = [run | {"a_distance_aligned": run["a_distance"]} for run in rows]  # the same layer
    known = {name: value for name, value in row.items() if name not in ("mean", "std", "runs")}
    superseded = kept.is_superseded(method, iterations_of(runs, method))
    return known | about(method) | {"seeds": len(rows), "superseded": superseded} | summary(rows)


def iterations_of(runs: Runs, method: str) -> int:
    return runs.iterations or METHOD_CLASSES[method].steps(runs.size)


def summary(rows: list[Row]) -> dict[str, Any]:
    """Mean and standard deviation (over the seeds, of the population) of every measure."""
    return {
        "mean": {name: round(fmean(row[name] for row in rows), 5) for name in rows[0]},
        "std": {name: round(pstdev(row[name] for row in rows), 5) for name in rows[0]},
        "runs": rows,
    }


def write_report(runs: Runs, *, keep_reported: bool = False, jobs: int = 1) -> dict[str, Any]:
    """Measure the runs, and write report, tables and networks to ``weights/digits``.

    Args:
        runs: Trained first, as far as they are missing.
        keep_reported: Train nothing: a row takes the seeds that are there, and where the report already has
            as many, or there are none, the reported row stays, if network and digits are those that it is of.
        jobs: Processes at once.

    Raises:
        DniError: The card is missing or has no marked table, or a row can be neither measured nor kept.
    """
    folder = weights_folder() / "digits"
    card = card_of(folder, TABLE)
    old = read_report(folder / "report.json") if keep_reported else {}
    if not keep_reported:
        runs.train(jobs=jobs)
    bench = evaluator_of(runs)
    kept = KeptRows(old, folder, bench.data_hashes)
    num_seeds = seeds_to_measure(runs, kept) if keep_reported else dict.fromkeys(METHODS, runs.num_seeds)
    for method in METHODS.keys() - num_seeds.keys():
        kept.check(method, bench)
    measured = measure_methods(runs, num_seeds, jobs=jobs)
    ship(runs, folder, list(num_seeds))
    report = {
        "command": "python -m dni evaluate digits --data-root DATA --run-root RUNS"
        f" --seeds {runs.num_seeds} --iterations {runs.iterations}" + " --keep-reported" * keep_reported,
        "protocol": "each row's seeds from 0; each run's last network; float32; 10000 test digits",
        "rule": RULE,
        "data": kept.data,
        "versions": versions(),
        "networks": {path.name: sha256_of(path) for path in sorted(folder.glob("*.safetensors"))},
        "methods": {
            method: measured[method] if method in measured else kept_row(runs, kept, method)
            for method in METHODS
        },
        "variants": measure_variants(runs, bench, old.get("variants", [])),
        "ddc_places": ddc_places(runs) if "ddc" in num_seeds else old["ddc_places"],
        "layer_distances": layer_distances(runs, folder, old, list(num_seeds), jobs=jobs),
        **landscape(runs, folder, old, list(num_seeds), jobs=jobs),
    }
    (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    text = card.read_text(encoding="utf-8")
    card.write_text(TABLE.sub(lambda _: card_tables(report), text), encoding="utf-8")
    return report


def versions() -> dict[str, str]:
    return {"dni": __version__, "torch": torch.__version__, "python": platform.python_version()}


def card_of(folder: Path, table: re.Pattern[str]) -> Path:
    card = folder / "README.md"
    if not card.is_file() or not table.search(card.read_text(encoding="utf-8")):
        raise DniError(f"Expected a model card with a marked table at {card}, but there is none.")
    return card


def card_tables(report: Mapping[str, Any]) -> str:
    return report_table(report["methods"]) + "\n" + layer_table(report["layer_distances"])


def seeds_to_measure(runs: Runs, kept: KeptRows) -> dict[str, int]:
    """How many seeds of which methods to measure; the others' rows are kept.

    Raises:
        DniError: A method has neither.
    """
    found = {}
    for method in METHODS:
        count, reason = runs.finished_seeds(method), kept.mismatch(method)
        outdated = reason is not None or kept.is_superseded(method, iterations_of(runs, method))
        enough = 0 if outdated else kept.count(method)
        if reason is None and count <= enough:
            continue
        if count == 0:
            raise DniError(
                f"Expected a run of {method} in {runs.folder}, or a reported row to keep, but there is no "
                f"run with seed 0, and the row does not hold because {reason}. Train it with "
                f"'python -m dni train digits {method}'."
            )
        found[method] = count
    return found


def ddc_places(runs: Runs) -> list[dict[str, Any]]:
    return read_scores(runs.places_file)


def layer_distances(
    runs: Runs, folder: Path, old: Mapping[str, Any], changed: Sequence[str], *, jobs: int
) -> dict[str, dict[str, float]]:
    """The A-distance at each layer of the shipped networks; measured for those that the old report lacks."""
    known = {
        method: entry for method, entry in old.get("layer_distances", {}).items() if method not in changed
    }
    new = [method for method in METHODS if method not in known]
    found = in_parallel(distances_of, [(runs, folder / f"{method}.safetensors") for method in new], jobs)
    known |= dict(zip(new, found, strict=True))
    return {method: known[method] for method in METHODS}


def distances_of(runs: Runs, file: Path) -> dict[str, float]:
    network, bench = read_network(file), evaluator_of(runs)
    return {layer: round(bench.layer_distance(network, [layer]), 5) for layer in LAYERS}


def landscape(
    runs: Runs, folder: Path, old: Mapping[str, Any], changed: Sequence[str], *, jobs: int
) -> dict[str, Any]:
    """Curves, plane and DANN's run; what the changed networks do not touch stays as the old report has it."""
    drawn = METHODS if ANCESTOR in changed else changed
    bench, new = evaluator_of(runs), curves(runs, folder, list(drawn), jobs=jobs)
    before = old.get("curves", {})
    ordered = {method: new.get(method) or before[method] for method in METHODS if method != ANCESTOR}
    return {
        "curves": {"alphas": new["alphas"], **ordered},
        "plane": plane(bench, folder) if set(CORNERS) & set(changed) else old["plane"],
        "dann_run": list(melting(bench)) if "dann" in changed else old["dann_run"],
    }


def ship(runs: Runs, folder: Path, methods: Sequence[str]) -> None:
    """Copy the networks of seed 0, and DANN's snapshots in half precision, which is enough to look at."""
    for method in methods:
        # The bytes, so that hashes stay: safetensors writes the metadata in a new order each time.
        copyfile(runs.network(method, 0), folder / f"{method}.safetensors")
    if "dann" in methods:
        snapshots = load_file(runs.run_folder("dann", 0) / "snapshots.safetensors")
        halves = {name: tensor.half() for name, tensor in snapshots.items()}
        save(folder / "dann-run.safetensors", halves, {"method": "dann"})
