"""Runs every method with every seed, several at once, each resumable."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import torch

from dni.catalog.download import tqdm_progress
from dni.checkpoints.files import read_metadata
from dni.digits.classifiers import NETWORK_CLASSES
from dni.digits.data.domains import Digits, load_mnist, load_mnist_m
from dni.digits.methods import ANCESTOR, METHODS, method_id
from dni.errors import DniError
from dni.pictures.photographs import fetch_bsds500
from dni.training.adaptation.losses import mmd_squared
from dni.training.adaptation.methods import METHOD_CLASSES
from dni.training.adaptation.methods.aligning import AligningMethod
from dni.training.adaptation.methods.base import Setting
from dni.training.adaptation.methods.ddc import PLACES, Ddc, Place
from dni.training.adaptation.selection import (
    CANDIDATE_ITERATIONS,
    Score,
    are_scored,
    chosen,
    note_the_end,
    read_scores,
    score,
    setting_of,
    write,
    write_scores,
)
from dni.training.adaptation.train import AdaptationConfig, AdaptationTrainer
from dni.training.finite import DivergedError

__all__ = ["Runs", "in_parallel", "training_digits"]

Result = TypeVar("Result")

PLACE_ITERATIONS = 500
PLACE_DIGITS = 2000


@dataclass(frozen=True)
class Runs:
    """Where the runs of a comparison are, and how to make them.

    Attributes:
        data_root: Holds ``MNIST/raw`` and ``bsds500``.
        folder: Receives ``<method>/<seed>/``.
        num_seeds: Seeds 0 to ``num_seeds - 1``.
        iterations: Of every run; 0 means each method's own number.
        size: Of the networks, "small" or "large"; the large ones' runs are in ``folder/large``.
    """

    data_root: Path
    folder: Path
    num_seeds: int = 5
    iterations: int = 0
    size: str = "small"

    def method_folder(self, method: str) -> Path:
        return (self.folder if self.size == "small" else self.folder / self.size) / method

    def run_folder(self, method: str, seed: int) -> Path:
        return self.method_folder(method) / str(seed)

    def network(self, method: str, seed: int) -> Path:
        return self.run_folder(method, seed) / f"{method}.safetensors"

    def train(self, methods: Sequence[str] = tuple(METHODS), *, jobs: int = 1) -> None:
        """Train whatever is missing, ``jobs`` runs at once: the ancestors first, then the others.

        Small networks use one core well and two badly, so several runs at once finish sooner.
        """
        seeds = range(self.num_seeds)
        self._train_all([(ANCESTOR, seed) for seed in seeds], jobs)
        for method in methods:
            self.setting(method, jobs=jobs)
        chosen_for = [method for method in methods if METHOD_CLASSES[method].candidates]
        self._train_all([(method, 0) for method in chosen_for], jobs)  # whether the choices hold
        self._train_all([(method, seed) for seed in seeds for method in methods if method != ANCESTOR], jobs)

    def train_seed(self, method: str, seed: int, *, resume: bool = False) -> Iterator[Path]:
        """Train one method ("best" and "all" too) with one seed, and its ancestor if that is missing."""
        wanted = list(METHODS) if method == "all" else [method_id(method)]
        if ANCESTOR not in wanted and not self.is_current(ANCESTOR, seed):
            yield self.train_one(ANCESTOR, seed)
        for name in wanted:
            yield self.train_one(name, seed, resume=resume)

    def variant_folder(self, method: str, setting: Setting) -> Path:
        """Of the runs of a method with a setting of one's own."""
        return self.method_folder("-".join((method, f"{setting.weight:g}", *setting.layers)))

    def train_variant(
        self, method: str, setting: Setting, seed: int, *, resume: bool = False
    ) -> Iterator[Path]:
        """Train a method that aligns activations with a setting that the rule did not choose.

        Raises:
            DniError: The method has no such setting.
        """
        method_class = METHOD_CLASSES[method_id(method)]
        if not issubclass(method_class, AligningMethod):
            raise DniError(f"Expected a method that aligns activations, but {method} has nothing to choose.")
        method_class(NETWORK_CLASSES[self.size](), setting)  # before minutes of training
        if not self.is_current(ANCESTOR, seed):
            yield self.train_one(ANCESTOR, seed)
        place = self.ddc_place() if method == Ddc.id else None
        config = self.config(method, seed=seed, place=place, setting=setting)
        yield self._trainer(config, self.variant_folder(method, setting) / str(seed), resume=resume).run()

    def _train_all(self, runs: Sequence[tuple[str, int]], jobs: int) -> None:
        missing = [run for run in runs if not self.is_current(*run)]
        if missing:
            training_digits(self.data_root)  # fetched here, not by several processes at once
        in_parallel(self.train_one, missing, jobs)

    def train_one(self, method: str, seed: int, *, resume: bool = True) -> Path:
        """Train one method with one seed, or go on with it; the network's file.

        Seed 0 shows whether the setting that was chosen holds to the end, so it comes first.
        """
        place = self.ddc_place() if method == Ddc.id else None
        setting = self.setting(method)
        if setting is not None and seed > 0:
            if not self.is_current(method, 0):
                self.train_one(method, 0)
            setting = self.setting(method)
        config = self.config(method, seed=seed, place=place, setting=setting)
        trainer = self._trainer(config, self.run_folder(method, seed), resume=resume)
        diverged: DivergedError | None = None
        try:
            trainer.run()
        except DivergedError as error:
            diverged = error
        if setting is not None and seed == 0:
            # A network that has diverged does not read the source either.
            note_the_end(self.choice_file(method), setting, trainer.method.result(), trainer.source)
            if self.setting(method) != setting:
                self._set_aside(method, setting)
                return self.train_one(method, 0)
        if diverged is not None:
            raise diverged
        return trainer.weights_file

    def _set_aside(self, method: str, setting: Setting) -> None:
        """Make the run of seed 0 one of a setting that the rule did not choose."""
        aside = self.variant_folder(method, setting) / "0"
        if aside.exists():
            shutil.rmtree(aside)
        aside.parent.mkdir(parents=True, exist_ok=True)
        self.run_folder(method, 0).rename(aside)

    def config(
        self,
        method: str,
        iterations: int = 0,
        *,
        seed: int = 0,
        place: Place | None = None,
        setting: Setting | None = None,
    ) -> AdaptationConfig:
        """Of one run; the number of iterations is that of all runs where there is one."""
        total = self.iterations or iterations
        return AdaptationConfig(method, total, seed=seed, place=place, setting=setting, size=self.size)

    def _trainer(self, config: AdaptationConfig, folder: Path, *, resume: bool) -> AdaptationTrainer:
        ancestor = None if config.method == ANCESTOR else self.network(ANCESTOR, config.seed)
        source, target = training_digits(self.data_root)
        return AdaptationTrainer(
            config, source=source, target=target, run_folder=folder, ancestor=ancestor, resume=resume
        )

    def is_current(self, method: str, seed: int) -> bool:
        """Whether the network of this method and seed is there, trained for as many steps as it has now, with
        the setting and the place chosen now."""
        file = self.network(method, seed)
        if not file.is_file() or not self._is_chosen(method):
            return False
        trained = json.loads(read_metadata(file).get("training", "null"))
        total = self.config(method).total
        if trained is None or (trained["iterations"] or METHOD_CLASSES[method].steps(self.size)) != total:
            return False
        if method == Ddc.id and trained["place"] != asdict(self.ddc_place()):
            return False
        setting = trained.get("setting")
        return (setting and setting_of(setting)) == self.setting(method)

    def _is_chosen(self, method: str) -> bool:
        """Whether nothing is left open for a method: its candidates were scored after as many steps as they
        have now."""
        settings = not METHOD_CLASSES[method].candidates or are_scored(
            self.choice_file(method), self._candidate_steps, default=CANDIDATE_ITERATIONS
        )
        return settings and (method != Ddc.id or self._has_places())

    @property
    def _candidate_steps(self) -> int:
        return self.iterations or CANDIDATE_ITERATIONS

    def finished_seeds(self, method: str) -> int:
        """How many of the seeds are trained, counted from 0 to the first that is not."""
        missing = (seed for seed in range(self.num_seeds) if not self.is_current(method, seed))
        return next(missing, self.num_seeds)

    def choice_file(self, method: str) -> Path:
        """The candidates of :meth:`setting` and their scores."""
        return self.method_folder(method) / "choice.json"

    def setting(self, method: str, *, jobs: int = 1) -> Setting | None:
        """What the label-free rule of :mod:`.selection` chose for a method; None where nothing is open.

        Chosen once, unless the whole training with seed 0 shows that it does not hold; all candidates stay in
        ``choice.json``.
        """
        candidates, file = METHOD_CLASSES[method].candidates, self.choice_file(method)
        if not candidates:
            return None
        if not are_scored(file, self._candidate_steps, default=CANDIDATE_ITERATIONS):
            self._ancestor_of_choices()
            place = self.ddc_place(jobs=jobs) if method == Ddc.id else None
            calls = [(method, number, place) for number in range(len(candidates))]
            scores = in_parallel(self._score, calls, jobs)
            write_scores(file, candidates, scores, iterations=self._candidate_steps)
        return chosen(read_scores(file))

    def _score(self, method: str, number: int, place: Place | None) -> Score:
        setting = METHOD_CLASSES[method].candidates[number]
        config = self.config(method, CANDIDATE_ITERATIONS, place=place, setting=setting)
        folder = self.method_folder(method) / f"candidate-{number}"
        trainer = self._trainer(config, folder, resume=True)
        trainer.run()
        return score(trainer.method.result(), trainer.source, trainer.target_images)

    def _ancestor_of_choices(self) -> None:
        if not self.is_current(ANCESTOR, 0):
            self.train_one(ANCESTOR, 0)

    @property
    def places_file(self) -> Path:
        """The candidates of :meth:`ddc_place` and their distances."""
        return self.method_folder(Ddc.id) / "places.json"

    @property
    def _place_steps(self) -> int:
        return self.iterations or PLACE_ITERATIONS

    def _has_places(self) -> bool:
        return are_scored(self.places_file, self._place_steps, default=PLACE_ITERATIONS)

    def ddc_place(self, *, jobs: int = 1) -> Place:
        """The place of DDC's adaptation layer: that with the smallest MMD after a short training.

        Chosen once, with seed 0 and without a label of the target; all candidates stay in ``places.json``.
        """
        if not self._has_places():
            self._ancestor_of_choices()
            found = in_parallel(self._mmd_at, [(place,) for place in PLACES], jobs)
            candidates = [
                {**asdict(place), "iterations": self._place_steps, "mmd_squared": mmd}
                for place, mmd in zip(PLACES, found, strict=True)
            ]
            write(self.places_file, candidates)
        best = min(read_scores(self.places_file), key=lambda entry: float(entry["mmd_squared"]))
        return Place(best["before"], best["width"])

    def _mmd_at(self, place: Place) -> float:
        config = self.config(Ddc.id, PLACE_ITERATIONS, place=place)
        folder = self.method_folder(Ddc.id) / f"{place.before}-{place.width}"
        trainer = self._trainer(config, folder, resume=True)
        trainer.run()
        method = trainer.method
        assert isinstance(method, Ddc)
        domains = trainer.source.images[:PLACE_DIGITS], trainer.target_images[:PLACE_DIGITS]
        with torch.no_grad():
            source, target = (method.run(images.to(trainer.device).float() / 255)[1] for images in domains)
        return float(mmd_squared(source, target))


def in_parallel(function: Callable[..., Result], calls: Sequence[tuple[Any, ...]], jobs: int) -> list[Result]:
    """The results of all calls, in their order; with several jobs, in processes that share the cores."""
    if jobs == 1 or len(calls) < 2:
        return [function(*arguments) for arguments in calls]
    threads = max(1, torch.get_num_threads() // jobs)
    with ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(threads,)
    ) as pool:
        return [done.result() for done in [pool.submit(function, *arguments) for arguments in calls]]


@lru_cache(maxsize=1)
def training_digits(data_root: Path) -> tuple[Digits, Digits]:
    """Source and target of all runs, built once a process, and fetched if they are not there."""
    if not (data_root / "bsds500").is_dir():
        with tqdm_progress("BSDS500") as progress:
            fetch_bsds500(data_root, progress=progress)
    return load_mnist(data_root, "train", download=True), load_mnist_m(data_root, "train")
