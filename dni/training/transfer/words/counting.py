"""Word vectors by counting, to compare with those that are trained.

Levy, Goldberg & Dagan, "Improving Distributional Similarity with Lessons Learned from Word Embeddings", TACL
2015: the positive pointwise mutual information of words and their contexts, reduced by singular value
decomposition. Skip-gram with negative sampling factorises such a matrix, too (Levy & Goldberg, NeurIPS 2014).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["counted_vectors"]

CONTEXT_POWER = 0.75
# Of the singular values; at 0 all components weigh the same.
VALUE_POWER = 0.25


def counted_vectors(text: NDArray[np.int64], num_words: int, *, dimensions: int, window: int) -> Tensor:
    """Vectors of words, float32 (V, d), from how often they stand together; nearer contexts weigh more."""
    from scipy.sparse import coo_matrix, csr_matrix  # comes with scikit-learn
    from sklearn.utils.extmath import randomized_svd

    shape = (num_words, num_words)
    counts = csr_matrix(shape)
    for offset in range(1, window + 1):
        weights = np.full(len(text) - offset, (window + 1 - offset) / window)
        counts = counts + coo_matrix((weights, (text[:-offset], text[offset:])), shape=shape).tocsr()
    pairs = (counts + counts.T).tocoo()
    of_words = np.asarray(pairs.sum(axis=1)).ravel()
    of_contexts = of_words**CONTEXT_POWER
    expected = of_words[pairs.row] * of_contexts[pairs.col] / of_contexts.sum()
    information = np.maximum(np.log(pairs.data / expected), 0)
    matrix = csr_matrix((information, (pairs.row, pairs.col)), shape=shape)
    left, values, _ = randomized_svd(matrix, dimensions, n_iter=3, random_state=0)
    return torch.from_numpy(left * values**VALUE_POWER).float()
