"""The runs of unlabelled data, letters and words: short ones on the real data, and what they are made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from dni.checkpoints.files import read_state, sha256_of
from dni.errors import DniError
from dni.training.transfer import words
from dni.training.transfer.letters.one_shot import one_shot_accuracy
from dni.training.transfer.resumable import run_to_end
from dni.training.transfer.unlabelled.dictionary import learn_dictionary, random_dictionary
from dni.training.transfer.unlabelled.digits import centre, few_labels, load_source, with_noise
from dni.training.transfer.unlabelled.probe import fit_probe
from dni.training.transfer.views import Runs, view_module
from dni.transfer.letters import load_letters
from dni.transfer.sparse_coding import energy, sparse_code


@pytest.mark.slow
def test_letters_of_the_split_share_no_alphabet(shared: Path) -> None:
    train, test = (load_letters(shared / "data", split) for split in ("train", "test"))
    assert train.images.shape == (136, 20, 28, 28)
    assert not set(train.alphabets) & set(test.alphabets)
    assert {name: test.alphabets.count(name) for name in set(test.alphabets)} == {
        "Japanese_(katakana)": 47,
        "Sanskrit": 42,
        "Tagalog": 17,
    }


@pytest.mark.slow
def test_a_short_run_of_letters_is_kept_when_resumed(shared: Path, tmp_path: Path) -> None:
    runs = Runs(shared / "data", tmp_path, shorten=300)
    files = view_module("letters").train(runs, 0)
    hashes = {name: sha256_of(file) for name, file in files.items()}
    assert len(set(hashes.values())) == 4
    assert view_module("letters").train(runs, 0) == files
    assert {name: sha256_of(file) for name, file in files.items()} == hashes


def test_words_go_on_with_what_is_unfinished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = np.random.default_rng(0).integers(0, 20, 400)
    tiny = SimpleNamespace(words=tuple("abcdefghijklmnopqrst")), {"bible": text, "shakespeare": text[::-1]}
    monkeypatch.setattr(words, "corpus", lambda _: tiny)
    begun: list[str] = []

    def run(*given: Any, file: Path, resume: bool) -> None:
        begun.append(file.stem)
        if len(begun) == 3:
            raise KeyboardInterrupt
        run_to_end(*given, file=file, resume=resume)

    monkeypatch.setattr(words, "run_to_end", run)
    runs = Runs(tmp_path, tmp_path, shorten=15)
    with pytest.raises(KeyboardInterrupt):
        words.train(runs, 0)
    file = words.train(runs, 0)
    assert begun == ["ancestor", "bible", "shakespeare", "shakespeare"]
    interrupted, state = read_state(file), read_state(tmp_path / "words" / "0" / "ancestor.safetensors")
    assert torch.equal(interrupted["ancestor"].float(), state["words"].half().float())
    words.train(replace(runs, resume=False), 0)
    assert begun[4:] == ["ancestor", "bible", "shakespeare"]


@pytest.mark.slow
def test_a_short_run_of_unlabelled_data_learns_other_atoms(shared: Path, tmp_path: Path) -> None:
    atoms = read_state(view_module("unlabelled").train(Runs(shared / "data", tmp_path, shorten=300), 0))
    assert torch.equal(atoms["random"], random_dictionary(0))
    assert (atoms["letters"] - atoms["random"]).norm() > 0.1


def test_learned_atoms_fit_what_they_were_learned_from() -> None:
    generator = torch.Generator().manual_seed(0)
    true = torch.nn.functional.normalize(torch.randn(8, 49, generator=generator), dim=1)
    code = torch.randn(2000, 8, generator=generator) * (torch.rand(2000, 8, generator=generator) < 0.2)
    patches, start = code @ true, random_dictionary(1, num_atoms=8)
    learned = learn_dictionary(patches, start, 0, batches=60)
    before, after = (
        energy(patches, atoms, sparse_code(patches, atoms, 0.3), 0.3).mean() for atoms in (start, learned)
    )
    assert after < 0.7 * before
    assert torch.allclose(learned.norm(dim=1), torch.ones(8))
    with pytest.raises(DniError, match="at least 8 patches to learn from, but got 3"):
        learn_dictionary(patches[:3], start, 0)


def test_probe_separates_what_is_separable() -> None:
    labels = torch.arange(10).repeat(6)
    features = torch.nn.functional.one_hot(labels, 12).float() * 7 + 3
    features += 0.1 * torch.randn(features.shape, generator=torch.Generator().manual_seed(0))
    probe = fit_probe(features[:30], labels[:30])
    assert probe.accuracy(features[30:], labels[30:]) == 1
    scores = features[30:] @ probe.weight + probe.bias
    assert scores.sum(dim=1).mean() == pytest.approx(1, abs=0.05)


def test_labels_are_drawn_evenly_and_by_the_seed() -> None:
    labels = torch.arange(10).repeat(20)
    drawn = few_labels(labels, 3, seed=1)
    assert torch.bincount(labels[drawn]).tolist() == [3] * 10
    assert torch.equal(drawn, few_labels(labels, 3, seed=1))
    assert not torch.equal(drawn, few_labels(labels, 3, seed=2))
    with pytest.raises(DniError, match="at least 21 digits of every class, but 0 has 20"):
        few_labels(labels, 21, seed=0)


def test_noise_stays_ink() -> None:
    noisy = with_noise(torch.full((1, 28, 28), 0.5), 1.0, seed=0)
    assert float(noisy.min()) == 0
    assert float(noisy.max()) == 1


def test_a_box_stays_inside_the_field() -> None:
    ink = torch.zeros(2, 20, 20)
    ink[0, 0, 0], ink[1, 19, 10] = 1, 1
    assert centre(ink).nonzero().tolist() == [[0, 8, 8], [1, 19, 14]]


def test_usps_is_placed_as_mnist_is(shared: Path, tmp_path: Path) -> None:
    digits = load_source(shared / "data", "usps", "test").subset(slice(200))
    assert digits.images.shape == (200, 1, 28, 28)
    ink = digits.images[:, 0]
    columns = (torch.arange(28) + 0.5) @ ink.sum(dim=1).T / ink.sum(dim=(1, 2))
    assert (columns - 14).abs().mean() < 0.6
    with pytest.raises(DniError, match=r"Expected USPS digits in zip-code format at .*zip\.train\.gz"):
        load_source(tmp_path, "usps", "train")


def test_one_shot_accuracy_of_a_perfect_and_a_blind_network() -> None:
    images = torch.zeros(25, 4, 28, 28, dtype=torch.uint8)
    images[:, :, 0, 0] = torch.arange(25, dtype=torch.uint8)[:, None]
    alphabets = ["A"] * 22 + ["B"] * 3
    perfect = one_shot_accuracy(lambda given: given[:, 0, :1].float(), images, alphabets)
    blind = one_shot_accuracy(lambda given: torch.zeros(len(given), 1), images, alphabets)
    assert (perfect, blind) == (1.0, 0.05)
