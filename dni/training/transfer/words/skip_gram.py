"""Skip-gram with negative sampling, for word vectors.

Mikolov et al., "Distributed Representations of Words and Phrases and their Compositionality", NeurIPS 2013,
https://arxiv.org/abs/1310.4546: a word's vector predicts the words around it against words drawn at random,
``log s(v_c . u_o) + sum_k log s(-v_c . u_k)``, with frequent words left out at random, windows of random
width, and noise words drawn by their counts to the power of 3/4. We differ in one thing: batches and Adam
instead of one pair at a time, since a batch is what a tensor library does well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from dni.errors import DniError

__all__ = [
    "SkipGram",
    "SkipGramConfig",
    "loss_and_gradients",
    "negative_sampling_loss",
    "pairs_of",
    "subsample",
]

NOISE_POWER = 0.75


@dataclass(frozen=True)
class SkipGramConfig:
    """What decides a training, beside the text and the vectors that it starts from.

    ``subsampling`` is the paper's t: words more frequent than that are left out the more often, the more
    frequent they are.
    """

    dimensions: int = 50
    window: int = 2
    negatives: int = 5
    subsampling: float = 1e-3
    epochs: int = 15
    batch_size: int = 8192
    learning_rate: float = 0.005
    seed: int = 0

    def __post_init__(self) -> None:
        sizes = (self.dimensions, self.window, self.negatives, self.epochs, self.batch_size)
        if min(sizes) < 1 or self.learning_rate <= 0 or self.subsampling <= 0:
            raise DniError(f"Expected positive sizes and rates of a skip-gram training, but got {self}.")


def subsample(
    text: NDArray[np.int64], counts: NDArray[np.int64], threshold: float, generator: np.random.Generator
) -> NDArray[np.int64]:
    """A text without some of its frequent words: a word of frequency f stays with probability sqrt(t / f)."""
    frequency = counts / counts.sum()
    kept = np.sqrt(threshold / np.maximum(frequency, 1e-12))[text]
    chosen: NDArray[np.int64] = text[generator.random(len(text)) < kept]
    return chosen


def pairs_of(text: NDArray[np.int64], window: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Centre and context words, (N, 2), within 1 to ``window`` words of each other, the width drawn for each
    centre, in random order."""
    width = generator.integers(1, window + 1, len(text))
    pairs = []
    for offset in range(1, window + 1):
        near, far = slice(None, -offset), slice(offset, None)
        left, right = width[near] >= offset, width[far] >= offset
        pairs.append(np.stack((text[near][left], text[far][left]), axis=1))
        pairs.append(np.stack((text[far][right], text[near][right]), axis=1))
    return np.concatenate(pairs)[generator.permutation(sum(map(len, pairs)))]


def negative_sampling_loss(centre: Tensor, context: Tensor, noise: Tensor) -> Tensor:
    """The paper's objective, negated, mean over the batch.

    Args:
        centre: float32 (B, d), vectors of words.
        context: float32 (B, d), context vectors of words that stood nearby.
        noise: float32 (B, k, d), context vectors of words drawn at random.
    """
    near = functional.logsigmoid((centre * context).sum(dim=1))  # (B,)
    far = functional.logsigmoid(-torch.bmm(noise, centre[:, :, None])[:, :, 0]).sum(dim=1)
    return -(near + far).mean()


def loss_and_gradients(
    words: Tensor, contexts: Tensor, pairs: Tensor, noise: Tensor
) -> tuple[float, tuple[Tensor, Tensor]]:
    """:func:`negative_sampling_loss` of a batch and its gradients, which are written out for their speed.

    Args:
        words: float32 (V, d).
        contexts: float32 (V, d).
        pairs: int64 (B, 2), centre and context words.
        noise: int64 (B, k), words drawn at random.
    """
    centre = words[pairs[:, 0]]
    others = torch.cat((pairs[:, 1:], noise), dim=1)  # (B, 1 + k), the context first
    vectors = contexts[others.flatten()].view(*others.shape, -1)
    scores = (vectors * centre[:, None]).sum(dim=2)
    wanted = torch.zeros_like(scores)
    wanted[:, 0] = 1
    loss = functional.binary_cross_entropy_with_logits(scores, wanted, reduction="sum") / len(pairs)
    slope = (scores.sigmoid() - wanted) / len(pairs)
    of_words, of_contexts = torch.zeros_like(words), torch.zeros_like(contexts)
    of_words.index_add_(0, pairs[:, 0], (slope[:, :, None] * vectors).sum(dim=1))
    of_contexts.index_add_(0, others.flatten(), (slope[:, :, None] * centre[:, None]).flatten(0, 1))
    return float(loss), (of_words, of_contexts)


class SkipGram:
    """Vectors of words in training; resumable after each epoch.

    Args:
        config: See there.
        text: int64 (N,): the words, as indices.
        counts: int64 (V,): how often each word occurs; decides the noise words and the subsampling.
        start: float32 vectors (V, d) named ``words`` and ``contexts`` to go on from; else small random ones.
    """

    def __init__(
        self,
        config: SkipGramConfig,
        text: NDArray[np.int64],
        counts: NDArray[np.int64],
        *,
        start: dict[str, Tensor] | None = None,
    ) -> None:
        self.config, self.text, self.counts = config, text, counts
        self.epoch = 0
        generator = torch.Generator().manual_seed(config.seed)
        shape = (len(counts), config.dimensions)
        start = start or {
            "words": (torch.rand(shape, generator=generator) - 0.5) / config.dimensions,
            "contexts": torch.zeros(shape),
        }
        self.parameters = {name: tensor.clone().requires_grad_() for name, tensor in start.items()}
        self.optimizer = torch.optim.Adam(self.parameters.values(), lr=config.learning_rate)

    def run_epoch(self) -> float:
        """One pass over the text; returns its mean loss. Depends on the seed and the epoch's number only."""
        losses = [self._step(*batch) for batch in self._batches()]
        self.epoch += 1
        return float(np.mean(losses))

    def vectors(self) -> dict[str, Tensor]:
        """``words`` and ``contexts``, float32 (V, d), copies."""
        return {name: tensor.detach().clone() for name, tensor in self.parameters.items()}

    def state(self) -> dict[str, object]:
        return {"epoch": self.epoch, "vectors": self.vectors(), "optimizer": self.optimizer.state_dict()}

    def restore(self, state: dict[str, object]) -> None:
        vectors = state["vectors"]
        assert isinstance(vectors, dict)
        with torch.no_grad():
            for name, tensor in self.parameters.items():
                tensor.copy_(vectors[name])
        self.optimizer.load_state_dict(state["optimizer"])  # type: ignore[arg-type]
        self.epoch = int(state["epoch"])  # type: ignore[call-overload]

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        config = self.config
        generator = np.random.default_rng((config.seed, self.epoch))
        pairs = pairs_of(
            subsample(self.text, self.counts, config.subsampling, generator), config.window, generator
        )
        cumulative = np.cumsum(self.counts**NOISE_POWER)
        total = config.epochs * len(pairs)
        for first in range(0, len(pairs), config.batch_size):
            progress = min(1.0, (self.epoch * len(pairs) + first) / total)
            self.optimizer.param_groups[0]["lr"] = config.learning_rate * max(1e-4, 1 - progress)
            batch = pairs[first : first + config.batch_size]
            drawn = generator.random((len(batch), config.negatives)) * cumulative[-1]
            yield torch.from_numpy(batch), torch.from_numpy(np.searchsorted(cumulative, drawn, side="right"))

    def _step(self, batch: Tensor, noise: Tensor) -> float:
        loss, gradients = loss_and_gradients(
            self.parameters["words"].detach(), self.parameters["contexts"].detach(), batch, noise
        )
        for name, gradient in zip(("words", "contexts"), gradients, strict=True):
            self.parameters[name].grad = gradient
        self.optimizer.step()
        return loss
